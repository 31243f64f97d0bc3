# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sphinx directive ``c-headers``: the reference of C headers, from their comments.

The comments are written as in the kernel: ``NAME() - what it is``, ``@argument:
text``, ``Return:``. One stands before what it documents; what follows that
without an empty line between has the same. A comment that is a rule of dashes
begins a section. A public name without a comment is a warning.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import nested_parse_with_titles

INTERNAL = "What the macros are made of"
"""Name of the section with which the reference of a header ends."""

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
TITLE = re.compile(
    r"^(?:[\w/]+\.h - |(?:(?:struct|enum) )?\w+(?:\([^)]*\))?(?:, \w+\(\))* - )"
)


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
        match = TOKEN.match(source, space.end())
        if not match:
            return
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


def inline(text: str) -> str:
    """Words of the kernel's comments as reStructuredText."""
    text = re.sub(r"(?<!`)`([^`]+)`(?!`)", r"\0\1\0", text)
    text = re.sub(r"([*|\\]|_\b)", r"\\\1", text)
    text = re.sub(r"@(\w+(?:->\w+)?)", r"\0\1\0", text)
    text = re.sub(r"\b((?:road_\w+|\w+))\(\)", _function, text)
    text = re.sub(r"\b(struct|enum) (road_\w+)(?!\*)", r"\1 :c:\1:`\2`", text)
    return text.replace("\0", "``")


def _function(match: re.Match[str]) -> str:
    name = match[1]
    return f":c:func:`{name}`" if name.startswith("road_") else f"``{name}()``"


def split(doc: str) -> tuple[str, dict[str, str]]:
    """The text of a comment, and what it says of each @name."""
    doc = TITLE.sub("", doc, count=1)
    arguments: dict[str, str] = {}
    text: list[str] = []
    name = ""
    for line in doc.split("\n"):
        match = re.match(r"((?:@\w+, )*@\w+):\s+(.*)", line)
        if match:
            name = match[1]
            arguments[name] = match[2]
        elif name and line.startswith((" ", "\t")):
            arguments[name] += "\n" + line.strip()
        else:
            name = ""
            text.append(line)
    return "\n".join(text).strip(), arguments


def paragraphs(text: str) -> list[str]:
    """The text as reStructuredText; what is indented is code."""
    result: list[str] = []
    for part in re.split(r"\n\s*\n", text):
        if part.startswith((" ", "\t")):
            result += ["::", "", *textwrap.indent(part, "   ").split("\n"), ""]
            continue
        if part.strip():
            result += [*inline(part).strip().split("\n"), ""]
    return result


ENUMERATOR = re.compile(
    r"(?P<before>/\*\*(?:(?!\*/).)*\*/)?\s*(?P<code>\w+(?: = [^,]+)?),"
    r"[ \t]*(?P<behind>/\*(?:(?!\*/).)*\*/)?",
    re.DOTALL,
)
FIELD = re.compile(
    r"(?P<before>/\*\*(?:(?!\*/).)*\*/)?\s*(?P<code>[^;/]+);"
    r"[ \t]*(?P<behind>/\*(?!\*)(?:(?!\*/).)*\*/)?",
    re.DOTALL,
)


def members(item: Item, arguments: dict[str, str]) -> list[str]:
    """Members of a struct or an enum, with what is said of each."""
    inner = item.body[item.body.index("{") + 1 : item.body.rindex("}")]
    if item.kind == "enum":
        inner = inner.rstrip() + ("" if inner.rstrip().endswith(("*/", ",")) else ",")
    known = {n.strip(" @"): text for k, text in arguments.items() for n in k.split(",")}
    result: list[str] = []
    kind = "enumerator" if item.kind == "enum" else "member"
    pattern = ENUMERATOR if item.kind == "enum" else FIELD
    for match in pattern.finditer(inner):
        code = re.sub(r"\s+", " ", match["code"]).strip()
        names = re.findall(r"\(\*(\w+)\)", code) or re.findall(
            r"(\w+)(?:\[\w+\])?(?=,|$)", code.split("=")[0].strip()
        )
        text = " ".join(
            comment_text(match[g]) for g in ("before", "behind") if match[g]
        )
        text = text or known.get(names[0], "")
        for signature_ in (
            declarators(code) if kind == "member" else [code.split("=")[0].strip()]
        ):
            result += [f".. c:{kind}:: {signature_}", ""]
            if text:
                result += [*textwrap.indent(inline(text), "   ").split("\n"), ""]
                text = ""
    return result


def declarators(code: str) -> list[str]:
    """ "char *out, *err" as two declarations."""
    if "(" in code or "," not in code:
        return [code]
    first, *rest = code.split(",")
    base = re.sub(r"[\s*]*\w+$", "", first)
    return [first] + [f"{base} {part.strip()}" for part in rest]


def render(items: list[Item], defined: set[str], missing: list[str]) -> list[str]:
    """reStructuredText of a header. ``defined`` are the structs of all headers.
    What has no comment is added to ``missing``."""
    lines: list[str] = []
    functions = {s for i in items if i.kind == "function" for s in i.signatures}
    for item in items:
        if item.kind == "section":
            title = item.signatures[0]
            if title == INTERNAL:
                break
            lines += [inline(title), "-" * 70, "", *paragraphs(item.doc), ""]
            continue
        if item.kind == "text":
            lines += [*paragraphs(TITLE.sub("", item.doc, count=1)), ""]
            continue
        if item.kind == "opaque":
            for name in item.signatures:
                if name not in defined:
                    lines += [f".. c:struct:: {name}", "", "   Opaque.", ""]
            continue
        if not item.doc:
            missing += [f"{item.line}: {s}" for s in item.signatures]
        text, arguments = split(item.doc)
        # For Sphinx a struct and a function can't have the same name.
        twice = any(f" {item.signatures[0]}(" in f for f in functions)
        lines += [".. c:namespace-push:: tag", ""] if twice else []
        directive = f".. c:{item.kind}:: "
        lines.append(directive + item.signatures[0])
        lines += [" " * len(directive) + s for s in item.signatures[1:]]
        lines.append("")
        text, mark, returned = text.partition("Return: ")
        inner = paragraphs(text)
        if item.kind in ("struct", "enum"):
            inner += members(item, arguments)
        else:
            for name, said in arguments.items():
                names = ", ".join(f"``{n.strip(' @')}``" for n in name.split(","))
                inner += [names, *textwrap.indent(inline(said), "   ").split("\n"), ""]
        if mark:
            inner += ["Returns " + inline(" ".join(returned.split())), ""]
        lines += [("   " + line).rstrip() for line in inner] + [""]
        lines += [".. c:namespace-pop::", ""] if twice else []
    return lines


class CHeaders(SphinxDirective):
    """``.. c-headers:: DIRECTORY``, from the top of the source tree: all that are
    there."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        directory = Path(self.config.source_tree, self.arguments[0])
        paths = sorted(directory.rglob("*.h"), key=lambda path: len(path.parts))
        texts = {path: path.read_text(encoding="utf-8") for path in paths}
        structs = r"^struct (\w+) \{"
        defined = set(re.findall(structs, "\n".join(texts.values()), re.MULTILINE))
        node = nodes.section()
        node.document = self.state.document
        for path, text in texts.items():
            self.env.note_dependency(str(path))
            name = str(path.relative_to(directory))
            missing: list[str] = []
            lines = [name, "=" * len(name), ""]
            lines += render(parse(text), defined, missing)
            source = StringList(lines, source=str(path))
            nested_parse_with_titles(self.state, source, node)
            for what in missing:
                message = f"{path}:{what}: no comment"
                self.state.document.reporter.warning(message, line=self.lineno)
        return node.children


def setup(app: object) -> dict[str, bool]:
    app.add_directive("c-headers", CHeaders)  # type: ignore[attr-defined]
    return {"parallel_read_safe": True}
