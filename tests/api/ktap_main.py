# SPDX-License-Identifier: LGPL-2.1-or-later
"""unittest with KTAP output, for tests that must not need the package."""

import sys
import unittest


class KtapResult(unittest.TestResult):
    """Prints one line for each test."""

    count = 0
    running = None      # the test
    tests = ()          # all

    def _whole(self, holder):
        """The tests that are not run since the setUp of their class or module did
        not work: `holder` has its name in place of a test's."""
        if self.running is None and holder.id().startswith("setUp"):
            name = holder.id().partition("(")[2].rstrip(")")
            return [test for test in self.tests if test.id().startswith(name + ".")]
        return []

    def _line(self, test, word, tail=""):
        self.count += 1
        print(f"{word} {self.count} {test.id()}{tail}", flush=True)

    def startTest(self, test):
        super().startTest(test)
        print(f"# start {test.id()}", flush=True)
        self.running = test
        self.bad = False

    def _bad(self, test, err):
        for line in self._exc_info_to_string(err, test).splitlines():
            print(f"# {line}")
        self.bad = True
        for test in self._whole(test):
            self._line(test, "not ok")

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
        for whole in self._whole(test):
            self._line(whole, "ok", f" # SKIP {reason}")
        if self.running is not None:
            self.skip = reason

    def stopTest(self, test):
        super().stopTest(test)
        skip = self.__dict__.pop("skip", None)
        tail = f" # SKIP {skip}" if skip is not None else ""
        self._line(test, "not ok" if self.bad else "ok", tail)
        self.running = None


def flat(suite):
    """The tests of a suite."""
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from flat(item)
        else:
            yield item


def main():
    """Run the tests of the calling module."""
    suite = unittest.defaultTestLoader.loadTestsFromNames(
        sys.argv[1:] or ["__main__"], sys.modules["__main__"] if sys.argv[1:] else None
    )
    print(f"KTAP version 1\n1..{suite.countTestCases()}", flush=True)
    result = KtapResult()
    result.tests = list(flat(suite))
    suite.run(result)
    sys.exit(0 if result.wasSuccessful() else 1)
