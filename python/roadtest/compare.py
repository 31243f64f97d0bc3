# SPDX-License-Identifier: LGPL-2.1-or-later
"""Expected and actual traffic, side by side."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .expect import Expected
    from .traffic import Entry

    Row = tuple[Expected | None, Entry | None]

_SAME, _ALIKE = 3, 1  # what a pair is worth when rows are aligned


def align(
    expected: Sequence[Expected], actual: Sequence[Entry]
) -> list[Row]:
    """Pair what matches, then what is about the same register or line, in
    order and as many as can be."""
    same = 0  # what matches from the start on, which is all of it mostly
    for wanted, entry in zip(expected, actual):
        if not wanted.matches(entry):
            break
        same += 1
    rows: list[Row] = list(zip(expected[:same], actual[:same]))
    return rows + _align_rest(expected[same:], actual[same:])


def _align_rest(
    expected: Sequence[Expected], actual: Sequence[Entry]
) -> list[Row]:
    worth = [
        [_SAME if e.matches(a) else _ALIKE if e.resembles(a) else 0
         for a in actual]
        for e in expected
    ]  # fmt: skip
    best = [[0] * (len(actual) + 1) for _ in range(len(expected) + 1)]
    for i in range(len(expected) - 1, -1, -1):
        for j in range(len(actual) - 1, -1, -1):
            best[i][j] = max(best[i + 1][j], best[i][j + 1])
            if worth[i][j]:
                pair = worth[i][j] + best[i + 1][j + 1]
                best[i][j] = max(best[i][j], pair)
    rows: list[Row] = []
    i = j = 0
    while i < len(expected) and j < len(actual):
        if worth[i][j] and best[i][j] == worth[i][j] + best[i + 1][j + 1]:
            rows.append((expected[i], actual[j]))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            rows.append((expected[i], None))
            i += 1
        else:
            rows.append((None, actual[j]))
            j += 1
    rows += [(e, None) for e in expected[i:]]
    return rows + [(None, a) for a in actual[j:]]


def pair(expected: Sequence[Expected], actual: Sequence[Entry]) -> list[Row]:
    """Pair as many as can be in any order, in the order of ``actual``; what
    is left of ``expected`` comes last."""
    partner: dict[int, int] = {}

    def place(i: int, seen: set[int]) -> bool:
        """Find a partner for expected[i], moving others if need be."""
        for j, entry in enumerate(actual):
            if j in seen or not expected[i].matches(entry):
                continue
            seen.add(j)
            if j not in partner or place(partner[j], seen):
                partner[j] = i
                return True
        return False

    left = [e for i, e in enumerate(expected) if not place(i, set())]
    rows: list[Row] = [
        (expected[partner[j]] if j in partner else None, entry)
        for j, entry in enumerate(actual)
    ]
    return rows + [(e, None) for e in left]


def good(row: Row) -> bool:
    """Is it a pair that matches?"""
    expected, actual = row
    return (
        expected is not None and actual is not None and expected.matches(actual)
    )


def table(rows: Sequence[Row], others: bool = False) -> str:
    """The rows as text: expected, actual and when; "!" marks what is wrong,
    with its fields. ``others``: what is not expected is not wrong."""
    left = ["expected"] + [str(e) if e else "-" for e, _ in rows]
    right = ["actual"] + [str(a) if a else "-" for _, a in rows]
    widths = max(map(len, left)), max(map(len, right))
    lines = [f"  {left[0]:{widths[0]}}  {right[0]}"]
    for row, one, two in zip(rows, left[1:], right[1:]):
        fine = good(row) or (others and row[0] is None)
        time = f"  {row[1].time / 1e9:.9f} s" if row[1] else ""
        text = f"{one:{widths[0]}}  {two:{widths[1]}}{time}"
        lines.append(f"{' ' if fine else '!'} {text}".rstrip())
        detail = "" if fine else _detail(*row)
        if detail:
            lines.append(f"    {detail}")
    return "\n".join(lines)


def _detail(expected: Expected | None, actual: Entry | None) -> str:
    if actual is None:
        return ""
    difference = expected.difference(actual) if expected else ""
    fields = actual.decoded()
    return "; ".join(text for text in (difference, fields) if text)
