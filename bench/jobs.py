# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `roadtest run` makes of many tests: how many a second, how much faster
with two jobs, at what cost of its own and with how much memory."""

import re
import statistics
from pathlib import Path

import generate
from processes import Run, peak_pss

FEW_CLASSES, MANY_CLASSES = 40, 200
FEW_TESTS, MANY_TESTS = 100, 500


class Jobs:
    """Measures a command on suites that it generates in ``scratch``."""

    def __init__(self, command: Path, env: dict[str, str], scratch: Path) -> None:
        self.command = command
        self.scratch = scratch
        # Times of earlier runs are this benchmark's own.
        self.env = dict(env, ROADTEST_CACHE=str(scratch / "cache"))

    def argv(self, jobs: int, suite: Path) -> list[str]:
        return [str(self.command), "run", f"-j{jobs}", str(suite)]

    def run(self, jobs: int, suite: Path, count: int) -> Run:
        run = Run(self.argv(jobs, suite), self.env)
        if not re.search(rf"^{count} passed, 0 failed in", run.out, re.MULTILINE):
            raise SystemExit(f"{run.end()}not {count} tests passed")
        return run

    def suite(self, kind: str, count: int) -> Path:
        """Generated, and run once: the times of its tests are known then."""
        path = self.scratch / f"{kind}-{count}"
        getattr(generate, kind)(path, count)
        self.run(2, path, count)
        return path

    def speed(self, runs: int) -> dict[str, float]:
        """Figures of time, medians of so many runs."""
        few = self.suite("classes", FEW_CLASSES)
        many = self.suite("classes", MANY_CLASSES)
        tests = self.suite("tests", MANY_TESTS)
        speedup, classes_per_s, tests_per_s = [], [], []
        overhead: list[list[float]] = [[], [], [], []]
        for _ in range(runs):
            turn = [
                self.run(1, few, FEW_CLASSES),
                self.run(2, few, FEW_CLASSES),
                self.run(2, many, MANY_CLASSES),
                self.run(2, tests, MANY_TESTS),
            ]
            speedup.append(turn[0].wall / turn[1].wall)
            classes_per_s.append(MANY_CLASSES / turn[2].wall)
            tests_per_s.append(MANY_TESTS / turn[3].wall)
            for shares, run in zip(overhead, turn):
                shares.append(run.own / run.all)
        return {
            "jobs_speedup": statistics.median(speedup),
            "classes_per_s": statistics.median(classes_per_s),
            "tests_per_s": statistics.median(tests_per_s),
            "runner_overhead": max(statistics.median(o) for o in overhead),
        }

    def memory(self, runs: int) -> dict[str, float]:
        """Peaks of the command with all that it starts."""
        few = self.suite("tests", FEW_TESTS)
        many = self.suite("tests", MANY_TESTS)
        peaks: dict[str, list[int]] = {}
        for _ in range(runs):
            for name, jobs, suite in (
                ("j1_100", 1, few),
                ("j2_100", 2, few),
                ("j2_500", 2, many),
            ):
                peak = peak_pss(self.argv(jobs, suite), self.env)
                peaks.setdefault(name, []).append(peak)
        results = {
            f"memory_{name}_mb": statistics.median(values) / 1e6
            for name, values in peaks.items()
        }
        ratios = [a / b for a, b in zip(peaks["j2_500"], peaks["j2_100"])]
        return results | {"memory_tests_ratio": statistics.median(ratios)}
