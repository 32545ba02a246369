#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_fleet_sensor.sh - a sensor is killed in the middle of its connections and started again:
# what it published is on disk, its open connections are cut, and this is reported.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nats.sh"
. "$(dirname "$0")/fleet.sh"

need_root
need_weft

sensor() { # INPUT
	ip netns exec "$nats_hub" "$weft" replay "$1" --quiet --nats "$nats_url" --set sinks.nats.sensor=tap
}

has() { [ "$(count_events "$1")" -ge "$2" ]; }

# The files of cut connections have the first bytes of what the replay writes.
cut_files_are_prefixes() {
	local name bytes files=0
	for name in $(jq -r 'select(.event_type == "flow_cut") | .stream_file' "$work/got-0.json"); do
		[ -e "$work/streams/$name" ] || continue
		bytes=$(stat -c %s "$work/streams/$name")
		cmp -n "$bytes" "$work/streams/$name" "$work/wanted/$name" || return 1
		files=$((files + 1))
	done
	[ "$files" -gt 0 ]
}

# The second run has all connections from their beginning. Its file of a connection has the number
# #2 if the first run left a file of the same name.
second_files_are_complete() {
	local path name second
	for path in "$work"/wanted/*; do
		name=${path##*/}
		second=$work/streams/$name
		[ -e "$second#2" ] && second+="#2"
		cmp "$path" "$second" || return 1
	done
}

nats_net && nats_servers 1 || exit 1
"$traffic" holes "$work/in.pcap" "$work/truth.tsv" --scale 0.02 2>"$work/traffic.err" || exit 1
"$weft" replay "$work/in.pcap" --streams "$work/wanted" --pad-gaps --quiet || exit 1
background collector ip netns exec "$nats_hub" "$weft" collect --nats "$nats_url" --quiet \
	--streams "$work/streams" --events "$work/got-0.json" 2>"$work/collect.err"

# The first half of the capture comes through a pipe that stays open.
mkfifo "$work/pipe"
exec 9<>"$work/pipe"
background killed ip netns exec "$nats_hub" "$weft" replay "$work/pipe" --quiet --nats "$nats_url" \
	--set sinks.nats.sensor=tap
head -c "$(($(stat -c %s "$work/in.pcap") / 2))" "$work/in.pcap" >&9
check 'connections are collected while the sensor runs' wait_until 100 has open 5
kill -9 "$killed"
wait "$killed" 2>/dev/null
exec 9>&-
opens=$(count_events open) flows=$(count_events flow)
check 'the sensor replays all of it after its restart' sensor "$work/in.pcap"
check 'all connections of the second run end' wait_until 200 has flow $((flows + 40))
check 'some connections of the first run were cut' has flow_cut 1
check 'each connection that was opened has one end' wait_until 100 each_open_has_one_end
check 'files of cut connections have the first bytes' cut_files_are_prefixes
check 'files of the second run are complete' second_files_are_complete
check 'the second run opens at least 40 connections' test "$(count_events open)" -ge $((opens + 40))
kill -TERM "$collector"
check 'the collector ends with status 0' wait "$collector"
finish
