# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keeps compiled test files in roadtest's cache.

``roadtest run`` imports a test file, and the models beside it, once for each
class. Where Python is told to keep no bytecode beside the sources
(PYTHONDONTWRITEBYTECODE) it would compile them as often, which takes 5 to 15
ms: as long as the tests of many a class.
"""

from __future__ import annotations

import os
import sys
import time
import types
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

YOUNG = 2.0
"""Seconds. Python tells by time, in whole seconds, and size that bytecode is
of this source; of one that was changed just now that may not be true."""


def directory() -> str:
    """``$ROADTEST_CACHE/python``, by the command's rules (cli/cache.c)."""
    cache = os.environ.get("ROADTEST_CACHE")
    if not cache:
        base = os.environ.get("XDG_CACHE_HOME")
        base = base or os.path.join(_home(), ".cache")
        cache = os.path.join(base, "roadtest")
    return os.path.join(cache, "python")


def _home() -> str:
    home = os.environ.get("HOME")
    if not home:
        import pwd

        home = pwd.getpwuid(os.getuid()).pw_dir
    return home


class Loader(SourceFileLoader):
    """Loads a source; keeps the bytecode in the cache if Python keeps it
    nowhere."""

    code: types.CodeType
    """What the source was compiled to, once it is loaded."""

    def get_code(self, fullname: str) -> types.CodeType | None:
        """As of its base."""
        code = self._get_code(fullname)
        if code is not None:
            self.code = code
        return code

    def _get_code(self, fullname: str) -> types.CodeType | None:
        if not sys.dont_write_bytecode or sys.pycache_prefix is not None:
            return super().get_code(fullname)
        sys.dont_write_bytecode, sys.pycache_prefix = False, directory()
        try:
            return super().get_code(fullname)
        finally:
            sys.dont_write_bytecode, sys.pycache_prefix = True, None

    def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:
        """Write bytecode, unless its source is young."""
        if time.time() - os.stat(self.path).st_mtime >= YOUNG:
            super().set_data(path, data, _mode=_mode)


def keep_of(folder: str) -> None:
    """Let imports from this directory use :class:`Loader`."""
    finder = FileFinder(
        folder,
        (ExtensionFileLoader, EXTENSION_SUFFIXES),
        (Loader, SOURCE_SUFFIXES),
    )
    sys.path_importer_cache[folder] = finder
