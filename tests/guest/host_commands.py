#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""host_commands.py ADDRESS PORT COMMAND [ARGS] - for each connection, read one line, run COMMAND
ARGS with the words of the line as further arguments, and send its output and a last line "status N"."""
import shlex
import socketserver
import subprocess
import sys

SECONDS_MAX = 300


class Request(socketserver.StreamRequestHandler):
    def handle(self):
        words = shlex.split(self.rfile.readline().decode())
        done = subprocess.run(sys.argv[3:] + words, stdin=subprocess.DEVNULL, timeout=SECONDS_MAX,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.wfile.write(done.stdout + b"\nstatus %d\n" % done.returncode)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


with Server((sys.argv[1], int(sys.argv[2])), Request) as server:
    server.serve_forever()
