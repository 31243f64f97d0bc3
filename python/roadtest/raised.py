# SPDX-License-Identifier: LGPL-2.1-or-later
"""Errors that a test must not pass over.

The end of the guest, an error of a model and an exception in another thread
fail the test even if it catches them. While a test or a fixture of a class
runs, each is written down when it is raised; what stays open is
raised again at the end. It is closed by going out of the test, which fails it
then, or by what takes exactly this error: known_bug, expect_log, and assertRaises
with a class that means it.
"""

from __future__ import annotations

import sys
import threading
import unittest

from .errors import MachineGone, ModelError, OracleError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from importlib.machinery import ModuleSpec
    from types import ModuleType, TracebackType
    from typing import Any, Union

    from .machine import Machine
    from .models import Model

    Classes = Union[type[BaseException], tuple[type[BaseException], ...]]
    Context = unittest.case._AssertRaisesContext[BaseException]
else:
    Context = unittest.case._AssertRaisesContext

# Hides these frames from unittest's tracebacks.
__unittest = True

_KEY = "_road_raised"

_WIDE = (BaseException, Exception, AssertionError)
"""Classes that anything may have: to name them means no error in particular."""

SWALLOWED = (
    "the test caught this error and went on. What takes it: known_bug(), "
    "expect_log() for a crash, or assertRaises({}), which must see this very "
    'error (docs/writing-tests.md, "What a test can take")'
)

IN_MODEL = (
    "a model raised this with fail(), and its hook, or the test, caught it and "
    "went on: it stays a failure"
)

NEVER_ATTACHED = (
    "a fault that was injected has not struck: the model was not put on a bus "
    "(a count of 0 cancels it)"
)

_EVENTS = "asyncio.base_events"


class Raised:
    """An error, and what is to be said of it if nobody takes it."""

    def __init__(
        self, error: BaseException, note: str, machine: Machine | None = None
    ) -> None:
        self.error = error
        self.note = note
        self.machine = machine
        self.open = True
        self._stack: TracebackType | None = None

    def keep_stack(self) -> None:
        """assertRaises() is about to take it off the error."""
        self._stack = self._stack or self.error.__traceback__

    def failure(self) -> BaseException:
        """The error, where it came from, and the note."""
        notes = self.error.__dict__.setdefault("__notes__", [])
        if self.note not in notes:
            notes.append(self.note)
        return self.error.with_traceback(
            self._stack or self.error.__traceback__
        )


class Watch:
    """A context manager: writes down what is raised while a test runs.

    ``name`` is the test's. Without ``machines`` only what unittest does not
    see at all counts: exceptions of other threads, and those that Python can
    only print.
    """

    current: Watch | None = None

    def __init__(self, name: str, machines: bool = True) -> None:
        self.name = name
        self.machines = machines
        self._entries: list[Raised] = []
        self._injected: dict[int, Model] = {}

    def __enter__(self) -> Watch:
        _Loops.watch()
        self._outer, Watch.current = Watch.current, self
        self._threads = set(threading.enumerate())
        self._hooks = threading.excepthook, sys.unraisablehook
        threading.excepthook = self._in_thread
        sys.unraisablehook = self._unraisable
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        threading.excepthook, sys.unraisablehook = self._hooks
        Watch.current = self._outer
        for thread in threading.enumerate():
            if thread not in self._threads:
                thread.__dict__.setdefault(_KEY, self.name)

    def add(
        self, error: BaseException, note: str, machine: Machine | None = None
    ) -> None:
        """Write an error down; the last word on it counts."""
        before: Raised | None = error.__dict__.get(_KEY)
        if before is not None:
            before.open = False
        entry = Raised(error, note, machine)
        error.__dict__[_KEY] = entry
        self._entries.append(entry)

    def left(self) -> list[BaseException]:
        """Those that nobody took, each once."""
        left = [entry.failure() for entry in self._entries if entry.open]
        self._entries.clear()
        return left

    def expect_end(self, machine: Machine) -> None:
        """It crashed as the test expects: with a report that expect_log()
        was told of."""
        for entry in self._entries:
            if entry.machine is machine and type(entry.error) is MachineGone:
                entry.open = False

    def injected(self, chip: Model) -> None:
        """A model has got a fault."""
        self._injected[id(chip)] = chip

    def missed(self) -> list[BaseException]:
        """Faults of models that were never on a bus."""
        chips = list(self._injected.values())
        self._injected.clear()
        return [
            OracleError(f"{chip.name}: {NEVER_ATTACHED}")
            for chip in chips
            if chip._pending and not chip.attached
        ]

    def in_loop(self, error: BaseException, message: str) -> None:
        """A loop of asyncio can only print it."""
        self._of_thread(threading.current_thread(), error, f"asyncio: {message}")

    def _in_thread(self, args: threading.ExceptHookArgs) -> None:
        error, thread = args.exc_value, args.thread
        if error is None or isinstance(error, SystemExit):
            return
        self._of_thread(thread, error)

    def _of_thread(
        self,
        thread: threading.Thread | None,
        error: BaseException,
        note: str | None = None,
    ) -> None:
        name = thread.name if thread is not None else "?"
        starter = thread.__dict__.get(_KEY) if thread is not None else None
        if starter is None or starter == self.name:
            self.add(error, note or f"it was raised in the thread {name}")
        else:
            note = f"{starter} left the thread {name} running, which raised it"
            Stray.found.append(Stray(starter, Raised(error, note).failure()))

    def _unraisable(self, args: sys.UnraisableHookArgs) -> None:
        error = args.exc_value
        if error is not None:
            what = args.err_msg or "Exception ignored in"
            self.add(error, f"{what}: {args.object!r}")


class _Loops:
    """The loops of asyncio, from when it is imported on: what a task raises
    that nobody awaits, or a callback, they only print. A finder of modules."""

    watched = False

    @classmethod
    def watch(cls) -> None:
        """Once is enough."""
        if not cls.watched:
            cls.watched = True
            module = sys.modules.get(_EVENTS)
            if module is None:
                sys.meta_path.insert(0, cls)
            else:
                cls._patch(module)

    @classmethod
    def find_spec(
        cls, name: str, path: Any = None, target: Any = None
    ) -> ModuleSpec | None:
        """The module that has the loops, which is changed when it was run."""
        if name != _EVENTS:
            return None
        sys.meta_path.remove(cls)
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(name, path, target)
        loader: Any = spec.loader if spec is not None else None
        if loader is not None:
            execute = loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                cls._patch(module)

            loader.exec_module = exec_module
        return spec

    @staticmethod
    def _patch(module: Any) -> None:
        plain = module.BaseEventLoop.default_exception_handler

        def handler(loop: Any, context: dict[str, Any]) -> None:
            error = context.get("exception")
            if Watch.current is None or error is None:
                plain(loop, context)
            else:
                Watch.current.in_loop(error, context.get("message", ""))

        module.BaseEventLoop.default_exception_handler = handler


class Stray:
    """An exception in a thread that a test, which is over, left running."""

    found: list[Stray] = []

    def __init__(self, test: str, error: BaseException) -> None:
        self.test = test
        self.error = error

    @classmethod
    def take(cls) -> list[Stray]:
        """Those that are not told yet."""
        found, cls.found = cls.found, []
        return found


def record(machine: Machine, error: BaseException) -> None:
    """Write down an error of a machine, which is raised now. Called by the
    extension."""
    watch = Watch.current
    if watch is not None and watch.machines:
        cls: type[BaseException] = type(error)
        if isinstance(error, MachineGone):
            cls = MachineGone
        elif cls in _WIDE:
            cls = ModelError
        watch.add(error, SWALLOWED.format(cls.__name__), machine)


def in_model(error: ModelError) -> None:
    """Write down what a model raises about its driver."""
    watch = Watch.current
    if watch is not None and watch.machines:
        watch.add(error, IN_MODEL)


def out_of_hook(error: BaseException) -> None:
    """A hook ends with this error, which is the machine's to tell from here
    on. Called by the extension."""
    for entry in entries_of(error):
        if entry.note == IN_MODEL:
            entry.open = False


def missed() -> list[BaseException]:
    """Faults that were injected into models that were never on a bus."""
    return Watch.current.missed() if Watch.current is not None else []


def left(
    errors: list[BaseException], machine: Machine | None
) -> list[BaseException]:
    """What is wrong at the end of the test that runs: ``errors``, which are
    told anyway, and those that nobody took. ``machine``: the test's."""
    for error in errors:
        close(error)
    watch = Watch.current
    if watch is None:
        return errors
    if machine is not None and not machine.closed and machine.end_expected:
        watch.expect_end(machine)
    return errors + watch.left()


def shown_with(error: BaseException) -> Iterator[BaseException]:
    """An error, and those that its traceback shows with it."""
    todo, seen = [error], set()
    while todo:
        error = todo.pop()
        if id(error) in seen:
            continue
        seen.add(id(error))
        yield error
        todo += getattr(error, "exceptions", ())
        if error.__cause__ is not None:
            todo.append(error.__cause__)
        elif error.__context__ is not None and not error.__suppress_context__:
            todo.append(error.__context__)


def entries_of(error: BaseException) -> list[Raised]:
    """What is written down of an error and of those behind it."""
    found = (e.__dict__.get(_KEY) for e in shown_with(error))
    return [entry for entry in found if entry is not None]


def close(
    error: BaseException,
    wanted: Callable[[BaseException], bool] = lambda error: True,
) -> None:
    """Somebody took this error, or failed with it; ``wanted`` says which of
    those behind it that holds for too."""
    for entry in entries_of(error):
        if wanted(entry.error):
            entry.open = False


def explicit(expected: Classes, error: BaseException) -> bool:
    """Does assertRaises(``expected``) mean this error, and not anything?
    ModelError and MachineGone do, their subclasses, and the very class of an
    exception that a hook raised."""
    classes = expected if isinstance(expected, tuple) else (expected,)
    fitting = [cls for cls in classes if isinstance(error, cls)]
    return bool(fitting) and all(
        issubclass(cls, (ModelError, MachineGone))
        or (cls is type(error) and cls not in _WIDE)
        for cls in fitting
    )


class RaisesContext(Context):
    """assertRaises() that takes what it means explicitly."""

    expected: Classes

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> bool:
        entries = entries_of(error) if error is not None else []
        for entry in entries:
            entry.keep_stack()
        caught = super().__exit__(kind, error, stack)
        for entry in entries if caught else ():
            if explicit(self.expected, entry.error):
                entry.open = False
        return caught
