#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""make_overlaps.py FILE - connections to 10.2.1.1, 10.2.2.1 and 10.3.0.1 whose data overlaps and
differs: the example of three segments in user/reassembly/README.md, behind a byte that is captured
after them; a late copy of all 30 bytes follows the acknowledgement. To 10.4.0.1 an acknowledged
segment is missing. Checksums are 0."""
import struct
import sys

FIN, SYN, PSH, ACK = 1, 2, 8, 16
CLIENT = bytes([10, 1, 0, 1])


def frame(server, to_server, seq, ack, flags, payload=b""):
    src, dst = (CLIENT, server) if to_server else (server, CLIENT)
    sport, dport = (1000, 80) if to_server else (80, 1000)
    tcp = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags, 65535, 0, 0)
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 40 + len(payload), 1, 0x4000, 64, 6, 0)
    return bytes(12) + b"\x08\x00" + ip + src + dst + tcp + payload


def connection(server, segments, end):
    """Each segment: offset and bytes; or an offset alone, which the server acknowledges."""
    yield frame(server, True, 100, 0, SYN)
    yield frame(server, False, 500, 101, SYN | ACK)
    yield frame(server, True, 101, 501, ACK)
    for off, data in segments:
        if data:
            yield frame(server, True, 101 + off, 501, PSH | ACK, data)
        else:
            yield frame(server, False, 501, 101 + off, ACK)
    yield frame(server, True, 101 + end, 501, FIN | ACK)
    yield frame(server, False, 501, 102 + end, FIN | ACK)
    yield frame(server, True, 102 + end, 502, ACK)


def main():
    contest = [
        (1, b"A" * 10),
        (6, b"B" * 15),
        (8, b"N" * 23),
        (0, b"-"),
        (31, None),
        (1, b"X" * 30),  # too late: all of it was acknowledged
    ]
    missed = [(0, b"one"), (6, b"three"), (11, None)]
    frames = []
    for server in ([10, 2, 1, 1], [10, 2, 2, 1], [10, 3, 0, 1]):
        frames += connection(bytes(server), contest, 31)
    frames += connection(bytes([10, 4, 0, 1]), missed, 11)
    with open(sys.argv[1], "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for i, data in enumerate(frames):
            out.write(struct.pack("<IIII", 1700000000, i * 1000, len(data), len(data)) + data)


main()
