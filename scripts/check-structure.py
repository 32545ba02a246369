#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
check-structure.py [--without RULE,...] - checks that the source tree is built as its documentation says.

Rules, each reported with the file that breaks it:
  include   a room under user/ includes only what scripts/layers.txt allows
  circle    no circle between rooms, none between the files of one room; a file uses another
            if it includes its header or uses a function or variable that it defines
  library   a system library is used only by the rooms that own it
  readme    every room has a README.md
  name      a file named in a comment or in a README exists
  size      a room has at most ROOM_FILES files and ROOM_LINES lines, a file other than a .def
            FILE_LINES lines

A room is a folder under user/ that holds sources. In the rule circle, x.c, x.h, x_internal.h and
x.def are one file.
"""
import argparse
import os
import re
import subprocess
import sys
from collections import defaultdict

ROOM_FILES, ROOM_LINES, FILE_LINES = 26, 4000, 500

# Patterns that are allowed in some folders only: pattern, description, folders (with their
# subfolders).
LIBRARIES = [
    (r"#include <(bpf|xdp)/", "libbpf or libxdp", ["capture/live", "capture/host", "capture/hook", "capture/maps"]),
    (r"#include <pcap", "libpcap", ["capture/file"]),
    (r"#include <archive", "libarchive", ["capture/file"]),
    (r"#include <openssl/", "libcrypto", ["packet"]),
    (r"#include <(seccomp|cap-ng)\.h", "libseccomp or libcap-ng", ["agent/privileges"]),
    (r"#include <jansson", "jansson", ["sink", "agent", "cli", "http", "serve", "policy", "collect", "fleet"]),
    (r"#include <libwebsockets", "libwebsockets", ["http"]),
    (r"#include <nats/", "libnats", ["bus", "sink/nats", "collect", "fleet"]),
    (r"#include <n?curses", "ncurses", ["cli/top"]),
    (r"\bpthread_(create|join|detach|kill|cancel|self|sig\w+|set\w+)\(", "threads",
     ["base", "engine", "worker", "pressure", "sink", "serve", "http", "agent"]),
    # Locks are those of base/lock.h, which have a time limit and are counted. Only rooms of the
    # control plane may use them.
    (r"\bpthread_(mutex|rwlock|spin|cond)_\w+\(", "bare locks", ["base"]),
    (r'#include "base/lock\.h"', "locks",
     ["base", "metrics", "api", "agent", "sink", "pressure", "state", "policy", "endpoints", "serve", "control",
      "engine", "deliver", "fleet"]),
]

errors = []


def complain(where, text):
    errors.append(f"{where}: {text}")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def sources(*folders):
    """Returns the C sources below @folders."""
    for folder in folders:
        for path, _, names in sorted(os.walk(folder)):
            for name in sorted(names):
                if name.endswith((".c", ".h", ".def")):
                    yield os.path.join(path, name)


def room_of(path):
    """Returns the room of a path: capture/live for user/capture/live/xsk.c, include/weft for its headers."""
    folder = os.path.dirname(path)
    return folder[len("user/"):] if folder.startswith("user/") else folder


def stem_of(path):
    return re.sub(r"(_internal)?\.(c|h|def)$", "", path)


def without_strings(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"", " ", text, flags=re.S)


def without_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)


def includes_of(text):
    quoted = re.findall(r'^\s*#\s*include\s*"([^"]+)"', text, flags=re.M)
    public = re.findall(r"^\s*#\s*include\s*<(weft/[^>]+)>", text, flags=re.M)
    return quoted + public


# ---- include: which folder may include which -------------------------------------------


def read_layers():
    layers = {}
    for line in read("scripts/layers.txt").splitlines():
        if line.strip() and not line.startswith("#"):
            room, allowed = line.split(":", 1)
            layers[room.strip()] = allowed.split()
    return layers


def is_in(name, folder):
    return name == folder or name.startswith(folder + "/")


def check_includes(files, layers):
    for path in files:
        room = room_of(path)
        if room not in layers:
            complain(path, f"scripts/layers.txt has no line for '{room}'")
            continue
        for name in includes_of(read(path)):
            if "/" not in name:
                complain(path, f'include "{name}" does not name its folder')
            elif os.path.dirname(name) != room and not any(is_in(name, item) for item in layers[room]):
                complain(path, f'{room} may not include "{name}" (scripts/layers.txt)')


def check_bpf_includes():
    for path in sources("bpf"):
        for name in re.findall(r'^#\s*include\s*"([^"]+)"', read(path), flags=re.M):
            if not name.startswith("bpf/"):
                complain(path, f'bpf/ may include bpf/ only, not "{name}"')
            elif path == "bpf/shared.h" and not name.endswith(".def"):
                complain(path, f'may include <linux/types.h> and tables, not "{name}"')


# ---- circle: cycles of folders, and of files by includes and calls ------------------------


def definitions(files):
    """Returns a dict from each global function or variable to the file that defines it."""
    listing = subprocess.run(
        ["ctags", "--languages=C", "--kinds-C=fv", "--fields=+f", "--extras=-F", "-I", "WEFT_API", "-f", "-",
         *[path for path in files if path.endswith(".c")]],
        capture_output=True, text=True, check=True).stdout
    defined = {}
    for line in listing.splitlines():
        fields = line.split("\t")
        if "file:" not in fields[3:]:
            defined[fields[0]] = fields[1]
    return defined


def file_graph(files):
    defined = definitions(files)
    known = {stem_of(path) for path in files}
    graph = defaultdict(lambda: defaultdict(str))
    for path in files:
        text = read(path)
        stem = stem_of(path)
        for name in includes_of(text):
            target = stem_of("user/" + name)
            if target in known and target != stem:
                graph[stem][target] = f'includes "{name}"'
        for word in set(re.findall(r"\b\w+\b", without_strings(text))):
            target = stem_of(defined[word]) if word in defined else stem
            if target != stem and path.endswith(".c"):
                graph[stem][target] = graph[stem][target] or f"uses {word}"
    return graph


def components(graph):
    """Returns the strongly connected components of more than one node (Tarjan, without recursion)."""
    index, low, stack, on_stack, found = {}, {}, [], set(), []
    for root in sorted(graph):
        work = [(root, iter(sorted(graph[root])))] if root not in index else []
        if work:
            index[root] = low[root] = len(index)
            stack.append(root)
            on_stack.add(root)
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(sorted(graph.get(target, {})))))
                    break
                if target in on_stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    at = stack.index(node)
                    found.append(stack[at:])
                    on_stack.difference_update(stack[at:])
                    del stack[at:]
    return [component for component in found if len(component) > 1]


def shortest_circle(graph, component):
    """Returns a shortest path from one node of @component back to itself."""
    best = None
    for start in component:
        came_from, queue = {start: None}, [start]
        while queue:
            node = queue.pop(0)
            for target in graph.get(node, {}):
                if target == start:
                    way = [start]
                    while node is not None:
                        way.append(node)
                        node = came_from[node]
                    if best is None or len(way) < len(best):
                        best = way[::-1]
                    queue = []
                    break
                if target in component and target not in came_from:
                    came_from[target] = node
                    queue.append(target)
    return best


def check_circles(files):
    graph = file_graph(files)
    for component in components(graph):
        way = shortest_circle(graph, set(component))
        steps = [f"{a[5:]} {graph[a][b]}" for a, b in zip(way, way[1:])]
        complain("circle of files", " → ".join(stem[5:] for stem in way) + " (" + "; ".join(steps) + ")"
                 + ("" if len(component) < len(way) else f"; in all {len(component)} files"))
    rooms = defaultdict(lambda: defaultdict(str))
    for stem, targets in graph.items():
        for target, why in targets.items():
            if room_of(stem) != room_of(target):
                rooms[room_of(stem)][room_of(target)] = f"{stem} {why}"
    for component in components(rooms):
        way = shortest_circle(rooms, set(component))
        complain("circle of rooms", " → ".join(way) + " (" +
                 "; ".join(rooms[a][b] for a, b in zip(way, way[1:])) + ")")


# ---- library, readme, size ----------------------------------------------------------------


def check_libraries(files):
    for path in files:
        text = read(path)
        for pattern, what, rooms in LIBRARIES:
            if re.search(pattern, without_comments(text), re.M) and not any(is_in(room_of(path), room) for room in rooms):
                complain(path, f"uses {what}, which belongs to: {' '.join(rooms)}")


def rooms_of(files):
    rooms = defaultdict(list)
    for path in files:
        if path.startswith("user/"):
            rooms[os.path.dirname(path)].append(path)
    return rooms


def check_readmes(rooms):
    for room in sorted(rooms):
        if not os.path.exists(f"{room}/README.md"):
            complain(room, "has no README.md")


def check_sizes(files, rooms):
    for room, members in sorted(rooms.items()):
        lines = sum(read(path).count("\n") for path in members)
        if len(members) > ROOM_FILES:
            complain(room, f"has {len(members)} files, more than {ROOM_FILES}")
        if lines > ROOM_LINES:
            complain(room, f"has {lines} lines, more than {ROOM_LINES}")
    for path in files:
        lines = read(path).count("\n")
        if lines > FILE_LINES and not path.endswith(".def"):
            complain(path, f"has {lines} lines, more than {FILE_LINES}")


# ---- name: files that comments and READMEs name ----------------------------------------------

NAME = re.compile(r"(?<![\w/.<*{-])((?:[\w.-]+/)*[\w-]+(?:\.bpf|\.skel)?\.(?:c|h|def|sh|py|md|map))(?![\w*>])")
# Files that are not part of the repository, but are named on purpose.
FOREIGN = {"vmlinux.h", "linux/netdev.h"}


def comments_of(text):
    return re.findall(r"/\*.*?\*/|//[^\n]*", text, flags=re.S)


def repo_files():
    listing = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"],
                             capture_output=True, text=True, check=True).stdout
    return [path for path in listing.splitlines() if os.path.exists(path)]


def spoken_texts(paths):
    for path in paths:
        if path.endswith((".c", ".h", ".def")):
            yield path, "\n".join(comments_of(read(path)))
        elif path.endswith((".md", ".sh", ".py")) and path != "scripts/check-structure.py":
            lines = read(path).splitlines()
            if not path.endswith(".md"):
                lines = [line for line in lines if line.lstrip().startswith("#")]
            yield path, "\n".join(lines)


def check_names():
    paths = repo_files()
    by_name = defaultdict(list)
    for path in paths:
        by_name[os.path.basename(path)].append("/" + path)
    for path, text in spoken_texts(paths):
        for name in sorted(set(NAME.findall(text))):
            if name in FOREIGN or "NAME" in name or name.endswith(".skel.h"):
                continue
            if not any(known.endswith("/" + name) for known in by_name[os.path.basename(name)]):
                complain(path, f"names '{name}', which does not exist")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--without", default="", help="rules that are not checked")
    without = parser.parse_args().without.split(",")
    files = list(sources("user", "include/weft"))
    checks = {
        "include": lambda: (check_includes(files, read_layers()), check_bpf_includes()),
        "circle": lambda: check_circles([path for path in files if path.startswith("user/")]),
        "library": lambda: check_libraries(files),
        "readme": lambda: check_readmes(rooms_of(files)),
        "size": lambda: check_sizes(files, rooms_of(files)),
        "name": check_names,
    }
    for rule, check in checks.items():
        if rule not in without:
            check()
    for error in errors:
        print(error, file=sys.stderr)
    return 1 if errors else 0


sys.exit(main())
