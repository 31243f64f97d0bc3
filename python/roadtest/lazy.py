# SPDX-License-Identifier: LGPL-2.1-or-later
"""Modules of the standard library that are imported when they are used.

``unittest`` imports some that only a failing assertion or its own command line
needs, and these import others: a third of its start. A process that is ours
alone (:mod:`roadtest.forkserver`) puts them off.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Later(ModuleType):
    """Stands for a module. (importlib.util.LazyLoader's is imported by the
    first import statement, which looks at ``__spec__``.)"""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        module = import_module(self.__name__)
        self.__dict__.update(vars(module))
        return getattr(module, name)


def put_off(*names: str) -> None:
    """Import modules as soon as one of their attributes is used, and not
    before. Those that are imported already stay as they are."""
    for name in names:
        sys.modules.setdefault(name, _Later(name))
