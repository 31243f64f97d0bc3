# SPDX-License-Identifier: LGPL-2.1-or-later
"""Suites for the benchmarks of `roadtest run`: files of classes for the lm75
driver, as somebody would write them for many boards with one chip each.

    generate.py classes DIRECTORY COUNT     a test each: bind, ten readings
    generate.py tests DIRECTORY COUNT       in ten classes: bind, five readings,
                                            unbind
"""

import sys
from pathlib import Path

CLASSES_A_FILE = 10
CLASSES_OF_TESTS = 10
READINGS_OF_CLASS, READINGS_OF_TEST = 10, 5

# From TI's SBOS288, as in examples/test_lm75.py.
HEAD = """\
from roadtest import Device, TestCase
from roadtest.models import Register, RegisterModel


class TMP75(RegisterModel):
    value_bytes, byteorder = 2, "big"
    TEMP = Register(0x00, access="ro")
    CONFIG = Register(0x01, width=1, fields={"OS": 7, "R": (6, 5), "SD": 0})
    LOW = Register(0x02, reset=0x4B00, reserved=0x000F)
    HIGH = Register(0x03, reset=0x5000, reserved=0x000F)

    celsius = 25

    @TEMP.before_read
    def measure(self, value):
        self.TEMP.value = self.celsius << 8
"""

CLASS = """

class Board{number:03}(TestCase):
    device = Device("ti,tmp75", model=TMP75)
"""

TEST = """
    def test_readings_from_{first}(self):
        for celsius in range({first}, {end}):
            self.chip.celsius = celsius
            self.assertEqual(self.dev.hwmon["temp1_input"], f"{{celsius}}000")
"""

UNBIND = """\
        self.dev.unbind()
"""


def classes(directory: Path, count: int) -> None:
    """`count` classes of one test."""
    body = TEST.format(first=1, end=1 + READINGS_OF_CLASS)
    for first in range(0, count, CLASSES_A_FILE):
        numbers = range(first, min(first + CLASSES_A_FILE, count))
        text = HEAD + "".join(CLASS.format(number=n) + body for n in numbers)
        write(directory / f"test_boards_{first:03}.py", text)


def tests(directory: Path, count: int) -> None:
    """`count` tests in ten classes, two to a file."""
    body = ""
    for first in range(1, 1 + count // CLASSES_OF_TESTS):
        body += TEST.format(first=first, end=first + READINGS_OF_TEST) + UNBIND
    for first in range(0, CLASSES_OF_TESTS, 2):
        numbers = first, first + 1
        text = HEAD + "".join(CLASS.format(number=n) + body for n in numbers)
        write(directory / f"test_boards_{first:03}.py", text)


def write(path: Path, text: str) -> None:
    """A file of a directory that may not be there yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")


if __name__ == "__main__":
    kind = {"classes": classes, "tests": tests}[sys.argv[1]]
    kind(Path(sys.argv[2]), int(sys.argv[3]))
