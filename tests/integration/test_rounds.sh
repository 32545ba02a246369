#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_rounds.sh - starts, changes and stops captures repeatedly under traffic: no round hangs, all
# ledgers of every round close, and the traffic is not disturbed.
#
#   LIVE_ROUNDS   rounds of each mode (default 20)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
need_root
need_weft
PATH=$PATH:/usr/sbin
helper=$(dirname "$weft")/helpers/live_rounds
if [ ! -x "$helper" ]; then
	not_ok "$helper is built"
	finish
fi
rounds=${LIVE_ROUNDS:-20}

rounds_of() { # MODE [SECOND_IFACE]
	timeout -s KILL $((200 + rounds * 10)) ip netns exec "$ns_a" "$helper" eth0 "$1" "$rounds" "${@:2}" \
		>"$work/said" && cat "$work/said" >&3
}

# The pins of the helper were in its own mount namespace and are gone. Programs that are still
# attached are visible here.
nothing_is_left() {
	! ip -n "$ns_a" -d link show eth0 | grep -q xdp &&
		[ "$(in_a bpftool net show dev eth0 2>/dev/null | grep -c weft)" -eq 0 ] &&
		[ "$(ip -n "$ns_a" -o link | wc -l)" -eq "$devices" ]
}

exec 3> >(diag)
NO_IPV6=1 make_pair 4 || exit 1
ip -n "$ns_a" link add eth1 type veth peer name eth1 netns "$ns_b"
ip -n "$ns_a" link set eth1 up
ip -n "$ns_b" link set eth1 up
devices=$(ip -n "$ns_a" -o link | wc -l)
check 'web server' web_start || finish
web_file some 200000
background get_pid ip netns exec "$ns_b" bash -c "
	while curl -sf --max-time 20 -o '$work/got-some' http://$ip_a/some && cmp -s '$work/got-some' '$web_root/some'
	do echo >>'$work/downloads'; done; touch '$work/failed'"
check "$rounds rounds in host mode, beside downloads" rounds_of host
check 'no download failed' test ! -e "$work/failed" -a -s "$work/downloads"
check 'nothing is left behind' nothing_is_left
kill "$get_pid" && wait "$get_pid"

ip -n "$ns_a" addr flush dev eth0
background feed_pid ip netns exec "$ns_b" python3 "$root/tests/integration/queue_feed.py" repeat eth0 4 >"$work/sent"
check "$rounds rounds in tap mode, on four queues, some with a second interface" rounds_of tap eth1
check 'nothing is left behind' nothing_is_left
check 'the feed went on all the time' kill -0 "$feed_pid"
finish
