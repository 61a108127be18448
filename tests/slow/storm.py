#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Machines that stand still for their filesystems, and inputs of every kind meanwhile.

usage: storm.py SCBOXD SCBOXD_SLOW WORKERS [--seconds N] [--seed N|random]

First the same work is done with filesystems that wait and with those that do not: the traces must be the
same. Then there are rounds. In each of them a daemon whose filesystems wait, at a gate that opens and closes,
gets requests drawn at random: calls of several sessions and of their children, cancels, kills, pauses, fault
rules, clocks, sessions and connections that end, machines that come and go. After it nothing may be left:
what the machine holds, threads and descriptors are what they were. The log of its inputs is played, and
must tell what was heard. WORKERS is the folder of the determinism test's programs.
"""
import argparse
import contextlib
import json
import os
import pathlib
import random
import select
import sys
import tempfile
import threading
import time

from determinism import (WORKERS, Connection, check, do_driven, do_faults, do_guests, kid_of,
                         runs_guests, serve, watch)
from replay import check as check_replay
from replay import play

STEPS = 250  # of a round
SESSIONS = 4
PATIENCE_S = 60
BRIEF_TRIES = 5
EVENTS = ["log", "console", "note", "proc", "calls", "faults", "pause"]
FILES = [f"{fs}:/{name}" for fs in ("root", "more") for name in ("a", "b", "d", "d/e")]


class Client(Connection):
    """One that sends without waiting for answers."""

    def __init__(self, path, machine):
        super().__init__(path)
        self.call("session.open", machine=machine)
        self.pids = [0]
        self.sent = []
        self.fds = range(3, 9)

    def say(self, method, **params):
        self.sent.append(self.send(method, **params))

    def settle(self):
        """Take all answers."""
        for number in self.sent:
            try:
                answer = self.answer(number)
            except RuntimeError as error:
                if "hung up" in str(error):
                    raise
                continue
            if isinstance(answer, dict) and list(answer) == ["pid"]:
                self.pids.append(answer["pid"])
        self.sent = []


class Gate:
    """A FIFO at which slots wait while it is there."""

    def __init__(self, path):
        self.path = path

    def close(self):
        if not os.path.exists(self.path):
            os.mkfifo(self.path)

    def await_somebody(self):
        while True:
            with contextlib.suppress(OSError):
                os.close(os.open(self.path, os.O_WRONLY | os.O_NONBLOCK))
                return

    def open(self):
        """Returns when nobody waits there any more."""
        with contextlib.suppress(OSError):
            end = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
            os.unlink(self.path)
            look = select.poll()
            look.register(end, 0)
            look.poll()  # the last reader is gone
            os.close(end)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)


class Storm:
    """The requests of a round."""

    def __init__(self, path, gate, draw):
        self.path, self.gate, self.draw = path, gate, draw
        self.clients = [Client(path, "storm") for _ in range(SESSIONS)]
        self.control = Connection(path)
        self.made = 0
        self.machines = []
        self.pending = []  # of the control connection

    def ask(self, method, **params):
        self.pending.append(self.control.send(method, **params))

    # What may happen; each is given a client.

    def use_file(self, c):
        file, other = self.draw.sample(FILES, 2)
        method, params = self.draw.choice([
            ("SC_OPEN", {"file": file, "mode": ["READ", "WRITE", "CREATE"]}),
            ("SC_OPEN", {"file": file, "mode": ["READ"]}),
            ("SC_STAT", {"file": file}),
            ("SC_CREATE", {"file": file, "type": self.draw.choice(["REGULAR", "DIR"])}),
            ("SC_DELETE", {"file": file}),
            ("SC_RENAME", {"old_file": file, "new_file": other}),
            ("SC_LINK", {"old_file": file, "new_file": other}),
            ("SC_CHMOD", {"file": file, "mode": 0o640}),
            ("SC_TRUNCATE", {"file": file, "size": self.draw.randrange(9000)})])
        self.act(c, method, **params)

    def use_handle(self, c):
        fd = self.draw.choice(c.fds)
        method, params = self.draw.choice([
            ("SC_READ", {"fd": fd, "offset": 0, "size": 100}),
            ("SC_WRITE", {"fd": fd, "offset": self.draw.randrange(5000), "data": "x" * 99}),
            ("SC_FSYNC", {"fd": fd}),
            ("SC_READDIR", {"fd": fd, "ent_no": 0}),
            ("SC_STAT_OPEN", {"fd": fd}),
            ("SC_CLOSE", {"fd": fd})])
        self.act(c, method, **params)

    def act(self, c, method, **params):
        pid = self.draw.choice(c.pids)
        if pid != 0:
            params["as"] = pid
        c.say(method, background=self.draw.random() < 0.3, **params)

    def pass_time(self, c):
        self.draw.choice([
            lambda: self.act(c, "SC_USLEEP", usecs=self.draw.randrange(300)),
            lambda: self.act(c, "SC_YIELD"),
            lambda: self.act(c, "SC_DBG_PRINT", msg="here"),
            lambda: c.say("clock.advance", usecs=self.draw.randrange(500))])()

    def cancel(self, c):
        if c.sent:
            c.say("$/cancelRequest", id=self.draw.choice(c.sent))

    def look(self, c):
        c.say(self.draw.choice(["proc.tree", "fd.list", "ns.list", "machine.info", "proc.info",
                                "fault.list", "proc.paused"]))

    def hold(self, c):
        pid = self.draw.choice(c.pids)
        self.draw.choice([
            lambda: c.say("proc.pause", **({"pid": pid} if pid != 0 else {})),
            lambda: c.say("proc.resume"),
            lambda: c.say("proc.step", pid=pid),
            lambda: c.say("proc.step", pid=pid, error="EIO")])()

    def spoil(self, c):
        self.draw.choice([
            lambda: c.say("fault.add", call="SC_STAT", every=3, error="EIO"),
            lambda: c.say("fault.add", probability="0.1", delay_us=50),
            lambda: c.say("fault.clear")])()

    def breed(self, c):
        self.draw.choice([
            lambda: c.say("SC_NEW_PROC"),
            lambda: c.say("proc.drive", pid=self.draw.choice(c.pids)),
            lambda: c.say("SC_BIND_FS", pid=self.draw.choice(c.pids), new_name="root", fs_name="root"),
            lambda: c.say("SC_PROC_KILL", pid=self.draw.choice(c.pids)),
            lambda: self.act(c, "SC_EXIT", code=1)])()

    def mount(self, c):
        name = self.draw.choice(["p", "q"])
        self.draw.choice([
            lambda: c.say("SC_MAKE_FS", driver="ramfs", fs_name=name),
            lambda: c.say("SC_OPEN", file=f"{name}:/a", mode=["WRITE", "CREATE"]),
            lambda: c.say("SC_RM_FS", fs_name=name)])()

    def leave(self, c):
        """A session ends, or its connection goes, and another one comes."""
        if self.draw.random() < 0.5:
            c.say("session.close")
        c.close()
        self.gate.open()  # session.open is an input, too: it would wait
        self.clients[self.clients.index(c)] = Client(self.path, "storm")

    def other_machine(self, _c):
        if self.machines and self.draw.random() < 0.5:
            self.ask("machine.destroy", machine=self.machines.pop())
            return
        self.made += 1
        self.machines.append(f"m{self.made}")
        self.ask("machine.create", name=self.machines[-1],
                 names=[{"name": "r", "driver": "ramfs"}] * self.draw.randrange(3))

    def toggle(self, _c):
        self.draw.choice([self.gate.close, self.gate.open])()

    def settle(self, _c):
        self.gate.open()
        for c in self.clients:
            c.say("proc.resume")
            c.say("fault.clear")
        for c in self.clients:
            for number in list(c.sent):
                c.say("$/cancelRequest", id=number)  # what waits for what will not come
            c.settle()
        for number in self.pending:
            with contextlib.suppress(RuntimeError):
                self.control.answer(number)
        self.pending = []

    def run(self):
        """Returns True."""
        kinds = [(self.use_file, 30), (self.use_handle, 20), (self.pass_time, 8), (self.cancel, 8),
                 (self.look, 5), (self.hold, 4), (self.spoil, 2), (self.breed, 8), (self.mount, 4),
                 (self.leave, 2), (self.other_machine, 4), (self.toggle, 10), (self.settle, 2)]
        for _ in range(STEPS):
            kind = self.draw.choices([k for k, _ in kinds], [w for _, w in kinds])[0]
            kind(self.draw.choice(self.clients))
        self.settle(None)
        while self.machines:
            self.control.send("machine.destroy", machine=self.machines.pop())
        for c in self.clients:
            with contextlib.suppress(RuntimeError):  # it may have ended itself
                c.call("session.close")
            c.close()
        self.control.close()
        return True


def pid_of(path):
    """The daemon behind a socket: its only child that has it in its arguments."""
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if path.encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                    return entry
    raise RuntimeError("where is the daemon?")


def holdings(watcher, proc):
    """What must be the same after a round."""
    stats = watcher.call("server.stats")
    return {"census": watcher.call("machine.info", machine="storm")["census"],
            "threads": len(list((proc / "task").iterdir())), "files": len(list((proc / "fd").iterdir())),
            "sessions": stats["sessions"], "machines": stats["machines"]}


def play_round(scboxd, seed, tmp, clock, percent, work):
    """work(path, gate) in a daemon. Returns whether nothing was left, and the log tells what was heard."""
    gate = Gate(os.path.join(tmp, "gate"))
    log = os.path.join(tmp, "log")
    os.environ |= {"SCBOX_SLOW": str(percent), "SCBOX_SLOW_SEED": str(seed),
                   "SCBOX_SLOW_GATE": gate.path}
    config = pathlib.Path(tmp) / "config"
    config.write_text('{"limits": {"grace_ms": 0}}', encoding="utf-8")
    done = []
    with serve(scboxd, tmp, "--inputs", log, "--config", str(config)) as path:
        watcher = Connection(path)
        watcher.call("machine.create", name="storm", clock=clock, seed=seed,
                     names=[{"name": "root", "driver": "ramfs"}, {"name": "more", "driver": "ramfs"},
                            {"name": "io", "driver": "devfs"}])
        watcher.call("trace.subscribe", machine="storm", lossless=True, events=EVENTS)
        proc = pid_of(path)
        before = holdings(watcher, proc)
        worker = threading.Thread(target=lambda: done.append(work(path, gate)))
        worker.start()
        while worker.is_alive():  # who listens must read, or all calls wait for it
            watcher.call("server.info")
            time.sleep(0.01)
        gate.open()
        end = time.monotonic() + PATIENCE_S
        while (after := holdings(watcher, proc)) != before and time.monotonic() < end:
            time.sleep(0.01)
        watcher.call("trace.unsubscribe")
        heard = [e for e in watcher.events
                 if json.loads(e)["params"]["kind"] not in ("ended", "lost")]
        watcher.close()
    if not done or after != before:
        print(f"not ok: left behind: {after}, it was {before}" if done else "not ok: it was not done")
        return False
    return check_replay("storm", heard, play(scboxd, log).get("storm", []))


def storm_round(scboxd, seed, tmp):
    draw = random.Random(seed)
    return play_round(scboxd, seed, tmp, "real" if seed % 3 == 0 else "virtual",
                      draw.choice([10, 50, 100]), lambda path, gate: Storm(path, gate, draw).run())


def fails(c, number, what):
    try:
        c.answer(number)
    except RuntimeError as error:
        if what in str(error):
            return
        raise
    raise RuntimeError(f"{what} was expected")


def open_brief(c):
    """A file on brief:, whose slots have a second: where that is too short for the host, make it anew."""
    for _ in range(BRIEF_TRIES):
        c.call("SC_MAKE_FS", driver="ramfs", fs_name="brief", opts="timeout=1")
        try:
            return c.call("SC_OPEN", file="brief:/a", mode=["READ", "WRITE", "CREATE"])["fd"]
        except RuntimeError as error:
            if "EIO" not in str(error):
                raise
            c.call("SC_RM_FS", fs_name="brief")
    raise RuntimeError("the host is too slow")


def do_late(path, gate):
    """A slot that is past its limit, one that is interrupted, and what comes while they have the machine stand."""
    c = Client(path, "storm")
    other = Client(path, "storm")
    fd = open_brief(c)
    other.call("proc.pause")
    held = c.send("SC_STAT", file="root:/", background=True)
    other.call("trace.subscribe", events=["calls"])
    other.call("proc.resume")
    c.answer(held)
    gate.close()
    late = c.send("SC_OPEN", file="brief:/b", mode=["READ"])
    behind = c.send("SC_DBG_PRINT", msg="behind")
    gate.await_somebody()
    other.close()  # its session, its subscription, its marks
    fails(c, late, "EIO")
    c.answer(behind)
    gate.open()
    fails(c, c.send("SC_READ", fd=fd, offset=0, size=1), "EIO")
    gate.close()
    cut = c.send("SC_OPEN", file="root:/cut", mode=["WRITE", "CREATE"])
    gate.await_somebody()
    c.send("$/cancelRequest", id=cut)
    fails(c, cut, "-32800")
    gate.open()
    c.call("SC_DBG_PRINT", msg="after")
    c.call("session.close")
    c.close()
    return True


def same_traces(plain, slow, workers):
    """Whether filesystems that wait make no difference to who listens."""
    traces = []
    for scboxd in (plain, slow):
        with tempfile.TemporaryDirectory(prefix="scbox-slow-") as tmp, serve(scboxd, tmp) as path:
            works = [do_files, do_driven] + ([do_guests, do_faults] if runs_guests(path) else [])
            traces.append([watch(path, work.__name__, work, workers, clock="virtual", lockstep=True,
                                 seed=7) for work in works])
    return all([check(work, *pair, "filesystems wait") for work, *pair in zip(works, *traces)])


def do_files(c, _workers):
    """Files and directories, used by two processes."""
    kid = kid_of(c)
    for who in ({}, {"as": kid}):
        name = f"root:/{len(who)}"
        c.call("SC_CREATE", file=name, type="DIR", **who)
        for i in range(20):
            c.send("SC_USLEEP", usecs=i, background=True, **who)
            fd = c.call("SC_OPEN", file=f"{name}/{i}", mode=["READ", "WRITE", "CREATE"], **who)["fd"]
            c.call("SC_WRITE", fd=fd, offset=i, data="text" * i, **who)
            c.call("SC_FSYNC", fd=fd, **who)
            c.call("SC_CLOSE", fd=fd, **who)
    c.call("SC_PROC_KILL", pid=kid)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--seed", default="1")
    for name in ("scboxd", "slow", "workers"):
        parser.add_argument(name)
    args = parser.parse_args()
    seed = random.randrange(10 ** 9) if args.seed == "random" else int(args.seed)
    workers = [pathlib.Path(args.workers) / name for name in WORKERS]
    if not same_traces(args.scboxd, args.slow, workers):
        return 1
    with tempfile.TemporaryDirectory(prefix="scbox-slow-") as tmp:
        if not play_round(args.slow, 1, tmp, "virtual", 100, do_late):
            return 1
    end = time.monotonic() + args.seconds
    while time.monotonic() < end:
        with tempfile.TemporaryDirectory(prefix="scbox-slow-") as tmp:
            if not storm_round(args.slow, seed, tmp):
                print(f"not ok: a round: {sys.argv[0]} --seed {seed} "
                      f"{args.scboxd} {args.slow} {args.workers}")
                return 1
        seed += 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
