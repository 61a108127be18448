#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A folder of code holds few enough files to be seen at once, and includes go round in no circle of folders
but those that CONTRIBUTING.md names, with a reason. Usage: folders.py SOURCE_ROOT"""
import os
import re
import sys

MOST = 26  # sources in a folder
TOP = ("schema", "server", "fsdrivers", "client")


def sources(root):
    for top in TOP:
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in names:
                if name.endswith((".c", ".h", ".def")):
                    yield os.path.relpath(os.path.join(folder, name), root)


def includes(root, files):
    """The other folders that each folder's files include."""
    edges = {}
    for file in files:
        here = os.path.dirname(file)
        with open(os.path.join(root, file), encoding="utf-8") as text:
            for name in re.findall(r'^#\s*include "([^"]+)"', text.read(), re.M):
                if os.path.dirname(name) != here:
                    edges.setdefault(here, set()).add(os.path.dirname(name))
    return edges


def reached(edges, start):
    seen, todo = set(), [start]
    while todo:
        for folder in edges.get(todo.pop(), ()):
            if folder not in seen:
                seen.add(folder)
                todo.append(folder)
    return seen


def circles(edges):
    """The sets of folders that reach each other."""
    reach = {folder: reached(edges, folder) for folder in edges}
    return {frozenset(f for f in reach[folder] if folder in reach.get(f, ()))
            for folder in edges if folder in reach[folder]}


def named(text):
    """The circles of CONTRIBUTING.md: in its section Folders, lines as "- `a`, `b`: reason"."""
    section = text.partition("\n## Folders\n")[2].partition("\n## ")[0]
    return {frozenset(re.findall(r"`([^`]+)`", line))
            for line in re.findall(r"^- ((?:`[^`]+`,?\s*)+):", section, re.M)}


def complaints(root):
    files = list(sources(root))
    count = {}
    for file in files:
        count[os.path.dirname(file)] = count.get(os.path.dirname(file), 0) + 1
    for folder, number in sorted(count.items()):
        if number > MOST:
            yield f"{folder} holds {number} sources, which is more than {MOST}"
    with open(os.path.join(root, "CONTRIBUTING.md"), encoding="utf-8") as text:
        allowed = named(text.read())
    found = circles(includes(root, files))
    for circle in found - allowed:
        yield "a circle of includes that CONTRIBUTING.md does not name: " + ", ".join(sorted(circle))
    for circle in allowed - found:
        yield "CONTRIBUTING.md names a circle that does not exist: " + ", ".join(sorted(circle))
    # And the check finds what is there to be found.
    if circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) != {frozenset("bc")}:
        yield "the check misses a planted circle"


found = list(complaints(sys.argv[1]))
print("\n".join(found))
sys.exit(1 if found else 0)
