#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""queue_feed.py - connections whose two directions leave by different transmit queues.

  queue_feed.py send IFACE QUEUES   set XPS before each group of frames to choose their queue
  queue_feed.py repeat IFACE QUEUES the same as send, again and again until killed
  queue_feed.py send IFACE,IFACE 1  each direction of a connection is sent on another interface
  queue_feed.py truth DIR           write the expected stream files
  queue_feed.py map                 compare the flow map (bpftool's JSON on stdin) with what was sent
"""
import json
import os
import socket
import struct
import sys
import time

from overload import send as send_frame

CONNS = 24
SEGMENTS = 10
SEGMENT = 700
FIN, SYN, PSH, ACK = 1, 2, 8, 16
SERVER = bytes([10, 0, 0, 2])


def client(conn):
    return bytes([10, 1, conn // 5, conn])


def frame(conn, to_server, seq, ack, flags, payload=b""):
    src, dst = (client(conn), SERVER) if to_server else (SERVER, client(conn))
    sport, dport = (1000 + conn, 80) if to_server else (80, 1000 + conn)
    tcp = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags, 65535, 0, 0)
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 40 + len(payload), 1, 0x4000, 64, 6, 0)
    return b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\x00" + ip + src + dst + tcp + payload


def content(conn, to_server):
    word = b"%s %d says %d\n" % (b"client" if to_server else b"server", conn, conn * 7919)
    return (word * (SEGMENTS * SEGMENT // len(word) + 1))[: SEGMENTS * SEGMENT]


def phases():
    """Lists of (conn, to_server, frame); what is in one list may be received in any order."""
    for to_server, seq, ack, flags in ((1, 100, 0, SYN), (0, 500, 101, SYN | ACK), (1, 101, 501, ACK)):
        yield [(c, to_server, frame(c, to_server, seq, ack, flags)) for c in range(CONNS)]
    for pos in range(0, SEGMENTS * SEGMENT, SEGMENT):
        yield [
            (c, to_server, frame(c, to_server, (101 if to_server else 501) + pos, 501 if to_server else 101,
                                 PSH | ACK, content(c, to_server)[pos : pos + SEGMENT]))
            for c in range(CONNS)
            for to_server in (1, 0)
        ]
    end = SEGMENTS * SEGMENT
    for to_server, seq, ack, flags in (
        (1, 101 + end, 501 + end, FIN | ACK), (0, 501 + end, 102 + end, FIN | ACK), (1, 102 + end, 502 + end, ACK)
    ):
        yield [(c, to_server, frame(c, to_server, seq, ack, flags)) for c in range(CONNS)]


def use_queue(iface, queues, chosen, cpu):
    """Makes frames that are sent on @cpu leave by queue @chosen."""
    for queue in range(queues if queues > 1 else 0):
        with open(f"/sys/class/net/{iface}/queues/tx-{queue}/xps_cpus", "w") as file:
            file.write("%x" % (1 << cpu if queue == chosen else 0))


def send(iface, queues):
    cpu = min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpu})
    senders = []
    for name in iface.split(","):
        senders.append(socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
        senders[-1].bind((name, 0))
    sent = 0
    for phase in phases():
        for queue in range(queues):
            use_queue(iface, queues, queue, cpu)
            for conn, to_server, data in phase:
                # If there are two queues or more, the server's side uses another queue than the
                # client's.
                if (conn + (0 if to_server else 1)) % queues == queue:
                    send_frame(senders[(conn + to_server) % len(senders)], data)
                    sent += 1
        time.sleep(0.01)
    print(sent)


def text(addr):
    return ".".join(str(byte) for byte in addr)


def truth(path):
    os.makedirs(path)
    for conn in range(CONNS):
        for to_server in (1, 0):
            ends = [f"{text(client(conn))}.{1000 + conn}", f"{text(SERVER)}.80"]
            name = "-".join(ends if to_server else reversed(ends))
            with open(os.path.join(path, name), "wb") as file:
                file.write(content(conn, to_server))


def expected():
    """Returns {client port: {source port: [packets, IP bytes]}} of the sent frames."""
    counts = {}
    for phase in phases():
        for conn, to_server, data in phase:
            of = counts.setdefault(1000 + conn, {}).setdefault(1000 + conn if to_server else 80, [0, 0])
            of[0] += 1
            of[1] += len(data) - 14
    return counts


def compare_map():
    found = {}
    for entry in json.load(sys.stdin):
        entry = entry.get("formatted", entry)
        key, value = entry["key"], entry["value"]
        of = found.setdefault(max(key["port"]), {})
        for side in (0, 1):
            of[key["port"][side]] = [value["packets"][side], value["bytes"][side]]
    if found != expected():
        for port, counts in expected().items():
            if found.get(port) != counts:
                print(f"port {port}: the map has {found.get(port)}, sent were {counts}")
        sys.exit(f"the map has {len(found)} connections, sent were {len(expected())}")


if sys.argv[1] == "send":
    send(sys.argv[2], int(sys.argv[3]))
elif sys.argv[1] == "repeat":
    while True:
        send(sys.argv[2], int(sys.argv[3]))
elif sys.argv[1] == "truth":
    truth(sys.argv[2])
else:
    compare_map()
