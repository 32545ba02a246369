#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_fleet_table.sh - weft fleet: the table of sensors, from states that bus_publish sends.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nats.sh"

need_root
need_weft
publish() { nats_exec "$(dirname "$weft")/helpers/bus_publish" "$nats_url" "$@" >"$work/published"; }
fleet() { nats_exec "$weft" fleet --nats "$nats_url" "$@"; }

# state ELAPSED_MS FRAMES BYTES [JQ]: the state of a sensor, changed by JQ.
state() {
	jq -cn --argjson ms "$1" --argjson frames "$2" --argjson bytes "$3" '{
		version: "0.1.0", hostname: "tap3", boot: "01", interval_sec: 60, elapsed_ms: $ms,
		state: "running", interfaces: [{name: "eth0"}, {name: "eth1"}],
		health: {status: "ok", reasons: []}, pressure: {level: "normal"},
		metrics: {frames: {value: $frames}, payload_bytes: {value: $bytes},
			flows_active_flows: {value: 12}, memory_limit_bytes: {value: 536870912},
			memory_used_bytes: {value: 134217728}, xsk_ring_full_frames: {value: 7, loss: true}}
	} | '"${4:-.}"
}

# is_sensor NAME JQ: the JSON has a sensor NAME for which JQ is true.
is_sensor() { fleet --json | jq -e --arg name "$1" ".sensors[] | select(.sensor == \$name) | $2"; }

nats_net && nats_servers 1 || exit 1
no_stream() { ! fleet 2>"$work/err" && grep -q 'stream WEFT' "$work/err"; }
check 'without a stream, fleet says so' no_stream
publish stream 1
is_empty() { fleet | grep -q '^0 sensors, 0 stale$'; }
check 'without sensors, the table is empty' is_empty
publish stats s1 "$(state 10000 1000 1000000)"
check 'one state gives averages' is_sensor s1 '.frames_per_sec == 100 and .bits_per_sec == 800000'
publish stats s1 "$(state 20000 3000 6000000)"
check 'two states give rates' is_sensor s1 '.frames_per_sec == 200 and .bits_per_sec == 4000000'
publish stats s1 "$(state 1000 10 10 '.boot = "02"')"
check 'a sensor that was started again has no negative rate' is_sensor s1 '.frames_per_sec == 10'
publish stats s2 "$(state 1000 10 10 '.state = "ended"')"
publish stats s3 "$(state 1000 10 10 '.health = {status: "degraded", reasons: [{what: "disk_full"}]}')"
publish stats s4 '{"version": [1], "metrics": 5, "hostname": "a\u001b[31mb", "interfaces": {}, "elapsed_ms": -1}'
publish stats s5 'no JSON'
check 'values are those of the state' is_sensor s3 '.health == "degraded" and .reason == "disk_full" and
	.interfaces == "eth0,eth1" and .lost_frames == 7 and .losses.xsk_ring_full_frames == 7 and
	.memory_used_bytes == 134217728 and .dropped_events == 0 and .lag_sec == 0 and .connections == 12 and .version == "0.1.0"'
check 'a sensor that was stopped has ended, and is not stale' is_sensor s2 '.ended and (.stale | not)'
check 'wrong types are left out' is_sensor s4 '.version == "" and .lost_frames == 0'
fleet >"$work/table"
check 'the table counts 4 sensors, and reports messages that are no state' grep -q '^4 sensors, 0 stale; some messages are no state' "$work/table"
check 'no line of the table is longer than 80 columns' test -z "$(awk 'length > 80' "$work/table")"
check 'no control character reaches the terminal' test -z "$(tr -d '\n -~' <"$work/table")"
publish stats s6 "$(state 1000 10 10 '.sinks = [{name: "nats", dropped_events: 12, dropped_bytes: 34, nats_lag_ns: 61000000000}]')"
check 'the JSON has what a sensor dropped, and its lag' is_sensor s6 '.dropped_events == 12 and .dropped_bytes == 34 and .lag_sec == 61'
drops() { fleet | grep -q '; dropped 12 events; lag 61s'; }
check 'the table shows what a sensor dropped, and its lag' drops
check 'losses are shown by cause' grep -q 'lost: xsk_ring_full_frames 7' "$work/table"
# With the interval above, no sensor becomes stale before, on a machine of any speed.
publish stats s3 "$(state 2000 20 20 '.interval_sec = 1')"
check 'a silent sensor becomes stale' wait_until 200 is_sensor s3 .stale
stale() { fleet | grep -q '^s3 *STALE'; }
check 'the table marks the stale sensor' stale

# ---- watching ----

background watcher ip netns exec "$nats_hub" "$weft" fleet --nats "$nats_url" --watch --json \
	>"$work/watch" 2>"$work/watch.err"
check 'watching shows the table' wait_until 50 grep -q '"s1"' "$work/watch"
publish stats s9 "$(state 1000 10 10)"
check 'a new sensor appears' wait_until 100 grep -q '"s9"' "$work/watch"
nats_kill 1
check 'a lost server is reported' wait_until 200 grep -q 'connecting again' "$work/watch.err"
nats_begin 1
nats_wait_leader
publish stats s10 "$(state 1000 10 10)"
check 'watching continues after the restart of the server' wait_until 200 grep -q '"s10"' "$work/watch"
kill -TERM "$watcher"
check 'watching ends with status 0' wait "$watcher"

check_weft 'a URL is needed' 2 'no server is given' fleet
check_weft 'a wrong URL is refused' 2 'URL 1: the scheme' fleet --nats http://x
check_weft 'no server: status 1' 1 'fleet: 127.0.0.1:1: ' fleet --nats nats://127.0.0.1:1
finish
