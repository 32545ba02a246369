#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_nothing_found.sh - live capture in which no frame leads to a connection: one line reports the
# number of frames for each reason, with advice.
. "$(dirname "$0")/lib.sh"
need_root
need_weft
need_corpus

# frames VXLAN TCP: write a capture of VXLAN frames with UDP to an unusual port, and TCP frames with
# TCP port 80; both arguments are numbers of frames.
frames() {
	python3 - "$own_corpus/captures/link/ethernet.pcap" "$1" "$2" <<'END'
import struct, sys
data = open(sys.argv[1], "rb").read()
length = struct.unpack_from("<I", data, 24 + 8)[0]
tcp = data[24 + 16:24 + 16 + length]
vxlan = struct.pack("!HHHHII", 1000, 10800, 16 + len(tcp), 0, 0x08000000, 1 << 8) + tcp
ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(vxlan), 0, 0, 64, 17, 0, bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2)))
udp = tcp[:14] + ip + vxlan
out = data[:24]
for frame, count in (udp, int(sys.argv[2])), (tcp, int(sys.argv[3])):
    out += count * (struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)
sys.stdout.buffer.write(out)
END
}
frames 150 60 >"$work/useless.pcap"
said() { grep -E "0 connections in [0-9]+ frames: 60 are excluded by filter\.ports, .*; [0-9]+ carry no TCP that the kernel program can find \(of [0-9]+ that were examined, [0-9]+ carry TCP in VXLAN to UDP port 10800 \(try --vxlan-ports 10800\)" "$work/agent.err"; }

for mode in tap host; do
	NO_IPV6=1 make_pair 1 || exit 1
	ip -n "$ns_a" addr flush dev eth0
	check "$mode: agent starts" agent_start "$ns_a" eth0 --mode $mode --workers 1 --set filter.ports=443 \
		--events "$work/$mode.json"
	check "$mode: without frames, no line about 0 connections is printed" [ -z "$(grep '0 connections in' "$work/agent.err")" ]
	in_b python3 "$root/tests/integration/send_pcap.py" eth0 "$work/useless.pcap" 5000
	check "$mode: the line has the numbers and the advice" wait_until 150 said
	check "$mode: the line is printed once" [ "$(said | wc -l)" -eq 1 ]
	check "$mode: agent ends with status 0" agent_stop
	drop_pair
done
finish
