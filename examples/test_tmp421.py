# SPDX-License-Identifier: LGPL-2.1-or-later
from errno import ENODATA

from roadtest import Device, TestCase
from roadtest.models import Register, RegisterModel


class TMP421(RegisterModel):
    """TI TMP421, local and one diode: datasheet SBOS398, tables 1, 3, 7."""

    LOCAL, DIODE = Register(0x00, access="ro"), Register(0x01, access="ro")
    LOCAL_LOW = Register(0x10, access="ro")
    DIODE_LOW = Register(0x11, access="ro", fields={"OPEN": 0})
    CONFIG1 = Register(0x09, reserved=0xBB, fields={"SD": 6, "RANGE": 2})
    CONFIG2 = Register(0x0A, reset=0x1C, reserved=0xE3, fields={"REN": 4, "LEN": 3})
    RATE = Register(0x0B, reset=7, reserved=0xF8)
    N_FACTOR = Register(0x21)

    local, diode = 25.0, 40.0  # degrees; None: the diode is not connected

    def power_on(self):
        self.after(0.23, self.convert)  # 0.115 s for each channel

    def convert(self):
        self.after(max(16 / 2**self.RATE.value, 0.23), self.convert)
        if self.CONFIG1.SD:
            return
        if self.CONFIG2.LEN:
            self.result(self.LOCAL, self.LOCAL_LOW, self.local)
        if self.CONFIG2.REN:
            self.result(self.DIODE, self.DIODE_LOW, self.diode or 0)
            self.DIODE_LOW.OPEN = self.diode is None

    def result(self, high, low, celsius):
        steps = int((celsius + 64 * self.CONFIG1.RANGE) * 16) & 0xFFF
        high.value, low.value = steps >> 4, steps << 4 & 0xFF


class Thermometer(TestCase):
    device = Device("ti,tmp421", model=TMP421)

    def check(self, *readings):
        for celsius, text in readings:
            with self.subTest(celsius):
                self.chip.local = celsius
                self.clock.advance(2)
                self.assertEqual(self.dev.hwmon["temp1_input"], text)

    def test_temperature(self):
        self.check((127, "127000"), (0.25, "250"), (0, "0"), (-25.5, "-25500"))

    def test_extended_range(self):
        self.chip.CONFIG1.RANGE = 1
        self.check((150, "150000"), (25, "25000"), (-55, "-55000"))

    def test_diode_that_is_not_connected_is_a_fault(self):
        self.chip.diode = None
        self.clock.advance(2)
        self.assertEqual(self.dev.hwmon["temp1_fault"], "0")
        self.assertEqual(self.dev.hwmon["temp2_fault"], "1")

    def test_disabled_channel_is_not_measured(self):
        self.dev.hwmon["temp2_enable"] = "0"
        self.assertEqual(self.chip.CONFIG2.value, 0x0C)
        with self.assertGuestError(ENODATA):
            self.dev.hwmon["temp2_input"]


class Devicetree(TestCase):
    child = 'channel@1 { reg = <1>; label = "cpu"; ti,n-factor = <(-10)>; };'
    device = Device("ti,tmp421", model=TMP421, properties=child, bind=False)

    def test_diode_has_the_label_and_factor_of_the_devicetree(self):
        self.chip.CONFIG1.SD = 1
        self.dev.bind()
        self.assertEqual(self.dev.hwmon["temp2_label"], "cpu")
        self.chip.traffic().assert_writes(
            ("N_FACTOR", 0xF6), ("RATE", 5), ("CONFIG1", 0)
        )
