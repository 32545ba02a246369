#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_syn_flood.sh - sends 2 million SYNs per minute, each from another source; 500 real
# connections begin during the flood. No real connection loses its entry in the flow map or a byte.
# WEFT_FLOOD_SECONDS: approximate duration (default 15; 60 gives all 2 million SYNs).
. "$(dirname "$0")/lib.sh"
need_root
need_weft
PATH=$PATH:/usr/sbin
feed=$(dirname "$weft")/bench/live_feed
if [ ! -x "$feed" ]; then
	not_ok "$feed is built"
	finish
fi

# Send 9 SYNs before each frame of a connection: 37,000 frames a second are 2 million SYNs a minute.
# A busy or emulated machine loses frames at such a rate before the XDP program runs, in the queue of
# the veth device. Then the flood is sent again, to a new agent, at a third of the rate; at the last
# rate, the frames of a call fit into that queue.
flows=500 payload=300 syns=9 pps=$((37000 / WEFT_SLOW)) lead=$((100000 / WEFT_SLOW))
seconds=${WEFT_FLOOD_SECONDS:-15}
cycles=$(((pps * seconds - lead) / (syns + 1) / flows / 9)) # 8 segments of data, 1 acknowledgement
real=$((flows * (3 + 9 * cycles)))
frames=$((lead + real * (syns + 1)))
segments=$((8 * cycles))

# flood PPS: send all frames, PPS a second.
flood() {
	in_b "$feed" eth0 --flows $flows --payload $payload --syns $syns --lead-syns $lead \
		--pps "$1" --frames $frames
}

received_all() { [ "$(agent_metric kernel_seen_frames)" -ge $frames ]; }

start() {
	rm -rf "$work/streams" "$work/events"
	agent_start "$ns_a" eth0 --mode tap --workers 1 --max-memory 1G \
		--set capture.ring_frames=16384 --streams "$work/streams" --events "$work/events"
}

flood_an_agent() {
	local rate
	for rate in $pps $((pps / 3)) $((pps / 9)); do
		start && flood "$rate" || return 1
		wait_until 100 received_all && return
		echo "at $rate frames/s, the XDP program saw $(agent_metric kernel_seen_frames) of $frames"
		agent_stop || return 1
	done
	return 1
}

# The map has exactly the real connections, each with the counts that were sent in both directions. The
# flood may have replaced the slot of a handshake (bpf/handshake.h), so in less than half of them
# the SYN, or SYN and SYN-ACK, may be missing.
flow_map_is_true() {
	flow_map >"$work/flows.json"
	jq -r '.[].formatted.value.packets | sort | map(tostring) | join(" ")' "$work/flows.json" |
		sort | uniq -c | tee "$work/flows.counts"
	awk -v flows=$flows -v to=$((2 + cycles)) -v from=$((1 + segments)) '
		{ all += $1; if ($2 == to && $3 == from) whole += $1 }
		to - $2 != 0 && to - $2 != 1 || from - $3 != 0 && from - $3 != 1 { wrong += $1 }
		END { exit all != flows || wrong || whole < flows / 2 }' "$work/flows.counts"
}

streams_are_exact() {
	local expected
	python3 -c "
import string
line = (string.ascii_lowercase * 60)[:$payload]
open('$work/expected', 'w').write(line * $segments)"
	expected=$(sha256sum <"$work/expected")
	find "$work/streams" -type f ! -name '.*' -exec sh -c 'sha256sum <"$1"' _ {} \; | sort | uniq -c | tee "$work/sums"
	[ "$(awk '{ print $1, $2 }' "$work/sums")" = "$flows ${expected%% *}" ]
}

NO_IPV6=1 make_pair 1 || exit 1
ip -n "$ns_a" addr flush dev eth0
check "the XDP program sees all $frames frames, $((frames - real)) of them SYNs of a flood" \
	flood_an_agent || finish
check "the flow map has $flows entries, all with the counts of a real connection" flow_map_is_true
check 'agent ends with status 0' agent_stop
check 'all ledgers close' ledgers_close
check "$flows streams, every byte right" streams_are_exact
check 'no gap' bash -c "! grep -m 3 '\"event_type\":\"gap\"' '$work/events'"
finish
