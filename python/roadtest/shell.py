# SPDX-License-Identifier: LGPL-2.1-or-later
"""A shell in the guest of a suite: ``roadtest shell``.

    python3 -m roadtest.shell FILE[::CLASS] [--python] [--fast]

The class is set up as for a test, so that its models are attached and its
drivers bound; then a busybox runs in the guest on a pseudo terminal there,
whose other end is this terminal. Nothing is special about it for the guest:
line editing, job control and Ctrl-C are the guest's own.

The guest runs only while we let it. At the prompt nothing happens, so the clock
stands still while the user thinks. While a command runs, virtual time follows
the wall clock, or goes as fast as it can (``--fast``). The prompt is there when
the shell is in the foreground, has switched its terminal to editing, and has
done nothing for a moment: it waits for the rest of what looks like the begin of
a key, and sleeps for 20 ms when a question of its own has no answer.

That question is where the cursor is, at each prompt. The terminal does not get
to see it: one that is far away answers when the shell has gone on, and others
never do.
"""

from __future__ import annotations

import code
import contextlib
import fcntl
import os
import select
import signal
import struct
import sys
import termios
import time
import traceback
import tty
import unittest

from .device import Device
from .errors import GuestError, MachineGone
from .runner import CommandError, cut_own_frames, flatten, load
from .testcase import TestCase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .calls import Pending
    from .guest import GuestFile, GuestPath
    from .machine import Machine

ESCAPE = b"\x1d"
"""Ctrl-]: to Python and back."""

# Of the guest, which is x86-64; termios has those of the host.
_TIOCGPTN, _TIOCSPTLCK = 0x80045430, 0x40045431
_TIOCGPGRP, _TCGETS, _TIOCSWINSZ = 0x540F, 0x5401, 0x5414
_ICANON = 2
_STEP = 0.01  # seconds between two looks at a command that runs
_LAG = 0.2  # more than that is not caught up with: we were stopped
_QUIET = 0.1  # seconds after which the shell waits for nothing but keys
_WHERE, _HERE = b"\x1b[6n", b"\x1b[1;1R"  # the cursor: asked, answered
_READS = 16  # blocks of output between two looks at the keyboard


class Quit(Exception):
    """Nothing can be shown; the message says why."""


# ---- the guest's end ------------------------------------------------------


class Terminal:
    """A pseudo terminal in the guest with a shell on it."""

    def __init__(
        self, machine: Machine, cwd: GuestPath | None, fast: bool
    ) -> None:
        self.machine = machine
        self.fast = fast
        self.busybox = prepare(machine)
        self.master: GuestFile = machine.guest.path("/dev/ptmx").open(
            os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK
        )
        number = self.master.ioctl(_TIOCGPTN, bytes(4))
        self.master.ioctl(_TIOCSPTLCK, bytes(4))
        name = f"/dev/pts/{struct.unpack('=i', number)[0]}"
        # Without one that is open, reading gives EIO until the shell opens it.
        self.slave: GuestFile = machine.guest.path(name).open(
            os.O_RDWR | os.O_NOCTTY
        )
        self.set_size()
        self.shell = self._start(name, cwd)

    def _start(self, name: str, cwd: GuestPath | None) -> Pending:
        """The agent makes each program the leader of a session: the first
        terminal that it opens is its own."""
        term = os.environ.get("TERM", "dumb")
        script = (
            f"cd {cwd or '/'}; export PWD TERM={_quoted(term)} PS1='guest:\\W# '; "
            f"exec {self.busybox} sh -i <{name} >{name} 2>&1"
        )
        return self.machine.guest.start.run([str(self.busybox), "sh", "-c", script])

    def set_size(self) -> None:
        """Give it the size of our own."""
        with contextlib.suppress(OSError):
            size = fcntl.ioctl(sys.stdin, termios.TIOCGWINSZ, bytes(8))
            self.master.ioctl(_TIOCSWINSZ, size)

    @property
    def ended(self) -> bool:
        """Has the shell exited?"""
        return self.shell.done

    @property
    def at_prompt(self) -> bool:
        """Does the shell wait for a line?"""
        flags = struct.unpack_from("=4I", self.master.ioctl(_TCGETS, bytes(60)))
        if flags[3] & _ICANON:
            return False
        (group,) = struct.unpack("=i", self.master.ioctl(_TIOCGPGRP, bytes(4)))
        if not hasattr(self, "_own_group"):
            self._own_group = group
        return bool(group == self._own_group)

    def type(self, keys: bytes) -> bytes:
        """Keys that are pressed. Returns those that did not fit."""
        try:
            return keys[self.master.write(keys) :]
        except BlockingIOError:
            return keys

    def output(self) -> bytes:
        """What it has printed."""
        text = b""
        for _ in range(_READS):
            try:
                text += self.master.read(4096)
            except BlockingIOError:
                break
        return text

    def run(self, seconds: float) -> None:
        """Let the guest run: what is left at this instant, then so long."""
        self.machine.advance(round(seconds * 1e9))


def prepare(machine: Machine) -> GuestPath:
    """Put busybox into the guest; its path there. Quit when the host has
    none."""
    guest = machine.guest
    try:
        busybox = guest.install("busybox")
    except OSError:
        raise Quit(
            "there is no busybox to put into the guest\n"
            "       -> apt install busybox-static"
        ) from None
    guest.run([str(busybox), "mkdir", "-p", "/bin", "/root", "/dev/pts"])
    guest.run([str(busybox), "--install", "-s", "/bin"])
    if not guest.path("/dev/pts/ptmx").exists():
        guest.mount("devpts", "/dev/pts", "devpts")
    return guest.path("/bin/busybox")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


# ---- our end ----------------------------------------------------------------


@contextlib.contextmanager
def raw_mode() -> Iterator[None]:
    """Every key goes to the guest."""
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setraw(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def show(text: str) -> None:
    """A message of ours, also in raw mode."""
    sys.stderr.write("\r\n".join(["", *text.splitlines(), ""]))
    sys.stderr.flush()


class Session:
    """The terminal of the host and that of the guest, connected."""

    def __init__(self, test: TestCase, terminal: Terminal) -> None:
        self.test = test
        self.terminal = terminal
        self.keys = b""
        self.resized = False
        self.back = False
        self.silent = 0.0  # virtual seconds without output and keys

    def converse(self) -> str:
        """Until the shell ends ("ended"), or Ctrl-] ("escape")."""
        previous = signal.signal(signal.SIGWINCH, self._on_resize)
        try:
            with raw_mode():
                return self._loop()
        finally:
            signal.signal(signal.SIGWINCH, previous)

    def _on_resize(self, signo: int, frame: object) -> None:
        self.resized = True

    def _loop(self) -> str:
        then = time.monotonic()
        if self.back and self.terminal.at_prompt:
            self.keys += b"\r"  # for a new prompt
        self.back = True
        while True:
            try:
                waits = self._step(time.monotonic() - then)
            except MachineGone:
                raise
            except Exception as error:
                # A model's own exception, or what it does not allow.
                cut_own_frames(error.__traceback__)
                show("".join(traceback.format_exception_only(type(error), error)))
                waits = False
            then = time.monotonic()
            if self.terminal.ended:
                return "ended"
            if not self._read_keys(waits):
                return "escape"
            if waits:
                then = time.monotonic()  # thinking takes no virtual time

    def _step(self, elapsed: float) -> bool:
        """Let the guest run. Does it wait for the user?"""
        terminal = self.terminal
        if self.resized:
            self.resized = False
            self.silent = 0.0
            terminal.set_size()
        if self.keys:
            self.silent = 0.0
            self.keys = terminal.type(self.keys)
        terminal.run(0)
        output = terminal.output()
        waits = (
            self.silent >= _QUIET
            and not self.keys
            and not output
            and terminal.at_prompt
        )
        if not waits and not terminal.ended:
            if terminal.fast:
                # A long sleep in few steps, and little beyond its end.
                elapsed = max(_STEP, self.silent / 20)
            else:
                elapsed = min(elapsed, _LAG)
            terminal.run(elapsed)
            output += terminal.output()
            self.silent += elapsed
        if output:
            self.silent = 0.0
        _write_all(self._answered(output))
        return waits

    def _answered(self, output: bytes) -> bytes:
        """Without the shell's question. Other programs that ask want to know."""
        if _WHERE in output and self.terminal.at_prompt:
            output = output.replace(_WHERE, b"")
            self.keys += _HERE
        return output

    def _read_keys(self, waits: bool) -> bool:
        """Wait for keys: as long as it takes at the prompt, else a moment.
        False: Ctrl-]."""
        timeout = None if waits else 0 if self.terminal.fast else _STEP
        try:
            ready = select.select([sys.stdin], [], [], timeout)[0]
        except InterruptedError:
            return True
        if not ready or self.resized:
            return True
        keys = os.read(sys.stdin.fileno(), 1024)
        before, escape, behind = keys.partition(ESCAPE)
        self.keys += before if keys else b"\x04"
        return not escape


def _write_all(data: bytes) -> None:
    while data:
        data = data[os.write(sys.stdout.fileno(), data) :]


class Console(code.InteractiveConsole):
    """Python on the host's side: the names of a test's own."""

    def __init__(self, test: TestCase) -> None:
        names: dict[str, Any] = {"self": test, "shell": self.shell}
        for name in ("board", "clock", "guest", "machine"):
            names[name] = getattr(test, name)
        for name in test._road_declared(Device):
            names[name] = getattr(test, name)
        with contextlib.suppress(Exception):
            names["dev"], names["chip"] = test.dev, test.chip
        super().__init__(names)
        self.names = names
        self.wants_shell = False

    def shell(self) -> None:
        """Go to the guest's shell."""
        self.wants_shell = True
        raise SystemExit

    def prompt(self) -> bool:
        """Until Ctrl-D, or shell() (then True)."""
        self.wants_shell = False
        names = ", ".join(sorted(n for n in self.names if n[0] != "_"))
        banner = f"Python: {names}. shell() or Ctrl-D goes on."
        with contextlib.suppress(ImportError):
            __import__("readline")
        with contextlib.suppress(SystemExit):
            self.interact(banner, exitmsg="")
        return self.wants_shell


# ---- the class ---------------------------------------------------------------


class Choice:
    """What the command line says."""

    def __init__(self, argv: list[str]) -> None:
        words = [arg for arg in argv if not arg.startswith("--")]
        self.python = "--python" in argv
        self.fast = "--fast" in argv
        if len(words) != 1:
            raise Quit("usage: python3 -m roadtest.shell FILE[::CLASS]")
        self.path, _, part = words[0].partition("::")
        self.name = part.partition("::")[0]  # the test does not matter

    def find(self) -> type[TestCase]:
        """The class: the one that is named, else the first with a device."""
        if not os.path.exists(self.path):
            raise Quit(f"{self.path}: there is no such file")
        classes: list[type[TestCase]] = []
        for test in load(self.path, set()).tests:
            kind = type(test)
            if isinstance(test, TestCase) and kind not in classes:
                classes.append(type(test))
        classes.sort(key=_place)
        names = [kind.__qualname__ for kind in classes]
        if self.name and self.name not in names:
            known = ", ".join(names) or "none of a roadtest.TestCase"
            raise Quit(
                f"{self.path} has no class {self.name}\n       -> it has {known}"
            )
        if not classes:
            raise Quit(f"{self.path} has no tests of a roadtest.TestCase")
        if self.name:
            return classes[names.index(self.name)]
        for kind in classes:
            if kind._road_declared(Device):
                return kind
        return classes[0]


def _place(kind: type) -> int:
    """Where it stands in its module."""
    names = list(vars(sys.modules[kind.__module__]))
    return names.index(kind.__name__) if kind.__name__ in names else 0


def bind_all(test: TestCase) -> list[str]:
    """Bind what the class leaves to its tests. Returns lines that say how it
    is."""
    lines = []
    for name, device in test._road_declared(Device).items():
        bound = test._road_device(name)
        try:
            if bound.driver is None:
                bound.bind()
            state = f"is bound to {bound.driver}"
        except (GuestError, AssertionError) as error:
            state = f"is not bound: {error}"
        lines.append(f"{name}: {device.compatible} at {bound} {state}")
    return lines


class Result(unittest.TestResult):
    """Prints what setting up or tearing down brought."""

    status = 0

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        """The class can't be had on this kernel."""
        super().addSkip(test, reason)
        _complain(f"skipped: {reason}")
        self.status = 2

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        """Also of fixtures, and of what the oracles say at the end."""
        super().addError(test, err)
        self._say(err)

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        """What the oracles say."""
        super().addFailure(test, err)
        self._say(err)

    def _say(self, err: Any) -> None:
        cut_own_frames(err[2])
        _complain("".join(traceback.format_exception_only(err[0], err[1])))
        self.status = self.status or 1


def _complain(text: str) -> None:
    sys.stderr.write(f"roadtest: {text.rstrip()}\n")


def interactive(test: TestCase, choice: Choice, cwd: GuestPath | None) -> int:
    """Guest and Python in turns. Returns the shell's exit status."""
    terminal = Terminal(test.machine, cwd, choice.fast)
    console = Console(test)
    if choice.python and not console.prompt():
        return 0
    session = Session(test, terminal)
    while session.converse() == "escape":
        show("")
        console.prompt()
    status: int = terminal.shell.result().returncode
    return status if status >= 0 else 128 - status


def piped(test: TestCase, cwd: GuestPath | None) -> int:
    """Run what comes on standard input."""
    busybox = prepare(test.machine)
    script = f"cd {cwd or '/'}\nexec {busybox} sh"
    done = test.guest.run(
        [str(busybox), "sh", "-c", script], sys.stdin.buffer.read()
    )
    sys.stdout.write(done.stdout)
    sys.stdout.flush()
    sys.stderr.write(done.stderr)
    return done.returncode if done.returncode >= 0 else 128 - done.returncode


def main(argv: list[str]) -> int:
    """Returns the exit status: that of the guest's shell; 2 when there could
    be none."""
    try:
        choice = Choice(argv)
        kind = choice.find()
    except (Quit, CommandError) as error:
        _complain(str(error))
        return 2
    result = Result()

    def road_shell(test: TestCase) -> None:
        lines = bind_all(test)
        devices = test._road_declared(Device)
        cwd = test._road_device(next(iter(devices))) if devices else None
        if not sys.stdin.isatty():
            result.status = piped(test, cwd)
            return
        lines.append("Ctrl-D ends the shell, Ctrl-] goes to Python.")
        print("\n".join(lines), flush=True)
        try:
            result.status = interactive(test, choice, cwd)
        except Quit as error:
            _complain(str(error))
            result.status = 2

    suite = unittest.TestSuite()
    made = type(kind.__name__, (kind,), {"road_shell": road_shell})
    made.__module__ = kind.__module__
    suite.addTest(made("road_shell"))
    suite.run(result)
    return result.status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
