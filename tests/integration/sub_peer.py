#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""sub_peer.py SOCKET MODE - clients of the control socket that behave badly.

  never [NAME]  subscribes, and never reads
  idle          the same with idle_ttl_ms, after which the agent ends the subscription
  often N       connects and disconnects N times: before, in and after the request in turn, and
                after the response; prints the seconds of CPU time that it used
  many N        subscribes N times, then once more, which must be refused; after one of these
                clients has disconnected, a subscription must succeed
  bad           requests that must be refused with a reason; then the connection ends
  half          sends no more after the request (shutdown), and still gets a frame
  talks         sends garbage after the request, and gets EPIPE
"""
import json
import signal
import socket
import sys
import time

PATH, MODE = sys.argv[1:3]


def connect():
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(20)
    sock.connect(PATH)
    return sock


def subscribe(**members):
    """Returns the connection and the response."""
    sock = connect()
    sock.sendall(json.dumps({"command": "subscribe", "queue_bytes": 131072, **members}).encode() + b"\n")
    return sock, json.loads(read_line(sock))


def read_line(sock):
    line = b""
    while not line.endswith(b"\n"):
        byte = sock.recv(1)
        if not byte:
            sys.exit(f"the connection ended after {line!r}")
        line += byte
    return line


def expect(condition, what):
    if not condition:
        sys.exit(what)


def never(name="never"):
    _, response = subscribe(name=name)
    expect(response["ok"], response)
    signal.pause()


def idle():
    _, response = subscribe(name="idle", idle_ttl_ms=500)
    expect(response["ok"], response)
    signal.pause()


def request(end):
    """Connects and sends a request that ends with @end."""
    sock = connect()
    sock.sendall(b'{"command":"subscribe","queue_bytes":131072' + end)
    return sock


def often(count):
    for i in range(count):
        if i % 4 == 0:  # without a request
            connect().close()
        elif i % 4 == 1:  # in the middle of a request
            request(b"").close()
        elif i % 4 == 2:  # without reading the response
            request(b"}\n").close()
        else:
            deadline = time.monotonic() + 20
            # All places may be taken by clients that have gone just now.
            while not subscribe()[1]["ok"]:
                expect(time.monotonic() < deadline, "refused for a long time")
                time.sleep(0.01)
    print(time.process_time())


def many(count):
    socks = [subscribe(name=f"many-{i}") for i in range(count)]
    expect(all(response["ok"] for _, response in socks), socks[-1])
    _, response = subscribe()
    expect(not response["ok"] and "control.max_subscribers" in response["error"], response)
    socks.pop()[0].close()
    deadline = time.monotonic() + 20
    while not subscribe()[1]["ok"]:
        expect(time.monotonic() < deadline, "the place of a client that has gone is not free")
        time.sleep(0.02)


def bad():
    for request, why in (
            (b'{"command":"subscribe","filter":"prot 80"}', "syntax of tcpdump"),
            (b'{"command":"subscribe","overflow":"block"}', "would stop live capture"),
            (b'{"command":"subscribe","version":2}', "this agent has version 1"),
            (b'{"command":"subscribe","evnts":["data"]}', 'no member "evnts"'),
            (b'{"command":"subscribe","queue_bytes":1}', "queue_bytes 1 is out of range")):
        sock = connect()
        sock.sendall(request + b"\n")
        response = json.loads(read_line(sock))
        expect(not response["ok"] and why in response["error"], f"{request}: {response}")
        expect(sock.recv(1) == b"", f"{request}: the connection stays open")


def half():
    sock = connect()
    sock.sendall(b'{"command":"subscribe","name":"half"}\n')
    sock.shutdown(socket.SHUT_WR)
    expect(json.loads(read_line(sock))["ok"], "refused")
    expect(len(sock.recv(24, socket.MSG_WAITALL)) == 24, "no frame")


def talks():
    sock, response = subscribe(name="talks")
    expect(response["ok"], response)
    try:
        for _ in range(1000):
            sock.sendall(b"x" * 65536)
    except BrokenPipeError:
        return
    sys.exit("everything was taken")


globals()[MODE](*(int(arg) if arg.isdigit() else arg for arg in sys.argv[3:]))
