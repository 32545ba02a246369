#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# install-deps.sh [--bench] - installs the Debian packages that weft needs for building, tests and
# the demonstration; with --bench also the programs with which weft is compared. If all packages are
# installed, the script ends at once.
set -eu

packages=(
	# build
	build-essential clang llvm bpftool pkg-config libbpf-dev libxdp-dev libelf-dev zlib1g-dev
	libpcap-dev libarchive-dev libjansson-dev libyaml-dev libwebsockets-dev libnats-dev
	libseccomp-dev libcap-ng-dev libncurses-dev
	# lint
	clang-format universal-ctags git
	# tests and demo
	libcmocka-dev libclang-rt-14-dev valgrind iproute2 iputils-ping ethtool procps python3 python3-jsonschema python3-yaml curl jq tcpdump tshark nginx-light
	mandoc tmux prometheus chromium chromium-driver nats-server openssl libssl-dev bc gzip zstd lz4 xz-utils bzip2
	# other kernels, in a virtual machine
	qemu-system-x86 busybox-static cpio kmod
)
bench=(iperf3 wrk tcpflow libnids-dev libnet1-dev libglib2.0-dev golang-go golang-github-google-gopacket-dev)

[ "${1:-}" = --bench ] && packages+=("${bench[@]}")

missing=()
for package in "${packages[@]}"; do
	dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
		missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
	echo "install-deps: missing: ${missing[*]}" >&2
	echo "install-deps: run as root: scripts/install-deps.sh" >&2
	exit 4
fi

echo "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
# Packages such as nginx and prometheus must not start a service here; the tests start their own processes.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod +x "$policy"
	trap 'rm -f "$policy"' EXIT
fi
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
