# SPDX-License-Identifier: LGPL-2.1-or-later
"""TestCase: unittest with a machine.

The machine belongs to the class and is made on first use. Nothing here depends
on a subclass calling super(): each test's setUp is wrapped when it runs, and
what has to happen after it is the test's first cleanup, which runs last.
"""

from __future__ import annotations

import contextlib
import os
import unittest

from . import _roadtest, fixtures, leaks, pinned, raised
from .busdevice import coldplug
from .device import BoundDevice, Device, DtFragment
from .errors import GuestError, UsageError
from .kernel import lacks
from .known_bugs import KnownBug
from .machine import Machine, current
from .raised import RaisesContext, Stray, Watch
from .ran import NO_ASYNC, cleanup, out_of, ran
from .session import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType
    from typing import Any, TypeVar

    from .board import Board
    from .clock import Clock
    from .guest import Guest

    Function = TypeVar("Function", bound=Callable[..., Any])
    Kind = TypeVar("Kind")

# Hides these frames from unittest's tracebacks.
__unittest = True


class _GuestErrorContext:
    """See :meth:`TestCase.assertGuestError`."""

    exception: GuestError

    def __init__(self, test: TestCase, wanted: tuple[int, ...]) -> None:
        self._test = test
        self._wanted = wanted

    def __enter__(self) -> _GuestErrorContext:
        GuestError.wanted += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        GuestError.wanted -= 1
        wanted = " or ".join(_errno_name(n) for n in self._wanted)
        if error is None:
            raise self._test.failureException(
                f"the guest gave no error; expected {wanted}"
            )
        if not isinstance(error, GuestError):
            return False
        if error.errno not in self._wanted:
            raise self._test.failureException(
                f"the guest gave {_errno_name(error.errno or 0)}; expected "
                f"{wanted}: {error}"
            ) from error
        if error.probed is False:
            raise self._test.failureException(
                "the kernel gave this errno without having called a probe "
                "function: the driver does not match the device, or it is "
                f"bound already: {error}"
            ) from error
        self.exception = error
        return True


def _errno_name(number: int) -> str:
    from . import _roadtest

    return _roadtest.strerror(number)


class TestCase(unittest.TestCase):
    """A unittest.TestCase with a machine.

    Class attributes:

    - any number of :class:`Device` and :class:`DtFragment`, with any names;
      the device called ``device`` (or the only one) is ``self.dev`` in a test,
      and its model ``self.chip``. Models are made new, attached and bound
      before each test, and undone after it.
    - ``isolate``: "class" (one kernel for the class) or "test".
    - ``autoprobe``: the guest probes by itself, as on hardware, and the
      modules of all its devices are loaded by modalias, as udev does; the
      errors of probes are in the kernel's log only. One kernel per test.
    - ``bind``: False leaves binding all devices to the test; with autoprobe,
      loading modules.
    - ``seed``: see :class:`Machine`; None: the environment's ROADTEST_SEED,
      else 0.
    - ``programs``: executables of the host ("i2cdetect", or with a path) that
      are copied into the guest with their libraries.
    - ``machine_options``: further arguments of :class:`Machine`.

    Oracles are always on: a kernel report that the test does not expect fails
    it. What a test attached, bound, opened or loaded is undone in reverse
    order. Then 10 s pass, 60 s for a kernel that is the test's own: what a
    driver left behind runs, and fails this test. A guest that is not clean
    after that is replaced.
    """

    isolate: str = "class"
    autoprobe: bool = False
    bind: bool = True
    seed: int | None = None
    programs: Sequence[str] = ()
    machine_options: dict[str, Any] = {}

    if TYPE_CHECKING:
        _outcome: Any

    known_bugs: list[str]
    """Reasons of the known bugs that showed in this test."""

    _road_cut: bool
    """Has a part of the test, or a subtest, ended before its end? (unittest
    forgets it for as long as a cleanup runs.)"""

    _road_session_: Session | None = None
    _road_running: TestCase | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for base in cls.__mro__:
            if base.__name__ == "IsolatedAsyncioTestCase":
                raise TypeError(NO_ASYNC.format(cls.__name__))
        for name, value in vars(cls).items():
            if isinstance(value, (Device, DtFragment)) and name in _TAKEN:
                raise TypeError(
                    f"{cls.__name__}.{name} hides what a TestCase has of that "
                    f"name: call the {type(value).__name__} otherwise"
                )
        if cls.isolate not in ("class", "test"):
            raise ValueError(
                f'{cls.__name__}.isolate is "class" or "test": {cls.isolate!r}'
            )
        if isinstance(cls.programs, str):
            raise TypeError(
                f"{cls.__name__}.programs is a list: [{cls.programs!r}]"
            )
        if "setUpClass" in cls.__dict__:
            fixtures.wrap_setup(cls)
        if "tearDownClass" in cls.__dict__:
            fixtures.wrap_teardown(cls)

    # ---- what a test uses ------------------------------------------------

    @property
    def machine(self) -> Machine:
        """The machine of this class, booted on first use."""
        return self._road_begin()

    @property
    def guest(self) -> Guest:
        """The kernel under test."""
        return self.machine.guest

    @property
    def board(self) -> Board:
        """The hardware around it."""
        return self.machine.board

    @property
    def clock(self) -> Clock:
        """Virtual time."""
        return self.machine.clock

    @property
    def dev(self) -> BoundDevice:
        """The class's device: the one called ``device``, or the only one."""
        found = getattr(self, "_road_bound", {}).get("device")
        return found or self._road_device(self._road_main_device())

    @property
    def chip(self) -> Any:
        """The model of :attr:`dev`. A class without a Device sets it itself:
        the model that ``setUp`` makes and attaches."""
        if "_road_own_chip" in self.__dict__:
            return self.__dict__["_road_own_chip"]
        return self.dev.chip

    @chip.setter
    def chip(self, model: Any) -> None:
        if self._road_declared(Device):
            raise UsageError(
                "self.chip is the model of the class's Device: give the Device "
                "another one (model=...), or call yours otherwise"
            )
        self.__dict__["_road_own_chip"] = model

    def expect_log(self, regex: str) -> None:
        """This test wants a kernel report: one whose first lines match
        ``regex`` (POSIX extended) is no failure, and if none comes that is
        one."""
        machine = self.machine
        machine.expect_log(regex)
        self._road_used_up = True

    def assertGuestError(self, *errnos: int) -> _GuestErrorContext:
        """A context manager: the block must end with a GuestError that has
        this errno (one of these). Its ``exception`` is the error.

        When a ``bind()`` in the block fails, a probe function must have run:
        the errno of a driver that does not match, or of a device that is
        bound already, is none that the driver gave."""
        for number in errnos:
            if not isinstance(number, int) or number <= 0:
                raise TypeError(
                    "assertGuestError() takes numbers, such as errno.EIO, not "
                    f"{number!r}"
                )
        if not errnos:
            raise TypeError("assertGuestError() needs a number, errno.EIO say")
        return _GuestErrorContext(self, errnos)

    if not TYPE_CHECKING:  # unittest's signatures hold

        def assertRaises(self, expected_exception, *args, **kwargs):
            """As in unittest. An error of the guest's end or of a model is
            taken if the class is :class:`MachineGone`, :class:`ModelError`,
            one of their subclasses, or exactly that of an exception that a
            hook raised; after ``Exception`` and the like the test still
            fails at its end."""
            context = RaisesContext(expected_exception, self)
            try:
                return context.handle("assertRaises", args, kwargs)
            finally:
                context = None  # it holds this frame by its exception

        def assertRaisesRegex(
            self, expected_exception, expected_regex, *args, **kwargs
        ):
            """As in unittest; see :meth:`assertRaises`."""
            context = RaisesContext(expected_exception, self, expected_regex)
            try:
                return context.handle("assertRaisesRegex", args, kwargs)
            finally:
                context = None

    @contextlib.contextmanager
    def subTest(self, *msg: Any, **params: Any) -> Iterator[None]:
        """As in unittest; a failure that is a known bug of the test is none
        of the subtest."""
        name = " ".join([*map(str, msg), *(f"{k}={v}" for k, v in params.items())])
        with super().subTest(*msg, **params):
            self._road_step(_roadtest.STEP_BEGIN, name)
            try:
                yield
            except Exception as error:
                self._road_cut = True
                out = out_of(error)
                if not self._road_known_here(out):
                    self._road_out(out)
                    if out is not error:
                        raise out  # noqa: B904
                    raise
            finally:
                self._road_step(_roadtest.STEP_END, name)

    # ---- how it runs -----------------------------------------------------

    def run(
        self, result: unittest.TestResult | None = None
    ) -> unittest.TestResult | None:
        """As in unittest."""
        with Watch(self.id()):
            self._road_arm()
            return super().run(result)

    def debug(self) -> None:
        """As in unittest."""
        with Watch(self.id()):
            self._road_arm()
            super().debug()

    def _road_arm(self) -> None:
        own = type(self).setUp.__get__(self)
        self.known_bugs = []
        self._road_late_bugs: list[KnownBug] = []
        self._road_known: list[KnownBug] = []
        self._road_shown: list[KnownBug] = []
        self._road_begun: Machine | None = None
        self._road_bound: dict[str, BoundDevice] = {}
        self._road_used_up = False
        self._road_cut = False
        self._road_scanned = False
        self._road_mark = 0

        def wrapped() -> None:
            self._road_set_up()
            ran("setUp", own())

        self.setUp = wrapped  # type: ignore[assignment]

    # The parts of a test, by unittest's names for them: each must have run,
    # and what goes out of it fails the test.

    def _callSetUp(self) -> None:
        self._road_part("setUp", self.setUp)

    def _callTestMethod(self, method: Callable[[], object]) -> None:
        self._road_part(self._testMethodName, method)

    def _callTearDown(self) -> None:
        self._road_part("tearDown", self.tearDown)

    def _callCleanup(
        self, function: Callable[..., object], /, *args: Any, **kwargs: Any
    ) -> None:
        self._road_part("", lambda: cleanup(function)(*args, **kwargs))

    @classmethod
    def addClassCleanup(
        cls, function: Callable[..., object], /, *args: Any, **kwargs: Any
    ) -> None:
        """As in unittest."""

        def checked() -> None:
            session = cls.__dict__.get("_road_session_")
            with fixtures.passed_over(f"{cls.__name__}'s cleanups", session):
                cleanup(function)(*args, **kwargs)

        super().addClassCleanup(checked)

    def _road_part(self, name: str, part: Callable[[], object]) -> None:
        try:
            ran(name, part())
        except BaseException as error:
            self._road_cut = True
            out = out_of(error)
            self._road_out(out)
            if out is not error:
                raise out  # noqa: B904
            raise

    def _road_out(self, error: BaseException) -> None:
        """It goes out to unittest: does the test fail by that?"""
        expected = getattr(self._outcome, "expecting_failure", False)
        if not expected and not isinstance(error, unittest.SkipTest):
            raised.close(error)

    def _road_set_up(self) -> None:
        self.addCleanup(self._road_finish)
        method = getattr(self, self._testMethodName)
        missing = lacks(type(self), method, self.machine_options.get("kernel"))
        if missing:
            self.skipTest(missing)
        TestCase._road_running = self
        current.set(lambda: self.machine)
        devices = self._road_declared(Device)
        fragments = self._road_declared(DtFragment)
        if devices or fragments:
            self._road_begin()

    def _road_begin(self) -> Machine:
        """The machine, prepared for this test."""
        if getattr(self, "_road_begun", None) is not None:
            assert self._road_begun is not None
            return self._road_begun
        session = self._road_session()
        machine = session.get()
        if not hasattr(self, "_road_begun"):
            return machine
        self._road_begun = machine
        session._fixture = False
        machine.test_begin(self.id())
        self._road_mark = machine.log_mark()
        if session.modules is None:
            session.modules = set(machine.guest.modules)
        if not self.autoprobe:
            session.attach(machine)
        for name, device in self._road_declared(Device).items():
            self._road_bound[name] = bound = BoundDevice(
                machine, session.nodes[name], session.chips.get(name)
            )
            if device.bind and self.bind and not self.autoprobe:
                bound.bind()
        devices = self._road_declared(Device).values()
        if self.autoprobe and self.bind and all(d.bind for d in devices):
            coldplug(machine)
        return machine

    def _road_finish(self) -> None:
        TestCase._road_running = None
        machine = self._road_begun
        session = self._road_session()
        errors: list[BaseException] = []
        try:
            if machine is not None:
                errors = self._road_end_test(machine)
            if not self._road_cut:
                errors += raised.missed()
            errors = raised.left(errors, machine)
            if machine is not None:
                session.ended(self, errors)
        finally:
            if machine is not None and (
                errors
                or session.isolate
                or self._road_used_up
                or not machine.is_up
            ):
                if machine.is_up and not errors and not self._road_scanned:
                    session.scan(machine)
                session.close()
            # What comes behind the test, a fixture of pytest for one, must
            # not begin it again.
            del self._road_begun
            self._road_bound = {}
            current.set(session.fixture("cleanups"))
        late = next(filter(pinned.is_late, errors), None)
        if late is not None:
            pinned.note_test(session, self, late)
        for error in reversed(errors):
            self.addCleanup(_throw, error)

    def _road_end_test(self, machine: Machine) -> list[BaseException]:
        """Undo, then ask the oracles. Returns what is wrong."""
        errors: list[BaseException] = []
        errors += self._road_missed_faults(machine)
        for what, error in machine.undo_all():
            error.__dict__.setdefault("__notes__", []).append(
                f"{self.id()} left the guest unclean: {what} failed"
            )
            errors.append(error)
        late: list[BaseException] = []
        if machine.is_up and self._road_scans(machine):
            # While the backtrace has names: of a module that is gone it has
            # addresses alone.
            late += self._road_after(machine)
            if machine.is_up:
                errors += self._road_lost(machine)
        if machine.is_up:
            errors += self._road_unload(machine)
        if machine.is_up:
            late += self._road_after(machine)
        errors += late
        told = bool(late) and not machine.is_up
        for bug in self._road_late_bugs:
            if bug.accept_report(machine, self._road_mark, block=False):
                self.known_bugs.append(bug.reason)
                self._road_used_up = True
            else:
                errors.append(bug.gone())
        try:
            if not told:
                machine.end_of_test()
        except Exception as error:
            errors.insert(0, error)
        return errors

    def _road_after(self, machine: Machine) -> list[BaseException]:
        """Let the time after a test pass. Returns what that has shown."""
        try:
            self._road_session().aftermath(machine)
        except Exception as error:
            return [error]
        return []

    def _road_scans(self, machine: Machine) -> bool:
        """Is lost memory looked for behind this test? As a rule it is at the
        end of the class. Where it can't be, time passes when the module has
        gone and not before: what uses memory that is free shows with its code."""
        wanted = self._road_session().isolate or bool(self._road_late_bugs)
        return wanted and machine.guest.path(leaks.FILE).exists()

    def _road_lost(self, machine: Machine) -> list[BaseException]:
        """Memory that drivers have lost, if no known bug is about that."""
        self._road_scanned = True
        error = leaks.lost(machine)
        if error is None:
            return []
        for bug in self._road_late_bugs:
            if bug.matches(error):
                self._road_late_bugs.remove(bug)
                self.known_bugs.append(bug.reason)
                self._road_used_up = True
                return []
        return [error]

    def _road_missed_faults(self, machine: Machine) -> list[BaseException]:
        """Faults that were injected and have not struck. What is undone later
        must not meet them."""
        if machine.closed:
            return []
        try:
            machine.faults_end()
        except Exception as error:
            if not self._road_cut:
                return [error]
            raised.close(error)  # the test did not come so far
        return []

    def _road_unload(self, machine: Machine) -> list[Exception]:
        """Unload the modules that came with this test. One that the kernel
        pins makes the guest used up. Those that others need, a subsystem's
        core for example, stay until the class ends: they are not what is
        tested, and loading them costs as much as a small test."""
        errors: list[Exception] = []
        kept = self._road_session().modules
        assert kept is not None
        for name, users in machine.guest.module_users().items():
            if users:
                kept.add(name)
            if name in kept:
                continue
            try:
                machine.module_unload(name)
            except GuestError:
                self._road_used_up = True
            except Exception as error:
                errors.append(error)
        return errors

    def _road_run_known(self, bug: KnownBug, fn: Callable[[], object]) -> object:
        """Run a test that is decorated with known_bug."""
        if not bug.applies(self.machine):
            return fn()
        self._road_known.append(bug)
        returned = None
        try:
            returned = fn()
        except Exception as error:
            self._road_cut = True
            self._road_known_end(bug)
            if not bug.takes(error):
                raise
            self.known_bugs.append(bug.reason)
        else:
            if not self._road_known_end(bug):
                self._road_late_bugs.append(bug)
        return returned

    def _road_known_end(self, bug: KnownBug) -> bool:
        """Its test or block is over: did it show in a subtest?"""
        if bug in self._road_known:
            self._road_known.remove(bug)
        shown = bug in self._road_shown
        if shown:
            self._road_shown.remove(bug)
            self.known_bugs.append(bug.reason)
        return shown

    def _road_known_here(self, error: BaseException) -> bool:
        """Is this failure of a subtest a known bug?"""
        for bug in reversed(self._road_known):
            if bug.takes(error):
                if bug not in self._road_shown:
                    self._road_shown.append(bug)
                return True
        return False

    def _road_step(
        self, step: int, text: str, file: str | None = None, line: int = 0
    ) -> None:
        """Say in the reports of a run what this test does, if it has a
        machine."""
        machine = getattr(self, "_road_begun", None)
        if machine is not None and not machine.closed:
            text = text.encode("utf-8", "replace").decode()
            machine.test_step(step, text.replace("\0", "\\0"), file, line)

    def _road_failed(self, error: BaseException) -> None:
        """An assertion did not hold, or something raised: where the test
        stood then."""
        file, line = None, 0
        stack = error.__traceback__
        while stack is not None:
            file, line = stack.tb_frame.f_code.co_filename, stack.tb_lineno
            stack = stack.tb_next
        text = f"{type(error).__name__}: {error}"
        self._road_step(_roadtest.STEP_FAILED, text, file, line)

    def _road_device(self, name: str) -> BoundDevice:
        self._road_begin()
        bound = getattr(self, "_road_bound", {})
        if name not in bound:
            raise UsageError(
                f"device {name!r} is there from setUp() on and until the test "
                "is over: use it there"
            )
        found: BoundDevice = bound[name]
        return found

    @classmethod
    def _road_session(cls) -> Session:
        session: Session | None = cls.__dict__.get("_road_session_")
        if session is None:
            session = cls._road_session_ = Session(cls)
            cls.addClassCleanup(cls._road_end_class)
        return session

    @classmethod
    def _road_end_class(cls) -> None:
        session: Session | None = cls.__dict__.get("_road_session_")
        cls._road_session_ = None
        current.set(None)
        if session is None:
            return
        try:
            session.end_fixture()
            session.finish()
        except Exception as error:
            session.close()
            if pinned.is_late(error):
                pinned.note_class(session, error)
            raise
        finally:
            session.close()
        if session.lost is not None:
            raise pinned.lost_in(session, *session.lost)
        for stray in Stray.take():
            raise stray.error

    @classmethod
    def _road_declared(cls, kind: type[Kind]) -> dict[str, Kind]:
        """Class attributes of a type, base classes first."""
        found: dict[str, Kind] = {}
        for base in reversed(cls.__mro__):
            for name, value in vars(base).items():
                if isinstance(value, kind):
                    found[name] = value
                elif name in found:
                    del found[name]
        return found

    @classmethod
    def _road_main_device(cls) -> str:
        names = list(cls._road_declared(Device))
        if "device" in names:
            return "device"
        if len(names) == 1:
            return names[0]
        raise UsageError(
            f"{cls.__name__} declares "
            + (f"the devices {', '.join(names)}" if names else "no device")
            + ": self.dev is the one called 'device', or the only one"
        )

    @classmethod
    def _road_seed(cls) -> int:
        if cls.seed is not None:
            return cls.seed
        return int(os.environ.get("ROADTEST_SEED") or "0", 0)


_TAKEN = {name for name in dir(TestCase) if name != "dev"}
"""Names of the class that no device may have. ``self.dev`` is one anyway."""

def _throw(error: BaseException) -> None:
    raise error
