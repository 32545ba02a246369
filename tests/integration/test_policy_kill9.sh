#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_policy_kill9.sh - an agent that is killed while policies are set starts again with the last
# policy that was set, or with the one that was being set.
. "$(dirname "$0")/lib.sh"
need_root
need_weft

NO_IPV6=1 make_pair 1 || exit 1
ip -n "$ns_a" addr flush dev eth0
depth() { "$weft" policy -q -i eth0 --set "control.dir=$work/control" show | jq .reassembly.depth_bytes; }
# set_for_ever FIRST: set the depths FIRST, FIRST + 1, ...; write each to $work/set after it was
# set.
set_for_ever() {
	local i
	for ((i = $1; ; i++)); do
		echo "{\"reassembly\": {\"depth_bytes\": $i}}" | "$weft" policy -i eth0 --set "control.dir=$work/control" set - >/dev/null 2>&1 || return
		echo "$i" >>"$work/set"
	done
}
last=100
for round in 1 2 3; do
	check "round $round: an agent starts" agent_start "$ns_a" eth0 --mode host --workers 1
	[ "$round" -eq 1 ] || check "round $round: it has the last policy" eval \
		'now=$(depth); echo "$now, $last were set"; [ "$now" = "$last" ] || [ "$now" = $((last + 1)) ]'
	: >"$work/set"
	background setter set_for_ever $((last + 10))
	wait_until 100 eval '[ "$(wc -l <"$work/set")" -gt $((2 * round)) ]'
	kill -KILL "$agent_pid"
	wait "$agent_pid" "$setter" 2>/dev/null
	last=$(tail -1 "$work/set")
done
check 'the file of the policy is not damaged' eval '! ls "$work"/state/*.damaged'
finish
