#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""paused_get.py ADDRESS SOURCE_IP SOURCE_PORT PATH FILE - download PATH by HTTP over one connection and
write all bytes of the server, with the headers, to FILE. After about half of the body, write the
number of received bytes to FILE.half, and wait until FILE.go exists."""
import os
import socket
import sys
import time


def main():
    address, source, port, path, name = sys.argv[1:6]
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    client.bind((source, int(port)))
    client.connect((address, 80))
    client.sendall(f"GET /{path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    received, half = 0, None
    with open(name, "wb", buffering=0) as file:
        while data := client.recv(65536):
            file.write(data)
            received += len(data)
            if half is None:
                half = received + int(data.lower().split(b"content-length: ")[1].split(b"\r\n")[0]) // 2
            if half and received >= half:
                half = 0
                with open(f"{name}.part", "w", encoding="ascii") as note:
                    note.write(str(received))
                os.rename(f"{name}.part", f"{name}.half")
                while not os.path.exists(f"{name}.go"):
                    time.sleep(0.05)


main()
