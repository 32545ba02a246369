#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_privileges.sh - the requirements of weft run, and the messages if one is missing:
# capabilities, a BPF file system, locked memory.
. "$(dirname "$0")/lib.sh"
need_root
need_weft

make_pair && ip -n "$ns_b" addr flush dev eth0 || exit 1
run=("$weft" run -i eth0 --mode tap --workers 1 --max-memory 64 --set "control.dir=$work/control")

# run_in STATUS SETUP COMMAND...: COMMAND ends with STATUS, in a mount namespace after SETUP.
run_in() {
	local status=$1 setup=$2
	shift 2
	in_b unshare -m bash -c "$setup"'
exec timeout -s KILL 20 "$@"' - "$@" >"$work/err" 2>&1
	[ $? -eq "$status" ] || {
		cat "$work/err"
		return 1
	}
}
said() { grep -qE -- "$1" "$work/err" || { cat "$work/err"; return 1; }; }

three=+net_admin,+net_raw,+bpf
check 'three capabilities: status 4' run_in 4 : setpriv --bounding-set=-all,$three --inh-caps=-all "${run[@]}"
check 'three capabilities: the missing ones are named' said 'capabilities missing: CAP_PERFMON(, CAP_IPC_LOCK)?;'
check 'three capabilities: so is the command' said 'setcap cap_net_admin,.*cap_perfmon'
check 'no capability: status 4' run_in 4 : setpriv --bounding-set=-all --inh-caps=-all "${run[@]}"
read_only='umount -l /sys/fs/bpf 2>/dev/null; mount -t tmpfs none /sys/fs && mount -o remount,ro /sys/fs'
check 'read-only /sys: status 4' run_in 4 "$read_only" "${run[@]}"
check 'read-only /sys: the cause is named' said 'no BPF file system is mounted at /sys/fs/bpf'
check 'read-only /sys: so is the command' said 'mount -t bpf bpf /sys/fs/bpf'
check 'pin directory elsewhere, but no bpffs: rejected' run_in 2 "$read_only" "${run[@]}" --pin "$work/nowhere"
check 'pin directory elsewhere, but no bpffs: said' said 'must be in a BPF file system.*mount -t bpf bpf'
check 'a user namespace: status 4' run_in 4 : unshare -Ur "${run[@]}"
check 'a user namespace: it is named' said 'is in a user namespace'
writable_run='mount -t tmpfs none /run'
bpffs='mount -t bpf bpf /sys/fs/bpf'
check 'no capability to mount: status 4' run_in 4 "$writable_run; mount -t tmpfs none /sys/fs && mkdir /sys/fs/bpf" \
	setpriv --bounding-set=-all,$three,+perfmon,+ipc_lock --inh-caps=-all "${run[@]}"
check 'no capability to mount: the mount is named' said 'mount -t bpf bpf /sys/fs/bpf .*docker run -v /sys/fs/bpf'
check 'read-only BPF file system: status 4' run_in 4 "$writable_run; $bpffs -o ro" "${run[@]}"
check 'read-only BPF file system: said' said 'Read-only file system; the BPF file system .*mount -o remount,rw'

# Without --set control.dir, as in a container.
plain=("$weft" run -i eth0 --mode tap --workers 1 --max-memory 64)
user=(setpriv --reuid=65534 --regid=65534 --clear-groups
	--inh-caps=-all,$three,+perfmon,+ipc_lock --ambient-caps=-all,$three,+perfmon,+ipc_lock)
check 'read-only /run: status 4' run_in 4 "$bpffs; $writable_run -o ro" "${plain[@]}"
check 'read-only /run: the mount and the key are named' \
	said '/run/weft: Read-only file system; .*--set control.dir=DIR, .*--tmpfs /run/weft'
check 'a user and the /run of root: status 4' run_in 4 "$bpffs; $writable_run -o mode=0755" "${user[@]}" "${plain[@]}"
check 'a user and the /run of root: the key is named' said '/run/weft: Permission denied; .*control.dir=DIR'
check 'a user and the BPF file system of root: status 4' run_in 4 \
	"$bpffs -o mode=0700; $writable_run -o mode=0777" "${user[@]}" "${plain[@]}"
check 'a user and the BPF file system of root: the option is named' \
	said 'Permission denied; .* --pin: .*chown USER .*CAP_DAC_OVERRIDE'

# captures NAME SETUP COMMAND...: the agent that COMMAND starts answers.
captures() {
	local setup=$1 pid status
	shift
	rm -rf "$work/control"
	install -d -m 777 "$work/control" "$work/bpf"
	background pid ip netns exec "$ns_b" unshare -m bash -c "$setup
mount -t bpf bpf $work/bpf -o mode=0777"'
exec "$@"' - "$@" --pin "$work/bpf/weft" 2>"$work/err"
	agent_iface=eth0
	wait_until 100 agent_stats
	status=$?
	kill "$pid"
	wait "$pid" || status=1
	[ $status -eq 0 ] || {
		cat "$work/err"
		return 1
	}
}
check 'bpffs elsewhere, named with --pin: captures' captures "$read_only" "${run[@]}"
five=$three,+perfmon,+ipc_lock
check 'a user with the five capabilities captures' captures : setpriv --reuid=65534 --regid=65534 \
	--clear-groups --inh-caps=-all,$five --ambient-caps=-all,$five "${run[@]}"
finish
