#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""sub_decode.py FORMAT OUTPUT PORT ANSWER - checks that the stream to the client at PORT is the
file ANSWER.

OUTPUT is the output of `weft subscribe --format FORMAT` (text, hex or json), or, if FORMAT is
python, of examples/subscribe.py.
"""
import ast
import base64
import hashlib
import json
import re
import sys

NAME = re.compile(r"^(?:[0-9:.]+ )?([0-9.]+)\.(\d+)-([0-9.]+)\.(\d+): ?", re.M)


def text(output, port):
    """Each piece of data begins with a name and ends with a new line."""
    stream, marks = b"", list(NAME.finditer(output))
    for mark, following in zip(marks, marks[1:] + [None]):
        if mark[4] == port:
            stream += output[mark.end():following.start() - 1 if following else -1].encode()
    return stream


def hexadecimal(output, port):
    stream, wanted = b"", False
    for line in output.splitlines():
        name, dump = NAME.match(line), re.match(r"([0-9a-f]{8}): ((?:[0-9a-f]{2,4} )+)", line)
        if name:
            wanted = name[4] == port
        elif wanted and dump:
            assert int(dump[1], 16) == len(stream), line
            stream += bytes.fromhex(dump[2])
    return stream


def json_lines(output, port):
    stream = b""
    for line in map(json.loads, output.splitlines()):
        if line["event_type"] == "stream_data" and line["direction"] == "toclient" and line["src_port"] == int(port):
            data = base64.b64decode(line["stream_data"]["data"], validate=True)
            assert len(data) == line["stream_data"]["length"] and line["stream_data"]["offset"] == len(stream), line
            stream += data
    return stream


def example(output, port):
    lines = (line.split(" ", 1) for line in output.splitlines())
    return b"".join(ast.literal_eval(data) for name, data in lines if name.endswith("." + port))


def main():
    form, path, port, answer = sys.argv[1:]
    with open(path, encoding="utf-8", newline="") as file:
        got = {"text": text, "hex": hexadecimal, "json": json_lines, "python": example}[form](file.read(), port)
    with open(answer, "rb") as file:
        want = file.read()
    print(f"{len(got)} bytes, {hashlib.sha256(got).hexdigest()}; {len(want)} wanted, {hashlib.sha256(want).hexdigest()}")
    return hashlib.sha256(got).digest() != hashlib.sha256(want).digest() or not want


sys.exit(main())
