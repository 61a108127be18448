#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every function and every file that a comment or a document names exists: functions here, or in a
header that is included here.

A function is what stands before a "(": name() anywhere, name(arguments) where it has a "_". What is made
from tables (sc_##lower) exists for the words of the tables. A file may be named without its folder. Of
names that stand for many, a part is in angle brackets: method_<id>(), cmd_<name>.c.

usage: names.py SOURCE_ROOT C_COMPILER
"""
import pathlib
import re
import subprocess
import sys

TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
MENTION = re.compile(r"(?<![\w<>])([A-Za-z_]\w*)\((?!\d\))")  # 2) is a page of the manual
FILE = re.compile(r"(?<![\w/$<>.*-])((?:[\w.-]+/)*[\w-]+\.(?:c|h|def|py|sh|md|scd))\b(?![\w/*-])")
PYTHON = re.compile(r"^```python$.*?^```$", re.M | re.S)
QUOTED = re.compile(r'"[^"\n]*"')
CALLED = (r"\b(\w+)\s*\(", r"\(\s*\*\s*(\w+)\s*\)", r"#\s*define\s+(\w+)", r"_fn\s+\*?(\w+)\s*[;,)]")
KEYWORDS = {"sizeof", "typeof"}
PLANTED = "/* guest_nobody() and machine_new() do what planted_call(m, 1) of no.c and schema/calls.h does. */\n"


def split(text):
    """The code of a C file without comments and strings, and its comments as (line, text)."""
    comments = []

    def cut(match):
        if match[0][0] != "/":
            return '""'
        comments.append((text.count("\n", 0, match.start()) + 1, match[0]))
        return " "

    return TOKEN.sub(cut, text), comments


def names_in(code):
    return {name for pattern in CALLED for name in re.findall(pattern, code)}


def outside(compiler, headers):
    """What the headers of the host declare and define, and the host's calls by name."""
    source = "".join(f"#if __has_include(<{h}>)\n#include <{h}>\n#endif\n"
                     for h in sorted(headers) + ["asm/unistd_32.h", "ucontext.h"])
    done = subprocess.run([compiler, "-E", "-dD", "-D_GNU_SOURCE", "-xc", "-"], input=source,
                          capture_output=True, text=True, check=True)
    return names_in(done.stdout) | set(re.findall(r"__NR_(\w+)", done.stdout))


def mentions(text):
    """The functions that a comment or document names, as (line within it, name)."""
    for match in MENTION.finditer(QUOTED.sub(lambda m: " " * len(m[0]), text)):
        if text[match.end():match.end() + 1] == ")" or "_" in match[1]:
            yield text.count("\n", 0, match.start()), match[1]


class Tree:
    def __init__(self, root, compiler):
        self.known, self.words, self.prefixes, self.comments = set(KEYWORDS), set(), set(), []
        self.root = root
        files = sorted(p for top in ("schema", "server", "fsdrivers", "client", "tests")
                       for p in (root / top).rglob("*")) + list(root.glob("*.md"))
        self.files = ["/" + str(p.relative_to(root)) for p in files]
        self.documents = [p for p in files if p.suffix == ".md"]
        headers = set()
        for path in (p for p in files if p.suffix in (".c", ".h", ".def")):
            text = path.read_text()
            code, comments = split(text)
            self.known |= names_in(code)
            self.prefixes |= set(re.findall(r"\b(\w+_)##\w+", code))
            self.words |= set(re.findall(r"\w+", code)) if path.suffix == ".def" else set()
            headers |= set(re.findall(r"#\s*include\s*<([^>]+)>", text))
            self.comments += [(path.relative_to(root), line, c) for line, c in comments]
        self.known |= outside(compiler, headers)

    def has(self, name):
        return name in self.known or any(
            name.startswith(p) and name[len(p):] in self.words for p in self.prefixes)

    def has_file(self, where, name):
        """Whether there is such a file; from a document, also by a link that begins at the document."""
        return ((self.root / where).parent / name).exists() or any(
            path.endswith("/" + name) for path in self.files)

    def wrong(self, where, line, text):
        found = [f"{where}:{line + below}: {name}()"
                 for below, name in mentions(text) if not self.has(name)]
        return found + [f"{where}:{line + text.count(chr(10), 0, match.start())}: {match[1]}"
                        for match in FILE.finditer(text) if not self.has_file(where, match[1])]


def main():
    root = pathlib.Path(sys.argv[1])
    tree = Tree(root, sys.argv[2])

    planted = [w for line, c in split(PLANTED)[1] for w in tree.wrong("planted", line, c)]
    if planted != ["planted:1: guest_nobody()", "planted:1: planted_call()", "planted:1: no.c"]:
        sys.exit(f"the check itself finds {planted} of three planted names")
    found = [w for path, line, c in tree.comments for w in tree.wrong(path, line, c)]
    for path in tree.documents:
        text = PYTHON.sub(lambda m: "\n" * m[0].count("\n"), path.read_text())
        found += tree.wrong(path.relative_to(root), 1, text)
    if found:
        print("functions and files that are named and do not exist:", *found, sep="\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
