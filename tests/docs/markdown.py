# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads the documentation: its fenced blocks, the marks before them, its links.

A mark is an HTML comment on the line before a fence:

``<!-- file: PATH -->``
    The block stands in that file, line for line; it may be indented otherwise.
``<!-- run -->``
    The commands of the block work. In a ``sh`` block each line is one; in a
    ``console`` block those behind "$ " are, and what stands below one is its
    output.
``<!-- run: fails -->``
    The same, and the last command fails.

Commands of one block are run in a directory of their own, except in a document
that makes files. There all steps are taken in order, in one directory:

``<!-- write: PATH -->``
    The block is the whole of a new file.
``<!-- append: PATH -->``
    The block comes to the end of a file.
``<!-- change: PATH -->``
    A ``diff`` block: in the file, its lines with " " and "-" stand in a row,
    once, and become those with " " and "+".
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

MARK = re.compile(r"<!-- (file|run|write|append|change)(?:: (.*))? -->$")
STEPS = "run", "write", "append", "change"
FENCE = re.compile(r"```(\w*)$")
LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`[^`\n]*`")


class Block:
    """A fenced block. ``where`` is "docs/x.md:12"; ``mark`` is the word of its
    mark or "", with its ``argument``."""

    def __init__(
        self, where: str, language: str, text: str, mark: str, argument: str
    ) -> None:
        self.where = where
        self.language = language
        self.text = text
        self.mark = mark
        self.argument = argument

    def commands(self) -> Iterator[tuple[str, str | None]]:
        """Each command with the output that is shown, None where none can
        be."""
        if self.language != "console":
            for line in self.text.splitlines():
                if line.strip() and not line.startswith("#"):
                    yield line, None
            return
        for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output

    def edit(self, text: str) -> str:
        """A file's text after a block that writes, appends or changes.
        ValueError when what it changes is not there once."""
        if self.mark != "change":
            return self.text if self.mark == "write" else text + self.text
        lines = self.text.splitlines(keepends=True)
        old = "".join(line[1:] or "\n" for line in lines if line[0] in " -\n")
        new = "".join(line[1:] or "\n" for line in lines if line[0] in " +\n")
        if text.count(old) != 1:
            raise ValueError(f"this stands there {text.count(old)} times:\n{old}")
        return text.replace(old, new)


class Document:
    """A file of Markdown."""

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.name = name
        self.blocks: list[Block] = []
        self.links: list[tuple[int, str]] = []
        self.anchors: set[str] = set()
        self.errors: list[str] = []
        self._parse(path.read_text(encoding="utf-8").splitlines())

    @property
    def makes_files(self) -> bool:
        """Are its steps to be taken in order?"""
        return any(b.mark in STEPS and b.mark != "run" for b in self.blocks)

    def _parse(self, lines: list[str]) -> None:
        mark: re.Match[str] | None = None
        number = 0
        while number < len(lines):
            line = lines[number]
            fence = FENCE.match(line)
            if fence:
                end = lines.index("```", number + 1)
                text = "\n".join(lines[number + 1 : end]) + "\n"
                kind, argument = mark.groups() if mark else ("", "")
                where = f"{self.name}:{number + 1}"
                self.blocks.append(
                    Block(where, fence[1], text, kind, argument or "")
                )
                number = end
            elif mark:
                self.errors.append(f"{self.name}:{number}: no block behind it")
            else:
                self._parse_text(number + 1, line)
            mark = MARK.match(line) if not fence else None
            if not mark and line.startswith("<!--"):
                self.errors.append(f"{self.name}:{number + 1}: unknown mark")
            number += 1

    def _parse_text(self, number: int, line: str) -> None:
        if line.startswith("#"):
            title = line.lstrip("#").strip().lower()
            self.anchors.add(re.sub(r"[^\w -]", "", title).replace(" ", "-"))
        for target in LINK.findall(CODE.sub("", line)):
            self.links.append((number, target))


def documents(source: Path) -> list[Document]:
    """All of them."""
    paths = [source / "README.md", source / "CONTRIBUTING.md"]
    paths += sorted((source / "docs").glob("*.md"))
    return [
        Document(path, str(path.relative_to(source)))
        for path in paths
        if path.exists()
    ]


def holds(file: str, block: str) -> bool:
    """Does the block stand in the file, line for line?"""
    wanted = textwrap.dedent(block).rstrip("\n").split("\n")
    lines = [line.rstrip() for line in file.split("\n")]
    for start in range(len(lines) - len(wanted) + 1):
        part = "\n".join(lines[start : start + len(wanted)])
        if textwrap.dedent(part).split("\n") == wanted:
            return True
    return False


TIMES = [
    (re.compile(r" \d+ ms$", re.MULTILINE), ""),
    (re.compile(r" in \d+(\.\d+)? m?s\b"), " in N s"),
    (re.compile(r"\b\d+\.\d{9}\b"), "T"),
    (re.compile(r'(roadtest/\w+\.py", line) \d+'), r"\1 N"),
]


def plain(output: str, prefixes: list[str]) -> str:
    """Output without what differs from run to run: times, lines in the package,
    and the prefixes of paths."""
    for prefix in sorted(prefixes, key=len, reverse=True):
        output = output.replace(prefix.rstrip("/") + "/", "")
    for pattern, text in TIMES:
        output = pattern.sub(text, output)
    return "\n".join(line.rstrip() for line in output.strip().split("\n"))
