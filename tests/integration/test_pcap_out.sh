#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_pcap_out.sh - the packets of --pcap give the same streams and gaps as the packets that weft
# read, and tshark finds no fault in them but the missing ranges.
. "$(dirname "$0")/lib.sh"
need_weft
need_corpus
traffic=$(dirname "$weft")/bench/traffic

# gaps EVENTS: print each gap as connection, direction, offset and length. Adjacent gaps are one: a
# reader of packets can't tell them apart.
gaps() {
	jq -r 'select(.event_type == "gap") | [.src_ip, .src_port, .dest_ip, .dest_port, .direction,
		.gap.offset, .gap.length] | @tsv' "$1" | sort -t$'\t' -k1,5 -k6,6n | awk -F'\t' -v OFS='\t' '
		{ key = $1 OFS $2 OFS $3 OFS $4 OFS $5 }
		key == last && $6 == end { end += $7; next }
		NR > 1 { print last, start, end }
		{ last = key; start = $6; end = $6 + $7 }
		END { if (NR) print last, start, end }'
}

# round_trip NAME FILE [OPTION...]: replay FILE with --pcap, replay the result, and compare.
round_trip() {
	local dir=$work/trip/$1 file=$2 status
	shift 2
	mkdir -p "$dir"
	"$weft" replay "$file" --quiet --max-memory 64M --streams "$dir/a" --events "$dir/a.json" \
		--pcap "$dir/clean.pcapng" "$@" >"$dir/log" 2>&1
	status=$?
	[ $status -eq 0 ] || [ $status -eq 3 ] || { cat "$dir/log"; return 1; }
	"$weft" replay "$dir/clean.pcapng" --quiet --max-memory 64M --checksum verify \
		--streams "$dir/b" --events "$dir/b.json" || return 1
	same_files "$dir/a" "$dir/b" || return 1
	! grep -q '"gap":' "$dir/a.json" "$dir/b.json" || diff <(gaps "$dir/a.json") <(gaps "$dir/b.json")
}

# ---- the corpus ----

# This capture is left out: its connections differ only in their tunnel, which the output does not
# have.
tunnels_collide='^tunnel/vxlan-two-networks'
# trip_half N: make the round trip of every second capture, beginning with the first (N is 1) or the
# second (N is 0).
trip_half() {
	local capture checksum wrong=0
	while IFS=$'\t' read -r capture checksum; do
		round_trip "$capture" "$corpus/captures/$capture" --checksum "$checksum" && continue
		echo "# $capture"
		wrong=1
	done < <(awk -F'\t' -v OFS='\t' '!/^#/ && $10 == "req" {
		print $1, $11 ? $11 : "ignore" }' "$corpus/expected.tsv" | sort -u |
		grep -Ev "$tunnels_collide" | awk -v half="$1" 'NR % 2 == half')
	return $wrong
}
trip_all() {
	local first status
	trip_half 0 & first=$!
	trip_half 1
	status=$?
	wait $first && return $status
}
check 'each capture of the corpus gives the same streams and gaps again' trip_all

# ---- loss, disorder, duplicates, overlaps ----

# Random conversations of tests/fuzz/test_conversations.c, in four captures.
conversations() {
	local seed
	for seed in 1 2 3 4; do
		"$(dirname "$weft")/tests/test_conversations" --write "$work/$seed.pcap" --seed $seed \
			--batch 250 || return 1
		round_trip "conversations-$seed" "$work/$seed.pcap" --checksum ignore || return 1
	done
}
check '1,000 random conversations: the same streams and gaps' conversations

for kind in lossy holes lossy-rtt; do
	"$traffic" $kind "$work/$kind.pcap" "$work/truth.tsv" --scale 0.01 >"$work/log" 2>&1 ||
		{ not_ok "traffic $kind" && continue; }
	check "$kind traffic: the same streams and gaps" round_trip $kind "$work/$kind.pcap"
done
check 'holes: there are gaps' test "$(gaps "$work/trip/holes/a.json" | wc -l)" -gt 10

# ---- tshark ----

fields() { # FILE FILTER: print the numbers and comments of the packets
	tshark -r "$1" -n -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE -T fields -e frame.number \
		-e frame.comment -Y "$2" 2>/dev/null
}
# faults: a display filter of packets with a fault. A missing range and its acknowledgement are no
# faults.
faults='(tcp.analysis.flags && !tcp.analysis.lost_segment && !tcp.analysis.ack_lost_segment) ||
	tcp.checksum.status == "Bad" || ip.checksum.status == "Bad" || tcp.analysis.out_of_order ||
	tcp.analysis.retransmission'
has_no_faults() { # NAME
	fields "$work/trip/$1/clean.pcapng" "$faults" >"$work/faults"
	! grep . "$work/faults"
}
losses_have_causes() { # NAME: each gap has a comment, and nothing else is missing
	local file=$work/trip/$1/clean.pcapng comments
	comments=$(fields "$file" 'frame.comment contains "are missing: not_captured"' | wc -l)
	[ "$comments" -eq "$(grep -c '"gap":' "$work/trip/$1/a.json")" ] &&
		[ "$(fields "$file" tcp.analysis.lost_segment | wc -l)" -eq "$comments" ]
}
unhex() { tr -d '\t\n' | tr a-f A-F | basenc -d --base16; }
follows() { # NAME: the first stream of the file, as tshark reassembles it, is that of weft
	local dir=$work/trip/$1 ends
	ends=$(tshark -r "$dir/clean.pcapng" -n -c 1 -T fields -e ip.src -e tcp.srcport -e ip.dst \
		-e tcp.dstport 2>/dev/null) || return 1
	# shellcheck disable=SC2086 # four words
	set -- $ends
	tshark -r "$dir/clean.pcapng" -n -q -z follow,tcp,raw,0 2>/dev/null | sed -n '/^Node 1/,/^=/p' |
		sed '1d;$d' >"$work/follow"
	grep -v $'^\t' "$work/follow" | unhex | cmp - "$dir/a/$1.$2-$3.$4" &&
		grep $'^\t' "$work/follow" | unhex | cmp - "$dir/a/$3.$4-$1.$2"
}
if command -v tshark >/dev/null; then
	for kind in lossy holes lossy-rtt; do
		check "tshark: $kind: no retransmission, disorder, overlap or wrong checksum" has_no_faults $kind
	done
	check 'tshark: a comment names the cause of each missing range' losses_have_causes holes
	check 'tshark: the first stream has the right bytes' follows lossy
else
	skip 'tshark reads the file' 'tshark is not installed'
fi

# ---- outputs ----

small=$corpus/captures/data/hole-never-captured.pcap
replay_small() { "$weft" replay "$small" --checksum ignore "$@"; }

packets() { tcpdump -nr "$1" 2>/dev/null | wc -l; }
replay_small --quiet --pcap "$work/file.pcapng"
count=$(packets "$work/file.pcapng")
check 'tcpdump reads the file' test "$count" -gt 10
check_weft 'a file that is not empty is refused' 1 'is not empty; --append adds a section' \
	replay "$small" --pcap "$work/file.pcapng"
check 'a file that is refused keeps its packets' test "$(packets "$work/file.pcapng")" -eq "$count"
check 'a section is appended' replay_small --quiet --append --pcap "$work/file.pcapng"
check 'both sections are read' test "$("$weft" replay "$work/file.pcapng" 2>&1 |
	grep -c " $((2 * count)) packets")" -eq 1
echo text >"$work/text"
check_weft 'a file of another kind is not appended to' 1 "can't be appended to" \
	replay "$small" --append --pcap "$work/text"
check 'the file is replaced with --force' replay_small --quiet --force --pcap "$work/text"
check 'the replaced file has the packets of one run' test "$(packets "$work/text")" -eq "$count"
check_weft 'two users of standard output' 2 "'--events -' and '--pcap -' both write" \
	replay "$small" --events - --pcap -
check_weft 'two outputs to one file' 2 "is also the file of events" \
	replay "$small" --events "$work/x" --pcap "$work/x"
cp "$work/file.pcapng" "$work/input.pcapng"
check_weft 'the input is not overwritten' 2 'input.pcapng: this file is read' \
	replay "$work/input.pcapng" --force --pcap "$work/input.pcapng"
mkdir "$work/dir" && cp "$work/input.pcapng" "$work/dir"
check_weft 'a file of a directory that is read is not overwritten' 2 'input.pcapng: this file is read' \
	replay "$work/dir" --append --pcap "$work/dir/input.pcapng"
check 'both input files are unchanged' eval 'cmp "$work/file.pcapng" "$work/input.pcapng" &&
	cmp "$work/file.pcapng" "$work/dir/input.pcapng"'
check 'the summary is not in standard output' test "$(replay_small --pcap - 2>/dev/null |
	tcpdump -nr - 2>/dev/null | wc -l)" -eq "$count"

"$weft" replay "$work/lossy.pcap" --quiet --checksum ignore --pcap - 2>"$work/err" | head -c 1000 >/dev/null
check 'a reader that leaves: status 1' test "${PIPESTATUS[0]}" -eq 1
check 'a reader that leaves: the message says so' grep -q 'pcap: standard output: the reading process has closed the pipe' "$work/err"

if [ "$(id -u)" -eq 0 ]; then
	cat >"$work/full.sh" <<-SCRIPT
		mkdir -p '$work/small' && mount -t tmpfs -o size=300k none '$work/small' || exit 99
		'$weft' replay '$work/lossy.pcap' --checksum ignore --json --on-disk-full continue \
			--pcap '$work/small/x' >'$work/report.json' 2>'$work/err'
		echo \$? >'$work/status'
		cp '$work/small/x' '$work/full.pcapng'
	SCRIPT
	unshare -m bash "$work/full.sh"
	check 'full disk: status 1' grep -qx 1 "$work/status"
	check 'full disk: the file has whole packets' "$weft" replay "$work/full.pcapng" --quiet
	check 'full disk: bytes that are missing are counted' jq -e '.sinks[0] | .failed_bytes > 0' "$work/report.json"
fi

# ---- live ----

if [ "$(id -u)" -ne 0 ]; then
	skip 'live capture' 'needs root'
	finish
fi
cat >"$work/server.py" <<'PYTHON'
import socketserver
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline():
            self.wfile.write(line * 3000)
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("", 80), Handler).serve_forever()
PYTHON
# The client sends a line, and a second one when the file in its argument has a line.
cat >"$work/client.py" <<'PYTHON'
import socket
import sys
more = open(sys.argv[1])
peer = socket.create_connection(("10.78.0.2", 80), 5)
for last in (False, True):
    peer.sendall(b"give me more of it\n")
    left = 19 * 3000
    while left:
        left -= len(peer.recv(left))
    print("got it", flush=True)
    if last or not more.readline():
        break
PYTHON
make_pair || exit 1
background server ip netns exec "$ns_b" python3 "$work/server.py"
visit() { in_a python3 "$work/client.py" /dev/null; }
wait_until 50 visit

agent_start "$ns_a" eth0 --streams "$work/live" --pcap "$work/live.pcapng"
mkfifo "$work/more"
exec 8<>"$work/more"
background client ip netns exec "$ns_a" python3 "$work/client.py" "$work/more" >"$work/got"
check 'live: a connection' wait_until 50 grep -q 'got it' "$work/got"
in_file() { [ "$("$weft" replay "$1" --json --quiet | jq '.metrics.payload_delivered_bytes.value')" -ge "$2" ]; }
check 'live: it is written at once' wait_until 50 in_file "$work/live.pcapng" 57019
has_sub() { agent_stats --json | jq -e 'any(.subscriptions[]; .name == "pcap" and .state == "running")'; }
check 'live: weft stats has the subscription' has_sub
# The user that weft has become must be allowed to create the new file.
chown "$(stat -c %u "$work/live.pcapng")" "$work"
mv "$work/live.pcapng" "$work/live.0.pcapng"
kill -HUP "$agent_pid"
check 'live: SIGHUP opens the file again' wait_until 50 test -s "$work/live.pcapng"
echo >&8
check 'live: the connection goes on' wait_until 50 eval '[ "$(wc -l <"$work/got")" -eq 2 ]'
exec 8>&-
wait "$client"
check 'live: the agent ends with status 0' agent_stop
check 'live: both files are whole, and together give the streams' eval \
	"'$weft' replay '$work/live.0.pcapng' '$work/live.pcapng' --quiet --streams '$work/again' &&
	same_files '$work/live' '$work/again'"
check 'live: the second file says that it continues' grep -qa 'continued from an earlier section' "$work/live.pcapng"

if command -v tshark >/dev/null; then
	agent_start "$ns_a" eth0 --pcap - > >(exec tshark -n -l -r - -T fields -e tcp.srcport -e tcp.len \
		>"$work/live.out" 2>"$work/live.err")
	check 'live: a visit' visit
	check 'live: tshark gets its packets from a pipe' wait_until 50 grep -qx $'80\t1460' "$work/live.out"
	check 'live: the agent ends with status 0' agent_stop
fi
finish
