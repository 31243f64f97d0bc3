# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the driver did, as a mock.

A module of its own because ``unittest.mock`` takes 40 ms to import, and only
tests that assert writes need it.
"""

from __future__ import annotations

from unittest import TestCase
from unittest.mock import MagicMock


class HwMock(MagicMock):
    """The calls that models made to ``backend.mock``: ``reg_write(reg, value)``
    for each register that the driver wrote, since the ``Hardware`` was made or
    ``reset_mock()``."""

    def assert_reg_write_once(
        self, test: TestCase, reg: int, value: int
    ) -> None:
        """The driver wrote ``reg`` exactly once, and ``value``."""
        test.assertEqual(
            self._written(reg), [hex(value)], f"writes to register {reg:#04x}"
        )

    def assert_last_reg_write(
        self, test: TestCase, reg: int, value: int
    ) -> None:
        """What the driver wrote last to ``reg`` is ``value``."""
        test.assertEqual(
            self._written(reg)[-1:],
            [hex(value)],
            f"last write to register {reg:#04x}",
        )

    def get_last_reg_write(self, reg: int) -> int:
        """What the driver wrote last to ``reg``. AssertionError if it wrote
        nothing."""
        written = self._written(reg)
        if not written:
            raise AssertionError(f"register {reg:#04x} was not written")
        return int(written[-1], 0)

    def _written(self, reg: int) -> list[str]:
        calls = [c.args for c in self.reg_write.call_args_list]
        return [hex(value) for addr, value in calls if addr == reg]
