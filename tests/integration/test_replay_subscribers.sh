#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_replay_subscribers.sh - weft replay --subscribers: programs that subscribe receive the streams of
# capture files, all of them, through a socket and shared memory, however slow they are; a reader that
# dies or never reads does not disturb another one, and does not keep the replay from ending.
. "$(dirname "$0")/lib.sh"
need_weft
socket=$work/control/replay.sock
sub_check=${weft%/weft}/helpers/sub_check
traffic=${weft%/weft}/bench/traffic
conns=40 conn_bytes=500000

# replay_start N FILE ARGS...: begin a replay in the background that waits for N subscribers. Sets replay_pid.
replay_start() {
	local count=$1
	shift
	background replay_pid "$weft" replay "$@" --subscribers "$count" --checksum ignore \
		--set "control.dir=$work/control" 2>"$work/replay.err"
	wait_until 50 test -S "$socket"
}
# replay_ends STATUS TENTHS: the replay ends with STATUS within TENTHS of a second.
replay_ends() {
	local status
	lib_gone "$replay_pid" "$2" || return 1
	wait "$replay_pid"
	status=$?
	cat "$work/replay.err"
	[ "$status" -eq "$1" ] && [ ! -e "$socket" ]
}
ledgers_close() { ! grep 'NOT closed' "$work/replay.err" && grep -q 'ledger payload_bytes closed' "$work/replay.err"; }

# reader NAME ARGS...: run sub_check ARGS... in the background; the results are in $work/NAME.out.
declare -A pids_of
reader() {
	local pid name=$1
	shift
	background pid "$sub_check" "$@" >"$work/$name.out" 2>"$work/$name.err"
	pids_of[$name]=$pid
}
reader_ends() { wait "${pids_of[$1]}"; [ $? -eq "$2" ] || { cat "$work/$1.err"; return 1; }; }
# has_all NAME: the reader NAME got each stream of the capture, and nothing was lost.
has_all() {
	reader_ends "$1" 0 && grep -v total "$work/$1.out" | sort | cmp - "$work/want" &&
		[ "$(sed -n 's/^total //p' "$work/$1.out")" = "$((conns * conn_bytes)) 0 0 0" ]
}
peer() { background peer_pid /usr/bin/python3 "$root/tests/integration/sub_peer.py" "$socket" "$@"; }
sub() { "$weft" subscribe --set "control.dir=$work/control" "$@"; }

python3 "$root/tests/integration/make_conns.py" "$work/conns.pcap" $conns $conn_bytes || exit 1
python3 "$root/tests/integration/make_pcap.py" "$work/small.pcap" || exit 1
"$weft" replay "$work/conns.pcap" --checksum ignore --quiet --streams "$work/streams" || exit 1
(cd "$work/streams" && "$sub_check" --sum 10.0.0.2.80-*) | sort >"$work/want"

go=$work/go # a reader that has this argument does not read before the file exists

# ---- the bytes ----

for kind in '' --shm; do
	for workers in 1 2; do
		check "${kind:-socket}, $workers workers: a replay waits for two readers" replay_start 2 "$work/conns.pcap" --workers $workers
		reader a $kind "$socket" a default 131072
		reader b $kind "$socket" b block 0
		check 'both get every byte, though their queues are small' eval 'has_all a && has_all b'
		check 'the replay ends, status 0' replay_ends 0 50
		check 'ledgers close' ledgers_close
	done
done

# ---- capture files that clients with shared memory map ----

shm_peer() { /usr/bin/python3 "$root/tests/integration/shm_peer.py" "$socket" "$@"; }
gzip -k "$work/conns.pcap"
check 'shared memory and a compressed file: a replay begins' replay_start 1 "$work/conns.pcap.gz"
reader a --shm "$socket" a default 0
check 'every byte, which no worker copies' eval 'has_all a && replay_ends 0 50'
check 'a client gets the capture file: a replay begins' replay_start 1 "$work/conns.pcap"
check 'its descriptor, for reading only' shm_peer files "$work/conns.pcap"
check 'the replay ends' replay_ends 0 50

# Connections are cut into more files than a client maps; one of them is compressed.
python3 "$root/tests/integration/cut_pcap.py" "$work/conns.pcap" "$work/parts" 11 || exit 1
gzip "$work/parts/04.pcap"
for workers in 1 2; do
	check "11 files, $workers workers: a replay begins" replay_start 2 "$work/parts" --workers $workers
	reader a --shm "$socket" a default 131072
	reader b --shm "$socket" b default 0
	check 'every byte, from mapped files, copies and pages' eval 'has_all a && has_all b && replay_ends 0 50'
	check 'ledgers close' ledgers_close
done

# is_read: the worker has read the capture.
is_read() { [ -n "$(sed -n 's/.*weft-worker.*/x/p' /proc/"$replay_pid"/task/*/comm)" ] || return 0; return 1; }
rm -f "$go"
cp "$work/conns.pcap" "$work/cut.pcap"
check 'a file that is truncated: a replay begins' replay_start 1 "$work/cut.pcap" --workers 1
reader cut --shm "$socket" cut default 67108864 "$go"
# has_file: the file waits on the connection of the reader, so the worker has begun.
has_file() { ss -xp | grep "pid=${pids_of[cut]}," | awk '$3 > 0 { found = 1 } END { exit !found }'; }
check 'the capture is read before the reader begins' eval 'wait_until 100 has_file && wait_until 100 is_read'
truncate -s 10000000 "$work/cut.pcap"
touch "$go"
check 'the reader gets an error' reader_ends cut 1
check 'which names the cause' grep -q 'capture file.* truncated' "$work/cut.err"
check 'the replay ends' replay_ends 0 50

# same_packets KIND: the packets that weft subscribe writes have the same streams and gaps as those that the
# replay itself writes.
"$traffic" lossy "$work/lossy.pcap" "$work/lossy.tsv" --scale 0.01 --seed 1 >/dev/null 2>&1 || exit 1
streams_of() { rm -rf "$work/again" && "$weft" replay "$1" --checksum verify --quiet --streams "$work/again" && (cd "$work/again" && sha256sum -- *); }
same_packets() {
	rm -f "$work/sub.pcapng" "$work/own.pcapng"
	replay_start 1 "$work/lossy.pcap" --pcap "$work/own.pcapng" || return 1
	sub --pcap "$work/sub.pcapng" "$@" && replay_ends 0 50 || return 1
	streams_of "$work/own.pcapng" >"$work/own.sums" && streams_of "$work/sub.pcapng" >"$work/sub.sums"
	[ -s "$work/own.sums" ] && cmp "$work/own.sums" "$work/sub.sums"
}
check 'weft subscribe --pcap writes the streams of a capture with losses' same_packets
check 'and from shared memory' same_packets --shm

check 'text: a replay begins' replay_start 2 "$work/small.pcap"
background python_pid /usr/bin/python3 "$root/examples/subscribe.py" "$socket" >"$work/python.out"
sub -i replay >"$work/text.out" 2>"$work/text.err"
check 'weft subscribe prints the streams, and reports the end' \
	eval 'grep -q "1000-10.0.0.2.80: hello" "$work/text.out" && grep -q "the capture has ended" "$work/text.err"'
check 'the example in Python prints them' eval 'wait "$python_pid" && grep -q "80 b.hello" "$work/python.out" && grep -q "1000 b.world" "$work/python.out"'
check 'the replay ends' replay_ends 0 50

# ---- slow, dead and hanging readers ----

rm -f "$go"
check 'a slow reader: a replay begins' replay_start 1 "$work/conns.pcap" --workers 1
reader slow "$socket" slow default 67108864 "$go"
check 'the capture is read before the reader begins' wait_until 100 is_read
sleep 6
check 'the replay still waits for the reader' kill -0 "$replay_pid"
touch "$go"
check 'the reader gets every byte' has_all slow
check 'the replay ends' replay_ends 0 50

for kind in '' --shm; do
	rm -f "$go"
	check "${kind:-socket}: a reader that is killed: a replay begins" replay_start 2 "$work/conns.pcap"
	reader dead $kind "$socket" dead default 131072 "$go"
	reader a $kind "$socket" a default 0
	sleep 0.5 # the replay can't end before: the queue of "dead" is full
	kill -9 "${pids_of[dead]}"
	check 'the other one gets every byte' has_all a
	check 'the replay ends' replay_ends 0 50
done

check 'a reader that never reads: a replay begins' replay_start 2 "$work/conns.pcap" --set delivery.subscription_ttl_sec=1
peer never
reader a "$socket" a default 0
check 'the other one gets every byte' has_all a
check 'the replay ends' replay_ends 0 100
check 'and reports which reader was ended' grep -q 'subscription never: ended because' "$work/replay.err"

check 'a reader that never reads, and no time limit: a replay begins' replay_start 1 "$work/conns.pcap"
peer never
sleep 1
kill -INT "$replay_pid"
check 'SIGINT ends the replay' replay_ends 0 100

rm -f "$go"
check 'more data than memory: a replay begins' replay_start 1 "$work/conns.pcap" --max-memory 16M --workers 1
reader much --shm "$socket" much default 67108864 "$go"
check 'the capture is read, although the reader waits' wait_until 100 is_read
touch "$go"
check 'the reader gets every byte' has_all much
check 'the replay ends' replay_ends 0 50

# ---- waiting, mistakes ----

check 'a replay whose second reader does not come begins' replay_start 2 "$work/small.pcap"
background sub_pid "$weft" subscribe --set "control.dir=$work/control" 2>"$work/sub.err"
check_weft 'other requests are rejected' 1 'a replay answers the request subscribe' stats -i replay --set "control.dir=$work/control"
check_weft 'a second replay is rejected' 4 'replay.sock: another agent or replay uses this socket' \
	replay "$work/small.pcap" --subscribers 1 --set "control.dir=$work/control"
kill -INT "$replay_pid"
check 'SIGINT ends the wait, status 1' replay_ends 1 20
check 'the reader ends, too' eval '! wait "$sub_pid"'

head -c 4096 /dev/urandom >"$work/garbage"
check 'a file that is no capture: a replay begins' replay_start 1 "$work/garbage"
sub 2>"$work/sub.err"
check 'the replay fails at once, status 3' replay_ends 3 20
check 'and names the file' grep -q 'garbage: not a pcap or pcapng file' "$work/replay.err"

for count in 0 25 x; do
	check_weft "--subscribers $count is rejected" 2 "--subscribers: '$count' is not a number from 1 to 24" \
		replay "$work/small.pcap" --subscribers $count
done
check_weft 'a directory that can not be made is named' 1 'control: /proc/none: ' \
	replay "$work/small.pcap" --subscribers 1 --set control.dir=/proc/none
finish
