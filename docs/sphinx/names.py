# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sphinx directives for a Python package.

``.. exported-names:: PACKAGE``
    What it exports, each with a link to where it is documented, and the first
    sentence of that.
``.. modules:: PACKAGE``
    The reference of each of its modules, from the docstrings.
``.. stub:: PACKAGE``, with names of classes below it
    The reference of classes of its extension, from the docstrings of the .pyi.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import nested_parse_with_titles

INTERNAL = {
    "__main__",
    "_roadtest",
    "attributes",
    "bytecode",
    "compare",
    "fixtures",
    "forkserver",
    "hooks",
    "ktap",
    "layout",
    "lazy",
    "leaks",
    "lost",
    "options",
    "public",
    "runner",
    "session",
    "shell",
    "tests",
}
"""Modules that nobody but the package itself uses."""


def entry(module: object, name: str) -> str:
    """One item of the list."""
    thing = getattr(module, name)
    home = getattr(thing, "__module__", "")
    role = "class" if inspect.isclass(thing) else "func"
    if inspect.isclass(thing) and issubclass(thing, BaseException):
        role = "exc"
    doc = " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())
    sentence = re.split(r"(?<=[.:]) ", doc)[0].rstrip(":.")
    return f"- :py:{role}:`{name} <{home}.{name}>`: {sentence}"


class ExportedNames(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        module = importlib.import_module(self.arguments[0])
        lines = [entry(module, name) for name in sorted(module.__all__)]
        node = nodes.Element()
        source = StringList(lines, source=self.arguments[0])
        self.state.nested_parse(source, self.content_offset, node)
        return node.children


def modules_of(package: str) -> list[str]:
    """Names of its public modules; packages in it have theirs behind them."""
    module = importlib.import_module(package)
    path = [module.__path__[0]]  # the sources; the extension is elsewhere
    names = []
    for found in pkgutil.iter_modules(path):
        if found.name in INTERNAL:
            continue
        names.append(f"{package}.{found.name}")
        if found.ispkg:
            names += modules_of(names[-1])
    return names


class Modules(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        lines: list[str] = []
        for name in modules_of(self.arguments[0]):
            lines += [name, "-" * len(name), "", f".. automodule:: {name}", ""]
        node = nodes.section()
        node.document = self.state.document
        nested_parse_with_titles(self.state, StringList(lines, source=name), node)
        return node.children


def describe(directive: str, name: str, doc: str | None) -> list[str]:
    """A directive with its text, in which functions of C are links."""
    text = re.sub(r"\b(road_\w+)\(\)", r":c:func:`\1`", inspect.cleandoc(doc or ""))
    return [f".. py:{directive}:: {name}", "", textwrap.indent(text, "   "), ""]


def members(cls: ast.ClassDef) -> Iterator[list[str]]:
    """The public methods and attributes of a class in a stub."""
    for item in cls.body:
        if not isinstance(item, ast.FunctionDef) or item.name.startswith("_"):
            continue
        doc = ast.get_docstring(item)
        if item.decorator_list:
            yield describe("property", item.name, doc)
        else:
            args = [arg.arg for arg in item.args.args[1:]]
            yield describe("method", f"{item.name}({', '.join(args)})", doc)


class Stub(SphinxDirective):
    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        package = importlib.import_module(self.arguments[0])
        path = Path(package.__path__[0], "_roadtest.pyi").resolve()
        self.env.note_dependency(str(path))
        tree = ast.parse(path.read_text(encoding="utf-8"))
        wanted = " ".join(self.content).split()
        lines = [f".. py:module:: {package.__name__}._roadtest", ""]
        for cls in tree.body:
            if isinstance(cls, ast.ClassDef) and cls.name in wanted:
                wanted.remove(cls.name)
                lines += describe("class", cls.name, ast.get_docstring(cls))
                for member in members(cls):
                    lines += textwrap.indent("\n".join(member), "   ").split("\n")
        if wanted:
            raise self.error(f"{path} has no {wanted}")
        text = "\n".join(lines).split("\n")
        node = nodes.Element()
        source = StringList(text, source=str(path))
        self.state.nested_parse(source, self.content_offset, node)
        return node.children


def setup(app: object) -> dict[str, bool]:
    app.add_directive("stub", Stub)  # type: ignore[attr-defined]
    app.add_directive("modules", Modules)  # type: ignore[attr-defined]
    app.add_directive("exported-names", ExportedNames)  # type: ignore[attr-defined]
    return {"parallel_read_safe": True}
