# SPDX-License-Identifier: LGPL-2.1-or-later
"""What roadtest.iio makes of texts and bytes; no guest."""

from __future__ import annotations

import unittest
from decimal import Decimal

from roadtest.iio import IioEvent, Range, ScanType, available, number
from roadtest.iio_buffers import ScanElement, decode, layout


def element(name: str, index: int, type: str) -> ScanElement:
    made = ScanElement.__new__(ScanElement)
    made.name, made.index, made.type = name, index, ScanType(type)
    return made


class Numbers(unittest.TestCase):
    def test_whole_numbers_are_ints(self) -> None:
        for text, value in ("0", 0), ("-12\n", -12), ("65535", 65535):
            self.assertEqual(number(text), value)
            self.assertIsInstance(number(text), int)

    def test_others_are_exact(self) -> None:
        self.assertEqual(number("0.1"), Decimal("0.1"))
        self.assertNotEqual(number("0.1"), 0.1)
        self.assertEqual(number("-0.000000001"), Decimal("-1e-9"))

    def test_a_unit_is_dropped(self) -> None:
        self.assertEqual(number("3.000000 dB"), 3)

    def test_what_is_no_number_is_a_value_error(self) -> None:
        for text in "", "on", "1x":
            with self.subTest(text), self.assertRaises(ValueError):
                number(text)

    def test_available_lists(self) -> None:
        self.assertEqual(available("1 2 4"), [1, 2, 4])
        self.assertEqual(
            available("0.1 0.8\n"), [Decimal("0.1"), Decimal("0.8")]
        )

    def test_available_ranges(self) -> None:
        found = available("[0.5 0.25 2]\n")
        self.assertEqual(found, Range(Decimal("0.5"), Decimal("0.25"), 2))
        assert isinstance(found, Range)
        for value, inside in [
            (Decimal("0.75"), True), (2, True), (Decimal("0.5"), True),
            (Decimal("0.8"), False), (Decimal("2.25"), False), (0, False),
        ]:  # fmt: skip
            with self.subTest(value):
                self.assertEqual(value in found, inside)
        with self.assertRaisesRegex(ValueError, r"not a range.*\[0 1\]"):
            available("[0 1]")


class Scans(unittest.TestCase):
    def test_types(self) -> None:
        for text, data, value in [
            ("le:u16/16>>0", "3412", 0x1234),
            ("be:u16/16>>0", "1234", 0x1234),
            ("le:u12/16>>4", "3f12", 0x123),
            ("le:s12/16>>4", "f0ff", -1),
            ("be:s12/16>>4", "8000", -2048),
            ("le:s8/8>>0", "7f", 127),
            ("be:u24/32>>8", "12345678", 0x123456),
            ("le:s64/64>>0", "feffffffffffffff", -2),
            ("le:s16/16X4>>0", "0100ffff02000380", (1, -1, 2, -32765)),
        ]:
            with self.subTest(text):
                type = ScanType(text)
                self.assertEqual(type.size, len(data) // 2)
                self.assertEqual(type.decode(bytes.fromhex(data)), value)

    def test_foreign_types_are_a_value_error(self) -> None:
        with self.assertRaises(ValueError):
            ScanType("le:f32/32>>0")

    def test_elements_are_aligned_to_their_own_size(self) -> None:
        x = element("in_x", 0, "le:u8/8>>0")
        y = element("in_y", 3, "le:u16/16>>0")
        z = element("in_z", 1, "le:u32/32>>0")
        stamp = element("in_timestamp", 9, "le:s64/64>>0")
        for elements, places, size in [
            ([x], [0], 1),
            ([y, x], [0, 2], 4),
            ([x, y, z], [0, 4, 8], 12),
            ([x, stamp], [0, 8], 16),
        ]:
            with self.subTest(elements):
                found, total = layout(elements)
                self.assertEqual([place for _, place in found], places)
                self.assertEqual(total, size)

    def test_scans_are_decoded(self) -> None:
        elements = [
            element("in_timestamp", 1, "le:s64/64>>0"),
            element("in_proximity", 0, "le:u16/16>>0"),
        ]
        data = bytes.fromhex("34120000000000000700000000000000" * 2)
        first, second = decode(elements, data)
        self.assertEqual(first, {"in_proximity": 0x1234, "in_timestamp": 7})
        self.assertEqual(list(first), ["in_proximity", "in_timestamp"])
        self.assertEqual(second.timestamp, 7)

    def test_a_hole_that_is_not_zero_fails_in_every_scan(self) -> None:
        between = [
            element("in_proximity", 0, "le:u16/16>>0"),
            element("in_timestamp", 1, "le:s64/64>>0"),
        ]
        end = [
            element("in_x", 0, "le:u32/32>>0"),
            element("in_y", 1, "le:u8/8>>0"),
        ]
        good = bytes.fromhex("34120000000000000700000000000000")
        for elements, data, text in (
            (between, good[:7] + b"\x5a" + good[8:],
             "scan 0: the hole of 6 bytes at 2, between in_proximity and "
             "in_timestamp, holds 00 00 00 00 00 5a: "),
            (between, good + b"\0\0\1" + good[3:], "scan 1: .* at 2, "),
            (end, b"\xff" * 5 + b"\0\0\0" + b"\xff" * 5 + b"\0\0\7",
             "scan 1: the hole of 3 bytes at 5, behind in_y, holds 00 00 07: "),
        ):  # fmt: skip
            with self.subTest(text), self.assertRaisesRegex(AssertionError, text):
                decode(elements, data)

    def test_a_part_of_a_scan_is_a_value_error(self) -> None:
        with self.assertRaises(ValueError):
            decode([element("in_y", 0, "le:u16/16>>0")], b"\0\0\0")


class Events(unittest.TestCase):
    def test_numbers_that_are_newer_have_no_name(self) -> None:
        event = IioEvent(200 << 56 | 100 << 48 | 99 << 40 | 98 << 32, 1)
        self.assertEqual(
            (event.type, event.direction, event.modifier_name),
            ("200", "100", "99"),
        )
        self.assertEqual(event.channel_type, "98")

    def test_names(self) -> None:
        # industrialio's IIO_EVENT_CODE: a thresh event of in_accel_x, rising
        event = IioEvent(0 << 56 | 1 << 48 | 1 << 40 | 3 << 32, 1)
        self.assertEqual(event.modifier_name, "x")
        self.assertEqual(event.channel_type, "accel")
        fault = IioEvent(8 << 56 | 6 << 48 | 40 << 32, 1)
        self.assertEqual(
            (fault.type, fault.direction, fault.channel_type),
            ("fault", "openwire", "altcurrent"),
        )


if __name__ == "__main__":
    unittest.main()
