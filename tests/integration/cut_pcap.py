#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
cut_pcap.py FILE DIR COUNT - cuts a pcap file into COUNT files of about the same number of bytes, DIR/00.pcap and so on.
"""
import os
import struct
import sys

path, folder, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
with open(path, "rb") as source:
    data = source.read()
order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
os.makedirs(folder)
begin = pos = 24
for part in range(count):
    end = 24 + (len(data) - 24) * (part + 1) // count
    while pos < end:
        pos += 16 + struct.unpack_from(order + "I", data, pos + 8)[0]
    with open(f"{folder}/{part:02}.pcap", "wb") as out:
        out.write(data[:24] + data[begin:pos])
    begin = pos
