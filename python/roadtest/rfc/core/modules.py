# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kernel modules."""

from __future__ import annotations

from ...tools import insmod, modprobe, rmmod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Module", "insmod", "modprobe", "rmmod"]


class Module:
    """A context manager: loads a module with what it depends on, and unloads
    it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> Module:
        insmod(self.name)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        rmmod(self.name)
