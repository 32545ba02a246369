#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""send_pcap.py IFACE FILE [PACKETS_PER_SECOND] - send the frames of an Ethernet
capture, at a rate that a copying receiver can process. Prints the number of frames.
WEFT_SLOW: the factor by which the receiver is slower than a real machine."""
import errno
import os
import socket
import struct
import sys
import time


def frames(path):
    with open(path, "rb") as file:
        head = file.read(24)
        order = "<" if head[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
        if struct.unpack(order + "I", head[20:24])[0] != 1:
            sys.exit(f"{path}: not Ethernet")
        while True:
            record = file.read(16)
            if len(record) < 16:
                return
            length = struct.unpack(order + "IIII", record)[2]
            yield file.read(length)


def main():
    iface, path = sys.argv[1:3]
    rate = float(sys.argv[3]) if len(sys.argv) > 3 else 20000
    rate /= float(os.environ.get("WEFT_SLOW", 1))
    sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sender.bind((iface, 0))
    sent = 0
    start = time.monotonic()
    for frame in frames(path):
        while True:
            try:
                sender.send(frame)
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                time.sleep(0.001)
        sent += 1
        if sent % 64 == 0:
            ahead = sent / rate - (time.monotonic() - start)
            if ahead > 0:
                time.sleep(ahead)
    print(sent)


main()
