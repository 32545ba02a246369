#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""make_pcap.py FILE [LINKTYPE] - one TCP connection with right checksums:
10.0.0.1:1000 sends "hello", 10.0.0.2:80 answers "world", both finish."""
import struct
import sys

CLIENT, SERVER = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
FIN, SYN, PSH, ACK = 1, 2, 8, 16


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(to_server, seq, ack, flags, payload=b""):
    src, dst = (CLIENT, SERVER) if to_server else (SERVER, CLIENT)
    sport, dport = (1000, 80) if to_server else (80, 1000)
    tcp = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags, 65535, 0, 0)
    pseudo = src + dst + struct.pack("!BBH", 0, 6, len(tcp) + len(payload))
    tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp + payload)) + tcp[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp) + len(payload), 1, 0x4000, 64, 6, 0)
    ip = ip[:10] + struct.pack("!H", checksum(ip + src + dst)) + src + dst
    return bytes(12) + b"\x08\x00" + ip + tcp + payload


def main():
    frames = [
        frame(True, 100, 0, SYN),
        frame(False, 500, 101, SYN | ACK),
        frame(True, 101, 501, ACK),
        frame(True, 101, 501, PSH | ACK, b"hello\n"),
        frame(False, 501, 107, PSH | ACK, b"world\n"),
        frame(True, 107, 507, FIN | ACK),
        frame(False, 507, 108, FIN | ACK),
        frame(True, 108, 508, ACK),
    ]
    linktype = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with open(sys.argv[1], "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, linktype))
        for i, data in enumerate(frames):
            out.write(struct.pack("<IIII", 1700000000, i * 1000, len(data), len(data)) + data)


main()
