# SPDX-License-Identifier: LGPL-2.1-or-later
"""GPIO lines that the guest drives: their history, and their order relative
to the bus."""

from __future__ import annotations

import os
import re
import struct

import roadtest
from roadtest import Device, DtFragment, DtVar, TestCase
from roadtest.expect import Transfer

from chips import Lm75

OUTPUT, INPUT = 1 << 3, 1 << 2
GET_LINE, SET_VALUES = 0xC250B407, 0xC010B40F


class Lines(TestCase):
    """Through the guest's GPIO character device (linux/gpio.h)."""

    def request(self, line: int, flags: int, value: int) -> roadtest.GuestFile:
        """GPIO_V2_GET_LINE_IOCTL for one line."""
        arg = bytearray(592)
        struct.pack_into("<I", arg, 0, line)
        arg[256:260] = b"test"
        struct.pack_into("<Q", arg, 288, flags)
        struct.pack_into("<I", arg, 560, 1)
        if flags == OUTPUT:
            # one attribute: GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES, mask 1
            struct.pack_into("<I", arg, 296, 1)
            struct.pack_into("<IIQQ", arg, 320, 2, 0, value, 1)
        (chip,) = (self.guest / "dev").glob("gpiochip*")
        with chip.open(os.O_RDWR) as file:
            file.ioctl(GET_LINE, arg)
        (fd,) = struct.unpack_from("<i", arg, 588)
        return roadtest.GuestFile(self.machine, fd, f"line {line}")

    def drive(self, file: roadtest.GuestFile, value: int) -> None:
        file.ioctl(SET_VALUES, struct.pack("<QQ", value, 1))

    def test_history_has_direction_and_level_with_their_times(self) -> None:
        line = self.board.gpio[6]
        self.assertEqual(line.history, [])
        with self.request(6, OUTPUT, 1) as file:
            self.clock.advance(0.001)
            self.drive(file, 0)
            self.drive(file, 0)
        self.assertEqual(
            [(c.direction, c.value, c.drives, c.turns) for c in line.history],
            [
                (None, 1, None, None),  # the value is set first, without glitch
                ("out", 1, 1, "out"),
                ("out", 0, 0, None),
                (None, 0, None, "free"),
            ],
        )
        driven, low = line.history[1:3]
        self.assertGreaterEqual(low.time - driven.time, 1_000_000)
        self.assertLess(low.time - driven.time, 1_020_000)
        self.assertEqual(str(line.history[1]), "line 6 out, high")

    def test_history_begins_with_the_test(self) -> None:
        self.assertEqual(self.board.gpio[6].history, [])

    def test_it_has_what_the_board_drives_too(self) -> None:
        with self.request(5, INPUT, 0):
            self.board.gpio[5].set(1)
        self.assertEqual(
            [(c.turns, c.drives) for c in self.board.gpio[5].history],
            [("in", None), (None, 1), ("free", None)],
        )

    def test_goes_low_when_it_becomes_an_output_that_is_low(self) -> None:
        with self.request(7, OUTPUT, 0) as file:
            traffic = self.board.traffic()
            line = self.board.gpio[7]
            traffic.assert_order(line.goes_low())
            traffic.assert_none(line.goes_high(), line.turns("in"))
            self.drive(file, 1)
            traffic.assert_order(line.goes_low(), line.goes_high())
        traffic.assert_order(
            line.turns("out"), line.goes_high(), line.turns("free")
        )

    def test_a_value_that_is_not_driven_yet_is_no_level(self) -> None:
        line = self.board.gpio[8]
        with self.request(8, OUTPUT, 1):
            entries = self.board.traffic().entries
        self.assertEqual([e.drives for e in entries], [None, 1])
        self.assertEqual(str(entries[0]), "line 8 high, not driven")
        self.assertEqual(len(self.board.traffic().find(line.goes_high())), 1)

    def test_a_block_knows_the_direction_from_before(self) -> None:
        with self.request(9, OUTPUT, 1) as file:
            with self.board.traffic() as traffic:
                self.drive(file, 0)
        (change,) = traffic.entries
        self.assertEqual((change.direction, change.drives), ("out", 0))

    def test_a_wrong_order_is_shown(self) -> None:
        with self.request(10, OUTPUT, 0) as file:
            with self.board.traffic() as traffic:
                self.drive(file, 1)
                self.drive(file, 0)
        line = self.board.gpio[10]
        with self.assertRaises(AssertionError) as caught:
            traffic.assert_order(line.goes_low(), line.goes_high())
        self.assertEqual(
            re.sub(r"\d+\.\d{9}", "*", str(caught.exception)),
            "traffic: no line 10 goes high after line 10 goes low\n"
            "  expected           actual\n"
            "  -                  line 10 high  * s\n"
            "  line 10 goes low   line 10 low   * s\n"
            "! line 10 goes high  -",
        )

    def test_directions_have_names(self) -> None:
        with self.assertRaisesRegex(ValueError, "'output'"):
            self.board.gpio[1].turns("output")


class Power(TestCase):
    """A chip whose supply is switched by a line, and needs 2 ms to come
    up."""

    dts = DtFragment(
        src="""
&{/} {
    power: power-switch {
        compatible = "regulator-fixed";
        regulator-name = "switched";
        gpio = <&gpio $pin$ 0>;
        enable-active-high;
        startup-delay-us = <2000>;
    };
};
""",
        variables={"pin": DtVar.GPIO_PIN},
    )
    device = Device(
        "national,lm75", model=Lm75, properties="vs-supply = <&power>;",
        bind=False,
    )  # fmt: skip

    def test_power_is_on_long_enough_before_the_first_transfer(self) -> None:
        power = self.board.gpio[self.dts["pin"]]
        with self.board.traffic() as traffic:
            self.dev.bind()
        traffic.assert_delay(
            power.goes_high(), Transfer(), at_least=0.002, at_most=0.003
        )
        with self.assertRaisesRegex(AssertionError, "not at least 5000000 ns"):
            traffic.assert_delay(power.goes_high(), Transfer(), at_least=0.005)

    def test_power_goes_off_after_the_last_transfer(self) -> None:
        power = self.board.gpio[self.dts["pin"]]
        self.dev.bind()
        with self.board.traffic() as traffic:
            self.dev.unbind()
        traffic.assert_order(Lm75.CONF.write(), power.goes_low())
        with self.assertRaisesRegex(AssertionError, "no transfer after line"):
            traffic.assert_order(power.goes_low(), Transfer())
