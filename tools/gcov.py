# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which lines of a driver its suites run, from gcov's counters."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import drivers
from drivers import Bench, Driver


def count_lines(bench: Bench, data: Path) -> dict[int, int]:
    """How often each line of code ran, from what all guests counted."""
    name = bench.driver.module
    counts: dict[int, int] = {}
    for counters in sorted(data.glob(f"*/*#{name}.gcda")):
        (bench.directory / f"{name}.gcda").write_bytes(counters.read_bytes())
        done = subprocess.run(
            ["gcov", "--json-format", "--stdout", f"{name}.gcda"],
            cwd=bench.directory, stdout=subprocess.PIPE, check=True,
        )  # fmt: skip
        for file in json.loads(done.stdout)["files"]:
            if Path(file["file"]).name != f"{name}.c":
                continue
            for line in file["lines"]:
                number = line["line_number"]
                counts[number] = counts.get(number, 0) + line["count"]
    return counts


def measure(build: Path, driver: Driver) -> tuple[str, dict[int, int], list[str]]:
    """Run the suites of a driver. Returns its source, the number of times
    that each line of code ran, and the failures."""
    good = drivers.kernel(build, "--flavour", "coverage")
    with tempfile.TemporaryDirectory(prefix="roadtest-coverage-") as name:
        work = Path(name)
        bench = Bench(build, work, good, driver)
        text = bench.source.read_text(encoding="utf-8")
        problem = bench.build(text, "GCOV_PROFILE := y\n")
        if problem:
            raise SystemExit(problem)
        (work / "data").mkdir()
        env = bench.environment(build, ROADTEST_COVERAGE=str(work / "data"))
        failed: list[str] = []
        for argv in driver.programs(build):
            failed += drivers.run(argv, env)
        return text, count_lines(bench, work / "data"), failed
