#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_kill9.sh - the agent is killed under traffic, again and again: the interface works at
# once, and nothing is left but pins, which the next start replaces. WEFT_RESTARTS: how often.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
need_root
need_weft
restarts=${WEFT_RESTARTS:-50}

make_pair 4 || exit 1
check 'web server' web_start || finish
web_file endless 300000000

# One mount namespace for all agents, with its bpffs: pins outlive their agent as on a host.
background holder_pid ip netns exec "$ns_a" sleep 3600
wait_until 20 test -e "/proc/$holder_pid/ns/mnt"
sleep 0.2
nsenter -t "$holder_pid" -n -m -- mount -t bpf bpf /sys/fs/bpf || exit 1

agent_start_pinned() {
	background agent_pid nsenter -t "$holder_pid" -n -m -- "$weft" run -i eth0 --mode "$1" \
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

nothing_left() {
	local links devices
	devices=$(ip -n "$ns_a" -o link | grep -cvE ' (lo|eth0)[:@]')
	links=$(ip -n "$ns_a" link show eth0 | grep -c xdp)
	[ "$devices" -eq 0 ] && [ "$links" -eq 0 ]
}

# The interface carries traffic; a tap port gets its address back for that.
reachable() {
	[ "$1" = host ] || ip -n "$ns_a" addr add "$ip_a/24" dev eth0
	in_b curl -sf --max-time 3 -o /dev/null "http://$ip_a/ready"
	local status=$?
	[ "$1" = host ] || ip -n "$ns_a" addr flush dev eth0
	return $status
}

background traffic_pid traffic
for mode in host tap; do
	right=0 works=0 clean=0
	[ "$mode" = host ] || ip -n "$ns_a" addr flush dev eth0
	rounds=$([ "$mode" = host ] && echo "$restarts" || echo 5)
	for ((round = 1; round <= rounds; round++)); do
		agent_start_pinned "$mode" || break
		right=$((right + 1))
		kill -9 "$agent_pid"
		wait "$agent_pid" 2>/dev/null
		reachable "$mode" && works=$((works + 1))
		wait_until 30 nothing_left && clean=$((clean + 1))
	done
	check "$mode: starts again each time ($right of $rounds)" test "$right" -eq "$rounds" ||
		diag <"$work/agent.err"
	check "$mode: the interface works at once after kill -9 ($works)" test "$works" -eq "$rounds"
	check "$mode: no program on the interface, no device is left ($clean)" test "$clean" -eq "$rounds"
done

ip -n "$ns_a" addr add "$ip_a/24" dev eth0
check 'after the last kill, a normal run' agent_start_pinned host
check '... ends well' agent_stop
check 'then the pins are gone too' bash -c "
	! nsenter -t $holder_pid -m -- ls /sys/fs/bpf/weft/eth0 2>/dev/null | grep -q ."
kill "$traffic_pid"
check 'and no program of weft is loaded' bash -c "
	for try in 1 2 3 4 5 6 7 8 9 10; do
		nsenter -t $holder_pid -m -n -- env PATH=\$PATH:/usr/sbin bpftool net show dev eth0 |
			grep -q weft || exit 0
		sleep 0.2
	done
	exit 1"
finish
