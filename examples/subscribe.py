#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""subscribe.py IFACE|SOCKET [FILTER] - print the streams of a running agent; see weft/client.h."""
import ipaddress
import json
import socket
import struct
import sys

OPEN, DATA, GAP, CLOSE, ANOMALY, LOSS, END = range(1, 8)


def endpoint(packed, port):
    ip = ipaddress.IPv6Address(packed)
    return f"{ip.ipv4_mapped or ip}.{port}"


where, text = (sys.argv[1:] + [""])[:2]
sock = socket.socket(socket.AF_UNIX)
sock.connect(where if "/" in where else f"/run/weft/{where}.sock")
sock.sendall(json.dumps({"command": "subscribe", "version": 1, "filter": text}).encode() + b"\n")
stream, names, kind = sock.makefile("rb"), {0: ("?", "?")}, None
response = json.loads(stream.readline())
if not response["ok"]:
    sys.exit(response["error"])
while header := stream.read(24):
    length, kind, direction, head, flow, time_ns = struct.unpack("!IBBHQQ", header)
    frame = header + stream.read(length - 24)
    if kind == OPEN:
        src, dst, sport, dport = struct.unpack_from("!16s16s8xHH", frame, 40)
        ends = endpoint(src, sport), endpoint(dst, dport)
        names[flow] = "-".join(ends), "-".join(reversed(ends))
    elif kind == DATA:
        print(names[flow][direction], frame[head:], flush=True)
    elif kind in (GAP, LOSS):
        offset, missing = struct.unpack_from("!QQ", frame, 24 if kind == GAP else 40)
        print(names[flow][direction], f"[{missing} bytes are missing at {offset}]", flush=True)
    elif kind == CLOSE:
        del names[flow]
sys.exit(0 if kind == END else "the agent died")
