# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a test class inside a test and hands back what became of it."""

from __future__ import annotations

import unittest


class Outcome(unittest.TestResult):
    """Keeps, by the test's method name, what became of it."""

    def __init__(self) -> None:
        super().__init__()
        self.passed: list[str] = []

    def addSuccess(self, test: unittest.TestCase) -> None:
        self.passed.append(test._testMethodName)

    def texts(self) -> dict[str, str]:
        """Tracebacks of failures and errors, all of a test's together."""
        found: dict[str, str] = {}
        for test, text in self.failures + self.errors:
            name = getattr(test, "_testMethodName", str(test))
            found[name] = found.get(name, "") + text
        return found


def run(cls: type[unittest.TestCase]) -> Outcome:
    """Run all tests of a class, with its class fixtures."""
    outcome = Outcome()
    unittest.defaultTestLoader.loadTestsFromTestCase(cls).run(outcome)
    # runs tearDownClass and class cleanups, which wait for the next class
    unittest.TestSuite()._handleModuleTearDown(outcome)  # type: ignore
    return outcome
