# SPDX-License-Identifier: LGPL-2.1-or-later
"""Industrial I/O devices: attributes, channels, events, buffers, triggers.

A device is found by its parent (``self.dev.iio``), never by its number::

    light = self.dev.iio.channel("in_illuminance")
    light["integration_time"] = "0.1"
    self.assertEqual(light.processed, Decimal("88.8"))

Numbers are those of include/uapi/linux/iio/types.h and events.h up to Linux
7.2; one that is newer is shown as a number.
"""

from __future__ import annotations

import struct

from .guest import Guest, GuestFile, GuestPath
from .iio_buffers import (
    GET_BUFFER_FD,
    IioBuffer,
    Scan,
    ScanElement,
    ScanType,
)
from .iio_channels import (
    IioChannel,
    IioEventSetting,
    Range,
    available,
    channel_names,
    number,
)
from .iio_triggers import (
    HrtimerTrigger,
    IioTrigger,
    SysfsTrigger,
    find_trigger,
    triggers,
)
from .sysfs import Attributes, class_device

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

__all__ = [
    "CHANNEL_TYPES",
    "DIRECTIONS",
    "EVENT_TYPES",
    "GET_BUFFER_FD",
    "GET_EVENT_FD",
    "HrtimerTrigger",
    "IioBuffer",
    "IioChannel",
    "IioDevice",
    "IioEvent",
    "IioEventSetting",
    "IioEvents",
    "IioTrigger",
    "MODIFIERS",
    "Range",
    "Scan",
    "ScanElement",
    "ScanType",
    "SysfsTrigger",
    "available",
    "find",
    "find_trigger",
    "number",
    "triggers",
]

GET_EVENT_FD = 0x80046990
"""IIO_GET_EVENT_FD_IOCTL: _IOR('i', 0x90, int)."""

CHANNEL_TYPES = (
    "voltage current power accel angl_vel magn light intensity proximity temp "
    "incli rot angl timestamp capacitance altvoltage cct pressure "
    "humidityrelative activity steps energy distance velocity concentration "
    "resistance ph uvindex electricalconductivity count index gravity "
    "positionrelative phase massconcentration deltaangl deltavelocity "
    "colortemp chromaticity attention altcurrent coverage"
).split()
"""Names of enum iio_chan_type, by number."""

EVENT_TYPES = (
    "thresh mag roc thresh_adaptive mag_adaptive change mag_referenced gesture "
    "fault"
).split()
"""Names of enum iio_event_type, by number."""

DIRECTIONS = (
    "either rising falling none singletap doubletap openwire"
).split()
"""Names of enum iio_event_direction, by number."""

MODIFIERS = (
    "none x y z x&y x&z y&z x&y&z x|y x|z y|z x|y|z both ir sqrt(x^2+y^2) "
    "x^2+y^2+z^2 clear red green blue quaternion ambient object "
    "from_north_magnetic from_north_true from_north_magnetic_tilt_comp "
    "from_north_true_tilt_comp running jogging walking still "
    "sqrt(x^2+y^2+z^2) i q co2 voc uv duv pm1 pm2p5 pm4 pm10 ethanol h2 o2 "
    "linear_x linear_y linear_z pitch yaw roll uva uvb rms active "
    "reactive apparent quaternionaxis"
).split()
"""Names of enum iio_modifier as in sysfs, by number."""


def _name(names: list[str], number: int) -> str:
    return names[number] if number < len(names) else str(number)


class IioEvent:
    """One event: ``channel_type`` ("light"), ``type`` ("thresh"),
    ``direction`` ("rising"), ``channel``, ``channel2``, ``modifier`` (a
    number; ``modifier_name``: "x"), ``differential``, ``timestamp`` (ns of the
    guest's clock) and ``code``, the kernel's number for all of that."""

    def __init__(self, code: int, timestamp: int) -> None:
        self.code = code
        self.timestamp = timestamp
        self.type = _name(EVENT_TYPES, code >> 56 & 0xFF)
        self.differential = bool(code >> 55 & 1)
        self.direction = _name(DIRECTIONS, code >> 48 & 0x7F)
        self.modifier = code >> 40 & 0xFF
        self.modifier_name = _name(MODIFIERS, self.modifier)
        self.channel_type = _name(CHANNEL_TYPES, code >> 32 & 0xFF)
        (self.channel, self.channel2) = struct.unpack(
            "<hh", struct.pack("<I", code & 0xFFFFFFFF)
        )

    def __repr__(self) -> str:
        return (
            f"<IioEvent {self.channel_type}{self.channel} {self.type} "
            f"{self.direction} at {self.timestamp} ns>"
        )


class IioEvents:
    """The event queue of an IIO device. A context manager that closes it."""

    def __init__(self, file: GuestFile) -> None:
        self.file = file

    def __enter__(self) -> IioEvents:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.file.__exit__(kind, error, traceback)

    def read(self) -> IioEvent:
        """The next event; waits for one."""
        code, timestamp = struct.unpack("=Qq", self.file.read(16))
        return IioEvent(code, timestamp)

    def pending(self) -> list[IioEvent]:
        """The events that are there now; does not wait."""
        found: list[IioEvent] = []
        while self.file.poll(timeout=0.0):
            found.append(self.read())
        return found

    def close(self) -> None:
        """Close the queue."""
        self.file.close()


class IioDevice(Attributes):
    """An IIO device as a mapping of its sysfs attributes.

    ``iio["in_illuminance_input"]`` is the text without its newline, and
    assigning writes; both raise GuestError. ``path`` is its directory.
    """

    @property
    def channels(self) -> dict[str, IioChannel]:
        """The channels that have a value in sysfs, by name."""
        return {name: self.channel(name) for name in channel_names(list(self))}

    def channel(self, name: str) -> IioChannel:
        """The channel whose attributes begin with ``name``, direction and
        all: "in_illuminance", "in_voltage0"."""
        return IioChannel(self, name)

    def buffer(self, number: int = 0) -> IioBuffer:
        """A buffer; most drivers have one. What you do with it fails with
        ENOENT if there is none."""
        return IioBuffer(self, number)

    @property
    def trigger(self) -> str:
        """Name of the trigger that starts its scans; "" for none. Set it to a
        name, an :class:`IioTrigger`, or None; taken off after the test."""
        return self["trigger/current_trigger"]

    @trigger.setter
    def trigger(self, trigger: IioTrigger | str | None) -> None:
        self["trigger/current_trigger"] = str(trigger or "\n")
        if trigger:
            machine = self.path._machine
            machine.undo(
                f"trigger of {self.path.name}",
                self._take_off,
                key=("trigger", str(self.path)),
            )

    def _take_off(self) -> None:
        if self.path.exists():
            self["trigger/current_trigger"] = "\n"

    @property
    def own_trigger(self) -> IioTrigger:
        """The trigger that its driver registered. NoDeviceError when
        there is none."""
        return find_trigger(Guest(self.path._machine), parent=self.path.parent)

    def open(self) -> GuestFile:
        """The character device, read-only."""
        self._check_there()
        return GuestPath(self.path._machine, f"/dev/{self.path.name}").open()

    def events(self) -> IioEvents:
        """The event queue; only one can be open at a time (EBUSY)."""
        with self.open() as device:
            fd = bytearray(b"\xff" * 4)
            device.ioctl(GET_EVENT_FD, fd)
        number = int.from_bytes(fd, "little", signed=True)
        guest = Guest(self.path._machine)
        return IioEvents(guest.file(number, f"{self.path.name} events"))


def find(device: GuestPath, name: str | None = None) -> IioDevice:
    """The IIO device of a bus device, or of a part of it (a cell of an MFD):
    the first one, or the one with this ``name``.

    NoDeviceError when there is none: is the driver bound? UsageError when
    several parts have one: name the part instead of the whole.
    """
    pattern = "bus/iio/devices/iio:device*"
    return IioDevice(class_device(device, pattern, "IIO device", name))
