#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_families.sh - each family of metrics in a list is driven by a scenario: its sum, as the
# agent's /metrics reports it, is higher during or after the scenario than before; a few families
# need only be above zero from the start on. A family that no traffic can drive is listed with the
# unit test that drives it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
need_root
need_weft
need_corpus
client=(ip netns exec "$ns_a" python3 "$root/tests/integration/http_client.py")

# FAMILY SCENARIO: "start" means that the value is above zero from the start on.
families='
weft_build_info                             start
weft_memory_limit_bytes                     start
weft_memory_used_bytes                      start
weft_pages                                  held_data
weft_frames_total                           downloads
weft_payload_bytes_total                    downloads
weft_connections                            downloads
weft_connections_opened_total               downloads
weft_connections_closed_total               downloads
weft_stream_bytes_total                     downloads
weft_endpoints                              downloads
weft_cleanup_runs_total                     downloads
weft_cleanup_items_total                    downloads
weft_state_entries                          state
weft_anomalies_total                        anomaly
weft_subscription_queue_bytes               stopped_client
weft_subscription_dropped_events_total      stopped_client
weft_subscription_dropped_bytes_total       stopped_client
weft_subscription_lag_seconds               stopped_client
weft_worker_last_seen_seconds               stalled_worker
weft_lock_wait_seconds_total                stalled_worker
weft_worker_busy_ratio                      load
weft_page_allocations_total                 held_data
weft_page_cache_hits_total                  held_data
weft_page_cache_misses_total                held_data
weft_pressure_level                         held_data
weft_pressure_events_total                  held_data
weft_pressure_actions_total                 held_data
weft_gaps_total                             held_data
weft_gap_bytes_total                        held_data'

# Families that grow only by a fault of weft, each with a unit test that makes the fault, and the
# counter that the unit test reads.
undriven='
weft_cleanup_errors_total        tests/unit/test_cleanup.c  cleanup_errors
weft_ownership_violations_total  tests/unit/test_engine.c   ownership_violations'

# ---- the sampler: the sum of each family, again and again ----

read_sums() {
	in_a curl -s -m 5 "http://127.0.0.1:$port/metrics" | awk '!/^#/ {
		family = $1
		sub(/\{.*/, "", family)
		sum[family] += $NF
	} END { for (family in sum) printf "%s %.9f\n", family, sum[family] }'
}
# sample FILE: keep the highest sum of each family in FILE, until a signal.
sample() {
	while true; do
		read_sums >"$1.now"
		[ -s "$1.now" ] && cat "$1.now" "$1" 2>/dev/null | sort -k1,1 -k2,2gr | sort -u -k1,1 >"$1.new" && mv "$1.new" "$1"
		sleep 0.1
	done
}
# exceeds FAMILY FILE BEFORE: the sum of FAMILY in FILE is higher than in the file BEFORE.
exceeds() {
	awk -v family="$1" -v limit="$(awk -v family="$1" '$1 == family { print $2 }' "$3")" \
		'$1 == family && $2 > limit + 0 { found = 1 } END { exit !found }' "$2"
}
families_of() { awk -v name="$1" '$2 == name { print $1 }' <<<"$families"; }
all_exceed() { # SCENARIO
	local family missing=0
	for family in $(families_of "$1"); do
		exceeds "$family" "$work/max" "$work/before" && continue
		echo "not driven: $family"
		grep -h "^$family " "$work/before" "$work/max"
		missing=1
	done
	return $missing
}
# drive SCENARIO: run the function of that name; each of its families must exceed its earlier value.
drive() {
	read_sums >"$work/before"
	! declare -F "before_$1" >/dev/null || check "$1: its values are low before" "before_$1"
	rm -f "$work/max"
	background sampler_pid sample "$work/max"
	check "$1: the scenario runs" "$1"
	check "$1: drives $(families_of "$1" | wc -l) families" wait_until 150 all_exceed "$1" || all_exceed "$1" | diag
	! declare -F "after_$1" >/dev/null || "after_$1"
	kill "$sampler_pid"
	wait "$sampler_pid" 2>/dev/null
}

# ---- the scenarios ----

traffic() { in_b "$root/tests/integration/pressure_traffic.py" eth0 "$@"; }
downloads() {
	local i
	for i in 1 2 3; do in_b curl -sf "http://$ip_a/file" >/dev/null || return 1; done
	background open_pid ip netns exec "$ns_b" python3 -c "
import socket, time
clients = [socket.create_connection(('$ip_a', 80)) for _ in range(30)]
time.sleep(1000)"
}
after_downloads() { kill "$open_pid"; }
state() { "$weft" state -i eth0 --set "control.dir=$work/control" set mine/a 1; }
anomaly() { in_b python3 "$root/tests/integration/send_pcap.py" eth0 "$corpus/captures/data/out-of-window.pcap" 1000; }
# The client is stopped, so that its socket and its queue fill.
stopped_client() {
	background client_pid subscribe
	wait_until 100 has_subscriber && kill -STOP "$client_pid" || return 1
	local i
	for i in 1 2 3 4; do in_b curl -sf "http://$ip_a/large" >/dev/null; done
}
subscribe() { exec "$weft" subscribe -i eth0 --set "control.dir=$work/control" --format raw --set delivery.queue_bytes=1M >/dev/null 2>&1; }
has_subscriber() { in_a curl -s "http://127.0.0.1:$port/metrics" | grep -q '^weft_subscription_queue_bytes{name="client'; }
after_stopped_client() { kill -9 "$client_pid" && wait "$client_pid" 2>/dev/null; }
# stalled_worker: the command `weft filter` waits for a stopped worker; meanwhile the control lock
# is held, for which the HTTP server waits.
stalled_worker() {
	background stall_pid "${client[@]}" stall "$agent_pid" >"$work/stall" 2>&1
	wait_until 100 grep -q ready "$work/stall" || return 1
	local i
	for i in 1 2 3; do
		"$weft" filter -i eth0 --set "control.dir=$work/control" --set filter.deny=192.0.2.$i/32 &
		in_a curl -s -m 5 "http://127.0.0.1:$port/api/v1/flows" >/dev/null
		wait $!
	done
	kill "$stall_pid"
	wait "$stall_pid"
	true
}
# The ratio of busy time must rise during the scenario, so the worker must be idle before it. The
# values that were checked are those to be exceeded: later ones may be higher.
before_load() { wait_until 600 worker_is_idle; }
worker_is_idle() { read_sums >"$work/before"; awk '$1 == "weft_worker_busy_ratio" { found = 1; exit $2 > 0.01 } END { if (!found) exit 1 }' "$work/before"; }
load() { in_b "$(dirname "$weft")/bench/live_feed" eth0 --flows 100 --payload 100 --pps 150000 --seconds 8 >/dev/null; }
held_data() {
	local sent
	traffic open 900
	for ((sent = 1; sent < 60; sent++)); do
		traffic hold 900 $sent || return 1
		[ "$(agent_metric pressure_level)" -lt 3 ] || break
	done
	agent_metric pressure_level
}

NO_IPV6=1 make_pair 1 || exit 1
in_a ethtool -K eth0 gro on
web_start
web_file file 200000
web_file large 8000000
check 'an agent starts' agent_start "$ns_a" eth0 --mode host --workers 1 --listen 127.0.0.1:0 --max-memory 48M --checksum ignore \
	--events "$work/events" --set capture.host_ring_mb=8 --set memory.cleanup_interval_sec=1 --set endpoints.ttl_sec=2 \
	--set memory.monitor_interval_ms=200 --set reassembly.gap_timeout_ms=3600000
port=$(sed -nE 's|.*http://127\.0\.0\.1:([0-9]+)/.*|\1|p' "$work/agent.err")

all_start() {
	local family
	read_sums >"$work/sums"
	: >"$work/zero"
	for family in $(families_of start); do exceeds "$family" "$work/sums" "$work/zero" || { echo "zero: $family"; return 1; }; done
}
all_have_lines() {
	local family
	read_sums >"$work/sums"
	for family in $(awk '{ print $1 }' <<<"$families $undriven"); do grep -q "^$family " "$work/sums" || { echo "missing: $family"; return 1; }; done
}
check 'each family has a line' all_have_lines
check 'constants and memory are above zero' all_start
for scenario in downloads state anomaly stopped_client stalled_worker load held_data; do drive "$scenario"; done
scenarios_are_known() { ! awk 'NF { print $2 }' <<<"$families" | sort -u | grep -vxE 'start|downloads|state|anomaly|stopped_client|stalled_worker|load|held_data'; }
check 'each scenario of the table was run' scenarios_are_known
have_unit_tests() {
	local family file counter
	while read -r family file counter; do
		[ -z "$family" ] || grep -q "$counter" "$root/$file" || { echo "$file does not test $family"; return 1; }
	done <<<"$undriven"
}
check 'the unit test of each other family reads its counter' have_unit_tests
check 'the agent ends with status 0' agent_stop
check 'the ledgers close' ledgers_close
finish
