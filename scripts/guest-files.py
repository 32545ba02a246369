#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
guest-files.py DIRECTORY [PROGRAM...] - copies to DIRECTORY the files that tests open most often,
with their paths: common programs and PROGRAMs, the libraries that they need, and Python's modules.

scripts/boot-kernel.sh gives these copies to the guest in memory. Through 9p, each start of a program
costs some dozen round trips to qemu, which take more than a second on a busy machine.
"""
import os
import re
import shutil
import subprocess
import sys

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PROGRAMS = """
bash sh awk basename bpftool cat chmod cmp curl cut date diff dirname env ethtool find grep head ip jq
kill ls mkdir mktemp mount mv nginx nice nsenter ping ps python3 readlink realpath rm sed seq setpriv
sha256sum sleep sort stat sysctl tail tc tcpdump tee test timeout touch tr uname wc
""".split()
TOP_LINKS = ["/bin", "/sbin", "/lib", "/lib64"]

root = sys.argv[1]


def copy(path):
    """Copies the file and, if it is a symbolic link, its target."""
    path = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    copied = root + path
    if os.path.lexists(copied):
        return
    os.makedirs(os.path.dirname(copied), exist_ok=True)
    shutil.copy2(path, copied, follow_symlinks=False)
    if os.path.islink(path):
        copy(os.path.join(os.path.dirname(path), os.readlink(path)))


def libraries(programs):
    listed = subprocess.run(["ldd"] + programs, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                            text=True, check=False).stdout
    return re.findall(r"(/\S+) \(0x", listed)


def python_modules(python):
    command = [python, "-c", "import os; print(os.path.dirname(os.__file__))"]
    library = subprocess.check_output(command, text=True).strip()
    for folder, _, names in os.walk(library):
        yield from (os.path.join(folder, name) for name in names if name.endswith((".pyc", ".so")))


found = [shutil.which(name, path=PATH) for name in PROGRAMS]
programs = [path for path in found if path] + list(map(os.path.abspath, sys.argv[2:]))
for link in filter(os.path.islink, TOP_LINKS):
    os.makedirs(root, exist_ok=True)
    os.symlink(os.readlink(link), root + link)
for file in programs + libraries(programs) + ["/etc/ld.so.cache"]:
    copy(file)
for file in python_modules(shutil.which("python3", path=PATH)):
    copy(file)
