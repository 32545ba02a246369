#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""split_pcap.py FILE COUNT turn|row OUT - write the packets of FILE to COUNT files: OUT0, OUT1, ...

turn: one packet to each file in turn, so that all files overlap in time. row: consecutive packets to
each file, like capture programs that begin a new file at a size limit."""
import struct
import sys


def read_records(data):
    pos = 24
    while pos < len(data):
        end = pos + 16 + struct.unpack_from("<I", data, pos + 8)[0]
        yield data[pos:end]
        pos = end


def main():
    path, count, how, out = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    with open(path, "rb") as file:
        data = file.read()
    records = list(read_records(data))
    for number in range(count):
        if how == "turn":
            mine = records[number::count]
        else:
            mine = records[number * len(records) // count:(number + 1) * len(records) // count]
        with open(f"{out}{number}", "wb") as file:
            file.write(data[:24] + b"".join(mine))


main()
