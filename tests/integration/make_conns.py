#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""make_conns.py FILE CONNECTIONS BYTES - interleaved connections from 10.1.x.y. On each connection
the server sends BYTES bytes that contain the number of the connection; checksums are 0."""
import struct
import sys

SERVER = bytes([10, 0, 0, 2])
FIN, SYN, PSH, ACK = 1, 2, 8, 16
SEGMENT = 1000


def frame(conn, to_server, seq, ack, flags, payload=b""):
    client = bytes([10, 1, conn >> 8, conn & 255])
    src, dst = (client, SERVER) if to_server else (SERVER, client)
    sport, dport = (1000, 80) if to_server else (80, 1000)
    tcp = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags, 65535, 0, 0)
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 40 + len(payload), 1, 0x4000, 64, 6, 0)
    return bytes(12) + b"\x08\x00" + ip + src + dst + tcp + payload


def content(conn, size):
    word = b"connection %d\n" % conn
    return (word * (size // len(word) + 1))[:size]


def frames(conns, size):
    for conn in range(conns):
        yield frame(conn, True, 100, 0, SYN)
        yield frame(conn, False, 500, 101, SYN | ACK)
        yield frame(conn, True, 101, 501, ACK)
    for pos in range(0, size, SEGMENT):
        for conn in range(conns):
            data = content(conn, size)[pos : pos + SEGMENT]
            yield frame(conn, False, 501 + pos, 101, PSH | ACK, data)
    for conn in range(conns):
        yield frame(conn, True, 101, 501 + size, FIN | ACK)
        yield frame(conn, False, 501 + size, 102, FIN | ACK)
        yield frame(conn, True, 102, 502 + size, ACK)


def main():
    conns, size = int(sys.argv[2]), int(sys.argv[3])
    with open(sys.argv[1], "wb") as file:
        file.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for i, data in enumerate(frames(conns, size)):
            file.write(struct.pack("<IIII", 1700000000 + i // 100000, i % 100000 * 10,
                                   len(data), len(data)) + data)


main()
