# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# fleet.sh - functions for tests of many sensors and collectors: three servers of NATS, sensors that
# replay captures, four collectors, all in network namespaces. Use it after lib.sh and nats.sh.
#
#   fleet_servers              start the servers, and make namespaces for the collectors
#   fleet_begin COUNT SCALE    the same; also make COUNT captures, the files that `weft replay`
#                              writes of them, and a namespace for each sensor
#   fleet_sensor N             replay capture N in the background, as sensor sN
#   fleet_collect I            start collector I of 4
#   fleet_wait                 wait until the sensors end and the collectors have all connections
#   fleet_check                compare files and events with those of `weft replay`
#   fleet_end                  end the collectors; show messages if a check has failed
#
# FLEET_SCALE multiplies the size of the captures.

fleet_sensors=0
sensor_pids=()
collector_pids=()
traffic=$(dirname "$weft")/bench/traffic

# fleet_attach NAME ADDRESS: make the namespace weft-NAME-PID, which reaches the servers.
fleet_attach() {
	ip netns add "weft-$1-$$" && namespaces+=("weft-$1-$$") || return 1
	nats_attach "weft-$1-$$" eth0 "$1" "$2"
}

fleet_servers() {
	local n
	nats_net && nats_servers 3 || return 1
	mkdir "$work/got"
	for ((n = 0; n < 4; n++)); do
		fleet_attach "c$n" "10.79.0.$((200 + n))" || return 1
	done
}

# The captures have gaps, overlaps, and long and short connections; no client is in two of them.
fleet_begin() {
	local kinds=(lossy holes web) n
	fleet_sensors=$1
	fleet_servers || return 1
	mkdir "$work/wanted" "$work/wanted-events"
	for ((n = 1; n <= fleet_sensors; n++)); do
		"$traffic" "${kinds[(n - 1) % 3]}" "$work/raw.pcap" "$work/$n.tsv" --seed "$n" \
			--scale "$(bc <<<"$2 * ${FLEET_SCALE:-1}")" 2>"$work/traffic.err" || return 1
		/usr/bin/python3 "$root/tests/integration/readdress_pcap.py" "$work/raw.pcap" \
			"$work/$n.pcap" "$n" || return 1
		"$weft" replay "$work/$n.pcap" --streams "$work/wanted/$n" --pad-gaps --quiet \
			--events "$work/wanted-events/$n.json" || return 1
		fleet_attach "s$n" "10.79.0.$((100 + n))" || return 1
	done
}

# fleet_sensor N [ARGS...]: replay capture N in the background as sensor sN. At the end of the
# capture, the sensor waits until all messages are acknowledged, or none has been acknowledged for
# 120 s.
fleet_sensor() {
	local n=$1 pid
	shift
	background pid ip netns exec "weft-s$n-$$" "$weft" replay "$work/$n.pcap" --quiet \
		--nats "$nats_url" --set "sinks.nats.sensor=s$n" --set sinks.nats.replicas=3 \
		--set sinks.nats.flush_timeout_sec=120 "$@" 2>>"$work/sensor-$n.err"
	sensor_pids[$n]=$pid
}

fleet_collect() {
	local n=$1 pid
	background pid ip netns exec "weft-c$n-$$" "$weft" collect --nats "$nats_url" --shard "$n/4" \
		--streams "$work/got/$n" --events "$work/got-$n.json" --max-memory 64M --quiet \
		2>>"$work/collect-$n.err"
	collector_pids[$n]=$pid
}

# fleet_kill_collector I: kill collector I with SIGKILL, and start it again at once, as systemd
# does.
fleet_kill_collector() {
	kill -9 "${collector_pids[$1]}"
	wait "${collector_pids[$1]}" 2>/dev/null
	fleet_collect "$1"
}

fleet_cut() { ip -n "$nats_hub" link set "$1" down; }
fleet_join() { ip -n "$nats_hub" link set "$1" up; }

fleet_events() { cat "$work"/got-[0-3].json 2>/dev/null; }

# count_events TYPE: print the number of events of TYPE that the collectors have written.
count_events() { fleet_events | jq -r .event_type | grep -cx "$1"; }

# Check that the collectors have written at least as many events of type flow as the replays.
fleet_is_complete() {
	[ "$(count_events flow)" -ge "$(cat "$work"/wanted-events/*.json | jq -r .event_type | grep -cx flow)" ]
}

# identities TYPE: print the fields of the events of TYPE in standard input that collectors do not
# change; times are left out.
identities() {
	jq -c "select(.event_type == \"$1\") | [.src_ip, .src_port, .dest_ip, .dest_port, .direction, .gap, .flow]" |
		sort
}

# same_events TYPE: the collectors have written each event of TYPE of the replays once.
same_events() {
	cat "$work"/wanted-events/*.json | identities "$1" >"$work/wanted.ids"
	fleet_events | identities "$1" >"$work/got.ids"
	diff "$work/wanted.ids" "$work/got.ids"
}

# Check that the files of all collectors together are those of the replays.
same_streams() {
	local dir
	rm -rf "$work/all-wanted" "$work/all-got"
	for dir in "$work"/wanted/*; do cp -rl "$dir/." "$work/all-wanted" || return 1; done
	for dir in "$work"/got/*; do
		rm -f "$work/all-got/.weft-collect"
		cp -rl "$dir/." "$work/all-got" || return 1
	done
	diff -rq -x '.*' "$work/all-wanted" "$work/all-got"
}

# Check that each connection with an open event has exactly one event of type flow or flow_cut.
each_open_has_one_end() {
	fleet_events >"$work/all.json"
	jq -r 'select(.event_type == "open") | .flow_id' "$work/all.json" | sort >"$work/opens"
	jq -r 'select(.event_type == "flow" or .event_type == "flow_cut") | .flow_id' "$work/all.json" |
		sort >"$work/ends"
	diff "$work/opens" "$work/ends"
}

fleet_end() {
	local n
	for n in 0 1 2 3; do
		check "collector $n still works" kill -0 "${collector_pids[$n]}"
		kill -TERM "${collector_pids[$n]}"
		check "collector $n ends with status 0" wait "${collector_pids[$n]}"
	done
	[ "$tests_failed" -eq 0 ] || cat "$work"/*.err | tail -n 60 | diag
}

fleet_check() {
	local n
	check "$1: the files are those of weft replay" same_streams
	check "$1: each gap is there once" same_events gap
	check "$1: each close is there once" same_events flow
	check "$1: there are as many opens as closes" test \
		"$(count_events open)" -eq "$(count_events flow)"
	for ((n = 0; n < 4; n++)); do
		check "$1: collector $n needs less memory than its limit and 64 MiB" test \
			"$(awk '/VmHWM/ {print int($2 / 1024)}' "/proc/${collector_pids[$n]}/status")" -lt 128
	done
}

# Wait for the sensors, then for the collectors.
fleet_wait() {
	local n
	for ((n = 1; n <= fleet_sensors; n++)); do
		wait "${sensor_pids[$n]}" || return 1
	done
	wait_until 1800 fleet_is_complete
}
