#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A machine that is made again from the log of its inputs tells the same, byte for byte.

usage: replay.py SCBOXD WORKERS

Work of all kinds is done in machines of a daemon that logs inputs, while somebody listens. Then the
daemon is gone, the log is played, and each machine's events must hold what was heard, as one piece:
who listened came later, and left earlier.
"""
import base64
import difflib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from determinism import (WORKERS, do_driven, do_faults, do_guests, do_spinners, kid_of,
                         runs_guests, serve, start_guests, watch)


def do_people(c, _workers):
    """What people do: typing, pausing, stepping, made-up outcomes, memory, rules, users."""
    kid = kid_of(c)
    line = c.send("SC_READ", fd=c.call("SC_OPEN", file="io:/tty", mode=["READ", "BLOCKING"])["fd"], offset=0,
                  size=20)
    c.call("console.input", pid=0, data="typed \u00e4 \u0001\n")
    c.answer(line)
    c.call("proc.pause", pid=kid)
    held = c.send("SC_STAT", file="root:/", background=True, **{"as": kid})
    c.call("proc.step", pid=kid, error="EIO")
    try:
        c.answer(held)
    except RuntimeError:
        pass
    held = c.send("SC_STAT", file="root:/", background=True, **{"as": kid})
    c.call("proc.step", pid=kid, result={"type": "REGULAR", "access": ["READ"], "size": 7})
    c.answer(held)
    held = c.send("SC_YIELD", background=True, **{"as": kid})
    c.call("proc.resume", pid=kid)
    c.answer(held)
    c.call("SC_MMAP", addr=65536, size=8192, mode=["READ", "WRITE"], **{"as": kid})
    c.call("mem.write", pid=kid, addr=70000, data=base64.b64encode(bytes(range(256))).decode(),
           encoding="base64")
    c.call("mem.read", pid=kid, addr=70000, size=300)
    c.call("proc.credentials", pid=kid, uid=7, gid=8)
    rule = c.call("fault.add", call="SC_YIELD", error="EPERM", nth=2)["fault"]
    for _ in range(3):
        waiting = c.send("SC_YIELD", background=True, **{"as": kid})
        try:
            c.answer(waiting)
        except RuntimeError:
            pass
    c.call("fault.clear", fault=rule)
    sleep = c.send("SC_USLEEP", usecs=10 ** 15, background=True)
    c.call("$/cancelRequest", id=sleep)
    c.call("SC_PROC_KILL", pid=kid)


def do_mapped(c, workers):
    """Programs of both gates and a driven process that write one page, which is then stored."""
    fd = c.call("SC_OPEN", file="root:/shared", mode=["READ", "WRITE", "CREATE", "MMAP"])["fd"]
    c.call("SC_WRITE", fd=fd, offset=0, data="a" * 4096)
    c.call("SC_MMAP_FILE", fd=fd, offset=0, addr=1 << 20, size=4096, mode=["READ", "WRITE"])
    start_guests(c, [workers[0].parent / "mapper.x86_64", workers[0].parent / "mapper.i386"])
    c.call("mem.write", pid=0, addr=(1 << 20) + 40, data="typed")
    for _ in range(2):
        c.call("SC_PROC_WAIT_ANY")
    c.call("mem.read", pid=0, addr=1 << 20, size=64)
    c.call("SC_MUNMAP", addr=1 << 20)
    c.call("SC_READ", fd=fd, offset=0, size=100)


def do_layers(c, _workers):
    """A union of files so big that copying them rests; one copy is interrupted, or not, as it happens."""
    kid = kid_of(c)
    c.call("SC_MAKE_FS", driver="ramfs", fs_name="base")
    c.call("SC_MAKE_FS", driver="ramfs", fs_name="top")
    for name in "ab":
        fd = c.call("SC_OPEN", file=f"base:/{name}", mode=["WRITE", "CREATE"])["fd"]
        for at in range(16):
            c.call("SC_WRITE", fd=fd, offset=at << 18, data="x" * (1 << 18))
    c.call("SC_MAKE_FS", driver="unionfs", fs_name="u", opts="layer=top,layer=base")
    c.call("SC_BIND_FS", pid=kid, new_name="u", fs_name="u")
    c.call("SC_OPEN", file="u:/a", mode=["WRITE"])
    c.send("SC_OPEN", file="u:/b", mode=["WRITE"], background=True, **{"as": kid})
    c.call("SC_PROC_KILL", pid=kid)
    c.call("SC_RENAME", old_file="u:/a", new_file="u:/c")
    c.call("SC_OPEN", file="u:", mode=["READDIR"])


def hear(daemon, name, work, workers, clock, lockstep=False):
    """What the machine told of a work, without what the subscription told of itself."""
    events = watch(daemon, name, work, workers, clock=clock, lockstep=lockstep, seed=11)
    return [e for e in events if json.loads(e)["params"]["kind"] not in ("ended", "lost")]


def do_all(daemon, workers):
    """Returns what was heard of each machine."""
    works = {"driven": do_driven, "people": do_people, "layers": do_layers}
    if runs_guests(daemon):
        works |= {"guests": do_guests, "faults": do_faults, "spinners": do_spinners,
                  "mapped": do_mapped}
    else:
        print("guests of both gates don't run here: only driven processes are played again")
    heard = {}
    for name, work in works.items():
        heard[name] = hear(daemon, name, work, workers, "virtual", lockstep=True)
        heard[name + "-free"] = hear(daemon, name + "-free", work, workers, "virtual")
    heard["real"] = hear(daemon, "real", do_real, workers, "real")
    return heard


def do_real(c, _workers):
    """On a real clock: the host's time is in the log."""
    for i in range(5):
        c.call("SC_USLEEP", usecs=300 * i)
        fd = c.call("SC_OPEN", file=f"root:/{i}", mode=["WRITE", "CREATE"])["fd"]
        c.call("SC_WRITE", fd=fd, offset=0, data="x" * i)
        c.call("SC_FSTAT_EX", file=f"root:/{i}")


def play(scboxd, log):
    """The events of each machine of a log."""
    run = subprocess.run([scboxd, "--replay", log], capture_output=True, check=False)
    if run.returncode != 0:
        raise RuntimeError(run.stderr.decode())
    told = {}
    for line in run.stdout.decode().splitlines(keepends=True):
        name = json.loads(line).get("machine")
        if name is not None:
            events = told.setdefault(name, [])
        else:
            events.append(line)
    return told


def check(name, heard, told):
    """Whether a piece of what the machine tells again is what was heard."""
    for at in range(len(told)):
        if told[at] == heard[0]:
            if told[at:at + len(heard)] == heard:
                print(f"{name}: {len(heard)} of {len(told)} events are the same")
                return True
            break
    print(f"not ok: {name}: the events differ")
    sys.stdout.writelines(list(difflib.unified_diff(heard, told[at:], "heard", "told", n=1))[:40])
    return False


def main():
    scboxd, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    workers = [folder / name for name in WORKERS]
    with tempfile.TemporaryDirectory(prefix="scbox-replay-") as tmp:
        log = os.path.join(tmp, "log")
        with serve(scboxd, tmp, "--inputs", log) as daemon:
            heard = do_all(daemon, workers)
        told = play(scboxd, log)
        good = [check(name, heard[name], told.get(name, [])) for name in heard]
        if play(scboxd, log) != told:
            print("not ok: played twice, it differs")
            return 1
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
