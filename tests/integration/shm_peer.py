#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
shm_peer.py SOCKET MODE ... - a client with shared memory that does what the library never does.

  write         every way to write to the memory of the agent must fail
  jump HOW      writes a wrong position when data waits; the agent must end the connection. HOW: beyond, back,
                middle, random
  chatter       sends bytes that are not expected; the agent must end the connection
  still         never reads; prints "ready" and waits until it is killed
  often N       subscribes and closes N times, and is refused only while earlier ends are not
                noticed
  files PATH    reads no frame, and checks that the descriptor of the capture file PATH arrives, for reading only
  refused       the request must be refused, with the key delivery.shm_group in the reason
"""
import ctypes
import fcntl
import json
import mmap
import os
import random
import select
import socket
import struct
import sys
import time

SEALS = 0x10 | 0x2 | 0x4 | 0x1  # FUTURE_WRITE, SHRINK, GROW, SEAL
libc = ctypes.CDLL(None, use_errno=True)


def expect(condition, what):
    if not condition:
        sys.exit(f"shm_peer.py: {what}")


class Client:
    def __init__(self, path, **members):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        request = {"command": "subscribe", "shm": True, **members}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        line, self.fds, _, _ = socket.recv_fds(self.socket, 4096, 2)
        self.response = json.loads(line.split(b"\n")[0])

    def map(self):
        expect(len(self.fds) == 2, f"no descriptors: {self.response}")
        self.arena, self.position = self.fds
        self.words = mmap.mmap(self.position, 4096)
        ring_off = struct.unpack_from("=Q", self.words, 8)[0]
        self.head = mmap.mmap(self.arena, 4096, prot=mmap.PROT_READ, offset=ring_off)

    def published(self):
        return struct.unpack_from("=Q", self.head, 64)[0]

    def go_to(self, position):
        struct.pack_into("=Q", self.words, 0, position & (2**64 - 1))

    def wait_for_data(self, slots):
        end = time.monotonic() + 20
        while self.published() < slots:
            expect(time.monotonic() < end, f"only {self.published()} slots arrived")
            time.sleep(0.005)

    def is_cut(self):
        """Returns True if the agent ends the connection; skips bytes that wake the client."""
        while select.select([self.socket], [], [], 20)[0]:
            try:
                if not self.socket.recv(4096):
                    return True
            except ConnectionResetError:
                return True
        return False

    def close(self):
        for fd in self.fds:
            os.close(fd)
        self.socket.close()


def fails(what, function, *args):
    try:
        function(*args)
    except (OSError, ValueError):
        return
    sys.exit(f"shm_peer.py: {what} must fail")


def check_sealed(name, fd):
    expect(fcntl.fcntl(fd, 1034) == SEALS | 0, f"{name}: seals {fcntl.fcntl(fd, 1034):#x}")  # F_GET_SEALS
    expect(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY, f"{name}: open for writing")
    fails(f"{name}: mmap for writing", lambda: mmap.mmap(fd, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE))
    fails(f"{name}: pwrite", os.pwrite, fd, b"x", 0)
    fails(f"{name}: truncate", os.ftruncate, fd, 4096)
    fails(f"{name}: a hole", os.posix_fallocate, fd, 0, 4096)

    address = libc_mmap(fd)
    expect(libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(4096), 3) != 0, f"{name}: mprotect must fail")
    libc.munmap(ctypes.c_void_p(address), ctypes.c_size_t(4096))
    try:
        again = os.open(f"/proc/self/fd/{fd}", os.O_RDWR)
    except OSError:
        return
    fails(f"{name}: mmap of the file that was opened again", lambda: mmap.mmap(again, 4096))
    fails(f"{name}: write to the file that was opened again", os.pwrite, again, b"x", 0)
    fails(f"{name}: truncate the file that was opened again", os.ftruncate, again, 4096)
    os.close(again)


def libc_mmap(fd):
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    address = libc.mmap(None, 4096, 1, 1, fd, 0)
    expect(address not in (None, ctypes.c_void_p(-1).value), "mmap for reading")
    return address


def write(path):
    client = Client(path)
    client.map()
    check_sealed("arena", client.arena)
    fails("position: truncate", os.ftruncate, client.position, 0)


def jump(path, how):
    client = Client(path, name=f"jump-{how}")
    client.map()
    print("ready", flush=True)
    client.wait_for_data(20)
    end = client.published()
    if how == "beyond":
        client.go_to(end + 1000)
    elif how == "middle":
        client.go_to(1)  # OPEN is the first record, and has more than one slot
    elif how == "back":
        client.go_to(end)
        client.wait_for_data(end + 20)
        time.sleep(0.6)  # by now, the agent has read the position
        client.go_to(0)
    else:
        source = random.Random(1)
        while not select.select([client.socket], [], [], 0)[0] or client.socket.recv(64, socket.MSG_PEEK):
            client.go_to(source.getrandbits(64))
    expect(client.is_cut(), "the agent must end the connection")


def chatter(path):
    client = Client(path, name="chatter")
    client.map()
    print("ready", flush=True)
    client.wait_for_data(20)
    try:
        while True:
            client.socket.send(b"x" * 100)
            time.sleep(0.01)
    except (BrokenPipeError, ConnectionResetError):
        pass
    expect(client.is_cut(), "the agent must end the connection")


def still(path):
    client = Client(path, name="still")
    client.map()
    print("ready", flush=True)
    while True:
        time.sleep(1000)


def often(path, count):
    done = 0
    while done < int(count):
        client = Client(path, name="often")
        # The agent refuses a client while it has not noticed that earlier clients are gone.
        expect(client.response["ok"] or "control.max_subscribers" in client.response["error"], client.response)
        done += client.response["ok"]
        client.close()


def files(path, capture):
    client = Client(path, name="files")
    client.map()
    client.wait_for_data(2)
    _, fds, _, _ = socket.recv_fds(client.socket, 64, 8)
    expect(len(fds) == 1, f"{len(fds)} descriptors")
    expect(os.path.samestat(os.fstat(fds[0]), os.stat(capture)), "the descriptor is not that of the capture file")
    expect(fcntl.fcntl(fds[0], fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY, "the file is open for writing")


def refused(path):
    client = Client(path)
    expect(not client.response["ok"] and "delivery.shm_group" in client.response["error"], client.response)


MODES = {"write": write, "jump": jump, "chatter": chatter, "still": still, "often": often, "files": files, "refused": refused}
MODES[sys.argv[2]](sys.argv[1], *sys.argv[3:])
