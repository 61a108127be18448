#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The same work gives the same trace: byte for byte, alone and beside others.

usage: determinism.py SCBOXD WORKERS

Each kind of work is done ALONE times, one after another, and then BESIDE times of each kind at once
in one daemon. Whatever the machine's listeners are told (calls, returns, logs, starts and ends,
faults, notes) must be the same text in each run.
"""
import base64
import contextlib
import difflib
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading

ALONE = 10
BESIDE = 4
WORKERS = ("worker1.x86_64", "worker2.i386", "worker3.x86_64", "worker4.i386")
PATIENCE_S = 60


class Connection:
    """A JSON-RPC connection that keeps the events and answers that come before they are asked for."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(path)
        self.lines = self.socket.makefile("rb")
        self.next_id = 0
        self.events = []
        self.answers = {}

    def send(self, method, **params):
        self.next_id += 1
        message = {"jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params}
        self.socket.sendall(json.dumps(message).encode() + b"\n")
        return self.next_id

    def answer(self, number):
        """The answer to a request."""
        while number not in self.answers:
            line = self.lines.readline()
            if not line:
                raise RuntimeError("the daemon hung up")
            message = json.loads(line)
            if "method" in message:
                self.events.append(line.decode())
            else:
                self.answers[message["id"]] = message
        message = self.answers.pop(number)
        if "error" in message:
            raise RuntimeError(message["error"])
        return message["result"]

    def call(self, method, **params):
        return self.answer(self.send(method, **params))

    def close(self):
        self.lines.close()
        self.socket.close()


def kid_of(c):
    pid = c.call("SC_NEW_PROC")["pid"]
    c.call("proc.drive", pid=pid)
    c.call("SC_BIND_FS", pid=pid, new_name="root", fs_name="root")
    return pid


def do_driven(c, _workers):
    """Driven processes: sleepers, channels, random bytes, ends."""
    kids = [kid_of(c) for _ in range(5)]
    for i, kid in enumerate(kids):
        c.send("SC_USLEEP", usecs=1000 * (i * 3 % 5 + 1), background=True, **{"as": kid})
    fd = c.call("SC_OPEN", file="io:/random", mode=["READ"])["fd"]
    for size in (1, 7, 32):
        c.call("SC_READ", fd=fd, offset=0, size=size, encoding="base64")
    for i in range(5):
        c.call("clock.advance", usecs=700)
        c.call("SC_DBG_PRINT", msg=f"step {i}")
    ends = c.call("SC_MK_CHANNEL", flags=["BLOCKING"])
    got = c.send("SC_READ", fd=ends["first"], offset=0, size=5, background=True)
    c.call("SC_WRITE", fd=ends["second"], offset=0, data="hello")
    c.answer(got)
    c.call("SC_USLEEP", usecs=10000)
    for kid in kids[:2]:
        c.call("SC_EXIT", code=kid, **{"as": kid})
    for kid in kids[2:]:
        c.call("SC_PROC_KILL", pid=kid)
    for _ in range(2):
        c.call("SC_PROC_WAIT_ANY")


def start_guests(c, workers):
    """Returns their pids."""
    pids = []
    c.call("SC_CLOSE", fd=c.call("SC_OPEN", file="root:/log", mode=["WRITE", "CREATE"])["fd"])
    for path in workers:
        name = f"root:/{path.name}"
        fd = c.call("SC_OPEN", file=name, mode=["WRITE", "CREATE"])["fd"]
        image = base64.b64encode(path.read_bytes()).decode()
        c.call("SC_WRITE", fd=fd, offset=0, data=image, encoding="base64")
        c.call("SC_CLOSE", fd=fd)
        pid = c.call("SC_NEW_PROC")["pid"]
        c.call("SC_BIND_FS", pid=pid, new_name="root", fs_name="root")
        c.call("SC_PROC_EXEC", pid=pid, file=name)
        pids.append(pid)
    return pids


def do_guests(c, workers):
    """Programs of both gates that run at the same time."""
    start_guests(c, workers)
    for _ in workers:
        status = c.call("SC_PROC_WAIT_ANY")
        if status["state"] != "DONE":
            raise RuntimeError(status)


def do_faults(c, workers):
    """The same with calls that fail, wait and are cut short by chance."""
    start_guests(c, workers)
    c.call("fault.add", call="SC_WRITE", probability="0.3", error="ENOSPC")
    c.call("fault.add", call="SC_YIELD", probability="0.5", delay_us=40)
    c.call("fault.add", call="SC_WRITE", probability="0.2", short=3)
    for _ in workers:
        c.call("SC_PROC_WAIT_ANY")


def do_spinners(c, workers):
    """Sleepers beside programs that only yield, and who sleeps to kill those."""
    folder = workers[0].parent
    spinners = start_guests(c, [folder / "spinner.x86_64", folder / "spinner.i386"])
    start_guests(c, workers[:2])
    for _ in workers[:2]:
        c.call("SC_PROC_WAIT_ANY")
    for _ in range(3):
        c.call("SC_USLEEP", usecs=1000)
    c.call("clock.advance", usecs=500)
    for pid in spinners:
        if c.call("SC_PROC_KILL", pid=pid)["state"] != "KILLED":
            raise RuntimeError(pid)


def watch(daemon, name, work, workers, **machine):
    """Do one work in a machine of its own, made with these parameters. Returns what was told of it."""
    watcher = Connection(daemon)
    watcher.call("machine.create", name=name, **machine,
                 names=[{"name": "root", "driver": "ramfs"}, {"name": "io", "driver": "devfs"}])
    watcher.call("trace.subscribe", machine=name, lossless=True,
                 events=["log", "console", "note", "proc", "calls", "faults", "pause"])
    session = Connection(daemon)
    session.call("session.open", machine=name)
    work(session, workers)
    session.call("session.close")
    watcher.call("machine.destroy", machine=name)
    session.close()
    watcher.close()
    return watcher.events


def run(daemon, work, workers, number):
    """Do one work in lockstep. Returns what was told of it."""
    return watch(daemon, f"{work.__name__}-{number}", work, workers,
                 clock="virtual", lockstep=True, seed=7)


def check(work, want, got, when):
    if want == got:
        return True
    print(f"not ok: {work.__doc__} ({when}): the trace differs")
    sys.stdout.writelines(list(difflib.unified_diff(want, got, "first", "this", n=2))[:60])
    return False


def beside(daemon, works, workers):
    """All works at once, several of each. Yields work and trace, or an exception in its place."""
    results = []

    def one(work, number):
        try:
            results.append((work, run(daemon, work, workers, number)))
        except Exception as error:  # pylint: disable=broad-except
            results.append((work, [str(error)]))

    threads = [threading.Thread(target=one, args=(work, f"beside-{i}"))
               for i in range(BESIDE) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def runs_guests(daemon):
    c = Connection(daemon)
    guests = c.call("server.info")["guests"]
    c.close()
    return guests["x86_64"] is True and guests["i386"] is True


def check_all(daemon, workers):
    works = [do_driven]
    if runs_guests(daemon):
        works += [do_guests, do_faults, do_spinners]
    else:
        print("guests of both gates don't run here: only driven processes are compared")
    good = True
    first = {}
    for work in works:
        first[work] = run(daemon, work, workers, "first")
        for i in range(1, ALONE):
            good = check(work, first[work], run(daemon, work, workers, f"alone-{i}"),
                         f"run {i + 1} of {ALONE}, alone") and good
        print(f"{work.__doc__} {len(first[work])} events")
    for work, trace in beside(daemon, works, workers):
        good = check(work, first[work], trace, "beside others") and good
    return good


@contextlib.contextmanager
def serve(scboxd, tmp, *options):
    """A daemon in a folder, which must end with 0. Gives its socket."""
    path = os.path.join(tmp, "run", "s")
    with subprocess.Popen([scboxd, "--socket", path, "--state", os.path.join(tmp, "state"),
                           "--no-default-machine", *options], stderr=subprocess.PIPE) as daemon:
        try:
            for line in daemon.stderr:
                if b"ready" in line:
                    break
            threading.Thread(target=daemon.stderr.read, daemon=True).start()
            yield path
        finally:
            daemon.terminate()
    if daemon.returncode != 0:
        sys.exit(f"not ok: the daemon exited with {daemon.returncode}")


def main():
    scboxd, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    workers = [folder / name for name in WORKERS]
    with tempfile.TemporaryDirectory(prefix="scbox-determinism-") as tmp:
        with serve(scboxd, tmp) as daemon:
            good = check_all(daemon, workers)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
