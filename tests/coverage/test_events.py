#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hold events that a daemon sends against what openrpc.json says of them.

    test_events.py SCBOXD OPENRPC_JSON [show]

A machine is made to emit each kind of event that needs no guest; each must be what its schema says,
have its members in the order of the document, and belong to the word it was asked for by. What only
guests' calls have (gate, register, a note) is stated as an example below. With "show" the events are printed as they come, to compare daemons.
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

# What only guests and slow readers make happen.
SAID = (
    {"kind": "note", "pid": 3, "data": "call number 99 is unknown"},
    {"kind": "return", "seq": 1, "pid": 3, "now_ns": 0, "duration_ns": 0, "call": "SC_CLOSE",
     "args": {"fd": 1}, "gate": "i386", "register": 1, "result": None},
    {"kind": "lost", "count": 3},
)


class Events:
    """What the document says of events."""

    def __init__(self, document):
        (method,) = [n for n in document["x-notifications"] if n["name"] == "event"]
        components = closed(document["components"])
        self.rows = {row["name"]: row for row in method["params"]}
        self.members = {}
        self.validators = {}
        for kind, row in self.rows.items():
            name = row["schema"]["$ref"].rpartition("/")[2]
            self.members[kind] = list(components["schemas"][name]["properties"])
            self.validators[kind] = jsonschema.Draft7Validator(
                {**row["schema"], "components": components})

    def words(self):
        """All words of trace.subscribe."""
        return sorted({row["word"] for row in self.rows.values() if "word" in row})

    def check(self, event):
        """An event is what the document says."""
        kind = event["kind"]
        wrong = [error.message for error in self.validators[kind].iter_errors(event)]
        assert not wrong, f"{event}: {wrong}"
        order = [self.members[kind].index(member) for member in event]
        assert order == sorted(order), f"{event}: its members stand in another order"


def settled(client, lines):
    """Read events, as lines, up to the answer of a request sent last."""
    client.send(b'{"jsonrpc":"2.0","id":0,"method":"server.info"}')
    while True:
        line = client.lines.readline()
        if json.loads(line).get("id") == 0:
            return
        if b'"method":"event"' in line:
            lines.append(line)


def play(daemon):
    """Have a machine emit events. Returns them, a line each; those that one word alone brought; and
    how a word was refused that there is not."""
    control, watcher, held = daemon.control, daemon.connect(), daemon.connect()
    lines = []
    control.call("machine.create", name="m", clock="virtual",
                 names=[{"name": "root", "driver": "ramfs"}, {"name": "io", "driver": "devfs"}])
    pid = control.call("session.open", machine="m")["pid"]
    watcher.call("trace.subscribe", machine="m",
                 events=["log", "console", "note", "proc", "calls", "faults", "pause"])
    control.call("SC_DBG_PRINT", msg="hello\n")
    control.call("SC_OPEN", file="root:/a", mode=["READ", "WRITE", "CREATE"])
    control.call("SC_WRITE", fd=1, offset=0, data="/w==", encoding="base64")
    control.call("SC_READ", fd=1, offset=0, size=9)
    control.call("SC_SELECT", fds=[1], timeout=0)
    control.call("SC_MK_CHANNEL")
    tty = control.call("SC_OPEN", file="io:/console", mode=["WRITE"])["fd"]
    control.call("SC_WRITE", fd=tty, offset=0, data="to the console")
    assert "error" in control.ask("SC_OPEN", b'{"file":"root:/none","mode":["READ"]}')
    control.call("fault.add", call="SC_READ", error="EIO", machine="m", nth=1)
    control.call("fault.add", call="SC_WRITE", short=1, delay_us=5, machine="m", nth=1)
    assert "error" in control.ask("SC_READ", b'{"fd":1,"offset":0,"size":9}')
    control.call("SC_WRITE", fd=1, offset=0, data="abc")
    control.call("SC_CLOSE", fd=1)
    control.call("proc.pause", pid=pid)
    control.send(b'{"jsonrpc":"2.0","id":"held","method":"SC_CLOSE","params":{"fd":2}}')
    while not held.call("proc.paused", machine="m"):
        pass
    held.call("proc.step", pid=pid, machine="m", error="EIO")
    assert control.read()["error"]["message"] == "EIO"
    control.call("proc.resume", pid=pid)
    child = control.call("SC_NEW_PROC")["pid"]
    control.call("proc.drive", pid=child)
    control.call("SC_PROC_KILL", pid=child)
    settled(watcher, lines)
    watcher.call("trace.subscribe", machine="m", events=["log"])
    control.call("SC_DBG_PRINT", msg="alone")
    alone = []
    settled(watcher, alone)
    refused = watcher.ask("trace.subscribe", b'{"machine":"m","events":["none"]}')
    control.call("session.close")
    control.call("machine.destroy", machine="m")
    settled(watcher, lines)
    return lines, alone, json.dumps(refused["error"]["data"])


def main():
    """Play, and compare."""
    with open(sys.argv[2], encoding="utf-8") as file:
        events = Events(json.load(file))
    daemon = Daemon(sys.argv[1])
    lines, alone, why = play(daemon)
    daemon.stop()
    for event in [json.loads(line)["params"] for line in lines] + list(SAID):
        events.check(event)
    seen = {json.loads(line)["params"]["kind"] for line in lines}
    unseen = set(events.rows) - seen - {event["kind"] for event in SAID}
    assert not unseen, f"not emitted: {unseen}"
    assert [json.loads(line)["params"]["kind"] for line in alone] == ["log"], alone
    assert all(word in why for word in events.words()), why


if len(sys.argv) > 3:  # show them, for who compares
    shown = Daemon(sys.argv[1])
    sys.stdout.buffer.writelines(line for part in play(shown)[:2] for line in part)
    shown.stop()
else:
    main()
