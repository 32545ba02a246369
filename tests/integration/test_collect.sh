#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_collect.sh - weft collect: files and events of messages that bus_publish sends as sensors do,
# after kills of the collector and of the server, shards, bad input, limits, metrics.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nats.sh"

need_root
need_weft
publish=$(dirname "$weft")/helpers/bus_publish

publish() { nats_exec "$publish" "$nats_url" "$@"; }

# collect_args NAME ARGS...: set collect_command to a collector with the directory and the file of
# events of NAME, for `background`, which needs the process itself.
collect_args() {
	local name=$1
	shift
	collect_command=(ip netns exec "$nats_hub" "$weft" collect --nats "$nats_url"
		--streams "$work/$name" --events "$work/$name.json" "$@")
}

collect() {
	collect_args "$@"
	"${collect_command[@]}"
}

# collect_once NAME ARGS...: collect the messages that are stored, then end.
collect_once() { collect "$@" --once; }

# collect_kill NAME SECONDS: run a collector, and kill it with SIGKILL after SECONDS.
collect_kill() {
	local pid
	collect_args "$1" --quiet
	"${collect_command[@]}" &
	pid=$!
	sleep "$2"
	kill -9 "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	return 0
}

# refused NAME STATUS PATTERN COLLECT_ARGS...: a collector ends with STATUS and prints PATTERN.
refused() {
	local name=$1 status=$2 pattern=$3 got
	shift 3
	collect "$@" >"$work/out" 2>&1 </dev/null
	got=$?
	[ "$got" -eq "$status" ] && grep -qE -- "$pattern" "$work/out" && ok "$name" && return
	not_ok "$name"
	{
		echo "status $got, expected $status and /$pattern/"
		head -n 20 "$work/out"
	} | diag
}

# events_are FILE TYPE COUNT: FILE has COUNT different events of TYPE, each once.
events_are() {
	[ "$(jq -c "select(.event_type == \"$2\")" "$1" | sort | uniq | wc -l)" -eq "$3" ] &&
		[ "$(jq -c "select(.event_type == \"$2\")" "$1" | wc -l)" -eq "$3" ]
}

all_events_are() {
	local file=$1 count=$2
	events_are "$file" open "$count" && events_are "$file" close "$count"
}

metric() { nats_exec curl -s "http://127.0.0.1:9100/metrics" | sed -n "s/^weft_collect_$1 //p"; }

nats_net && nats_servers 1 || exit 1
check 'the stream is created' publish stream 1

# ---- all of it, at once ----

mkdir "$work/wanted"
check 'connections of two sensors are published' publish conns s1 a1 0 150 "$work/wanted"
publish conns s2 a1 150 150 "$work/wanted" >"$work/out"
check 'a collector ends when everything is collected' collect_once all
check 'the files have the bytes, and zeros for gaps' same_files "$work/wanted" "$work/all"
check 'each open and close is there once' all_events_are "$work/all.json" 300
check 'events name the sensor and the file' jq -es \
	'all(.host == "s1" or .host == "s2") and all(.stream_file | test("^10[0-9.]+-10[0-9.#]+$"))' \
	"$work/all.json"
cp "$work/all.json" "$work/before.json"
check 'a second run finds nothing new' collect_once all
check 'a second run changes no event' cmp "$work/all.json" "$work/before.json"

# ---- again: what was published twice is there once ----

publish again s1 a1 0 150 >"$work/out"
check 'messages that are published again, without message ids, are collected' collect_once all
check 'no event is there twice' cmp "$work/all.json" "$work/before.json"
check 'no byte has changed' same_files "$work/wanted" "$work/all"

# ---- kills ----

publish_slowly() {
	local i
	for ((i = 0; i < 5; i++)); do publish conns s3 b1 $((1000 + 140 * i)) 140 "$work/wanted3" >/dev/null; done
}
mkdir "$work/wanted3"
cp "$work"/wanted/* "$work/wanted3/"
background publisher publish_slowly
for seconds in 0.9 0.6 1.1; do collect_kill all "$seconds"; done
wait "$publisher"
check 'after kills, the rest is collected' collect_once all
check 'all bytes are there, and no other files' same_files "$work/wanted3" "$work/all"
check 'all events are there once' all_events_are "$work/all.json" $((300 + 5 * 140))

# ---- a server that is killed, a sensor that is started again, metrics ----

collect_args all --listen 127.0.0.1:9100
background collector "${collect_command[@]}" 2>"$work/live.err"
check 'metrics are served' wait_until 100 metric connected
publish open s4 c1 3000 20 >"$work/out"
check 'opens arrive while the collector runs' wait_until 100 events_are "$work/all.json" open $((300 + 700 + 20))
nats_kill 1
check 'the collector waits for a server that is gone' wait_until 100 grep -q 'waiting' "$work/live.err"
health() { nats_exec curl -s http://127.0.0.1:9100/health | jq -e "$1"; }
check 'health reports the lost server' wait_until 50 health '.status == "degraded" and .reasons[0].what == "nats_disconnected"'
nats_begin 1
nats_wait_leader
publish open s4 c2 3100 150 >"$work/out"
check 'after the restart of the sensor, open connections are cut' \
	wait_until 200 events_are "$work/all.json" flow_cut 20
check 'health is ok' wait_until 50 health '.status == "ok"'
metrics_are_valid() { nats_exec curl -s http://127.0.0.1:9100/metrics | promtool check metrics; }
check 'promtool accepts the metrics' metrics_are_valid

# ---- wrong shards ----

refused 'a second collector of the shard in another directory is refused' 4 'already reads shard 0/1' other
refused 'a second collector in the same directory is refused' 4 'in use by another collector' all
refused 'another number of shards is refused' 2 'is collected in 1 shards of 16 partitions' part --shard 1/4
refused 'another number of partitions is refused' 2 'would overlap' part8 --partitions 8
refused 'while the collector works, --reshard is refused' 4 'still works' part2 --shard 0/2 --reshard
kill -TERM "$collector"
check 'the collector ends on SIGTERM with status 0' wait "$collector"

# Each of the new shards continues after what was acknowledged.
publish conns s5 d1 5000 60 "$work/wanted" >"$work/out"
check 'shard 0 of 2 takes over' collect_once half0 --shard 0/2 --reshard
check 'shard 1 of 2 takes over' collect_once half1 --shard 1/2 --reshard
refused 'the directory of the former shard is refused' 2 'is of shard 0/1' all --shard 0/2
cat "$work/half0.json" "$work/half1.json" >"$work/halves.json"
check 'both shards have all opens and closes, each once' all_events_are "$work/halves.json" 60

# ---- bad input ----

publish bad >"$work/out"
collect_once half0 --shard 0/2 2>"$work/half0.err"
collect_once half1 --shard 1/2 2>"$work/half1.err"
for reason in 'no headers of weft' 'another version' 'malformed' 'does not name the sensor' 'not a name' 'impossible'; do
	check "bad input is reported: $reason" grep -q "is rejected: .*$reason" "$work/half0.err" "$work/half1.err"
done
check 'the name ../../../tmp/weft-escape in a message creates no file in /tmp' test ! -e /tmp/weft-escape
check 'no file is of bad input' test -z "$(find "$work/half0" "$work/half1" -name '*.81*' -newer "$work/halves.json")"
collect_once half0 --shard 0/2 2>"$work/half0.err"
collect_once half1 --shard 1/2 2>"$work/half1.err"
check 'bad input is reported once only' test -z "$(grep -h rejected: "$work/half0.err" "$work/half1.err")"

# ---- few descriptors, retention ----

publish conns s6 e1 6000 100 >"$work/out"
check 'with 8 open files all is collected' collect_once half0 --shard 0/2 --max-open 8
collect_once half1 --shard 1/2 --max-open 8 2>"$work/half1.err"
is_empty() { [ -z "$(find "$1" -type f ! -name '.*')" ]; }
collect_args half0 --shard 0/2 --retain 1s
background collector "${collect_command[@]}"
check 'finished files are removed after the retention time' wait_until 100 is_empty "$work/half0"

check_weft 'a wrong shard is refused' 2 'expected is I/N' collect --nats nats://127.0.0.1 --streams "$work/x" \
	--events "$work/x.json" --shard 4/4
check_weft 'more shards than partitions are refused' 2 "can't share" collect --nats nats://127.0.0.1 \
	--streams "$work/x" --events "$work/x.json" --shard 0/20
check_weft 'a URL is needed' 2 'no server is given' collect --streams "$work/x" --events "$work/x.json"
mkdir "$work/foreign"
echo bytes >"$work/foreign/10.0.0.1.1-10.0.0.2.2"
check_weft 'a directory with files of others is refused' 2 'no collector wrote' collect \
	--nats nats://127.0.0.1 --streams "$work/foreign" --events "$work/x.json"

finish
