#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
make-corpus.py DIR [NAME...] - writes the captures of tests/corpus and the streams that must result.

  DIR/captures/FOLDER/NAME.pcap   one capture for each kind of packet, fault or file
  DIR/expected.tsv                for each direction that carried bytes its length and SHA-256;
                                  one line for a capture without any

The streams are the bytes that the generator states as received (corpus/connection.py); they are not
computed from the packets. The output is the same at each run. With NAME only captures whose path contains it
are written, and DIR/expected.tsv lists only these. To add a capture, add a function to
corpus/captures_tcp.py, captures_time.py or captures_wire.py.
"""
import argparse
import hashlib
import os
import sys

sys.dont_write_bytecode = True  # do not write __pycache__ into the source tree

from corpus import captures_tcp, captures_time, captures_wire, formats  # noqa: E402 (captures_* register captures)
from corpus.table import CAPTURES  # noqa: E402

HEADER = ("#capture", "src", "sport", "dst", "dport", "use", "bytes", "sha256", "agreed_by", "kind", "checksum",
          "status")


def rows_of(file, shown):
    rest = (shown.checksum, shown.status)
    rows = [(file, *src, *dst, use, len(data), hashlib.sha256(data).hexdigest(), "generator", "req", *rest)
            for src, dst, use, data in shown.streams()]
    return sorted(rows) or [(file, "-", 0, "-", 0, 0, 0, "-", "generator", "none", *rest)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("names", metavar="NAME", nargs="*")
    args = parser.parse_args()
    folder, names = args.folder, args.names
    rows = [HEADER]
    for file in sorted(CAPTURES):
        if names and not any(name in file for name in names):
            continue
        shown = CAPTURES[file]()
        rows += rows_of(file, shown)
        path = f"{folder}/captures/{file}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(shown.written if shown.written is not None else formats.pcap(shown.records, shown.link))
    with open(f"{folder}/expected.tsv", "w", encoding="ascii") as out:
        out.writelines("\t".join(map(str, row)) + "\n" for row in rows)


assert captures_tcp and captures_time and captures_wire
main()
