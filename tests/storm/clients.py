#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A storm of clients: whatever a client can ask for that holds, ends or moves what others wait for,
in random order, on machines of all three clocks, with guests in them.

usage: clients.py [--seconds N] [--rounds N] [--seed S] [--first N] SCBOXD GUESTS

Pauses, steps, answers, kills, cancels, fault rules, clocks, terminals, lossless listeners who do
not read, connections that break off, sessions that are taken up again or pushed out by newcomers,
machines that end under those who use them. What must be so all the while, and afterwards, is in
watch.py. No request may answer that the daemon is broken (-32603).
"""
import argparse
import base64
import collections
import json
import pathlib
import random
import select
import socket
import sys
import time

from watch import CHUNK, PATIENCE_S, Host, Wrong

CLOCKS = ({"clock": "real"}, {"clock": "virtual"}, {"clock": "virtual", "lockstep": True})
PROGRAMS = ("intruder.x86_64", "intruder.i386")

CONNECTIONS = 6
MACHINES = 3
PER_ROUND = 1500      # requests
KNOWN = 12            # pids, tokens and descriptors that are remembered
LISTEN_S = 0.002      # after each line; guests run meanwhile
HISTORY = 40          # requests that are told when something goes wrong
INTERNAL, NO_SESSION = -32603, -32001
CONFIG = {"limits": {"sessions": 6, "machines": MACHINES + 2, "grace_ms": 20, "queued_bytes": 4096,
                     "in_flight": 12}}
EVENTS = ["log", "console", "note", "proc", "calls", "faults", "pause"]


class Connection:
    """One that never waits: what it is told is taken when it comes, or is left when it is lazy."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.socket.setblocking(False)
        self.buffer = b""
        self.next_id = 0
        self.asked = {}       # id: method
        self.lazy = False
        self.machine = None   # the session's, as far as it is known
        self.pids = collections.deque([1, 2], maxlen=KNOWN)
        self.children = collections.deque(maxlen=KNOWN)
        self.fds = collections.deque([1, 2], maxlen=KNOWN)

    def send(self, line):
        """Send a line. Returns whether the daemon takes it whole."""
        try:
            return self.socket.send(line) == len(line)
        except OSError:
            return False

    def take(self):
        """What has come: messages; None at the end."""
        try:
            more = self.socket.recv(CHUNK)
        except BlockingIOError:
            return []
        except OSError:
            return None
        if not more:
            return None
        *lines, self.buffer = (self.buffer + more).split(b"\n")
        return [json.loads(line) for line in lines]


class Storm:
    """One round: connections, what they know, and what they do next."""

    def __init__(self, host, guests, seed, number):
        self.host, self.guests = host, guests
        self.random = random.Random(f"{seed}/{number}")
        self.history = collections.deque(maxlen=HISTORY)
        self.me = None        # who acts
        self.tokens = collections.deque(maxlen=KNOWN)
        self.faults = collections.deque([1], maxlen=KNOWN)
        self.connections = [Connection(host.path) for _ in range(CONNECTIONS)]
        self.installed = set()  # machines that have the guests' images, or will
        self.made = 0
        self.answered = 0

    # Drawing.

    def machine(self):
        """The name of a machine, mostly of the session's own."""
        if self.me.machine is not None and self.random.random() < 0.8:
            return self.me.machine
        return f"storm{self.random.randrange(MACHINES)}"

    def pid(self):
        """A pid that there was, mostly one of its own."""
        who = self.me if self.random.random() < 0.9 else self.random.choice(self.connections)
        return self.random.choice(self.random.choice([who.pids, who.children or who.pids]))

    def some(self, **params):
        """Some of these."""
        return {name: value for name, value in params.items() if self.random.random() < 0.5}

    def creation(self):
        """A new machine."""
        return ("machine.create", {
            "name": f"storm{self.random.randrange(MACHINES)}",
            "transient": self.random.random() < 0.2, **self.random.choice(CLOCKS),
            "names": [{"name": "io", "driver": "devfs"}, {"name": "root", "driver": "ramfs"}]})

    def machines(self):
        """What has to do with machines and sessions."""
        r = self.random
        return r.choice([
            self.creation,
            lambda: ("machine.create", {"name": self.machine(), **CLOCKS[2],
                                        "names": [{"name": "root", "driver": "none"}]}),
            lambda: ("machine.destroy", {"machine": self.machine()}) if r.random() < 0.3
            else ("machine.list", {}),
            lambda: ("session.open", {"machine": self.machine()}),
            lambda: ("session.attach", {"session": r.choice(self.tokens or ["none"])}),
            lambda: ("session.close", {}) if r.random() < 0.3 else ("server.stats", {}),
            lambda: ("machine.info", {"machine": self.machine()}),
            lambda: ("proc.tree", {"machine": self.machine()}),
            lambda: ("ns.tree", {"machine": self.machine(), **self.some(pid=self.pid())}),
        ])()

    def interference(self):
        """What holds others back, or lets them go on."""
        r = self.random
        machine = {"machine": self.machine()}
        return r.choice([
            lambda: ("proc.pause", self.some(pid=self.pid(), **machine)),
            lambda: ("proc.resume", self.some(pid=self.pid(), **machine)),
            lambda: ("proc.resume", machine),
            lambda: ("proc.step", {"pid": self.pid(), **machine}),
            lambda: ("proc.step", {"pid": self.pid(), "error": "EIO", **machine}),
            lambda: ("proc.step", {"pid": self.pid(), "result": r.choice([None, {}, {"fd": 3}]),
                                   **machine}),
            lambda: ("clock.advance", {"usecs": r.choice([0, 1, 50, 10**6, 10**15]), **machine}),
            lambda: ("clock.set", {"now_ns": r.choice([0, 10**6, 10**9, 6 * 10**18]), **machine}),
            lambda: ("fault.add", {"delay_us": 1 + r.randrange(99), "probability": "0.3",
                                   **machine}),
            lambda: ("fault.add", {"error": "EIO", "probability": "0.2", "times": 3, **machine}),
            lambda: ("fault.clear", {**self.some(fault=r.choice(self.faults)), **machine}),
            lambda: ("trace.subscribe", {"events": r.sample(EVENTS, 4), **machine,
                                         **self.some(lossless=True, pid=self.pid())}),
            lambda: ("trace.unsubscribe", {}),
            lambda: ("proc.paused", machine),
        ])()

    def process(self):
        """What has to do with processes."""
        r = self.random
        pid = self.pid()
        return r.choice([
            lambda: ("proc.drive", {"pid": pid}),
            lambda: ("proc.credentials", {"pid": pid, "uid": r.randrange(3), "gid": 0}),
            lambda: ("proc.info", {"pid": pid}),
            lambda: ("proc.memory", {"pid": pid}),
            lambda: ("mem.read", {"pid": pid, "addr": 0x40000000, "size": 64}),
            lambda: ("mem.write", {"pid": pid, "addr": 0x40000000, "data": "\u00cd\u0080"}),
            lambda: ("console.input", {"data": "typed\n",
                                       **self.some(pid=pid, own=True, eof=True)}),
            lambda: ("call.wait", {"id": r.choice(list(self.me.asked) or [1])}),
            lambda: ("$/cancelRequest", {"id": r.choice(list(self.me.asked) or [1])}),
            lambda: ("$/cancelRequest", {"id": r.choice(list(self.me.asked) or [1])}),
        ])()

    def call(self):
        """A call of the system, for the session or for one that it drives."""
        r = self.random
        pid, fd = self.pid(), r.choice(self.me.fds)
        name, params = r.choice([
            lambda: ("SC_NEW_PROC", {}),
            lambda: ("SC_NEW_PROC", {}),
            lambda: ("SC_EXIT", {"code": 1}) if r.random() < 0.2 else ("SC_ERRNO", {}),
            lambda: ("SC_YIELD", {}),
            lambda: ("SC_USLEEP", {"usecs": r.choice([0, 5, 5000, 10**12])}),
            lambda: ("SC_PROC_WAIT", {"pid": pid}),
            lambda: ("SC_PROC_WAIT_ANY", {}),
            lambda: ("SC_PROC_KILL", {"pid": pid}),
            lambda: ("SC_BIND_FS", {"pid": pid, "new_name": "root", "fs_name": "root"}),
            lambda: ("SC_BIND_FS", {"pid": pid, "new_name": "io", "fs_name": "io"}),
            lambda: ("SC_BIND_FD", {"pid": pid, "new_fd": fd, "fd": fd}),
            lambda: ("SC_PROC_EXEC", {"pid": pid, "file": f"root:/{r.choice(PROGRAMS)}"}),
            lambda: ("SC_MK_CHANNEL", {"flags": r.choice([[], ["BLOCKING"]])}),
            lambda: ("SC_OPEN", {"file": "io:/tty", "mode": ["READ", "BLOCKING"]}),
            lambda: ("SC_OPEN", {"file": "root:/code", "mode": ["READ", "WRITE", "MMAP"]}),
            lambda: ("SC_READ", {"fd": fd, "offset": 0, "size": 100}),
            lambda: ("SC_WRITE", {"fd": fd, "offset": 0, "data": "x" * r.choice([1, 70000])}),
            lambda: ("SC_SELECT", {"fds": [fd], "timeout": r.choice([-1, 0, 10])}),
            lambda: ("SC_CLOSE", {"fd": fd}),
            lambda: ("SC_MMAP", {"addr": 0x40000000, "size": 8192, "mode": ["READ", "WRITE"]}),
            lambda: ("SC_MMAP_FILE", {"fd": fd, "offset": 0, "addr": 0x50000000, "size": 4096,
                                      "mode": ["READ"]}),
            lambda: ("SC_MUNMAP", {"addr": 0x40000000}),
            lambda: ("SC_MAKE_FS", {"driver": "ramfs", "fs_name": "made"}),
            lambda: ("SC_RM_FS", {"fs_name": "made"}),
        ])()
        if r.random() < 0.2:
            params["as"] = pid
        return name, params

    def install(self):
        """The writing of the guests' images, and of what they map, as a batch."""
        batch = []
        for name, data in {**self.guests, "code": bytes(8192)}.items():
            data = base64.b64encode(data).decode()
            batch += [("SC_OPEN", {"file": f"root:/{name}", "mode": ["WRITE", "CREATE"]}),
                      ("SC_WRITE", {"fd": len(batch) // 2 + 1, "offset": 0, "data": data,
                                    "encoding": "base64"})]
        return batch

    def guest(self):
        """The calls that start a guest in a child that may be fit for it."""
        if not self.me.children or self.random.random() < 0.3:
            return [("SC_NEW_PROC", {})] * 2
        pid = self.me.children[-1]
        role = self.random.choice(["caller", "flipper"])
        return [("SC_BIND_FS", {"pid": pid, "new_name": "root", "fs_name": "root"}),
                ("SC_BIND_FS", {"pid": pid, "new_name": "io", "fs_name": "io"}),
                ("SC_SET_ARGS", {"pid": pid, "data": [str(self.made), role, "300"]}),
                ("SC_PROC_EXEC", {"pid": pid,
                                  "file": f"root:/{self.random.choice(PROGRAMS)}"})]

    # Doing.

    def message(self, connection, method, params):
        """A request."""
        connection.next_id += 1
        connection.asked[connection.next_id] = method
        self.made += 1
        self.history.append(f"{self.connections.index(connection)} #{connection.next_id} {method} "
                            f"{str(params)[:120]}")
        return {"jsonrpc": "2.0", "id": connection.next_id, "method": method, "params": params}

    def replace(self, connection):
        """Break a connection off, and make another one."""
        self.history.append(f"{self.connections.index(connection)} breaks off")
        connection.socket.close()
        self.connections[self.connections.index(connection)] = Connection(self.host.path)

    def draw(self):
        """Requests for one line: one, or those of a batch."""
        r = self.random
        kinds = (self.call, self.call, self.call, self.interference, self.process, self.machines)
        if self.me.machine is None and r.random() < 0.4:  # to begin with
            return [r.choice([self.creation, lambda: ("session.open",
                                                      {"machine": self.machine()})])()]
        if self.me.machine is not None and self.me.machine not in self.installed:
            self.installed.add(self.me.machine)
            return self.install()
        chance = r.random()
        if chance < 0.1:
            return self.guest()
        if chance < 0.2:
            return [r.choice(kinds)() for _ in range(r.randrange(2, 6))]
        return [r.choice(kinds)()]

    def act(self):
        """One thing that one of them does."""
        self.me = self.random.choice(self.connections)
        chance = self.random.random()
        if chance < 0.005:
            self.replace(self.me)
            return
        if chance < 0.01:
            self.me.lazy = not self.me.lazy
            return
        asked = [self.message(self.me, *one) for one in self.draw()]
        line = json.dumps(asked if len(asked) > 1 else asked[0]).encode() + b"\n"
        if not self.me.send(line):
            self.replace(self.me)

    def learn(self, connection, answer):
        """Take what later requests can use out of an answer."""
        self.answered += 1
        method = connection.asked.pop(answer["id"], None)
        code = answer.get("error", {}).get("code")
        if code == INTERNAL:
            raise Wrong(f"the daemon says that it is broken: {answer}")
        if code == NO_SESSION:
            connection.machine = None
        result = answer.get("result")
        if not isinstance(result, dict):
            return
        if method == "machine.create":
            self.installed.discard(result["machine"])
        if method in ("session.open", "session.attach"):
            connection.machine = result["machine"]
            connection.pids.clear()
            connection.children.clear()
        pids = connection.children if method == "SC_NEW_PROC" else connection.pids
        for name, known in (("pid", pids), ("fd", connection.fds),
                            ("session", self.tokens), ("fault", self.faults)):
            if result.get(name):
                known.append(result[name])
        connection.fds.extend(result.get("ends", {}).values())

    def listen(self):
        """Take what has come for those who read."""
        readers = [c for c in self.connections if not c.lazy]
        for one in select.select([c.socket for c in readers], [], [], LISTEN_S)[0]:
            connection = next(c for c in self.connections if c.socket is one)
            messages = connection.take()
            if messages is None:
                self.replace(connection)
                continue
            for message in messages:
                for answer in message if isinstance(message, list) else [message]:
                    if "method" not in answer:
                        self.learn(connection, answer)

    def run(self):
        """All of it."""
        while self.made < PER_ROUND:
            self.act()
            self.listen()
            if self.random.random() < 0.02:
                self.host.check()

    def finish(self):
        """Everybody hangs up, and the machines that are left are ended: what they had asked for
        last may make some yet."""
        for connection in self.connections:
            connection.socket.close()
        control = self.host.daemon.control
        end = time.monotonic() + PATIENCE_S
        left = None
        while left != {"connections": 2, "sessions": 1, "machines": 1}:  # control and neighbour
            if time.monotonic() > end:
                raise Wrong(f"left behind: {left}")
            for machine in control.call("machine.list"):
                if machine["machine"].startswith("storm"):
                    name = json.dumps({"machine": machine["machine"]}).encode()
                    control.ask("machine.destroy", name)  # or it has gone with its connection
            stats = control.call("server.stats")
            left = {key: stats[key] for key in ("connections", "sessions", "machines")}
            time.sleep(0.002)


def options():
    """What the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20, help="begin no round after that")
    parser.add_argument("--rounds", type=int, default=1 << 30, help="at most so many")
    parser.add_argument("--seed", default="1", help="or 'random'")
    parser.add_argument("--first", type=int, default=0, help="the number of the first round")
    parser.add_argument("scboxd")
    parser.add_argument("guests", type=pathlib.Path)
    return parser.parse_args()


def play(host, guests, o, number, last=False):
    """One round; the daemon is stopped in the middle of the last one."""
    history = []
    try:
        storm = Storm(host, guests, o.seed, number)
        history = storm.history
        storm.run()
        if last:
            host.stop()
            return
        storm.finish()
        host.check_rest()
    except (Wrong, OSError) as wrong:
        print(f"not ok: {wrong}\n    in round {number}; the last requests:")
        print("".join(f"        {line}\n" for line in history), end="")
        print(f"    repeat it: --seed {o.seed} --first {number}")
        raise Wrong(str(wrong)) from wrong
    print(f"round {number}: {storm.made} requests, {storm.answered} answers", flush=True)


def main():
    o = options()
    if o.seed == "random":
        o.seed = str(random.SystemRandom().randrange(1 << 32))
        print(f"--seed {o.seed}")
    guests = {name: (o.guests / name).read_bytes() for name in PROGRAMS}
    host = Host(o.scboxd, config=CONFIG)
    end = time.monotonic() + o.seconds
    try:
        for number in range(o.first, o.first + o.rounds):
            if time.monotonic() > end:
                break
            play(host, guests, o, number)
        play(host, guests, o, o.first, last=True)
    except Wrong as wrong:
        print(f"not ok: {wrong}")
        print(host.give_up())
        return 1
    print("ok: the daemon outlived its clients")
    return 0


if __name__ == "__main__":
    sys.exit(main())
