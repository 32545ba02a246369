#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""readdress_pcap.py IN OUT N - write the capture IN to OUT with each address 10.X.Y.Z changed to
10.(X + N).Y.Z. Only Ethernet with IPv4 and TCP; checksums are changed with the address
(RFC 1624)."""
import struct
import sys


def fix(sum_, old, new):
    total = (~sum_ & 0xFFFF) + (~old & 0xFFFF) + new
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def change(frame, number):
    for pos in (26, 30):
        if frame[pos] != 10:
            continue
        old = struct.unpack_from(">H", frame, pos)[0]
        frame[pos + 1] = (frame[pos + 1] + number) % 256
        new = struct.unpack_from(">H", frame, pos)[0]
        for sum_pos in (24, 14 + 4 * (frame[14] & 15) + 16):
            if sum_pos + 2 <= len(frame):
                struct.pack_into(">H", frame, sum_pos, fix(struct.unpack_from(">H", frame, sum_pos)[0], old, new))


def main():
    with open(sys.argv[1], "rb") as file:
        data = bytearray(file.read())
    pos = 24
    while pos < len(data):
        end = pos + 16 + struct.unpack_from("<I", data, pos + 8)[0]
        frame = data[pos + 16:end]
        if len(frame) >= 34 and frame[12:14] == b"\x08\x00":
            change(frame, int(sys.argv[3]))
            data[pos + 16:end] = frame
        pos = end
    with open(sys.argv[2], "wb") as file:
        file.write(data)


main()
