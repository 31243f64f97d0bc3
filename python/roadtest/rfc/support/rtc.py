# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real-time clocks, through their character device."""

from __future__ import annotations

import struct
import typing

from ...guest import GuestFile, GuestPath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

# include/uapi/linux/rtc.h
RTC_RD_TIME = 0x80247009
RTC_SET_TIME = 0x4024700A
RTC_WKALM_SET = 0x4028700F
RTC_VL_READ = 0x80047013

RTC_IRQF = 0x80
"""Of ``RTC.read()``: there was an interrupt."""
RTC_AF = 0x20
"""Of ``RTC.read()``: it was the alarm."""

RTC_VL_DATA_INVALID = 1 << 0
"""Of ``RTC.read_vl()``: the voltage was too low, the time is lost."""

_TIME = struct.Struct("9i")  # struct rtc_time
_ALARM = struct.Struct("2B9i")  # struct rtc_wkalrm


class RTCTime(typing.NamedTuple):
    """struct rtc_time: ``tm_year`` counts from 1900, ``tm_mon`` from 0."""

    tm_sec: int
    tm_min: int
    tm_hour: int
    tm_mday: int
    tm_mon: int
    tm_year: int
    tm_wday: int
    tm_yday: int
    tm_isdst: int


class RTC:
    """The clock of a device, by the device's directory in sysfs. A context
    manager that opens and closes it.

    All calls raise GuestError, an OSError with the driver's errno.
    """

    def __init__(self, devpath: GuestPath) -> None:
        (rtc,) = (devpath / "rtc").glob("rtc*")
        self.filename = f"/dev/{rtc.name}"
        self._path = GuestPath(devpath._machine, self.filename)

    def __enter__(self) -> RTC:
        self._file: GuestFile = self._path.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.__exit__(kind, error, traceback)

    def read_time(self) -> RTCTime:
        """The time."""
        data: bytes = self._file.ioctl(RTC_RD_TIME, bytes(_TIME.size))
        return RTCTime._make(_TIME.unpack(data))

    def set_time(self, tm: RTCTime) -> int:
        """Set the time."""
        return self._set(RTC_SET_TIME, _TIME.pack(*tm))

    def set_wake_alarm(self, enabled: bool, time: RTCTime) -> int:
        """Set the alarm, and its interrupt on or off."""
        return self._set(RTC_WKALM_SET, _ALARM.pack(enabled, False, *time))

    def _set(self, request: int, data: bytes) -> int:
        result: int = self._file.ioctl(request, bytearray(data))
        return result

    def read(self) -> int:
        """Wait for an interrupt: the kinds of it in the low byte, the number
        of them above."""
        (value,) = struct.unpack("L", self._file.read(8))
        return int(value)

    def read_vl(self) -> int:
        """What the chip says of its voltage: RTC_VL_ bits."""
        data: bytes = self._file.ioctl(RTC_VL_READ, bytes(4))
        return int.from_bytes(data, "little")
