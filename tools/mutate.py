# SPDX-License-Identifier: LGPL-2.1-or-later
"""All the small mistakes that could be in a driver: its mutants.

A mutant is one change of the source text. OPERATORS names the kinds there are;
each looks at one unit (a statement, or the head of a control statement) of a
function. The C is looked at as tokens, so whatever a compiler would not take
can be among the mutants: who builds them draws another one.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator

TOKEN = re.compile(
    r"(?P<number>0[xX][0-9a-fA-F]+[uUlL]*|\d+[uUlL]*)"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<op><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\|"
    r"|[-+*/%&|^]=|\S)"
)
HIDDEN = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"
    r"|^[ \t]*#(?:\\\n|[^\n])*",
    re.DOTALL | re.MULTILINE,
)
DEFINE = re.compile(r"^#define[ \t]+(\w+)[ \t]+(\S[^\n]*)$", re.MULTILINE)

BUS_WRITE = re.compile(
    r"i2c_smbus_write_\w+|i2c_master_send"
    r"|regmap_(raw_|bulk_|noinc_)?write(_bits)?"
    r"|regmap_(update|set|clear|assign)_bits|regmap_field_write"
)
BUS_CALL = re.compile(
    r"i2c_smbus_(read|write)_\w+|regmap_\w+|i2c_master_\w+|i2c_transfer"
)
ERROR = re.compile(
    r"(ret|rc|err|error|status|retval)( (<|<=|!=) 0)?$|IS_ERR(_OR_NULL)? \("
)
SWAPPED = [
    ("_word_swapped", "_word_data"),
    ("cpu_to_be", "cpu_to_le"),
    ("be16_to_cpu", "le16_to_cpu"),
    ("be32_to_cpu", "le32_to_cpu"),
    ("be24", "le24"),
    ("unaligned_be", "unaligned_le"),
]
CONTROL = ("if", "while", "for", "switch")


class Token:
    """A word of the source: ``text``, ``kind`` (number, name, op), where it
    starts and ends, its line (from 1)."""

    __slots__ = ("text", "kind", "start", "end", "line")

    def __init__(self, found: re.Match[str], line: int) -> None:
        self.text = found.group()
        self.kind = found.lastgroup or "op"
        self.start, self.end = found.span()
        self.line = line


class Mutant:
    """One change: what, where, and the ``lines`` of the unit that it is in."""

    def __init__(
        self, operator: str, start: int, end: int, new: str, lines: set[int]
    ) -> None:
        self.operator = operator
        self.start = start
        self.end = end
        self.new = new
        self.lines = lines

    def apply(self, text: str) -> str:
        """The source with the mistake in it."""
        return text[: self.start] + self.new + text[self.end :]

    def diff(self, text: str, path: str) -> str:
        """What it changes, as a patch."""
        old, new = text.splitlines(), self.apply(text).splitlines()
        lines = difflib.unified_diff(old, new, path, path, "", "", 3, "")
        return "\n".join(lines) + "\n"


Unit = list[Token]
Change = tuple[int, int, str]  # from, to, new text


def hide(text: str) -> str:
    """The source with blanks for comments, strings and preprocessor lines."""
    return HIDDEN.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def tokenize(text: str) -> list[Token]:
    """All tokens of a source."""
    hidden = hide(text)
    tokens: list[Token] = []
    line, last = 1, 0
    for found in TOKEN.finditer(hidden):
        line += hidden.count("\n", last, found.start())
        last = found.start()
        tokens.append(Token(found, line))
    return tokens


def closing(tokens: list[Token], i: int) -> int:
    """Index of the bracket that closes the one at ``i``."""
    depth = 0
    for n in range(i, len(tokens)):
        depth += tokens[n].text in ("(", "[", "{")
        depth -= tokens[n].text in (")", "]", "}")
        if not depth:
            return n
    return len(tokens) - 1


def functions(tokens: list[Token]) -> Iterator[tuple[str, list[Token]]]:
    """Name and body of each function."""
    i = 0
    name = ""
    while i < len(tokens):
        token = tokens[i]
        if token.text == "{":
            end = closing(tokens, i)
            if i and tokens[i - 1].text == ")":
                yield name, tokens[i + 1 : end]
            i = end
        elif token.text == "(":
            name = tokens[i - 1].text if i else ""
            i = closing(tokens, i)
        i += 1


def tables(tokens: list[Token]) -> Iterator[list[Token]]:
    """The initialisers outside of functions."""
    i = 0
    while i < len(tokens):
        end = closing(tokens, i) if tokens[i].text in ("{", "(") else i
        if tokens[i].text == "{" and tokens[i - 1].text == "=":
            yield tokens[i : end + 1]
        i = end + 1


def statement_end(body: list[Token], i: int) -> int:
    """Index of the semicolon that ends the statement that starts at ``i``."""
    while i < len(body) and body[i].text != ";":
        i = closing(body, i) if body[i].text in ("(", "[", "{") else i
        i += 1
    return min(i, len(body) - 1)


def units(body: list[Token]) -> Iterator[Unit]:
    """The statements of a function, without those that they contain, and the
    heads of its control statements."""
    i = 0
    while i < len(body):
        text = body[i].text
        after = body[i + 1].text if i + 1 < len(body) else ""
        end = i
        if text in ("case", "default"):
            while body[end].text != ":":
                end += 1
        elif text in ("{", "}", ";", "else", "do") or text == ":":
            pass
        elif body[i].kind == "name" and after == ":":
            end = i + 1
        else:
            if after == "(":
                end = closing(body, i + 1)
            block = end + 1 < len(body) and body[end + 1].text == "{"
            if text not in CONTROL and not (after == "(" and block):
                end = statement_end(body, i)
            yield body[i : end + 1]
        i = end + 1


# ------------------------------------------------------------------------
# The operators: each yields its changes of one unit
# ------------------------------------------------------------------------


class Source:
    """What an operator may want to know of the whole driver."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.functions = list(functions(self.tokens))
        self.writers = self._callers(BUS_WRITE, "write")
        self.accessors = self._callers(BUS_CALL, "read|write")
        self.registers = self._registers()

    def _registers(self) -> dict[str, str]:
        """Names of registers, each with the next one in order of definition.

        A register is what stands as one in a bus call or a `.xy_reg =`, or
        is defined beside such a one as a plain number, and not named a mask,
        a shift or a bit."""
        used: set[str] = set()
        for i, token in enumerate(self.tokens[:-2]):
            if token.text in self.accessors or BUS_CALL.fullmatch(token.text):
                arguments = self.tokens[i + 2 : closing(self.tokens, i + 1)]
                used |= {t.text for t in second_argument(arguments)}
            if token.text.endswith("_reg") and self.tokens[i + 1].text == "=":
                used.add(self.tokens[i + 2].text)
        names: list[str] = []
        for block in re.split(r"\n\s*\n", self.text):
            found = DEFINE.findall(block)
            if not any(name in used for name, _ in found):
                continue
            for name, value in found:
                plain = re.match(r"\(?(0x)?[0-9a-fA-F]+\)?\s*(/\*|$)", value)
                odd = re.search(r"MASK|SHIFT|BIT|CMD", name)
                if name in used or (plain and not odd):
                    names.append(name)
        following = names[1:] + names[:1] if len(names) > 1 else []
        return dict(zip(names, following))

    def _callers(self, call: re.Pattern[str], name: str) -> set[str]:
        """Functions of the driver with such a name that make such calls."""
        return {
            function
            for function, body in self.functions
            if re.search(name, function)
            and any(call.fullmatch(token.text) for token in body)
        }

    def writes(self, name: str) -> bool:
        """Does the function of this name write to the bus?"""
        return name in self.writers or BUS_WRITE.fullmatch(name) is not None


def second_argument(arguments: list[Token]) -> list[Token]:
    """Tokens of the second of some arguments; of a local variable none."""
    depth = number = 0
    found: list[Token] = []
    for token in arguments:
        depth += token.text in ("(", "[")
        depth -= token.text in (")", "]")
        if token.text == "," and not depth:
            number += 1
        elif number == 1 and token.kind == "name" and token.text.isupper():
            found.append(token)
    return found


def words(unit: Unit) -> str:
    """The tokens with a blank between."""
    return " ".join(token.text for token in unit)


def constant_off_by_one(source: Source, unit: Unit) -> Iterator[Change]:
    for token in unit:
        if token.kind == "number":
            digits = token.text.rstrip("uUlL")
            more = f"{int(digits, 0) + 1:#x}" if "x" in digits.lower() else (
                str(int(digits, 8 if digits[0] == "0" else 10) + 1)
            )
            yield token.start, token.end, more + token.text[len(digits) :]


def swapped_register(source: Source, unit: Unit) -> Iterator[Change]:
    for token in unit:
        if token.text in source.registers:
            yield token.start, token.end, source.registers[token.text]


def dropped_mask(source: Source, unit: Unit) -> Iterator[Change]:
    for i in range(1, len(unit) - 1):
        before = unit[i - 1]
        operand = before.kind != "op" or before.text in (")", "]")
        operand = operand and before.text != "return"
        cast = before.text == ")" and unit[i + 1].kind == "name" and (
            i > 1 and unit[i - 2].text == "*"
        )
        if unit[i].text == "&=":
            first = i - 1  # the whole of `x.y &= mask`
            while first and unit[first - 1].text not in (";", "{", "}", ")"):
                first -= 1
            yield unit[first].start, unit[-1].start, ""
        elif unit[i].text == "&" and operand and not cast:
            end = i + 1
            while unit[end].text in ("~", "!"):
                end += 1
            if unit[end].text == "(":
                end = closing(unit, end)
            while unit[end + 1].text in ("(", "[", ".", "->"):
                inner = unit[end + 1].text in ("(", "[")
                end = closing(unit, end + 1) if inner else end + 2
            yield unit[i].start, unit[end].end, ""


def deleted_write(source: Source, unit: Unit) -> Iterator[Change]:
    for i, token in enumerate(unit[:-1]):
        if unit[i + 1].text == "(" and source.writes(token.text):
            yield token.start, unit[closing(unit, i + 1)].end, "0"


def condition(unit: Unit) -> tuple[int, int] | None:
    """Where the condition of an if, while or for stands."""
    if unit[0].text in ("if", "while") and unit[-1].text == ")":
        return unit[2].start, unit[-2].end
    if unit[0].text == "for":
        ends = [i for i, token in enumerate(unit) if token.text == ";"]
        if len(ends) == 2 and ends[1] > ends[0] + 1:
            return unit[ends[0] + 1].start, unit[ends[1] - 1].end
    return None


def negated_condition(source: Source, unit: Unit) -> Iterator[Change]:
    found = condition(unit)
    if found:
        start, end = found
        yield start, end, f"!({source.text[start:end]})"
    stops = ("=", "(", ",", "return", "?", ":", "|=", "+=", "&=", "{")
    for i, token in enumerate(unit):
        if token.text != "?":
            continue
        first, depth = i, 0
        while first and (depth or unit[first - 1].text not in stops):
            first -= 1
            depth += unit[first].text == ")"
            depth -= unit[first].text == "("
        start, end = unit[first].start, unit[i - 1].end
        yield start, end, f"!({source.text[start:end]})"


def removed_check(source: Source, unit: Unit) -> Iterator[Change]:
    found = condition(unit)
    if unit[0].text == "if" and found and ERROR.match(words(unit[2:-1])):
        start, end = found
        yield start, end, f"({source.text[start:end]}) && 0"


def changed_shift(source: Source, unit: Unit) -> Iterator[Change]:
    for token in unit:
        if token.text in ("<<", "<<="):
            yield token.start, token.end, token.text.replace("<", ">")
        elif token.text in (">>", ">>="):
            yield token.start, token.end, token.text.replace(">", "<")


def swapped_endianness(source: Source, unit: Unit) -> Iterator[Change]:
    for token in unit:
        for one, other in SWAPPED:
            for old, new in ((one, other), (other, one)):
                if token.kind == "name" and old in token.text:
                    text = token.text.replace(old, new)
                    yield token.start, token.end, text


OPERATORS: dict[str, Callable[[Source, Unit], Iterator[Change]]] = {
    "constant off by one": constant_off_by_one,
    "swapped register constant": swapped_register,
    "mask dropped": dropped_mask,
    "bus write deleted": deleted_write,
    "condition negated": negated_condition,
    "error check removed": removed_check,
    "shift changed": changed_shift,
    "endianness swapped": swapped_endianness,
}


def mutants(text: str, *, of_tables: bool = False) -> list[Mutant]:
    """All mutants of a source, in order of operator and place. Of its tables
    too, if wanted; these have no ``lines``, for none runs."""
    source = Source(text)
    found: list[Mutant] = []
    places = [
        (unit, set(range(unit[0].line, unit[-1].line + 1)))
        for _, body in source.functions
        for unit in units(body)
    ]
    if of_tables:
        places += [(table, set()) for table in tables(source.tokens)]
    for operator, changes in OPERATORS.items():
        for unit, lines in places:
            for start, end, new in changes(source, unit):
                found.append(Mutant(operator, start, end, new, lines))
    return found
