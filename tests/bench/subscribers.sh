#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# subscribers.sh BUILD_DIR - measures what 16 subscribers cost the workers of a live capture: each overflow
# policy on a socket and in shared memory, five more in shared memory, one that never reads, one that is
# killed half way, and one that connects and disconnects 1,000 times. Runs without subscribers, with
# them, and beside a load alternate. The load is as many processes that do not subscribe, but touch
# bytes for as much CPU time as the subscribers used in the run before; one more uses as much as the
# serving thread, with its priority. The difference between both is the part of the loss that
# only faster workers or a cheaper delivery can reduce: the rest is CPU time that any readers take.
#
# live_pair.sh has the variables that set traffic and runs.
#
# The rate also depends on how fast the source sends, which is less beside readers that use the same
# memory. What the workers lose is in the share of the bytes sent; with PPS set to a rate that both
# sources reach, rate and share are the same.
#
# Subscribers use CPUs that the workers then lack, so each line has the CPU time of the workers per byte
# that they deliver beside the rate. A run fails if the bytes that a subscriber received and those
# reported to it as lost do not add up to all bytes, or a ledger does not close.
set -u
cd "$(dirname "$0")/../.." || exit 1
readers=() others=()
reader_pids() { echo "${readers[@]}" "${others[@]}"; }
. tests/bench/live_pair.sh
socket=$work/rx0.sock
# A network does not become slower if the host is busy, so subscribers run on all CPUs but that of the
# source.
reader_cpu=()
[ "$(nproc)" -ge 2 ] && reader_cpu=(taskset -c "1-$(($(nproc) - 1))")
subscribers() { stats | jq '[.subscriptions[] | select(.name != "endpoints")] | length'; }
has_subscribers() { [ "$(subscribers)" -ge "$1" ]; }

# The policies are drop-oldest, drop-newest, block-with-timeout and resize.
start_subscribers() {
	local kind policy
	readers=() others=()
	for kind in socket:2 socket:3 socket:4 socket:5 shm:2 shm:3 shm:4 shm:5 shm:2 shm:2 shm:2 shm:2 shm:2 shm:2; do
		policy=${kind#*:}
		"${priority[@]}" "${reader_cpu[@]}" "$bench/reader" "${kind%:*}" "$socket" "$policy" >"$work/reader-${#readers[@]}.out" \
			2>"$work/reader-${#readers[@]}.err" &
		readers+=($!)
	done
	"${reader_cpu[@]}" /usr/bin/python3 tests/integration/sub_peer.py "$socket" never 2>"$work/never.err" &
	others=($!)
	wait_for has_subscribers 15
	"${reader_cpu[@]}" /usr/bin/python3 tests/integration/sub_peer.py "$socket" often 1000 >"$work/often.out" 2>"$work/often.err" &
	others+=($!)
}

# start_load: start processes that use as much CPU time as the subscribers did. They touch the same bytes,
# as the readers of shared memory do.
start_load() {
	local share served i
	read -r share served <"$work/cpu"
	readers=() others=()
	head -c 16M /dev/zero >"$work/bytes"
	for ((i = 0; i < 15; i++)); do
		"${priority[@]}" "${reader_cpu[@]}" "$bench/reader" load "$share" "$work/bytes" >"$work/load.out" 2>"$work/load.err" &
		others+=($!)
	done
	"${priority[@]}" "${worker_cpu[@]}" nice -n 10 "$bench/reader" load "$served" "$work/bytes" >"$work/load.out" 2>"$work/load.err" &
	others+=($!)
}

# note_load: write the CPU time per second of feeding to $work/cpu: a fifteenth of that of all readers and of
# the agent's threads for control, and that of the serving thread.
note_load() {
	local pid used=0
	for pid in "${readers[@]}" "${others[0]}"; do used=$((used + $(cpu_ns "$pid" '*'))); done
	used=$((used + $(cpu_ns "$agent_pid" '*') - $(cpu_ns "$agent_pid" 'weft-worker*') - serve_ns))
	awk -v u="$used" -v s="$serve_ns" -v often="$(cat "$work/often.out")" \
		'{ printf "%.4f %.4f\n", (u / 1e9 + often) / $4 / 15, s / 1e9 / $4 }' "$work/feed.out" >"$work/cpu"
}

# feed_subscribers: feed, and kill the last reader half way.
feed_subscribers() {
	local last=$((${#readers[@]} - 1)) feed_pid
	feed &
	feed_pid=$!
	sleep $((seconds / 2)).$((seconds % 2 * 5))
	kill -9 "${readers[last]}"
	wait "${readers[last]}" 2>/dev/null
	unset "readers[last]"
	wait "$feed_pid"
	wait "${others[1]}" || fail "the client that connects 1,000 times failed: $(cat "$work/often.err")"
}

# delivered_bytes: print the bytes that were delivered, when the worker has read all frames.
delivered_bytes() {
	local before='' after
	while after=$(metric payload_delivered_bytes) && [ "$after" != "$before" ]; do
		before=$after
		sleep 0.3
	done
	echo "$after"
}

fail() {
	echo "subscribers.sh: $1" >&2
	failed=1
}

# ledger_delivered: print the bytes that were delivered until the agent ended. At its end, it also delivers
# data that waited behind a hole.
ledger_delivered() {
	sed -n 's/.*ledger payload_bytes.* = \([0-9,]*\) delivered.*/\1/p' "$work/agent.err" "$work/agent.out" | tr -d ,
}

# check_readers DELIVERED: write the share of the bytes that each reader received to $work/shares.
check_readers() {
	local i
	: >"$work/shares"
	for i in "${!readers[@]}"; do
		wait "${readers[i]}" || fail "reader $i failed: $(cat "$work/reader-$i.err")"
		awk -v all="$1" '{ printf "%.3f\n", $1 / all; exit $1 + $2 != all }' "$work/reader-$i.out" >>"$work/shares" ||
			fail "reader $i: received and lost bytes do not add up to $1: $(cat "$work/reader-$i.out")"
	done
}

# measure KIND: write the rate, the CPU time per byte of workers and of the thread that serves, the share
# of the sent bytes that were delivered, and the shares of check_readers().
measure() {
	local delivered before worker_ns serve_ns shares='- -'
	start_agent
	case $1 in
	all) start_subscribers ;;
	load) start_load ;;
	esac
	before=$(cpu_ns "$agent_pid" 'weft-worker*')
	if [ "$1" = all ]; then feed_subscribers; else feed; fi
	delivered=$(delivered_bytes)
	worker_ns=$(($(cpu_ns "$agent_pid" 'weft-worker*') - before)) serve_ns=$(cpu_ns "$agent_pid" weft-serve)
	[ "$1" = all ] && note_load
	stop_agent
	grep -q 'NOT closed' "$work/agent.err" "$work/agent.out" && fail 'a ledger is not closed'
	stop_others
	if [ "$1" = all ]; then
		check_readers "$(ledger_delivered)"
		shares=$(sort -g "$work/shares" | sed -n '1p;$p' | xargs)
	fi
	readers=() others=()
	awk -v d="$delivered" -v w="$worker_ns" -v s="$serve_ns" -v shares="$shares" \
		'{ printf "%.0f %.4f %.4f %.3f %s\n", d / $4, w / d, s / d, d / $8, shares }' "$work/feed.out" >>"$work/$1"
}

# stop_others: end the processes that do not end with the agent. The one that connects often has ended.
stop_others() {
	local pid
	for pid in "${others[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
}

# line KIND TEXT
line() {
	printf '%-24s  %6.0f MB/s, %s of the bytes sent; ns/byte: workers %s, serving %s\n' "$2" \
		"$(median 1 <"$work/$1" | awk '{ print $1 / 1e6 }')" "$(median 4 <"$work/$1")" "$(median 2 <"$work/$1")" \
		"$(median 3 <"$work/$1")"
}

# ratio KIND OTHER TEXT
ratio() {
	awk -v a="$(median 1 <"$work/$1")" -v b="$(median 1 <"$work/$2")" -v c="$(median 4 <"$work/$1")" \
		-v d="$(median 4 <"$work/$2")" -v e="$(median 2 <"$work/$1")" -v f="$(median 2 <"$work/$2")" -v text="$3" \
		'BEGIN { printf "%s: rate %.3f, share of the bytes sent %.3f, CPU time of the workers per byte %.3f\n",
			text, a / b, c / d, e / f }'
}

failed=0
for ((run = 0; run < runs; run++)); do
	for kind in none all load; do measure "$kind"; done
done
line none 'no subscribers'
line all '16 subscribers'
line load 'the same load without'
printf 'shares of the bytes that readers received: %s to %s; the rest is reported to them as lost\n' \
	"$(median 5 <"$work/all")" "$(median 6 <"$work/all")"
ratio all none 'with subscribers to without'
ratio load none 'beside 16 processes of the same load that do not subscribe, to without'
ratio all load 'with subscribers to that load'
exit $failed
