#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_overload.sh - sends twice the traffic that a throttled worker can process. Without shedding
# most connections have gaps. With shedding the accepted connections are complete, and after the
# overload all new connections are accepted.
#
# Alone: the test sends twice the traffic that a worker can process even if it has a processor for
# itself.
. "$(dirname "$0")/lib.sh"
need_root
need_weft
slow=$(dirname "$weft")/helpers/slow_worker
[ -x "$slow" ] || skip_all "$slow is not built"

# The worker pauses for 1 ms after each segment. A connection has 10 segments, so with the timer's
# slack the worker can process about 90 connections per second.
pause_us=1000 segments=10 size=100

# capture NAME shed|no-shed LOAD_SEC END_SEC: capture phases of traffic, of which the overload takes
# 2 s and then LOAD_SEC, and the last phase takes END_SEC. The output of the worker is in
# $work/NAME.
capture() {
	NO_IPV6=1 make_pair 1 || return 1
	ip -n "$ns_a" addr flush dev eth0
	background slow_pid ip netns exec "$ns_a" nice -n -10 "$slow" eth0 "$2" $pause_us $((segments * size)) \
		>"$work/$1" 2>"$work/$1.err"
	wait_until 50 grep -q '^now' "$work/$1" || return 1
	in_b python3 "$root/tests/integration/overload.py" eth0 $segments $size 30,1 180,2 180,$3 30,$4 || return 1
	# Wait until the worker has processed all frames.
	sleep 2
	kill -TERM "$slow_pid" && wait "$slow_pid"
	drop_pair
}

# share NAME PHASE: print the percentage of the seen connections that were complete.
share() { awk -v phase="$2" '$1 == "phase" && $2 == phase { print $4 ? int($6 * 100 / $4) : 0 }' "$work/$1"; }
seen() { awk -v phase="$2" '$1 == "phase" && $2 == phase { print $4 }' "$work/$1"; }

check 'without shedding' capture none no-shed 3 1
check 'without shedding, fewer than half of the connections are complete' [ "$(share none 2)" -lt 50 ]
check 'with shedding' capture shed shed 16 14
# Connections that began before the first loss can't be shed, so the first two seconds of the
# overload (phase 1) are not judged.
check 'with shedding, more than 300 connections are captured' [ "$(seen shed 2)" -gt 300 ]
check 'with shedding, at least 95 % of the captured connections are complete' [ "$(share shed 2)" -ge 95 ]
check 'the start and the end of shedding are logged' bash -c "
	grep -q 'keep up: [0-9]* % of new' '$work/shed.err' && grep -q 'no more connections are left out' '$work/shed.err'"
check 'after the load none is shed' bash -c "grep '^now' '$work/shed' | tail -n 1 | grep -q 'shed_percent 0'"
{ grep phase "$work/none"; cat "$work/shed"; } | diag
finish
