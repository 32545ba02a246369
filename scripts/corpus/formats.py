# SPDX-License-Identifier: BSD-2-Clause
"""
formats.py - capture files as bytes: pcap in its variants, and the blocks of pcapng.

A record is (time_ns, frame, wire_bytes).
"""
import struct

NS_PER_SEC = 10**9


def pcap(records, link=1, order="<", magic=0xA1B2C3D4, ticks_per_sec=10**6, version=(2, 4), patched=b"",
         lengths_swapped=False):
    out = struct.pack(order + "IHHiIII", magic, *version, 0, 0, 65535, link)
    for time_ns, frame, wire_bytes in records:
        fraction = time_ns % NS_PER_SEC * ticks_per_sec // NS_PER_SEC
        lengths = (wire_bytes, len(frame)) if lengths_swapped else (len(frame), wire_bytes)
        out += struct.pack(order + "IIII", time_ns // NS_PER_SEC, fraction, *lengths) + patched + frame
    return out


# ---- pcapng ----


def block(order, kind, body):
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + length + body + length


def option(order, code, value):
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order="<"):
    return block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(order="<", link=1, snap_bytes=0, options=b""):
    return block(order, 1, struct.pack(order + "HHI", link, 0, snap_bytes) + options)


def enhanced(record, order="<", interface_id=0, ticks=None):
    time_ns, frame, wire_bytes = record
    ticks = time_ns // 1000 if ticks is None else ticks
    body = struct.pack(order + "IIIII", interface_id, ticks >> 32, ticks % 2**32, len(frame), wire_bytes)
    return block(order, 6, body + frame + bytes(-len(frame) % 4) + option(order, 1, b"a comment") + bytes(4))


def simple(record, order="<"):
    return block(order, 3, struct.pack(order + "I", record[2]) + record[1])


def obsolete(record, order="<"):
    time_ns, frame, wire_bytes = record
    ticks = time_ns // 1000
    return block(order, 2, struct.pack(order + "HHIIII", 0, 0, ticks >> 32, ticks % 2**32, len(frame),
                                       wire_bytes) + frame)
