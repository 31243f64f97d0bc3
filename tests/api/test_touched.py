# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/touched: what it makes of a record, a binding and a list of reasons."""

import importlib.machinery
import importlib.util
import sys
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))


def load(name: str):
    """A tool as a module: it has no suffix."""
    loader = importlib.machinery.SourceFileLoader(name, str(TOOLS / name))
    spec = importlib.util.spec_from_loader(name, loader)
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


touched = load("touched")

BOUND = """\
boot
property\tx,chip\tinterrupts-extended
property\tx,chip\tregulators/SW/regulator-name
property\ty,other\tlabel
bound\t0-0008\tx,chip
has\t0-0008\tuevent
has\t0-0008\tpower/control
has\t0-0008\trtc/rtc0/subsystem
has\t0-0008\trtc/rtc0/date
has\t0-0008\trtc/rtc0/time
has\t0-0008\tbias2
"""


def record(more: str = ""):
    return touched.Record((BOUND + more).splitlines(), {"x,chip"})


class Records(unittest.TestCase):
    def test_attributes_are_named_without_the_numbers_of_class_devices(self):
        self.assertEqual(
            record().has, {"rtc/rtcN/date", "rtc/rtcN/time", "bias2"}
        )

    def test_a_use_by_any_path_is_one(self):
        for path in (
            "/sys/bus/i2c/devices/0-0008/rtc/rtc0/date",
            "/sys/class/rtc/rtc0/date",
        ):
            self.assertEqual(record(f"use\t{path}\n").used, {"rtc/rtcN/date"})

    def test_what_another_device_has_is_not_this_ones(self):
        more = "bound\t0-0009\ty,other\nhas\t0-0009\tlabel\nuse\t/sys/x/rtc1/date\n"
        self.assertNotIn("label", record(more).has)
        self.assertEqual(record(more).used, set())

    def test_devices_of_an_earlier_guest_are_gone(self):
        more = "boot\nuse\t/sys/class/rtc/rtc0/date\n"
        self.assertEqual(record(more).used, set())

    def test_an_address_is_that_of_whom_was_bound_there_last(self):
        more = "bound\t0-0008\ty,other\nuse\t/sys/bus/i2c/devices/0-0008/bias2\n"
        self.assertEqual(record(more).used, set())

    def test_properties_of_other_nodes_do_not_count(self):
        self.assertEqual(
            record().properties, {"interrupts", "regulators/SW/regulator-name"}
        )

    def test_both_names_of_a_buffer_are_one(self):
        more = (
            "has\t0-0008\tiio:device3/subsystem\n"
            "has\t0-0008\tiio:device3/buffer0/in_x_en\n"
            "use\t/sys/bus/iio/devices/iio:device3/scan_elements/in_x_en\n"
        )
        self.assertIn("iio:deviceN/buffer0/in_x_en", record(more).has)
        self.assertIn("iio:deviceN/buffer0/in_x_en", record(more).used)


class Comparison(unittest.TestCase):
    def test_what_is_used_or_has_a_reason_is_right(self):
        self.assertEqual(touched.compare({"a", "b"}, {"a"}, {"b": "why"}), [])

    def test_what_is_neither_is_wrong(self):
        (problem,) = touched.compare({"a", "b"}, {"a"}, {})
        self.assertRegex(problem, "^b: no test uses it")

    def test_what_is_listed_and_used_is_wrong(self):
        (problem,) = touched.compare({"a"}, {"a"}, {"a": "why"})
        self.assertRegex(problem, "^a: .*but a test uses it")

    def test_what_is_listed_and_not_there_is_wrong(self):
        (problem,) = touched.compare({"a"}, {"a"}, {"c": "why"})
        self.assertRegex(problem, "^c: .*but is not there")


class Bindings(unittest.TestCase):
    def test_properties_have_the_path_below_the_node(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
            f.write(
                "properties:\n"
                "  compatible:\n"
                "    oneOf:\n"
                "      - const: x,chip\n"
                "      - items: [{enum: ['x,old', 'x,new']}, {const: x,chip}]\n"
                "  led-max-microamp: true\n"
                "  regulators:\n"
                "    type: object\n"
                "    properties: {SW: {type: object}}\n"
            )
            f.flush()
            binding = touched.Binding(Path(f.name))
        self.assertEqual(binding.compatibles, {"x,chip", "x,old", "x,new"})
        self.assertEqual(
            binding.properties,
            {"compatible", "led-max-microamp", "regulators/SW"},
        )


if __name__ == "__main__":
    unittest.main()
