# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real-time clocks, through their character device."""

from __future__ import annotations

from ... import rtc
from ...guest import GuestPath
from ...rtc import AF as RTC_AF
from ...rtc import IRQF as RTC_IRQF
from ...rtc import VL_DATA_INVALID as RTC_VL_DATA_INVALID
from ...rtc import RtcTime as RTCTime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["RTC", "RTCTime", "RTC_AF", "RTC_IRQF", "RTC_VL_DATA_INVALID"]


class RTC:
    """The clock of a device, by the device's directory in sysfs. A context
    manager that opens and closes it.

    All calls raise GuestError, an OSError with the driver's errno.
    """

    def __init__(self, devpath: GuestPath) -> None:
        self._rtc = rtc.find(devpath)
        self.filename = str(self._rtc.device)

    def __enter__(self) -> RTC:
        self._file = self._rtc.file
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
        return self._rtc.read_time()

    def set_time(self, tm: RTCTime) -> int:
        """Set the time. Returns 0."""
        self._rtc.set_time(tm)
        return 0

    def set_wake_alarm(self, enabled: bool, time: RTCTime) -> int:
        """Set the alarm, and its interrupt on or off. Returns 0."""
        self._rtc.set_wake_alarm(time, enabled)
        return 0

    def read(self) -> int:
        """Wait for an interrupt: the kinds of it in the low byte, the number
        of them above."""
        interrupt = self._rtc.read_interrupt()
        return interrupt.number << 8 | interrupt.flags

    def read_vl(self) -> int:
        """What the chip says of its voltage: bits of ``RTC_VL_...``."""
        return self._rtc.read_voltage_low()
