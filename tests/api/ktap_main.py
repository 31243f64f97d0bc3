# SPDX-License-Identifier: LGPL-2.1-or-later
"""unittest with KTAP output, for tests that must not need the package."""

import sys
import unittest


class KtapResult(unittest.TestResult):
    """Prints one line for each test."""

    count = 0

    def _line(self, test, word, tail=""):
        self.count += 1
        print(f"{word} {self.count} {test.id()}{tail}", flush=True)

    def startTest(self, test):
        super().startTest(test)
        print(f"# start {test.id()}", flush=True)
        self.bad = False

    def _bad(self, test, err):
        for line in self._exc_info_to_string(err, test).splitlines():
            print(f"# {line}")
        self.bad = True

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._bad(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self._bad(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            print(f"# {subtest}")
            self._bad(test, err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.skip = reason

    def stopTest(self, test):
        super().stopTest(test)
        skip = self.__dict__.pop("skip", None)
        tail = f" # SKIP {skip}" if skip is not None else ""
        self._line(test, "not ok" if self.bad else "ok", tail)


def main():
    """Run the tests of the calling module."""
    suite = unittest.defaultTestLoader.loadTestsFromNames(
        sys.argv[1:] or ["__main__"], sys.modules["__main__"] if sys.argv[1:] else None
    )
    print(f"KTAP version 1\n1..{suite.countTestCases()}", flush=True)
    result = KtapResult()
    suite.run(result)
    sys.exit(0 if result.wasSuccessful() else 1)
