# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guest calls that go on while the test acts, and programs in the guest."""

from __future__ import annotations

import os
import struct

from .errors import GuestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Union

    from . import _roadtest
    from .guest import GuestFile, GuestPath

    Buffer = Union[bytes, bytearray, memoryview]
    from .machine import Machine

_SIGUSR1 = 10


class Completed:
    """A program that ran: ``args``, ``returncode`` (negative: the signal that
    killed it), ``stdout``, ``stderr`` (str)."""

    def __init__(
        self, args: Sequence[str], status: int, out: bytes, err: bytes
    ) -> None:
        self.args = list(args)
        self.returncode = os.waitstatus_to_exitcode(status)
        self.stdout = out.decode("utf-8", "replace")
        self.stderr = err.decode("utf-8", "replace")

    def __repr__(self) -> str:
        return f"<Completed {self.args} returncode={self.returncode}>"


def arguments(argv: Sequence[str | GuestPath]) -> list[str]:
    """Those of a program. TypeError for a command line in one string, and for
    what is no string."""
    from .guest import GuestPath

    if isinstance(argv, (str, bytes)) or not argv:
        raise TypeError(
            f"a program and its arguments are a list, not {argv!r}; there is "
            "no shell"
        )
    for word in argv:
        if not isinstance(word, (str, GuestPath)):
            raise TypeError(f"an argument is a string, not {word!r}")
    return [str(word) for word in argv]


class Pending:
    """A guest call that was started and runs in a task of its own."""

    def __init__(
        self,
        machine: Machine,
        call: _roadtest.Call,
        convert: Callable[[_roadtest.Call], Any],
        path: str | None = None,
        buffers: Sequence[Any] = (),
    ) -> None:
        self._machine = machine
        self._call = call
        self._convert = convert
        self._path = path  # what an error is of
        self._buffers = buffers  # what the call changes in place
        machine.undo(
            "end a call that was started",
            self._abandon,
            live=lambda: not call.done,
        )

    @property
    def done(self) -> bool:
        """Has it finished? Does not run the guest."""
        return self._call.done

    def wait(self) -> None:
        """Run the guest until it has finished, whatever its result."""
        self._call.wait()
        if self._buffers:
            self._call.fill(self._buffers)
            self._buffers = ()

    def result(self) -> Any:
        """Run the guest until it has finished; what the plain call returns,
        or its GuestError."""
        self.wait()
        try:
            return self._convert(self._call)
        except GuestError as error:
            if error.filename is None:
                error.filename = self._path
            raise

    def signal(self, signo: int = _SIGUSR1) -> None:
        """Send its task a signal: what blocks returns EINTR (SIGUSR1 has an
        empty handler).

        In the middle of an I2C transfer it cuts that short: the driver gets
        fewer messages than it asked for, the chip a STOP. The trace has a note
        that says which one, and so has a failure of a model after it."""
        self._call.signal(signo)

    def _abandon(self) -> None:
        """End it for a test that did not: not in the middle of a transfer."""
        self._call.end()


class Starter:
    """Begins guest calls: ``guest.start.read_text(path)`` and so on. Each
    returns a :class:`Pending`; the guest runs with the next call that waits,
    or an advance of the clock."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def _pending(
        self,
        call: _roadtest.Call,
        convert: Callable[[_roadtest.Call], Any],
        file: GuestFile | None = None,
        buffers: Sequence[Any] = (),
    ) -> Pending:
        path = file._path if file else None
        return Pending(self._machine, call, convert, path, buffers)

    def read_bytes(self, path: str | GuestPath) -> Pending:
        """Like :meth:`GuestPath.read_bytes`."""
        return self._pending(self._machine.start_read_file(str(path)), _data)

    def read_text(self, path: str | GuestPath) -> Pending:
        """Like :meth:`GuestPath.read_text`."""
        return self._pending(self._machine.start_read_file(str(path)), _text)

    read_file = read_text

    def write_text(self, path: str | GuestPath, text: str) -> Pending:
        """Like :meth:`GuestPath.write_text`."""
        from .guest import encoded

        call = self._machine.start_write_file(str(path), encoded(text))
        return self._pending(call, _nothing)

    write_file = write_text

    def open(
        self,
        path: str | GuestPath,
        flags: int = os.O_RDONLY,
        mode: int = 0o644,
    ) -> Pending:
        """Like :meth:`GuestPath.open`; the result is a GuestFile."""
        from .guest import GuestFile

        machine = self._machine
        call = machine.start_open(str(path), flags, mode)
        return self._pending(
            call, lambda c: GuestFile(machine, c.result(), str(path))
        )

    def read(self, file: GuestFile, length: int = 4096) -> Pending:
        """Like :meth:`GuestFile.read`."""
        call = self._machine.start_read(file.fd, length)
        return self._pending(call, _data, file)

    def pread(self, file: GuestFile, length: int, offset: int) -> Pending:
        """Like :meth:`GuestFile.pread`."""
        call = self._machine.start_pread(file.fd, length, offset)
        return self._pending(call, _data, file)

    def write(self, file: GuestFile, data: bytes | str) -> Pending:
        """Like :meth:`GuestFile.write`."""
        call = self._machine.start_write(file.fd, _bytes(data))
        return self._pending(call, _count, file)

    def pwrite(
        self, file: GuestFile, data: bytes | str, offset: int
    ) -> Pending:
        """Like :meth:`GuestFile.pwrite`."""
        call = self._machine.start_pwrite(file.fd, _bytes(data), offset)
        return self._pending(call, _count, file)

    def poll(
        self,
        file: GuestFile,
        events: int = 0x1,  # POLLIN
        timeout: float | None = None,
    ) -> Pending:
        """Like :meth:`GuestFile.poll`."""
        ms = file._poll_ms(timeout)
        call = self._machine.start_poll(file.fd, events, ms)
        return self._pending(call, _revents, file)

    def ioctl(
        self, file: GuestFile, request: int, arg: int | Buffer = 0
    ) -> Pending:
        """Like :meth:`GuestFile.ioctl`. A buffer is changed in place by
        ``wait()`` or ``result()``."""
        if isinstance(arg, int):
            call = self._machine.start_ioctl(file.fd, request, arg, [], [])
            return self._pending(call, _count, file)
        call = self._machine.start_ioctl(file.fd, request, 0, [arg], [])
        if memoryview(arg).readonly:
            return self._pending(call, _data, file)
        return self._pending(call, _count, file, [arg])

    def ioctl_buffers(
        self,
        file: GuestFile,
        request: int,
        buffers: Sequence[bytearray],
        pointers: Sequence[tuple[int, int, int]],
    ) -> Pending:
        """Like :meth:`GuestFile.ioctl_buffers`. The buffers are changed in
        place by ``wait()`` or ``result()``."""
        call = self._machine.start_ioctl(
            file.fd, request, 0, buffers, pointers
        )
        return self._pending(call, _count, file, buffers)

    def run(
        self, argv: Sequence[str | GuestPath], input: bytes | str = b""
    ) -> Pending:
        """Like :meth:`Guest.run`."""
        words = arguments(argv)
        call = self._machine.start_run(words, _bytes(input))
        return self._pending(call, lambda c: _completed(words, c))


def _bytes(data: bytes | str) -> bytes:
    from .guest import encoded

    return encoded(data) if isinstance(data, str) else data


def _nothing(call: _roadtest.Call) -> None:
    call.result()


def _count(call: _roadtest.Call) -> int:
    return call.result()


def _data(call: _roadtest.Call) -> bytes:
    call.result()
    return call.data()


def _text(call: _roadtest.Call) -> str:
    return _data(call).decode("utf-8", "surrogateescape")


def _revents(call: _roadtest.Call) -> int:
    if call.result() == 0:
        return 0
    (revents,) = struct.unpack_from("=h", call.data())
    return int(revents)


def _completed(argv: Sequence[str], call: _roadtest.Call) -> Completed:
    status = call.result()
    data = call.data()
    (length,) = struct.unpack_from("=I", data)
    return Completed(argv, status, data[4 : 4 + length], data[4 + length :])
