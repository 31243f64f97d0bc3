# SPDX-License-Identifier: LGPL-2.1-or-later
"""The guest as a test sees it: paths, open files, programs, started calls.

All of these run the guest, except those of ``guest.start``, which begin a call
and return. An error of the guest is a GuestError with errno and path.
"""

from __future__ import annotations

import math
import os
import posixpath

from .calls import Completed, Starter, arguments
from .errors import GuestError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType
    from typing import Any

    from . import _roadtest
    from .calls import Buffer
    from .kernelreports import Report
    from .machine import Machine
    from .messages import Messages

POLLIN = 0x1
"""There is something to read (poll(2); the same on all of Linux)."""
POLLPRI = 0x2
"""There is something urgent: a sysfs attribute changed."""
POLLOUT = 0x4
"""Writing does not block."""
POLLERR = 0x8
"""An error; sysfs sets it together with POLLPRI."""



class Stat:
    """Of a file in the guest: ``mode``, ``uid``, ``gid``, ``size`` (bytes),
    ``rdev``, ``ino``, ``nlink``, ``mtime_ns``."""

    __slots__ = (
        "mode",
        "uid",
        "gid",
        "size",
        "rdev",
        "ino",
        "nlink",
        "mtime_ns",
    )

    def __init__(self, raw: tuple[int, ...]) -> None:
        (
            self.mode,
            self.uid,
            self.gid,
            self.size,
            self.rdev,
            self.ino,
            self.nlink,
            self.mtime_ns,
        ) = raw


class GuestPath:
    """A path in the guest, like ``pathlib.PurePosixPath`` with the calls of
    ``pathlib.Path`` that make sense there.

    It is no ``os.PathLike``: the host's ``open()`` must not take it.
    """

    __slots__ = ("_machine", "_path")

    def __init__(self, machine: Machine, path: str | GuestPath) -> None:
        if isinstance(path, bytes):
            raise TypeError(f"a path in the guest is str, not bytes: {path!r}")
        if not isinstance(path, (str, GuestPath, os.PathLike)):
            raise TypeError(f"a path in the guest is str, not {path!r}")
        self._machine = machine
        self._path = str(path)

    def _at(self, path: str) -> GuestPath:
        return GuestPath(self._machine, path)

    def __str__(self) -> str:
        return self._path

    def __repr__(self) -> str:
        return f"GuestPath({self._path!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, GuestPath):
            return NotImplemented
        return self._path == other._path

    def __hash__(self) -> int:
        return hash(self._path)

    def __lt__(self, other: GuestPath) -> bool:
        return self._path < other._path

    def __truediv__(self, name: str | GuestPath) -> GuestPath:
        if not isinstance(name, (str, GuestPath)):
            return NotImplemented
        return self._at(posixpath.join(self._path, str(name)))

    @property
    def name(self) -> str:
        """The last component."""
        return posixpath.basename(self._path)

    @property
    def stem(self) -> str:
        """The last component without its suffix."""
        return posixpath.splitext(self.name)[0]

    @property
    def suffix(self) -> str:
        """The last component's suffix, such as ".ko", or ""."""
        return posixpath.splitext(self.name)[1]

    @property
    def parent(self) -> GuestPath:
        """The directory that it stands in."""
        return self._at(posixpath.dirname(self._path) or ".")

    def read_bytes(self) -> bytes:
        """The whole file, in one round trip."""
        call = self._machine.start_read_file(self._path)
        call.wait()
        call.result()
        return call.data()

    def read_text(self) -> str:
        """The whole file as UTF-8, with its trailing newline."""
        return self.read_bytes().decode("utf-8", "surrogateescape")

    def write_bytes(self, data: bytes) -> None:
        """Open (truncating, not creating), one write(), close, in one round
        trip."""
        self._machine.write_file(self._path, data)

    def write_text(self, text: str) -> None:
        """Like :meth:`write_bytes`, as UTF-8; no newline is added. What
        :meth:`read_text` gave goes back as it was."""
        self._machine.write_file(self._path, encoded(text))

    def exists(self) -> bool:
        """Is there something (links are followed)?"""
        try:
            self.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def is_dir(self) -> bool:
        """Is it a directory (links are followed)?"""
        return self._is(0o040000)

    def is_file(self) -> bool:
        """Is it a regular file (links are followed)?"""
        return self._is(0o100000)

    def _is(self, kind: int) -> bool:
        try:
            return self.stat().mode & 0o170000 == kind
        except (FileNotFoundError, NotADirectoryError):
            return False

    def stat(self, *, follow_symlinks: bool = True) -> Stat:
        """Like stat(2), or lstat(2)."""
        return Stat(self._machine.stat(self._path, follow_symlinks))

    def readlink(self) -> GuestPath:
        """Target of the symbolic link."""
        return self._at(self._machine.readlink(self._path))

    def resolve_link(self) -> GuestPath:
        """Target of the symbolic link, seen from where the link stands."""
        target = self._machine.readlink(self._path)
        base = posixpath.dirname(self._path)
        return self._at(posixpath.normpath(posixpath.join(base, target)))

    def iterdir(self) -> Iterator[GuestPath]:
        """What is in the directory, sorted."""
        return iter([self / name for name in self._machine.list(self._path)])

    def glob(self, pattern: str) -> Iterator[GuestPath]:
        """Paths below it that match a glob(7) pattern, sorted."""
        full = posixpath.join(self._path, pattern)
        return iter([self._at(path) for path in self._machine.glob(full)])

    def mkdir(self, mode: int = 0o755) -> None:
        """Make the directory."""
        self._machine.mkdir(self._path, mode)

    def unlink(self) -> None:
        """Remove the file."""
        self._machine.unlink(self._path)

    def open(
        self, flags: int | str = os.O_RDONLY, mode: int = 0o644
    ) -> GuestFile:
        """open(2). ``flags``: ``os.O_...``, or "r", "w" (creates and
        truncates), "rw". It is closed after the test, if not before."""
        if isinstance(flags, str):
            if flags not in _FLAGS:
                raise ValueError(
                    f"flags is os.O_... or one of {', '.join(_FLAGS)} (what is "
                    f"read is bytes), not {flags!r}"
                )
            flags = _FLAGS[flags]
        fd = self._machine.open(self._path, flags, mode)
        return GuestFile(self._machine, fd, self._path)


_FLAGS = {
    "r": os.O_RDONLY,
    "w": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
    "rw": os.O_RDWR,
}


_POLL_MAX = (2**31 - 1) // 1000  # poll(2) takes milliseconds, an int


def encoded(text: str) -> bytes:
    """As UTF-8, with what read_text() could not decode as it was."""
    if not isinstance(text, str):
        raise TypeError(f"str is written as text, not {text!r}")
    return text.encode("utf-8", "surrogateescape")


class GuestFile:
    """An open file of the guest. A context manager that closes it."""

    def __init__(self, machine: Machine, fd: int, path: str) -> None:
        self._machine = machine
        self._path = path
        self.fd = fd
        """The guest's file descriptor, -1 once closed."""
        machine.undo(f"close {path}", self.close, live=lambda: self.fd >= 0)

    def __repr__(self) -> str:
        return f"<GuestFile {self.fd} {self._path!r}>"

    def __enter__(self) -> GuestFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._machine.closed and self._machine.is_up:
            self.close()

    def _named(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except GuestError as error:
            if error.filename is None:
                error.filename = self._path
            raise

    def close(self) -> None:
        """Close it; once more does nothing."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            self._machine.close_fd(fd)

    def read(self, length: int = 4096) -> bytes:
        """One read(2) of at most ``length`` bytes; b"" at the end."""
        data: bytes = self._named(lambda: self._machine.read(self.fd, length))
        return data

    def pread(self, length: int, offset: int) -> bytes:
        """One pread(2) of at most ``length`` bytes at ``offset``."""
        data: bytes = self._named(
            lambda: self._machine.pread(self.fd, length, offset)
        )
        return data

    def write(self, data: bytes | str) -> int:
        """One write(2). Returns the bytes that were taken."""
        raw = encoded(data) if isinstance(data, str) else data
        count: int = self._named(lambda: self._machine.write(self.fd, raw))
        return count

    def pwrite(self, data: bytes | str, offset: int) -> int:
        """One pwrite(2) at ``offset``. Returns the bytes that were taken."""
        raw = encoded(data) if isinstance(data, str) else data
        count: int = self._named(
            lambda: self._machine.pwrite(self.fd, raw, offset)
        )
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """lseek(2): the offset from the begin of the file that is now its
        position. A sysfs attribute is read anew from 0."""
        position: int = self._named(
            lambda: self._machine.lseek(self.fd, offset, whence)
        )
        return position

    def poll(self, events: int = POLLIN, timeout: float | None = None) -> int:
        """poll(2): the events that are there, 0 after ``timeout`` virtual
        seconds (None: no timeout)."""
        ms = self._poll_ms(timeout)
        found: int = self._named(
            lambda: self._machine.poll(self.fd, events, ms)
        )
        return found

    def _poll_ms(self, timeout: float | None) -> int:
        """For poll(2). It would wait for ever on a descriptor of -1."""
        if self.fd < 0:
            text = f"poll {self._path}: it is closed"
            raise UsageError(text)
        if timeout is None:
            return -1
        if not 0 <= timeout <= _POLL_MAX:
            raise ValueError(
                f"timeout: 0 to {_POLL_MAX} s, or None for no end: {timeout}"
            )
        return math.ceil(round(timeout * 1e9) / 1e6)  # not before it

    def ioctl(self, request: int, arg: int | Buffer = 0) -> Any:
        """ioctl(2), as ``fcntl.ioctl``.

        An int is passed as it is. A bytearray, or another buffer that can be
        written to (an array, a structure of ctypes), is passed by address and
        changed in place. Both give the ioctl's result (int). bytes are passed
        by address and what the kernel made of them is returned.
        """
        machine = self._machine
        if isinstance(arg, int):
            number = arg
            return self._named(
                lambda: machine.ioctl_int(self.fd, request, number)
            )
        if isinstance(arg, bytes) or memoryview(arg).readonly:
            data = bytearray(arg)
            self._named(lambda: machine.ioctl(self.fd, request, data))
            return bytes(data)
        buffer = arg
        return self._named(lambda: machine.ioctl(self.fd, request, buffer))

    def ioctl_buffers(
        self,
        request: int,
        buffers: Sequence[bytearray],
        pointers: Sequence[tuple[int, int, int]],
    ) -> int:
        """ioctl(2) with embedded pointers (I2C_RDWR and the like).

        ``buffers[0]`` is the argument; each of ``pointers`` is (buffer,
        offset, target): "at offset of that buffer store the address of
        buffer ``target``". Buffers are changed in place. Returns the ioctl's
        result.
        """
        ret: int = self._named(
            lambda: self._machine.ioctl_bufs(self.fd, request, buffers, pointers)
        )
        return ret


class Guest:
    """The kernel under test, as seen through the agent."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.start = Starter(machine)
        """Begins calls without waiting for them."""
        self._log_start = 0

    def path(self, path: str | GuestPath) -> GuestPath:
        """A path in the guest."""
        return GuestPath(self._machine, path)

    def __truediv__(self, path: str) -> GuestPath:
        return GuestPath(self._machine, posixpath.join("/", path))

    def run(
        self,
        argv: Sequence[str | GuestPath],
        input: bytes | str = b"",
        check: bool = False,
    ) -> Completed:
        """Run a program in the guest to its end, under the same clock. A name
        without a slash is looked up in the usual directories.

        ``input`` is its standard input. ``check``: an exit status other than
        0 is an AssertionError.
        """
        data = encoded(input) if isinstance(input, str) else input
        words = arguments(argv)
        done = Completed(words, *self._machine.run(words, data))
        if check and done.returncode != 0:
            raise AssertionError(
                f"{argv[0]}: exit status {done.returncode}: {done.stderr}"
            )
        return done

    def file(self, fd: int, name: str) -> GuestFile:
        """A :class:`GuestFile` of a descriptor that an ioctl returned: lines
        of a GPIO chip, a dma-buf, a queue of events. ``name`` is what messages
        call it. Closed after the test, if not before.

        ValueError for a negative number, which an ioctl that failed, or filled
        in nothing, leaves.
        """
        if not isinstance(fd, int):
            raise TypeError(f"a descriptor of the guest is a number, not {fd!r}")
        if not 0 <= fd < 1 << 31:
            raise ValueError(f"{fd} is no descriptor to be called {name}")
        self._machine.name_fd(fd, name)
        return GuestFile(self._machine, fd, name)

    def put(
        self, path: str | GuestPath, data: bytes | str, mode: int = 0o644
    ) -> GuestPath:
        """Create a file in the guest, with its directories."""
        raw = encoded(data) if isinstance(data, str) else data
        self._machine.put(str(path), raw, mode)
        return self.path(path)

    def install(self, program: str) -> GuestPath:
        """Copy an executable of the host into the guest, to the same path,
        with the shared libraries that it is linked against (ldd(1)). It may be
        a name, such as "i2cdetect".

        Raises OSError when the host has no such program.
        """
        from . import programs

        program = programs.find(program)
        for path in (program, *programs.libraries(program)):
            with open(path, "rb") as f:
                self.put(path, f.read(), 0o755)
        return self.path(program)

    def mount(
        self,
        source: str,
        target: str | GuestPath,
        type: str,
        flags: int = 0,
        data: str | None = None,
    ) -> None:
        """mount(2); unmounted after the test."""
        self._machine.mount(source, str(target), type, flags, data)
        self._machine.undo(
            f"unmount {target}", lambda: self._machine.umount(str(target))
        )

    def umount(self, target: str | GuestPath) -> None:
        """umount(2)."""
        self._machine.umount(str(target))

    def insmod(self, name: str, params: str = "") -> None:
        """Load a module by name or alias, dependencies first. ``params``:
        "a=1 b=2". Unloaded after the test."""
        self._machine.module_load(name, params or None)

    def rmmod(self, name: str) -> None:
        """Unload a module. GuestError ENOENT when it is not loaded, EAGAIN
        when it is in use."""
        self._machine.module_unload(name)

    @property
    def modules(self) -> list[str]:
        """Names of the loaded modules, the newest first."""
        return list(self.module_users())

    def module_users(self) -> dict[str, list[str]]:
        """Of each loaded module, the newest first, the names of those that
        need it."""
        text = self.path("/proc/modules").read_text()
        rows = [line.split() for line in text.splitlines()]
        return {
            row[0]: [name for name in row[3].split(",") if name not in ("", "-")]
            for row in rows
        }

    @property
    def log(self) -> str:
        """The kernel log since the boot, with the host's virtual time
        stamps."""
        return self._machine.log_since(0)

    def messages(self) -> Messages:
        """What the kernel has printed since the test began, or in a ``with``
        block; see :class:`roadtest.messages.Messages`."""
        from .messages import Messages

        return Messages(self._machine)

    def reports(self, mark: int | None = None) -> list[Report]:
        """The reports of the kernel about bugs, in parts: those that the test
        which runs, or ran last, answers for, or since ``mark`` (of
        ``Machine.log_mark()``). Of a guest that has ended too, as long as its
        machine is not closed. To look at them excuses nothing: see
        :meth:`TestCase.expect_log`."""
        from .kernelreports import reports

        return reports(self._machine, mark)

    @property
    def release(self) -> str:
        """The kernel's release, such as "6.12.117"."""
        return self._machine.release or ""

    def power_off(self) -> None:
        """Power the guest off, as the ``poweroff`` command does.

        Drivers' ``shutdown`` callbacks and power-off-prepare handlers run; what
        they sent is in ``chip.traffic()``, and the models are as they left
        them. Handlers that come behind those (``pm_power_off``,
        SYS_OFF_MODE_POWER_OFF) are not called by User Mode Linux. The machine
        has ended then, which is no failure, and the next test gets a new one.
        For a power-off that a driver or a program asks for see
        :class:`roadtest.power.powered_off`.
        """
        self._machine.power_off()

    def stacks(self) -> str:
        """Stacks of the agent's tasks and of every blocked task."""
        return self._machine.stacks()
