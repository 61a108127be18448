#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Errors of calls that take a world of their own: full, read-only and failing stores, loops of links,
limits that are reached, callers that end while they wait, and a host without memory.

    test_errnos.py SCBOXD FAILING_HOST.so

Each test makes all calls it can in one such world, and each call must answer that errno. What no test
here or elsewhere brings about is in exceptions.txt.
"""
import contextlib
import json
import mmap
import os
import sqlite3
import struct
import sys
import tempfile
import time
import unittest

from daemon import Daemon

PROGRAM = PRELOAD = None
ENOMEM, INTERNAL = 12, -32603
NO_ROOM = 28  # what a ramfs answers, whose store is memory
ORDERS_SIZE, STALE = 4096, 77
NAMES = {"EPERM": 1, "ENOENT": 2, "EIO": 5, "ENXIO": 6, "EBADF": 9, "EAGAIN": 11, "ENOMEM": 12,
         "EACCES": 13, "EBUSY": 16, "EEXIST": 17, "EXDEV": 18, "ENODEV": 19, "ENOTDIR": 20,
         "EISDIR": 21, "EINVAL": 22, "EMFILE": 24, "ENOTTY": 25, "EFBIG": 27, "ENOSPC": 28,
         "EROFS": 30, "EMLINK": 31, "EPIPE": 32, "ENAMETOOLONG": 36, "ENOLCK": 37,
         "ENOTEMPTY": 39, "ELOOP": 40, "ENOTSUP": 95, "ESTALE": 116, "EDQUOT": 122,
         "ECANCELED": 125}
ALL = ["ALL"]


class Host:
    """What failing_host.c is told."""

    def __init__(self, directory):
        self.name = os.path.join(directory, "orders")
        with open(self.name, "wb") as file:
            file.write(bytes(ORDERS_SIZE))
        with open(self.name, "r+b") as file:
            self.orders = mmap.mmap(file.fileno(), ORDERS_SIZE)

    def order(self, allocation=0, read=0, write=0):
        """Fail so from now on."""
        self.orders[:12] = struct.pack("<3i", allocation, read, write)

    def is_done(self):
        """Whether the allocation that was to fail has."""
        return struct.unpack("<i", self.orders[:4])[0] == 0


class World(unittest.TestCase):
    """A daemon and a session for each test."""

    limits = {}

    def setUp(self):
        self.tmp = tempfile.TemporaryDirectory(prefix="scbox-errnos-")
        self.host = Host(self.tmp.name)
        self.daemon = Daemon(PROGRAM, env={"LD_PRELOAD": PRELOAD, "FAILING_HOST": self.host.name})
        self.daemon.control.call("machine.create", name="default", limits=self.limits, names=[
            {"name": "io", "driver": "devfs"}, {"name": "root", "driver": "ramfs"}])
        self.start = self.daemon.census("default")
        self.open_session()

    def tearDown(self):
        self.host.order()
        self.close_session()
        self.daemon.await_census("default", self.start)
        self.daemon.stop()
        self.tmp.cleanup()

    def open_session(self):
        """A process to call as."""
        self.client = self.daemon.connect()
        self.token = self.client.call("session.open", machine="default")["session"]
        self.call = self.client.call

    def close_session(self):
        """End it."""
        self.client.ask("session.close", b"")
        self.client.close()

    def fails(self, errno, method, **params):
        """The call must fail so."""
        answer = self.client.ask(method, json.dumps(params).encode())
        code = answer.get("error", {}).get("code")
        self.assertEqual(code, NAMES[errno], f"{method} {params}: not {errno}: {answer}")

    def each(self, errno, *calls):
        """All of these must fail so; all that do not are told."""
        wrong = []
        for method, params in calls:
            answer = self.client.ask(method, json.dumps(params).encode())
            if answer.get("error", {}).get("code") != NAMES[errno]:
                wrong.append(f"{method} {params}: {json.dumps(answer)[:200]}")
        self.assertEqual(wrong, [], f"not {errno}:\n" + "\n".join(wrong))

    def open(self, file, *modes):
        """A handle."""
        return self.call("SC_OPEN", file=file, mode=list(modes))["fd"]

    def write(self, file, data, offset=0):
        """Make a file, or change it."""
        fd = self.open(file, "WRITE", "CREATE")
        self.call("SC_WRITE", fd=fd, offset=offset, data=data)
        self.call("SC_CLOSE", fd=fd)

    def make_fs(self, name, driver="ramfs", opts=""):
        """A filesystem."""
        self.call("SC_MAKE_FS", driver=driver, fs_name=name, opts=opts)

    def source(self, name):
        """The file of an sqlitefs, where the daemon allows it."""
        return os.path.join(self.daemon.dir, "state", name + ".db")

    def fill(self, fs):
        """Files to try calls on."""
        self.write(fs + ":/f", "x" * 100)
        self.call("SC_CREATE", file=fs + ":/d", type="DIR")
        self.write(fs + ":/d/x", "y")
        self.call("SC_SYMLINK", target="f", file=fs + ":/link")


def paths(path, other):
    """Every call that takes a path, with this one; @other is one that does."""
    return [
        ("SC_CREATE", {"file": path, "type": "REGULAR"}), ("SC_DELETE", {"file": path}),
        ("SC_MOVE", {"old_file": path, "new_file": other}),
        ("SC_STAT", {"file": path}), ("SC_OPEN", {"file": path, "mode": ["READ"]}),
        ("SC_RENAME", {"old_file": path, "new_file": other}),
        ("SC_LINK", {"old_file": path, "new_file": other}),
        ("SC_SYMLINK", {"target": "x", "file": path}),
        ("SC_READLINK", {"file": path, "size": 64}), ("SC_CHMOD", {"file": path, "mode": 420}),
        ("SC_CHOWN", {"file": path, "uid": 0, "gid": 0}),
        ("SC_TRUNCATE", {"file": path, "size": 5}),
        ("SC_UTIMES", {"file": path, "atime": 1, "mtime": 1}), ("SC_FSTAT_EX", {"file": path}),
    ]


def views(fs, root, pid):
    """Calls that make views of a path."""
    return [("SC_SUBFS", {"new_name": "v", "from_fs": fs, "root": root, "ok_modes": ALL}),
            ("SC_BIND_SUBFS", {"new_name": "v", "from_fs": fs, "root": root, "ok_modes": ALL,
                               "bind_to_pid": pid})]


def changes(fs):
    """Calls that change what World.fill() made."""
    return [
        ("SC_CREATE", {"file": fs + ":/new", "type": "REGULAR"}),
        ("SC_OPEN", {"file": fs + ":/new", "mode": ["WRITE", "CREATE"]}),
        ("SC_LINK", {"old_file": fs + ":/f", "new_file": fs + ":/new"}),
        ("SC_SYMLINK", {"target": "f", "file": fs + ":/new"}),
        ("SC_MOVE", {"old_file": fs + ":/f", "new_file": fs + ":/new"}),
        ("SC_RENAME", {"old_file": fs + ":/f", "new_file": fs + ":/new"}),
        ("SC_CHMOD", {"file": fs + ":/f", "mode": 384}),
        ("SC_CHOWN", {"file": fs + ":/f", "uid": 5, "gid": 6}),
        ("SC_TRUNCATE", {"file": fs + ":/f", "size": 5000}),
        ("SC_UTIMES", {"file": fs + ":/f", "atime": 1, "mtime": 1}),
        ("SC_DELETE", {"file": fs + ":/d/x"}),
    ]


class Paths(World):
    """Names that lead nowhere."""

    def test_loops_of_links(self):
        self.fill("root")
        self.call("SC_SYMLINK", target="loop", file="root:/loop")
        pid = self.call("SC_NEW_PROC")["pid"]
        self.each("ELOOP", *paths("root:/loop/x", "root:/new"), *views("root", "/loop/x", pid),
                  ("SC_PROC_EXEC", {"pid": pid, "file": "root:/loop/x"}))

    def test_files_that_are_no_directories(self):
        self.fill("root")
        pid = self.call("SC_NEW_PROC")["pid"]
        self.each("ENOTDIR", *paths("root:/f/x", "root:/new"), *views("root", "/f/x", pid))

    def test_too_many_links(self):
        self.write("root:/f", "x")
        self.client.send(b"".join(
            b'{"jsonrpc":"2.0","method":"SC_LINK","params":["root:/f","root:/l%d"]}\n' % i
            for i in range(65000)))
        self.fails("EMLINK", "SC_LINK", old_file="root:/f", new_file="root:/one_more")

    def test_a_directory_whose_path_grew(self):
        deep = "root:"
        for _ in range(31):
            deep += "/" + "x" * 126
            self.call("SC_CREATE", file=deep, type="DIR")
        self.write(deep + "/f", "")
        fd = self.open(deep, "READDIR")
        self.call("SC_SUBFS", new_name="v", from_fs="root", root=deep[5:], ok_modes=ALL)
        self.call("SC_CREATE", file="root:/" + "y" * 126, type="DIR")
        self.call("SC_CREATE", file="root:/" + "y" * 126 + "/" + "z" * 126, type="DIR")
        self.call("SC_MOVE", old_file="root:/" + "x" * 126,
                  new_file="root:/" + "y" * 126 + "/" + "z" * 126 + "/" + "x" * 126)
        self.fails("ENAMETOOLONG", "SC_READDIR", fd=fd, ent_no=0)
        self.fails("ENAMETOOLONG", "SC_FS_ENUM", n=2)


class Stores(World):
    """Stores that do not do what is asked."""

    def test_read_only(self):
        opts = "source=" + self.source("ro")
        self.make_fs("ro", "sqlitefs", opts)
        self.fill("ro")
        self.call("SC_RM_FS", fs_name="ro")
        self.make_fs("ro", "sqlitefs", opts + ",readonly")
        self.each("EROFS", *changes("ro"))

    def test_quota(self):
        self.make_fs("q", opts="quota_inodes=10,quota_bytes=200")
        self.fill("q")
        fd = self.open("q:/f", "WRITE")
        answer = {}
        while "error" not in answer:
            answer = self.client.ask("SC_CREATE", json.dumps(
                {"file": f"q:/{self.client.next_id}", "type": "REGULAR"}).encode())
        self.each("EDQUOT", ("SC_CREATE", {"file": "q:/new", "type": "REGULAR"}),
                  ("SC_OPEN", {"file": "q:/new", "mode": ["WRITE", "CREATE"]}),
                  ("SC_SYMLINK", {"target": "f", "file": "q:/new"}),
                  ("SC_WRITE", {"fd": fd, "offset": 190, "data": "x" * 20}),
                  ("SC_TRUNCATE", {"file": "q:/f", "size": 500}))

    def mount(self, *options):
        """The disk, with as little of it in memory as can be."""
        self.make_fs("disk", "sqlitefs", ",".join(
            ["source=" + self.source("disk"), "mmap=0", "cache=1M", *options]))

    def unmount(self):
        """Take it away; its host works again."""
        self.host.order()
        self.call("SC_RM_FS", fs_name="disk")

    def full_disk(self, errno):
        """Each change on a disk that takes no more bytes, and is then seen as it was before."""
        for method, params in [*changes("disk"), ("SC_WRITE", {"offset": 0, "data": "z" * 9000}),
                               ("SC_FSYNC", {"data_only": 0})]:
            self.mount()
            if method == "SC_CREATE":
                self.fill("disk")
            self.unmount()
            self.mount("sync=group" if method == "SC_FSYNC" else "sync=always")
            if method in ("SC_WRITE", "SC_FSYNC"):
                params = {**params, "fd": self.open("disk:/f", "READ", "WRITE")}
            if method == "SC_FSYNC":
                self.call("SC_WRITE", fd=params["fd"], offset=0, data="z")
            self.host.order(write=NAMES[errno])
            self.fails(errno, method, **params)
            self.fails("EROFS", "SC_CREATE", file="disk:/more", type="REGULAR")
            if "fd" in params:
                self.fails("EROFS", "SC_WRITE", fd=params["fd"], offset=0, data="x")
                self.call("SC_CLOSE", fd=params["fd"])
            self.unmount()

    def test_a_disk_without_room(self):
        self.full_disk("ENOSPC")

    def test_a_disk_that_can_not_be_written(self):
        self.full_disk("EIO")

    def test_a_store_that_failed_has_lost_files(self):
        self.mount("sync=group")
        self.host.order(write=NAMES["EIO"])
        self.client.send(json.dumps([
            {"jsonrpc": "2.0", "id": 1, "method": method, "params": params} for method, params in [
                ("SC_OPEN", ["disk:/lost", ["READ", "WRITE", "CREATE", "MMAP"]]),
                ("SC_CREATE", ["disk:/dir", "DIR"]), ("SC_OPEN", ["disk:/dir", ["READDIR"]]),
                ("SC_FSYNC", [1, 0])]
        ]).encode())
        self.assertEqual(self.client.read()[3]["error"]["message"], "EIO")
        lost, listed = 1, 2
        self.host.order()
        self.each("ESTALE", ("SC_READ", {"fd": lost, "offset": 0, "size": 1}),
                  ("SC_STAT_OPEN", {"fd": lost}), ("SC_READDIR", {"fd": listed, "ent_no": 0}),
                  ("SC_MMAP_FILE", {"fd": lost, "offset": 0, "addr": 0x40000000, "size": 4096,
                                    "mode": ["READ"]}))

    @contextlib.contextmanager
    def locked(self, name):
        """Another process is in a transaction on the disk."""
        other = sqlite3.connect(self.source(name), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.close()

    def map_and_write(self, fd):
        """A page of a file, written to and not stored."""
        self.call("SC_MMAP_FILE", fd=fd, offset=0, addr=0x40000000, size=4096,
                  mode=["READ", "WRITE"])
        self.call("mem.write", addr=0x40000000, data="mapped")

    def test_a_disk_that_another_process_has_locked(self):
        self.mount()
        self.fill("disk")
        fd = self.open("disk:/f", "READ", "WRITE", "MMAP")
        self.map_and_write(fd)
        self.call("SC_FSYNC", fd=fd)
        self.call("mem.write", addr=0x40000000, data="MAPPED")
        self.call("SC_SYMLINK", target="f", file="disk:/gone")
        self.call("SC_DELETE", file="disk:/gone")
        self.call("SC_FSYNC", fd=self.open("disk:/d/x", "READ"))
        with self.locked("disk"):
            self.each("EBUSY", *[c for c in changes("disk") if c[0] not in (
                "SC_DELETE", "SC_MOVE")], ("SC_DELETE", {"file": "disk:/link"}),
                ("SC_MOVE", {"old_file": "disk:/link", "new_file": "disk:/new"}),
                ("SC_WRITE", {"fd": fd, "offset": 0, "data": "z"}),
                ("SC_FSYNC", {"fd": fd, "data_only": 0}))
            answer = self.client.ask("SC_FSYNC", json.dumps({"fd": fd}).encode())
            self.assertIn("another process", answer["error"]["data"]["why"][0])
            self.call("SC_READ", fd=fd, offset=0, size=6)
        self.call("SC_FSYNC", fd=fd)

    def test_what_was_mapped_is_not_lost_by_a_lock(self):
        self.mount()
        self.fill("disk")
        fd = self.open("disk:/f", "READ", "WRITE", "MMAP")
        self.call("SC_FSYNC", fd=fd)
        self.map_and_write(fd)
        with self.locked("disk"):
            self.call("SC_CLOSE", fd=fd)
            self.call("SC_MUNMAP", addr=0x40000000)
            fd = self.open("disk:/f", "READ")
            self.assertEqual(self.call("SC_READ", fd=fd, offset=0, size=8)["data"], "mappedxx")
        self.call("SC_CLOSE", fd=fd)
        while self.daemon.census("default")["mapped"] > 0:
            time.sleep(0.01)
        self.unmount()
        self.mount()
        fd = self.open("disk:/f", "READ")
        self.assertEqual(self.call("SC_READ", fd=fd, offset=0, size=8)["data"], "mappedxx")

    def test_a_copy_of_an_idle_disk_has_everything(self):
        self.mount()
        self.fill("disk")
        self.call("SC_FSYNC", fd=self.open("disk:/f", "READ"))
        while os.path.getsize(self.source("disk") + "-wal") > 0:
            time.sleep(0.05)
        copy = os.path.join(self.tmp.name, "copy.db")
        with open(self.source("disk"), "rb") as disk, open(copy, "wb") as file:
            file.write(disk.read())
        with contextlib.closing(sqlite3.connect(copy)) as db:
            self.assertEqual(db.execute("SELECT size FROM file WHERE path = '/f'").fetchall(),
                             [(100,)])

    def test_ramfs_without_room(self):
        self.make_fs("small", opts="size=64K")
        self.fill("small")
        fd = self.open("small:/f", "WRITE")
        self.fails("ENOSPC", "SC_WRITE", fd=fd, offset=0, data="x" * 100000)

    def fill_disk(self):
        """More pages than are kept in memory."""
        self.mount()
        self.fill("disk")
        self.write("disk:/big", "x" * 200000)
        for i in range(10000):
            self.call("SC_CREATE", file=f"disk:/d/{i}-" + "n" * 240, type="REGULAR")
        self.unmount()

    def test_a_disk_that_can_not_be_read(self):
        self.fill_disk()
        pid = self.call("SC_NEW_PROC")["pid"]
        for method, params in [*paths("disk:/d/x", "disk:/new"), *views("disk", "/d/x", pid),
                               ("SC_PROC_EXEC", {"pid": pid, "file": "disk:/big"})]:
            if method in ("SC_CREATE", "SC_SYMLINK"):
                params["file"] = "disk:/d/new"
            if method == "SC_READLINK":
                params["file"] = "disk:/link"
            self.mount()
            self.host.order(read=NAMES["EIO"])
            self.fails("EIO", method, **params)
            self.unmount()
        self.host.order(read=NAMES["EIO"])
        self.fails("EIO", "SC_MAKE_FS", driver="sqlitefs", fs_name="disk",
                   opts="source=" + self.source("disk"))
        self.host.order()

    def test_handles_on_a_disk_that_can_not_be_read(self):
        self.fill_disk()
        for method, file, modes, params in [
                ("SC_READ", "disk:/big", ["READ"], {"offset": 100000, "size": 100}),
                ("SC_WRITE", "disk:/big", ["WRITE"], {"offset": 100000, "data": "x"}),
                ("SC_READDIR", "disk:/d", ["READDIR"], {"ent_no": 0}),
                ("SC_MMAP_FILE", "disk:/big", ["READ", "MMAP"],
                 {"offset": 0, "addr": 0x40000000, "size": 4096, "mode": ["READ"]})]:
            self.mount()
            fd = self.open(file, *modes)
            self.host.order(read=NAMES["EIO"])
            self.fails("EIO", method, fd=fd, **params)
            self.host.order()
            self.call("SC_CLOSE", fd=fd)
            self.unmount()

    def test_sources(self):
        missing = os.path.join(self.daemon.dir, "state", "no", "such.db")
        self.fails("ENOENT", "SC_MAKE_FS", driver="sqlitefs", fs_name="n",
                   opts=f"source={missing}")
        self.make_fs("m")
        self.fails("EBADF", "SC_FS_ADD_SRC", fs_name="m", fd=STALE)

    def test_a_disk_of_a_later_version(self):
        self.mount()
        self.unmount()
        with contextlib.closing(sqlite3.connect(self.source("disk"))) as database:
            database.execute("INSERT OR REPLACE INTO meta VALUES ('feature_readonly', 1 << 40)")
            database.commit()
        self.fails("EROFS", "SC_MAKE_FS", driver="sqlitefs", fs_name="disk",
                   opts="source=" + self.source("disk"))


class Users(World):
    """A user whom the bits of a directory keep out."""

    def test_kept_out(self):
        self.call("SC_CREATE", file="root:/d", type="DIR")
        self.write("root:/d/x", "y")
        self.call("SC_CHMOD", file="root:/d", mode=0o700)
        self.close_session()
        self.client = self.daemon.connect()
        self.call = self.client.call
        self.call("session.open", machine="default", uid=1000, gid=1000)
        pid = self.call("SC_NEW_PROC")["pid"]
        self.each("EACCES", *paths("root:/d/x", "root:/new"), *views("root", "/d/x", pid),
                  ("SC_PROC_EXEC", {"pid": pid, "file": "root:/d/x"}))


class Limits(World):
    """Limits of a process."""

    limits = {"names": 4, "fds": 4, "procs": 5}

    def test_names(self):
        pid = self.call("SC_NEW_PROC")["pid"]
        for i in range(2):
            self.call("SC_SUBFS", new_name=f"v{i}", from_fs="root", ok_modes=ALL)
        for i in range(4):
            self.call("SC_BIND_FS", pid=pid, new_name=f"v{i}", fs_name="root")
        self.each("EMFILE", ("SC_MAKE_FS", {"driver": "ramfs", "fs_name": "x"}),
                  ("SC_SUBFS", {"new_name": "x", "from_fs": "root", "ok_modes": ALL}),
                  ("SC_BIND_SUBFS", {"new_name": "x", "from_fs": "root", "ok_modes": ALL,
                                     "bind_to_pid": pid}),
                  ("SC_BIND_FS", {"pid": pid, "new_name": "x", "fs_name": "root"}))

    def test_handles(self):
        pid = self.call("SC_NEW_PROC")["pid"]
        fds = [self.open("root:/f", "READ", "CREATE") for _ in range(4)]
        for i in range(4):
            self.call("SC_BIND_FD", pid=pid, new_fd=i + 1, fd=fds[0])
        self.each("EMFILE", ("SC_OPEN", {"file": "root:/f", "mode": ["READ"]}),
                  ("SC_MK_CHANNEL", {"flags": []}),
                  ("SC_BIND_FD", {"pid": pid, "new_fd": 9, "fd": fds[0]}))


class Waiting(World):
    """Processes that end while their calls wait."""

    def dies_in(self, method, **params):
        """A child is killed while it waits in a call."""
        pid = self.call("SC_NEW_PROC")["pid"]
        self.call("proc.drive", pid=pid)
        self.call("SC_BIND_FS", pid=pid, new_name="root", fs_name="root")
        for before, how in params.pop("before", []):
            self.call(before, **{"as": pid, **how})
        batch = [{"jsonrpc": "2.0", "id": "waits", "method": method, "params": {"as": pid, **params}},
                 {"jsonrpc": "2.0", "id": "kills", "method": "SC_PROC_KILL", "params": {"pid": pid}}]
        self.client.send(json.dumps(batch).encode())
        answers = {answer["id"]: answer for answer in self.client.read()}
        self.assertEqual(answers["waits"].get("error", {}).get("code"), NAMES["ECANCELED"],
                         f"{method}: {answers}")

    def test_all(self):
        self.dies_in("SC_YIELD")
        self.dies_in("SC_USLEEP", usecs=10 ** 9)
        self.dies_in("SC_PROC_WAIT_ANY", before=[("SC_NEW_PROC", {})])
        channel = [("SC_MK_CHANNEL", {"flags": ["BLOCKING"]})]
        self.dies_in("SC_READ", fd=1, offset=0, size=1, before=channel)
        self.dies_in("SC_SELECT", fds=[1], timeout=10 ** 9, before=[
            ("SC_MK_CHANNEL", {"flags": ["BLOCKING"]}),
            ("SC_WRITE", {"fd": 1, "offset": 0, "data": "x" * 65536})])
        self.dies_in("SC_WRITE", fd=1, offset=0, data="x", before=channel + [
            ("SC_WRITE", {"fd": 1, "offset": 0, "data": "x" * 65536})])

    def test_a_child_that_waits_for_its_own(self):
        child = self.call("SC_NEW_PROC")["pid"]
        self.call("proc.drive", pid=child)
        own = self.call("SC_NEW_PROC", **{"as": child})["pid"]
        self.client.send(json.dumps([
            {"jsonrpc": "2.0", "id": 1, "method": "SC_PROC_WAIT", "params": {"as": child, "pid": own}},
            {"jsonrpc": "2.0", "id": 2, "method": "SC_PROC_KILL", "params": {"pid": child}}]).encode())
        answers = {answer["id"]: answer for answer in self.client.read()}
        self.assertEqual(answers[1]["error"]["code"], NAMES["ECANCELED"], answers)


class Channels(World):
    """Channels that are full."""

    def test_full(self):
        ends = self.call("SC_MK_CHANNEL", flags=[])
        self.call("SC_WRITE", fd=ends["first"], offset=0, data="x" * 65536)
        self.fails("EAGAIN", "SC_WRITE", fd=ends["first"], offset=0, data="x")

    def test_too_big(self):
        fd = self.open("root:/f", "WRITE", "CREATE")
        self.fails("EFBIG", "SC_WRITE", fd=fd, offset=str(2 ** 62), data="x")


class Memory(World):
    """A host that has no memory once: for each allocation of each call."""

    SWEEP_MAX = 300

    def sweep(self, which):
        """Fail each allocation of a call in turn; it must say so, or go on without. Returns what was
        answered."""
        seen, normal = set(), None
        for number in range( self.SWEEP_MAX):
            self.close_session()
            self.open_session()
            self.prepare()
            method, params = self.calls()[which]
            before = self.daemon.census("default")
            self.host.order(allocation=number)
            answer = self.client.ask(method, json.dumps(params).encode())
            done = self.host.is_done()
            self.host.order()
            code = answer.get("error", {}).get("code", 0) if answer else None
            if number == 0:
                normal = code
                continue
            self.assertIn(code, (None, 0, normal, ENOMEM, INTERNAL, NO_ROOM), f"{method} {params}: {answer}")
            if code == ENOMEM:  # an INTERNAL may be an answer that got lost
                self.assertEqual(self.daemon.census("default"), before, f"{method}: {answer}")
            seen.add(code)
            if answer is None:
                self.client.close()
                self.client = self.daemon.connect()
                self.call = self.client.call
                self.call("session.attach", session=self.token)
            if not done:
                return seen
        return self.fail(f"{method}: more than {self.SWEEP_MAX} allocations")

    def prepare(self):
        """What test_all() acts on: handles 1 and 2, a view, memory, a child."""
        fd = self.open("root:/f", "READ", "WRITE", "CREATE", "MMAP")
        self.call("SC_WRITE", fd=fd, offset=0, data="x" * 100)
        self.open("root:/", "READDIR")
        self.call("SC_SUBFS", new_name="v", from_fs="root", ok_modes=ALL)
        self.call("SC_MMAP", addr=0x40000000, size=8192, mode=["READ"])
        self.child = self.call("SC_NEW_PROC")["pid"]

    def calls(self):
        """A good call of each that takes memory."""
        other = "root:/" + str(self.child)
        return [
            *paths("root:/f", other),
            ("SC_CREATE", {"file": other, "type": "REGULAR"}),
            ("SC_SYMLINK", {"target": "x", "file": other}),
            ("SC_DELETE", {"file": "root:/nothing"}), ("SC_DBG_PRINT", {"msg": "hello"}),
            ("SC_USLEEP", {"usecs": 1}),
            ("SC_MMAP", {"addr": 0x50000000, "size": 8192, "mode": ["READ"]}),
            ("SC_MMAP_FILE", {"fd": 1, "offset": 0, "addr": 0x60000000, "size": 4096,
                              "mode": ["READ"]}),
            ("SC_MCHMAP", {"addr": 0x40000000, "mode": ["READ", "WRITE"]}),
            ("SC_READ", {"fd": 1, "offset": 0, "size": 100}),
            ("SC_WRITE", {"fd": 1, "offset": 0, "data": "x" * 5000}),
            ("SC_READDIR", {"fd": 2, "ent_no": 0}), ("SC_STAT_OPEN", {"fd": 1}),
            ("SC_MAKE_FS", {"driver": "ramfs", "fs_name": "made"}),
            ("SC_FS_ADD_SRC", {"fs_name": "root", "fd": 1}),
            ("SC_SUBFS", {"new_name": "w", "from_fs": "root", "root": "/", "ok_modes": ALL}),
            ("SC_NEW_PROC", {}),
            ("SC_BIND_FS", {"pid": self.child, "new_name": "w", "fs_name": "root"}),
            ("SC_BIND_SUBFS", {"new_name": "w", "from_fs": "root", "root": "/", "ok_modes": ALL,
                               "bind_to_pid": self.child}),
            ("SC_BIND_FD", {"pid": self.child, "new_fd": 9, "fd": 1}),
            ("SC_PROC_EXEC", {"pid": self.child, "file": "root:/f"}),
            ("SC_FS_ENUM", {"n": 0}), ("SC_FSYNC", {"fd": 1, "data_only": 0}),
            ("SC_MK_CHANNEL", {"flags": []}), ("SC_SELECT", {"fds": [1], "timeout": 0}),
            ("SC_ARGS", {"size": 100}), ("SC_SET_ARGS", {"pid": self.child, "data": ["a", "b"]}),
        ]

    def test_all(self):
        self.prepare()
        seen = [self.sweep(number) for number in range(len(self.calls()))]
        self.assertGreater(sum(ENOMEM in codes for codes in seen), len(seen) // 3, seen)


if __name__ == "__main__":
    PROGRAM, PRELOAD = sys.argv[1:3]
    sys.exit(unittest.main(argv=sys.argv[:1] + sys.argv[3:]))
