#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# collect.sh BUILD - measures nats_pull, a bare pull consumer that writes a file, and weft collect
# with 1, 2 and 4 shards, all from one NATS server; then the time from publishing until
# the event is in the file of events.
#
# KIND, SCALE: the traffic, see traffic.c (default: bulk at 0.5). RUNS: number of runs (default 3);
# the fastest run counts.
set -u
out=$(cd "$1" && pwd)
kind=${KIND:-bulk} scale=${SCALE:-0.5} runs=${RUNS:-3}
work=$(mktemp -d "${TMPDIR:-/var/tmp}/weft-collect-XXXXXX")
url=nats://127.0.0.1:14333
server=

end() {
	[ -n "$server" ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null
	rm -rf "$work"
}
trap end EXIT

begin_server() {
	nats-server -a 127.0.0.1 -p 14333 -m 18333 -js -sd "$work/store" >"$work/server.log" 2>&1 &
	server=$!
	until curl -sf http://127.0.0.1:18333/varz >/dev/null; do sleep 0.1; done
}

# collect_all SHARDS: run all shards at once, each as a process, with new directories. Print the
# seconds that the slowest one took from its connection to NATS on; nats_pull counts in the same
# way.
collect_all() {
	local i pids=() status=0
	rm -rf "$work"/got* && sync
	for ((i = 0; i < $1; i++)); do
		"$out/weft" collect --nats "$url" --shard "$i/$1" --streams "$work/got$i" \
			--events "$work/got$i.json" --once 2>"$work/got$i.err" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i" || status=1; done
	cat "$work"/got*.err | sed -n 's/.* rejected, in \([0-9.]*\) s$/\1/p' | sort -n | tail -n 1
	return $status
}

# Remove the consumers, so that all messages are collected again.
forget() { "$out/helpers/bus_publish" "$url" forget >/dev/null; }

best() { # COMMAND...: print the seconds of the fastest of RUNS runs
	local run took least=999999
	for ((run = 0; run < runs; run++)); do
		forget
		rm -f "$work/bare" && sync
		took=$("$@") || return 1
		[ "$(bc <<<"$took < $least")" -eq 1 ] && least=$took
	done
	echo "$least"
}

bare() { "$out/bench/nats_pull" "$url" "$work/bare" "$messages" | cut -d' ' -f3; }

# latency SHARDS: for 20 connections, one after another, measure the time from the start of the
# publisher until the close event of the connection is in the file of events. Print the median and
# the maximum.
latency() {
	local i pids=() published times=()
	forget
	rm -rf "$work"/got*
	for ((i = 0; i < $1; i++)); do
		"$out/weft" collect --nats "$url" --shard "$i/$1" --streams "$work/got$i" \
			--events "$work/got$i.json" 2>"$work/got$i.err" &
		pids+=($!)
	done
	for ((i = 0; i < $1; i++)); do
		until [ -n "$(find "$work/got$i.json" -size +1k 2>/dev/null)" ]; do sleep 0.2; done
	done
	sleep 3
	for ((i = 0; i < 20; i++)); do
		published=$EPOCHREALTIME
		"$out/helpers/bus_publish" "$url" conns latency "$((RANDOM % 9))$SECONDS$1" "$((7000000 + i))" 1 >/dev/null
		until cat "$work"/got*.json | grep -q "\"close\",\"flow_id\":$((7000001 + i))"; do sleep 0.005; done
		times+=("$(bc <<<"scale=3; $EPOCHREALTIME - $published")")
	done
	kill "${pids[@]}"
	wait "${pids[@]}"
	printf '%s\n' "${times[@]}" | sort -n | sed -n '10p;20p' | paste -sd' '
}

begin_server
"$out/bench/traffic" "$kind" "$work/in.pcap" "$work/truth.tsv" --scale "$scale" 2>/dev/null
"$out/weft" replay "$work/in.pcap" --nats "$url" --quiet || exit 1
# weft collect counts messages of data subjects only, which are the messages that nats_pull reads.
messages=$("$out/weft" collect --nats "$url" --streams "$work/count" --events "$work/count.json" --once 2>&1 |
	sed -n 's/.*collect: \([0-9]*\) messages, \([0-9]*\) bytes.*/\1 \2/p')
bytes=${messages#* } messages=${messages% *}
files=$(find "$work/count" -type f | wc -l)
rm -rf "$work"/count*
echo "$kind: $messages messages, $bytes bytes of streams, $files files"
floor=$(best bare) || exit 1
rate() { bc <<<"scale=1; $bytes / $1 / 1000000"; }
echo "nats_pull             $floor s  $(rate "$floor") MB/s"
for shards in 1 2 4; do
	took=$(best collect_all "$shards") || exit 1
	echo "weft collect, $shards of $shards  $took s  $(rate "$took") MB/s  $(bc <<<"scale=2; $floor / $took") of nats_pull"
done
for shards in 1 2 4; do
	echo "latency, $shards shards: $(latency "$shards") s (median, longest)"
done
