# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/mutate.py: which mistakes it makes in a driver, and which it can't; and
the command line of tools/mutants."""

import subprocess
import sys
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))

import mutate  # noqa: E402

DRIVER = """
#define CHIP_CONTROL 0x00 /* not 0x01 */
#define CHIP_STATUS 0x01
#define CHIP_MASK 0x0f

static const int gains[] = { 3 };

static int chip_write(struct chip *chip, u8 value)
{
	return i2c_smbus_write_byte_data(chip->client, CHIP_CONTROL, value);
}

static int chip_start(struct device *dev, struct chip *chip)
{
	int ret;

	ret = i2c_smbus_read_word_swapped(chip->client,
					  CHIP_STATUS);
	if (ret < 0)
		return ret; /* if (1) */
	chip->value = ret & CHIP_MASK;
	chip->gain = chip->fast ? 16 : 0x0F;
	chip->value &= ~CHIP_MASK;
	for (;;)
		if (poll(&chip->wait))
			break;
	return chip_write(chip, chip->value << 2);
}
"""


class Mutants(unittest.TestCase):
    def changes(self, operator: str, **options: bool) -> list[str]:
        """What an operator makes of the lines that it changes."""
        found = []
        for mutant in mutate.mutants(DRIVER, **options):
            if mutant.operator == operator:
                diff = mutant.diff(DRIVER, "x").splitlines()[3:]
                found += [line[1:].strip() for line in diff if line[0] == "+"]
        return found

    def test_constants_keep_their_base_and_comments_are_left_alone(self):
        self.assertEqual(
            self.changes("constant off by one"),
            [
                "if (ret < 1)",
                "chip->gain = chip->fast ? 17 : 0x0F;",
                "chip->gain = chip->fast ? 16 : 0x10;",
                "return chip_write(chip, chip->value << 3);",
            ],
        )

    def test_tables_are_changed_when_asked_for(self):
        found = self.changes("constant off by one", of_tables=True)
        self.assertIn("static const int gains[] = { 4 };", found)

    def test_registers_are_swapped_and_a_mask_is_none(self):
        self.assertEqual(
            self.changes("swapped register constant"),
            [
                "return i2c_smbus_write_byte_data(chip->client, CHIP_STATUS, value);",
                "CHIP_CONTROL);",
            ],
        )

    def test_masks_are_dropped_and_an_address_is_none(self):
        self.assertEqual(
            self.changes("mask dropped"), ["chip->value = ret ;", ";"]
        )

    def test_writes_are_deleted_the_drivers_own_too(self):
        self.assertEqual(
            self.changes("bus write deleted"), ["return 0;", "return 0;"]
        )

    def test_conditions_are_negated_the_ternary_one_too(self):
        self.assertEqual(
            self.changes("condition negated"),
            [
                "if (!(ret < 0))",
                "chip->gain = !(chip->fast) ? 16 : 0x0F;",
                "if (!(poll(&chip->wait)))",
            ],
        )

    def test_checks_of_errors_alone_are_removed(self):
        self.assertEqual(
            self.changes("error check removed"), ["if ((ret < 0) && 0)"]
        )

    def test_shift_and_endianness(self):
        self.assertEqual(
            self.changes("shift changed"),
            ["return chip_write(chip, chip->value >> 2);"],
        )
        self.assertEqual(
            self.changes("endianness swapped"),
            ["ret = i2c_smbus_read_word_data(chip->client,"],
        )

    def test_a_mutant_belongs_to_all_lines_of_its_statement(self):
        first = DRIVER.splitlines().index(
            "\tret = i2c_smbus_read_word_swapped(chip->client,"
        ) + 1
        for mutant in mutate.mutants(DRIVER):
            if mutant.operator == "endianness swapped":
                self.assertEqual(mutant.lines, {first, first + 1})


class Command(unittest.TestCase):
    def test_drivers_may_stand_behind_options(self):
        """As in CONTRIBUTING.md, and in the Makefile."""
        done = subprocess.run(
            [TOOLS / "mutants", "build", "--jobs", "2", "no-such-driver"],
            stderr=subprocess.PIPE, text=True)
        self.assertIn("no driver no-such-driver: there are opt3001 ", done.stderr)


if __name__ == "__main__":
    unittest.main()
