# SPDX-License-Identifier: LGPL-2.1-or-later
"""Devices and devicetree fragments that a test class declares."""

from __future__ import annotations

import enum
import sys

from . import _roadtest
from .busdevice import BusDevice, Probing
from .errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, overload

    from .machine import Machine
    from .models import Model

IRQ_TYPES = {
    "none": _roadtest.IRQ_NONE,
    "rising": _roadtest.IRQ_EDGE_RISING,
    "falling": _roadtest.IRQ_EDGE_FALLING,
    "both": _roadtest.IRQ_EDGE_BOTH,
    "high": _roadtest.IRQ_LEVEL_HIGH,
    "low": _roadtest.IRQ_LEVEL_LOW,
}
"""Names of interrupt types (dt-bindings/interrupt-controller/irq.h)."""


def irq_type(name: str) -> int:
    """enum road_irq_type by its name. ValueError lists those that there
    are."""
    if name not in IRQ_TYPES:
        known = ", ".join(IRQ_TYPES)
        raise ValueError(f"irq is one of {known}, not {name!r}")
    return IRQ_TYPES[name]


class DtVar(enum.Enum):
    """What a placeholder of a fragment is given."""

    I2C_ADDR = _roadtest.VAR_I2C_ADDR
    """A free I2C address; ``$name$`` becomes two hex digits."""
    GPIO_PIN = _roadtest.VAR_GPIO_PIN
    """A free line of ``&gpio``; ``$name$`` becomes a decimal number."""


class DtFragment:
    """Devicetree source that belongs to a test class.

    ``src`` may ``#include <dt-bindings/...>`` and has a ``$name$`` for each
    of ``variables``. Once the machine is booted, ``fragment["name"]`` is the
    integer that it was given. Errors of cpp and dtc name file and line of the
    test.
    """

    def __init__(
        self, src: str, variables: Mapping[str, DtVar] | None = None
    ) -> None:
        frame = sys._getframe(1)
        self.src = src
        self.variables = dict(variables or {})
        self._file = frame.f_code.co_filename
        self._line = frame.f_lineno
        self._values: dict[str, int] = {}

    def __getitem__(self, name: str) -> int:
        if name in self._values:
            return self._values[name]
        if name in self.variables:
            raise UsageError(
                f"${name}$ has a value once the machine is booted: use it in "
                "a test, after self.machine"
            )
        raise KeyError(name)

    def location(self) -> tuple[str, int]:
        """File and line (from 1) at which the source text starts."""
        try:
            with open(self._file, encoding="utf-8") as f:
                text = f.read()
        except (OSError, UnicodeDecodeError):
            return self._file, self._line
        starts = [i for i in _find_all(text, self.src)]
        if not starts:
            return self._file, self._line
        lines = [text.count("\n", 0, start) + 1 for start in starts]
        return self._file, min(lines, key=lambda n: abs(n - self._line))

    def add_to(self, machine: Machine) -> None:
        """Add it to a machine that is not booted yet.

        Raises UsageError for a placeholder that is not declared, a declared
        one that is not used, or when no address or pin is left.
        """
        file, line = self.location()
        variables = tuple((n, var.value) for n, var in self.variables.items())
        values = machine.add_fragment(self.src, file, variables, line)
        self._values = dict(zip(self.variables, values))


def _find_all(text: str, part: str) -> list[int]:
    found: list[int] = []
    start = text.find(part) if part else -1
    while start >= 0:
        found.append(start)
        start = text.find(part, start + 1)
    return found


class Device:
    """An I2C device that a test class declares: a devicetree node, a model
    and a driver that binds. Immutable.

    ``compatible`` of the node; ``model`` is called without arguments for each
    test; ``addr``: I2C address, None for a free one; ``properties``: further
    devicetree source of the node; ``irq``: see :meth:`with_irq`; ``node``: its
    name without the address; ``bind``: False leaves binding to the test.

    In a test the attribute is a :class:`BoundDevice`.
    """

    __slots__ = (
        "compatible",
        "model",
        "addr",
        "properties",
        "irq",
        "node",
        "bind",
        "_name",
    )

    compatible: str
    model: Callable[[], Model] | None
    addr: int | None
    properties: str
    irq: str | None
    node: str | None
    bind: bool
    _name: str

    def __init__(
        self,
        compatible: str,
        model: Callable[[], Model] | None = None,
        addr: int | None = None,
        properties: str = "",
        irq: str | None = None,
        node: str | None = None,
        bind: bool = True,
    ) -> None:
        if irq is not None:
            irq_type(irq)
        if not isinstance(compatible, str):
            raise TypeError(f"compatible is a string, not {compatible!r}")
        if isinstance(model, int):
            raise TypeError(
                f"model is a class, not {model:#x}; the address is "
                f"addr={model:#x}"
            )
        if model is not None and not callable(model):
            raise TypeError(
                f"model is a class, which each test makes a chip of: "
                f"model={type(model).__name__}, not {type(model).__name__}()"
            )
        if addr is not None and not 0 < addr <= 0x7F:
            raise ValueError(f"an I2C address has 7 bits, and is not 0: {addr:#x}")
        values = (compatible, model, addr, properties, irq, node, bind)
        for name, value in zip(self.__slots__, values):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "_name", "")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a Device can't be changed; make another one")

    def __set_name__(self, owner: type, name: str) -> None:
        twin = self
        if self._name:  # stands in another class, or twice in this one
            twin = self.replace()
            setattr(owner, name, twin)
        object.__setattr__(twin, "_name", name)

    def __repr__(self) -> str:
        irq = f", irq={self.irq!r}" if self.irq else ""
        return f"Device({self.compatible!r}{irq})"

    @property
    def irq_type(self) -> int:
        """enum road_irq_type of its interrupt."""
        return irq_type(self.irq or "none")

    def add_to(self, machine: Machine) -> _roadtest.Node:
        """Its node, on a machine that is not booted yet."""
        return machine.add_device(
            self.compatible,
            self.irq_type,
            self.properties or None,
            self.addr or 0,
            self.node,
        )

    def replace(self, **changes: Any) -> Device:
        """The same device with other arguments."""
        args = {n: getattr(self, n) for n in self.__slots__ if n != "_name"}
        return Device(**{**args, **changes})

    def with_irq(self, type: str) -> Device:
        """The same device with an interrupt on a free line of ``&gpio``:
        "falling", "rising", "both" (edges), "low" or "high" (levels)."""
        return self.replace(irq=type)

    if TYPE_CHECKING:

        @overload
        def __get__(self, test: None, owner: type) -> Device:
            ...

        @overload
        def __get__(self, test: object, owner: type) -> BoundDevice:
            ...

    def __get__(self, test: Any, owner: type) -> Device | BoundDevice:
        if test is None:
            return self
        bound: BoundDevice = test._road_device(self._name or "device")
        return bound


class BoundDevice(BusDevice):
    """A device of the running test: its directory in the guest's sysfs."""

    __slots__ = ("node", "chip")

    chip: Any
    """The model at its address, None if it has none."""

    def __init__(
        self, machine: Machine, node: _roadtest.Node, chip: Model | None
    ) -> None:
        # It has that path once the machine is booted.
        super().__init__(machine, f"/sys/bus/i2c/devices/0-{node.addr:04x}")
        self.node = node
        self.chip = chip

    @property
    def addr(self) -> int:
        """I2C address."""
        return self.node.addr

    @property
    def irq_pin(self) -> int | None:
        """Line of ``board.gpio`` of its interrupt, None if it has none."""
        return self.node.pin

    def bind(self, driver: str | None = None) -> None:
        """Load the driver's module by the device's modalias and bind it, or
        bind it to ``driver``, which is loaded.

        If no module has that alias, or none of those has a driver of the bus, the
        module is looked for by the I2C name
        (the compatible without its vendor), and then the driver among those
        that are loaded or built in: the kernel matches by name too. It would
        not be loaded on a board, so the test's result has a warning, and
        :attr:`autoloads` is False.

        Raises GuestError with the errno of the driver's probe (EAGAIN when it
        deferred); NoDriverError when there is no driver for it, or none of
        that name. Unbound after the test.
        """
        if driver is not None:
            super().bind(driver)
            return
        self._before_bind()
        known = self.node.warning
        with Probing(self._machine, self.id):
            self.node.bind()
        if self.node.warning != known:
            print(f"warning: {self.node.warning}")
        self._bound()
