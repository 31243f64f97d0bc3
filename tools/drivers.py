# SPDX-License-Identifier: LGPL-2.1-or-later
"""The drivers that suites are for, and how one is built and run by itself.

For tools/coverage, tools/mutants and others: a driver is compiled outside of
the kernel's tree, against the objects that the cache keeps of a kernel, and
replaces the module in a copy of that kernel.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
KERNEL_FOR = [SOURCE / name for name in ("suites", "tests", "examples")]
PYTHON = "/usr/bin/python3"


class Driver:
    """A driver of one source file, and where the suites of it are.

    ``path``: in the kernel's tree; ``suites``: patterns below ``suites/`` of
    test programs, in Python or in C; ``lines``: per cent of its lines that
    they have to reach; ``binding``: in Documentation/devicetree/bindings.
    """

    def __init__(
        self, path: str, suites: list[str], lines: int, binding: str
    ) -> None:
        self.path = path
        self.suites = suites
        self.lines = lines
        self.binding = binding

    @property
    def module(self) -> str:
        """Name of its file, without suffix."""
        return Path(self.path).stem

    def files(self) -> list[Path]:
        """The sources of its suites."""
        return [
            path
            for pattern in self.suites
            for path in sorted((SOURCE / "suites").glob(pattern))
        ]

    def programs(self, build: Path) -> list[list[str]]:
        """The test programs, as commands."""
        found: list[list[str]] = []
        for path in self.files():
            if path.suffix == ".py":
                found.append([PYTHON, "-m", "roadtest", str(path)])
            else:
                program = build / path.relative_to(SOURCE).with_suffix("")
                found.append([str(program)])
        return found


DRIVERS = {
    "opt3001": Driver(
        "drivers/iio/light/opt3001.c",
        ["iio/light/test_opt3001*.py", "iio/light/test-opt3001*.c"],
        90,
        "iio/light/ti,opt3001.yaml",
    ),
    "vcnl4000": Driver(
        "drivers/iio/light/vcnl4000.c",
        ["iio/light/test_vcnl4*.py", "iio/light/test-vcnl4*.c"],
        90,
        "iio/light/vishay,vcnl4000.yaml",
    ),
    "tsl2772": Driver(
        "drivers/iio/light/tsl2772.c",
        ["iio/light/test_tsl2772*.py", "iio/light/test-tsl2772*.c"],
        80,
        "iio/light/tsl2772.yaml",
    ),
    "tps6286x": Driver(
        "drivers/regulator/tps6286x-regulator.c",
        ["regulator/test_tps6286*.py", "regulator/test-tps6286*.c"],
        90,
        "regulator/ti,tps62864.yaml",
    ),
    "pcf8563": Driver(
        "drivers/rtc/rtc-pcf8563.c",
        ["rtc/test_pcf8563*.py", "rtc/test-pcf8563*.c"],
        90,
        "rtc/nxp,pcf8563.yaml",
    ),
}


def chosen(names: list[str]) -> dict[str, Driver]:
    """The drivers of these names; all if there are none."""
    for name in names:
        if name not in DRIVERS:
            raise SystemExit(f"no driver {name}: there are {' '.join(DRIVERS)}")
    return {name: DRIVERS[name] for name in names or DRIVERS}


def kernel(build: Path, *options: str) -> Path:
    """Directory of a kernel that serves all suites; built if there is none."""
    argv = [str(build / "cli/roadtest"), "kernel", "--no-default", *options]
    done = subprocess.run(
        [*argv, *map(str, KERNEL_FOR)], stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise SystemExit("no kernel")
    return Path(done.stdout.strip().splitlines()[-1])


def objects(build: Path, directory: Path) -> Path:
    """The build directory that a kernel came from, with its .config; made again
    if the cache has it no more. It stays as long as this process does."""
    argv = [str(build / "cli/roadtest"), "kernel", "objects", str(directory)]
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"no objects of {directory}")
    path = Path(done.stdout.strip())
    lock = path.parent.parent / "locks" / f"objects-{path.name}"
    fcntl.flock(os.open(lock, os.O_RDONLY | os.O_CLOEXEC), fcntl.LOCK_SH)
    return path


def tree(objs: Path) -> Path:
    """The kernel's source that a build directory belongs to."""
    return (objs / "source").resolve()


class Bench:
    """A directory in which a driver is built and a kernel has it.

    ``work``: made if it is not there; ``good``: the kernel to start from.
    """

    def __init__(self, build: Path, work: Path, good: Path, driver: Driver) -> None:
        self.driver = driver
        self.objects = objects(build, good)
        self.source = tree(self.objects) / driver.path
        self.kernel = work / "kernel"
        self.directory = work / driver.module
        self.directory.mkdir(parents=True)
        shutil.copytree(good, self.kernel, symlinks=True)

    def build(self, text: str, makefile: str = "") -> str | None:
        """Build the driver from this source and install it. Returns None, or
        what the compiler said when it could not."""
        name = self.driver.module
        (self.directory / f"{name}.c").write_text(text, encoding="utf-8")
        (self.directory / "Makefile").write_text(
            f"obj-m := {name}.o\n{makefile}", encoding="ascii"
        )
        done = subprocess.run(
            ["make", "-s", "-C", str(self.objects), "ARCH=um", "modules"]
            + [f"M={self.directory}", "CC=" + (os.environ.get("CC") or "gcc")],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        if done.returncode:
            return done.stdout
        (installed,) = (self.kernel / "modules").rglob(f"{name}.ko")
        shutil.copy(self.directory / f"{name}.ko", installed)
        return None

    def environment(self, build: Path, **more: str) -> dict[str, str]:
        """For a test program that is to run on it."""
        return dict(
            os.environ,
            ROADTEST_KERNEL=str(self.kernel),
            PYTHONPATH=str(build / "python"),
            PYTHONDONTWRITEBYTECODE="1",
            **more,
        )


def run(
    argv: list[str], env: dict[str, str], *, first: bool = False
) -> list[str]:
    """Run a test program; the lines of the tests that failed, with what they
    printed before. ``first``: end it at the first of them."""
    failed: list[str] = []
    said: list[str] = []
    with subprocess.Popen(
        argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if line.startswith("not ok"):
                failed.append("".join(said))
            if line.startswith(("ok", "not ok")):
                said = []
            if failed and first:
                os.killpg(process.pid, signal.SIGKILL)
                break
    if not failed and process.returncode:
        sys.stderr.write("".join(said))
        raise SystemExit(f"{' '.join(argv)}: status {process.returncode}")
    return failed
