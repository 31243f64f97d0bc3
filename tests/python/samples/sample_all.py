# SPDX-License-Identifier: LGPL-2.1-or-later
"""One test of each kind of result, for the runner's own tests."""

import os
import sys
import time
import unittest


class Kinds(unittest.TestCase):
    def test_01_passes(self) -> None:
        print("printed")
        print("sta", end="")
        print("rt of it\ntime 7")
        time.sleep(0.02)
        os.write(1, b"written to descriptor 1\n")

    def test_02_fails(self) -> None:
        self.assertEqual(1, 2, "why # not")

    def test_03_raises(self) -> None:
        raise RuntimeError("an error")

    @unittest.skip("no # need")
    def test_04_is_skipped(self) -> None:
        raise AssertionError

    @unittest.expectedFailure
    def test_05_is_expected_to_fail(self) -> None:
        raise AssertionError("as it should")

    @unittest.expectedFailure
    def test_06_is_expected_to_fail_but_passes(self) -> None:
        pass

    def test_07_has_subtests(self) -> None:
        for n in (1, 2):
            with self.subTest(n=n):
                self.assertEqual(n, 1)

    def test_08_skips_itself(self) -> None:
        self.skipTest("not today")

    def test_09_fails_in_a_cleanup(self) -> None:
        self.addCleanup(self.fail, "in the cleanup")

    def test_10_prints_a_part_of_a_line(self) -> None:
        sys.stdout.write("no newline")


class SkippedByItsSetUp(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        raise unittest.SkipTest("whole class")

    def test_a(self) -> None:
        pass

    def test_b(self) -> None:
        pass


class BrokenSetUp(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        raise RuntimeError("set-up broke")

    def test_a(self) -> None:
        pass

    def test_b(self) -> None:
        pass


class BrokenTearDown(unittest.TestCase):
    @classmethod
    def tearDownClass(cls) -> None:
        raise RuntimeError("tear-down broke")

    def test_a(self) -> None:
        pass
