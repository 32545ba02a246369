#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# shm_replay.sh BUILD_DIR - measures how fast a program touches every payload byte of a capture file in
# the page cache, the traffic "bulk": in the callback of the replaying process, and in another process,
# through shared memory and through a socket. All in one run and in turn, by wall clock.
#
#   RUNS    runs of each; the medians are printed                   (default: 5)
#   ALONE   1: raise the priority of all processes, so that other programs get little CPU time; needs root
#   SCALE, BENCH_DATA   see traffic.sh
#
# A run fails if a reader did not touch the same bytes as the others. The last lines are ratios: shared
# memory to callback, and shared memory to socket.
set -u
cd "$(dirname "$0")/../.." || exit 1
out=${1:-build}
bench=$out/bench
runs=${RUNS:-5}
# shellcheck source=tests/bench/cpu.sh
. tests/bench/cpu.sh
# shellcheck source=tests/bench/traffic.sh
. tests/bench/traffic.sh
work=$(mktemp -d)
replay_pid=''
trap '[ -z "$replay_pid" ] || kill "$replay_pid" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
priority=()
[ "${ALONE:-0}" = 1 ] && priority=(nice -n -15)
make_traffic bulk
file=$(traffic_file bulk)
socket=$work/replay.sock

# measure KIND: append to $work/KIND the bytes touched per second, and to $work/sums the bytes and their sum.
measure() {
	local bytes lost sum seconds
	if [ "$1" = inline ]; then
		"${priority[@]}" "$bench/reader" replay "$file" >"$work/out"
	else
		"${priority[@]}" "$out/weft" replay "$file" --checksum ignore --quiet --workers 1 \
			--subscribers 1 --set control.dir="$work" &
		replay_pid=$!
		until [ -S "$socket" ]; do
			kill -0 "$replay_pid" || exit 1
			sleep 0.05
		done
		"${priority[@]}" "$bench/reader" "$1" "$socket" >"$work/out" 2>"$work/err" || failed=1
		wait "$replay_pid" || failed=1
		replay_pid=''
	fi
	read -r bytes lost sum seconds <"$work/out"
	echo "$bytes $lost $sum" >>"$work/sums"
	awk -v b="$bytes" -v s="$seconds" 'BEGIN { print b / s }' >>"$work/$1"
}

failed=0
for ((run = 0; run < runs; run++)); do
	for kind in inline shm socket; do measure "$kind"; done
done
[ "$(sort -u "$work/sums" | wc -l)" -eq 1 ] || {
	echo "shm_replay.sh: readers touched different bytes:" >&2
	sort -u "$work/sums" >&2
	failed=1
}
for kind in inline shm socket; do
	printf 'touch every byte of a replay, %-6s  %6.0f MB/s\n' "$kind" "$(median 1 <"$work/$kind" | awk '{ print $1 / 1e6 }')"
done
for kind in inline socket; do
	awk -v a="$(median 1 <"$work/shm")" -v b="$(median 1 <"$work/$kind")" -v kind="$kind" \
		'BEGIN { printf "shared memory to %-6s  rate %.2f\n", kind, a / b }'
done
exit $failed
