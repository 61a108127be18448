#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A fuzzer of the call gates: guests that enter in every way there is while others disturb them.

usage: gates.py [--seconds N] [--rounds N] [--seed S] [--first N] [--kind K] [--clock C]
                SCBOXD GUESTS

Each round is a machine of its own. What happens in it is drawn from the seed and its number: which
guests run (intruder.c), and who disturbs them.

    shared   another guest maps the same file and rewrites the code in it
    client   a client pauses, steps, answers and kills them, and writes into their code
    host     somebody outside sends signals to their host processes, SIGKILL too
    alone    nobody

Whatever they do, a neighbour is answered within PATIENCE_S, a directory of the host stays as it is,
guests have no descriptor but the memory they are being lent, machines and the daemon end up with
what they began with, and the daemon stops when it is told to. The first thing that is not so ends
the run, and is reported with the actions before it and with the options that repeat the round. (A
repeated round draws the same, but what comes of it depends on moments, too.)
"""
import argparse
import base64
import collections
import pathlib
import random
import signal
import sys
import time

from watch import Host, Neighbour, Talk, Wrong, PATIENCE_S

CLOCKS = {"real": {"clock": "real"}, "virtual": {"clock": "virtual"},
          "lockstep": {"clock": "virtual", "lockstep": True}}
KINDS = ("shared", "client", "host", "alone")
PROGRAMS = ("intruder.x86_64", "intruder.i386")

ROUND_S = 0.8        # of disturbing
HOG_ROUND_S = 2      # of that by a hog on a virtual clock, which loses its turn after a second
CALLERS = 3          # at a time
STEPS = 400          # of a caller
FLIPS = 1000000      # of a flipper: it is killed
GUEST_LIFE_S = 0.5   # one that waits for ever is killed
HISTORY = 30         # actions that are told when something goes wrong
CODE_SIZE = 2 * 4096

# As in intruder.c.
PAGES = {"private": 0x40000000, "shared": 0x50000000}
SITES, SITE_SIZE = 4, 0x40
REST = b"\xC3\xA9scaped\0"
HEADS = (b"\xEB\xFE", b"\xCD\x80", b"\x0F\x05", b"\xCD\x40", b"\xEB\x1E", b"\x0F\x34", b"\x0F\x0B",
         b"\xF4\xF4", b"\xCC\xCC", b"\x90\x90")

SIGNALS = (signal.SIGSTOP, signal.SIGCONT, signal.SIGUSR1, signal.SIGTRAP, signal.SIGSEGV,
           signal.SIGCHLD, signal.SIGSYS, signal.SIGTERM, signal.SIGKILL)


class Round:
    """One machine, its guests, and who disturbs them."""

    def __init__(self, host, guests, number, seed, kind, clock):
        self.host, self.kind, self.clock = host, kind, clock
        self.random = random.Random(f"{seed}/{number}")
        self.history = collections.deque(maxlen=HISTORY)
        self.started = {}      # pid: when
        self.waits = None      # the posted PROC_WAIT_ANY
        self.count = 0
        self.flippers = []
        hogs = kind == "shared" and clock != "real" and self.random.random() < 0.5
        self.flipper, self.seconds = ("hog", HOG_ROUND_S) if hogs else ("flipper", ROUND_S)
        self.talk = Talk(host.path)
        self.machine = self.talk.call(
            "machine.create", transient=True, seed=1, **CLOCKS[clock],
            names=[{"name": "io", "driver": "devfs"},
                   {"name": "root", "driver": "ramfs"}])["machine"]
        self.talk.call("session.open", machine=self.machine)
        for name, image in guests.items():
            self.put(f"root:/{name}", image)
        self.put("root:/code", bytes(CODE_SIZE))
        self.census = self.get_census()

    def put(self, file, data):
        """Write a file."""
        self.talk.call("SC_CREATE", file=file, type="REGULAR")
        fd = self.talk.call("SC_OPEN", file=file, mode=["WRITE"])["fd"]
        self.talk.call("SC_WRITE", fd=fd, offset=0, data=base64.b64encode(data).decode(),
                       encoding="base64")
        self.talk.call("SC_CLOSE", fd=fd)

    def get_census(self):
        """What the machine holds."""
        return self.talk.call("machine.info")["census"]

    def start(self, role, steps):
        """Start a guest. When its host process is disturbed meanwhile, it may not start."""
        pid = self.talk.call("SC_NEW_PROC")["pid"]
        program = self.random.choice(PROGRAMS)
        seed = self.random.randrange(1 << 30)
        for name in ("io", "root"):
            self.talk.call("SC_BIND_FS", pid=pid, new_name=name, fs_name=name)
        self.talk.call("SC_SET_ARGS", pid=pid, data=[str(seed), role, str(steps)])
        if self.kind == "client" and self.random.random() < 0.8:
            self.talk.call("proc.pause", pid=pid)
        self.history.append(f"start {program} {seed} {role} as {pid}")
        answer = self.talk.ask("SC_PROC_EXEC", pid=pid, file=f"root:/{program}")
        if "error" in answer and self.kind != "host":
            raise Wrong(f"a guest does not start: {answer['error']}")
        self.started[pid] = time.monotonic()
        if "error" in answer:
            self.kill(pid)
        elif role != "caller":
            self.flippers.append(pid)
        self.count += 1

    def kill(self, pid):
        """End a guest, if it has not ended."""
        self.history.append(f"kill {pid}")
        self.talk.ask("SC_PROC_KILL", pid=pid)
        self.forget(pid)

    def forget(self, pid):
        """A guest has ended."""
        self.started.pop(pid, None)
        if pid in self.flippers:
            self.flippers.remove(pid)

    def reap(self, wait_s):
        """Wait for ends of guests, for a while; in lockstep guests run only while this waits."""
        if self.waits is None:
            self.waits = self.talk.post("SC_PROC_WAIT_ANY")
        answer = self.talk.look(self.waits, wait_s)
        if answer is None:
            return
        self.waits = None
        if "result" in answer:
            self.forget(answer["result"]["pid"])
            self.history.append(f"ended: {answer['result']}")

    def replenish(self):
        """As many guests as there shall be."""
        if self.kind == "shared" and not self.flippers:
            self.start(self.flipper, FLIPS)
        while len(self.started) - len(self.flippers) < CALLERS:
            self.start("caller", STEPS)
        for pid in [pid for pid, when in self.started.items()
                    if pid not in self.flippers and time.monotonic() - when > GUEST_LIFE_S]:
            self.kill(pid)

    # Disturbing.

    def rewrite(self, pid):
        """Put an instruction where the guest's calls are made."""
        page = self.random.choice(list(PAGES))
        head = self.random.choice(HEADS)
        data = base64.b64encode(head + REST).decode()
        self.history.append(f"rewrite {pid} {page} {head.hex()}")
        for site in range(SITES):
            self.talk.ask("mem.write", pid=pid, addr=PAGES[page] + site * SITE_SIZE, data=data,
                          encoding="base64")

    def step(self, held):
        """Let a held call go on, or answer it."""
        pid = held["pid"]
        self.history.append(f"step {pid} {held['call']} {str(held['args'])[:60]}")
        if self.random.random() < 0.05:
            self.talk.ask("proc.step", pid=pid, error="EIO")
        elif self.random.random() < 0.03:
            self.talk.ask("proc.resume", pid=pid)
        else:
            self.talk.ask("proc.step", pid=pid)

    def disturb_as_client(self):
        """One thing that a client does."""
        for held in self.talk.call("proc.paused"):
            if held["call"] == "SC_MMAP_FILE" or self.random.random() < 0.1:
                self.rewrite(held["pid"])
            self.step(held)
        if not self.started:
            return
        pid = self.random.choice(list(self.started))
        action = self.random.randrange(20)
        if action == 0:
            self.kill(pid)
        elif action == 1:
            self.rewrite(pid)
        elif action == 2:
            self.talk.ask("proc.pause", pid=pid)
        elif action == 3:
            self.talk.ask("mem.read", pid=pid, addr=self.random.choice(list(PAGES.values())),
                          size=4096)
        elif action == 4 and self.clock != "real":
            self.talk.post("clock.advance", usecs=self.random.randrange(1000))

    def disturb_from_outside(self):
        """Send signals to host processes."""
        for _ in range(4):
            number = self.random.choice(SIGNALS)
            if self.host.send_signal(self.random, number):
                self.history.append(f"host {signal.Signals(number).name}")
            time.sleep(0.001)

    def run(self):
        """All of it but the end."""
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            self.replenish()
            if self.kind == "client":
                self.disturb_as_client()
            elif self.kind == "host":
                self.disturb_from_outside()
            self.reap(0.002 if self.kind in ("client", "host") else 0.02)
            self.host.check()

    def finish(self):
        """End the guests: all is as it was."""
        for pid in list(self.started):
            self.kill(pid)
        self.reap(PATIENCE_S)
        end = time.monotonic() + PATIENCE_S
        while self.get_census() != self.census:
            if time.monotonic() > end:
                raise Wrong(f"left behind: {self.get_census()}, at the start: {self.census}")
            time.sleep(0.005)
        self.talk.call("machine.destroy", machine=self.machine)
        self.talk.close()


def options():
    """What the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20, help="begin no round after that")
    parser.add_argument("--rounds", type=int, default=1 << 30, help="at most so many")
    parser.add_argument("--seed", default="1", help="or 'random'")
    parser.add_argument("--first", type=int, default=0, help="the number of the first round")
    parser.add_argument("--kind", choices=KINDS, help="only rounds of this kind")
    parser.add_argument("--clock", choices=CLOCKS, help="only rounds on this clock")
    parser.add_argument("scboxd")
    parser.add_argument("guests", type=pathlib.Path)
    return parser.parse_args()


def play(host, guests, o, number, last=False):
    """One round; the daemon is stopped in the middle of the last one."""
    kind = o.kind or KINDS[number % len(KINDS)]
    clock = o.clock or list(CLOCKS)[number // len(KINDS) % len(CLOCKS)]
    history, count = [], 0
    try:
        this = Round(host, guests, number, o.seed, kind, clock)
        history = this.history
        this.run()
        count = this.count
        if last:
            host.stop()
            return
        this.finish()
        host.check_rest()
    except Wrong as wrong:
        print(f"not ok: {wrong}\n    in round {number}: {kind}, {clock} clock; the last actions:")
        print("".join(f"        {line}\n" for line in history), end="")
        print(f"    repeat it: --seed {o.seed} --first {number} --kind {kind} --clock {clock}")
        raise
    print(f"round {number}: {kind}, {clock} clock, {count} guests", flush=True)


def main():
    o = options()
    if o.seed == "random":
        o.seed = str(random.SystemRandom().randrange(1 << 32))
        print(f"--seed {o.seed}")
    guests = {name: (o.guests / name).read_bytes() for name in PROGRAMS}
    host = Host(o.scboxd)
    end = time.monotonic() + o.seconds
    try:
        missing = host.missing_guests()
        if missing:
            print(f"skipped: {missing}")
            host.stop()
            return 77
        for number in range(o.first, o.first + o.rounds):
            if time.monotonic() > end:
                break
            play(host, guests, o, number)
        play(host, guests, o, o.first, last=True)
    except Wrong as wrong:
        print(f"not ok: {wrong}")
        print(host.give_up())
        return 1
    print("ok: nothing but guests was hurt")
    return 0


if __name__ == "__main__":
    sys.exit(main())
