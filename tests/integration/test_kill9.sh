#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_kill9.sh - the agent is killed repeatedly under traffic: the interface works at once, and
# only pins stay behind, which the next start replaces. If host mode uses tc filters, these stay
# too, and the next start replaces them. WEFT_RESTARTS: number of restarts in host mode (default
# 50), of which at most 20 are also made with tc filters and 5 in tap mode.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
need_root
need_weft
restarts=${WEFT_RESTARTS:-50}

make_pair 4 || exit 1
check 'web server' web_start || finish
web_file endless 300000000

# All agents share one mount namespace with its bpffs, so that pins outlive an agent, as on a host.
# `ip netns exec` makes the mount namespace some time after its start.
# shellcheck disable=SC2016
background holder_pid ip netns exec "$ns_a" bash -c 'touch "$0" && exec sleep 3600' "$work/held"
wait_until 100 test -e "$work/held" || exit 1
nsenter -t "$holder_pid" -n -m -- mount -t bpf bpf /sys/fs/bpf || exit 1

# agent_start_pinned host|filter|tap: start an agent with pins in that mode.
agent_start_pinned() {
	local args=(--mode "$1")
	[ "$1" != filter ] || args=(--mode host --set capture.tc_attach=filter)
	background agent_pid nsenter -t "$holder_pid" -n -m -- "$weft" run -i eth0 "${args[@]}" \
		--set "control.dir=$work/control" 2>"$work/agent.err"
	agent_iface=eth0
	wait_until 100 agent_stats
}

traffic() {
	local curl_pid
	trap 'kill "$curl_pid"; exit' TERM
	while :; do
		ip netns exec "$ns_b" curl -s -o /dev/null --limit-rate 30M "http://$ip_a/endless" &
		curl_pid=$!
		wait "$curl_pid" || sleep 0.1
	done
}

own_filters() {
	for side in ingress egress; do tc -n "$ns_a" filter show dev eth0 "$side"; done | grep -c weft_
}

# nothing_left MODE: no device and no XDP program is left, and only the filters of one killed agent.
nothing_left() {
	local links devices
	devices=$(ip -n "$ns_a" -o link | grep -cvE ' (lo|eth0)[:@]')
	links=$(ip -n "$ns_a" link show eth0 | grep -c xdp)
	[ "$devices" -eq 0 ] && [ "$links" -eq 0 ] && [ "$(own_filters)" -eq "$(filters_left "$1")" ]
}
# filters_left MODE: print the number of tc filters that a killed agent leaves. If the kernel has no
# tcx links, mode host uses filters, too.
filters_left() {
	case $1 in
	filter) echo 2 ;;
	host) grep -q 'by tc filters' "$work/agent.err" && echo 2 || echo 0 ;;
	tap) echo 0 ;;
	esac
}

# reachable MODE: the interface carries traffic. For mode tap, the interface gets its address back
# for the check.
reachable() {
	[ "$1" != tap ] || ip -n "$ns_a" addr add "$ip_a/24" dev eth0
	in_b curl -sf --max-time 3 -o /dev/null "http://$ip_a/ready"
	local status=$?
	[ "$1" != tap ] || ip -n "$ns_a" addr flush dev eth0
	return $status
}

background traffic_pid traffic
for mode in host filter tap; do
	right=0 works=0 clean=0
	[ "$mode" != tap ] || ip -n "$ns_a" addr flush dev eth0
	case $mode in host) rounds=$restarts ;; filter) rounds=20 ;; tap) rounds=5 ;; esac
	[ "$rounds" -le "$restarts" ] || rounds=$restarts
	for ((round = 1; round <= rounds; round++)); do
		agent_start_pinned "$mode" || break
		right=$((right + 1))
		kill -9 "$agent_pid"
		wait "$agent_pid" 2>/dev/null
		reachable "$mode" && works=$((works + 1))
		wait_until 100 nothing_left "$mode" && clean=$((clean + 1))
	done
	check "$mode: starts again each time ($right of $rounds)" test "$right" -eq "$rounds" ||
		diag <"$work/agent.err"
	check "$mode: the interface works at once after kill -9 ($works)" test "$works" -eq "$rounds"
	check "$mode: no device, no XDP program and at most one agent's filters are left ($clean)" test "$clean" -eq "$rounds"
done

ip -n "$ns_a" addr add "$ip_a/24" dev eth0
check 'after the last kill, a normal run' agent_start_pinned host
check 'the agent of the normal run ends with status 0' agent_stop
check 'after the normal run, no pins are left' bash -c "
	! nsenter -t $holder_pid -m -- ls /sys/fs/bpf/weft/eth0 2>/dev/null | grep -q ."
kill "$traffic_pid"
check 'and no program of weft is attached, no qdisc is left' bash -c "
	for try in {1..100}; do
		{ nsenter -t $holder_pid -m -n -- env PATH=\$PATH:/usr/sbin bpftool net show dev eth0
		tc -n $ns_a qdisc show dev eth0; } | grep -qE 'weft|clsact' || exit 0
		sleep 0.2
	done
	exit 1"
finish
