# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real-time clocks: time, alarms, interrupts, attributes.

Everything goes through the character device of the RTC class, with the ioctls
of include/uapi/linux/rtc.h, or through its attributes in sysfs. An RTC is
found by its parent: the number in rtcN is nobody's promise.
"""

from __future__ import annotations

import datetime
import struct
import typing

from .calls import Pending
from .errors import GuestNotFoundError, NoDeviceError
from .guest import POLLIN, GuestFile, GuestPath
from .sysfs import Attributes, class_device

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import _roadtest

IRQF = 0x80
"""RTC_IRQF: some interrupt is there; set in every reading."""
PF = 0x40
"""RTC_PF: the periodic interrupt."""
AF = 0x20
"""RTC_AF: the alarm."""
UF = 0x10
"""RTC_UF: the update interrupt, once a second."""

VL_DATA_INVALID = 0x01
"""RTC_VL_DATA_INVALID: the voltage was too low, the time is invalid."""
VL_BACKUP_LOW = 0x02
"""RTC_VL_BACKUP_LOW: the voltage of the backup is low."""
VL_BACKUP_EMPTY = 0x04
"""RTC_VL_BACKUP_EMPTY: the backup is empty or not there."""
VL_ACCURACY_LOW = 0x08
"""RTC_VL_ACCURACY_LOW: the voltage is too low for the full accuracy."""
VL_BACKUP_SWITCH = 0x10
"""RTC_VL_BACKUP_SWITCH: it has switched over to the backup."""

FEATURES = (
    "alarm alarm_res_minute need_week_day alarm_res_2s update_interrupt "
    "correction backup_switch_mode alarm_wakeup_only"
).split()
"""Names of RTC_FEATURE_*, by number."""

_DEV_MAX = 16  # RTC_DEV_MAX, drivers/rtc/dev.c
_PARAM_FEATURES = 0

_TIME = struct.Struct("=9i")  # struct rtc_time
_WAKE_ALARM = struct.Struct("=BB2x9i")  # struct rtc_wkalrm
_PARAM = struct.Struct("=QQII")  # struct rtc_param
_INT = struct.Struct("=I")
_LONG = struct.Struct("=Q")  # unsigned long of a guest of 64 bits


def _io(nr: int, size: int = 0, *, read: bool = False) -> int:
    """_IO(), _IOR() or _IOW() of type 'p'."""
    direction = 0 if size == 0 else 2 if read else 1
    return direction << 30 | size << 16 | ord("p") << 8 | nr


AIE_ON, AIE_OFF = _io(0x01), _io(0x02)
"""RTC_AIE_ON, RTC_AIE_OFF."""
UIE_ON, UIE_OFF = _io(0x03), _io(0x04)
"""RTC_UIE_ON, RTC_UIE_OFF."""
PIE_ON, PIE_OFF = _io(0x05), _io(0x06)
"""RTC_PIE_ON, RTC_PIE_OFF."""
ALM_SET = _io(0x07, _TIME.size)
"""RTC_ALM_SET."""
ALM_READ = _io(0x08, _TIME.size, read=True)
"""RTC_ALM_READ."""
RD_TIME = _io(0x09, _TIME.size, read=True)
"""RTC_RD_TIME."""
SET_TIME = _io(0x0A, _TIME.size)
"""RTC_SET_TIME."""
IRQP_READ = _io(0x0B, _LONG.size, read=True)
"""RTC_IRQP_READ."""
IRQP_SET = _io(0x0C, _LONG.size)
"""RTC_IRQP_SET."""
WKALM_SET = _io(0x0F, _WAKE_ALARM.size)
"""RTC_WKALM_SET."""
WKALM_RD = _io(0x10, _WAKE_ALARM.size, read=True)
"""RTC_WKALM_RD."""
PARAM_GET = _io(0x13, _PARAM.size)
"""RTC_PARAM_GET, since Linux 5.16."""
VL_READ = _io(0x13, _INT.size, read=True)
"""RTC_VL_READ."""
VL_CLR = _io(0x14)
"""RTC_VL_CLR."""


class RtcTime(typing.NamedTuple):
    """struct rtc_time, field by field: months count from 0, years from 1900,
    weekdays from Sunday, which is 0. ``tm_yday`` and ``tm_isdst`` mean
    nothing: the kernel does not look at them, and most drivers leave them
    alone."""

    tm_sec: int
    tm_min: int
    tm_hour: int
    tm_mday: int
    tm_mon: int
    tm_year: int
    tm_wday: int = 0
    tm_yday: int = 0
    tm_isdst: int = 0

    @classmethod
    def of(cls, when: datetime.datetime) -> RtcTime:
        """A date as an RTC has it: seconds, UTC. One without a time zone is
        taken as it stands; a fraction of a second is dropped."""
        if when.tzinfo is not None:
            when = when.astimezone(datetime.timezone.utc)
        return cls(
            when.second,
            when.minute,
            when.hour,
            when.day,
            when.month - 1,
            when.year - 1900,
            when.isoweekday() % 7,
        )

    @property
    def datetime(self) -> datetime.datetime:
        """The same without a time zone. ValueError when it is no date."""
        return datetime.datetime(
            self.tm_year + 1900,
            self.tm_mon + 1,
            self.tm_mday,
            self.tm_hour,
            self.tm_min,
            self.tm_sec,
        )

    def __str__(self) -> str:
        return (
            f"{self.tm_year + 1900:04}-{self.tm_mon + 1:02}-{self.tm_mday:02} "
            f"{self.tm_hour:02}:{self.tm_min:02}:{self.tm_sec:02}"
        )


class WakeAlarm(typing.NamedTuple):
    """struct rtc_wkalrm: ``time``, ``enabled``, ``pending``."""

    time: RtcTime
    enabled: bool
    pending: bool


class RtcInterrupt(typing.NamedTuple):
    """What a read of the device gives: ``flags``, IRQF with AF, UF or PF;
    ``number``: interrupts since the last reading."""

    flags: int
    number: int


class Rtc(Attributes):
    """An RTC: its ioctls as methods, its sysfs attributes as a mapping.

    ``rtc["since_epoch"]`` is the text without its newline, and assigning
    writes. ``path`` is its directory. Times may be given as RtcTime or as a
    datetime. All methods run the guest and raise GuestError, which is an
    OSError, with the errno of class and driver.

    The character device is opened when it is first needed, stays open (it
    can't be opened twice: EBUSY), also when the driver is unbound, and is
    closed when one is bound again, or after the test.
    """

    def __init__(self, path: GuestPath) -> None:
        super().__init__(path)
        self._file: GuestFile | None = None

    @property
    def device(self) -> GuestPath:
        """Path of the character device, for programs."""
        return GuestPath(self.path._machine, f"/dev/{self.path.name}")

    @property
    def file(self) -> GuestFile:
        """The open character device: for ``guest.start`` and for ioctls that
        have no method here."""
        if self._file is None or self._file.fd < 0:
            self._check_there()
            try:
                self._file = self.device.open()
            except GuestNotFoundError as error:
                if "dev" in self:
                    raise
                raise NoDeviceError(f"{error}: {self._why_no_device()}") from None
        return self._file

    def _why_no_device(self) -> str:
        number = self.path.name[len("rtc") :]
        if number.isdigit() and int(number) >= _DEV_MAX:
            return (
                f"the class has devices for {_DEV_MAX} clocks. One whose driver "
                "was unbound counts as long as its device is open: close() it"
            )
        return (
            "this kernel has no devices for clocks; the suite's config asks "
            "for them with CONFIG_RTC_INTF_DEV=y"
        )

    def close(self) -> None:
        """Close the character device, so that somebody else can open it. This
        ends update and periodic interrupts; the alarm stays."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def read_time(self) -> RtcTime:
        """RTC_RD_TIME. EINVAL when the driver knows the time to be invalid."""
        return RtcTime._make(_TIME.unpack(self._read(RD_TIME, _TIME)))

    def set_time(self, when: RtcTime | datetime.datetime) -> None:
        """RTC_SET_TIME. EINVAL when it is no date; ERANGE when the RTC can't
        hold it (see the attribute ``range``)."""
        self.file.ioctl(SET_TIME, _TIME.pack(*_tm(when)))

    def read_alarm(self) -> RtcTime:
        """RTC_ALM_READ: time of the alarm. EINVAL when it has no alarm."""
        return RtcTime._make(_TIME.unpack(self._read(ALM_READ, _TIME)))

    def set_alarm(self, when: RtcTime | datetime.datetime) -> None:
        """RTC_ALM_SET: an alarm within 24 hours; the class takes hour, minute
        and second alone. Enable it with :meth:`enable_alarm`. EINVAL when the
        RTC has no alarm."""
        self.file.ioctl(ALM_SET, _TIME.pack(*_tm(when)))

    def read_wake_alarm(self) -> WakeAlarm:
        """RTC_WKALM_RD. EINVAL when it has no alarm."""
        raw = _WAKE_ALARM.unpack(self._read(WKALM_RD, _WAKE_ALARM))
        return WakeAlarm(RtcTime._make(raw[2:]), bool(raw[0]), bool(raw[1]))

    def set_wake_alarm(
        self, when: RtcTime | datetime.datetime, enabled: bool = True
    ) -> None:
        """RTC_WKALM_SET: an alarm on any date. EINVAL when the RTC has no
        alarm. One that is past is no error: it goes off at once."""
        raw = _WAKE_ALARM.pack(enabled, False, *_tm(when))
        self.file.ioctl(WKALM_SET, raw)

    def enable_alarm(self, on: bool = True) -> None:
        """RTC_AIE_ON, RTC_AIE_OFF: the alarm's interrupt."""
        self.file.ioctl(AIE_ON if on else AIE_OFF)

    def enable_updates(self, on: bool = True) -> None:
        """RTC_UIE_ON, RTC_UIE_OFF: an interrupt every second. EINVAL when the
        RTC can't."""
        self.file.ioctl(UIE_ON if on else UIE_OFF)

    def enable_periodic(self, on: bool = True) -> None:
        """RTC_PIE_ON, RTC_PIE_OFF: interrupts at :attr:`periodic_rate`, which
        a timer of the kernel makes; the chip has no part in them."""
        self.file.ioctl(PIE_ON if on else PIE_OFF)

    @property
    def periodic_rate(self) -> int:
        """RTC_IRQP_READ, RTC_IRQP_SET: hertz, 1 to 8192, else EINVAL."""
        (rate,) = _LONG.unpack(self._read(IRQP_READ, _LONG))
        return int(rate)

    @periodic_rate.setter
    def periodic_rate(self, hertz: int) -> None:
        self.file.ioctl(IRQP_SET, hertz)

    def read_voltage_low(self) -> int:
        """RTC_VL_READ: VL_DATA_INVALID and the like, 0 when all is well.
        ENOTTY when the driver does not know."""
        (flags,) = _INT.unpack(self._read(VL_READ, _INT))
        return int(flags)

    def clear_voltage_low(self) -> None:
        """RTC_VL_CLR. ENOTTY when the driver has none."""
        self.file.ioctl(VL_CLR)

    def features(self) -> set[str]:
        """What class and driver say that it can do: names of FEATURES."""
        raw = _PARAM.pack(_PARAM_FEATURES, 0, 0, 0)
        bits = _PARAM.unpack(self.file.ioctl(PARAM_GET, raw))[1]
        return {name for n, name in enumerate(FEATURES) if bits >> n & 1}

    def read_interrupt(self) -> RtcInterrupt:
        """The interrupts since the last reading; waits for one."""
        return _interrupt(self.file.read(_LONG.size))

    def start_read_interrupt(self) -> Pending:
        """Begin :meth:`read_interrupt` in a guest task of its own."""
        machine = self.path._machine

        def convert(call: _roadtest.Call) -> RtcInterrupt:
            call.result()
            return _interrupt(call.data())

        call = machine.start_read(self.file.fd, _LONG.size)
        return Pending(machine, call, convert)

    def poll(self, timeout: float | None = None) -> bool:
        """Is there an interrupt to read? Waits for one, at most ``timeout``
        virtual seconds; 0 does not wait."""
        return self.file.poll(POLLIN, timeout) != 0

    def _read(self, request: int, layout: struct.Struct) -> bytes:
        # not zeros: a driver that returns 0 and fills in nothing shall show
        data: bytes = self.file.ioctl(request, b"\xa5" * layout.size)
        return data


def _tm(when: RtcTime | datetime.datetime) -> RtcTime:
    return when if isinstance(when, RtcTime) else RtcTime.of(when)


def _interrupt(data: bytes) -> RtcInterrupt:
    (raw,) = _LONG.unpack(data)
    return RtcInterrupt(raw & 0xFF, raw >> 8)


def find(device: GuestPath) -> Rtc:
    """The RTC of a bus device, or of a part of it (a cell of an MFD).

    NoDeviceError when there is none: is the driver bound? UsageError when
    several parts have one: name the part instead of the whole.
    """
    return Rtc(class_device(device, "class/rtc/rtc*", "RTC", None))
