#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""overload.py IFACE SEGMENTS SEGMENT_BYTES FLOWS_A_SECOND,SECONDS ... - phases of short,
interleaved connections, each with SEGMENTS segments to the server. Client addresses contain the
phase: 10.9.PHASE.x. Prints the number of connections of each phase."""
import errno
import heapq
import socket
import struct
import sys
import time

SYN, FIN, PSH, ACK = 2, 1, 8, 16
SERVER = bytes([10, 8, 0, 1])
STEP = 0.02


def frame(src, dst, sport, dport, seq, ack, flags, payload=b""):
    tcp = struct.pack("!HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF,
                      5 << 4, flags, 65535, 0, 0) + payload
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, src, dst)
    total = sum(struct.unpack("!10H", ip))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    ip = ip[:10] + struct.pack("!H", ~total & 0xFFFF) + ip[12:]
    return b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0" + ip + tcp


def flow(phase, number, segments, size):
    client, port = bytes([10, 9, phase, 1 + number % 200]), 1024 + number // 200
    up = lambda seq, ack, flags, data=b"": frame(client, SERVER, port, 80, seq, ack, flags, data)
    down = lambda seq, ack, flags: frame(SERVER, client, 80, port, seq, ack, flags)
    yield up(0, 0, SYN)
    yield down(0, 1, SYN | ACK)
    yield up(1, 1, ACK)
    for i in range(segments):
        yield up(1 + i * size, 1, ACK | PSH, b"x" * size)
    end = 1 + segments * size
    yield down(1, end, ACK)
    yield up(end, 1, FIN | ACK)
    yield down(1, end + 1, FIN | ACK)
    yield up(end + 1, 2, ACK)


def send(sender, bytes_out):
    """Send a frame; wait while the interface's queue is full, so that no frame is lost before XDP."""
    while True:
        try:
            sender.send(bytes_out)
            return
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            time.sleep(0.001)


def main():
    sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sender.bind((sys.argv[1], 0))
    segments, size = int(sys.argv[2]), int(sys.argv[3])
    due, order, at = [], 0, 0.0
    for phase, text in enumerate(sys.argv[4:]):
        rate, seconds = map(float, text.split(","))
        count = int(rate * seconds)
        for number in range(count):
            heapq.heappush(due, (at + number / rate, order, flow(phase, number, segments, size)))
            order += 1
        at += seconds
        print(f"phase {phase} sent {count}")
    start = time.monotonic()
    while due:
        when, order, rest = heapq.heappop(due)
        wait = start + when - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        elif wait < -STEP:
            # This process was not scheduled for a while; do not send all late frames at once.
            start -= wait + STEP
        bytes_out = next(rest, None)
        if bytes_out is not None:
            send(sender, bytes_out)
            heapq.heappush(due, (when + STEP, order, rest))


if __name__ == "__main__":
    main()
