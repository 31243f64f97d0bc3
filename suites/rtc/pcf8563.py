# SPDX-License-Identifier: LGPL-2.1-or-later
"""NXP PCF8563, a real-time clock.

From the datasheet, Rev. 11; section numbers in comments are its. Not modelled:
the EXT_CLK test mode (8.9), the power-on reset override (8.11.1), the current
and the temperature drift.

Bits that the datasheet calls unused, and those which must be written as 0 but
"could be either" when read, are all read as 1 here: a driver that does not
mask them reads nonsense.
"""

import datetime

from roadtest.models import Register, RegisterModel

CLKOUT_HZ = (32768, 1024, 32, 1)  # 8.7, FD
TIMER_SECONDS = (1 / 4096, 1 / 64, 1, 60)  # 8.8.1, TD


def bcd(number):
    """5 as 0x05, 42 as 0x42."""
    return number // 10 << 4 | number % 10


def number(digits):
    """0x42 as 42."""
    return (digits >> 4) * 10 + (digits & 0xF)


class PCF8563(RegisterModel):
    """Register map of 8.2, reset values of 8.11."""

    auto_increment = True
    CONTROL_1 = Register(
        0x00, reset=0x5F, writable=0xA8, reserved=0xD7,
        fields={"TEST1": 7, "STOP": 5, "TESTC": 3},
    )  # fmt: skip
    CONTROL_2 = Register(
        0x01, reset=0xE0, writable=0x13, reserved=0xE0,
        fields={"TI_TP": 4, "AF": 3, "TF": 2, "AIE": 1, "TIE": 0},
    )  # fmt: skip
    SECONDS = Register(0x02, reset=0x80, fields={"VL": 7, "BCD": (6, 0)})
    MINUTES = Register(0x03, reset=0x80, writable=0x7F, fields={"BCD": (6, 0)})
    HOURS = Register(0x04, reset=0xC0, writable=0x3F, fields={"BCD": (5, 0)})
    DAYS = Register(0x05, reset=0xC1, writable=0x3F, fields={"BCD": (5, 0)})
    WEEKDAYS = Register(0x06, reset=0xF8, writable=0x07, fields={"N": (2, 0)})
    MONTHS = Register(
        0x07, reset=0x61, writable=0x9F, fields={"C": 7, "BCD": (4, 0)}
    )
    YEARS = Register(0x08, fields={"BCD": (7, 0)})
    MINUTE_ALARM = Register(0x09, reset=0x80, fields={"AE": 7, "BCD": (6, 0)})
    HOUR_ALARM = Register(
        0x0A, reset=0xC0, writable=0xBF, fields={"AE": 7, "BCD": (5, 0)}
    )
    DAY_ALARM = Register(
        0x0B, reset=0xC0, writable=0xBF, fields={"AE": 7, "BCD": (5, 0)}
    )
    WEEKDAY_ALARM = Register(
        0x0C, reset=0xF8, writable=0x87, fields={"AE": 7, "N": (2, 0)}
    )
    CLKOUT = Register(
        0x0D, reset=0xFC, writable=0x83, fields={"FE": 7, "FD": (1, 0)}
    )
    TIMER_CONTROL = Register(
        0x0E, reset=0x7F, writable=0x83, fields={"TE": 7, "TD": (1, 0)}
    )
    TIMER = Register(0x0F)

    def __init__(self):
        super().__init__()
        self.second = None
        self.countdown = None

    @property
    def time(self):
        """The time that it keeps; YEARS 00 to 99 are 2000 to 2099."""
        return datetime.datetime(
            2000 + number(self.YEARS.BCD),
            number(self.MONTHS.BCD),
            number(self.DAYS.BCD),
            number(self.HOURS.BCD),
            number(self.MINUTES.BCD),
            number(self.SECONDS.BCD),
        )

    @time.setter
    def time(self, time):
        """Valid from now on; the century bit stays as it is."""
        self.SECONDS.value = bcd(time.second)
        self.MINUTES.BCD = bcd(time.minute)
        self.HOURS.BCD = bcd(time.hour)
        self.DAYS.BCD = bcd(time.day)
        self.WEEKDAYS.N = time.isoweekday() % 7  # 8.4.5: Sunday is 0
        self.MONTHS.BCD = bcd(time.month)
        self.YEARS.BCD = bcd(time.year % 100)

    @property
    def clkout(self):
        """What the CLKOUT pin shows: hertz, 0 for high impedance."""
        return CLKOUT_HZ[self.CLKOUT.FD] if self.CLKOUT.FE else 0

    def run(self, seconds=1.0):
        """The oscillator: its next second begins in that many seconds."""
        if self.second is not None:
            self.second.cancel()
        self.second = self.after(seconds, self.tick)

    def power_on(self):
        self.run()

    # 8.4: the time

    def tick(self):
        self.run()
        if self.CONTROL_1.STOP:
            return
        before = self.alarm_matches()
        if self.carry_clock():
            self.carry_date()
        # 8.6.5: set by an increment that makes it match, and by no other
        if self.alarm_matches() and not before:
            self.CONTROL_2.AF = 1
            self.drive_int()

    def carry_clock(self):
        """One second more. True when a day has passed."""
        for register, last in (self.SECONDS, 59), (self.MINUTES, 59), (self.HOURS, 23):
            value = number(register.BCD)
            register.BCD = bcd(value + 1 if value < last else 0)
            if value < last:
                return False
        return True

    def carry_date(self):
        self.WEEKDAYS.N = (self.WEEKDAYS.N + 1) % 7
        day, month = number(self.DAYS.BCD), number(self.MONTHS.BCD)
        year = number(self.YEARS.BCD)
        # 8.4.4: a leap year is one that 4 divides, 00 among them
        february = 28 if year % 4 else 29
        if day < (february if month == 2 else 30 + (month + month // 8) % 2):
            self.DAYS.BCD = bcd(day + 1)
            return
        self.DAYS.BCD = 1
        self.MONTHS.BCD = bcd(month % 12 + 1)
        if month == 12:
            self.YEARS.BCD = bcd((year + 1) % 100)
            if year == 99:
                self.MONTHS.C ^= 1  # 8.4.6

    @SECONDS.on_write
    def check_seconds(self, seconds):
        self.check("SECONDS", seconds.BCD, 0, 59)

    @MINUTES.on_write
    def check_minutes(self, minutes):
        self.check("MINUTES", minutes.BCD, 0, 59)

    @HOURS.on_write
    def check_hours(self, hours):
        self.check("HOURS", hours.BCD, 0, 23)

    @DAYS.on_write
    def check_days(self, days):
        self.check("DAYS", days.BCD, 1, 31)

    @WEEKDAYS.on_write
    def check_weekdays(self, weekdays):
        self.check("WEEKDAYS", weekdays.N, 0, 6)

    @MONTHS.on_write
    def check_months(self, months):
        self.check("MONTHS", months.BCD, 1, 12)

    @YEARS.on_write
    def check_years(self, years):
        self.check("YEARS", years.BCD, 0, 99)

    def check(self, name, digits, low, high):
        if digits & 0xF > 9 or not low <= number(digits) <= high:
            self.fail(f"{name} can't be {digits:#04x}")

    # 8.6: the alarm

    def alarm_matches(self):
        pairs = [
            (alarm.BCD, time.BCD)
            for alarm, time in (
                (self.MINUTE_ALARM, self.MINUTES),
                (self.HOUR_ALARM, self.HOURS),
                (self.DAY_ALARM, self.DAYS),
            )
            if not alarm.AE
        ]
        if not self.WEEKDAY_ALARM.AE:
            pairs.append((self.WEEKDAY_ALARM.N, self.WEEKDAYS.N))
        return bool(pairs) and all(alarm == time for alarm, time in pairs)

    # 8.3.2: flags and interrupts

    @CONTROL_2.on_write
    def flags(self, control):
        # a 1 leaves a flag alone, a 0 clears it
        self.CONTROL_2.AF &= control.written >> 3 & 1
        self.CONTROL_2.TF &= control.written >> 2 & 1
        self.drive_int()

    def drive_int(self):
        control = self.CONTROL_2
        timer = control.TF and control.TIE and not control.TI_TP
        if control.AF and control.AIE or timer:
            self.irq.assert_()
        else:
            self.irq.deassert()

    # 8.8: the countdown timer

    @TIMER_CONTROL.on_write
    def start_timer(self, control):
        if self.countdown is not None:
            self.countdown.cancel()
            self.countdown = None
        if control.TE and self.TIMER.value:
            period = self.TIMER.value * TIMER_SECONDS[control.TD]
            self.countdown = self.after(period, self.counted_down)

    def counted_down(self):
        self.start_timer(self.TIMER_CONTROL)
        control = self.CONTROL_2
        control.TF = 1
        if control.TI_TP and control.TIE:
            self.irq.assert_()  # 8.3.2.1: a pulse
            self.after(1 / 64, self.drive_int)
        else:
            self.drive_int()
