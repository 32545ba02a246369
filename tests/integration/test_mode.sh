#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_mode.sh - checks the mode that weft chooses by default, the modes that it rejects because the
# host would lose its network, and the directory of its pins.
. "$(dirname "$0")/lib.sh"
need_root
need_weft

make_pair 1 || exit 1
free() {
	ip -n "$ns_a" addr flush dev eth0
	ip -n "$ns_a" route flush dev eth0
	ip -n "$ns_a" link set eth0 nomaster
}

# chooses MODE ARGS...: an agent with ARGS starts, and its messages say that it captures in MODE.
chooses() {
	local mode=$1
	shift
	agent_start "$ns_a" eth0 "$@" || return 1
	agent_stop
	cat "$work/agent.err"
	grep -q "capture: eth0: $mode mode" "$work/agent.err"
}

# refuses PATTERN ARGS...: an agent with ARGS is rejected with a message that matches PATTERN.
refuses() {
	local pattern=$1
	shift
	ip netns exec "$ns_a" timeout $((10 * WEFT_SLOW)) "$weft" run -i eth0 --set "control.dir=$work/control" "$@" \
		2>"$work/err"
	case $? in 0 | 124) return 1 ;; esac
	cat "$work/err"
	grep -qE "$pattern" "$work/err"
}

check 'an address: host mode' chooses host
check 'an address: tap mode is refused' refuses 'eth0: the interface holds an address' --mode tap
free
check 'nothing of the host: tap mode' chooses tap
check 'nothing of the host: --mode host is used' chooses host --mode host
ip -n "$ns_a" route add 10.99.0.0/16 dev eth0
check 'a route: host mode' chooses host
check 'a route: tap mode is refused' refuses 'eth0: the interface carries a route' --mode tap
free
ip -n "$ns_a" link add br0 type bridge
ip -n "$ns_a" link set eth0 master br0
check 'a port of a bridge: host mode' chooses host
check 'a port of a bridge: --mode tap is used' chooses tap --mode tap
check 'a port of a bridge: tap mode gives a warning' grep -q 'warning.*bridge' "$work/agent.err"
free

mkdir "$work/precious" && touch "$work/precious/file"
check 'pins outside a BPF file system are refused' refuses 'BPF file system' --pin "$work/precious"
check 'a rejected directory of pins keeps its files' test -e "$work/precious/file"
check 'a device that does not exist: status 3 or 4' bash -c "
	ip netns exec $ns_a '$weft' run -i nosuch0 2>'$work/err'; [ \$? -eq 3 -o \$? -eq 4 ] && cat '$work/err'"
finish
