# SPDX-License-Identifier: BSD-2-Clause
"""
table.py - the list of captures. A function registers itself with @capture("folder/name") and
returns a corpus.connection.Capture; its docstring describes the case.
"""
CAPTURES = {}


def capture(name):
    def register(make):
        file = name if name.endswith(".pcapng") else name + ".pcap"
        assert file not in CAPTURES, file
        CAPTURES[file] = make
        return make
    return register
