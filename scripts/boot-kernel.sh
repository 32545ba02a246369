#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# boot-kernel.sh SERIES COMMAND [ARGS] - run COMMAND as root under another Debian kernel, in a
# virtual machine with this machine's files. SERIES: as for scripts/fetch-kernel.sh.
#
# The guest mounts this machine's root read-only through 9p, with an overlay in memory above it. The
# guest has its own /tmp, /run, network and kernel modules. COMMAND starts in the current working
# directory. The output is that of COMMAND. Exit status: that of COMMAND; 125 if the guest did not
# start, or ended before COMMAND did; 124 after GUEST_LIMIT seconds.
#
# The default is an emulated guest, because on some virtual machines /dev/kvm exists, but a guest
# does not start or stops during its start. With GUEST_ACCEL=kvm the guest is 2 to 10 times faster.
# The emulator translates code again if the code lies at another address, and its indirect jumps are
# slow. Therefore the guest does not randomise addresses (norandmaps) and uses no retpolines
# (mitigations=off). Neither changes what the verifier does with root's programs.
#
#   GUEST_CPUS (2)   GUEST_MEMORY_MB (4096)   GUEST_LIMIT (7200)   GUEST_ACCEL (tcg,thread=multi)
#   GUEST_PROGRAMS   programs that COMMAND starts often, besides those in scripts/guest-files.py
#   GUEST_NICS    qemu's arguments for network cards; default: none
#   GUEST_NETNS   network namespace of the cards' tap devices; default: the current one
set -eu
[ $# -ge 2 ] || {
	echo 'usage: boot-kernel.sh SERIES COMMAND [ARGS]' >&2
	exit 2
}
scripts=$(dirname "$(realpath "$0")")
kernel=$("$scripts/fetch-kernel.sh" "$1") || exit 125
shift

work=$(mktemp -d /tmp/weft-boot-XXXXXX)
trap 'rm -rf "$work"' EXIT

# Modules that must be loaded before the root can be mounted, in this order.
boot_modules() {
	local release module
	release=$(ls "$kernel/modules")
	for module in virtio_pci 9pnet_virtio 9p overlay; do
		modprobe -S "$release" -d "$kernel" --show-depends "$module" | awk '$1 == "insmod" { print $2 }'
	done | awk '!seen[$0]++'
}

# make_initramfs COMMAND...: pack busybox, the modules, guest-init.sh, files used often, and
# COMMAND.
make_initramfs() {
	local tree=$work/tree number=100 module
	mkdir -p "$tree/bin" "$tree/modules"
	cp "$(command -v busybox)" "$tree/bin/busybox"
	install -m 755 "$scripts/guest-init.sh" "$tree/init"
	while read -r module; do
		cp "$module" "$tree/modules/$((number++))-$(basename "$module")"
	done < <(boot_modules)
	xz -dq "$tree/modules/"*.xz 2>/dev/null || true
	# shellcheck disable=SC2086 # GUEST_PROGRAMS are several names
	"$scripts/guest-files.py" "$tree/files" ${GUEST_PROGRAMS:-}
	printf 'modules=%q directory=%q\n' "$kernel/modules" "$PWD" >"$tree/settings"
	printf '%q ' "$@" >"$tree/command"
	(cd "$tree" && find . | cpio --quiet -o -H newc) >"$work/initramfs"
}

# Copy the console output without empty lines and the firmware's messages. Return the status that
# the guest printed; 125 if it printed none.
read_console() {
	local line status=125
	while IFS= read -r line; do
		line=${line%$'\r'}
		line=${line##*$'\e[?7l\e[2J'}
		case $line in
		'weft-guest-status '*) status=${line##* } ;;
		'' | '['*'] reboot:'*) ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
	return "$status"
}

make_initramfs "$@"
set +e
# shellcheck disable=SC2086 # GUEST_NICS are several arguments
${GUEST_NETNS:+ip netns exec "$GUEST_NETNS"} timeout --foreground "${GUEST_LIMIT:-7200}" qemu-system-x86_64 -accel "${GUEST_ACCEL:-tcg,thread=multi}" -cpu max \
	-smp "${GUEST_CPUS:-2}" -m "${GUEST_MEMORY_MB:-4096}" ${GUEST_NICS:--nic none} \
	-display none -serial stdio -monitor none -no-reboot \
	-kernel "$kernel"/boot/vmlinuz-* -initrd "$work/initramfs" \
	-append 'console=ttyS0 quiet loglevel=1 panic=-1 norandmaps mitigations=off' \
	-virtfs local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap \
	</dev/null 2>"$work/qemu.err" | read_console
status=("${PIPESTATUS[@]}")
[ "${status[0]}" -ne 124 ] || exit 124
[ "${status[1]}" -ne 125 ] || cat "$work/qemu.err" >&2
exit "${status[1]}"
