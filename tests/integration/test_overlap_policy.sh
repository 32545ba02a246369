#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_overlap_policy.sh - overlapping data is delivered as the receiver would accept it. The policy
# is set by option, by setting, and by prefix in a file; in replay and live; with delivery on
# arrival and after acknowledgement. The events report each conflict.
. "$(dirname "$0")/lib.sh"
need_weft
capture=$work/overlaps.pcap
python3 "$root/tests/integration/make_overlaps.py" "$capture" || exit 1

# times LETTER COUNT: print LETTER, COUNT times.
times() { printf "%$2s" '' | tr ' ' "$1"; }
linux=-$(times A 10)$(times B 10)$(times N 10)
bsd=-$(times A 10)$(times N 20)
last=-$(times A 5)BB$(times N 23)
solaris=$last

# holds DIR SERVER TEXT: the stream to SERVER in DIR consists of TEXT.
holds() {
	local file=$1/10.1.0.1.1000-$2.80
	[ "$(cat "$file")" = "$3" ] || {
		echo "$file: $(cat "$file"), expected $3"
		return 1
	}
}

# same_everywhere DIR TEXT: the streams to all three receivers consist of TEXT.
same_everywhere() { holds "$1" 10.2.1.1 "$2" && holds "$1" 10.2.2.1 "$2" && holds "$1" 10.3.0.1 "$2"; }
by_prefix() { holds "$1" 10.2.1.1 "$last" && holds "$1" 10.2.2.1 "$bsd" && holds "$1" 10.3.0.1 "$linux"; }

replay() {
	local dir=$work/$1
	shift
	"$weft" replay "$capture" --quiet --checksum ignore --streams "$dir" "$@"
}

# ---- replay ----
check 'default: replay' replay default --events "$work/events.json"
check 'default: as Linux' same_everywhere "$work/default" "$linux"
check 'option: replay' replay option --overlap solaris
check 'option: as asked' same_everywhere "$work/option" "$solaris"
check 'setting: replay' replay setting --set reassembly.overlap=bsd
check 'setting: as asked' same_everywhere "$work/setting" "$bsd"

printf 'reassembly:\n  overlap_by_prefix:\n    10.2.0.0/16: bsd\n    10.2.1.0/24: last\n' \
	>"$work/prefix.yaml"
check 'file by prefix: replay' replay file --config "$work/prefix.yaml"
check 'file by prefix: each receiver its own' by_prefix "$work/file"
rules=reassembly.overlap_by_prefix=10.2.1.0/24=last,10.2.0.0/16=bsd
check 'setting by prefix: replay' replay prefix --set "$rules"
check 'setting by prefix: each receiver its own' by_prefix "$work/prefix"

check 'acked: replay' replay acked --set "$rules" --deliver acked
check 'acked: the same files' same_files "$work/prefix" "$work/acked"

# ---- events ----
says() { jq -es "$1" "$work/events.json"; }
check 'both versions of a conflict are reported' says '
	[.[] | select(.event_type == "anomaly" and .dest_ip == "10.2.1.1")] |
	any(.anomaly.event == "overlap_conflict" and .direction == "toserver" and
		.anomaly.offset == 8 and .anomaly.kept[0:2] == "41" and .anomaly.lost[0:2] == "4e")'
check 'the gap is reported with direction, offset, length and cause' says '
	[.[] | select(.event_type == "gap")] | length == 1 and
	(.[0] | .dest_ip == "10.4.0.1" and .direction == "toserver" and
		.gap == {offset: 3, length: 3, cause: "not_captured"})'
check 'each connection has a record with its counts' says '
	[.[] | select(.event_type == "flow")] | length == 4 and
	all(.[]; .community_id | startswith("1:")) and
	(.[] | select(.dest_ip == "10.3.0.1") | .flow |
		.close_reason == "fin" and .state == "closed" and .stream_bytes_toserver == 31 and .conflicts_toserver == 2 and
		.retransmissions_toserver == 1 and .gaps_toserver == 0) and
	(.[] | select(.dest_ip == "10.4.0.1") | .flow |
		.stream_bytes_toserver == 8 and .gaps_toserver == 1 and .gap_bytes_toserver == 3)'

# ---- live ----
[ "$(id -u)" -eq 0 ] || {
	skip 'live' 'needs root'
	finish
}

# live NAME ARGS...: send the capture into a tap port.
live() {
	local name=$1
	shift
	NO_IPV6=1 make_pair || return 1
	ip -n "$ns_a" addr flush dev eth0
	agent_start "$ns_a" eth0 --mode tap --checksum ignore --streams "$work/$name" "$@" || return 1
	in_b python3 "$root/tests/integration/send_pcap.py" eth0 "$capture" 2000 || return 1
	wait_until 50 test -e "$work/$name/10.1.0.1.1000-10.4.0.1.80"
	agent_stop
}

for deliver in arrival acked; do
	if check "live, $deliver, by prefix: capture" live "live-$deliver" \
		--config "$work/prefix.yaml" --deliver "$deliver"; then
		check "live, $deliver: all ledgers close" ledgers_close
		check "live, $deliver: same files as replay" same_files "$work/prefix" "$work/live-$deliver"
	fi
	drop_pair
done
finish
