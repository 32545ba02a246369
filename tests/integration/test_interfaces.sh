#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_interfaces.sh - one agent captures on two interfaces: streams from both are rebuilt, and a
# connection whose directions arrive on different interfaces is reported once. The test runs without
# and with busy polling.
. "$(dirname "$0")/lib.sh"
need_root
need_weft
feed=$root/tests/integration/queue_feed.py

# Make a second veth pair between the same namespaces.
make_second() {
	local ns
	ip -n "$ns_a" link add eth1 type veth peer name eth1 netns "$ns_b" || return 1
	for ns in "$ns_a" "$ns_b"; do
		ip netns exec "$ns" sysctl -qw net.ipv6.conf.eth1.disable_ipv6=1
		ip -n "$ns" link set eth1 up
	done
	ip -n "$ns_a" addr flush dev eth0
}

received() { [ "$(agent_metric frames)" -ge "$1" ]; }

run() { # NAME ARGS...
	local name=$1 sent
	shift
	agent_start "$ns_a" eth0,eth1 --mode tap --workers 2 --checksum ignore \
		--streams "$work/$name" --set concurrency.performance_mode=safe "$@" || return 1
	sent=$(in_b python3 "$feed" send eth0,eth1 1) || return 1
	wait_until 100 received "$sent" || {
		echo "sent $sent, received $(agent_metric frames)"
		return 1
	}
	agent_stats --json >"$work/stats.json"
	agent_stop && same_files "$work/truth" "$work/$name" && ledgers_close >/dev/null &&
		[ "$(jq .metrics.flows_opened_flows.value "$work/stats.json")" = 24 ] &&
		[ "$(jq .metrics.ownership_violations.value "$work/stats.json")" = 0 ]
}

both_detached() {
	! in_a ip link show eth0 | grep -q xdp && ! in_a ip link show eth1 | grep -q xdp
}

python3 "$feed" truth "$work/truth" || exit 1
NO_IPV6=1 make_pair 1 && make_second || skip_all 'no second pair'
check 'connections across two interfaces are whole' run plain
check 'the same with busy polling' run busy --set capture.busy_poll_us=50
check 'both interfaces are free again' both_detached
finish
