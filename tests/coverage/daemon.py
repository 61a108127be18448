# SPDX-License-Identifier: MIT
"""A private scboxd for one test, and clients of it that say and read lines."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PATIENCE_S = 60


class Client:
    """One connection."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_S)
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise
        self.lines = self.socket.makefile("rb")
        self.next_id = 0

    def close(self):
        """Hang up."""
        self.lines.close()
        self.socket.close()

    def send(self, line):
        """Send a line, bytes."""
        self.socket.sendall(line + b"\n")

    def read(self):
        """The next message; None at the end of the stream."""
        line = self.lines.readline()
        return json.loads(line) if line else None

    def ask(self, method, params, cancel=False):
        """Send a request and, when asked to, that it be cancelled; its answer, whole.

        params is JSON text, as bytes, so that it can be any nonsense.
        """
        self.next_id += 1
        head = b'{"jsonrpc":"2.0","id":%d,"method":"%s"' % (self.next_id, method.encode())
        line = head + (b',"params":' + params if params else b"") + b"}"
        if cancel:
            line += (b'\n{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":%d}}'
                     % self.next_id)
        self.send(line)
        return self.read()

    def call(self, method, **params):
        """The result of a call that must succeed."""
        answer = self.ask(method, json.dumps(params).encode() if params else b"")
        assert "result" in answer, f"{method} {params}: {answer}"
        return answer["result"]


class Daemon:
    """scboxd in a directory of its own, without machines but, when asked for, the default one."""

    def __init__(self, program, *options, env=None, cwd=None, default_machine=False):
        self.dir = tempfile.mkdtemp(prefix="scbox-coverage-")
        self.path = os.path.join(self.dir, "run", "s")
        self.log = os.path.join(self.dir, "log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [program, *([] if default_machine else ["-n"]), "-s", self.path, "-d", os.path.join(self.dir, "state"), *options],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
                env={**os.environ, **(env or {})}, cwd=cwd)
        self.control = self.connect()

    def connect(self):
        """A new connection; the first one waits until the daemon is ready."""
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                return Client(self.path)
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.002)

    def census(self, machine):
        """What a machine holds."""
        return self.control.call("machine.info", machine=machine)["census"]

    def await_census(self, machine, wanted):
        """Wait until a machine holds that; what closed connections held may take a moment."""
        end = time.monotonic() + PATIENCE_S
        while self.census(machine) != wanted and time.monotonic() < end:
            time.sleep(0.002)
        now = self.census(machine)
        assert now == wanted, f"left behind: {now}, at the start: {wanted}"

    def stop(self):
        """Stop it; it must exit with 0."""
        self.control.close()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE_S)
        with open(self.log, encoding="utf-8", errors="replace") as log:
            text = log.read()
        shutil.rmtree(self.dir)
        assert status == 0, f"scboxd ended with {status}:\n{text}"
