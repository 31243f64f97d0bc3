# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tests that VCNL4000 and VCNL4010/4020 share; see test_vcnl4000.py and
test_vcnl4010.py."""

import errno

from roadtest import NoDeviceError, known_bug, mark, requires_kernel

from vcnl40xx import does

LIGHT = "in_illuminance_raw"
NEAR = "in_proximity_raw"
LUX = "in_illuminance_scale"

POLLS = 20

DIVISION = known_bug(
    "divide error",
    "vcnl4000_init() leaves ps_scale 0, and vcnl4000_read_raw() gives the "
    "proximity as a fraction of it: the kernel divides by zero",
)


class Common:
    """What the classes have in common. Each chip gives these:"""

    GUARD: tuple[str, ...]
    """Registers that are read before each reading."""

    @property
    def iio(self):
        return self.dev.iio

    @property
    def poll(self):
        """Seconds between two looks at the ready bit: msleep(20) at HZ=100 is
        the rest of this jiffy and two more; 6.1 adds a third."""
        return 0.04 if self.guest.release.startswith("6.1.") else 0.03

    def does(self, *expected):
        return does(self, *expected)


class Measured(Common):
    """Readings of any wiring; a chip needs them once."""

    @mark("rfc")
    def test_illuminance(self):
        light = self.iio.channel("in_illuminance")
        self.assertEqual(light["scale"], "0.250000")
        for counts in 0, 1, 0x00FF, 0x1234, 0xFF00, 0xFFFF:
            with self.subTest(counts):
                self.chip.light = counts
                self.assertEqual(light["raw"], str(counts))
                self.assertEqual(light.processed * 4, counts)

    @mark("rfc")
    def test_measurement_that_never_ends_gives_eio(self):
        self.chip.al_time = self.chip.ps_time = None
        for attribute, command in (LIGHT, 0x10), (NEAR, 0x08):
            with self.subTest(attribute):
                start = self.clock.now
                looks = ["COMMAND"] * POLLS
                with self.does(*self.GUARD, ("COMMAND", command), *looks):
                    with self.assertGuestError(errno.EIO):
                        self.iio[attribute]
                seconds = (self.clock.now - start) / 1e9
                self.assertGreater(seconds, self.poll * (POLLS - 1))
                self.assertLess(seconds, self.poll * POLLS + 0.01)
        self.assertEqual(
            self.dev.messages().lines.count(
                "vcnl4000_measure() failed, data not ready"
            ),
            2,
        )


class Readings(Common):
    """Readings, without interrupt."""

    def test_illuminance_is_measured_on_demand(self):
        self.chip.al_time = 0.01
        with self.does(
            *self.GUARD, ("COMMAND", 0x10), "COMMAND", "COMMAND", "AL_RESULT"
        ):
            self.iio[LIGHT]

    def test_driver_looks_for_the_result_at_once(self):
        self.chip.al_time = 0.00001  # before the first look
        with self.does(*self.GUARD, ("COMMAND", 0x10), "COMMAND", "AL_RESULT"):
            self.iio[LIGHT]

    def test_light_that_is_ready_at_the_last_look(self):
        self.chip.light = 7
        self.chip.al_time = self.poll * (POLLS - 1.5)
        looks = ["COMMAND"] * POLLS
        with self.does(*self.GUARD, ("COMMAND", 0x10), *looks, "AL_RESULT"):
            self.assertEqual(self.iio[LIGHT], "7")

    def test_the_other_ready_bit_is_not_taken_for_it(self):
        for attribute, bit in (LIGHT, "PS_RDY"), (NEAR, "AL_RDY"):
            with self.subTest(attribute):
                self.chip.al_time = self.chip.ps_time = None
                self.chip.COMMAND.value = 0x80
                setattr(self.chip.COMMAND, bit, 1)
                with self.assertGuestError(errno.EIO):
                    self.iio[attribute]

    def test_reading_works_after_a_timeout(self):
        self.chip.al_time, self.chip.light = None, 5
        with self.assertGuestError(errno.EIO):
            self.iio[LIGHT]
        self.chip.al_time = 0.1
        self.assertEqual(self.iio[LIGHT], "5")

    def test_proximity_is_measured_on_demand(self):
        """As far as it can be read: the last message fails."""
        self.chip.ps_time = 0.00001
        before_result = len(self.GUARD) * 2 + 4
        self.chip.inject(after=before_result)
        with self.does(*self.GUARD, ("COMMAND", 0x08), "COMMAND"):
            with self.assertGuestError(errno.EIO):
                self.iio[NEAR]
        address, data = [r for r in self.board.trace if r.kind == "i2c"][-2:]
        self.assertEqual((address.data, address.status), (b"\x87", 0))
        self.assertTrue(data.read)

    def test_nak_in_a_reading_is_an_error_and_the_next_reading_works(self):
        self.chip.al_time, self.chip.light = 0.00001, 3
        guard = len(self.GUARD) * 2
        for message in range(guard, guard + 5):
            with self.subTest(message=message):
                self.chip.inject(after=message)
                with self.assertGuestError(errno.EIO):
                    self.iio[LIGHT]
                self.chip.inject(count=0)
                self.assertEqual(self.iio[LIGHT], "3")

    def test_unbind_and_runtime_pm_leave_the_chip_alone(self):
        self.iio[LIGHT]
        with self.does():
            self.clock.advance(3)
            status = (self.dev / "power/runtime_status").read_text()
            self.assertEqual(status, "suspended\n")
            self.dev.unbind()

    def test_delay_of_autosuspend_is_two_seconds(self):
        delay = self.dev / "power/autosuspend_delay_ms"
        self.assertEqual(delay.read_text(), "2000\n")

    def test_works_after_suspend_and_resume(self):
        (self.guest / "sys/power/pm_test").write_text("devices")
        (self.guest / "sys/power/state").write_text("freeze")
        self.chip.light = 77
        self.assertEqual(self.iio[LIGHT], "77")

    def test_works_when_it_is_bound_again(self):
        self.iio[LIGHT]
        self.dev.unbind()
        self.dev.bind()
        self.chip.light = 78
        self.assertEqual(self.iio[LIGHT], "78")
        self.clock.advance(3)
        status = (self.dev / "power/runtime_status").read_text()
        self.assertEqual(status, "suspended\n")


class Proximity(Common):
    """Alone in its kernel, which it ends."""

    @requires_kernel("6.12", "vcnl4000 gives the proximity as a whole number")
    @DIVISION
    def test_proximity(self):
        self.chip.proximity = 0x1234
        self.assertEqual(float(self.iio[NEAR]), 0x1234)


class Probe(Common):
    """What happens when the driver is bound."""

    NAME: str
    """As the driver logs it."""
    OTHER: int
    """Product id of the chip that it warns of."""
    WARNING: str
    """What it warns with."""

    def test_only_reads_the_product_id(self):
        with self.does("PRODUCT"):
            self.dev.bind()
        self.assertEqual(self.dev.messages().find("wrong device id"), [])

    def test_any_revision_will_do(self):
        self.guest.insmod("vcnl4000", "dyndbg=+p")
        (self.guest / "proc/sys/kernel/printk").write_text("8")
        self.chip.PRODUCT.value |= 0x0A
        rev = self.chip.PRODUCT.value & 0x0F
        self.dev.bind()
        self.assertIn(
            f"{self.NAME} Ambient light/proximity sensor, Rev: {rev:02x}",
            self.dev.messages().text,
        )

    def test_related_chip_is_warned_of(self):
        self.chip.PRODUCT.value = self.OTHER << 4
        self.dev.bind()
        (line,) = self.dev.messages().find("wrong device id")
        self.assertTrue(line.endswith(f"wrong device id, {self.WARNING}"), line)

    def test_foreign_chip_gives_enodev(self):
        for product in 0x00, 0x0F, 0x31, 0x81, 0xFF:
            with self.subTest(hex(product)):
                self.chip.PRODUCT.value = product
                with self.assertGuestError(errno.ENODEV):
                    self.dev.bind()

    def test_nak_is_an_error_and_the_next_probe_works(self):
        for message in 0, 1:
            with self.subTest(message=message):
                self.chip.inject(after=message)
                with self.assertGuestError(errno.EIO):
                    self.dev.bind()
                with self.assertRaises(NoDeviceError):
                    self.iio
        self.dev.bind()
        self.assertEqual(self.iio["name"], "vcnl4000")

    def test_near_level_is_that_of_the_devicetree(self):
        self.dev.bind()
        self.assertEqual(self.iio["in_proximity_nearlevel"], "220")
