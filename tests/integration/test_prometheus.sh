#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_prometheus.sh - a real Prometheus scrapes an agent with the example's configuration: its
# sums over outcomes equal the ledgers of weft stats, each family of a list exists, and many of
# them change with the events that they count.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web.sh"
need_root
need_weft
examples=$root/examples/prometheus
feed=$(dirname "$weft")/bench/live_feed
client=(ip netns exec "$ns_a" python3 "$root/tests/integration/http_client.py")

# value QUERY: print the sum of the values that Prometheus returns.
value() {
	in_a curl -sf -m 5 "http://127.0.0.1:9090/api/v1/query" --data-urlencode "query=$1" |
		jq -e '[.data.result[].value[1] | tonumber] | if . == [] then error("no value") else add end'
}
is() { # QUERY OPERATOR NUMBER
	local got
	got=$(value "$1") || return 1
	echo "$1: $got, expected $2 $3"
	awk -v a="$got" -v op="$2" -v b="$3" 'BEGIN { exit !(op == "==" ? a == b : op == ">" ? a > b : a < b) }'
}
soon() { wait_until 100 is "$@"; }

# same_as_ledger QUERY LEDGER: Prometheus has the total of this ledger of weft stats.
same_as_ledger() {
	local total
	total=$(agent_stats --json | jq ".ledgers[] | select(.name == \"$2\" and .closed) | .total.value") || return 1
	is "$1" == "$total" && [ "$total" -gt 0 ]
}
# lose_frames: a download that loses frames: the worker is stopped until its ring, which is smaller
# than the file, is full.
lose_frames() {
	local curl_pid
	background stall_pid "${client[@]}" stall "$agent_pid" >"$work/stall" 2>&1
	wait_until 100 grep -q ready "$work/stall" || { cat "$work/stall"; return 1; }
	background curl_pid ip netns exec "$ns_b" curl -sf -m 60 --limit-rate 1M -o "$work/large" "http://$ip_a/large"
	# A few lost frames may all be acknowledgements, which leave no gap.
	soon 'weft_frames_total{stage="kernel",outcome="ring_full"}' '>' 8
	soon "max_over_time(weft_worker_last_seen_seconds[20s])" '>' 0.5
	kill "$stall_pid"
	wait "$curl_pid" && cmp "$work/large" "$web_root/large"
}

# lossy_download: downloads until one leaves a gap. The worker must continue before the file ends,
# because the segments that follow the lost ones show what is missing; a slow host may be too late.
lossy_download() {
	local try
	for try in 1 2 3; do
		lose_frames || return 1
		! soon 'weft_gaps_total{cause="not_captured"}' '>' 0 || return 0
		echo "download $try left no gap"
	done
}

# lags: a subscription whose client reads nothing loses events. While the agent is overloaded, a
# download may be shed; then the next one is tried.
lags() {
	local try
	background lazy_pid "${client[@]}" socket 9191 --filter 'port 80' --queue 131072 --wait "$work/read" >"$work/lazy" 2>&1
	wait_until 150 grep -q ok "$work/lazy" || return 1
	for try in 1 2 3 4 5; do
		in_b curl -sf "http://$ip_a/large" >/dev/null
		soon 'sum(weft_subscription_dropped_events_total)' '>' 0 && break
		echo "no events are lost in download $try"
	done
	soon 'sum(weft_subscription_dropped_bytes_total)' '>' 100000
}

check 'the rules of the example are valid' promtool check rules "$examples/weft-alerts.yml"
# fires SERIES ALERT: the rules fire ALERT, and no other alert of NATS or collectors, if a metric
# has the values of SERIES, one per minute. ALERT is empty: no alert.
fires() {
	local samples=
	[ -z "$2" ] || samples="{labels: '{alertname=\"$2\"}', value: 1}"
	cat >"$work/rules.test.yml" <<-TEST
		rule_files: ["$examples/weft-alerts.yml"]
		evaluation_interval: 1m
		tests:
		  - interval: 1m
		    input_series:
		      - {series: '${1% *}{instance="a"}', values: '${1##* }'}
		    promql_expr_test:
		      - expr: count by (alertname) (ALERTS{alertname=~"Weft(Nats|Collector).*", alertstate="firing"})
		        eval_time: 10m
		        exp_samples: [$samples]
	TEST
	promtool test rules "$work/rules.test.yml"
}
check 'an absent server of NATS fires an alert' fires 'weft_nats_connected 0x10' WeftNatsDisconnected
check 'a connected server of NATS fires no alert' fires 'weft_nats_connected 1x10' ''
check 'a lag fires an alert' fires 'weft_nats_lag_seconds 40x10' WeftNatsLag
check 'dropped events fire an alert' fires 'weft_nats_dropped_events_total 0+5x10' WeftNatsDropped
check 'refused messages fire an alert' fires 'weft_nats_refused_messages_total 0+1x10' WeftNatsRefused
check 'a collector without a stream fires an alert' fires 'weft_collect_connected 0x10' WeftCollectorDisconnected
check 'files that fail fire an alert' fires 'weft_collect_failed_bytes_total 0+900x10' WeftCollectorFilesFailed
# Check that the metrics in the rules for NATS and collectors exist.
rules_metrics_exist() {
	local name
	for name in $(grep -oE 'weft_(nats|collect)_[a-z_]+' "$examples/weft-alerts.yml" | sort -u); do
		grep -rq "\"$name\"\|$name " "$root/user/sink/nats/metrics.def" "$root/user/collect/disk" || { echo "$name" && return 1; }
	done
}
check 'the metrics of these alerts exist' rules_metrics_exist
check 'the configuration of the example is valid' promtool check config "$examples/prometheus.yml"

NO_IPV6=1 make_pair 1 || exit 1
# With GRO, a veth interface without an XDP program receives the frames that live_feed sends.
in_a ethtool -K eth0 gro on
web_start
web_file large 8000000
web_file small 1000
check 'an agent starts' agent_start "$ns_a" eth0 --workers 1 --listen 9191 --events "$work/events" --set reassembly.checksum=ignore \
	--set capture.host_ring_mb=1 --set memory.cleanup_interval_sec=1 --set endpoints.ttl_sec=4 \
	--set concurrency.performance_mode=safe
sed 's/scrape_interval: .*/scrape_interval: 500ms/' "$examples/prometheus.yml" >"$work/prometheus.yml"
cp "$examples/weft-alerts.yml" "$work/"
background prometheus_pid ip netns exec "$ns_a" prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" \
	--web.listen-address=127.0.0.1:9090 --log.level=error 2>"$work/prometheus.err"
check 'Prometheus scrapes the agent' soon up == 1

# ---- each family exists ----

families='weft_build_info weft_frames_total weft_payload_bytes_total weft_connections weft_connections_opened_total
	weft_connections_closed_total weft_stream_bytes_total weft_gaps_total weft_gap_bytes_total weft_anomalies_total
	weft_memory_limit_bytes weft_memory_used_bytes weft_pages weft_page_allocations_total weft_page_cache_hits_total
	weft_page_cache_misses_total weft_pressure_level weft_pressure_events_total weft_pressure_actions_total weft_cleanup_runs_total
	weft_cleanup_items_total weft_cleanup_errors_total weft_worker_busy_ratio weft_worker_last_seen_seconds
	weft_subscription_queue_bytes weft_subscription_dropped_events_total weft_subscription_dropped_bytes_total
	weft_subscription_lag_seconds weft_lock_wait_seconds_total weft_ownership_violations_total weft_endpoints weft_state_entries'
all_exist() {
	local family missing=0
	for family in $families; do value "$family" >/dev/null 2>&1 || { echo "missing: $family"; missing=1; }; done
	return $missing
}
check 'Prometheus has each family' wait_until 50 all_exist
check 'no connection was opened yet' is weft_connections_opened_total == 0

# ---- each family changes ----

for i in 1 2 3; do in_b curl -sf "http://$ip_a/small" >/dev/null; done
check 'connections: opened' soon weft_connections_opened_total == 3
check 'connections: closed, by reason' soon 'weft_connections_closed_total{reason="fin"}' == 3
check 'stream bytes' soon 'weft_stream_bytes_total{direction="toclient"}' '>' 3000
# They expire after 4 s, which may be over now.
check 'endpoints' soon 'max_over_time(weft_endpoints[1m])' == 2
check 'cleanup: endpoints expire' soon 'weft_cleanup_items_total{task="endpoints"}' == 2
check 'endpoints: expired ones are gone' soon weft_endpoints == 0
check 'cleanup: runs of each task' soon 'min(weft_cleanup_runs_total{task="endpoints"})' '>' 0
"$weft" state -i eth0 --set "control.dir=$work/control" set mine/a 1 >/dev/null
check 'state entries, by prefix' soon 'weft_state_entries{prefix="mine"}' == 1
check 'a file is downloaded whole while the worker is stopped' lossy_download
check 'frames: lost in the kernel' soon 'weft_frames_total{stage="kernel",outcome="ring_full"}' '>' 0
check 'gaps, by cause' soon 'weft_gaps_total{cause="not_captured"}' '>' 0
check 'bytes of gaps' soon 'weft_gap_bytes_total' '>' 100000
check 'pages were taken' soon 'weft_page_allocations_total' '>' 0
check 'pages: hits and misses of the cache' soon 'weft_page_cache_hits_total + weft_page_cache_misses_total' '>' 0
check 'memory, by owner, is below its limit' is 'sum(weft_memory_used_bytes) / sum(weft_memory_limit_bytes)' '<' 1
background feed_pid ip netns exec "$ns_b" "$feed" eth0 --flows 100 --payload 100 --pps 100000 --seconds 60 >/dev/null
check 'the busy ratio of a worker under load' wait_until 200 is 'max_over_time(weft_worker_busy_ratio[1m])' '>' 0
kill "$feed_pid"
check 'a subscription that takes no events lags' lags
touch "$work/read"

# ---- the sums ----

sums_are_right() {
	same_as_ledger 'sum(weft_frames_total{stage="kernel"})' kernel_frames &&
		same_as_ledger 'sum(weft_frames_total{stage="ring"})' copied_frames &&
		same_as_ledger 'sum(weft_frames_total{stage="user"})' user_frames &&
		same_as_ledger 'sum(weft_payload_bytes_total) + sum(weft_payload_held_bytes)' payload_bytes &&
		same_as_ledger 'sum(weft_frames_seen_total{stage="kernel"})' kernel_frames &&
		is 'sum(weft_frames_seen_total{stage="user"}) - sum(weft_frames_total{stage="user"})' == 0
}
check 'the sums over outcomes equal the ledgers of weft stats' wait_until 100 sums_are_right
check 'all targets of Prometheus are up' soon 'count(up) - sum(up)' == 0
kill "$prometheus_pid"
check 'the agent ends with status 0' agent_stop
check 'the ledgers close' ledgers_close
finish
