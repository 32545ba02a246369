#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
http_client.py - clients of weft's HTTP server that do what curl can't do, and a command that stops
a worker.

  idle PORT COUNT            open COUNT connections, send nothing, until a signal
  slow PORT COUNT            COUNT clients ask for statistics and never read, until a signal
  flood PORT header|body     send a request of 100 MB; print the bytes sent and the status line
  socket PORT OPTIONS        subscribe over WebSocket; print what arrived as one JSON object
  watch PORT PREFIX COUNT    watch the state store over WebSocket, twice with one id; print each
                             message until COUNT changes have arrived, then unsubscribe twice
  stall PID                  stop one worker thread of PID with ptrace until a signal
"""
import argparse
import base64
import collections
import ctypes
import glob
import hashlib
import json
import os
import signal
import socket
import struct
import sys
import time

FLOOD_BYTES = 100_000_000


def connect(port):
    return socket.create_connection(("127.0.0.1", port), 5)


def wait_for_signal():
    print("ready", flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


def run_idle(args):
    connections = [connect(args.port) for _ in range(args.count)]
    wait_for_signal()
    return len(connections) != args.count


def run_slow(args):
    connections = []
    for _ in range(args.count):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.connect(("127.0.0.1", args.port))
        client.sendall(b"GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20)
        connections.append(client)
    wait_for_signal()
    return 0


def run_flood(args):
    client, sent, answer = connect(args.port), 0, b""
    token = open(args.token, encoding="ascii").read().strip() if args.token else ""
    head = {"header": b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Fill: ",
            "body": b"POST /api/v1/flows/verdict HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
                    + token.encode() + b"\r\nContent-Length: %d\r\n\r\n" % FLOOD_BYTES}[args.part]
    try:
        client.sendall(head)
        while sent < FLOOD_BYTES:
            client.sendall(b"x" * 65536)
            sent += 65536
    except OSError:
        pass
    try:
        answer = client.recv(4096)
    except OSError:
        pass
    print(sent, answer.split(b"\r\n")[0].decode("latin-1"))
    return 0


class WebSocket:
    """A client of RFC 6455 that is just good enough for the tests."""

    def __init__(self, port):
        self.socket, self.buffer = connect(port), b""
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
                             f"Connection: Upgrade\r\nOrigin: http://127.0.0.1:{port}\r\n"
                             f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                             "Sec-WebSocket-Protocol: weft.v1\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.buffer:
            self.buffer += self.read_some()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise OSError(head.decode("latin-1"))

    def read_some(self):
        part = self.socket.recv(1 << 18)
        if not part:
            raise EOFError
        return part

    def take(self, count):
        while len(self.buffer) < count:
            self.buffer += self.read_some()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def send(self, message):
        payload, mask = json.dumps(message).encode(), os.urandom(4)
        length = struct.pack(">BH", 0xFE, len(payload))
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self.socket.sendall(b"\x81" + length + mask + masked)

    def receive(self):
        """Returns (opcode, payload) of the next message, whose fragments are joined."""
        opcode, payload, final = 0, b"", False
        while not final:
            first, length = self.take(2)
            if length == 126:
                length = struct.unpack(">H", self.take(2))[0]
            elif length == 127:
                length = struct.unpack(">Q", self.take(8))[0]
            opcode, final = opcode or first & 15, first & 128
            payload += self.take(length)
        return opcode, payload


def collect(client, args, got):
    """Receives until args.flows connections have ended or the server closes. Raises OSError if
    nothing arrives for a minute times WEFT_SLOW."""
    streams = collections.defaultdict(lambda: [hashlib.sha256(), 0, 0])
    while got["flows"] < args.flows:
        opcode, payload = client.receive()
        if opcode == 2:
            number, way, _, flow, offset = struct.unpack(">IB3sQQ", payload[:24])
            stream = streams[f"{flow}.{way}"]
            stream[0].update(payload[24:])
            stream[1] += len(payload) - 24
            stream[2] = offset + len(payload) - 24
            got["data_bytes"] += len(payload) - 24
            got["wrong_ids"] += number != args.id
        elif opcode == 1:
            message = json.loads(payload)
            got["flows"] += message.get("event", {}).get("event_type") == "flow"
            got["drop_events"] += message.get("drop", {}).get("events", 0)
            got["drop_bytes"] += message.get("drop", {}).get("bytes", 0)
            if "event" in message and message["event"]["event_type"] == "flow":
                got["flow_bytes"] += message["event"]["flow"]["stream_bytes_toclient"]
                got["flow_bytes"] += message["event"]["flow"]["stream_bytes_toserver"]
            if "error" in message:
                got["errors"].append(message["error"])
        elif opcode == 8:
            break
    got["sha256"] = sorted(stream[0].hexdigest() for stream in streams.values())
    got["whole"] = all(stream[1] == stream[2] for stream in streams.values())


def run_socket(args):
    client = WebSocket(args.port)
    got = {"flows": 0, "data_bytes": 0, "drop_events": 0, "drop_bytes": 0, "flow_bytes": 0, "wrong_ids": 0,
           "errors": []}
    client.send({"op": "subscribe", "id": args.id, "filter": args.filter, "events": args.events.split(","),
                 "queue_bytes": args.queue})
    client.socket.settimeout(60 * float(os.environ.get("WEFT_SLOW", "1")))
    reply = json.loads(client.receive()[1])
    print(json.dumps(reply), file=sys.stderr, flush=True)
    while args.wait and not os.path.exists(args.wait):
        time.sleep(0.05)
    try:
        collect(client, args, got)
    except (EOFError, OSError) as error:
        got["errors"].append(repr(error))
    print(json.dumps(got), flush=True)
    return bool(got["errors"])


def run_watch(args):
    client = WebSocket(args.port)
    client.send({"op": "watch", "id": 7, "prefix": args.prefix})
    client.send({"op": "watch", "id": 7})
    client.socket.settimeout(10 * float(os.environ.get("WEFT_SLOW", "1")))
    while args.count:
        message = json.loads(client.receive()[1])
        print(json.dumps(message), flush=True)
        args.count -= "change" in message
    client.send({"op": "unsubscribe", "id": 7})
    client.send({"op": "unsubscribe", "id": 7})
    print(client.receive()[1].decode())
    print(client.receive()[1].decode(), flush=True)
    return 0


def worker_thread(pid):
    for path in glob.glob(f"/proc/{pid}/task/*/comm"):
        if open(path, encoding="ascii").read().startswith("weft-worker"):
            return int(path.split("/")[4])
    raise OSError("the process has no worker")


def run_stall(args):
    libc, thread = ctypes.CDLL(None, use_errno=True), worker_thread(args.pid)
    seize, interrupt, detach = 0x4206, 0x4207, 17
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    for request in (seize, interrupt):
        if libc.ptrace(request, thread, None, None):
            print("ptrace:", os.strerror(ctypes.get_errno()), file=sys.stderr)
            return 1
    os.waitpid(thread, 0x40000000)  # __WALL; returns when the thread has stopped
    wait_for_signal()
    return libc.ptrace(detach, thread, None, None) != 0


def parse():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("idle", "slow"):
        command = commands.add_parser(name)
        command.add_argument("port", type=int)
        command.add_argument("count", type=int)
    flood = commands.add_parser("flood")
    flood.add_argument("port", type=int)
    flood.add_argument("part", choices=("header", "body"))
    flood.add_argument("--token")
    ws = commands.add_parser("socket")
    ws.add_argument("port", type=int)
    ws.add_argument("--id", type=int, default=1)
    ws.add_argument("--filter", default="")
    ws.add_argument("--events", default="flow,data")
    ws.add_argument("--queue", type=int, default=1 << 24)
    ws.add_argument("--flows", type=int, default=1)
    ws.add_argument("--wait", help="read nothing until this file exists")
    watch = commands.add_parser("watch")
    watch.add_argument("port", type=int)
    watch.add_argument("prefix")
    watch.add_argument("count", type=int)
    stall = commands.add_parser("stall")
    stall.add_argument("pid", type=int)
    return parser.parse_args()


def main():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    args = parse()
    if args.command in ("socket", "flood", "watch"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})
    return {"idle": run_idle, "slow": run_slow, "flood": run_flood, "socket": run_socket,
            "stall": run_stall, "watch": run_watch}[args.command](args)


if __name__ == "__main__":
    sys.exit(main())
