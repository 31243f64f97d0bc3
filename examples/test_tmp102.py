# SPDX-License-Identifier: LGPL-2.1-or-later
import errno

from roadtest import Device, TestCase, known_bug
from roadtest.models import Register, RegisterModel
from roadtest.power import suspended


class TMP102(RegisterModel):
    """TI TMP102 temperature sensor, datasheet SBOS397."""

    value_bytes, byteorder = 2, "big"
    TEMP = Register(0x00, access="ro")
    CONFIG = Register(
        0x01,
        reset=0x60A0,
        writable=0x9FD0,
        fields={"R": (14, 13), "SD": 8, "CR": (7, 6), "EM": 4},
    )
    LOW = Register(0x02, reset=0x4B00, reserved=0x0007)  # 75 degrees
    HIGH = Register(0x03, reset=0x5000, reserved=0x0007)  # 80 degrees

    celsius = 25.0

    def power_on(self):
        self.timer = self.after(0.026, self.converted)

    def converted(self):
        steps = int(self.celsius * 16)  # of 0.0625 degrees
        value = steps << 3 | 1 if self.CONFIG.EM else steps << 4
        self.TEMP.value = value & 0xFFFF
        if not self.CONFIG.SD:
            period = (4, 1, 0.25, 0.125)[self.CONFIG.CR]
            self.timer = self.after(period, self.converted)

    @CONFIG.on_write
    def configure(self, config):
        if config.old.SD and not config.SD:
            self.timer.cancel()
            self.power_on()


class Thermometer(TestCase):
    device = Device("ti,tmp102", model=TMP102)

    def test_name(self):
        self.assertEqual(self.dev.hwmon["name"], "tmp102")

    def test_temperature(self):
        for celsius, text in [
            (150, "150000"),
            (127.9375, "127937"),
            (25, "25000"),
            (0.25, "250"),
            (0, "0"),
            (-0.25, "-250"),
            (-55, "-55000"),
        ]:
            with self.subTest(celsius):
                self.chip.celsius = celsius
                self.clock.advance(0.25)
                self.assertEqual(self.dev.hwmon["temp1_input"], text)

    def test_limits(self):
        self.dev.hwmon["temp1_max"] = "85500"
        self.dev.hwmon["temp1_max_hyst"] = "-10000"
        self.assertEqual(self.chip.writes(TMP102.HIGH).values, [0x2AC0])
        self.assertEqual(self.chip.LOW.value, 0xFB00)
        self.assertEqual(self.dev.hwmon["temp1_max"], "85500")

    @known_bug(
        "HIGH .* reserved bits",
        "tmp102_mC_to_reg() does not clear the bits below 1/16 degree",
    )
    def test_limit_between_two_steps(self):
        self.dev.hwmon["temp1_max"] = "85100"
        self.assertEqual(self.chip.HIGH.value, 0x2A88)

    def test_nak_is_an_error_and_the_next_reading_works(self):
        self.clock.advance(0.25)
        self.chip.inject(count=1)
        with self.assertGuestError(errno.EIO):
            self.dev.hwmon["temp1_input"]
        self.assertEqual(self.dev.hwmon["temp1_input"], "25000")

    def test_chip_is_shut_down_while_the_system_sleeps(self):
        with suspended():
            self.assertEqual(self.chip.CONFIG.SD, 1)
            self.chip.celsius = 30
        with self.assertGuestError(errno.EAGAIN):
            self.dev.hwmon["temp1_input"]
        self.clock.advance(0.05)
        self.assertEqual(self.dev.hwmon["temp1_input"], "30000")


class Probe(TestCase):
    device = Thermometer.device.replace(bind=False)

    def test_there_is_no_reading_before_the_first_conversion(self):
        self.dev.bind()
        with self.assertGuestError(errno.EAGAIN):
            self.dev.hwmon["temp1_input"]
        self.clock.advance(0.05)
        self.assertEqual(self.dev.hwmon["temp1_input"], "25000")

    def test_chip_with_another_resolution_gives_enodev(self):
        self.chip.CONFIG.R = 0  # R1 and R0 always read 1
        with self.assertGuestError(errno.ENODEV):
            self.dev.bind()
        self.assertEqual(len(self.chip.reads(TMP102.CONFIG)), 1)

    def test_unbind_restores_the_configuration(self):
        self.dev.bind()
        self.assertNotEqual(self.chip.CONFIG.value, 0x60A0)
        self.dev.unbind()
        self.assertEqual(self.chip.CONFIG.value, 0x60A0)
