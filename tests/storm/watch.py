# SPDX-License-Identifier: MIT
"""What must stay well while guests and clients do what they want: the daemon, and the host."""
import json
import os
import select
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time

from daemon import Daemon

PATIENCE_S = 20        # for whatever must happen
LOOK_EVERY_S = 0.05    # at the guests' host processes
GUEST_FD = "/memfd:scbox"
CHUNK = 1 << 16
SECRET = b"what nobody may touch\n"


class Wrong(Exception):
    """Something is not as it must be."""


class Talk:
    """A connection on which requests may wait while later ones are answered."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_S)
        self.buffer = b""
        self.next_id = 0
        self.answers = {}
        try:
            self.socket.connect(path)
        except OSError as error:
            raise Wrong(f"nobody can connect: {error}") from error

    def close(self):
        """Hang up."""
        self.socket.close()

    def send(self, line):
        """Send a line, bytes."""
        try:
            self.socket.sendall(line + b"\n")
        except OSError as error:
            raise Wrong(f"the daemon takes nothing: {error}") from error

    def post(self, method, **params):
        """Send a request, and do not wait for its answer. Returns its number."""
        self.next_id += 1
        self.send(json.dumps({"jsonrpc": "2.0", "id": self.next_id, "method": method,
                              "params": params}).encode())
        return self.next_id

    def take(self):
        """Take the next messages."""
        try:
            more = self.socket.recv(CHUNK)
        except TimeoutError as error:
            raise Wrong(f"the daemon does not answer for {PATIENCE_S} s") from error
        except OSError as error:
            raise Wrong(f"the connection broke: {error}") from error
        if not more:
            raise Wrong("the daemon hung up")
        *lines, self.buffer = (self.buffer + more).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "method" not in message:
                self.answers[message["id"]] = message

    def ask(self, method, **params):
        """The answer to a request, which may be an error."""
        number = self.post(method, **params)
        while number not in self.answers:
            self.take()
        return self.answers.pop(number)

    def call(self, method, **params):
        """The result of a request that must succeed."""
        answer = self.ask(method, **params)
        if "result" not in answer:
            raise Wrong(f"{method} {params}: {answer['error']}")
        return answer["result"]

    def look(self, number, wait_s):
        """The answer to a posted request if it comes in time, else None."""
        end = time.monotonic() + wait_s
        while number not in self.answers:
            left = max(end - time.monotonic(), 0)
            if not select.select([self.socket], [], [], left)[0]:
                return None
            self.take()
        return self.answers.pop(number)


class Neighbour(threading.Thread):
    """Somebody who has nothing to do with it all, and must be served."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.talk = Talk(path)
        machine = self.talk.call("machine.create", transient=True)["machine"]
        self.talk.call("session.open", machine=machine)
        self.wrong = None
        self.over = False
        self.longest_s = 0

    def run(self):
        try:
            while not self.over:
                start = time.monotonic()
                self.talk.call("SC_ERRNO")
                self.longest_s = max(self.longest_s, time.monotonic() - start)
                time.sleep(0.005)
            self.talk.close()
        except Wrong as wrong:
            self.wrong = wrong


def read_text(path):
    """A small file; empty if it is gone or not ours to read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


class Host:
    """A private daemon, and what it must not change on the host."""

    def __init__(self, scboxd, config=None):
        self.work = tempfile.mkdtemp(prefix="scbox-storm-")
        self.canary = os.path.join(self.work, "canary")
        os.mkdir(self.canary)
        self.secret = os.path.join(self.canary, "secret")
        with open(self.secret, "wb", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(SECRET)
        self.canary_was = self.see_canary()
        options = ["-c", self.write_config(config)] if config is not None else []
        self.daemon = Daemon(os.path.abspath(scboxd), *options, cwd=self.canary)
        self.path, self.pid = self.daemon.path, self.daemon.process.pid
        self.neighbour = Neighbour(self.path)
        self.looked = 0
        self.fds = self.count_fds()
        self.neighbour.start()

    def write_config(self, config):
        """The daemon's configuration as a file."""
        name = os.path.join(self.work, "config.json")
        with open(name, "w", encoding="utf-8") as file:
            json.dump(config, file)
        return name

    def missing_guests(self):
        """Why not all guests run here, or nothing."""
        for gate, runs in self.daemon.control.call("server.info")["guests"].items():
            if runs is not True:
                return f"{gate} guests don't run here: {runs}"
        return None

    # Processes.

    def children(self):
        """The pids of the daemon's children."""
        pids = []
        for task in os.listdir(f"/proc/{self.pid}/task"):
            pids += read_text(f"/proc/{self.pid}/task/{task}/children").split()
        return [int(pid) for pid in pids]

    def send_signal(self, choices, number):
        """Send a signal to one of the daemon's children. Returns whether there was one."""
        children = self.children()
        if not children:
            return False
        pid = choices.choice(children)
        try:
            fd = os.pidfd_open(pid)
        except OSError:
            return False
        try:  # the pid is still the child's
            if pid in self.children():
                signal.pidfd_send_signal(fd, number)
                return True
        except OSError:
            pass
        finally:
            os.close(fd)
        return False

    def check_guest(self, pid):
        """A guest's process has no children, and no descriptor but memory that it is being lent."""
        if read_text(f"/proc/{pid}/task/{pid}/children"):
            raise Wrong(f"the guest's process {pid} has children")
        try:
            if os.readlink(f"/proc/{pid}/exe") == os.readlink(f"/proc/{self.pid}/exe"):
                return  # it does not run the guest yet
            links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        except OSError:
            return  # it is gone, or only root may look
        for link in links:
            if not link.startswith(GUEST_FD):
                raise Wrong(f"the guest's process {pid} has {link}")

    # What must be so.

    def see_canary(self):
        """All there is to know about the directory that host calls of guests would change."""
        found = []
        for name in sorted(os.listdir(self.canary)):
            path = os.path.join(self.canary, name)
            st = os.lstat(path)
            content = b""
            if stat.S_ISREG(st.st_mode):
                with open(path, "rb") as file:
                    content = file.read()
            found.append((name, st.st_ino, st.st_mode, st.st_nlink, st.st_mtime_ns, content))
        return found

    def count_fds(self):
        """How many descriptors the daemon has; None if only root may look."""
        try:
            return len(os.listdir(f"/proc/{self.pid}/fd"))
        except OSError:
            return None

    def check(self):
        """What must be so at any time."""
        if self.daemon.process.poll() is not None:
            raise Wrong(f"the daemon ended with {self.daemon.process.returncode}")
        if self.neighbour.wrong is not None:
            raise Wrong(f"the neighbour: {self.neighbour.wrong}")
        now = self.see_canary()
        if now != self.canary_was:
            raise Wrong(f"the host has changed: {now}, it was {self.canary_was}")
        if time.monotonic() - self.looked > LOOK_EVERY_S:
            self.looked = time.monotonic()
            for pid in self.children():
                self.check_guest(pid)

    def check_rest(self):
        """What must be so soon after the last guest is gone."""
        end = time.monotonic() + PATIENCE_S
        while self.children() or self.count_fds() != self.fds:
            if time.monotonic() > end:
                raise Wrong(f"children {self.children()}, descriptors {self.count_fds()} of "
                            f"{self.fds}")
            time.sleep(0.005)
        self.check()

    # The end.

    def stop(self):
        """Stop the daemon: it ends by itself, with 0."""
        self.check()
        self.neighbour.over = True
        self.neighbour.join(PATIENCE_S)
        print(f"the neighbour waited for {self.neighbour.longest_s * 1000:.0f} ms at most")
        try:
            self.daemon.stop()
        except (AssertionError, subprocess.TimeoutExpired) as error:
            raise Wrong(str(error)) from error
        shutil.rmtree(self.work)

    def give_up(self):
        """Kill the daemon. Returns the end of its log."""
        self.daemon.process.kill()
        self.daemon.process.wait()
        log = read_text(self.daemon.log)[-2000:]
        shutil.rmtree(self.daemon.dir, ignore_errors=True)
        shutil.rmtree(self.work, ignore_errors=True)
        return log
