# SPDX-License-Identifier: LGPL-2.1-or-later
"""Daemons that a test needs: started in a directory of their own, and gone with it.

They end with the test, also if that is killed. For this they are children of a
process that waits for the end of its standard input, which the test holds. What
they leave behind (a daemon's daemon) becomes its child too, since it is a
"subreaper"; it kills until it has none.
"""

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = os.path.normpath(os.path.join(os.path.dirname(__file__), "../.."))
PR_SET_CHILD_SUBREAPER = 36
START_TIMEOUT = 60


def fetch_packages(name, *packages):
    """The directory with the contents of some of Debian's packages."""
    command = os.path.join(SOURCE, "tools/fetch-packages")
    done = subprocess.run([command, name, *packages], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise unittest.SkipTest(f"{' '.join(packages)} can't be fetched: {reason}")
    return done.stdout.strip()


def free_ports(number):
    """Ports of the loopback interface that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def wait_until(true, what, timeout=START_TIMEOUT):
    """Wait until true() is; `what` is a text for the failure, or makes one."""
    deadline = time.monotonic() + timeout
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(what() if callable(what) else what)
        time.sleep(0.02)


class Keeper:
    """A directory, and daemons that live as long as it."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="roadtest-daemons-", dir="/tmp")
        os.chmod(self.dir, 0o711)       # munge's socket is for all
        self.process = subprocess.Popen(
            ["/usr/bin/python3", os.path.abspath(__file__), self.dir],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
            start_new_session=True)

    def path(self, name):
        """A file of the directory."""
        return os.path.join(self.dir, name)

    def write(self, name, content, mode=0o644):
        """Make a file; its path."""
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(content)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def start(self, name, *argv, env=None):
        """Start a daemon, which has to stay in the foreground. What it prints goes to
        the file `name`.log."""
        order = {"argv": argv, "log": self.path(name + ".log"), "env": env or dict(os.environ)}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def logs(self):
        """The end of what all daemons printed."""
        text = ""
        for name in sorted(os.listdir(self.dir)):
            if name.endswith(".log"):
                with open(self.path(name), encoding="utf-8", errors="replace") as f:
                    text += f"--- {name}\n{f.read()[-3000:]}"
        return text

    def stop(self):
        """All daemons and the directory are gone when this returns."""
        self.process.stdin.close()
        self.process.wait()


def children():
    """Processes that are ours, or have become so."""
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as f:
        return list(map(int, f.read().split()))


def keep(directory):
    """The process that keeps them."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for line in sys.stdin:
        order = json.loads(line)
        with open(order["log"], "w", encoding="utf-8") as log:
            subprocess.Popen(order["argv"], env=order["env"], cwd=directory,
                             stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                             start_new_session=True)
    while pids := children():
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            os.waitpid(pid, 0)
    shutil.rmtree(directory)


if __name__ == "__main__":
    keep(sys.argv[1])
