# SPDX-License-Identifier: LGPL-2.1-or-later
"""Industrial I/O: events and buffers of a character device."""

from __future__ import annotations

import enum
import os
import struct

from ...guest import GuestFile, GuestPath
from ...machine import current_machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

IIO_GET_EVENT_FD_IOCTL = 0x80046990
"""_IOR('i', 0x90, int) of include/uapi/linux/iio/events.h."""
IIO_BUFFER_GET_FD_IOCTL = 0xC0046991
"""_IOWR('i', 0x91, int) of include/uapi/linux/iio/buffer.h."""


class IIOChanType(enum.IntEnum):
    """enum iio_chan_type of include/uapi/linux/iio/types.h."""

    IIO_VOLTAGE = 0
    IIO_CURRENT = 1
    IIO_POWER = 2
    IIO_ACCEL = 3
    IIO_ANGL_VEL = 4
    IIO_MAGN = 5
    IIO_LIGHT = 6
    IIO_INTENSITY = 7
    IIO_PROXIMITY = 8
    IIO_TEMP = 9
    IIO_INCLI = 10
    IIO_ROT = 11
    IIO_ANGL = 12
    IIO_TIMESTAMP = 13
    IIO_CAPACITANCE = 14
    IIO_ALTVOLTAGE = 15
    IIO_CCT = 16
    IIO_PRESSURE = 17
    IIO_HUMIDITYRELATIVE = 18
    IIO_ACTIVITY = 19
    IIO_STEPS = 20
    IIO_ENERGY = 21
    IIO_DISTANCE = 22
    IIO_VELOCITY = 23
    IIO_CONCENTRATION = 24
    IIO_RESISTANCE = 25
    IIO_PH = 26
    IIO_UVINDEX = 27
    IIO_ELECTRICALCONDUCTIVITY = 28
    IIO_COUNT = 29
    IIO_INDEX = 30
    IIO_GRAVITY = 31
    IIO_POSITIONRELATIVE = 32
    IIO_PHASE = 33
    IIO_MASSCONCENTRATION = 34
    IIO_DELTAANGL = 35
    IIO_DELTAVELOCITY = 36
    IIO_COLORTEMP = 37
    IIO_CHROMATICITY = 38
    IIO_ATTENTION = 39
    IIO_ALTCURRENT = 40


class IIOEvent:
    """An event: ``id`` (the kernel's code), ``timestamp`` (ns of the guest's
    clock) and ``type``, that of its channel."""

    def __init__(self, id: int, timestamp: int) -> None:
        self.id = id
        self.timestamp = timestamp
        # IIO_EVENT_CODE_EXTRACT_CHAN_TYPE
        self.type = IIOChanType(id >> 32 & 0xFF)

    def __repr__(self) -> str:
        return f"IIOEvent({self.id:#x}, {self.timestamp}, {self.type.name})"


class _Stream:
    """A descriptor that an ioctl of an IIO device gives. A context manager
    that opens and closes it."""

    request: int
    argument = 0

    def __init__(self, devname: str | os.PathLike[str] | GuestPath) -> None:
        self.devname = str(devname)

    def __enter__(self) -> Any:
        machine = current_machine()
        with GuestPath(machine, self.devname).open() as device:
            fd = bytearray(struct.pack("i", self.argument))
            device.ioctl(self.request, fd)
        (number,) = struct.unpack("i", fd)
        self._file = GuestFile(machine, number, self.devname)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.__exit__(kind, error, traceback)

    def _read(self, spec: str) -> tuple[Any, ...]:
        """A structure; waits until all of it is there."""
        layout = struct.Struct(spec)
        data = b""
        while len(data) < layout.size:
            data += self._file.read(layout.size - len(data))
        return layout.unpack(data)


class IIOEventMonitor(_Stream):
    """The events of a device: ``with IIOEventMonitor("/dev/iio:device0") as
    monitor``."""

    request = IIO_GET_EVENT_FD_IOCTL

    def read(self) -> IIOEvent:
        """The next event; waits for one."""
        return IIOEvent(*self._read("Qq"))


class IIOBuffer(_Stream):
    """A buffer of a device, by its number."""

    request = IIO_BUFFER_GET_FD_IOCTL

    def __init__(
        self, devname: str | os.PathLike[str] | GuestPath, bufidx: int
    ) -> None:
        super().__init__(devname)
        self.argument = bufidx

    def read(self, spec: str) -> tuple[Any, ...]:
        """A scan, decoded as :mod:`struct` says; waits for one."""
        return self._read(spec)
