#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# shm.sh BUILD_DIR - measures how fast a program touches every payload byte of a live capture: in the
# callback of the capturing process, and in another process, through shared memory and through a
# socket. All in one run and in turn.
#
# live_pair.sh has the variables that set traffic and runs; QUEUE_MB is the size of the readers' queue
# in MiB (default: 32; the agent's default is 8).
#
# The source sends 32,768 frames at about twice its mean rate, then pauses for as long. During a burst,
# source, worker, serving thread and reader need more CPU time than two CPUs have, so data waits in
# the queue. With QUEUE_MB=8, the loss is that of a queue that does not hold a burst; with 32, it is
# that of the CPUs.
#
# Each line also has the CPU time per byte of each part: the worker per byte that it delivers, the
# thread of the agent that serves the reader, and the reader, per byte that is touched. With fewer CPUs
# than parts, the parts share them, and the rate follows from the sum.
#
# A run fails if data was copied for shared memory. The last lines are ratios: shared memory to callback,
# and shared memory to socket.
set -u
cd "$(dirname "$0")/../.." || exit 1
reader_pid=''
reader_pids() { echo "$reader_pid"; }
. tests/bench/live_pair.sh

queue_mb=${QUEUE_MB:-32}
# The agent raises the priority of its workers itself, unless it was started with another one.
inline_priority=("${agent_priority[@]}")
[ ${#inline_priority[@]} -gt 0 ] || inline_priority=(nice -n -10)
is_ready() { grep -q ready "$work/reader.err"; }
start_reader() {
	"$@" >"$work/reader.out" 2>"$work/reader.err" &
	reader_pid=$!
	wait_for is_ready
}

# account PID: write to $work/account the bytes that the worker has delivered, and the CPU time of
# the worker, the serving thread and the reader. PID: the capturing process, which may be the
# reader.
account() {
	local delivered=0 reader_ns=0
	if [ "$1" != "$reader_pid" ]; then
		delivered=$(metric payload_delivered_bytes)
		reader_ns=$(cpu_ns "$reader_pid" '*')
	fi
	echo "$delivered $(cpu_ns "$1" 'weft-worker*') $(cpu_ns "$1" weft-serve) $reader_ns" >"$work/account"
}

# measure KIND: append to $work/KIND the bytes touched per second, their share of the sent bytes,
# and the CPU time per byte of worker, serving thread and reader.
measure() {
	case $1 in
	inline) start_reader "${inline_priority[@]}" "${worker_cpu[@]}" ip netns exec "$ns" "$bench/reader" inline rx0 ;;
	*)
		start_agent --quiet
		start_reader "${priority[@]}" "$bench/reader" "$1" "$work/rx0.sock" 0 "$queue_mb"
		;;
	esac
	feed
	sleep 0.3
	account "${agent_pid:-$reader_pid}"
	if [ "$1" = inline ]; then
		kill -TERM "$reader_pid"
	else
		[ "$1" = shm ] && copied=$(metric delivery_copied_bytes)
		stop_agent
	fi
	wait "$reader_pid" || failed=1
	reader_pid=
	awk 'FILENAME ~ /account$/ { delivered = $1; worker = $2; serve = $3; reader = $4; next }
		FILENAME ~ /feed.out$/ { seconds = $4; sent = $8; next }
		{ printf "%.0f %.3f %.4f %.4f %.4f\n", $1 / seconds, $1 / sent,
			worker / (delivered ? delivered : $1), serve / $1, reader / $1 }' \
		"$work/account" "$work/feed.out" "$work/reader.out" >>"$work/$1"
	[ "$copied" -eq 0 ] || failed=1
}

failed=0 copied=0
for ((run = 0; run < runs; run++)); do
	for kind in inline shm socket; do measure "$kind"; done
done
for kind in inline shm socket; do
	printf 'touch every byte, %-6s  %6.0f MB/s  (%s of what was sent)  ns/byte: worker %s, serving %s, reader %s\n' \
		"$kind" "$(median 1 <"$work/$kind" | awk '{ print $1 / 1e6 }')" \
		"$(median 2 <"$work/$kind")" \
		"$(median 3 <"$work/$kind")" "$(median 4 <"$work/$kind")" "$(median 5 <"$work/$kind")"
done
printf 'shared memory: %s bytes copied\n' "$copied"
# cpu_of KIND: print, for each run, the CPU time per byte of all parts, and of the worker.
cpu_of() { awk '{ print $3 + $4 + $5, $3 }' "$work/$1"; }
for kind in inline socket; do
	awk -v a="$(median 1 <"$work/shm")" -v b="$(median 1 <"$work/$kind")" -v kind="$kind" \
		-v all="$(cpu_of shm | median 1)" -v all_b="$(cpu_of "$kind" | median 1)" \
		-v worker="$(cpu_of shm | median 2)" -v worker_b="$(cpu_of "$kind" | median 2)" 'BEGIN {
			printf "shared memory to %-6s  rate %.3f  CPU time per byte: all parts %.3f, worker %.3f\n",
				kind, a / b, all / all_b, worker / worker_b }'
done
exit $failed
