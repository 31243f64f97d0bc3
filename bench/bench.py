# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run the benchmarks, print a table, write bench.json into the build directory.

    bench.py BUILD_DIR KERNEL_DIR [--runs N] [--count N] [--no-kernels]

What is compared runs by turns, so that another load on the machine hits both
alike; figures are medians, ratios are medians of the ratios of neighbours.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from jobs import Jobs
from kernels import Kernels

SOURCE = Path(__file__).resolve().parent.parent
SUITE = SOURCE / "suites/iio/light/test_opt3001.py"
AT_MOST = {
    "boot_ratio": 1.3,
    "i2c_c_ratio": 1.3,
    "i2c_python_ratio": 2.0,
    "sleep_1h_ms": 50.0,
    "single_file_run_s": 0.25,
    "rfc_run_s": 0.5,
    "suites_ratio": 1.0,
    "memory_mb": 60.0,
    "runner_overhead": 0.05,
    "memory_tests_ratio": 1.1,
    "kernel_cold_s": 90.0,
    "option_added_s": 15.0,
}
AT_LEAST = {
    "jobs_speedup": 1.8,
    "classes_per_s": 20.0,
    "tests_per_s": 250.0,
}


class Bench:
    def __init__(self, build: Path, kernel: Path, runs: int, count: int) -> None:
        self.build, self.kernel = build, kernel
        self.runs, self.count = runs, count
        self.env = dict(
            os.environ,
            ROADTEST_KERNEL=str(kernel),
            PYTHONPATH=str(build / "python"),
        )
        self.results: dict[str, float] = {}

    def number(self, *argv: object) -> int:
        done = subprocess.run(
            [str(a) for a in argv], env=self.env, stdout=subprocess.PIPE, check=True
        )
        return int(done.stdout)

    def program(self, *argv: object) -> int:
        return self.number(self.build / "bench/bench", *argv)

    def python(self, *argv: object) -> int:
        script = SOURCE / "bench/python_chip.py"
        return self.number("/usr/bin/python3", script, *argv)

    def median(self, name: str, scale: float, *argv: object) -> None:
        values = [self.program(*argv) * scale for _ in range(self.runs)]
        self.results[name] = statistics.median(values)

    def guest(self, scratch: Path, init: str) -> list[object]:
        """Arguments for a guest without roadtest, whose init is `init`."""
        root = scratch / init
        (root / "dev").mkdir(parents=True)
        (root / "init").write_bytes((self.build / "bench" / init).read_bytes())
        (root / "init").chmod(0o755)
        shim = self.build / "kernel/roadtest-shim.so"
        return [self.kernel / "linux", root, shim, scratch]

    def boot(self, scratch: Path) -> None:
        """To the agent, against an init that powers off: with the same arguments
        (so with calendar and devices), and without any of it ("plain")."""
        plain = self.guest(scratch, "poweroff")
        helpers = scratch / "libexec"
        helpers.mkdir()
        for name in "kernel/roadtest-shim.so", "lib/guard/roadtest-guard":
            shutil.copy(self.build / name, helpers)
        shutil.copy(self.build / "bench/poweroff", helpers / "roadtest-agent")
        runs: dict[str, list[float]] = {"boot": [], "poweroff": [], "plain": []}
        for _ in range(self.runs * 2):
            runs["boot"].append(self.program("boot") / 1e6)
            self.env["ROADTEST_LIBEXEC"] = str(helpers)
            runs["poweroff"].append(self.program("poweroff") / 1e6)
            del self.env["ROADTEST_LIBEXEC"]
            runs["plain"].append(self.program("plain-boot", *plain) / 1e6)
        for name, values in runs.items():
            self.results["boot_ms" if name == "boot" else f"boot_{name}_ms"] = statistics.median(values)
        for name, ratio in ("poweroff", "boot_ratio"), ("plain", "boot_plain_ratio"):
            pairs = zip(runs["boot"], runs[name])
            self.results[ratio] = statistics.median(a / b for a, b in pairs)

    def i2c(self, scratch: Path) -> None:
        loop, n = self.build / "bench/guest-loop", self.count
        guest = self.guest(scratch, "guest-loop")
        runs: dict[str, list[float]] = {"bare": [], "c": [], "python": []}
        for _ in range(self.runs):
            runs["bare"].append(self.number(self.build / "bench/bare", *guest, n))
            runs["c"].append(self.program("i2c", loop, n))
            runs["python"].append(self.python("i2c", loop, n))
        for name, values in runs.items():
            self.results[f"i2c_{name}_us"] = statistics.median(values) / n / 1e3
        for name in "c", "python":
            ratios = [a / b for a, b in zip(runs[name], runs["bare"])]
            self.results[f"i2c_{name}_ratio"] = statistics.median(ratios)

    def time_run(self, *args: str) -> tuple[float, str]:
        """Seconds of a warm `roadtest run`, and its KTAP."""
        argv = [str(self.build / "cli/roadtest"), "run", "--ktap"]
        argv += ["--kernel", str(self.kernel), *args]
        times = []
        for _ in range(self.runs + 1):
            start = time.perf_counter()
            done = subprocess.run(
                argv, env=self.env, stdout=subprocess.PIPE, text=True, check=True
            )
            times.append(time.perf_counter() - start)
        return statistics.median(times[1:]), done.stdout

    def suites(self) -> None:
        """One file, the counterparts of the RFC's tests, and all suites, these
        against what they may take: 40 ms a class and 8 ms a test."""
        seconds, out = self.time_run(f"{SUITE}::Polled")
        passed = re.findall(r"^ *ok \d+ \S*\.Polled\.", out, re.MULTILINE)
        self.results["single_file_run_s"] = seconds
        self.results["single_file_run_tests"] = len(passed)
        directory = str(SOURCE / "suites")
        self.results["rfc_run_s"], _ = self.time_run("--mark", "rfc", directory)
        seconds, out = self.time_run(directory)
        ids = re.findall(r"^ +ok \d+ (\S+\.\S+)", out, re.MULTILINE)
        classes = {name.rpartition(".")[0] for name in ids}
        self.results["suites_s"] = seconds
        self.results["suites_classes"] = len(classes)
        self.results["suites_tests"] = len(ids)
        allowed = 0.040 * len(classes) + 0.008 * len(ids)
        self.results["suites_ratio"] = seconds / allowed

    def all(self) -> None:
        with tempfile.TemporaryDirectory(prefix="roadbench-", dir="/dev/shm") as name:
            scratch = Path(name)
            self.boot(scratch)
            self.median("guest_call_us", 1e-3, "call")
            self.i2c(scratch)
            self.median("sleep_1s_ms", 1e-6, "sleep", 1)
            self.median("sleep_1h_ms", 1e-6, "sleep", 3600)
            self.suites()
            self.results["memory_mb"] = self.python("memory") / 1e6
            jobs = Jobs(self.build / "cli/roadtest", self.env, scratch)
            self.results |= jobs.speed(self.runs)
            self.results |= jobs.memory(self.runs)

    def kernels(self) -> None:
        """On a disk: /dev/shm is memory, and objects are 90 MB a set."""
        with tempfile.TemporaryDirectory(prefix="roadbench-", dir=self.build) as name:
            kernels = Kernels(self.build / "cli/roadtest", SOURCE, Path(name))
            self.results |= kernels.figures()


def report(results: dict[str, float]) -> bool:
    good = True
    for name, value in results.items():
        kept, note = True, ""
        if name in AT_MOST:
            kept = value <= AT_MOST[name]
            note = f"at most {AT_MOST[name]:g}"
        elif name in AT_LEAST:
            kept = value >= AT_LEAST[name]
            note = f"at least {AT_LEAST[name]:g}"
        good &= kept
        print(f"{name:24} {value:12.3f}  {note}" + ("" if kept else "  MISSED"))
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description="roadtest's benchmarks")
    parser.add_argument("build", type=Path)
    parser.add_argument("kernel", type=Path)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--no-kernels", action="store_true",
                        help="not how long kernels take to build")
    args = parser.parse_args()
    bench = Bench(args.build.resolve(), args.kernel.resolve(), args.runs, args.count)
    bench.all()
    if not args.no_kernels:
        bench.kernels()
    good = report(bench.results)
    path = args.build / "bench.json"
    path.write_text(json.dumps(bench.results, indent=2) + "\n", encoding="ascii")
    print(f"written to {path}" + ("" if good else "; some figures miss their limit"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
