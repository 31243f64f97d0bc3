# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine: one guest with its board and its clock."""

from __future__ import annotations

import atexit
import contextvars

from . import _roadtest
from .board import Board
from .clock import Clock
from .device import BoundDevice, Device, DtFragment
from .errors import UsageError
from .guest import Guest

# Hides these frames from unittest's tracebacks.
__unittest = True

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import overload


_FEW = 64
"""Entries of the undo list that are not worth a look."""


class _Undo:
    """How something is undone."""

    __slots__ = ("what", "fn", "quiet", "live")

    def __init__(
        self,
        what: str,
        fn: Callable[[], object],
        quiet: bool,
        live: Callable[[], bool] | None,
    ) -> None:
        self.what = what
        self.fn = fn
        self.quiet = quiet
        self.live = live

    def run(self, machine: Machine, failed: list[tuple[str, Exception]]) -> None:
        """Undo it, if the machine can still do that."""
        if machine.closed or not (self.quiet or machine.is_up):
            return
        try:
            self.fn()
        except Exception as error:
            failed.append((self.what, error))


class Machine(_roadtest.Machine):
    """One guest with its board and its clock.

    A test class makes its own; make one by hand for a script::

        with Machine() as machine:
            print((machine.guest / "proc/version").read_text())

    In the block it is the current machine, which functions such as ``insmod``
    use. What is on its board says :meth:`add`.

    ``kernel``: directory made by ``roadtest kernel`` (None: the environment's
    ROADTEST_KERNEL, else the one used last); ``seed`` varies the
    guest's random numbers, its start time and which free addresses and pins
    are given out; ``mem_mib``: guest memory; ``autoprobe``: the guest probes
    devices by itself; ``free_until``, ``pin``: see ROAD_NO_FREE_UNTIL and
    ROAD_NO_PIN; ``call_limit``: virtual seconds of a guest call (0: 100 s);
    ``wall_limit``: seconds of waiting for the guest in one call (0: 30 s);
    ``message_limit``: I2C messages of a guest call, or of an advance without a
    pause of 1 ms (0: 20,000); more are a driver that loops. The environment's
    ROADTEST_CALL_LIMIT, ROADTEST_WALL_LIMIT (seconds) and
    ROADTEST_MESSAGE_LIMIT are what 0 stands for, if they are set;
    ``kernel_args``: appended to the kernel's command line; ``keep``: leave
    the work directory.
    """

    def __new__(
        cls,
        *,
        kernel: str | None = None,
        seed: int = 0,
        mem_mib: int = 0,
        autoprobe: bool = False,
        free_until: bool = True,
        pin: bool = True,
        call_limit: float = 0.0,
        wall_limit: float = 0.0,
        message_limit: int = 0,
        kernel_args: str | None = None,
        keep: bool = False,
    ) -> Machine:
        flags = 0
        flags |= _roadtest.AUTOPROBE if autoprobe else 0
        flags |= 0 if free_until else _roadtest.NO_FREE_UNTIL
        flags |= 0 if pin else _roadtest.NO_PIN
        flags |= _roadtest.KEEP if keep else 0
        self: Machine = super().__new__(
            cls,
            kernel=kernel,
            seed=seed,
            mem_mib=mem_mib,
            flags=flags,
            call_limit_ns=round(call_limit * 1e9),
            wall_limit_ms=round(wall_limit * 1e3),
            kernel_args=kernel_args,
            message_limit=message_limit,
        )
        self.guest = Guest(self)
        self.board = Board(self)
        self.clock = Clock(self)
        self._undo = {}
        self._kept = {}
        self._live = _FEW
        return self

    guest: Guest
    """The kernel under test."""
    board: Board
    """The hardware around it."""
    clock: Clock
    """Its virtual time."""
    _outer: contextvars.Token[Callable[[], Machine] | None]
    _undo: dict[object, _Undo]
    """What a test did, by key, in order."""
    _kept: dict[object, _Undo]
    """What setUpClass did, which stays until the machine ends."""
    _live: int
    """Entries that were left when it was last looked which ones are over."""

    def boot(self) -> None:
        """Assemble the devicetree and start the guest.

        Raises DevicetreeError, HostError, MachineGone; UsageError when it has
        been booted already.
        """
        atexit.register(self.close)
        super().boot()

    def test_begin(self, name: str) -> None:
        """A test begins: see the C header."""
        super().test_begin(name)
        self.board._test_start = self.trace_count()
        self.guest._log_start = self.log_mark()

    def end_of_test(self) -> None:
        """Ask the oracles, also of a machine whose end was raised from a
        call: a test may have taken that, and no more."""
        if not self.told:
            self.test_end()
        elif not self.closed:
            self.test_end_gone()

    def close(self) -> None:
        """End the guest and free everything; once more does nothing."""
        atexit.unregister(self.close)
        super().close()

    if TYPE_CHECKING:

        @overload
        def add(self, part: Device) -> BoundDevice:
            ...

        @overload
        def add(self, part: DtFragment) -> DtFragment:
            ...

    def add(self, part: Device | DtFragment) -> BoundDevice | DtFragment:
        """Put a device, or what a fragment says, on the board of a machine
        that is not booted yet: what a class attribute does for a test. For a
        program that is no test::

            machine = Machine()
            sensors = [machine.add(Device("ti,tmp102", Tmp102)) for _ in range(9)]
            with machine:
                for sensor in sensors:
                    sensor.bind()
                    print(sensor.hwmon["temp1_input"], sensor.chip.TEMP.value)

        A device's model is made and attached now; to bind it is the program's.
        Returns the device as ``self.dev`` is in a test, or the fragment.
        Raises UsageError when the machine is booted, or no address or line is
        left.
        """
        if not isinstance(part, Device):
            part.add_to(self)
            return part
        node = part.add_to(self)
        chip = part.model() if part.model is not None else None
        if chip is not None:
            self.board.attach(chip, node.addr)
        return BoundDevice(self, node, chip)

    def __enter__(self) -> Machine:
        if not self.is_up:
            self.boot()
        self._outer = current.set(lambda: self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        current.reset(self._outer)
        self.close()

    def undo(
        self,
        what: str,
        fn: Callable[[], object],
        *,
        quiet: bool = False,
        key: object = None,
        first: bool = False,
        live: Callable[[], bool] | None = None,
    ) -> None:
        """Remember how to undo something after the test.

        ``quiet``: it does not run the guest, so that it works on a machine
        that has ended. For what is done again and again: ``key``, of which
        there is one entry, the newest, with the oldest function if ``first``;
        ``live``: is there still something to undo? Does not run the guest
        either.
        """
        if key is None:
            key = object()
        before = self._undo.pop(key, None)
        if before is not None and first:
            fn = before.fn
        self._undo[key] = _Undo(what, fn, quiet, live)
        if len(self._undo) > 2 * self._live:
            self._forget_undone()

    def undone(self, key: object) -> None:
        """The test has undone what has this key."""
        self._undo.pop(key, None)

    def _forget_undone(self) -> None:
        self._undo = {
            key: entry
            for key, entry in self._undo.items()
            if entry.live is None or entry.live()
        }
        self._live = max(len(self._undo), _FEW)

    def keep_undo(self) -> None:
        """What was done so far is not undone after a test, but at the end."""
        self._kept.update(self._undo)
        self._undo = {}

    def undo_all(
        self, down_to: int = 0, *, kept: bool = False
    ) -> list[tuple[str, Exception]]:
        """Undo in reverse order until ``down_to`` entries are left; ``kept``:
        those of :meth:`keep_undo` too. Returns what failed, and how."""
        failed: list[tuple[str, Exception]] = []
        while len(self._undo) > down_to:
            self._undo.popitem()[1].run(self, failed)
        while kept and self._kept:
            self._kept.popitem()[1].run(self, failed)
        return failed


current: contextvars.ContextVar[
    Callable[[], Machine] | None
] = contextvars.ContextVar("roadtest.machine", default=None)
"""Gives the machine of the running test, booting it on first use. The one
exception to the rule against globals: plain functions need it."""


def current_machine() -> Machine:
    """The machine of the running test; UsageError outside of one."""
    make = current.get()
    if make is None:
        raise UsageError(
            "no test of a roadtest.TestCase runs: there is no current machine"
        )
    return make()
