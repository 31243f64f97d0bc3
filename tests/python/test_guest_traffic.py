# SPDX-License-Identifier: LGPL-2.1-or-later
"""Assertions on traffic: what they accept, and what they say else."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import Any

from roadtest import TestCase, UsageError
from roadtest.expect import Read, Transfer, Write
from roadtest.models import Model, Register, RegisterModel

from chips import Memory

I2C_SLAVE = 0x0703
I2C_RDWR = 0x0707
I2C_M_RD = 1

BIT = 2500  # ns, at 400 kHz


class Adc(RegisterModel):
    """An imagined converter."""

    auto_increment = True
    CONFIG = Register(0x01, fields={"EN": 7, "GAIN": (5, 4), "CH": (1, 0)})
    LIMIT = Register(0x02, width=2)
    RESULT = Register(0x04, width=2, access="ro", reset=0x1234)


class Dac(RegisterModel):
    """Its counterpart."""

    CONFIG = Register(0x01)


class Bus(TestCase):
    """i2c-dev, to do what a driver would."""

    def setUp(self) -> None:
        self.maxDiff = None
        self.bus = (self.guest / "dev/i2c-0").open("rw")

    def put(self, chip: Model, addr: int) -> None:
        """A chip on the bus, to talk to."""
        self.board.attach(chip, addr)
        self.bus.ioctl(I2C_SLAVE, addr)

    def read(self, addr: int, write: bytes, length: int) -> bytes:
        """One transaction: a write, a repeated START and a read."""
        messages = bytearray(
            struct.pack("<HHHxxQ", addr, 0, len(write), 0)
            + struct.pack("<HHHxxQ", addr, I2C_M_RD, length, 0)
        )
        out, back = bytearray(write), bytearray(length)
        self.bus.ioctl_buffers(
            I2C_RDWR,
            [bytearray(struct.pack("<QI4x", 0, 2)), messages, out, back],
            [(0, 0, 1), (1, 8, 2), (1, 24, 3)],
        )
        return bytes(back)

    def assert_fails(
        self, text: str, fn: Callable[..., object], *items: Any, **kwargs: Any
    ) -> None:
        """The assertion fails with this message; times in it are "*"."""
        with self.assertRaises(AssertionError) as caught:
            fn(*items, **kwargs)
        message = re.sub(r"\b\d+\.\d{9} s", "* s", str(caught.exception))
        self.assertEqual(message, text.strip("\n"))


class Registers(Bus):
    def setUp(self) -> None:
        super().setUp()
        self.adc = Adc()
        self.put(self.adc, 0x50)

    def test_writes_by_name_value_mask_and_fields(self) -> None:
        with self.adc.traffic() as traffic:
            self.bus.write(b"\x01\x92")
            self.bus.write(b"\x02\x12\x34")
        traffic.assert_writes(("CONFIG", 0x92), ("LIMIT", 0x1234))
        traffic.assert_writes(Adc.CONFIG.write(0x92), Adc.LIMIT.write(0x1234))
        traffic.assert_writes((Adc.CONFIG, 0x92), Adc.LIMIT)
        traffic.assert_writes("CONFIG", self.adc.LIMIT)
        traffic.assert_writes(("CONFIG", {"GAIN": 1, "CH": 2}), "LIMIT")
        traffic.assert_writes(
            Adc.CONFIG.write(EN=1, GAIN=1), Adc.LIMIT.write(0x30, mask=0xF0)
        )
        self.assertEqual(traffic.writes.values, [0x92, 0x1234])
        self.assertEqual(
            traffic.writes[0].fields, {"EN": 1, "GAIN": 1, "CH": 2}
        )

    def test_a_wrong_field_is_named_with_the_register_decoded(self) -> None:
        self.bus.write(b"\x02\x12\x34")
        self.bus.write(b"\x01\x92")
        self.assert_fails(
            """
traffic of Adc at 0x50: not the expected writes
  expected            actual
  write LIMIT 0x1234  write LIMIT 0x1234  * s
! write CONFIG CH=1   write CONFIG 0x92   * s
    CH is 2, not 1; CONFIG has EN=1 GAIN=1 CH=2
""",
            self.adc.traffic().assert_writes,
            ("LIMIT", 0x1234),
            Adc.CONFIG.write(CH=1),
        )
        self.assert_fails(
            """
traffic of Adc at 0x50: not the expected writes
  expected            actual
! write LIMIT 0x1134  write LIMIT 0x1234  * s
    bits 0x300 differ
! write CONFIG 0x1a   write CONFIG 0x92   * s
    EN is 1, not 0, bits 0x8 differ; CONFIG has EN=1 GAIN=1 CH=2
""",
            self.adc.traffic().assert_writes,
            ("LIMIT", 0x1134),
            ("CONFIG", 0x1A),
        )

    def test_what_is_missing_and_what_is_too_much(self) -> None:
        self.bus.write(b"\x01\x80")
        self.bus.write(b"\x01\x00")
        self.assert_fails(
            """
traffic of Adc at 0x50: not the expected writes
  expected            actual
  write CONFIG 0x80   write CONFIG 0x80  * s
! write LIMIT 0x0001  -
! -                   write CONFIG 0x00  * s
    CONFIG has EN=0 GAIN=0 CH=0
""",
            self.adc.traffic().assert_writes,
            ("CONFIG", 0x80),
            ("LIMIT", 1),
        )

    def test_the_order_counts_unless_it_is_said_not_to(self) -> None:
        self.bus.write(b"\x01\x80")
        self.bus.write(b"\x02\x00\x01")
        self.bus.write(b"\x01\x81")
        traffic = self.adc.traffic()
        # CONFIG.EN fits two of them: the other must be left for 0x80
        items = Adc.CONFIG.write(EN=1), ("CONFIG", 0x80), "LIMIT"
        traffic.assert_writes(*items, ordered=False)
        with self.assertRaises(AssertionError):
            traffic.assert_writes(*items)
        self.assert_fails(
            """
traffic of Adc at 0x50: not the expected writes
  expected                 actual
  write CONFIG 0x80        write CONFIG 0x80   * s
  write LIMIT (any value)  write LIMIT 0x0001  * s
! -                        write CONFIG 0x81   * s
    CONFIG has EN=1 GAIN=0 CH=1
! write CONFIG 0x82        -
""",
            traffic.assert_writes,
            ("CONFIG", 0x82),
            ("CONFIG", 0x80),
            "LIMIT",
            ordered=False,
        )

    def test_reads_and_mixed(self) -> None:
        with self.adc.traffic() as traffic:
            self.bus.write(b"\x01\x80")
            self.assertEqual(self.read(0x50, b"\x04", 2), b"\x12\x34")
            self.assertEqual(self.read(0x50, b"\x01", 1), b"\x80")
        traffic.assert_reads(("RESULT", 0x1234), Adc.CONFIG.read(EN=1))
        traffic.assert_accesses(
            ("CONFIG", 0x80), Adc.RESULT.read(), Adc.CONFIG.read(0x80)
        )
        self.assert_fails(
            """
traffic of Adc at 0x50: not the expected accesses
  expected            actual
! -                   write CONFIG 0x80   * s
    CONFIG has EN=1 GAIN=0 CH=0
  read RESULT 0x1234  read RESULT 0x1234  * s
  read CONFIG EN=1    read CONFIG 0x80    * s
! write CONFIG 0x80   -
""",
            traffic.assert_accesses,
            Adc.RESULT.read(0x1234),
            Adc.CONFIG.read(EN=1),
            ("CONFIG", 0x80),
        )

    def test_once_and_last(self) -> None:
        self.bus.write(b"\x01\x80")
        self.bus.write(b"\x02\x00\x01")
        self.bus.write(b"\x01\x81")
        traffic = self.adc.traffic()
        traffic.assert_write_once(("LIMIT", 1))
        traffic.assert_last_write(("LIMIT", 1))
        traffic.assert_last_write(Adc.CONFIG.write(CH=1))
        self.assert_fails(
            """
traffic of Adc at 0x50: not the only write of its kind
  expected           actual
! -                  write CONFIG 0x80  * s
    CONFIG has EN=1 GAIN=0 CH=0
  write CONFIG 0x81  write CONFIG 0x81  * s
""",
            traffic.assert_write_once,
            ("CONFIG", 0x81),
        )
        self.assert_fails(
            """
traffic of Adc at 0x50: not the last write of its kind
  expected           actual
! write CONFIG 0x80  write CONFIG 0x81  * s
    CH is 1, not 0; CONFIG has EN=1 GAIN=0 CH=1
""",
            traffic.assert_last_write,
            ("CONFIG", 0x80),
        )
        with self.adc.traffic() as quiet:
            pass
        self.assert_fails(
            """
traffic of Adc at 0x50: not the last write of its kind
  expected           actual
! write CONFIG 0x80  -
""",
            quiet.assert_last_write,
            ("CONFIG", 0x80),
        )

    def test_some_in_an_order_with_others_between(self) -> None:
        for value in 1, 2, 3:
            self.bus.write(bytes([1, value]))
        traffic = self.adc.traffic()
        traffic.assert_order(("CONFIG", 1), ("CONFIG", 3))
        self.assert_fails(
            """
traffic of Adc at 0x50: no write CONFIG 0x01 after write CONFIG 0x03
  expected           actual
  -                  write CONFIG 0x01  * s
  -                  write CONFIG 0x02  * s
  write CONFIG 0x03  write CONFIG 0x03  * s
! write CONFIG 0x01  -
""",
            traffic.assert_order,
            ("CONFIG", 3),
            ("CONFIG", 1),
        )

    def test_nothing_happened(self) -> None:
        with self.adc.traffic() as traffic:
            pass
        traffic.assert_none()
        traffic.assert_accesses()
        self.bus.write(b"\x01\x80")
        traffic.assert_none()  # the block is over
        traffic = self.adc.traffic()
        traffic.assert_none(Adc.LIMIT.write(), Adc.CONFIG.read())
        self.assert_fails(
            """
traffic of Adc at 0x50: write CONFIG EN=1, which is not expected
  expected  actual
! -         write CONFIG 0x80  * s
    CONFIG has EN=1 GAIN=0 CH=0
""",
            traffic.assert_none,
            Adc.CONFIG.write(EN=1),
        )
        with self.assertRaises(AssertionError):
            traffic.assert_none()

    def test_a_failed_message_is_no_write_but_traffic(self) -> None:
        with self.adc.traffic() as traffic:
            self.adc.inject(after=1, count=1)
            self.bus.write(b"\x01\x80")
            self.bus.write(b"\x01\x81")
        traffic.assert_writes(("CONFIG", 0x80))
        self.assertEqual(traffic.failed.values, [b"\x01\x81"])
        self.assert_fails(
            """
traffic of Adc at 0x50: not the expected writes
  expected           actual
  write CONFIG 0x80  write CONFIG 0x80  * s
! write CONFIG 0x81  -
failed on the bus:
  * s  write 01 81 failed (ENXIO)
""",
            traffic.assert_writes,
            ("CONFIG", 0x80),
            ("CONFIG", 0x81),
        )
        with self.adc.traffic() as traffic:
            self.adc.inject(count=1)
            self.bus.write(b"\x01\x81")
        with self.assertRaisesRegex(AssertionError, "failed .ENXIO"):
            traffic.assert_none()

    def test_an_access_to_no_register_is_traffic(self) -> None:
        with self.adc.traffic() as traffic:
            self.bus.write(b"\x01")
        self.assertEqual(traffic.entries.values, [b"\x01"])
        traffic.assert_writes()
        with self.assertRaisesRegex(AssertionError, "write 01"):
            traffic.assert_none()

    def test_a_chip_that_is_taken_off_the_bus(self) -> None:
        with self.adc.traffic() as traffic:
            self.bus.write(b"\x01\x80")
            self.board.detach(self.adc)
            self.bus.write(b"\x01\x81")
        traffic.assert_writes(("CONFIG", 0x80))
        self.assertEqual(traffic.failed.values, [b"\x01\x81"])
        with self.assertRaisesRegex(AssertionError, "traffic of Adc: "):
            traffic.assert_writes()

    def test_a_chip_in_the_place_of_another(self) -> None:
        with self.adc.traffic() as traffic, self.board.traffic() as both:
            self.bus.write(b"\x01\x80")
            self.board.detach(self.adc)
            other = Dac()
            self.board.attach(other, 0x50)
            self.bus.write(b"\x01\x81")
        traffic.assert_writes(Adc.CONFIG.write(0x80))
        both.assert_writes(Adc.CONFIG.write(0x80), Dac.CONFIG.write(0x81))
        other.traffic().assert_writes(("CONFIG", 0x81))

    def test_time_between_two_accesses(self) -> None:
        self.bus.write(b"\x01\x80")
        self.clock.advance(0.001)
        self.read(0x50, b"\x04", 2)
        traffic = self.adc.traffic()
        first, second = traffic.entries
        # 10 bits for START and address, 9 for each byte
        self.assertEqual(first.end - first.start, (10 + 18) * BIT)
        self.assertEqual(first.time, first.end)
        self.assertEqual(second.time - second.start, (10 + 9 + 10) * BIT)
        self.assertEqual(second.end - second.start, (10 + 9 + 10 + 18) * BIT)
        delay = traffic.assert_delay("CONFIG", Adc.RESULT.read(), 0.001)
        self.assertEqual(delay, second.start - first.end)
        traffic.assert_delay("CONFIG", Adc.RESULT.read(), at_most=0.0011)
        for limits, text in (
            ({"at_least": 0.01}, "at least 10000000"),
            ({"at_most": 0.0005}, "at most 500000"),
        ):
            self.assert_fails(
                f"""
traffic of Adc at 0x50: {delay} ns from write CONFIG 0x80 to \
read RESULT 0x1234, not {text} ns
  * s  write CONFIG 0x80
  * s  read RESULT 0x1234
""",
                traffic.assert_delay,
                "CONFIG",
                Adc.RESULT.read(),
                **limits,
            )
        with self.assertRaisesRegex(AssertionError, "-[0-9]+ ns from read"):
            traffic.assert_delay(Adc.RESULT.read(), "CONFIG")
        with self.assertRaisesRegex(AssertionError, "no write LIMIT"):
            traffic.assert_delay("CONFIG", "LIMIT")

    def test_time_inside_of_a_transaction(self) -> None:
        self.bus.write(b"\x01\x80\x12\x34")
        traffic = self.adc.traffic()
        self.assertEqual(traffic.assert_delay("CONFIG", "LIMIT"), 0)

    def test_what_can_not_be_expected_is_refused(self) -> None:
        traffic = self.adc.traffic()
        for error, text, item in (
            (ValueError, "no register X .but: CONFIG, LIMIT, RESULT", "X"),
            (AttributeError, "no field Y .it has: EN", ("CONFIG", {"Y": 1})),
            (ValueError, "GAIN has 2 bits: 4", ("CONFIG", {"GAIN": 4})),
            (UsageError, "can't expect a read", Adc.CONFIG.read()),
            (TypeError, "not something to expect", 5),
            (TypeError, "not something to expect", Adc),
            (UsageError, "Dac.CONFIG is a register of another", Dac.CONFIG),
        ):
            with self.subTest(text), self.assertRaisesRegex(error, text):
                traffic.assert_writes(item)
        for value, error, text in (
            (0x100, ValueError, "CONFIG has 8 bits: 0x100"), (-1, ValueError, "-0x1"),
            ("1", TypeError, "a number, not '1'"),
        ):  # fmt: skip
            with self.subTest(value), self.assertRaisesRegex(error, text):
                traffic.assert_none(("CONFIG", value))
        self.assertEqual(str(Adc.LIMIT.write(0xFFFF)), "write LIMIT 0xffff")
        with self.assertRaisesRegex(ValueError, "outside of the mask"):
            Adc.CONFIG.write(0x81, mask=0x0F)
        with self.assertRaisesRegex(ValueError, "a mask needs a value"):
            Adc.CONFIG.write(mask=0x0F)
        with self.assertRaisesRegex(ValueError, "a value, or fields"):
            Adc.CONFIG.write(0x81, EN=1)

    def test_a_register_of_another_model_is_not_just_absent(self) -> None:
        for traffic in self.adc.traffic(), self.board.traffic():
            with self.assertRaisesRegex(UsageError, "Dac.CONFIG is a register"):
                traffic.assert_none(Dac.CONFIG.write())
        for look in self.adc.writes, self.adc.reads:
            with self.assertRaisesRegex(ValueError, "Dac.CONFIG is no register"):
                look(Dac.CONFIG)

    def test_a_model_of_a_class_derived_from_it(self) -> None:
        class Better(Adc):
            EXTRA = Register(0x09)

        better = Better()
        self.put(better, 0x51)
        self.bus.write(b"\x01\x80")
        better.traffic().assert_writes(Adc.CONFIG.write(0x80))
        better.traffic().assert_writes("CONFIG")


class Messages(Bus):
    def test_bytes_of_a_raw_chip(self) -> None:
        chip = Memory()
        self.put(chip, 0x50)
        with chip.traffic() as traffic:
            self.bus.write(b"\x2c\x06")
            self.assertEqual(self.bus.read(3), b"\x2c\x06\x00")
        traffic.assert_writes(b"\x2c\x06")
        traffic.assert_reads(b"\x2c\x06\x00")
        traffic.assert_accesses(Write(), Read(b"\x2c\x06\x00"))
        traffic.assert_write_once(b"\x2c\x06")
        self.assertEqual(traffic.writes.values, [b"\x2c\x06"])
        self.assert_fails(
            """
traffic of Memory at 0x50: not the expected writes
  expected     actual
! write 2c 07  write 2c 06  * s
""",
            traffic.assert_writes,
            b"\x2c\x07",
        )


class Board(Bus):
    def test_chips_in_one_order(self) -> None:
        adc, dac = Adc(), Dac()
        self.board.attach(dac, 0x51)
        self.put(adc, 0x50)
        with self.board.traffic() as traffic:
            self.bus.write(b"\x01\x80")
            self.bus.ioctl(I2C_SLAVE, 0x51)
            self.bus.write(b"\x01\x07")
            self.bus.ioctl(I2C_SLAVE, 0x52)
            self.bus.write(b"\x01")
        traffic.assert_writes(Adc.CONFIG.write(), Dac.CONFIG.write(7))
        traffic.assert_writes(adc.CONFIG.write(), dac.CONFIG.write(7))
        traffic.assert_order(Transfer(adc), Transfer(dac))
        with self.assertRaisesRegex(AssertionError, "no transfer of Adc at 0x50 after transfer of Dac"):
            traffic.assert_order(Transfer(dac), Transfer(adc))
        with self.assertRaises(AssertionError):
            traffic.assert_writes(Dac.CONFIG.write(), Adc.CONFIG.write())
        with self.assertRaisesRegex(UsageError, "chip.CONFIG.write"):
            traffic.assert_writes("CONFIG", "CONFIG")
        (nobody,) = traffic.failed
        self.assertEqual((nobody.addr, nobody.chip), (0x52, None))

    def test_two_of_a_kind_are_told_apart(self) -> None:
        one, two = Adc(), Adc()
        self.put(one, 0x51)
        self.put(two, 0x50)
        self.bus.write(b"\x01\x80")
        traffic = self.board.traffic()
        traffic.assert_writes(two.CONFIG.write())
        traffic.assert_writes("CONFIG")
        one.traffic().assert_none()
        with self.assertRaises(AssertionError):
            traffic.assert_writes(one.CONFIG.write())

    def test_it_begins_with_the_test(self) -> None:
        self.board.traffic().assert_none()
