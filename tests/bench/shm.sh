#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# shm.sh BUILD_DIR - measures how fast a program touches every payload byte of a live capture: in the
# callback of the capturing process, and in another process, through shared memory and through a
# socket. All in one run and in turn.
#
#   PAYLOAD   bytes of data in each segment    (default: 1446, as in the traffic "bulk")
#   FLOWS     concurrent connections           (default: 8)
#   PPS       segments per second; 0: as many as possible (default: 0)
#   SECONDS_EACH, RUNS   length and number of runs (default: 4 and 5); the medians are printed
#   ALONE     1: raise the priority, so that other programs get little CPU time
#
# Each line also has the CPU time per byte of each part: the worker per byte that it delivers, the
# thread of the agent that serves the reader, and the reader, per byte that is touched. With fewer CPUs
# than parts, the parts share them, and the rate follows from the sum.
#
# A run fails if data was copied for shared memory. The last lines are ratios: shared memory to callback,
# and shared memory to socket.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/bench/cpu.sh
out=${1:-build}
bench=$out/bench
payload=${PAYLOAD:-1446} flows=${FLOWS:-8} seconds=${SECONDS_EACH:-4} runs=${RUNS:-5} pps=${PPS:-0}
[ "$(id -u)" -eq 0 ] || {
	echo "shm.sh: needs root" >&2
	exit 4
}
ns=weft-bench-$$
work=$(mktemp -d)
agent_pid='' reader_pid=''

cleanup() {
	local pid
	trap - EXIT INT TERM
	for pid in $agent_pid $reader_pid; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
	ip netns del "$ns" 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# On two CPUs or more, the source and the worker each have their own CPU. Readers in other processes
# may use every CPU.
source_cpu=() worker_cpu=()
[ "$(nproc)" -ge 2 ] && source_cpu=(taskset -c 0) worker_cpu=(taskset -c 1)

priority=()
[ "${ALONE:-0}" = 1 ] && priority=(nice -n -20)

wait_for() {
	local try
	for ((try = 0; try < 100; try++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	cat "$work"/*.err >&2
	exit 1
}
is_ready() { grep -q ready "$work/reader.err"; }
stats() { "$out/weft" stats -i rx0 --set control.dir="$work" --json; }
start_reader() {
	"${priority[@]}" "$@" >"$work/reader.out" 2>"$work/reader.err" &
	reader_pid=$!
	wait_for is_ready
}
start_agent() {
	"${priority[@]}" "${worker_cpu[@]}" ip netns exec "$ns" "$out/weft" run -i rx0 --mode tap --workers 1 --quiet \
		--set control.dir="$work" >"$work/agent.out" 2>"$work/agent.err" &
	agent_pid=$!
	wait_for stats
}
feed() {
	local pace=()
	[ "$pps" -gt 0 ] && pace=(--pps "$pps")
	"${priority[@]}" "${source_cpu[@]}" ip netns exec "$ns" "$bench/live_feed" tx0 --flows "$flows" --payload "$payload" \
		--seconds "$seconds" "${pace[@]}" >"$work/feed.out"
	sleep 0.3
}

# account PID: write to $work/account the bytes that the worker has delivered, and the CPU time of
# the worker, the serving thread and the reader. PID: the capturing process, which may be the
# reader.
account() {
	local delivered=0 reader_ns=0
	if [ "$1" != "$reader_pid" ]; then
		delivered=$(stats | jq '.metrics.payload_delivered_bytes.value')
		reader_ns=$(cpu_ns "$reader_pid" '*')
	fi
	echo "$delivered $(cpu_ns "$1" 'weft-worker*') $(cpu_ns "$1" weft-serve) $reader_ns" >"$work/account"
}

# measure KIND: append to $work/KIND the bytes touched per second, their share of the sent bytes,
# and the CPU time per byte of worker, serving thread and reader.
measure() {
	case $1 in
	inline) start_reader "${worker_cpu[@]}" ip netns exec "$ns" "$bench/reader" inline rx0 ;;
	*)
		start_agent
		start_reader "$bench/reader" "$1" "$work/rx0.sock"
		;;
	esac
	feed
	account "${agent_pid:-$reader_pid}"
	if [ "$1" = inline ]; then
		kill -TERM "$reader_pid"
	else
		[ "$1" = shm ] && copied=$(stats | jq '.metrics.delivery_copied_bytes.value')
		kill -TERM "$agent_pid"
		wait "$agent_pid"
		agent_pid=
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
ip netns add "$ns" || exit 4
ip -n "$ns" link add tx0 type veth peer name rx0
ip netns exec "$ns" sysctl -qw net.ipv6.conf.tx0.disable_ipv6=1 net.ipv6.conf.rx0.disable_ipv6=1
ip -n "$ns" link set tx0 up
ip -n "$ns" link set rx0 up
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
