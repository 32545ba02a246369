#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# subscribers.sh BUILD_DIR - measures what 16 subscribers cost the workers of a live capture: each overflow
# policy on a socket and in shared memory, five more in shared memory, one that never reads, one that is
# killed half way, and one that connects and disconnects 1,000 times. Runs without and with subscribers
# alternate.
#
# live_pair.sh has the variables that set traffic and runs.
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
	"${reader_cpu[@]}" /usr/bin/python3 tests/integration/sub_peer.py "$socket" often 1000 2>"$work/often.err" &
	others+=($!)
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

# measure KIND: write the rate, the CPU time per byte of workers and of the thread that serves, and the
# shares of check_readers().
measure() {
	local delivered before worker_ns serve_ns shares='- -'
	start_agent
	[ "$1" = none ] || start_subscribers
	before=$(cpu_ns "$agent_pid" 'weft-worker*')
	if [ "$1" = none ]; then feed; else feed_subscribers; fi
	delivered=$(delivered_bytes)
	worker_ns=$(($(cpu_ns "$agent_pid" 'weft-worker*') - before)) serve_ns=$(cpu_ns "$agent_pid" weft-serve)
	stop_agent
	grep -q 'NOT closed' "$work/agent.err" "$work/agent.out" && fail 'a ledger is not closed'
	if [ "$1" != none ]; then
		kill "${others[0]}" && wait "${others[0]}" 2>/dev/null
		check_readers "$delivered"
		shares=$(sort -g "$work/shares" | sed -n '1p;$p' | xargs)
		readers=() others=()
	fi
	awk -v d="$delivered" -v w="$worker_ns" -v s="$serve_ns" -v shares="$shares" \
		'{ printf "%.0f %.4f %.4f %s\n", d / $4, w / d, s / d, shares }' "$work/feed.out" >>"$work/$1"
}

failed=0
for ((run = 0; run < runs; run++)); do
	for kind in none all; do measure "$kind"; done
done
for kind in none all; do
	printf '%-15s  %6.0f MB/s delivered  ns/byte: workers %s, serving %s\n' \
		"$([ $kind = none ] && echo 'no subscribers' || echo '16 subscribers')" \
		"$(median 1 <"$work/$kind" | awk '{ print $1 / 1e6 }')" "$(median 2 <"$work/$kind")" "$(median 3 <"$work/$kind")"
done
printf 'shares of the bytes that readers received: %s to %s; the rest is reported to them as lost\n' \
	"$(median 4 <"$work/all")" "$(median 5 <"$work/all")"
awk -v a="$(median 1 <"$work/all")" -v b="$(median 1 <"$work/none")" -v c="$(median 2 <"$work/all")" \
	-v d="$(median 2 <"$work/none")" \
	'BEGIN { printf "with subscribers to without: rate %.3f, CPU time of the workers per byte %.3f\n", a / b, c / d }'
exit $failed
