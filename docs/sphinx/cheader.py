# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sphinx directive ``c-headers``: the reference of C headers, from their comments.

The comments are written as in the kernel: ``NAME() - what it is``, ``@argument:
text``, ``Return:``. A public name without a comment is a warning.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from cparse import Item, comment_text, parse
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import nested_parse_with_titles

INTERNAL = "What the macros are made of"
"""Name of the section with which the reference of a header ends."""

TITLE = re.compile(
    r"^(?:[\w/]+\.h - |(?:(?:struct|enum) )?\w+(?:\([^)]*\))?(?:, \w+\(\))* - )"
)


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
        code = re.sub(r"\s+", " ", match["code"].partition("=")[0]).strip()
        said = [match[group] for group in ("before", "behind") if match[group]]
        text = " ".join(map(comment_text, said)) or known.get(name_of(code), "")
        for one in declarators(code):
            result += [f".. c:{kind}:: {one}", ""]
            if text:
                result += [*textwrap.indent(inline(text), "   ").split("\n"), ""]
                text = ""
    return result


def name_of(code: str) -> str:
    """The first name that a member declares."""
    pointer = re.search(r"\(\*(\w+)\)", code)
    plain = re.search(r"(\w+)(?:\[\w+\])?(?=,|$)", code)
    found = pointer or plain
    assert found, code
    return found[1]


def declarators(code: str) -> list[str]:
    """ "char *out, *err" as two declarations."""
    if "(" in code or "," not in code:
        return [code]
    first, *rest = code.split(",")
    base = re.sub(r"[\s*]*\w+$", "", first)
    return [first] + [f"{base} {part.strip()}" for part in rest]


def section(item: Item) -> list[str]:
    """A heading and what stands below it."""
    return [inline(item.signatures[0]), "-" * 70, "", *paragraphs(item.doc), ""]


def indented(lines: list[str]) -> list[str]:
    return [("   " + line).rstrip() for line in lines]


def said_of(arguments: dict[str, str]) -> list[str]:
    """What a comment says of a function's arguments."""
    lines: list[str] = []
    for name, said in arguments.items():
        lines.append(", ".join(f"``{n.strip(' @')}``" for n in name.split(",")))
        lines += [*indented(inline(said).split("\n")), ""]
    return lines


def declaration(item: Item) -> list[str]:
    """An entry of the C domain."""
    directive = f".. c:{item.kind}:: "
    lines = [directive + item.signatures[0]]
    lines += [" " * len(directive) + more for more in item.signatures[1:]] + [""]
    text, arguments = split(item.doc)
    text, mark, returned = text.partition("Return: ")
    inner = paragraphs(text)
    if item.kind in ("struct", "enum"):
        inner += members(item, arguments)
    else:
        inner += said_of(arguments)
    if mark:
        inner += ["Returns " + inline(" ".join(returned.split())), ""]
    return lines + indented(inner) + [""]


def render(items: list[Item], defined: set[str], missing: list[str]) -> list[str]:
    """reStructuredText of a header. ``defined`` are the structs of all headers.
    What has no comment is added to ``missing``."""
    lines: list[str] = []
    functions = " ".join(s for i in items if i.kind == "function" for s in i.signatures)
    for item in items:
        if item.kind == "section" and item.signatures[0] == INTERNAL:
            break
        if item.kind == "section":
            lines += section(item)
        elif item.kind == "text":
            lines += [*paragraphs(TITLE.sub("", item.doc, count=1)), ""]
        elif item.kind == "opaque":
            for name in sorted(set(item.signatures) - defined):
                lines += [f".. c:struct:: {name}", "", "   Opaque.", ""]
        elif f" {item.signatures[0]}(" in functions:
            # For Sphinx a struct and a function can't have the same name.
            lines += [".. c:namespace-push:: tag", "", *declaration(item)]
            lines += [".. c:namespace-pop::", ""]
        else:
            lines += declaration(item)
        if not item.doc and item.kind not in ("section", "text", "opaque"):
            missing += [f"{item.line}: {s}" for s in item.signatures]
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
