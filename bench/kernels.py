# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long a kernel takes: the first one, one more option, two sets in turn."""

import os
import subprocess
import sys
import time
from pathlib import Path

SUITES = "suites", "examples"
# Each a module that no suite asks for; the last one's menu is off, too.
MORE = "RTC_DRV_DS1307", "BH1750", "SENSORS_LM90"


class Kernels:
    """Builds in a cache of its own, from the source that the user's cache has
    unpacked."""

    def __init__(self, command: Path, source: Path, scratch: Path) -> None:
        self.command, self.source, self.scratch = command, source, scratch
        cache = os.environ.get("ROADTEST_CACHE") or Path.home() / ".cache/roadtest"
        self.cache = scratch / "kernels"
        self.cache.mkdir()
        (self.cache / "sources").symlink_to(Path(cache) / "sources")

    def build(self, *options: str) -> float:
        """Seconds of one `roadtest kernel`."""
        argv = [str(self.command), "kernel", *options,
                *(str(self.source / path) for path in SUITES)]
        start = time.perf_counter()
        done = subprocess.run(
            argv, env=dict(os.environ, ROADTEST_CACHE=str(self.cache)),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(argv)}:\n{done.stderr}")
        return time.perf_counter() - start

    def more(self, option: str) -> tuple[str, str]:
        """Arguments for a set with one more module."""
        path = self.scratch / f"{option}.config"
        path.write_text(f"CONFIG_{option}=m\n", encoding="ascii")
        return "--config", str(path)

    def figures(self) -> dict[str, float]:
        """``kernel_cold_s``: with the source unpacked and nothing else.
        ``option_added_s``: one more module, other sets having been built in
        between; the longest. ``sets_in_turn_s``: two of these sets made again in
        turn, with nothing to compile; the longest."""
        print("building kernels in an empty cache; that takes a few minutes",
              file=sys.stderr)
        cold = self.build()
        added = [self.build(*self.more(option)) for option in MORE]
        turns = [self.build("--force", *self.more(option))
                 for option in (*MORE[:2], *MORE[:2])]
        return {
            "kernel_cold_s": cold,
            "option_added_s": max(added),
            "sets_in_turn_s": max(turns),
        }
