#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_filter_fragments.sh - filter.ports and filter.sample in live capture apply to connections
# whose segments are IP fragments: the kernel can't read their ports, but the rebuilt datagrams
# contain them.
. "$(dirname "$0")/lib.sh"
need_root
need_weft
need_corpus
wrap=$root/tests/integration/wrap_pcap.py

# connections COUNT: write a capture of COUNT connections that differ in the client's port.
connections() {
	python3 - "$own_corpus/captures/link/ethernet.pcap" "$1" <<'END'
import struct, sys
data = open(sys.argv[1], "rb").read()
out, at, records = [data[:24]], 24, []
while at < len(data):
    end = at + 16 + struct.unpack_from("<I", data, at + 8)[0]
    records.append(bytearray(data[at:end]))
    at = end
for i in range(int(sys.argv[2])):
    for record in records:
        port = 16 + 14 + 20 + (0 if record[16 + 26:16 + 30] == b"\x0a\0\0\1" else 2)
        struct.pack_into("!H", record, port, 1000 + i)
        out.append(bytes(record))
sys.stdout.buffer.write(b"".join(out))
END
}
connections 40 >"$work/whole.pcap"
check 'cut segments into fragments' python3 "$wrap" fragments "$work/whole.pcap" "$work/fragments.pcap"
"$weft" replay "$work/whole.pcap" --quiet --checksum ignore --streams "$work/plain"
check 'there are two streams of each connection' [ "$(ls "$work/plain" | wc -l)" -eq 80 ]

# is_settled FRAGMENTS: the kernel program has seen all FRAGMENTS, and each datagram was rebuilt and
# has an outcome.
is_settled() {
	agent_has_seen "$1" && agent_stats --json | jq -e '.metrics | .datagrams_rebuilt_datagrams.value > 0 and .fragments_held_fragments.value == 0'
}

# Unlike ledgers_close, this does not require a ledger of payload, because some runs capture no
# payload.
ledgers_of_fragments_close() {
	cat "$work/agent.err"
	grep -q 'ledger rebuilt_datagrams closed' "$work/agent.err" && ! grep -q 'NOT closed' "$work/agent.err"
}

# live MODE NAME ARGS...: capture the fragments with ARGS; sets filtered and opened.
live() {
	local mode=$1 name=$2 sent
	shift 2
	NO_IPV6=1 make_pair 2 || return 1
	ip -n "$ns_a" addr flush dev eth0
	agent_start "$ns_a" eth0 --mode "$mode" --workers 2 --checksum ignore --streams "$work/$name" "$@" &&
		sent=$(in_b python3 "$root/tests/integration/send_pcap.py" eth0 "$work/fragments.pcap" 5000) &&
		wait_until 100 is_settled "$sent"
	filtered=$(agent_metric rebuilt_filtered_datagrams)
	opened=$(agent_metric flows_opened_flows)
	agent_stop
	drop_pair
	ledgers_of_fragments_close
}

# live_until CHECK MODE NAME ARGS...: `live MODE NAME ARGS`, and CHECK NAME is true. On a busy machine,
# the worker that rebuilds a datagram may be delayed until an acknowledgement has ended the hole, so the
# run is repeated, at most twice.
live_until() {
	local try
	for try in 1 2 3; do
		rm -rf "${work:?}/$3"
		live "${@:2}" || return 1
		"$1" "$3" && return
	done
	return 1
}

all_are_whole() { same_files "$work/plain" "$work/$1"; }

# is_sample NAME: each captured stream is complete, and some connections were not captured.
is_sample() {
	local file count
	for file in "$work/$1"/*; do cmp "$file" "$work/plain/${file##*/}" || return 1; done
	count=$(ls "$work/$1" | wc -l)
	echo "$count of 80 streams"
	[ "$count" -gt 0 ] && [ "$count" -lt 80 ]
}

for mode in tap host; do
	check "$mode: agent with another port" live $mode "$mode-other" --set filter.ports=443
	check "$mode: no datagram opens a connection" [ "$opened" -eq 0 ] &&
		check "$mode: filtered datagrams are counted" [ "$filtered" -gt 0 ]
	check "$mode: with the port, all streams are whole" live_until all_are_whole $mode "$mode-port" --set filter.ports=80
	check "$mode: a sample contains whole connections" live_until is_sample $mode "$mode-sample" --set filter.sample=0.5
done

# ---- the filter of a running agent ----
NO_IPV6=1 make_pair 1
ip -n "$ns_a" addr flush dev eth0
check 'agent without a filter' agent_start "$ns_a" eth0 --mode tap --checksum ignore --streams "$work/later"
check 'set the filter' "$weft" filter -i eth0 --set "control.dir=$work/control" --set filter.ports=443
sent=$(in_b python3 "$root/tests/integration/send_pcap.py" eth0 "$work/fragments.pcap" 5000)
check 'datagrams get an outcome' wait_until 100 is_settled "$sent"
check 'no datagram with another port opens a connection' [ "$(agent_metric flows_opened_flows)" -eq 0 ]
check 'agent ends with status 0' agent_stop
check 'all ledgers close' ledgers_of_fragments_close
finish
