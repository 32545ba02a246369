#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_policy_live.sh - 1,000 random policies, half of them invalid, under traffic: each connection is
# captured by one complete policy or not at all, and an invalid policy changes nothing.
. "$(dirname "$0")/lib.sh"
need_root
need_weft
seed=${SEED:-$RANDOM}
echo "# SEED=$seed"

# flows JQ-FILTER: print the number of records of connections that satisfy the filter.
flows() { jq -c "select(.event_type == \"flow\") | select($1)" "$work/events" | wc -l; }
# none JQ-FILTER: there are no such records.
none() {
	jq -c "select(.event_type == \"flow\") | select($1)" "$work/events" | head -3 >"$work/some"
	cat "$work/some"
	[ ! -s "$work/some" ]
}
ledgers_are_closed() {
	cat "$work/agent.err"
	grep -q 'ledger kernel_frames closed' "$work/agent.err" && ! grep -q 'NOT closed' "$work/agent.err"
}
changes() (
	set -o pipefail
	in_b python3 "$root/tests/integration/policy_traffic.py" eth0 "$work/control/eth0.sock" "$1" "$seed" | tee "$work/counts"
)

# whole: a filter for connections of which all segments were seen.
whole='.flow.pkts_toserver == 5 and .flow.pkts_toclient == 3'
for mode in tap host; do
	NO_IPV6=1 make_pair 2 || exit 1
	ip -n "$ns_a" addr flush dev eth0
	check "$mode: an agent starts" agent_start "$ns_a" eth0 --mode "$mode" --workers 2 --checksum ignore --events "$work/events" \
		--set filter.ports=90 --depth 64
	check "$mode: 500 policies are sent, every second one is rejected" changes 500
	check "$mode: the agent ends" agent_stop
	check "$mode: its ledgers close" ledgers_are_closed
	check "$mode: at least 100 of them were accepted" [ "$(cut -d' ' -f2 "$work/counts")" -ge 100 ]
	check "$mode: no connection is captured by parts of two policies" none '.dest_port == 80 or .dest_port == 81'
	check "$mode: connections of both other policies are captured" eval '[ "$(flows ".dest_port == 90")" -gt 10 ] && [ "$(flows ".dest_port == 91")" -gt 10 ]'
	check "$mode: no connection has the depth of the other policy" none \
		'(.dest_port == 90 and .flow.stream_bytes_toserver > 64) or
		(.dest_port == 91 and (.flow.stream_bytes_toserver > 128 or ('"$whole"' and .flow.stream_bytes_toserver != 128)))'
	rm "$work/events"
	drop_pair
done
finish
