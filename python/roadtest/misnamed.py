# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files of a directory that have tests and are not called test_*.py, so that no
run of the directory finds them. `roadtest run` has the same rule, in
cli/misnamed.c."""

from __future__ import annotations

import os
import re
import sys

from .lost import Lost

_NAME = re.compile(r"((?<![A-Za-z])[Tt]|(?<=[a-z])T)ests?(?![a-z])")
"""The word "test" in a name: x_test.py, TestX.py, but not contest.py."""

_FUNCTION = re.compile(r"^[ \t]*(async )?def test", re.MULTILINE)
_CLASS = re.compile(r"^[ \t]*class .*TestCase", re.MULTILINE)

WHY = (
    "it has tests, and only files called test_*.py are run: rename it, or import "
    "it where they are to run"
)


def _has_tests(path: str) -> bool:
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            content = f.read()
    except OSError:
        return False
    if not _FUNCTION.search(content):
        return False
    name = os.path.basename(path)
    return bool(_CLASS.search(content) or _NAME.search(name))


def find(paths: list[str]) -> list[Lost]:
    """Those below directories, by their paths. The test files have been
    imported: what they import runs there."""
    imported = {getattr(m, "__file__", None) for m in list(sys.modules.values())}
    found: list[Lost] = []
    for path in paths:
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(f for f in folders if not f.startswith("."))
            for name in sorted(names):
                file = os.path.join(folder, name)
                if (
                    name.endswith(".py")
                    and not name.startswith(("test_", "."))
                    and os.path.abspath(file) not in imported
                    and _has_tests(file)
                ):
                    found.append(Lost(file.replace(" ", "?"), WHY))
    return found
