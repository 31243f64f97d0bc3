# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that stand in a file and that nothing runs.

unittest takes the methods of the TestCases that a module's names lead to, and
leaves out everything else without a word: a function of the module, a class
that inherits from nothing, a class in a class, a method that a second one of
its name hides. Here the module's compiled code is compared with what was
found: it has each function and each class body that stands in the file, also
one whose name leads elsewhere by now. A body may make several classes: those
that are there when the file has been imported are looked at too, so the
garbage collector has to wait until then.
"""

from __future__ import annotations

import contextlib
import functools
import unittest
from types import CodeType, FunctionType, MethodType, ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable, Iterator
    from typing import Any, NamedTuple

    class Lost(NamedTuple):
        """A test that is not run."""

        id: str
        why: str

else:
    from collections import namedtuple

    Lost = namedtuple("Lost", "id why")

OPTIMIZED = 1
"""CO_OPTIMIZED: of functions, not of class bodies."""

FIXTURES = ("setUp", "tearDown", "setUpClass", "tearDownClass")

DEPTH = 4
"""Decorators on top of each other, and what they keep the function in."""


class _Place:
    """A function, or the body of a class, in the source."""

    def __init__(self, code: CodeType, above: _Place | None) -> None:
        self.code = code
        self.above = above  # None: the module is

    @property
    def path(self) -> list[str]:
        """Names of the classes and functions that it stands in, and its own."""
        return [*(self.above.path if self.above else ()), self.code.co_name]

    @property
    def line(self) -> int:
        """Where it begins, with its decorators."""
        return self.code.co_firstlineno


def _is_class(code: CodeType) -> bool:
    return not code.co_flags & OPTIMIZED


def _inner(code: CodeType) -> Iterator[CodeType]:
    """The functions and classes that stand right in it."""
    for const in code.co_consts:
        if isinstance(const, CodeType):
            if const.co_name.startswith("<generic parameters"):
                yield from _inner(const)
            elif not const.co_name.startswith("<"):
                yield const


def _looks_like_a_test(name: str) -> bool:
    """test, test_x, testX, test1, and not testing."""
    tail = name[4:5]
    return name.startswith("test") and not tail.islower()


def _places(code: CodeType, above: _Place | None) -> Iterator[_Place]:
    """All tests that stand in the module, a class, or a test."""
    for inner in _inner(code):
        place = _Place(inner, above)
        if _is_class(inner):
            yield from _places(inner, place)
        elif _looks_like_a_test(inner.co_name):
            yield place
            for nested in _inner(inner):
                if not _is_class(nested) and _looks_like_a_test(nested.co_name):
                    yield _Place(nested, place)


# ---- what runs -----------------------------------------------------------


def _codes(thing: Any, depth: int, found: set[CodeType]) -> None:
    """Those of a function, and of functions that it keeps: decorated ones."""
    if isinstance(thing, FunctionType):
        found.add(thing.__code__)
    for part in _kept(thing) if depth else ():
        if isinstance(part, (tuple, list)) or (
            callable(part) and not isinstance(part, type)
        ):
            _codes(part, depth - 1, found)


def _kept(thing: Any) -> Iterator[Any]:
    """What a function, a method, a partial or the like holds."""
    if isinstance(thing, (tuple, list)):
        yield from thing
        return
    if isinstance(thing, (MethodType, classmethod, staticmethod)):
        yield thing.__func__
    if isinstance(thing, (functools.partial, functools.partialmethod)):
        yield thing.func
    yield from getattr(thing, "__dict__", {}).values()
    for cell in getattr(thing, "__closure__", None) or ():
        with contextlib.suppress(ValueError):  # it is not set yet
            yield cell.cell_contents


def _running(tests: Iterable[unittest.TestCase]) -> set[CodeType]:
    found: set[CodeType] = set()
    for test in tests:
        method = getattr(test, getattr(test, "_testMethodName", ""), None)
        _codes(getattr(method, "__func__", method), DEPTH, found)
        _codes(getattr(test, "_testFunc", None), DEPTH, found)
    return found


def _loads(code: CodeType, name: str) -> bool:
    """Does it use what the name stands for, here or further in?"""
    import dis

    if name in code.co_names or name in code.co_varnames + code.co_cellvars:
        for step in dis.get_instructions(code):
            if step.argval == name and step.opname.startswith("LOAD"):
                return True
    return any(
        _loads(const, name)
        for const in code.co_consts
        if isinstance(const, CodeType) and const.co_name != name
    )


# ---- why it does not -----------------------------------------------------


def _asserts(code: CodeType) -> bool:
    """Does it look at something, as tests do?"""
    import dis

    names = [name for name in code.co_names if name.startswith("assert")]
    return any(name[6:7].isupper() for name in names) or any(
        step.opname == "LOAD_ASSERTION_ERROR" for step in dis.get_instructions(code)
    )


def _lookup(module: ModuleType, path: list[str]) -> Any:
    """What a path of names leads to; None: nothing."""
    found: Any = module
    for name in path:
        found = vars(found).get(name) if isinstance(found, (type, ModuleType)) else None
    return found


def _is_of(cls: type, body: _Place) -> bool:
    """Is it made by this body? By what it has, as its name may lead elsewhere."""
    own: set[CodeType] = set()
    for value in vars(cls).values():
        _codes(value, DEPTH, own)
    return any(code in own for code in _inner(body.code))


def _stored_alone(above: CodeType, code: CodeType) -> bool:
    """Does a function get its name, and nothing else, where it is made?
    A decorator gets it too."""
    import dis

    steps = list(dis.get_instructions(above))
    at = next(n for n, step in enumerate(steps) if step.argval is code)
    for step in steps[at:]:
        if step.opname.startswith("STORE"):
            return True
        if step.opname.startswith(("CALL", "PRECALL")):
            return False
    return False


def _is_base(cls: type) -> bool:
    """A TestCase of unittest or of ours."""
    return issubclass(cls, unittest.TestCase) and cls.__module__.partition(".")[0] in (
        "unittest",
        "roadtest",
    )


def _says_no(cls: Any) -> bool:
    """Is it a class that is no test by its own word?"""
    return isinstance(cls, type) and vars(cls).get("__test__") is False


def _holder(cls: type, name: str) -> type | None:
    """The class, of its bases, that has an attribute."""
    return next((c for c in cls.__mro__ if name in vars(c)), None)


def _subclasses(cls: type[unittest.TestCase]) -> Iterator[type[unittest.TestCase]]:
    """All below it, in the order in which they were made."""
    for below in cls.__subclasses__():
        yield below
        yield from _subclasses(below)


class _Finder:
    """Looks for lost tests in one module."""

    def __init__(
        self, module: ModuleType, code: CodeType, tests: list[unittest.TestCase]
    ) -> None:
        self.module = module
        self.code = code
        self.tests = tests
        self.running = _running(tests)
        self._tree: ast.Module | None = None

    def find(self) -> list[Lost]:
        """All of them, in the order of the file."""
        taken = {test.id() for test in self.tests}
        lost: list[Lost] = []
        for place in _places(self.code, None):
            why = self._why(place)
            if not why:
                continue
            name = ".".join([self.module.__name__, *place.path])
            if name in taken:
                name = f"{name}@{place.line}"
            taken.add(name)
            lost.append(Lost(name, f"line {place.line}: {why}"))
        lost += [*self._lambdas(), *self._fixtures()]
        return lost + list(self._unreached(lost))

    def _lambdas(self) -> Iterator[Lost]:
        """Functions of the module that have no name of their own."""
        for name, value in vars(self.module).items():
            if (
                isinstance(value, FunctionType)
                and value.__name__ == "<lambda>"
                and value.__code__ in self.code.co_consts
                and _looks_like_a_test(name)
                and self._why_function(name)
            ):
                line = value.__code__.co_firstlineno
                yield Lost(
                    f"{self.module.__name__}.{name}",
                    f"line {line}: {self._why_function(name)}",
                )

    def _unreached(self, lost: list[Lost]) -> Iterator[Lost]:
        """Classes that were made when the file was imported and that none of its
        names leads to: in a loop, by a function. As long as they are not
        collected, their bases know them."""
        if "load_tests" in vars(self.module):
            return
        told = {entry.id.rpartition(".")[0] for entry in lost}
        used = {base for test in self.tests for base in type(test).__mro__}
        number = 0
        for cls in _subclasses(unittest.TestCase):
            name = f"{self.module.__name__}.{cls.__name__}"
            if cls in used or name in told or not self._has_tests(cls):
                continue
            number += 1
            yield Lost(
                f"{name}@{number}",
                "a class that no name of the module leads to: one that was made later "
                "has its name, or it was given none; type() with names of their own, "
                "put into globals(), makes several",
            )

    def _has_tests(self, cls: type[unittest.TestCase]) -> bool:
        """Is it of this file, and does it want to be run?"""
        codes: set[CodeType] = set()
        for name in unittest.defaultTestLoader.getTestCaseNames(cls):
            _codes(getattr(cls, name), DEPTH, codes)
        return (
            cls.__module__ == self.module.__name__
            and not any(map(_says_no, self._around(cls)))
            and any(code.co_filename == self.module.__file__ for code in codes)
        )

    def _around(self, cls: type) -> Iterator[Any]:
        """A class, and those that it stands in."""
        yield cls
        path = cls.__qualname__.split(".")
        for end in range(1, len(path)):
            yield _lookup(self.module, path[:end])

    def _fixtures(self) -> Iterator[Lost]:
        """setUp() and the like of a class that stands behind TestCase: that
        one's, which does nothing, hides it."""
        for cls in dict.fromkeys(type(test) for test in self.tests):
            for name in FIXTURES:
                holder = _holder(cls, name)
                if holder is None or not _is_base(holder):
                    continue
                behind = cls.__mro__[cls.__mro__.index(holder) + 1 :]
                for base in behind:
                    if name in vars(base) and not _is_base(base):
                        yield Lost(
                            f"{self.module.__name__}.{cls.__name__}.{name}",
                            f"{base.__name__}.{name} is never called, TestCase's is: "
                            f"{cls.__name__} has to inherit from {base.__name__} first",
                        )
                        break

    def _why(self, place: _Place) -> str:
        """Why it is not run; "": it is, or is no test."""
        if place.code in self.running:
            return ""
        name = place.code.co_name
        hidden = self._hidden(place)
        if hidden:
            return hidden if "@" not in hidden else ""
        if place.above is None:
            return self._why_function(name)
        if not _is_class(place.above.code):
            above = place.above.code
            if above not in self.running or _loads(above, name):
                return ""
            if not _stored_alone(above, place.code):
                return ""
            return f"it stands in {above.co_name}, which does not call it"
        return self._why_method(place, place.above)

    def _why_function(self, name: str) -> str:
        if getattr(_lookup(self.module, [name]), "__test__", True) is False:
            return ""
        if _loads(self.code, name):
            return ""
        return (
            "it is a function, and only methods of a TestCase are run: put it into "
            "a class, or run the file with pytest; name a helper otherwise"
        )

    def _says_no(self, body: _Place | None) -> bool:
        """Is a class, or one that it stands in, no test by its own word?"""
        while body is not None:
            if _says_no(_lookup(self.module, body.path)):
                return True
            body = body.above
        return False

    # ---- methods

    def _why_method(self, place: _Place, body: _Place) -> str:
        name = place.code.co_name
        cls = _lookup(self.module, body.path)
        if not isinstance(cls, type):
            cls = self._moved(body)
        if cls is None:
            return self._why_no_name("no " + ".".join(body.path))
        if self._says_no(body):
            return ""
        if isinstance(vars(cls).get(name), property) and vars(cls)[name].fset:
            return ""
        if _holder(cls, name) is None:
            return self._why_no_name(f"no {name} in {cls.__name__}")
        value = vars(cls).get(name)
        if getattr(value, "__isabstractmethod__", False):
            return ""
        if "NotImplementedError" in place.code.co_names:
            return ""
        if not issubclass(cls, unittest.TestCase):
            return self._why_plain(place, cls)
        if self._overridden(name, cls):
            return ""
        codes: set[CodeType] = set()
        _codes(value, DEPTH, codes)
        if place.code not in codes or not callable(getattr(cls, name)):
            return self._why_replaced(value)
        if body.above is not None:
            return (
                f"{body.code.co_name} is a class in a class, and only those of the "
                "module are run"
            )
        if "load_tests" in vars(self.module):
            return "load_tests() leaves it out"
        return "nothing that the module has leads to it"

    def _moved(self, body: _Place) -> type | None:
        """A class that goes by another name, or one that runs has as base."""
        for cls in self._classes():
            if cls.__name__ == body.code.co_name and _is_of(cls, body):
                return cls
        return None

    def _classes(self) -> Iterator[type]:
        for value in [*vars(self.module).values(), *map(type, self.tests)]:
            if isinstance(value, type):
                yield from value.__mro__

    def _why_no_name(self, what: str) -> str:
        return (
            f"there is {what} once the file is imported: to leave something out use "
            "@unittest.skipIf, which is seen"
        )

    def _users(self, cls: type) -> list[type]:
        """The classes that inherit from it and whose tests run."""
        return list({type(t): None for t in self.tests if isinstance(t, cls)})

    def _overridden(self, name: str, cls: type) -> bool:
        """Do all that inherit it have one of their own?"""
        holders = [_holder(user, name) or cls for user in self._users(cls)]
        return bool(holders) and all(
            holder is not cls
            and issubclass(holder, cls)
            and callable(vars(holder)[name])
            for holder in holders
        )

    def _why_plain(self, place: _Place, cls: type) -> str:
        """Of a class that is no TestCase: a mixin, a model, or a mistake."""
        name = place.code.co_name
        users = self._users(cls)
        for user in users:
            hider = _holder(user, name)
            if hider is None or issubclass(hider, cls):
                continue
            method = getattr(vars(hider)[name], "__code__", None)
            if name in getattr(method, "co_names", ()):
                continue  # it calls this one
            return (
                f"{hider.__name__}.{name} hides it: {user.__name__} has "
                f"{hider.__name__} before {cls.__name__}"
            )
        if users or _loads(self.code, name):
            return ""
        ours = any(c.__module__.startswith("roadtest.") for c in cls.__mro__)
        if not cls.__name__.startswith("Test") and (ours or not _asserts(place.code)):
            return ""
        return f"{cls.__name__} is no TestCase"

    def _why_replaced(self, value: object) -> str:
        if value is None:
            return "its name stands for None: does a decorator return nothing?"
        if callable(value):
            # A function that does not have this one, say.
            return f"its name stands for something else, a {type(value).__name__}"
        return f"it is no method but a {type(value).__name__}"

    # ---- two of one name

    def _hidden(self, place: _Place) -> str:
        """Is there another one of its name beside it, or beside a class that it
        stands in? "@": which of them is there is decided by the file."""
        here: _Place | None = place
        while here is not None:
            above = here.above.code if here.above else self.code
            for other in _inner(above):
                if other.co_name != here.code.co_name or other is here.code:
                    continue
                if self._either(here.line, other.co_firstlineno):
                    return "@"
                if other.co_firstlineno > here.line:
                    return self._hides(place, here, other)
            here = here.above
        return ""

    def _hides(self, place: _Place, here: _Place, other: CodeType) -> str:
        if here is place and self._decorated_with(other.co_firstlineno, other.co_name):
            return "@"
        what = "class " if _is_class(other) else ""
        return f"a second {what}{other.co_name} hides it, line {other.co_firstlineno}"

    def _parsed(self) -> ast.Module:
        if self._tree is None:
            import ast

            with open(str(self.module.__file__), "rb") as f:
                self._tree = ast.parse(f.read())
        return self._tree

    def _either(self, one: int, two: int) -> bool:
        """Do two lines stand in parts of a statement that exclude each other:
        if and else, try and except?"""
        import ast

        for node in ast.walk(self._parsed()):
            parts: list[list[Any]] = []
            if isinstance(node, ast.If):
                parts = [node.body, node.orelse]
            elif isinstance(node, ast.Try):
                parts = [node.body + node.orelse, *(h.body for h in node.handlers)]
            elif isinstance(node, ast.Match):
                parts = [case.body for case in node.cases]
            at = [_part_of(parts, line) for line in (one, two)]
            if None not in at and at[0] != at[1]:
                return True
        return False

    def _decorated_with(self, line: int, name: str) -> bool:
        """Does a decorator get the first one, as a property's setter does?"""
        import ast

        for node in ast.walk(self._parsed()):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                first = [*(d.lineno for d in node.decorator_list), node.lineno][0]
                if first == line:
                    return any(
                        isinstance(part, ast.Name) and part.id == name
                        for decorator in node.decorator_list
                        for part in ast.walk(decorator)
                    )
        return False


def _part_of(parts: list[list[Any]], line: int) -> int | None:
    for number, part in enumerate(parts):
        for statement in part:
            first = min(
                [statement.lineno]
                + [d.lineno for d in getattr(statement, "decorator_list", ())]
            )
            if first <= line <= statement.end_lineno:
                return number
    return None


def find(
    module: ModuleType, code: CodeType, tests: list[unittest.TestCase]
) -> list[Lost]:
    """What stands in a file as a test, and is in none of its tests."""
    return _Finder(module, code, tests).find()
