# SPDX-License-Identifier: LGPL-2.1-or-later
"""drivers/hwmon/lm75.c with two of its chips: the example of
docs/writing-tests.md.

The models are written from the datasheets, TI's SBOS288 for the TMP75 and
ams's DS000449 for the AS6200.
"""

import errno

from roadtest import Device, DtFragment, DtVar, I2CDriver, TestCase, insmod, known_bug
from roadtest.guest import POLLERR, POLLPRI
from roadtest.models import HOLD, I2CModel, Register, RegisterModel

I2C_SLAVE_FORCE = 0x0706  # include/uapi/linux/i2c-dev.h


class TMP75(RegisterModel):
    """TI TMP75: pointer byte, then one or two bytes, the high one first."""

    value_bytes, byteorder = 2, "big"
    TEMP = Register(0x00, access="ro")
    CONFIG = Register(
        0x01,
        width=1,
        fields={"OS": 7, "R": (6, 5), "F": (4, 3), "POL": 2, "TM": 1, "SD": 0},
    )
    LOW = Register(0x02, reset=0x4B00, reserved=0x000F)  # 75 degrees
    HIGH = Register(0x03, reset=0x5000, reserved=0x000F)  # 80 degrees

    celsius = 25.0

    @TEMP.before_read
    def measure(self, value):
        unused = 7 - self.CONFIG.R  # bits: R selects 9 to 12
        self.TEMP.value = int(self.celsius * 256) >> unused << unused & 0xFFFF


class Thermometer(TestCase):
    device = Device("ti,tmp75", model=TMP75)

    def test_temperature(self):
        # SBOS288, table 5; what is no whole number of 1/1000 is cut
        for celsius, text in [
            (127.9375, "127937"),
            (25, "25000"),
            (0.25, "250"),
            (0, "0"),
            (-0.25, "-250"),
            (-55, "-55000"),
        ]:
            with self.subTest(celsius):
                self.chip.celsius = celsius
                self.assertEqual(self.dev.hwmon["temp1_input"], text)

    def test_limits(self):
        self.dev.hwmon["temp1_max"] = "85500"
        self.dev.hwmon["temp1_max_hyst"] = "-10000"
        self.assertEqual(self.chip.writes(TMP75.HIGH).values, [0x5580])
        self.assertEqual(self.chip.LOW.value, 0xF600)
        self.assertEqual(self.dev.hwmon["temp1_max"], "85500")

    def test_limits_are_clamped_to_what_the_chip_can_do(self):
        for text, register in ("1000000", 0x7D00), ("-1000000", 0xC900):
            with self.subTest(text):
                self.dev.hwmon["temp1_max"] = text
                self.assertEqual(self.chip.HIGH.value, register)

    def test_limit_that_is_no_number_gives_einval(self):
        with self.assertGuestError(errno.EINVAL):
            self.dev.hwmon["temp1_max"] = "warm"
        self.assertEqual(self.chip.writes(TMP75.HIGH), [])

    def test_update_interval_selects_the_resolution(self):
        self.chip.celsius = 20.9375
        for text, bits, reading in [
            ("28", 0, "20500"),
            ("55", 1, "20750"),
            ("110", 2, "20875"),
            ("220", 3, "20937"),
        ]:
            with self.subTest(text):
                self.dev.hwmon["update_interval"] = text
                self.assertEqual(self.chip.CONFIG.R, bits)
                self.assertEqual(self.dev.hwmon["temp1_input"], reading)

    def test_nak_is_an_error_and_the_next_reading_works(self):
        self.chip.inject(count=1)
        with self.assertGuestError(errno.EIO):
            self.dev.hwmon["temp1_input"]
        self.assertEqual(self.dev.hwmon["temp1_input"], "25000")

    def test_chip_is_shut_down_while_the_system_sleeps(self):
        asleep = []
        self.clock.after(2, lambda: asleep.append(self.chip.CONFIG.SD))
        (self.guest / "sys/power/pm_test").write_text("devices")
        (self.guest / "sys/power/state").write_text("freeze")  # for 5 s
        self.assertEqual(asleep, [1])
        self.assertEqual(self.chip.CONFIG.SD, 0)

    def test_unbind_restores_the_configuration(self):
        self.assertEqual(self.chip.CONFIG.value, 0x60)
        self.dev.unbind()
        self.assertEqual(self.chip.CONFIG.value, 0)

    def test_the_chip_is_there_for_i2c_dev_too(self):
        with (self.guest / "dev/i2c-0").open("rw") as bus:
            bus.ioctl(I2C_SLAVE_FORCE, self.dev.addr)
            bus.write(b"\x03")
            self.assertEqual(bus.read(2), b"\x50\x00")


class AS6200(RegisterModel):
    """ams AS6200: as above, but CONFIG has 16 bits, with an alarm flag, and
    there is a pin for it."""

    value_bytes, byteorder = 2, "big"
    TEMP = Register(0x00, access="ro")
    CONFIG = Register(
        0x01,
        reset=0x40A0,
        writable=0x9FC0,
        fields={"CF": (12, 11), "POL": 10, "SM": 8, "CR": (7, 6), "AL": 5},
    )
    LOW = Register(0x02, reset=0x4B00)
    HIGH = Register(0x03, reset=0x5000)

    def __init__(self):
        super().__init__()
        self.raw = 0x1900  # what it measures: 25 degrees
        self.faults = 0  # conversions in a row that were too hot
        self.timer = None

    @CONFIG.on_write
    def configure(self, config):
        if config.POL != config.old.POL:
            self.CONFIG.AL = 1 - config.AL
        if self.timer is None and not config.SM:
            self.start()

    def start(self):
        period = (4, 1, 0.25, 0.125)[self.CONFIG.CR]
        self.timer = self.after(period, self.converted)

    def converted(self):
        self.TEMP.value = self.raw
        self.faults = self.faults + 1 if self.raw >= self.HIGH.value else 0
        if self.faults == (1, 2, 4, 6)[self.CONFIG.CF]:
            self.CONFIG.AL = self.CONFIG.POL
            self.irq.assert_()
        elif self.raw < self.LOW.value:
            self.CONFIG.AL = 1 - self.CONFIG.POL
            self.irq.deassert()
        self.start()


class Alarm(TestCase):
    device = Device("ams,as6200", model=AS6200).with_irq("rising")

    def tearDown(self):
        with known_bug(
            "AS6200 at .* write of 1 byte to CONFIG",
            "lm75_remove() writes the configuration of 16 bits as one byte",
        ):
            self.dev.unbind()

    def test_heat_wakes_who_polls_the_alarm(self):
        with (self.dev.hwmon.path / "temp1_alarm").open() as alarm:
            self.assertEqual(alarm.read(), b"0\n")
            poll = self.guest.start.poll(alarm, POLLPRI)
            self.clock.advance(1)
            self.assertFalse(poll.done)
            self.chip.raw = self.chip.HIGH.value
            self.clock.advance(4 * 0.125)  # CF: four in a row, 8 in a second
            self.assertTrue(poll.done)
            self.assertEqual(poll.result(), POLLPRI | POLLERR)
            self.assertEqual(alarm.pread(8, 0), b"1\n")


class StretchingLM75(I2CModel):
    """National LM75 that holds SCL low when its temperature is read."""

    def write(self, data):
        self.pointer = data[0]

    def read(self, length):
        return HOLD if self.pointer == 0 else bytes(length)


class ByHand(TestCase):
    """A fragment, and what Device does, step by step."""

    dts = DtFragment(
        src="""
&i2c {
    thermometer@$addr$ {
        compatible = "national,lm75";
        reg = <0x$addr$>;
        vs-supply = <&vdd>;
    };
};
""",
        variables={"addr": DtVar.I2C_ADDR},
    )

    def test_a_reading_waits_while_the_chip_stretches_the_clock(self):
        insmod("lm75")
        chip = StretchingLM75()
        self.board.attach(chip, self.dts["addr"])
        with I2CDriver("lm75").bind(self.dts["addr"]) as device:
            (hwmon,) = (device.path / "hwmon").iterdir()
            reading = self.guest.start.read_text(hwmon / "temp1_input")
            self.clock.advance(0.05)
            self.assertFalse(reading.done)
            chip.release(b"\x19\x00")
            self.assertEqual(reading.result(), "25000\n")


class NoAlarm(TestCase):
    device = Thermometer.device.with_irq("low")

    def test_interrupt_of_a_chip_without_alarm_bit_is_refused(self):
        log = self.guest.log
        self.assertIn("alarm interrupt is not supported", log)
