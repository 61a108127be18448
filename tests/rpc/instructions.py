#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a call of a client costs, socket to socket: instructions, counted by callgrind.

    instructions.py SOURCE-ROOT BUILD-DIR

Builds scboxd as users run it (preset release) in BUILD-DIR/counted. Sixteen requests are in flight at a time;
runs of N and 2N calls are counted, and the difference is what N calls cost. Time does not matter.
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
CALLS = 1024
DEPTH = 16
PATIENCE = 60  # seconds until valgrind has started the daemon

# method, params, most instructions a call
LIMITS = [
    ("SC_ERRNO", None, 3000),
    ("SC_STAT", ["root:/a"], 5500),
]


def build(source, folder):
    """Build scboxd; returns its path."""
    for command in (["cmake", "--preset", "release", "-B", folder],
                    ["cmake", "--build", folder, "--target", "scboxd"]):
        done = subprocess.run(command, cwd=source, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}:\n{done.stdout[-4000:]}")
    return os.path.join(folder, "bin", "scboxd")


def line(method, params, number=1):
    request = {"jsonrpc": "2.0", "id": number, "method": method}
    if params is not None:
        request["params"] = params
    return json.dumps(request, separators=(",", ":")).encode() + b"\n"


def connect(path, daemon):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and daemon.poll() is None:
        s = socket.socket(socket.AF_UNIX)
        try:
            s.connect(path)
            return s
        except OSError:
            s.close()
            time.sleep(0.01)
    sys.exit("scboxd did not start under valgrind")


def ask(stream, sock, requests):
    """Send requests in one piece, and take their answers, which must be results."""
    sock.sendall(b"".join(requests))
    for _ in requests:
        answer = json.loads(stream.readline())
        if "result" not in answer:
            sys.exit(f"a call failed: {answer}")


def count(scboxd, method, params, calls):
    """Instructions of a daemon that lives for so many calls."""
    with tempfile.TemporaryDirectory(prefix="scbox-count-") as folder:
        out = os.path.join(folder, "out")
        path = os.path.join(folder, "run", "s")
        command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=" + out, scboxd,
                   "--no-guests", "--no-default-machine", "-s", path, "-d", folder + "/state"]
        environment = {k: v for k, v in os.environ.items() if k != "SCBOXD_RECORD"}
        with open(os.path.join(folder, "log"), "w", encoding="utf-8") as log, \
                subprocess.Popen(command, stderr=log, env=environment) as daemon:
            sock = connect(path, daemon)
            stream = sock.makefile("rb")
            ask(stream, sock, [line("machine.create", {
                "name": "default", "seed": 7, "names": [{"name": "root", "driver": "ramfs"}]})])
            ask(stream, sock, [line("SC_CREATE", ["root:/a", "REGULAR"])])
            for _ in range(calls // DEPTH):
                ask(stream, sock, [line(method, params, 100 + i) for i in range(DEPTH)])
            daemon.terminate()
        with open(out, encoding="utf-8") as counts:
            return int(re.search(r"^(?:summary|totals): +(\d+)", counts.read(), re.M).group(1))


def main():
    source, folder = sys.argv[1:]
    if shutil.which("valgrind") is None:
        print("valgrind is not installed: nothing was counted")
        sys.exit(SKIPPED)
    scboxd = build(source, os.path.join(folder, "counted"))
    failed = False
    for method, params, most in LIMITS:
        once, twice = (count(scboxd, method, params, n) for n in (CALLS, 2 * CALLS))
        each = (twice - once) // CALLS
        print(f"{method}: {each} instructions a call, at most {most}")
        failed = failed or each > most
    sys.exit(failed)


main()
