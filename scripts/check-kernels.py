#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
check-kernels.py - checks that README.md and weft-run(1) name the oldest supported kernel and the
features that a supported kernel may lack, as user/capture/host/kernel.def does, and that `make
test-kernels` tests the oldest one and the series that README.md and `make help` name.
"""
import os
import re
import sys

os.chdir(os.path.join(os.path.dirname(__file__), ".."))
errors = []


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def number(version):
    return tuple(map(int, version.split(".")))


def compare(path, stated, wanted):
    """@stated, @wanted: sets of (feature, first version with it, effect if it is missing)."""
    for row in sorted(wanted - stated):
        errors.append(f"{path}: kernel feature is missing or differs: {' | '.join(row)}")
    for row in sorted(stated - wanted):
        errors.append(f"{path}: not in kernel.def: {' | '.join(row)}")


table = read("user/capture/host/kernel.def")
oldest = re.search(r'#define WF_KERNEL_OLDEST "([\d.]+)"', table).group(1)
rows = re.findall(r'^X\(\w+, "(\w+)", "([\d.]+)", \w+,\s*"([^"]*)"\)', table, flags=re.M)
newer = {row for row in rows if number(row[1]) > number(oldest)}
if not newer or len(rows) != len(re.findall(r"^X\(", table, flags=re.M)):
    errors.append("check-kernels: can't read kernel.def")

readme, manual = read("README.md"), read("man/weft-run.1.in")
compare("README.md", set(re.findall(r"^\| `(\w+)` \| ([\d.]+) \| (.*) \|$", readme, flags=re.M)), newer)
compare("man/weft-run.1.in",
        set(re.findall(r"^\.It Cm (\w+) Pq Linux ([\d.]+)\n(.*)\.$", manual, flags=re.M)), newer)
for path, text in ("README.md", readme), ("man/weft-run.1.in", manual):
    if f"Linux {oldest} or newer is needed" not in text:
        errors.append(f"{path}: does not say that Linux {oldest} or newer is needed")

series = re.search(r"set -- ([\d. ]+)$", read("scripts/test-kernels.sh"), flags=re.M).group(1).split()
if series[0] != oldest:
    errors.append(f"scripts/test-kernels.sh: the first series is not Linux {oldest}")
tested = "Linux " + " and ".join(series)
for path, pattern in ("README.md", r"^\| `make test-kernels`.*$"), ("Makefile", r"^test-kernels:.*$"):
    row = re.search(pattern, read(path), flags=re.M)
    if not row or tested not in row.group(0):
        errors.append(f"{path}: does not say that make test-kernels tests {tested}")

for error in errors:
    print(error, file=sys.stderr)
sys.exit(bool(errors))
