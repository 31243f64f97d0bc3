# SPDX-License-Identifier: LGPL-2.1-or-later
"""Regulators, and consumers that ask something of them.

A regulator does little by itself: it is its consumers that ask for a voltage, a
mode or power. Declare one of the kernel's two test consumers in the class and
bind it in a test::

    class Voltage(TestCase):
        device = Device("ti,tps62864", model=TPS62864, properties=REGULATORS)
        consumer = Consumer("sw")       # the label of the regulator's node

        def test_voltage(self):
            self.consumer.bind().set_voltage(850_000)
            self.assertEqual(self.dev.regulator["microvolts"], "850000")

Voltages are in microvolts, currents in microamperes.
"""

from __future__ import annotations

import re

from .device import DtFragment
from .driver import platform_device
from .errors import guest_error
from .guest import GuestPath
from .sysfs import Attributes, class_device

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .busdevice import BusDevice

MODES = ("fast", "normal", "idle", "standby")
"""Names of modes, as sysfs has them."""

NO_LIMIT = 2**31 - 1
"""As the most microvolts or microamperes: any."""


class Regulator(Attributes):
    """A regulator as a mapping of its sysfs attributes, which are those of
    Documentation/ABI/testing/sysfs-class-regulator.

    ``regulator["microvolts"]`` is the text without its newline; GuestError
    with the driver's errno. All are read-only: what changes a regulator is a
    consumer.
    """

    @property
    def microvolts(self) -> int:
        """The voltage that is set."""
        return int(self["microvolts"])

    @property
    def enabled(self) -> bool:
        """Is it on? Asks the chip."""
        return self["state"] == "enabled"

    @property
    def opmode(self) -> str:
        """The mode that is set, one of MODES or "unknown"."""
        return self["opmode"]

    @property
    def users(self) -> int:
        """How often consumers have enabled it."""
        return int(self["num_users"])


def find(device: GuestPath, name: str | None = None) -> Regulator:
    """The regulator that a device, or a part of it (a cell of an MFD), has
    registered: the first one, or the one whose ``name`` (regulator-name) it
    is.

    NoDeviceError when there is none: is the driver bound? UsageError when
    several parts have one: say the name, or name the part instead of the
    whole.
    """
    pattern = "class/regulator/regulator.*"
    return Regulator(class_device(device, pattern, "regulator", name))


class _Node(DtFragment):
    """A node for a consumer; the machine gives it to the guest."""

    compatible: str
    supply: str

    def __init__(self, label: str, name: str | None = None) -> None:
        self.label = label.lstrip("&")
        self.name = name or f"{self.compatible}-{self.label}".replace("_", "-")
        super().__init__(
            f"""
&{{/}} {{
    {self.name} {{
        compatible = "{self.compatible}";
        {self.supply}-supply = <&{self.label}>;
    }};
}};
"""
        )

    def _bind(self) -> BusDevice:
        device = platform_device(self.name)
        device.bind()
        return device


class Consumer(_Node):
    """A class attribute of a test: the kernel's regulator-virtual-consumer,
    for the regulator whose node has that ``label``. ``name``: of its own
    node, if there are several for a label. ``bind()`` gives a
    :class:`VirtualConsumer`."""

    compatible = "regulator-virtual-consumer"
    supply = "default"

    def bind(self) -> VirtualConsumer:
        """Bind its driver; unbound after the test. GuestError with the
        probe's errno: EAGAIN when the regulator is not there yet."""
        return VirtualConsumer(self._bind())


class Output(_Node):
    """A class attribute of a test: the kernel's reg-userspace-consumer, a
    "regulator-output" on the regulator whose node has that ``label``.
    ``name``: of its own node. ``bind()`` gives a
    :class:`UserspaceConsumer`. Before Linux 6.2 there is no such node."""

    compatible = "regulator-output"
    supply = "vout"

    def bind(self) -> UserspaceConsumer:
        """Bind its driver; unbound after the test. GuestError with the
        probe's errno: EAGAIN when the regulator is not there yet, EBUSY when
        another consumer has it.

        After the test the power is switched off before: the driver forgets to
        (docs/findings.md), and the kernel warns of that.
        """
        consumer = UserspaceConsumer(self._bind())
        consumer.device._machine.undo(
            "output",
            consumer._off_if_bound,
            key=("output", str(consumer.device)),
        )
        return consumer


class _Bound(Attributes):
    def __init__(self, device: BusDevice) -> None:
        super().__init__(device)
        self.device = device

    def unbind(self) -> None:
        """The consumer goes: what it asked for is taken back."""
        self.device.unbind()

    def _write(self, attribute: str, value: str | int) -> None:
        """Write an attribute whose driver tells an error by its log alone.
        Raises it."""
        machine = self.device._machine
        machine.clock.settle()
        mark = machine.log_mark()
        self[attribute] = value
        machine.clock.settle()
        log = machine.log_since(mark)
        name = re.escape(self.device.id)
        failed = re.search(rf"{name}: (.*): -(\d+)$", log, re.MULTILINE)
        if failed:
            raise guest_error(
                int(failed[2]), str(self.path / attribute), failed[1]
            )


class VirtualConsumer(_Bound):
    """A consumer that asks for voltages, currents and modes.

    Its driver has no switch of its own: it enables the regulator when it asks
    for a voltage or a current, and disables it when it asks for none. Errors
    of the regulator are raised, though the driver only logs them.
    """

    def __init__(self, device: BusDevice) -> None:
        super().__init__(device)
        self._enabled = False

    def set_voltage(self, lowest: int, highest: int | None = None) -> None:
        """Ask for a voltage in this range (``highest`` None: that voltage),
        in one request, and then for power unless it has been.

        Raises GuestError with the errno of the regulator: EINVAL when it has
        no voltage in the range, or its constraints forbid it.
        """
        if not 0 < lowest <= (highest or lowest) <= NO_LIMIT:
            raise ValueError(f"not a range of voltages: {lowest} to {highest}")
        self._ask("volts", lowest, highest or lowest)

    def set_current_limit(self, lowest: int, highest: int) -> None:
        """Ask for a current limit in this range, and for power unless it has
        been. GuestError with the errno of the regulator."""
        if not 0 < lowest <= highest <= NO_LIMIT:
            raise ValueError(f"not a range of currents: {lowest} to {highest}")
        self._ask("amps", lowest, highest)

    def _ask(self, unit: str, lowest: int, highest: int) -> None:
        """One request, though it takes two files: a range that is empty is
        none, and one without an end is that for no power, which does nothing
        if there is none."""
        self[f"max_micro{unit}"] = 1 if self._enabled else 0
        self[f"min_micro{unit}"] = lowest
        self._write(f"max_micro{unit}", highest)
        self._enabled = True

    def disable(self) -> None:
        """Ask for no voltage and no power any more. GuestError with the errno
        of the regulator."""
        self._write("min_microvolts", 0)
        self._enabled = False

    def set_mode(self, mode: str) -> None:
        """Ask for a mode, one of MODES. GuestError with the errno of the
        regulator: EINVAL when it has no such mode, or its constraints forbid
        it."""
        if mode not in MODES:
            raise ValueError(f"a mode is one of {', '.join(MODES)}: {mode!r}")
        self._write("mode", mode)

    @property
    def mode(self) -> str:
        """The mode that it asked for last, at first that of the
        regulator."""
        return self["mode"]


class UserspaceConsumer(_Bound):
    """A consumer that switches power on and off; it is the regulator's only
    one."""

    def enable(self) -> None:
        """Ask for power. GuestError with the errno of the regulator."""
        self._write("state", "enabled")

    def disable(self) -> None:
        """Ask for none any more. GuestError with the errno of the
        regulator."""
        self._write("state", "disabled")

    def _off_if_bound(self) -> None:
        if self.device.driver is not None and self.enabled:
            self.disable()

    @property
    def enabled(self) -> bool:
        """Has it asked for power?"""
        return self["state"] == "enabled"
