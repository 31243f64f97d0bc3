# SPDX-License-Identifier: LGPL-2.1-or-later
"""Industrial I/O devices: attributes and events.

Numbers are those of include/uapi/linux/iio/types.h and events.h.
"""

from __future__ import annotations

import struct

from .guest import GuestFile, GuestPath
from .sysfs import Attributes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

GET_EVENT_FD = 0x80046990
"""IIO_GET_EVENT_FD_IOCTL: _IOR('i', 0x90, int)."""

CHANNEL_TYPES = (
    "voltage current power accel angl_vel magn light intensity proximity temp "
    "incli rot angl timestamp capacitance altvoltage cct pressure "
    "humidityrelative activity steps energy distance velocity concentration "
    "resistance ph uvindex electricalconductivity count index gravity "
    "positionrelative phase massconcentration deltaangl deltavelocity "
    "colortemp chromaticity"
).split()
"""Names of enum iio_chan_type, by number."""

EVENT_TYPES = (
    "thresh mag roc thresh_adaptive mag_adaptive change mag_referenced gesture"
).split()
"""Names of enum iio_event_type, by number."""

DIRECTIONS = "either rising falling none singletap doubletap".split()
"""Names of enum iio_event_direction, by number."""


def _name(names: list[str], number: int) -> str:
    return names[number] if number < len(names) else str(number)


class IioEvent:
    """One event: ``channel_type`` ("light"), ``type`` ("thresh"),
    ``direction`` ("rising"), ``channel``, ``channel2``, ``modifier``,
    ``differential``, ``timestamp`` (ns of the guest's clock) and ``code``, the
    kernel's number for all of that."""

    def __init__(self, code: int, timestamp: int) -> None:
        self.code = code
        self.timestamp = timestamp
        self.type = _name(EVENT_TYPES, code >> 56 & 0xFF)
        self.differential = bool(code >> 55 & 1)
        self.direction = _name(DIRECTIONS, code >> 48 & 0x7F)
        self.modifier = code >> 40 & 0xFF
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

    def open(self) -> GuestFile:
        """The character device, read-only."""
        return GuestPath(self.path._machine, f"/dev/{self.path.name}").open()

    def events(self) -> IioEvents:
        """The event queue; only one can be open at a time (EBUSY)."""
        with self.open() as device:
            fd = bytearray(4)
            device.ioctl(GET_EVENT_FD, fd)
        number = int.from_bytes(fd, "little")
        name = f"{self.path.name} events"
        return IioEvents(GuestFile(self.path._machine, number, name))


def find(device: GuestPath) -> IioDevice:
    """The IIO device below a bus device. FileNotFoundError when there is none:
    is the driver bound?"""
    for path in device.iterdir():
        if path.name.startswith("iio:device"):
            return IioDevice(path)
    raise FileNotFoundError(f"{device} has no IIO device: is a driver bound?")
