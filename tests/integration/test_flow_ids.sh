#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_flow_ids.sh - flow_id identifies a connection among runs: the same replay gives the same ids,
# and a different capture gives different ones.
. "$(dirname "$0")/lib.sh"
need_weft
many=$own_corpus/captures/open/many.pcap

# ids OUT FILE...: write the ids and client ports of all connections of a replay, sorted, to OUT.
ids() {
	local out=$1
	shift
	"$weft" replay "$@" --quiet --events - |
		jq -r 'select(.event_type == "flow") | "\(.flow_id) \(.src_port)"' | sort >"$out"
	[ -s "$out" ]
}
same() { diff "$work/$1" "$work/$2"; }
# none_common A B: no id of A is one of B.
none_common() {
	[ -z "$(join "$work/$1" "$work/$2")" ]
}
all_different() { [ "$(cut -d ' ' -f 1 "$1" | uniq -d | wc -l)" = 0 ]; }

for workers in 1 3; do
	check "$workers workers: first replay" ids "$work/first.$workers" "$many" --workers "$workers"
	check "$workers workers: second replay" ids "$work/second.$workers" "$many" --workers "$workers"
	check "$workers workers: the same ids" same "first.$workers" "second.$workers"
	check "$workers workers: no id twice" all_different "$work/first.$workers"
done

cp "$many" "$work/copy.pcap"
check 'one worker: a copy' ids "$work/copy" "$work/copy.pcap" --workers 1
check 'one worker: a copy has the same ids' same first.1 copy
check 'standard input: a file' ids "$work/input" - --workers 1 <"$many"
check 'standard input: the same ids as the file' same first.1 input

mkdir "$work/captures" && cp "$many" "$work/captures/"
check 'directory: first replay' ids "$work/directory1" "$work/captures" --workers 1
check 'directory: second replay' ids "$work/directory2" "$work/captures" --workers 1
check 'directory: the same ids' same directory1 directory2

# Make a capture with the same packets an hour later. The first packet record begins after the file
# header of 24 bytes.
python3 - "$many" "$work/later.pcap" <<'EOF'
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
order = "<" if data[0] in (0xd4, 0x4d) else ">"
at = 24
while at < len(data):
    seconds, _, length = struct.unpack_from(order + "III", data, at)
    struct.pack_into(order + "I", data, at, seconds + 3600)
    at += 16 + length
open(sys.argv[2], "wb").write(data)
EOF
check 'another capture' ids "$work/later" "$work/later.pcap" --workers 1
check 'another capture has other ids' none_common first.1 later

from_pipe() { cat "$many" | ids "$1" - --workers 1; }
check 'pipe: first replay' from_pipe "$work/pipe1"
check 'pipe: second replay' from_pipe "$work/pipe2"
check 'pipe: other ids in each run' none_common pipe1 pipe2
finish
