#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_pressure_drill.sh - connections with a hole fill the memory of a live agent: its pressure
# level rises from normal to low, high and critical, and falls again. Each level's actions appear in
# `weft stats` and are undone; each change is an event; connections whose hole was not reported as a
# gap are complete.
#
# Alone: the connections must fill the memory before they time out.
. "$(dirname "$0")/lib.sh"
need_root
need_weft
conns=900
segments=60 # segments per connection; their data fits in the receivers' windows
workers=2

traffic() { in_b "$root/tests/integration/pressure_traffic.py" eth0 "$@"; }

# is METRIC TEST NUMBER: compare the metric's present value, for example "is pressure_level -eq 0".
is() { test "$(agent_metric "$1")" "$2" "$3"; }

# hold_until METRIC TEST NUMBER: send segments until the comparison is true.
hold_until() {
	while ! is "$@"; do
		[ "$sent" -lt "$segments" ] || return 1
		traffic hold $conns "$sent" || return 1
		traffic plain $((sent - 1)) "$sent"
		sent=$((sent + 1))
	done
}

# Check that at level critical midstream connections are refused and new ones shed. New
# connections arrive all the time, so that some arrive during the short time of critical pressure,
# on a machine of any speed.
critical_actions() {
	is relief_refused_flows -gt 0 && is kernel_shed_frames -gt 0
}

hold_until_critical_actions() {
	local newcomers status=0
	background newcomers ip netns exec "$ns_b" "$root/tests/integration/pressure_traffic.py" \
		eth0 newcomers
	until critical_actions; do
		[ "$sent" -lt "$segments" ] || { status=1 && break; }
		traffic hold $conns "$sent"
		traffic plain $((sent - 1)) "$sent"
		sent=$((sent + 1))
	done
	kill "$newcomers"
	return $status
}

sent=1
NO_IPV6=1 make_pair 1
ip -n "$ns_a" addr flush dev eth0
check 'agent starts' agent_start "$ns_a" eth0 --mode tap --workers $workers --max-memory 48M \
	--checksum ignore --streams "$work/streams" --events "$work/events" \
	--set capture.frame_bytes=2048 --set capture.ring_frames=2048 \
	--set memory.monitor_interval_ms=200 --set reassembly.gap_timeout_ms=3600000
traffic open $conns
check 'pressure is normal at first' is pressure_level -eq 0

check 'held data makes it low' hold_until pressure_level -ge 1
check 'low: small segments leave their frames' wait_until 50 is relief_moving_workers -eq $workers
check 'held data makes it high' hold_until pressure_level -ge 2
check 'high: limits are halved' wait_until 50 is relief_limited_workers -eq $workers
check 'high: timeouts are shortened' wait_until 50 is relief_hurried_workers -eq $workers
check 'high: caches were halved' wait_until 50 is relief_halved_caches -ge $workers
check 'critical: midstream flows are refused, new ones shed in XDP' hold_until_critical_actions
check 'critical: held data is given up' wait_until 50 is relief_sacrificed_streams -gt 0
check 'nothing was lost before weft' is xsk_ring_full_frames -eq 0
check 'nothing was lost for want of frames' is xsk_fill_empty_frames -eq 0

check 'critical ends' wait_until 100 is pressure_level -lt 3
check 'shedding ends with it' wait_until 50 is relief_shed_percent -eq 0
check 'refusing ends with it' wait_until 50 is relief_refusing_workers -eq 0
traffic plain $((sent - 1)) $sent
traffic fill $conns $sent
check 'pressure ends when the holes are filled' wait_until 100 is pressure_level -eq 0
for gauge in moving limited hurried refusing; do
	check "undone: $gauge" wait_until 50 is relief_${gauge}_workers -eq 0
done
agent_stats --json >"$work/stats.json"
check 'agent stops' agent_stop
check 'ledgers close' ledgers_close
no_drops() { cat "$work/agent.err" && ! grep -q 'streams: lost' "$work/agent.err"; }
check 'no queue overflowed' no_drops

levels() { jq -r 'select(.event_type == "pressure") | .pressure.level' "$work/events" | uniq | xargs; }
reported_all() {
	levels
	[[ $(levels) == 'low high critical'*' normal' ]]
}
check 'each change is an event' reported_all
check 'events match their schemas' eve_is_valid "$work/events" pressure gap flow
check 'events name source and percent' jq -es \
	'[.[] | select(.event_type == "pressure") | .pressure] | length > 4 and
	 all(.source == "budget" and .percent > 0)' "$work/events"
check 'stats name the changes too' jq -e \
	'.pressure.level == "normal" and ([.pressure.changes[].to] | index("critical"))' \
	"$work/stats.json"

# "Sacrificed" connections have at least one gap event. Some have a second gap with the cause "not
# captured", because several segments found no memory.
mkdir "$work/expected"
"$root/tests/integration/pressure_traffic.py" - expect "$work/expected" $conns $sent
jq -r 'select(.event_type == "gap") | "\(.dest_ip) \(.src_ip) \(.gap.cause)"' "$work/events" |
	tee "$work/gaps" | grep -o '10\.1\.[0-9.]*' | sort -u >"$work/sacrificed"
others_are_whole() {
	local file client whole=0
	for file in "$work"/expected/*; do
		client=$(basename "$file" .1000)
		client=${client##*-}
		grep -qx "$client" "$work/sacrificed" && continue
		cmp "$file" "$work/streams/$(basename "$file")" || return 1
		whole=$((whole + 1))
	done
	echo "$whole whole, $(wc -l <"$work/sacrificed") sacrificed"
	[ "$whole" -gt $((conns / 10)) ] && [ -s "$work/sacrificed" ] &&
		grep -q memory "$work/gaps" && ! grep -qx 10.1.255.255 "$work/sacrificed"
}
check 'connections without a gap are byte-exact' others_are_whole
finish
