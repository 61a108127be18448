#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What schema/rpc.md shows is what happens: its client is run, its transcript is played.

    test_rpc_md.py SCBOXD RPC_MD

"…" in an answer of the transcript stands for any text.
"""
import json
import os
import re
import subprocess
import sys

from daemon import Daemon


def block(text, language):
    """The one fenced block of a language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)
    return found


def fits(stated, came):
    """Whether an answer is the stated one, in the same order of members."""
    if isinstance(stated, dict) and isinstance(came, dict):
        return list(stated) == list(came) and all(fits(stated[key], came[key]) for key in stated)
    if isinstance(stated, list) and isinstance(came, list):
        return len(stated) == len(came) and all(map(fits, stated, came))
    return stated == came or (stated == "…" and isinstance(came, str))


def play(client, transcript):
    """Send and receive what the lines say. Returns what went wrong, or None."""
    for line in transcript.splitlines():
        arrow, message = line.split(" ", 1)
        if arrow == "-->":
            client.send(message.encode())
            continue
        came = client.read()
        if not fits(json.loads(message), came):
            return f"stated {message}\ncame   {json.dumps(came, separators=(',', ':'))}"
    return None


def main():
    with open(sys.argv[2], encoding="utf-8") as file:
        text = file.read()
    daemon = Daemon(sys.argv[1], default_machine=True)
    wrong = play(daemon.connect(), block(text, "transcript"))
    planted = '--> {"jsonrpc":"2.0","id":1,"method":"no"}\n<-- {"jsonrpc":"2.0","id":1,"result":"…"}'
    if play(daemon.connect(), planted) is None:
        wrong = "the check itself does not find a planted mistake"
    run = subprocess.run([sys.executable, "-c", block(text, "python")], text=True, timeout=60,
                         capture_output=True, env={**os.environ, "SCBOX_SOCKET": daemon.path})
    if run.stdout != block(text, "output"):
        wrong = f"the client prints:\n{run.stdout}{run.stderr}"
    daemon.stop()
    if wrong:
        sys.exit(wrong)


if __name__ == "__main__":
    main()
