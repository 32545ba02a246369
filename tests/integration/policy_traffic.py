#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""policy_traffic.py IFACE SOCKET CHANGES SEED - sends CHANGES random policies to an agent, while
short connections to the ports 80, 81, 90 and 91 are sent through IFACE. Every second policy is
invalid and must be rejected. Prints the number of connections of each port, and the number of
policies that were accepted and differed from the one in use.

The kernel checks the list of ports of a policy, a worker its expression and its depth. Valid
policies are chosen such that a mix of two of them accepts segments, or cuts streams, as no single
one does:

  ports 80, expression 81    and   ports 81, expression 80     neither accepts a segment
  ports 90, depth 64         and   ports 91, depth 128         each port has one depth
"""
import json
import random
import socket
import sys
import threading

from overload import ACK, FIN, PSH, SERVER, SYN, frame, send as send_frame

PAYLOAD = 200
PORTS = (80, 81, 90, 91)


def policy(ports, expression, depth):
    return {"filter": {"ports": ports, "expression": expression},
            "reassembly": {"depth_bytes": depth}}


VALID = [policy([80], "tcp port 81", 64), policy([81], "tcp port 80", 128),
         policy([90], "tcp port 90", 64), policy([91], "tcp port 91", 128),
         policy([90], "", 64), policy([], "tcp port 91", 128)]
INVALID = [policy([80], "tcp prot 80", 64), policy([0], "", 64), policy(["80"], "", 64),
           policy([], "", -1), {"filter": {"sample": 0}}, {"filter": {"allow": ["10.0.0.1/8"]}},
           {"filter": {"verdict_by_prefix": {"10.0.0.0/8": "shed"}}}, {"filters": {}}, [], 5,
           {"reassembly": {"overlap": "amiga"}}, {"filter": {"deny": [None]}}]


def connection(number):
    client = bytes([10, 9, number // 200 % 250, 1 + number % 200])
    port, server = 1024 + number // 50000, PORTS[number % len(PORTS)]
    up = lambda seq, ack, flags, data=b"": frame(client, SERVER, port, server, seq, ack, flags, data)
    down = lambda seq, ack, flags: frame(SERVER, client, server, port, seq, ack, flags)
    yield up(0, 0, SYN)
    yield down(0, 1, SYN | ACK)
    yield up(1, 1, ACK)
    yield up(1, 1, ACK | PSH, b"x" * PAYLOAD)
    yield down(1, 1 + PAYLOAD, ACK)
    yield up(1 + PAYLOAD, 1, FIN | ACK)
    yield down(1, 2 + PAYLOAD, FIN | ACK)
    yield up(2 + PAYLOAD, 2, ACK)


def send(iface, done, counts):
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    out.bind((iface, 0))
    number = 0
    while not done.is_set():
        # 8 connections at a time, so that changes fall between the segments of a connection.
        for segments in zip(*[connection(number + i) for i in range(8)]):
            for segment in segments:
                send_frame(out, segment)
            done.wait(0.001)
        number += 8
    counts.extend(number // len(PORTS) for _ in PORTS)


class Agent:
    def __init__(self, path):
        self.path, self.lines, self.left = path, None, 0

    def ask(self, **request):
        if not self.left:  # the agent limits the duration of a control connection
            agent = socket.socket(socket.AF_UNIX)
            agent.connect(self.path)
            self.lines, self.left = agent.makefile("rw"), 20
        self.left -= 1
        self.lines.write(json.dumps(request) + "\n")
        self.lines.flush()
        return json.loads(self.lines.readline())


def change(agent, changes):
    accepted, version = 0, agent.ask(command="policy")["policy"]["version"]
    for i in range(changes):
        if i % 2:
            answer = agent.ask(command="policy_set", policy=random.choice(INVALID), by="test")
            assert not answer["ok"] and answer["usage"], answer
        else:
            answer = agent.ask(command="policy_set", policy=random.choice(VALID), by="test")
            assert answer["ok"], answer
            now = answer["policy_set"]["version"]
            assert now in (version, version + 1), (version, answer)
            accepted, version = accepted + now - version, now
        assert agent.ask(command="policy")["policy"]["version"] == version
    return accepted


def main():
    iface, path, changes, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    random.seed(seed)
    done, counts = threading.Event(), []
    sender = threading.Thread(target=send, args=(iface, done, counts))
    sender.start()
    try:
        accepted = change(Agent(path), changes)
    finally:
        done.set()
        sender.join()
    print(counts[0], accepted)


main()
