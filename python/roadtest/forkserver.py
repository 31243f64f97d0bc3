# SPDX-License-Identifier: LGPL-2.1-or-later
"""Starts runs of test files without a start of Python for each.

``roadtest run`` keeps one such process, which has imported what every test
needs, and asks it for a copy of itself (fork) for each part of the run. A
request is one message on the socket that is standard input: the arguments of
:mod:`roadtest.runner`, then an empty string, then NAME=VALUE of the
environment, each ended by NUL; with it come two descriptors, for standard
output and standard error. The answer is the process id as text. The copy is
the child of ``roadtest run``, which must be a subreaper
(PR_SET_CHILD_SUBREAPER), and leads a process group.
"""

from __future__ import annotations

import gc

# Nothing of what follows is garbage, and looking for it takes a tenth of the
# start.
gc.disable()

from . import lazy

lazy.put_off("argparse", "decimal", "difflib", "pprint", "traceback")

import _socket
import os
import struct
import sys
import time

from . import _roadtest, iio, models, public, runner, testcase, trace

PRELOADED = (iio, models, public, testcase, trace)
"""Imported for the copies' sake."""

MAX_MESSAGE = 1 << 18
TIMEOUT = 5.0
"""Seconds for the copy to become the command's child."""


def receive(sock: _socket.socket) -> tuple[list[str], dict[str, str], list[int]]:
    """The next request: arguments, environment, descriptors. EOFError when
    the command has closed its end."""
    space = _socket.CMSG_SPACE(8)
    data, control, _, _ = sock.recvmsg(MAX_MESSAGE, space)
    if not data:
        raise EOFError
    fds: list[int] = []
    for _, _, payload in control:
        fds += struct.unpack(f"={len(payload) // 4}i", payload)
    head, _, tail = data.decode("utf-8", "surrogateescape").partition("\0\0")
    pairs = [item.partition("=") for item in tail.split("\0") if item]
    return head.split("\0"), {name: value for name, _, value in pairs}, fds


def become_child_of(command: int) -> None:
    """Wait until the process that forked this one has ended."""
    end = time.monotonic() + TIMEOUT
    while os.getppid() != command:
        if time.monotonic() > end:
            os._exit(127)
        time.sleep(0.0002)
    _roadtest.die_with_parent()
    if os.getppid() != command:
        os._exit(127)


def run(argv: list[str], fds: list[int]) -> None:
    """Be the test program. Does not return."""
    for fd, standard in zip(fds, (1, 2)):
        os.dup2(fd, standard)
        os.close(fd)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["roadtest", *argv]
    runner.leave(*runner.main(argv))


def spawn(
    sock: _socket.socket,
    command: int,
    request: tuple[list[str], dict[str, str], list[int]],
) -> int:
    """Fork twice, so that the copy is the command's child. Its pid."""
    argv, environment, fds = request
    reader, writer = os.pipe()
    middle = os.fork()
    if middle == 0:
        pid = os.fork()
        if pid:
            os.setpgid(pid, pid)
            os.write(writer, str(pid).encode())
            os._exit(0)
        sock.close()
        os.close(reader)
        os.close(writer)
        os.environ.update(environment)
        become_child_of(command)
        run(argv, fds)
    for fd in (writer, *fds):
        os.close(fd)
    os.waitpid(middle, 0)
    with os.fdopen(reader, "rb") as answer:
        return int(answer.read())


def main() -> None:
    """Serve until the command closes its end."""
    sock = _socket.socket(fileno=os.dup(0))
    command = os.getppid()
    gc.freeze()
    gc.enable()
    while True:
        try:
            request = receive(sock)
        except EOFError:
            return
        sock.send(str(spawn(sock, command, request)).encode())


if __name__ == "__main__":
    main()
