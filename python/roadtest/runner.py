# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs test files and prints KTAP (Documentation/dev-tools/ktap.rst).

    python3 -m roadtest FILE|DIR... [--list] [--filter ID] [--skip ID]
                        [--mark NAME]

``FILE::CLASS`` and ``FILE::CLASS::TEST`` stand for a part of a file.
``--list`` prints one test id a line. ``--filter`` and ``--skip`` take exact
ids and can be repeated; ``--mark``, repeatable too, takes the tests that have
one of these marks (:func:`roadtest.mark`). Before each test ``# start ID`` is flushed, so that a
crash can be pinned. What tests print becomes diagnostics. What stands in a file
as a test and is none that can be run is named (:mod:`roadtest.lost`), and so is a
file of a directory that has tests and another name, unless ``--filter`` says what is
wanted; ``--announce`` has the list printed before the
first test, and the end of all besides. Exit status: 0 all passed, 1 a test
failed, 2 nothing could be run (a wrong id, no tests, a file that can't be
imported), 3 none failed and some did not run, 5 no test has the mark, 130
interrupted by Ctrl-C.
"""

from __future__ import annotations

import atexit
import faulthandler
import gc
import os
import signal
import sys
import time
import traceback
import types
import unittest

from . import bytecode, debugger, lost, misnamed, raised, ran
from .ktap import Ktap, Prints
from .marks import marks_of
from .raised import Stray, Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, NoReturn, TextIO

    ExcInfo = tuple[type[BaseException], BaseException, types.TracebackType]

USAGE = (
    "usage: python3 -m roadtest FILE|DIR... [--list] [--ktap] [--filter ID] "
    "[--skip ID] [--mark NAME] [--timeout SECONDS]"
)


INTERRUPTED = 130
"""Exit status after Ctrl-C, as of a shell: 128 and SIGINT."""


SOME_NOT_RUN = 3
"""Exit status when no test failed and some did not run."""


NONE_MARKED = 5
"""Exit status when no test has the mark; pytest's for no tests."""


OPTIMIZED = (
    "Python runs with -O or PYTHONOPTIMIZE, which leaves out the assert statements: "
    "a test that has them could not fail"
)


class CommandError(Exception):
    """Nothing could be run; the message says why."""

    status = 2


class NoneMarked(CommandError):
    """No test has the mark that was asked for."""

    status = NONE_MARKED


class Options:
    """What the command line says."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.parts: list[str] = []  # ids of classes and tests of some files
        self.list = False
        self.filters: list[str] = []
        self.skips: list[str] = []
        self.marks: list[str] = []
        self.timeout = 120.0
        self.announce = False

    @classmethod
    def parse(cls, argv: list[str]) -> Options:
        """Parse arguments; CommandError for a wrong one. (argparse costs 8 ms
        of start-up.)"""
        self = cls()
        args = iter(argv)
        for arg in args:
            name, equals, value = arg.partition("=")
            if name in ("--filter", "--skip", "--mark", "--timeout"):
                self._value(name, value if equals else next(args, ""))
            elif arg == "--list":
                self.list = True
            elif arg == "--announce":
                self.announce = True
            elif arg == "--ktap":
                pass  # it is the only format
            elif arg.startswith("-"):
                raise CommandError(f"unknown option {arg}\n{USAGE}")
            else:
                self._path(arg)
        if not self.paths:
            raise CommandError(USAGE)
        return self

    def _path(self, arg: str) -> None:
        path, colons, part = arg.partition("::")
        if path not in self.paths:
            self.paths.append(path)
        if colons:
            stem = os.path.splitext(os.path.basename(path))[0]
            self.parts.append(".".join([stem, *part.split("::")]))

    def _value(self, name: str, value: str) -> None:
        if not value:
            raise CommandError(f"{name} needs a value\n{USAGE}")
        if name == "--filter":
            self.filters.append(value)
        elif name == "--skip":
            self.skips.append(value)
        elif name == "--mark":
            self.marks.append(value)
        else:
            try:
                self.timeout = float(value)
            except ValueError:
                raise CommandError(f"--timeout in seconds: {value}") from None


# ---- finding tests -------------------------------------------------------


def find_files(paths: list[str]) -> list[str]:
    """Files as they are named; below directories all ``test_*.py``, sorted."""
    files: list[str] = []
    for path in paths:
        if not os.path.isdir(path):
            if not os.path.exists(path):
                raise CommandError(f"{path}: no such file or directory")
            files.append(path)
            continue
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(f for f in folders if not f.startswith("."))
            files += [
                os.path.join(folder, name)
                for name in sorted(names)
                if name.startswith("test_") and name.endswith(".py")
            ]
    return files


class Suite:
    """What a file has: its tests, in order, and those that can't be run."""

    def __init__(self, tests: list[unittest.TestCase], left: list[lost.Lost]) -> None:
        self.tests = tests
        self.lost = left

    def ids(self) -> list[str]:
        """Of all."""
        return [test.id() for test in self.tests] + [entry.id for entry in self.lost]

    def add(self, other: Suite) -> None:
        """What another file has."""
        self.tests += other.tests
        self.lost += other.lost


def load(path: str, taken: set[str]) -> Suite:
    """Import a test file as a module of its stem's name."""
    gc.disable()  # for lost.find()
    try:
        return _load(path, taken)
    finally:
        gc.enable()


def _load(path: str, taken: set[str]) -> Suite:
    name = os.path.splitext(os.path.basename(path))[0]
    if not name.isprintable() or " " in name or "#" in name:
        raise CommandError(
            f"{path!r}: ids of tests begin with the name of the file, and have no "
            "blanks, control characters or #: rename it"
        )
    if name in taken:
        raise CommandError(
            f"{path}: another file is called {name} too, and test ids start "
            "with that; run them one by one"
        )
    taken.add(name)
    folder = os.path.dirname(os.path.abspath(path))
    if folder not in sys.path:
        sys.path.insert(0, folder)
        bytecode.keep_of(folder)
    loader = bytecode.Loader(name, os.path.abspath(path))
    module = types.ModuleType(name)
    module.__file__ = os.path.abspath(path)
    module.__loader__ = loader
    sys.modules[name] = module
    with Watch(name, machines=False) as watch:
        try:
            loader.exec_module(module)
        except (Exception, SystemExit) as error:
            error.__traceback__ = _from_file(error.__traceback__, module.__file__)
            raise _import_error(path, error) from None
    for unseen in watch.left():
        raise _import_error(path, unseen)
    ran.guard_module(module)
    found = unittest.defaultTestLoader.loadTestsFromModule(module)
    tests = list(flatten(found))
    if not hasattr(module, "load_tests"):
        tests = once(tests)
    return Suite(tests, lost.find(module, loader.code, tests))


def _import_error(path: str, error: BaseException) -> CommandError:
    """Of a file that raised, also where Python does not look: in a thread."""
    text = "".join(traceback.format_exception(error))
    return CommandError(f"{path} can't be imported:\n{text}{_import_hint(error)}")


def _from_file(
    stack: types.TracebackType | None, path: str
) -> types.TracebackType | None:
    """A traceback without what stands above a file's own lines."""
    while stack is not None and stack.tb_frame.f_code.co_filename != path:
        stack = stack.tb_next
    return stack


def _import_hint(error: BaseException) -> str:
    """What may be behind it, if a name of ours is missing, or a file is from
    the RFC, whose tests were modules of its package."""
    if isinstance(error, ImportError) and "relative import" in str(error):
        return (
            "A test file is in no package. Of the RFC's tests: what `from . "
            "import rtc` (or iio) meant is `from roadtest.rfc.support import "
            "rtc`; see docs/from-the-rfc.md.\n"
        )
    name = getattr(error, "name", None) if isinstance(error, ImportError) else ""
    if (name or "").partition(".")[0] != "roadtest":
        return ""
    return (
        "If the name is right, this build may be older than its sources: run "
        "ninja in the build directory.\n"
    )


def flatten(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    """The tests of a suite, in order."""
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from flatten(item)
        else:
            yield item


def once(tests: list[unittest.TestCase]) -> list[unittest.TestCase]:
    """Without those of a class that the file has under a second name
    (``B = A``): they would be the same tests."""
    seen: set[tuple[type, str]] = set()
    found = []
    for test in tests:
        key = type(test), test.id()
        if key not in seen:
            found.append(test)
        seen.add(key)
    return found


def check_ids(ids: list[str]) -> None:
    """CommandError if an id is there twice: which of them is meant?"""
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            raise CommandError(f'two tests have the id "{name}"')
        seen.add(name)


def in_parts(name: str, parts: list[str]) -> bool:
    """Is a test wanted, as far as parts of its file were asked for?"""
    module = name.partition(".")[0]
    mine = [part for part in parts if part.partition(".")[0] == module]
    return not mine or any(f"{name}.".startswith(f"{p}.") for p in mine)


def near(name: str, ids: list[str]) -> str:
    """What may have been meant, to go behind a message."""
    import difflib

    # The file is the same: only what stands behind it is compared.
    file, _, part = name.partition(".")
    mine = [id for id in ids if id.startswith(f"{file}.")]
    names = [id.removeprefix(f"{file}.") for id in mine]
    names = [name.partition(".")[0] for name in names] + names
    found = difflib.get_close_matches(part, dict.fromkeys(names))
    if not found:
        return " (see --list)"
    return "; near to it: " + ", ".join(f"{file}.{name}" for name in found)


def select(suite: Suite, options: Options) -> Suite:
    """Those that the options want; CommandError for an id that none has."""
    ids = suite.ids()
    for part in options.parts:
        if not any(f"{id}.".startswith(f"{part}.") for id in ids):
            raise CommandError(f"there is nothing called {part}{near(part, ids)}")
    ids = [id for id in ids if in_parts(id, options.parts)]
    known = set(ids)
    for wanted in options.filters + options.skips:
        if wanted not in known:
            raise CommandError(f"no test has the id {wanted}{near(wanted, ids)}")
    chosen = (known & set(options.filters) if options.filters else known) - set(
        options.skips
    )
    tests = [test for test in suite.tests if test.id() in chosen]
    if options.marks:
        tests = [t for t in tests if marks_of(t) & set(options.marks)]
        if not tests:
            raise NoneMarked("no test has the mark " + " ".join(options.marks))
    # One that can't be run has no marks to look at: it may be meant.
    chosen_lost = [entry for entry in suite.lost if entry.id in chosen]
    if not tests and not chosen_lost:
        raise CommandError("no tests: " + " ".join(options.paths))
    return Suite(tests, chosen_lost)


# ---- results -------------------------------------------------------------


class Blocked:
    """Why the tests of a class or module could not run: each says so, and the
    first has the details."""

    def __init__(
        self, scope: str, ok: bool, directive: str, why: str = "", text: str = ""
    ) -> None:
        self.scope = scope
        self.ok = ok
        self.directive = directive
        self.why = why
        self.text = text
        self._first = ""

    def say(self, test: str) -> list[str]:
        """Diagnostics of a test; none if it is skipped."""
        if not self.why:
            return []
        if not self._first:
            self._first = test
            return [self.text, self.why]
        return [f"{self.why}; what it said is at {self._first}"]


class Result(unittest.TestResult):
    """Turns what unittest reports into KTAP."""

    def __init__(self, ktap: Ktap, watchdog: Watchdog) -> None:
        super().__init__()
        self.ktap = ktap
        self.watchdog = watchdog
        self.number = 0
        self.failed = 0
        self._done: set[str] = set()
        self._blocked: list[Blocked] = []
        self._subtests: list[tuple[bool, str]] = []
        self._told = Told()
        self._status: tuple[bool, str] | None = None
        self._begin = 0.0

    def startTest(self, test: unittest.TestCase) -> None:
        """Name it before it runs."""
        super().startTest(test)
        self._subtests = []
        self._told = Told()
        self._status = None
        self.ktap.line(f"# start {test.id()}")
        self._begin = time.monotonic()
        self.watchdog.start(test.id(), self.number + 1)
        # A test of a roadtest.TestCase has a Watch of its own by now, which
        # this one must not stand before.
        self._watch: Watch | None = None
        if not ran.guards_itself(test):
            self._watch = Watch(test.id(), machines=False)
            self._watch.__enter__()
            ran.guard(test)

    def stopTest(self, test: unittest.TestCase) -> None:
        """Print its subtests and its line."""
        if self._watch is not None:
            self._watch.__exit__(None, None, None)
            for error in self._watch.left():
                self._fail(test, exc_info(error))
        self.watchdog.stop()
        super().stopTest(test)
        ok, directive = self._status or (False, "")
        self.ktap.line(f"# time {time.monotonic() - self._begin:.6f}")
        for text in self._told.repeated():
            self.ktap.diagnostic(text)
        self._print_subtests()
        self._print(ok, test.id(), directive)

    def print_blocked(self, tests: list[unittest.TestCase]) -> None:
        """Lines for tests that a class's or module's set-up kept from
        running."""
        for test in tests:
            if test.id() in self._done:
                continue
            for blocked in self._blocked:
                if test.id().startswith(f"{blocked.scope}."):
                    self.ktap.line(f"# start {test.id()}")
                    for text in blocked.say(test.id()):
                        self.ktap.diagnostic(text)
                    self._print(blocked.ok, test.id(), blocked.directive)
                    break

    def has_all(self, suite: Suite) -> bool:
        """Has each test a result, and is none left out?"""
        return not suite.lost and all(t.id() in self._done for t in suite.tests)

    def print_strays(self) -> None:
        """Exceptions in threads that outlived their test: a line behind
        all."""
        for stray in Stray.take():
            text = "".join(traceback.format_exception(stray.error))
            self.ktap.diagnostic(text)
            self._print(False, f"{stray.test}.thread", "")

    def _print(self, ok: bool, name: str, directive: str) -> None:
        self._done.add(name)
        self.number += 1
        self.failed += not ok
        verdict = "ok" if ok else "not ok"
        tail = f" # {directive}" if directive else ""
        self.ktap.line(f"{verdict} {self.number} {name}{tail}")

    def _print_subtests(self) -> None:
        if not self._subtests:
            return
        self.ktap.line("    KTAP version 1")
        self.ktap.line(f"    1..{len(self._subtests)}")
        for number, (ok, name) in enumerate(self._subtests, 1):
            verdict = "ok" if ok else "not ok"
            self.ktap.line(f"    {verdict} {number} {name}")

    def _fail(self, test: Any, error: ExcInfo, subtest: str = "") -> None:
        raised.close(error[1])
        cut_own_frames(error[2])
        text: str = self._exc_info_to_string(  # type: ignore[attr-defined]
            error, test
        )
        if not self.watchdog.test:
            self._fixture_failed(test, text)
            return
        for part in self._told.first(text, subtest):
            self.ktap.diagnostic(part)
        tell = getattr(test, "_road_failed", None)
        if tell is not None:
            tell(error[1])
        self._status = (False, "")

    def _fixture_failed(self, holder: Any, text: str) -> None:
        """setUpClass and the like."""
        name, scope = fixture(holder)
        if name.startswith("setUp"):
            for blocked in self._blocked:
                if blocked.scope == scope and not blocked.ok:
                    blocked.text += text  # of its cleanups
                    return
            why = f"{scope}: {name} failed"
            # Before a skip, which does not hide what its cleanups raise.
            self._blocked.insert(0, Blocked(scope, False, "", why, text))
        else:
            self.ktap.diagnostic(text)
            self._print(False, f"{scope}.{name}", "")

    def addSuccess(self, test: unittest.TestCase) -> None:
        """Passed; XFAIL when a known bug showed."""
        bugs: list[str] = getattr(test, "known_bugs", [])
        self._status = (True, f"XFAIL {_plain('; '.join(bugs))}" if bugs else "")

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        """An exception, also of a class's or module's set-up."""
        self._fail(test, err)

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        """An assertion."""
        self._fail(test, err)

    def addSkip(self, test: Any, reason: str) -> None:
        """Skipped, also a whole class by its setUpClass."""
        directive = f"SKIP {_plain(reason)}"
        if self.watchdog.test:
            if self._status is None:
                self._status = (True, directive)
            return
        name, scope = fixture(test)
        if name.startswith("setUp"):
            self._blocked.append(Blocked(scope, True, directive))
        else:
            text = f"SkipTest: {reason}\nThe tests have run: too late for a skip."
            self._fixture_failed(test, text)

    def addExpectedFailure(self, test: unittest.TestCase, err: Any) -> None:
        """@unittest.expectedFailure failed."""
        self._status = (True, f"XFAIL {_plain(str(err[1]))}")

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
        """@unittest.expectedFailure passed: that is a failure."""
        self.ktap.diagnostic(
            "unexpected success: it is marked as an expected failure"
        )
        self._status = (False, "")

    def addSubTest(
        self, test: unittest.TestCase, subtest: Any, err: Any
    ) -> None:
        """A subTest ended."""
        name = _plain(subtest._subDescription())
        self._subtests.append((err is None, name))
        if err is not None:
            self._fail(test, err, name)


def fixture(holder: Any) -> tuple[str, str]:
    """What unittest calls setUpClass and the like, "setUpClass (module.Class)":
    its name, and whose it is."""
    name, _, scope = str(holder.id()).partition(" (")
    return name, scope.rstrip(")")


class Told:
    """What is said of the failures in one test: each once, and the log of a
    machine that ended once."""

    LOG = "the kernel's log ends with:\n"
    NAMES = 10

    def __init__(self) -> None:
        self._subtests: dict[str, list[str]] = {}
        self._logs: set[str] = set()

    def first(self, text: str, subtest: str) -> list[str]:
        """What to print of a failure, in a subtest if it has a name. Nothing if
        another one failed alike."""
        if not subtest:
            return [self._without_log(text)]
        names = self._subtests.setdefault(text, [])
        names.append(subtest)
        if len(names) > 1:
            return []
        return [f"in the subtest {subtest}:", self._without_log(text)]

    def repeated(self) -> Iterator[str]:
        """Which subtests failed alike."""
        for first, *others in self._subtests.values():
            if not others:
                continue
            names = ", ".join(others[: self.NAMES])
            if len(others) > self.NAMES:
                names += ", ..."
            yield f"{len(others)} more fail as the subtest {first} does: {names}"

    def _without_log(self, text: str) -> str:
        """The log goes on to the next empty line, or to the end."""
        head, found, rest = text.partition(self.LOG)
        parts = [head]
        while found:
            log, gap, rest = rest.partition("\n\n")
            again = log.rstrip() in self._logs
            self._logs.add(log.rstrip())
            parts += ["the kernel's log is above\n" if again else found + log, gap]
            head, found, rest = rest.partition(self.LOG)
            parts.append(head)
        return "".join(parts)


def exc_info(error: BaseException) -> ExcInfo:
    """An error in the form that unittest hands on."""
    assert error.__traceback__ is not None
    return type(error), error, error.__traceback__


def cut_own_frames(stack: types.TracebackType | None) -> None:
    """End a traceback at the last frame outside of this package, if it has
    one: what stands below it is how the package made the call."""
    last = None
    while stack is not None:
        name = str(stack.tb_frame.f_globals.get("__name__"))
        if name.partition(".")[0] not in ("roadtest", "unittest"):
            last = stack
        stack = stack.tb_next
    if last is not None:
        last.tb_next = None


MAX_REASON = 2000
"""Characters of what stands in a result's own line."""


def _plain(text: str) -> str:
    """One line, without the character that starts a directive, nor those that
    no line of text has."""
    line = " ".join(text.replace("#", "").split())
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode()
                   for c in line)
    return line if len(line) <= MAX_REASON else f"{line[:MAX_REASON]}..."


# ---- watchdog ------------------------------------------------------------


class Watchdog:
    """Ends the program when one test takes too long on the wall clock, with
    the stack and the test's name. Not while somebody debugs it."""

    def __init__(self, ktap: Ktap, seconds: float) -> None:
        self.ktap = ktap
        self.seconds = seconds
        self.test = ""
        self._number = 0
        if seconds > 0:
            signal.signal(signal.SIGALRM, self._expired)

    def start(self, test: str, number: int) -> None:
        """A test starts."""
        self.test = test
        self._number = number
        signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def stop(self) -> None:
        """It has ended."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        self.test = ""

    def _expired(self, number: int, frame: types.FrameType | None) -> None:
        if debugged(frame):
            signal.setitimer(signal.ITIMER_REAL, self.seconds)
            return
        stack = "".join(traceback.StackSummary.extract(in_test(frame)).format())
        self.ktap.diagnostic(
            f"{self.test} has not ended after {self.seconds:g} s. It is at:"
            f"\n{stack}"
        )
        self.ktap.line(f"not ok {self._number} {self.test} # TIMEOUT")
        self.ktap.line(f"Bail out! {self.test} does not end")
        os._exit(1)


def in_test(frame: types.FrameType | None) -> Iterator[tuple[types.FrameType, int]]:
    """The frames of a stack with their lines, outermost first, without those
    that only lead to the test: all if there is none."""
    frames = list(traceback.walk_stack(frame))[::-1]
    inside = False
    for number, (entry, _) in enumerate(frames):
        inside |= entry.f_globals.get("__name__") == "unittest.case"
        if inside and "__unittest" not in entry.f_globals:
            return iter(frames[number:])
    return iter(frames)


def debugged(frame: types.FrameType | None) -> bool:
    """Is a debugger at work: one of Python, or one that traces the process?"""
    if sys.gettrace() is not None:
        return True
    while frame is not None:
        if frame.f_globals.get("__name__") in ("bdb", "pdb", "cmd"):
            return True
        frame = frame.f_back
    try:
        with open("/proc/self/status", encoding="ascii") as f:
            text = f.read()
    except OSError:
        return False
    return "\nTracerPid:\t0\n" not in text


# ---- the command ---------------------------------------------------------


def print_list(suite: Suite, say: Callable[[str], object], mark: str) -> None:
    """The ids of tests, a line each, and of those that can't be run why."""
    for test in suite.tests:
        say(mark + test.id())
    for entry in suite.lost:
        say(f"# norun {entry.id} {entry.why}")


def run(suite: Suite, ktap: Ktap, options: Options) -> tuple[int, bool]:
    """Run tests and print their results. The exit status; did it end by
    itself?"""
    result = Result(ktap, Watchdog(ktap, options.timeout))
    ktap.line("KTAP version 1")
    ktap.line(f"1..{len(suite.tests)}")
    listed = suite if options.announce else Suite([], suite.lost)
    print_list(listed, ktap.line, "# test ")
    if options.announce:
        ktap.line("# end of list")
    for cls in {type(test) for test in suite.tests}:
        ran.guard_class(cls)
    ended = True
    try:
        unittest.TestSuite(suite.tests).run(result)
    except SystemExit as error:
        # Of a test it is a failure: this one came from behind a class.
        cut_own_frames(error.__traceback__)
        ktap.diagnostic("".join(traceback.format_exception(error)))
        ended = False
    result.print_blocked(suite.tests)
    result.print_strays()
    if result.failed:
        return 1, ended
    return 0 if ended and result.has_all(suite) else SOME_NOT_RUN, ended


def take_stdout() -> TextIO:
    """Keep the original standard output for KTAP; what programs and C code
    write to descriptor 1 goes to standard error."""
    sys.stdout.flush()
    fd = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(fd, "w", encoding="utf-8", errors="replace")


def main(argv: list[str]) -> tuple[int, Ktap | None]:
    """The command: its exit status, and where to say so if it ran to its end."""
    try:
        if sys.flags.optimize:
            raise CommandError(OPTIMIZED)
        options = Options.parse(argv)
        out = take_stdout()
        ktap = Ktap(out)
        sys.stdout = Prints(ktap)  # type: ignore[assignment]
        ran.guard_cleanups()
        taken: set[str] = set()
        suite = Suite([], [])
        for path in find_files(options.paths):
            suite.add(load(path, taken))
        suite.lost += misnamed.find(options.paths)
        check_ids(suite.ids())
        suite = select(suite, options)
    except CommandError as error:
        # an empty list says it all
        if not (isinstance(error, NoneMarked) and options.list):
            print(f"roadtest: {error}", file=sys.stderr)
        return error.status, None
    if options.list:
        print_list(suite, lambda line: out.write(line + "\n"), "")
        out.flush()
        return 0, None
    faulthandler.enable(sys.stderr)
    debugger.install()
    try:
        status, ended = run(suite, ktap, options)
        return status, ktap if ended else None
    except KeyboardInterrupt:
        ktap.line("Bail out! interrupted")
        return INTERRUPTED, None


def leave(status: int, ktap: Ktap | None) -> NoReturn:
    """End the process at once: taking Python's objects apart costs as much as
    a test. The last word of a run says that nobody ended it before."""
    with Watch("exit handlers", machines=False) as watch:
        atexit._run_exitfuncs()
    for error in watch.left():
        text = "".join(traceback.format_exception(error))
        if ktap is not None:
            ktap.diagnostic(text)
        print(f"{text}An exit handler failed, and so the run.", file=sys.stderr)
        status = status or 1
    if ktap is not None:
        ktap.line("# end of tests")
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass
    os._exit(status)
