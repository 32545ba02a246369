#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""pressure_traffic.py IFACE ACTION ARGS - one phase of the pressure drill, sent on IFACE.

  open CONNS              handshakes of CONNS connections and of one more, connection 65535
  hold CONNS SEGMENT      segment SEGMENT of the server's data in each connection; segment 0 must
                          not have been sent
  plain FIRST LAST        segments FIRST to LAST - 1 of connection 65535, without holes
  newcomers               until killed: every 4 ms a midstream connection, and a SYN
  stream CONNS FIRST LAST segments FIRST to LAST - 1 of the server's data in each connection, and
                          acknowledgements
  end CONNS LAST          both sides' end behind segment LAST - 1
  fill CONNS LAST         segment 0, then the end behind segment LAST - 1
  expect DIR CONNS LAST   write the expected streams to DIR, also that of connection 65535

Connection N is from 10.1.x.y, with the two bytes of N as x and y; checksums are 0."""
import itertools
import os
import socket
import struct
import sys
import time

from overload import send

SERVER = bytes([10, 0, 0, 2])
FIN, SYN, PSH, ACK = 1, 2, 8, 16
SEGMENT = 1000
PLAIN = 65535


def frame(conn, to_server, seq, ack, flags, payload=b""):
    client = bytes([10, 1, conn >> 8, conn & 255])
    src, dst = (client, SERVER) if to_server else (SERVER, client)
    sport, dport = (1000, 80) if to_server else (80, 1000)
    tcp = struct.pack("!HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, ack, 5 << 4, flags, 65535, 0, 0)
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 40 + len(payload), 1, 0x4000, 64, 6, 0)
    return b"\xff" * 6 + bytes(6) + b"\x08\x00" + ip + src + dst + tcp + payload


def segment(conn, number):
    word = b"connection %d segment %d\n" % (conn, number)
    return (word * (SEGMENT // len(word) + 1))[:SEGMENT]


def handshake(conn):
    yield frame(conn, True, 100, 0, SYN)
    yield frame(conn, False, 500, 101, SYN | ACK)
    yield frame(conn, True, 101, 501, ACK)


def data(conn, first, last):
    for number in range(first, last):
        yield frame(conn, False, 501 + SEGMENT * number, 101, PSH | ACK, segment(conn, number))


def end(conn, last):
    size = SEGMENT * last
    yield frame(conn, True, 101, 501 + size, FIN | ACK)
    yield frame(conn, False, 501 + size, 102, FIN | ACK)
    yield frame(conn, True, 102, 502 + size, ACK)


def frames(action, args):
    if action == "open":
        for conn in list(range(args[0])) + [PLAIN]:
            yield from handshake(conn)
    elif action == "hold":
        conns, number = args
        for conn in range(conns):
            yield from data(conn, number, number + 1)
    elif action == "plain":
        yield from data(PLAIN, *args)
    elif action == "stream":
        conns, first, last = args
        for conn in range(conns):
            for number in range(first, last):
                yield from data(conn, number, number + 1)
                if number % 32 == 31 or number == last - 1:
                    yield frame(conn, True, 101, 501 + SEGMENT * (number + 1), ACK)
    elif action == "end":
        for conn in range(args[0]):
            yield from end(conn, args[1])
    elif action == "newcomers":
        for conn in itertools.cycle(range(1000, PLAIN - 1, 2)):
            yield from data(conn, 0, 1)
            yield frame(conn + 1, True, 100, 0, SYN)
    elif action == "fill":
        conns, last = args
        for conn in list(range(conns)) * 2:  # twice, because a frame may be lost on a busy machine
            yield from data(conn, 0, 1)
        for conn in range(conns):
            yield from end(conn, last)


def expect(directory, conns, last):
    for conn in list(range(conns)) + [PLAIN]:
        name = "10.0.0.2.80-10.1.%d.%d.1000" % (conn >> 8, conn & 255)
        with open(os.path.join(directory, name), "wb") as file:
            file.write(b"".join(segment(conn, number) for number in range(last)))


def main():
    iface, action = sys.argv[1], sys.argv[2]
    if action == "expect":
        expect(sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
        return
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.bind((iface, 0))
    # Send slowly enough for a busy machine: no frame may be lost, and no event of the data that is
    # delivered when a hole is filled.
    burst = {"fill": 4, "newcomers": 2}.get(action, 64)
    for count, packet in enumerate(frames(action, [int(arg) for arg in sys.argv[3:]])):
        send(sock, packet)
        if count % burst == burst - 1:
            time.sleep(0.004)


main()
