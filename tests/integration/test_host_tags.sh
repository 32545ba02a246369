#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_host_tags.sh - captures VLAN-tagged frames in host mode: the stack keeps the outer tag
# outside the packet, and weft reads it from there. Frames have the full length and up to two tags.
. "$(dirname "$0")/lib.sh"
need_root
need_weft
PATH=$PATH:/usr/sbin

# send TAGS...: send the frames of one connection with these VLAN ids; segments have the maximum
# size.
send() {
	in_b python3 - "$@" <<'END'
import socket, struct, sys

def total(data):
    words = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    while words >> 16:
        words = (words & 0xffff) + (words >> 16)
    return ~words & 0xffff

def frame(tags, flags, seq, data):
    src, dst = socket.inet_aton("10.9.0.1"), socket.inet_aton("10.9.0.2")
    tcp = struct.pack(">HHIIBBHHH", 1000 + len(tags), 80, seq, 1, 5 << 4, flags, 65535, 0, 0) + data
    check = total(src + dst + struct.pack(">HH", 6, len(tcp)) + tcp)
    tcp = tcp[:16] + struct.pack(">H", check) + tcp[18:]
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, src, dst)
    ip = ip[:10] + struct.pack(">H", total(ip)) + ip[12:]
    kinds = [0x88a8, 0x8100] if len(tags) == 2 else [0x8100]
    link = b"\xff" * 6 + b"\x02\0\0\0\0\1"
    for kind, tag in zip(kinds, tags):
        link += struct.pack(">HH", kind, tag)
    return link + b"\x08\x00" + ip + tcp

sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sender.bind(("eth0", 0))
tags = [int(tag) for tag in sys.argv[1:]]
sender.send(frame(tags, 0x10, 1, b"x" * 1460))
sender.send(frame(tags, 0x11, 1461, b"y" * 1460))
END
}

# entry OUTER INNER: print the packets of the only flow with these tags.
entry() {
	agent_exec env PATH="$PATH" bpftool -j map dump pinned /sys/fs/bpf/weft/eth0/flows |
		jq ".[].formatted | select(.key.vlan == [$1, $2]) | .value.packets | add"
}
has_two() { [ "$(entry "$1" "$2")" = 2 ]; }

make_pair 1 || exit 1
# A raw socket sends the frame with both tags in it. A veth accepts one tag in addition to its MTU,
# so the MTU is raised for the other one.
ip -n "$ns_a" link set eth0 mtu 1504
ip -n "$ns_b" link set eth0 mtu 1600
check 'agent starts in host mode' agent_start "$ns_a" eth0 --mode host --streams "$work/streams" || finish
check 'send frames without a tag' send
check 'send frames with one tag' send 42
check 'send frames with two tags' send 100 7
check 'no tag: the flow is there' wait_until 50 has_two 0 0
check 'one tag: the flow has it' wait_until 50 has_two 42 0
check 'two tags: the flow has both' wait_until 50 has_two 100 7
flows() { "$weft" flows -i eth0 --set "control.dir=$work/control"; }
check 'weft flows shows the tag' grep -q '  vlan 42, [a-z]*, eth0' <(flows)
check 'weft flows shows both tags' grep -q '  vlan 100.7, [a-z]*, eth0' <(flows)
check 'agent ends with status 0' agent_stop
check 'all ledgers close' ledgers_close
check 'each connection has its own stream, whole' bash -c "
	find '$work/streams' -type f ! -name '.*' -printf '%s %f\n' | tee /dev/stderr | grep -c '^2920 ' | grep -qx 3"
finish
