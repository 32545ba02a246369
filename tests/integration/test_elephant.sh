#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_elephant.sh - a large download with --depth: beyond the depth, the kernel bypasses the data.
# The end of the connection is captured, and every byte and packet is counted. WEFT_ELEPHANT_MB:
# size of the download in MiB.
. "$(dirname "$0")/lib.sh"
need_root
need_weft
megabytes=${WEFT_ELEPHANT_MB:-400}
bytes=$((megabytes << 20))

# Send $bytes on one connection from b to a. The receiver prints the number of received bytes.
cat >"$work/elephant.py" <<'PY'
import socket, sys
role, address, total = sys.argv[1], sys.argv[2], int(sys.argv[3])
chunk = bytes(1 << 20)
if role == "sink":
    listener = socket.create_server((address, 9000))
    print("ready", flush=True)
    peer, _ = listener.accept()
    got = 0
    while True:
        data = peer.recv(1 << 20)
        if not data:
            break
        got += len(data)
    peer.sendall(b"thanks")
    peer.close()
    print(got, flush=True)
else:
    peer = socket.create_connection((address, 9000))
    left = total
    while left:
        left -= peer.send(chunk[:left])
    peer.shutdown(socket.SHUT_WR)
    while peer.recv(100):
        pass
PY

download() {
	background sink_pid ip netns exec "$ns_a" python3 "$work/elephant.py" sink "$ip_a" "$bytes" >"$work/sink.out"
	wait_until 50 grep -q ready "$work/sink.out" || return 1
	in_b timeout $((600 * WEFT_SLOW)) python3 "$work/elephant.py" send "$ip_a" "$bytes" || return 1
	wait "$sink_pid"
	[ "$(tail -n 1 "$work/sink.out")" = "$bytes" ]
}

metric() { agent_stats --json | jq -e ".metrics.$1.value $2"; }
# The counts of a hot flow reach the flow map slightly later than the program's own counters.
map_counts_kept() {
	local kept
	kept=$(agent_stats --json | jq .metrics.kernel_shunted_frames.value) || return 1
	nsenter -t "$agent_pid" -n -m -- env PATH="$PATH:/usr/sbin" \
		bpftool -j map dump pinned /sys/fs/bpf/weft/eth0/flows >"$work/map.json" || return 1
	jq -e "length == 1 and
		(.[0].formatted.value | .kept_packets[0] + .kept_packets[1]) == $kept" "$work/map.json"
}
record() { jq -se "any(.[]; .event_type == \"flow\" and .dest_port == 9000 and ($1))" "$work/events"; }

NO_IPV6=1 make_pair 2 || exit 1
check 'agent starts in host mode' agent_start "$ns_a" eth0 --mode host --workers 2 --depth 1M \
	--streams "$work/streams" --events "$work/events" || finish
check "$megabytes MiB are sent" download
check 'the worker sees the end' wait_until 100 metric flows_closed_flows '>= 1'
agent_stats --json >"$work/stats.json"
# shellcheck disable=SC2016
check 'one direction was bypassed, once' jq -e '
	.metrics.shunts_set_directions.value == 1 and .metrics.shunts_repeated_directions.value == 0 and
	.metrics.shunts_failed_directions.value == 0' "$work/stats.json"
check 'the kernel bypassed at least 97 % of the bytes, less 16 MiB' jq -e "
	.metrics.kernel_shunted_bytes.value > $bytes * 0.97 - 16777216" "$work/stats.json"
check 'fewer than 8,192 segments reached a worker after the bypass' jq -e "
	.metrics.shunts_late_segments.value < 8192" "$work/stats.json"
check 'the flow map has as many bypassed packets as the metric' wait_until 50 map_counts_kept
check 'agent ends with status 0' agent_stop
check 'the stream file holds the first MiB' bash -c "[ \$(stat -c %s '$work/streams/$ip_b.'*'-$ip_a.9000') -eq 1048576 ]"
check 'the answer of the server is complete' bash -c "[ \$(cat '$work/streams/$ip_a.9000-$ip_b.'*) = thanks ]"
check 'the record counts every byte of the stream' record "
	.flow.stream_bytes_toserver + .flow.gap_bytes_toserver == $bytes and .flow.close_reason == \"fin\""
check 'the record has the interface, and packets and bytes of the bypass' record "
	.in_iface and .flow.bypass == \"capture\" and .flow.bypassed.pkts_toserver > 0 and
	.flow.bypassed.bytes_toserver > .flow.bypassed.pkts_toserver * 66 and
	.flow.bytes_toserver > .flow.bypassed.bytes_toserver"
check 'the events match their schemas' eve_is_valid "$work/events" flow gap stats
check 'the bytes beyond the depth are one gap with cause depth' bash -c "
	jq -se '[.[] | select(.event_type == \"gap\")] | length == 1 and .[0].gap.cause == \"depth\" and
		.[0].gap.offset == 1048576 and .[0].gap.length == $bytes - 1048576' '$work/events'"
# All frames that the program saw, except those without TCP (ARP), belong to this connection. Its
# record is written when both FINs were processed, so it may lack the acknowledgements of the FINs,
# which are at most two segments. On a slow machine, a FIN may be sent again and acknowledged again.
sent_again() { in_a cat /proc/net/snmp | awk '/^Tcp: [0-9]/ { print $13 }'; in_b cat /proc/net/snmp | awk '/^Tcp: [0-9]/ { print $13 }'; }
every_packet_is_told() {
	local seen told again
	seen=$(jq '.metrics | .kernel_seen_frames.value - .kernel_passed_frames.value' "$work/stats.json")
	told=$(jq 'select(.event_type == "flow" and .dest_port == 9000) |
		.flow.pkts_toserver + .flow.pkts_toclient' "$work/events")
	again=$(sent_again | awk '{ sum += $1 } END { print sum }')
	echo "$seen frames seen, $told told, $again sent again"
	[ "$again" -le 3 ] || again=3 # segments sent again before the FINs are in the record
	jq -c 'select(.event_type == "flow" and .dest_port == 9000) | .flow' "$work/events"
	[ "$told" -le "$seen" ] && [ $((seen - told)) -le $((2 + 2 * again)) ]
}
check 'the record counts every packet, but for at most 2' every_packet_is_told
check 'all ledgers close' ledgers_close
finish
