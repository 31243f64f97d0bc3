# SPDX-License-Identifier: LGPL-2.1-or-later
"""Declarations of a C header, with their comments.

A comment stands before what it documents; what follows that without an empty
line between has the same. A comment that is a rule of dashes begins a section.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import NamedTuple

TOKEN = re.compile(
    r"(?P<comment>/\*.*?\*/)"
    r"|(?P<define>\#define(?:[^\\\n]|\\.|\\\n)*)"
    r"|(?P<other>\#[^\n]*)"
    r"|(?P<skip>extern \"C\" \{|\}|extern [^;]*;)"
    r"|(?P<body>(?:struct|enum) \w+ \{.*?^\};)"
    r"|(?P<inline>static inline [^{]*\n\{.*?^\})"
    r"|(?P<plain>[^;{}]+;)",
    re.DOTALL | re.MULTILINE,
)
ATTRIBUTE = re.compile(r"\b(ROAD_API|static inline|ROAD_PRINTF\([^)]*\))")


class Item(NamedTuple):
    """Declarations that share a comment. ``kind`` is that of the C domain,
    ``text`` for a comment that stands alone, or ``section``."""

    kind: str
    signatures: list[str]
    doc: str
    body: str
    line: int


def comment_text(comment: str) -> str:
    """What a comment says, without its stars."""
    inner = comment.strip()[2:-2].lstrip("*")
    lines = [re.sub(r"^\s*\* ?", "", line) for line in inner.split("\n")]
    lines = [lines[0].strip(), *lines[1:]]
    # "/** text" goes on with two spaces behind the star.
    rest = textwrap.dedent("\n".join(line.expandtabs() for line in lines[1:]))
    return f"{lines[0]}\n{rest}".strip()


def signature(kind: str, code: str) -> str:
    """One line for the C domain."""
    if kind == "macro":
        match = re.match(r"#define\s+(\w+(?:\([^)]*\))?)", code)
        assert match
        return match[1]
    code = re.sub(r"/\*.*?\*/", "", code, flags=re.DOTALL)
    code = ATTRIBUTE.sub("", code.split("\n{")[0])
    return re.sub(r"\s+", " ", code).strip().rstrip(";{ ").strip()


def classify(group: str, code: str) -> tuple[str, str]:
    """Kind and signature of a declaration; "" for one to leave out."""
    if group == "define":
        name = signature("macro", code)
        hidden = name.endswith("_H") or name.startswith(("ROAD_API", "ROAD_PRINTF("))
        return ("", "") if hidden else ("macro", name)
    if group == "body":
        kind, name = code.split(None, 2)[:2]
        return kind, name
    text = signature("function", code)
    if re.fullmatch(r"struct \w+", text):
        return "opaque", text.split()[1]
    return "function", text


def tokens(source: str) -> Iterator[tuple[str, str, int]]:
    """Kind, text and line of each part; "empty" where a line is."""
    position = 0
    while True:
        space = re.compile(r"\s*").match(source, position)
        assert space
        if space[0].count("\n") > 1:
            yield "empty", "", 0
        if space.end() == len(source):
            return
        match = TOKEN.match(source, space.end())
        if not match:
            text = source[space.end() :].partition("\n")[0]
            raise ValueError(f"this is no declaration: {text}")
        position = match.end()
        line = source.count("\n", 0, match.start()) + 1
        yield match.lastgroup or "", match[0], line


def parse(source: str) -> list[Item]:
    """The items of a header, in its order."""
    items: list[Item] = []
    doc, adjacent = "", False
    for group, code, line in tokens(source):
        if group == "comment":
            doc, adjacent = comment_text(code), False
            if doc.startswith("---"):
                title, _, text = doc.lstrip("-\n ").partition("\n")
                items.append(Item("section", [title], text, "", line))
                doc = ""
        elif group == "empty":
            if doc:
                items.append(Item("text", [], doc, "", line))
            doc, adjacent = "", False
        elif group in ("define", "body", "inline", "plain"):
            kind, text = classify(group, code)
            if not kind:
                continue
            if adjacent and not doc and items[-1].kind == kind:
                items[-1].signatures.append(text)
                continue
            items.append(Item(kind, [text], doc, code, line))
            doc, adjacent = "", True
    return items
