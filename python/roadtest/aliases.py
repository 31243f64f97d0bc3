# SPDX-License-Identifier: LGPL-2.1-or-later
"""The alias tables of a kernel's modules, read on the host."""

from __future__ import annotations

import fnmatch
import functools
import os

from .errors import HostError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .machine import Machine


def _aliases(machine: Machine) -> list[tuple[str, str]]:
    """(pattern, module) of all modules of the machine's kernel, as depmod
    wrote them from the modules' match tables."""
    kernel = machine.kernel
    if kernel is None:
        raise HostError(machine.error)
    top = os.path.join(kernel, "modules", "lib", "modules")
    (release,) = os.listdir(top)
    path = os.path.join(top, release, "modules.alias")
    return _read(path, os.stat(path).st_mtime_ns)


@functools.lru_cache(maxsize=2)
def _read(path: str, mtime_ns: int) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.startswith("alias "):
                pattern, module = line[len("alias ") :].rsplit(None, 1)
                found.append((pattern, module))
    return found


def _may_match(alias: str, pattern: str) -> bool:
    """Cheap, and true at least when the pattern matches."""
    return "[" in pattern or all(
        part in alias for part in pattern.replace("?", "*").split("*")
    )


def modules_by_alias(machine: Machine, alias: str) -> list[str]:
    """Names of the modules that have this alias, sorted; those that are built
    in are not among them."""
    return sorted(
        {
            module
            for pattern, module in _aliases(machine)
            if _may_match(alias, pattern)
            and fnmatch.fnmatchcase(alias, pattern)
        }
    )


class Table:
    """A module's match tables, as its aliases tell them: lists of text,
    sorted. A driver that lacks MODULE_DEVICE_TABLE() has none.

    ``compatibles`` of the devicetree; ``i2c`` and ``spi`` ids; ``platform``
    device names.
    """

    def __init__(self, patterns: list[str]) -> None:
        names: dict[str, set[str]] = {}
        for pattern in patterns:
            bus, _, rest = pattern.partition(":")
            if bus == "of":
                # of:N<name>T<type>C<compatible>, and once more with C* behind
                rest = rest.partition("C")[2].removesuffix("C*")
            names.setdefault(bus, set()).add(rest)
        self.compatibles = sorted(names.get("of", ()))
        self.i2c = sorted(names.get("i2c", ()))
        self.spi = sorted(names.get("spi", ()))
        self.platform = sorted(names.get("platform", ()))


def table_of(machine: Machine, module: str) -> Table:
    """The match tables of a module of the machine's kernel, which need not be
    booted. UsageError when it has no alias at all."""
    name = module.replace("-", "_")
    patterns = [p for p, m in _aliases(machine) if m == name]
    if not patterns:
        raise UsageError(
            f"{module} has no alias: is it =m in the suite's config, and has "
            "it a MODULE_DEVICE_TABLE()?"
        )
    return Table(patterns)
