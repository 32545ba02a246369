#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""wrap_pcap.py vxlan|gre|vlan|qinq|fragments IN OUT - write the IPv4 connections of IN in other
frames: inside a tunnel, behind tags, or each datagram in fragments of at most 512 bytes, the last
one first."""
import struct
import sys

OUTER_MAC = b"\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02"
FRAGMENT_BYTES = 512


def checksum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip_header(protocol, payload, ident=0, fragment=0, src=b"\xc0\x00\x02\x01", dst=b"\xc0\x00\x02\x02"):
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), ident, fragment, 64,
                         protocol, 0, src, dst)
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:]


def vxlan(frame, _):
    inner = struct.pack("!BBHI", 8, 0, 0, 42 << 8) + frame
    udp = struct.pack("!HHHH", 50000, 4789, 8 + len(inner), 0) + inner
    return [OUTER_MAC + b"\x08\x00" + ip_header(17, udp) + udp]


def gre(frame, _):
    payload = struct.pack("!HHI", 0x2000, 0x0800, 7) + frame[14:]
    return [OUTER_MAC + b"\x08\x00" + ip_header(47, payload) + payload]


def vlan(frame, _):
    return [frame[:12] + struct.pack("!HH", 0x8100, 100) + frame[12:]]


def qinq(frame, _):
    return [frame[:12] + struct.pack("!HHHH", 0x88A8, 100, 0x8100, 200) + frame[12:]]


def fragments(frame, number):
    total = struct.unpack("!H", frame[16:18])[0]
    data = frame[34:14 + total]
    pieces = []
    for off in range(0, len(data), FRAGMENT_BYTES):
        piece = data[off:off + FRAGMENT_BYTES]
        more = 0x2000 if off + len(piece) < len(data) else 0
        pieces.append(frame[:14] + ip_header(6, piece, number & 0xFFFF, more | off // 8,
                                             frame[26:30], frame[30:34]) + piece)
    return pieces[::-1]


def main():
    wrap = {"vxlan": vxlan, "gre": gre, "vlan": vlan, "qinq": qinq, "fragments": fragments}[sys.argv[1]]
    with open(sys.argv[2], "rb") as source, open(sys.argv[3], "wb") as target:
        target.write(source.read(24))
        number = 0
        while True:
            record = source.read(16)
            if len(record) < 16:
                return
            sec, usec, length, _ = struct.unpack("<IIII", record)
            frame = source.read(length)
            if frame[12:15] != b"\x08\x00\x45" or frame[23] != 6:
                continue
            number += 1
            for out in wrap(frame, number):
                target.write(struct.pack("<IIII", sec, usec, len(out), len(out)) + out)


main()
