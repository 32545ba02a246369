#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_tunnel_ports.sh - VXLAN and GENEVE on other ports give the same streams if the ports are set.
. "$(dirname "$0")/lib.sh"
need_weft

# move_port NAME PORT NEW: copy a capture of the corpus with the UDP destination port PORT changed
# to NEW.
move_port() {
	python3 - "$root/tests/corpus/captures/tunnel/$1.pcap" "$2" "$3" <<'END' >"$work/$1.pcap"
import struct, sys
data = open(sys.argv[1], "rb").read()
old, new = (struct.pack("!HH", 50000, int(port)) for port in sys.argv[2:])
assert old in data
sys.stdout.buffer.write(data.replace(old, new))
END
}

for tunnel in vxlan geneve; do
	[ $tunnel = vxlan ] && port=4789 || port=6081
	move_port $tunnel $port 10800
	"$weft" replay "$root/tests/corpus/captures/tunnel/$tunnel.pcap" --streams "$work/$tunnel-usual" --quiet
	check_weft "$tunnel on another port is no tunnel" 0 ' 0 connections' replay "$work/$tunnel.pcap"
	check_weft "$tunnel on a port that was set" 0 ' 1 connection' \
		replay "$work/$tunnel.pcap" --$tunnel-ports 10801,10800 --streams "$work/$tunnel-set"
	check "$tunnel: the streams are those of the usual port" \
		diff -r "$work/$tunnel-usual" "$work/$tunnel-set"
	check_weft "$tunnel: port 0 is refused" 2 'a list of ports, 1 to 65535' \
		replay "$work/$tunnel.pcap" --$tunnel-ports 0
	check_weft "$tunnel: nine ports are refused" 2 'at most 8' \
		replay "$work/$tunnel.pcap" --$tunnel-ports 1,2,3,4,5,6,7,8,9
done
finish
