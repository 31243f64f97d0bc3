# SPDX-License-Identifier: LGPL-2.1-or-later
"""drivers/iio/light/tsl2772.c: ambient light, its settings and calibration."""

import errno
from functools import partial

from tsl2772_case import (
    APDS9930, CLEAR, ENABLE, TMD2X71, TMD2X72, TSL2X71, TSL2X72,
    Sensor, lux, registers, restart,
)  # fmt: skip
from tsl2772_model import PARTS, TSL2772

from roadtest import Device, TestCase, known_bug

LUX = "in_illuminance0_input"
CH0, CH1 = "in_intensity0_raw", "in_intensity1_raw"
GAIN = "in_intensity0_calibscale"
TIME = "in_intensity0_integration_time"
TRIM = "in_intensity0_calibbias"
TARGET = "in_illuminance0_target_input"
CALIBRATE = "in_illuminance0_calibrate"
TABLE = "in_illuminance0_lux_table"

GAINS = {"1": (0, 1), "8": (1, 8), "16": (2, 16), "120": (3, 120)}

# Messages that one reading sends: STATUS, then for each channel select with
# auto-increment, low byte, high byte, select.
READING = "93 b4 94 95 94 b6 96 97 96".split()


class Illuminance(Sensor):
    def assert_lux(self, ch0, ch1, expected):
        self.measure(ch0, ch1)
        self.assertEqual(self.iio[LUX], str(expected))

    def test_first_segment(self):
        # 60 * (1 * 100 - 1.87 * 10) / 2.73
        self.assertEqual(lux(100, 10), 1786)
        for ch0, ch1 in (1, 0), (100, 10), (255, 77), (256, 0), (767, 300):
            with self.subTest(ch0=ch0, ch1=ch1):
                self.assert_lux(ch0, ch1, lux(ch0, ch1))

    def test_second_segment(self):
        # (0.63 * 100 - 1 * 60) * 60 / 2.73; the first one is negative
        self.assertEqual((100 * 37800 - 60 * 60000) // 2730, 65)
        for ch0, ch1 in (100, 50), (600, 300), (600, 370):
            with self.subTest(ch0=ch0, ch1=ch1):
                self.assert_lux(ch0, ch1, lux(ch0, ch1))

    def test_saturation_is_three_quarters_of_the_range(self):
        self.assert_lux(767, 0, lux(767, 0))
        self.assert_lux(768, 0, 65535)
        self.assert_lux(0xFFFF, 0, 65535)

    def test_saturation_depends_on_the_integration_time(self):
        self.iio[TIME] = "0.00546"
        self.assert_lux(1535, 0, lux(1535, 0, counts=2))
        self.assert_lux(1536, 0, 65535)

    def test_gain_divides(self):
        for text, (_, factor) in GAINS.items():
            with self.subTest(text):
                self.iio[GAIN] = text
                self.assert_lux(700, 100, lux(700, 100, gain=factor))

    def test_long_integration_divides(self):
        self.iio[TIME] = "0.2730"
        self.assert_lux(0x9ABC, 0x1234, lux(0x9ABC, 0x1234, counts=100))

    def test_longest_integration_and_highest_gain(self):
        self.iio[TIME] = "0.699"
        self.iio[GAIN] = "120"
        self.assert_lux(0xFFFF, 0, lux(0xFFFF, 0, counts=256, gain=120))

    def test_reading_sends_exactly_this(self):
        self.measure(0x1234, 0x5678)
        for name in LUX, CH0, CH1:
            with self.subTest(name):
                sent = self.sent_by(self.iio.__getitem__, name)
                self.assertEqual(sent, READING)

    def test_segment_over_65535_gives_way_to_the_other(self):
        self.iio[TRIM] = "4000"
        self.assertGreater(lux(767, 0, trim=4000), 65535)
        second = TSL2X72[1:]
        self.assert_lux(767, 0, lux(767, 0, trim=4000, table=second))

    def test_both_segments_over_65535_give_65535(self):
        self.iio[TABLE] = "300000,0,290000,0,0,0"
        self.assert_lux(767, 0, 65535)

    def test_65535_is_the_largest_value(self):
        table = 65535 * 2730, 0
        self.iio[TABLE] = f"{table[0]},0,0,0"
        self.assert_lux(1, 0, 65535)
        self.iio[TABLE] = f"{65536 * 2730},0,2730,0,0,0"
        self.assert_lux(1, 0, 1)

    def test_small_values_are_cut_off(self):
        self.iio[TIME] = "0.273"
        self.assert_lux(4, 0, 0)
        self.assert_lux(5, 0, 1)

    @known_bug(
        "'1786' != '0'",
        "tsl2772_get_lux() takes channel 0 at 0 for no data and reports the "
        "illuminance before",
    )
    def test_darkness_is_0_lux(self):
        self.assert_lux(100, 10, lux(100, 10))
        self.assert_lux(0, 0, 0)

    @known_bug(
        "'65535' != '0'",
        "tsl2772_get_lux() computes in unsigned int, where a negative segment "
        "is large",
    )
    def test_infrared_alone_is_0_lux(self):
        self.assertEqual(lux(100, 500), 0)
        self.assert_lux(100, 500, 0)

    def test_last_value_stays_until_an_integration_has_ended(self):
        self.assert_lux(100, 10, 1786)
        self.chip.ch0 = 200
        self.chip.ends = False
        self.iio[GAIN] = "8"  # starts again
        self.clock.advance(1)
        sent = self.sent_by(
            self.iio.__getitem__, LUX, errors=["data not valid yet"]
        )
        self.assertEqual(sent, ["93"])
        self.assertEqual((self.iio[LUX], self.iio[CH0]), ("1786", "100"))

    def test_needs_its_own_measurement_not_one_of_proximity(self):
        self.assert_lux(100, 10, 1786)
        self.chip.stop()
        self.chip.latched, self.chip.STATUS.AVALID = (200, 20, 0), 0
        self.assertEqual(self.chip.STATUS.PVALID, 1)
        sent = self.sent_by(
            self.iio.__getitem__, LUX, errors=["data not valid yet"]
        )
        self.assertEqual(sent, ["93"])

    def test_all_is_0_before_the_first_integration(self):
        self.chip.ends = False
        self.measure(100, 100, 100)
        self.assertEqual([self.iio[n] for n in (LUX, CH0, CH1)], ["0"] * 3)


class Intensity(Sensor):
    def test_both_channels(self):
        for ch0, ch1 in (1, 2), (0x00FF, 0x0100), (0xFEDC, 0x1234), (0, 0):
            with self.subTest(ch0=ch0, ch1=ch1):
                self.measure(ch0, ch1)
                self.assertEqual(self.iio[CH0], str(ch0))
                self.assertEqual(self.iio[CH1], str(ch1))

    def test_high_byte_belongs_to_the_low_one(self):
        self.measure(1, 1)
        start = self.clock.now
        self.iio[CH0]
        low = self.chip.reads(TSL2772.C0DATA)[-1].time - start
        high = self.chip.reads(TSL2772.C0DATAH)[-1].time - start
        # An integration that ends between the two bytes.
        self.chip.stop()
        self.chip.latched = (0x01FF, 0, 0)
        self.chip.ch0 = 0x0200
        self.clock.after((low + high) / 2e9, self.chip.light_done)
        self.assertEqual(self.iio[CH0], str(0x01FF))
        self.assertEqual(self.iio[CH0], str(0x0200))

    def read_or_eio(self, value):
        """A failed transfer must change no value; the value before is what
        this driver gives instead of an error."""
        try:
            self.assertEqual(self.iio[CH1], value)
        except OSError as error:
            self.assertEqual(error.errno, errno.EIO)

    def test_failed_transfer_ends_the_reading(self):
        self.measure(1, 2)
        self.assertEqual(self.iio[CH1], "2")
        self.measure(3, 4)
        logs = ["failed to read STATUS register: -5"] * 2
        for low, high in (0x14, 0x15), (0x16, 0x17):
            logs += [
                "failed to enable auto increment protocol: -5",
                *[f"failed to read from register {low:x}: -5"] * 2,
                *[f"failed to read from register {high:x}: -5"] * 2,
                "failed to enable repeated byte protocol: -5",
            ]
        for message, line in enumerate(logs):
            with self.subTest(message=message):
                errors = self.nak(message, self.read_or_eio, "2")
                self.assertEqual(errors, [line])
        self.assertEqual((self.iio[CH0], self.iio[CH1]), ("3", "4"))

    def assert_nak_is_an_error(self, name):
        self.measure(1, 2)
        self.chip.inject(count=1)
        with self.assertGuestError(errno.EIO):
            self.iio[name]

    NO_ERROR = known_bug(
        "gave no error",
        "tsl2772_read_raw() drops the error of the transfer and gives the "
        "value before",
    )

    @NO_ERROR
    def test_nak_in_a_reading_of_intensity_gives_eio(self):
        self.assert_nak_is_an_error(CH0)

    @NO_ERROR
    def test_nak_in_a_reading_of_illuminance_gives_eio(self):
        self.assert_nak_is_an_error(LUX)


class Settings(Sensor):
    """Each change switches the chip off, writes all, and switches it on."""

    def test_calibscale(self):
        for text, (gain, _) in GAINS.items():
            with self.subTest(text):
                self.assertEqual(self.set(GAIN, text), restart(f"8f2{gain:x}"))
                self.assertEqual(self.iio[GAIN], text)

    def test_calibscale_that_the_chip_lacks_gives_einval(self):
        self.assert_einval(
            GAIN, "0", "2", "9", "15", "60", "64", "121", "-1", "x"
        )

    def test_calibscale_available(self):
        self.assertEqual(self.iio[GAIN + "_available"], "1 8 16 120")

    def test_integration_time(self):
        for text, atime, shown in (
            ("0.00546", 0xFE, "0.005460"),
            ("0.002730", 0xFF, "0.002730"),
            ("0.005459", 0xFF, "0.002730"),
            ("0.35", 0x80, "0.349440"),
            ("0.699", 0x00, "0.698880"),
        ):
            with self.subTest(text):
                self.assertEqual(
                    self.set(TIME, text), restart(f"81{atime:02x}")
                )
                self.assertEqual(self.iio[TIME], shown)

    def test_integration_time_out_of_range_gives_einval(self):
        self.assert_einval(
            TIME, "0", "0.002729", "0.699001", "1.00273", "-0.1", "x"
        )

    def test_integration_time_available(self):
        self.assertEqual(
            self.iio[TIME + "_available"], "[0.002730 0.002730 0.699000]"
        )

    def test_calibbias(self):
        self.assertEqual(self.iio[TRIM], "1000")
        for text in "250", "4000":
            with self.subTest(text):
                self.assertEqual(self.set(TRIM, text), restart())
                self.assertEqual(self.iio[TRIM], text)
                self.measure(200, 10)
                self.assertEqual(
                    self.iio[LUX], str(lux(200, 10, trim=int(text)))
                )

    def test_calibbias_out_of_range_gives_einval(self):
        self.assert_einval(TRIM, "249", "4001", "-1000", "x")
        self.assertEqual(self.iio[TRIM], "1000")

    def test_target_input(self):
        self.assertEqual(self.iio[TARGET], "150")
        for text, shown in ("0", "0"), ("65535", "65535"), ("0x10", "16"):
            with self.subTest(text):
                self.assertEqual(self.set(TARGET, text), restart())
                self.assertEqual(self.iio[TARGET], shown)

    def test_target_input_that_is_no_u16_gives_einval(self):
        self.assert_einval(TARGET, "65536", "-1", "x", "1.5")
        self.assertEqual(self.iio[TARGET], "150")

    def assert_einval(self, attribute, *values):
        start = len(self.board.trace)
        for value in values:
            with self.subTest(value), self.assertGuestError(errno.EINVAL):
                self.iio[attribute] = value
        self.assertEqual(self.sent(start), [])

    def test_nak_when_the_target_is_set_is_an_error(self):
        self.chip.inject(count=1)
        with self.assertGuestError(errno.EIO):
            self.iio[TARGET] = "1"

    def test_settings_are_kept_when_another_one_changes(self):
        self.iio[TIME] = "0.273"
        self.assertEqual(self.set(GAIN, "16"), restart("819c", "8f22"))

    def test_chip_settles_for_3_ms_before_it_is_enabled(self):
        self.iio[GAIN] = "8"
        written = self.chip.writes(TSL2772.CONTROL)[-1].time
        enabled = self.chip.writes(TSL2772.ENABLE)[-1].time
        self.assertGreaterEqual(enabled - written, 3_000_000)
        self.assertLess(enabled - written, 6_000_000)

    def test_nak_in_a_change_is_an_error_and_the_next_change_works(self):
        messages = len(restart())
        logs = {
            0: "failed to write to control register 0: -5",
            1: "failed to write to control register 1: -5",
            2: "failed to write to register 80: -5",
            17: "failed to write to register 8f: -5",
            18: "failed to write to control register 7: -5",
            messages - 1: "failed to clear interrupt status: -5",
        }
        for message, line in logs.items():
            with self.subTest(message):
                errors = self.nak(message, self.set_with_eio, GAIN, "8")
                self.assertEqual(errors, [line])
            # It counts as switched off: only the rest of the sequence follows.
            self.assertEqual(self.set(GAIN, "16"), restart("8f22")[1:])

    def set_with_eio(self, attribute, value):
        with self.assertGuestError(errno.EIO):
            self.iio[attribute] = value

    def test_a_chip_that_failed_to_start_is_not_read(self):
        self.measure(50, 10)
        value = self.iio[LUX]
        self.chip.inject(after=1, count=1)
        with self.assertGuestError(errno.EIO):
            self.iio[GAIN] = "8"
        sent = self.sent_by(
            self.read_or_ebusy, value, errors=["device is not enabled"]
        )
        self.assertEqual(sent, [])

    def read_or_ebusy(self, value):
        try:
            self.assertEqual(self.iio[LUX], value)
        except OSError as error:
            self.assertEqual(error.errno, errno.EBUSY)


class LuxTable(Sensor):
    def test_default(self):
        self.assertEqual(self.iio[TABLE], "60000,112200,37800,60000,0,0")

    def test_is_used_at_once(self):
        sent = self.set(TABLE, "100000,20000,0,0")
        self.assertEqual(sent, restart())
        self.assertEqual(self.iio[TABLE], "100000,20000,0,0")
        self.measure(100, 10)
        table = ((100000, 20000),)
        self.assertEqual(self.iio[LUX], str(lux(100, 10, table=table)))

    def test_has_up_to_four_segments(self):
        text = "1,0,2,0,3,0,273000,0,0,0"
        self.iio[TABLE] = text
        self.assertEqual(self.iio[TABLE], text)
        self.measure(3, 0)
        self.assertEqual(self.iio[LUX], "300")

    def test_shorter_one_leaves_nothing_of_the_one_before(self):
        self.iio[TABLE] = "1,2,3,4,5,6,7,8,0,0"
        self.iio[TABLE] = "273000,0,0,0"
        self.assertEqual(self.iio[TABLE], "273000,0,0,0")

    def test_malformed_one_gives_einval(self):
        start = len(self.board.trace)
        for text in (
            "x", "0,0", "1,2,0", "1,2,3,0,0", "1,2,3,4", "1,2,0,4",
            "1,0,3,0", "1,2,3,4,5,6,7,8,9,10,0,0",
            "1,2,3,4,5,6,7,8,9,10,11,12,0,0",
        ):  # fmt: skip
            with self.subTest(text), self.assertGuestError(errno.EINVAL):
                self.iio[TABLE] = text
        self.assertEqual(self.sent(start), [])
        self.assertEqual(self.iio[TABLE], "60000,112200,37800,60000,0,0")

    def test_nak_when_it_switches_off_is_an_error(self):
        self.chip.inject(count=1)
        with self.assertGuestError(errno.EIO):
            self.iio[TABLE] = "1,2,0,0"
        self.assertEqual(self.iio[TABLE], "60000,112200,37800,60000,0,0")

    def test_nak_when_it_switches_on_is_an_error(self):
        self.chip.inject(after=1, count=1)
        with self.assertGuestError(errno.EIO):
            self.iio[TABLE] = "1,2,0,0"
        # The chip is off by now.
        self.assertEqual(self.set(TABLE, "1,2,0,0"), restart()[1:])


class Calibration(Sensor):
    def calibrate(self, target, ch0=20, ch1=0):
        self.iio[TARGET] = str(target)
        self.measure(ch0, ch1)
        self.iio[CALIBRATE] = "1"

    def test_sets_the_trim_so_that_the_target_is_read(self):
        self.assertEqual(lux(20, 0), 439)
        self.calibrate(220)
        self.assertEqual(self.iio[TRIM], str(220 * 1000 // 439))
        self.measure()
        self.assertEqual(self.iio[LUX], "219")  # of 439 * 0.501

    def test_reads_state_and_light_and_starts_again(self):
        self.measure(20, 0)
        self.assertEqual(self.set(CALIBRATE, "1"), ["80", *READING, *restart()])

    def test_goes_on_from_the_trim_before(self):
        self.iio[TRIM] = "2000"
        self.calibrate(439)
        self.assertEqual(lux(20, 0, trim=2000), 878)
        self.assertEqual(self.iio[TRIM], str(439 * 2000 // 878))

    def test_trim_ends_at_250_and_4000(self):
        # of 1000 * target / 439, rounded down
        for target in 109, 1757:
            with self.subTest(target), self.assertGuestError(errno.ERANGE):
                self.calibrate(target)
        self.assertEqual(self.iio[TRIM], "1000")
        self.calibrate(110)
        self.assertEqual(self.iio[TRIM], "250")
        self.iio[TRIM] = "1000"
        self.calibrate(1756)
        self.assertEqual(self.iio[TRIM], "4000")

    def test_zero_lux_gives_erange(self):
        with self.assertGuestError(errno.ERANGE):
            self.calibrate(150, ch0=0)

    def test_anything_but_true_gives_einval(self):
        start = len(self.board.trace)
        for text in "0", "2", "x", "n":
            with self.subTest(text), self.assertGuestError(errno.EINVAL):
                self.iio[CALIBRATE] = text
        self.assertEqual(self.sent(start), [])

    def test_chip_that_lost_its_state_gives_einval(self):
        self.measure(20, 0)
        for enable in 0, 1, 2:
            self.chip.ENABLE.value = enable
            logged = len(self.guest.log)
            with self.subTest(enable), self.assertGuestError(errno.EINVAL):
                self.iio[CALIBRATE] = "1"
            self.assertEqual(
                self.errors(logged),
                ["Device is not powered on and/or ADC is not enabled"],
            )
        self.assertEqual(self.iio[TRIM], "1000")

    def test_nak_is_an_error(self):
        self.measure(20, 0)
        lux = "failed to get lux"
        for message, logs in {
            0: ["failed to read from the CNTRL register"],
            2: ["failed to read STATUS register: -5", lux],
            4: ["failed to enable auto increment protocol: -5", lux],
            15: ["failed to enable repeated byte protocol: -5", lux],
            16: ["failed to write to control register 0: -5"],
            17: ["failed to write to control register 1: -5"],
        }.items():
            with self.subTest(message):
                self.assertEqual(self.nak(message, self.eio), logs)
            self.iio[TRIM] = "1000"
            self.measure(20, 0)

    def eio(self):
        with self.assertGuestError(errno.EIO):
            self.iio[CALIBRATE] = "1"

    @known_bug(
        "gave no error",
        "tsl2772_als_calibrate() looks for the valid bit of STATUS in the "
        "value of ENABLE",
    )
    def test_before_the_first_integration_gives_enodata(self):
        self.measure(20, 0)
        self.iio[LUX]
        self.chip.ends = False
        self.iio[GAIN] = "1"  # starts again
        with self.assertGuestError(errno.ENODATA):
            self.iio[CALIBRATE] = "1"


def part(compatible):
    return Device(compatible, model=partial(TSL2772, compatible), bind=False)


class Equations(TestCase):
    """Lux equation and step of the integration time of each part."""

    tables = {
        "tsl2571": TSL2X71, "tsl2771": TSL2X71, "tmd2771": TMD2X71,
        "tsl2572": TSL2X72, "tsl2772": TSL2X72, "tmd2772": TMD2X72,
        "apds9930": APDS9930,
    }  # fmt: skip
    for compatible in PARTS:
        if compatible.partition(",")[2] in tables:
            locals()[compatible.partition(",")[2]] = part(compatible)

    def test_table_step_and_reading(self):
        for name, table in self.tables.items():
            with self.subTest(name):
                device = getattr(self, name)
                device.bind()
                numbers = [str(n) for row in (*table, (0, 0)) for n in row]
                self.assertEqual(device.iio[TABLE], ",".join(numbers))
                step = device.chip.step
                longest = {2720: 696000, 2730: 699000}[step]
                self.assertEqual(
                    device.iio[TIME + "_available"],
                    f"[0.00{step} 0.00{step} 0.{longest}]",
                )
                self.assertEqual(device.iio[TIME], f"0.00{step}")
                device.chip.ch0, device.chip.ch1 = 123, 17
                self.clock.advance(0.03)
                self.assertEqual(
                    device.iio[LUX], str(lux(123, 17, step=step, table=table))
                )
                device.unbind()

    def test_limits_of_the_integration_time_of_2x71(self):
        self.tsl2571.bind()
        iio, chip = self.tsl2571.iio, self.tsl2571.chip
        iio[TIME] = "0.696"
        self.assertEqual(chip.ATIME.value, 256 - 255)
        self.assertEqual(iio[TIME], "0.693600")
        for text in "0.002719", "0.696001":
            with self.subTest(text), self.assertGuestError(errno.EINVAL):
                iio[TIME] = text
