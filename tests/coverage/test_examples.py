#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Replay the examples of openrpc.json, in its order, over one connection to a fresh daemon.

    test_examples.py SCBOXD OPENRPC_JSON

Parameters and results must be what the example's own method says of them, and the daemon must
answer what is stated. Left out of the comparison is what no document can know (VOLATILE); a token
stands for the one that session.open has answered. Where guests can't run, what needs one is left
out (GUEST).
"""
import json
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: needs python3-jsonschema, Debian's package of that name")
    sys.exit(77)

from check import closed
from daemon import Daemon

ANY = object()  # of a whole result
VOLATILE = {
    "server.info": ("pid", "version", "guests"),
    "server.stats": ANY,
    "machine.info": ("calls", "limits", "uid"),
    "fault.list": ("by_uid",),
    "session.open": ("session",),
    "session.attach": ("session",),
    "rpc.discover": ANY,
}
GUEST = ("SC_PROC_EXEC", "SC_PROC_STATUS", "SC_PROC_WAIT")


class Replay:
    """One connection, and what it has learnt."""

    def __init__(self, document, daemon):
        self.components = document["components"]
        self.client = daemon.connect()
        self.token = None
        self.guests = self.client.call("server.info")["guests"]["x86_64"] is True
        self.wrong = []

    def validate(self, schema, value, where):
        """Hold a value against a schema of the document."""
        whole = {**closed(schema), "components": closed(self.components)}
        for error in jsonschema.Draft7Validator(whole).iter_errors(value):
            self.wrong.append(f"{where}: {error.message}")

    def check_params(self, method, given):
        """Each must be one of the method's, and what it says of it; none required may be missing."""
        known = {param["name"]: param for param in method["params"]}
        names = [pair["name"] for pair in given]
        for name in names:
            if name not in known:
                self.wrong.append(f"{method['name']}: has no parameter {name}")
        for name, param in known.items():
            if param["required"] and name not in names:
                self.wrong.append(f"{method['name']}: lacks {name}")
        for pair in given:
            if pair["name"] in known:
                self.validate(known[pair["name"]]["schema"], pair["value"],
                              f"{method['name']}: {pair['name']}")

    def ask(self, name, params):
        """The answer to a request; events that come before it are passed over."""
        answer = self.client.ask(name, json.dumps(params).encode())
        while answer is not None and "method" in answer:
            answer = self.client.read()
        return answer

    def play(self, method, example):
        """Replay one example."""
        name, stated = method["name"], example["result"]["value"]
        params = {pair["name"]: pair["value"] for pair in example["params"]}
        self.check_params(method, example["params"])
        self.validate(method["result"]["schema"], stated, f"{name}: stated result")
        if name in GUEST and not self.guests:
            return
        if "session" in params:
            params["session"] = self.token
        answer = self.ask(name, params)
        if answer is None or "result" not in answer:
            self.wrong.append(f"{name} {params}: {answer}")
            return
        result = answer["result"]
        if name == "session.open":
            self.token = result["session"]
        self.validate(method["result"]["schema"], result, f"{name}: result")
        if not same(stated, result, VOLATILE.get(name, ())):
            self.wrong.append(f"{name}: stated {json.dumps(stated)}, came {json.dumps(result)}")


def same(stated, result, volatile):
    """Whether a result is the stated one, but for members that differ from run to run."""
    if volatile is ANY:
        return True
    if isinstance(stated, list) and isinstance(result, list):
        return len(stated) == len(result) and all(
            same(one, other, volatile) for one, other in zip(stated, result))
    if isinstance(stated, dict) and isinstance(result, dict):
        return stated.keys() == result.keys() and all(
            key in volatile or same(stated[key], result[key], ()) for key in stated)
    return stated == result


def main():
    """Replay all; the exit status tells whether all was right."""
    with open(sys.argv[2], encoding="utf-8") as file:
        document = json.load(file)
    daemon = Daemon(sys.argv[1], default_machine=True)
    replay = Replay(document, daemon)
    count = 0
    for method in document["methods"]:
        for example in method.get("examples", []):
            replay.play(method, example)
            count += 1
    for complaint in replay.wrong:
        print(complaint)
    daemon.stop()
    print(f"{count} examples, {len(replay.wrong)} complaints")
    sys.exit(1 if replay.wrong or count == 0 else 0)


if __name__ == "__main__":
    main()
