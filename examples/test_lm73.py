# SPDX-License-Identifier: LGPL-2.1-or-later
import errno

from roadtest import Device, TestCase
from roadtest.models import Register, RegisterModel


def signed(value):
    return (value ^ 0x8000) - 0x8000


class LM73(RegisterModel):
    """TI LM73 temperature sensor, datasheet SNIS141, section 7.5."""

    value_bytes, byteorder = 2, "big"
    TEMP = Register(0x00, reset=0x7FFC, access="ro")
    HIGH = Register(0x02, reset=0x7FE0, reserved=0x001F)
    LOW = Register(0x03, reset=0x8000, reserved=0x001F)
    CONTROL = Register(
        0x04,
        width=1,
        reset=0x08,
        writable=0xE0,
        reserved=0x10,
        rc=0x06,
        fields={"TO_DIS": 7, "RES": (6, 5), "THI": 2, "TLOW": 1},
    )

    celsius = 25.0

    def power_on(self):
        self.after(0.014 * 2**self.CONTROL.RES, self.converted)

    def converted(self):
        unused = 5 - self.CONTROL.RES
        steps = int(self.celsius * 128) >> unused << unused
        self.TEMP.value = steps & 0xFFFF
        self.CONTROL.THI |= steps > signed(self.HIGH.value)
        self.CONTROL.TLOW |= steps < signed(self.LOW.value)
        self.power_on()


class Thermometer(TestCase):
    device = Device("ti,lm73", model=LM73)

    def measure(self, celsius):
        self.chip.celsius = celsius
        self.clock.advance(0.25)
        return self.dev.hwmon["temp1_input"]

    def test_temperature(self):
        for celsius, text in (150, "150000"), (0, "0"), (-0.25, "-250"):
            self.assertEqual(self.measure(celsius), text)

    def test_limits(self):
        self.dev.hwmon["temp1_max"] = "85250"
        self.dev.hwmon["temp1_min"] = "-1000000"
        self.assertEqual(self.chip.writes(LM73.HIGH).values, [0x2AA0])
        self.assertEqual(self.chip.writes(LM73.LOW).values, [0x8000])

    def test_update_interval_selects_the_resolution(self):
        for interval, text in ("14", "20750"), ("28", "20875"), ("112", "20968"):
            self.dev.hwmon["update_interval"] = interval
            self.assertEqual(self.measure(20.96875), text)

    def test_alarm_stays_until_it_was_read(self):
        self.chip.HIGH.value = 80 * 128
        self.measure(81)
        self.measure(25)
        self.assertEqual(self.dev.hwmon["temp1_max_alarm"], "1")
        self.assertEqual(self.dev.hwmon["temp1_max_alarm"], "0")

    def test_nak_is_an_error(self):
        self.chip.inject(count=1)
        with self.assertGuestError(errno.EIO):
            self.dev.hwmon["temp1_input"]
