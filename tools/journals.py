# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `roadtest run --trace=DIR` left, test by test: outcomes, and traces that
can be compared. docs/reports.md says what is in a journal."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path


class Result:
    """Of one test in one round: its ``outcome``, and as its ``trace`` all that
    must be the same each time, as text. ``program``: the path of its file."""

    def __init__(
        self, program: str, test: str, round: int, outcome: str, trace: str
    ) -> None:
        self.program = program
        self.test = test
        self.round = round
        self.outcome = outcome
        self.trace = trace

    @property
    def key(self) -> tuple[str, str]:
        """The same in every round, and of no other test."""
        return self.program, self.test

    @property
    def good(self) -> bool:
        """Is its outcome no failure?"""
        return self.outcome in ("passed", "skipped", "known bug")

    def digest(self) -> str:
        """A hash of outcome and trace."""
        text = f"{self.outcome}\n{self.trace}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class Section:
    """The part of a machine's journal that belongs to one test."""

    def __init__(self) -> None:
        self.records: list[str] = []
        self.log: list[str] = []

    def text(self) -> str:
        """The kernel's messages come last: where they stand among the other
        records depends on when the host got to read them."""
        return "".join(self.records) + "".join(self.log)


def cut(journal: Path) -> dict[str, Section]:
    """A journal as its tests. What precedes the first of them is that one's,
    but not what the kernel says while it boots: there are names of directories
    in it."""
    sections: dict[str, Section] = {}
    section = Section()
    with journal.open(encoding="utf-8") as lines:
        for line in lines:
            try:
                record = json.loads(line)
            except ValueError:  # its process died while it was written
                record = {"type": "cut off"}
            if record["type"] == "test":
                fresh = Section() if sections else section
                section = sections.setdefault(record["id"], fresh)
            if record["type"] == "ready":
                section.log.clear()
            is_log = record["type"] == "log"
            (section.log if is_log else section.records).append(line)
    return sections


def traces(directory: Path) -> dict[str, str]:
    """What a process left, as the traces of its tests. One that had several
    machines has them in the order in which they were made."""
    found: dict[str, str] = {}
    for path in sorted(directory.glob("*.jsonl")):
        for test, section in cut(path).items():
            found[test] = found.get(test, "") + "machine\n" + section.text()
    return found


def read(directory: Path, first: int) -> list[Result]:
    """The results of a run of several rounds, the first of which was number
    ``first``. Raises FileNotFoundError if it did not come to running tests."""
    rounds: dict[tuple[str, str], int] = {}
    of_process: dict[str, dict[str, str]] = {}
    results: list[Result] = []
    with (directory / "tests.jsonl").open(encoding="utf-8") as index:
        for entry in map(json.loads, index):
            program, test = key = entry["program"], entry["id"]
            rounds[key] = rounds.get(key, first - 1) + 1
            process = entry["journal"]
            if process and process not in of_process:
                of_process[process] = traces(directory / process)
            trace = of_process[process].get(test, "") if process else ""
            results.append(Result(program, test, rounds[key], entry["outcome"], trace))
    return results
