# SPDX-License-Identifier: LGPL-2.1-or-later
"""The driver model: match tables, aliases, deferred probes, devices by hand.

What a device itself can do (bind, unbind, rebind, autoload, reload, probe) are
methods of :class:`BusDevice`, and so of ``self.dev``. The functions here work
on the machine of the running test.
"""

from __future__ import annotations

import contextlib

from . import _roadtest
from .aliases import Table, table_of
from .busdevice import BusDevice
from .device import BoundDevice, DtFragment
from .errors import NoDeviceError, UsageError
from .machine import current_machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .machine import Machine
    from .models import Model

__all__ = [
    "BusDevice",
    "Entry",
    "MatchTable",
    "Table",
    "autoprobe",
    "coldplug",
    "deferred",
    "i2c_device",
    "match_table",
    "new_device",
    "platform_device",
]

_FIRST_ADDR, _LAST_ADDR = 0x08, 0x77  # what the I2C specification leaves


def match_table(module: str) -> Table:
    """The match tables of a module of the kernel under test. UsageError when
    it has no alias at all."""
    return table_of(current_machine(), module)


# ---- every entry of a table


class Entry:
    """An entry of a match table: ``name`` is a compatible, or an I2C id."""

    def __init__(self, name: str, node: _roadtest.Node | None) -> None:
        self.name = name
        self._node = node

    def __repr__(self) -> str:
        return self.name

    @contextlib.contextmanager
    def bound(self, model: Model) -> Iterator[BoundDevice | BusDevice]:
        """A context manager: ``model`` stands at the entry's address, and
        gives the device, bound by the module that the device's own modalias
        brings. Unbound and detached at the end.

        Raises GuestError with the errno of the probe; NoDriverError when no
        module has the alias.
        """
        if self._node is None:
            with new_device(self.name, model) as device:
                device.bind()
                yield device
            return
        machine = current_machine()
        machine.board.attach(model, self._node.addr)
        bound = BoundDevice(machine, self._node, model)
        try:
            bound.bind()
            yield bound
        finally:
            if machine.is_up:
                bound._unbind_if_bound()
            machine.board.detach(model)


class MatchTable(DtFragment):
    """Every entry of a module's match tables, to loop over.

    A class attribute of a test, like a fragment: each compatible of the
    module gets a node at a free address. Nothing is listed by hand; a new
    entry in the driver's table is a new pass of the loop::

        class Table(TestCase):
            table = MatchTable("lm75")

            def test_every_compatible_binds(self):
                for entry in self.table.compatibles:
                    with self.subTest(entry), entry.bound(Lm75()) as dev:
                        self.assertEqual(dev.driver, "lm75")

    ``properties``: devicetree source that stands in each node.
    """

    def __init__(self, module: str, properties: str = "") -> None:
        super().__init__("")
        self.module = module
        self.properties = properties
        self._entries: list[Entry] = []
        self._ids: list[Entry] = []

    def add_to(self, machine: Machine) -> None:
        """Add the nodes to a machine that is not booted yet. UsageError when
        the module has no alias, or the addresses of the bus are not enough."""
        table = table_of(machine, self.module)
        self._entries = [
            Entry(
                name,
                machine.add_device(name, 0, self.properties or None, 0, None),
            )
            for name in table.compatibles
        ]
        self._ids = [Entry(name, None) for name in table.i2c]

    @property
    def compatibles(self) -> list[Entry]:
        """The entries of the devicetree's table, bound at their nodes."""
        return self._known(self._entries)

    @property
    def ids(self) -> list[Entry]:
        """The entries of the I2C table, bound without devicetree (see
        :func:`new_device`)."""
        return self._known(self._ids)

    def _known(self, entries: list[Entry]) -> list[Entry]:
        current_machine()
        if not entries:
            raise UsageError(f"{self.module} has no table of that kind")
        return entries


# ---- devices


def i2c_device(addr: int, bus: int = 0) -> BusDevice:
    """The I2C device at an address, of whatever origin. After the test its
    driver is what it was. NoDeviceError when there is no such device."""
    if not isinstance(addr, int):
        raise TypeError(f"an I2C address is a number, not {addr!r}")
    return _device("i2c", f"{bus}-{addr:04x}")


def platform_device(name: str) -> BusDevice:
    """A device of the platform bus by its name: that of its devicetree node,
    such as "regulator-vdd"; with a ``reg`` "10000000.serial". After the test
    its driver is what it was. NoDeviceError when there is no such
    device."""
    if not isinstance(name, str):
        raise TypeError(f"a platform device has a name, not {name!r}")
    return _device("platform", name)


def _device(bus: str, id: str) -> BusDevice:
    path = f"/sys/bus/{bus}/devices/{id}"
    machine = current_machine()
    device = BusDevice(machine, path)
    if not device.exists():
        raise NoDeviceError(f"there is no device {path}")
    driver = device.driver
    machine.undo(
        f"driver of {id}",
        lambda: _restore(device, driver),
        key=("driver", path),
        first=True,
    )
    return device


def _restore(device: BusDevice, driver: str | None) -> None:
    now = device.driver
    if now == driver or not device.exists():
        return
    if now is not None:
        device.unbind()
    if driver is not None:
        (device.bus / "drivers" / driver / "bind").write_text(device.id)


@contextlib.contextmanager
def new_device(
    name: str, model: Model | None = None, addr: int | None = None
) -> Iterator[BusDevice]:
    """A context manager: an I2C device without a devicetree node, made through
    the adapter's ``new_device``; gone at the end.

    ``name`` is an entry of a driver's I2C table, and all that a driver can
    match; ``model`` is put at its address; ``addr``: None for a free one. No
    driver is bound: call ``bind()`` of the device.

    Raises GuestError EBUSY when there is a device at ``addr``.
    """
    machine = current_machine()
    if isinstance(model, int):
        raise TypeError(
            f"the address is an argument by name: new_device({name!r}, "
            f"addr={model:#x}); the second one is the model that stands there"
        )
    if addr is not None and not 0 < addr <= 0x7F:
        raise ValueError(f"an I2C address has 7 bits, and is not 0: {addr:#x}")
    if addr is None:
        addr = _free_addr(machine)
    adapter = machine.guest.path("/sys/bus/i2c/devices/i2c-0")
    if model is not None:
        machine.board.attach(model, addr)
    try:
        (adapter / "new_device").write_text(f"{name} {addr:#x}")
        try:
            yield i2c_device(addr)
        finally:
            if machine.is_up:
                (adapter / "delete_device").write_text(f"{addr:#x}")
    finally:
        if model is not None:
            machine.board.detach(model)


def _free_addr(machine: Machine) -> int:
    """The highest address that has neither a device nor a model."""
    taken = {chip.addr for chip in machine.board.chips}
    for path in machine.glob("/sys/bus/i2c/devices/0-*"):
        taken.add(int(path[-4:], 16))
    for addr in range(_LAST_ADDR, _FIRST_ADDR - 1, -1):
        if addr not in taken:
            return addr
    raise UsageError("no I2C address is left")


# ---- probing by the kernel itself


@contextlib.contextmanager
def autoprobe(*buses: str) -> Iterator[None]:
    """A context manager: the kernel probes on these buses ("i2c",
    "platform") by itself, as on hardware: a device when its driver comes, and
    one whose probe deferred when another driver has bound. What was bound in
    the block is unbound after the test."""
    machine = current_machine()
    before = _bound(machine, buses)
    for bus in buses:
        machine.write_file(f"/sys/bus/{bus}/drivers_autoprobe", b"1")
    try:
        yield
    finally:
        if machine.is_up:
            for bus in buses:
                machine.write_file(f"/sys/bus/{bus}/drivers_autoprobe", b"0")
            for path in sorted(_bound(machine, buses) - before):
                device = BusDevice(machine, path)
                device._bound()


def _bound(machine: Machine, buses: Sequence[str]) -> set[str]:
    """Paths of the devices on these buses that have a driver."""
    return {
        path[: -len("/driver")]
        for bus in buses
        for path in machine.glob(f"/sys/bus/{bus}/devices/*/driver")
    }


def coldplug() -> list[str]:
    """Load the modules of every device in the guest by its modalias, as udev
    does at start-up. What no module has an alias for is passed over.

    Returns the aliases that brought a module. GuestError with the errno of a
    module's init.
    """
    from .busdevice import coldplug

    return coldplug(current_machine())


def deferred() -> dict[str, str]:
    """The devices whose probe the kernel has deferred, by their names on
    their buses; each with the reason that the driver gave, or ""."""
    machine = current_machine()
    path = machine.guest.path("/sys/kernel/debug/devices_deferred")
    lines = path.read_text().splitlines()
    found = (line.partition("\t") for line in lines)
    return {name: reason for name, _, reason in found}
