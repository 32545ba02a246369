#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
check-man.py WEFT PAGE... - checks that the manual PAGEs are valid mdoc and agree with the program WEFT:
each command and each option has an entry, each configuration key has an entry with its range, unit
and default, each type and each field of an event that the sink writes has an entry, and no entry is
about a key or a field that does not exist. Pages and help texts fit into COLUMNS.
"""
import pathlib
import re
import shutil
import subprocess
import sys

COLUMNS = 80

errors = []


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def check_mdoc(pages):
    if not shutil.which("mandoc"):
        errors.append("check-man: mandoc is missing; run scripts/install-deps.sh")
        return
    lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *pages], stdout=subprocess.PIPE, text=True)
    if lint.returncode:
        errors.append(lint.stdout.rstrip())


def check_width(name, text):
    errors.extend(f"{name}: more than {COLUMNS} columns: {line}" for line in text.splitlines() if len(line) > COLUMNS)


def keys_of(weft):
    """Yields (key, range, default) as `weft config show` prints them; range "": none is printed."""
    path, allowed = [], ""
    for line in output_of(weft, "config", "show").splitlines():
        if line.lstrip().startswith("#"):
            match = re.search(r" \(([^()]*)\)$", line)
            allowed = match[1] if match else ""
        elif match := re.match(r"( *)([a-z_]+):(?: (.*))?$", line):
            path[len(match[1]) // 2:] = [match[2]]
            if match[3]:
                yield ".".join(path), allowed, match[3]


def entries_of(page):
    """Returns a dict from each key to the text of its entry in @page."""
    entries = {}
    for entry in re.split(r"^\.It ", page, flags=re.M)[1:]:
        head, text = entry.split("\n", 1)
        if re.fullmatch(r"Cm [a-z_]+(\.[a-z_]+)+", head):
            entries[head[3:]] = text
    return entries


def check_keys(weft, name, page):
    entries, keys = entries_of(page), list(keys_of(weft))
    for key, allowed, default in keys:
        wanted = f"[{allowed}, default {default}]"
        if key not in entries:
            errors.append(f"{name}: no entry for the key {key}")
        elif allowed and wanted not in entries[key]:
            errors.append(f"{name}: {key}: expected '{wanted}'")
    for key in entries.keys() - {key for key, _, _ in keys}:
        errors.append(f"{name}: entry for the key {key}, which does not exist")


SINK = pathlib.Path(__file__).resolve().parent.parent / "user" / "sink"
FLAGS = {"fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"}


def written_names():
    """Returns the event types and the fields that the events sink writes, read from its source."""
    text = "".join((SINK / name).read_text(encoding="utf-8") for name in ("events.c", "event_lines.c", "format/eve_event.c"))
    types = set(re.findall(r'wf_(?:event_lines_begin|eve_put_head)\([^;]*?"(\w+)"\);', text))
    fields = set(re.findall(r'wf_(?:json_(?!object)\w+|eve_put_time)\([^;"]*?"([a-z]\w*)"', text))
    both = re.findall(r'BOTH\("(\w+)"', text)
    table = (SINK / "format" / "eve_stats.c").read_text(encoding="utf-8")
    numbers = re.findall(r'\{(?:"(\w+)"|NULL),\s+"(\w+)",\s+\{', table)
    return types, (fields | FLAGS | {f"{name}_{side}" for name in both for side in ("toserver", "toclient")} |
                   {f"{module}.{number}" if module else number for module, number in numbers})


def check_events(name, page):
    types, fields = written_names()
    metrics = page.index(".Sh METRICS")
    sections = set(re.findall(r"^\.Ss (\w+)$", page[:metrics], flags=re.M))
    entries = {field for line in re.findall(r"^\.It Va (.*)$", page[:metrics], flags=re.M) for field in line.split(" , ")}
    for kind, missing in (("section for the event type", types - sections), ("entry for the field", fields - entries)):
        errors.extend(f"{name}: no {kind} {word}" for word in sorted(missing))
    for kind, unknown in (("section for the event type", sections - types), ("entry for the field", entries - fields)):
        errors.extend(f"{name}: {kind} {word}, which the sink does not write" for word in sorted(unknown))


def check_commands(weft, text):
    listing = re.search(r"^commands:\n(.*?)\n\n", output_of(weft, "help"), flags=re.M | re.S)[1]
    for command in re.findall(r"^  ([a-z]+)", listing, flags=re.M):
        if not re.search(rf"^\.It Cm {command}\b|^\.Nm weft {command}$", text, flags=re.M):
            errors.append(f"manual pages: no entry for weft {command}")
        usage = output_of(weft, command, "--help")
        check_width(f"weft {command} --help", usage)
        for option in re.findall(r"^  (?:-., |    )--([a-z-]+)", usage, flags=re.M):
            if not re.search(rf"^\.It Fl(?: .*)?-{option}(?: |$)", text, flags=re.M):
                errors.append(f"manual pages: no entry for --{option} of weft {command}")


def main():
    weft, *pages = sys.argv[1:]
    texts = {page: open(page, encoding="utf-8").read() for page in pages}
    check_mdoc(pages)
    for page, text in texts.items():
        check_width(page, re.sub(".\x08", "", output_of("mandoc", "-T", "utf8", "-O", f"width={COLUMNS}", page)))
        if page.endswith(".conf.5"):
            check_keys(weft, page, text)
        if page.endswith("-events.5"):
            check_events(page, text)
    check_commands(weft, "\n".join(text for page, text in texts.items() if page.endswith(".1")))
    print("\n".join(errors), end="\n" if errors else "", file=sys.stderr)
    return 1 if errors else 0


sys.exit(main())
