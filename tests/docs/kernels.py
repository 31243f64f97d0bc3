# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kernel that the documentation's examples run on."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("ROADTEST_BUILD", SOURCE / "build")).resolve()


def find() -> str | None:
    """The environment's ROADTEST_KERNEL, or one in the cache that has what
    the examples need; None if there is none."""
    given = os.environ.get("ROADTEST_KERNEL")
    if given:
        return given
    done = subprocess.run(
        [
            BUILD / "cli/roadtest",
            "kernel",
            "--print",
            SOURCE / "examples",
            SOURCE / "tests/docs",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout.strip() if done.returncode == 0 else None
