#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_nats_live.sh - an agent that publishes to NATS JetStream, as an unprivileged user and under
# its seccomp filter: it starts without a server; it survives the crash of the server and an
# absence that is longer than its queue can hold: drops are reported in line and add up, capture
# is not disturbed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nats.sh"
. "$(dirname "$0")/web.sh"
need_root
need_weft

metric() { in_a curl -s -m 20 "http://127.0.0.1:$port/metrics" | sed -n "s/^weft_nats_$1 //p"; }
metric_is() { [ "$(metric "$1")" = "$2" ]; }
health_is() { # STATUS REASONS
	in_a curl -s -m 20 "http://127.0.0.1:$port/health" |
		jq -e --arg status "$1" --arg reasons "$2" \
			'.status == $status and ([.reasons[].what] | join(",")) == $reasons'
}
# settled CLOSED: at least CLOSED connections have ended, and all messages are acknowledged.
settled() {
	[ "$(agent_metric flows_closed_flows)" -ge "$1" ] && metric_is pending_messages 0
}

NO_IPV6=1 make_pair || exit 1
nats_net && nats_servers 1 && nats_attach "$ns_a" nats0 sensor 10.79.0.2 || exit 1
web_start || exit 1
web_file small-1 3000
web_file small-2 70000
web_file large-1 8000000
nats_kill 1

# ---- a start without a server ----

check 'the agent starts although no server can be reached' agent_start "$ns_a" eth0 --workers 1 \
	--streams "$work/streams" --events "$work/events.json" --listen 127.0.0.1:0 \
	--nats "${nats_url/\/\////sensor:secret@}" --set sinks.nats.sensor=tap1 --set sinks.nats.max_pending_mb=1 \
	--set sinks.nats.stats_interval_sec=1 --set delivery.queue_bytes=1048576
port=$(sed -nE 's|.*http://127\.0\.0\.1:([0-9]+)/.*|\1|p' "$work/agent.err")
check 'the agent without a server is degraded' wait_until 50 health_is degraded output_waits
reason_is() {
	in_a curl -s -m 20 "http://127.0.0.1:$port/health" | jq -e --arg text "$1" '.reasons[0].detail | test($text)'
}
check 'the reason names the server' wait_until 50 \
	reason_is 'not connected to 10.79.0.11:4222 for [0-9]+ s: no server can be reached'
check 'the agent runs as another user than root' test "$(ps -o user= -p "$(pgrep -P "$agent_pid" || echo "$agent_pid")")" != root
check 'a file is downloaded while no server runs' in_b curl -sf -m 20 -o /dev/null "http://$ip_a/small-1"
nats_begin 1
check 'the agent connects when a server starts' wait_until 100 metric_is connected 1
check 'the log names the server, without the password' grep -q 'nats: connected to 10\.79\.0\.11:4222$' "$work/agent.err"
check 'the connected agent is healthy' wait_until 50 health_is ok ''
check 'the messages that waited are published' wait_until 100 settled 1

# ---- a server that crashes, and is soon there again ----

web_get_many 2 small
nats_kill 1
check 'a connection that is lost is noticed' wait_until 50 metric_is connected 0
web_get_many 2 small
nats_begin 1
check 'messages of the time without a server are stored' wait_until 150 settled 5
check 'nothing was dropped' metric_is dropped_events_total 0
check 'the agent has connected twice' test "$(metric connections_total)" -eq 2

# ---- a server that is away for longer than the queue can hold ----

nats_kill 1
wait_until 50 metric_is connected 0
web_get_many 1 large
web_get_many 2 small
# dropping: the queue of the sink has dropped events; the pending messages have more than 500,000
# bytes, and at most their limit of 1 MiB.
dropping() {
	agent_stats --json | jq -e '(.subscriptions[] | select(.name == "nats") | .dropped_bytes > 0) and
		(.sinks[] | select(.name == "nats") |
			.nats_connected == 0 and .nats_pending_bytes > 500000 and .nats_pending_bytes <= 1048576)'
}
reports_drops() {
	in_a curl -s -m 20 "http://127.0.0.1:$port/health" | jq -e '.status == "degraded" and
		any(.reasons[]; .what == "events_dropped" and (.detail |
			test("the output nats has dropped [0-9]+ events .*[(]delivery.queue_bytes, sinks.nats.max_pending_mb[)]")))'
}
same_drops() {
	agent_stats --json | jq -e '(.subscriptions[] | select(.name == "nats") | [.dropped_events, .dropped_bytes]) ==
		(.sinks[] | select(.name == "nats") | [.nats_dropped_events, .nats_dropped_bytes]) and
		(.sinks[] | select(.name == "nats") | .nats_dropped_bytes == .dropped_bytes)'
}
check 'events are dropped, which weft stats shows' wait_until 50 dropping
check 'health reports the drops, and the keys of the limits' wait_until 100 reports_drops
check 'the first drop is logged, once' test "$(grep -c 'nats: the queue is full, and has dropped [0-9]* events with' "$work/agent.err")" -eq 1
check 'the verdict of weft stats has the dropped events' grep -qE '^lost 0 of [0-9,]+ frames; outputs dropped [0-9,]+ events; memory' \
	<(agent_stats)
check 'sink and subscription have the same number' same_drops
check 'no frame was lost' test "$(agent_stats --json | jq '[.metrics[] | select(.loss == true) | .value] | add')" -eq 0
nats_begin 1
check 'messages that waited for longer are stored' wait_until 150 settled 8
web_get_many 1 small
check 'later connections are published' wait_until 100 settled 9
dropped=$(metric dropped_bytes_total)
check 'the metrics count the dropped bytes' test "$dropped" -gt 0
agent_stop
check 'the agent ends with status 0' test $? -eq 0
check 'the ledgers of the agent close' ledgers_close

# ---- the stored messages ----

check 'the stream is read' nats_read "$work/read"
check 'all messages are stored once and in order' nats_read_is '.faults + .repeated + .misordered + .unclosed == 0'
check 'drops are reported in line' nats_read_is '.drop > 0'
delivered=$(sed -nE 's/.* ([0-9,]+) stream bytes.*/\1/p' "$work/agent.err" | tr -d ,)
check 'stored and dropped bytes add up to all bytes' nats_read_is \
	".data_bytes + $dropped == $delivered and .drop_bytes == $dropped"
# whole_but_one: of the 9 connections, one lacks bytes, which were dropped; if its request was dropped, too,
# it has one file instead of two. The others are complete.
whole_but_one() {
	local file
	for file in "$work/streams"/*; do
		cmp -s "$file" "$work/read/${file##*/}" || echo "${file##*/}"
	done >"$work/differ"
	cat "$work/differ"
	[ "$(find "$work/streams" -type f ! -name '.*' | wc -l)" -eq 18 ] &&
		[ "$(awk -F- '{ print $1 < $2 ? $1 "-" $2 : $2 "-" $1 }' "$work/differ" | sort -u | wc -l)" -eq 1 ]
}
check 'all connections but one are complete' whole_but_one
check 'the last state has the metrics of the sink' jq -e '.sinks[] | select(.name == "nats") |
	.nats_acknowledged_messages > 0' "$work/read/.stats.tap1.json"

# ---- one fast connection ----

web_file fast-1 48000000
check 'an agent with the default limits starts' agent_start "$ns_a" eth0 --workers 1 --listen 127.0.0.1:0 \
	--nats "$nats_url" --set sinks.nats.sensor=tap2
port=$(sed -nE 's|.*http://127\.0\.0\.1:([0-9]+)/.*|\1|p' "$work/agent.err")
check 'the agent with the default limits connects' wait_until 100 metric_is connected 1
# is_fast: a file of 48 MB is downloaded, and is published within 7 s of the start of the download. 733
# messages of 64 KiB, one after the other, would need 7.3 s if each of them waited 10 ms for its turn. On
# a busy machine, the first of three files may need longer for another reason.
is_published() { # BYTES: at least BYTES have left the queue of the output, and all messages are acknowledged
	agent_stats --json | jq -e --argjson bytes "$1" '(.subscriptions[] | select(.name == "nats") | .taken_bytes + .dropped_bytes >= $bytes) and
		(.sinks[] | select(.name == "nats") | .nats_pending_messages == 0)'
}
is_fast() {
	local try start took
	for try in 1 2 3; do
		start=${EPOCHREALTIME/./}
		in_b curl -sf -m 60 -o /dev/null "http://$ip_a/fast-1" && wait_until 300 is_published $((48000000 * try)) || return 1
		took=$((${EPOCHREALTIME/./} - start))
		echo "file $try: $((took / 1000)) ms"
		[ $took -gt $((7000000 * WEFT_SLOW)) ] || return 0
	done
	return 1
}
check 'a message is sent as soon as the one before it is acknowledged' is_fast
agent_stop
check 'the agent ends with status 0' test $? -eq 0

# ---- an output that has ended ----

check 'an agent whose stream differs starts' agent_start "$ns_a" eth0 --workers 1 --events "$work/events-3.json" --listen 127.0.0.1:0 \
	--nats "$nats_url" --set sinks.nats.stream_max_mb=100
ended() { agent_stats --json | jq -e '.sinks[] | select(.name == "nats") | .failed_bytes >= $bytes' --argjson bytes "$1"; }
has_ended() { grep -q 'the stream WEFT has max_bytes' "$work/agent.err"; }
check 'the output ends' wait_until 50 has_ended
failed_for() { in_a curl -s -m 20 "http://127.0.0.1:$port/health" | jq -e '.status == "unhealthy" and
	any(.reasons[]; .what == "output_failed" and (.detail | test("nats has ended after a failure: the stream WEFT has max_bytes")))'; }
port=$(sed -nE 's|.*http://127\.0\.0\.1:([0-9]+)/.*|\1|p' "$work/agent.err")
check 'health names the failure' wait_until 50 failed_for
check 'a file is downloaded after that' in_b curl -sf -m 20 -o /dev/null "http://$ip_a/small-2"
check 'the bytes of the file are counted as failed' wait_until 50 ended 70000
check 'nothing is pending' jq -e '.sinks[] | select(.name == "nats") | .failed_bytes == .data_bytes and
	.failed_events >= .events and .nats_pending_messages + .nats_pending_bytes + .nats_lag_ns == 0 and
	.nats_published_messages == .nats_acknowledged_messages + .nats_refused_messages' <(agent_stats --json)
agent_stop
check 'the agent ends with status 1' test $? -eq 1
finish
