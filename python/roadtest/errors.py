# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can go wrong, as exceptions.

What the guest's kernel answers is a :class:`GuestError`, an ``OSError`` with
errno and guest path. What fails the test by itself (an oracle, a model that
forbids an access) is an ``AssertionError`` too, so that unittest counts it as
a failure. Everything else is an error in the test or on the host.
"""

from __future__ import annotations

import errno as _errno
import os

from . import _roadtest


class RoadtestError(Exception):
    """Base of all errors of roadtest that are not the guest's errno."""


class MachineGone(RoadtestError):
    """The machine has ended; the message has the cause and the last lines of
    the kernel's log. The next test gets a new machine."""


class LimitExceeded(MachineGone):
    """A call passed its limit of virtual or wall time, or the guest sleeps for
    ever. The message names the waiting task. The machine has ended."""


class Interrupted(MachineGone):
    """A signal ended the wait for the guest. The machine has ended."""


class ProtocolError(MachineGone):
    """The guest broke the protocol of a virtual device or of the agent. The
    machine has ended."""


class ModelError(RoadtestError, AssertionError):
    """The driver did what the chip forbids (see ``Model.fail``)."""


class OracleError(RoadtestError, AssertionError):
    """The kernel reported a bug, or a report that the test expects did not
    come. The message has the test's slice of the kernel log."""


class UsageError(RoadtestError):
    """roadtest was used in a way that can't work; the message says what to do
    instead."""


class HostError(RoadtestError):
    """The host lacks something or refused something (``roadtest doctor``
    tells more)."""


class NoDriverError(RoadtestError):
    """There is no such driver or module in the kernel under test, or no driver
    is bound: no probe function ran, so this is nothing that a driver said."""


class NoDeviceError(RoadtestError):
    """There is no such device in the guest, or the driver registered none of
    the class that was asked for."""


class IncompleteError(RoadtestError):
    """The guest took only a part of what was written."""


class DevicetreeError(RoadtestError):
    """The devicetree does not compile; the message has file and line of the
    test's own fragment."""


class GuestError(OSError):
    """What a call in the guest gave: errno, its text and the guest path.

    It is a ``FileNotFoundError``, ``TimeoutError`` and so on as well, by its
    errno. ``detail`` is what roadtest knows about the call, or "".
    """

    detail: str
    probed: bool | None = None
    """Did the kernel call the probe function of a driver? None: not known."""

    wanted = 0
    """How many blocks of assertGuestError() are open."""

    def __init__(
        self,
        errno: int,
        strerror: str | None = None,
        filename: str | None = None,
        detail: str = "",
    ) -> None:
        super().__init__(errno, strerror or os.strerror(errno), filename)
        self.detail = detail

    def __str__(self) -> str:
        name = _errno.errorcode.get(self.errno or 0) or _roadtest.strerror(
            self.errno or 0
        )
        if self.detail:
            named = name in self.detail
            return self.detail if named else f"[{name}] {self.detail}"
        path = f": {self.filename!r}" if self.filename else ""
        return f"[{name}] {self.strerror}{path}"


class GuestNotFoundError(GuestError, FileNotFoundError):
    """ENOENT of the guest."""


class GuestExistsError(GuestError, FileExistsError):
    """EEXIST of the guest."""


class GuestPermissionError(GuestError, PermissionError):
    """EACCES or EPERM of the guest."""


class GuestTimeoutError(GuestError, TimeoutError):
    """ETIMEDOUT of the guest."""


class GuestBlockingError(GuestError, BlockingIOError):
    """EAGAIN of the guest: nothing to read, or a probe that was deferred."""


class GuestInterruptedError(GuestError, InterruptedError):
    """EINTR of the guest: a signal ended the call."""


class GuestIsADirectoryError(GuestError, IsADirectoryError):
    """EISDIR of the guest."""


class GuestNotADirectoryError(GuestError, NotADirectoryError):
    """ENOTDIR of the guest."""


class GuestProcessLookupError(GuestError, ProcessLookupError):
    """ESRCH of the guest: there is no such task."""


_BY_ERRNO: dict[int, type[GuestError]] = {
    _errno.ENOENT: GuestNotFoundError,
    _errno.EEXIST: GuestExistsError,
    _errno.EACCES: GuestPermissionError,
    _errno.EPERM: GuestPermissionError,
    _errno.ETIMEDOUT: GuestTimeoutError,
    _errno.EAGAIN: GuestBlockingError,
    _errno.EINTR: GuestInterruptedError,
    _errno.ESRCH: GuestProcessLookupError,
    _errno.EISDIR: GuestIsADirectoryError,
    _errno.ENOTDIR: GuestNotADirectoryError,
}

_BY_CODE: dict[int, type[RoadtestError]] = {
    _roadtest.EGONE: MachineGone,
    _roadtest.ELIMIT: LimitExceeded,
    _roadtest.EMODEL: ModelError,
    _roadtest.EORACLE: OracleError,
    _roadtest.EPROTO: ProtocolError,
    _roadtest.EUSAGE: UsageError,
    _roadtest.EHOST: HostError,
    _roadtest.EDEVICETREE: DevicetreeError,
    _roadtest.ENOMEM: HostError,
    _roadtest.EINTR: Interrupted,
    _roadtest.ENODRIVER: NoDriverError,
    _roadtest.ENODEVICE: NoDeviceError,
    _roadtest.ESIZE: UsageError,
    _roadtest.ESHORT: IncompleteError,
}


def from_code(code: int, message: str, path: str | None) -> Exception:
    """The exception for an error of the library.

    ``code`` is positive: an errno of the guest, or one of enum road_errno;
    ``path`` is what the call was about. Used by the extension.
    """
    if code in _BY_CODE:
        return _BY_CODE[code](message)
    return guest_error(code, path, message)


def guest_error(errno: int, path: str | None, detail: str = "") -> GuestError:
    """A GuestError of the class that fits ``errno``."""
    cls = _BY_ERRNO.get(errno, GuestError)
    return cls(errno, None, path, detail)
