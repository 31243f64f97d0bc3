# SPDX-License-Identifier: LGPL-2.1-or-later
"""requires_kernel: who is skipped on which kernel, and that nothing boots."""

from __future__ import annotations

import os
import tempfile
import unittest
import unittest.mock

import roadtest
from roadtest import requires_kernel


class Samples:
    # Within a class, or they would be taken for tests of this file.
    __test__ = False

    class Sample(roadtest.TestCase):
        device = roadtest.Device("no,such-device")

        @requires_kernel("6.6", "no such attribute")
        def test_new(self) -> None:
            raise AssertionError("booted")

    @requires_kernel("6.10", "no such chip")
    class WholeClass(roadtest.TestCase):
        @classmethod
        def setUpClass(cls) -> None:
            raise AssertionError("ran")

        def test_all(self) -> None:
            pass

    class Base(roadtest.TestCase):
        def test_all(self) -> None:
            pass

    @requires_kernel("6.10", "no such chip")
    class Subclass(Base):
        pass


class Requires(unittest.TestCase):
    def skipped(self, cls: type[unittest.TestCase], release: str) -> list[str]:
        """Reasons for which tests of a class are skipped on a kernel that
        can't be booted."""
        result = unittest.TestResult()
        with tempfile.TemporaryDirectory() as kernel:
            with open(os.path.join(kernel, "info"), "w") as f:
                f.write(f"release={release}\n")
            with unittest.mock.patch.dict(
                os.environ, {"ROADTEST_KERNEL": kernel}
            ):
                unittest.defaultTestLoader.loadTestsFromTestCase(cls)(result)
        self.failures = len(result.errors) + len(result.failures)
        return [reason for _, reason in result.skipped]

    def test_older_kernel_is_skipped_with_release_and_reason(self) -> None:
        self.assertEqual(
            self.skipped(Samples.Sample, "6.1.192"),
            ["needs Linux 6.6: no such attribute"],
        )
        self.assertEqual(self.failures, 0)

    def test_that_release_and_newer_ones_run(self) -> None:
        for release in ("6.6.0", "6.6", "6.12.117+deb", "7.2.13"):
            with self.subTest(release):
                self.assertEqual(self.skipped(Samples.Sample, release), [])
                self.assertEqual(self.failures, 1)  # it can't boot

    def test_releases_are_compared_as_numbers(self) -> None:
        self.assertEqual(len(self.skipped(Samples.Subclass, "6.9.3")), 1)
        self.assertEqual(len(self.skipped(Samples.Subclass, "6.10.3")), 0)

    def test_a_class_is_skipped_before_its_setUpClass(self) -> None:
        self.assertEqual(
            self.skipped(Samples.WholeClass, "6.1"),
            ["needs Linux 6.10: no such chip"],
        )
        self.assertEqual(self.failures, 0)

    def test_the_base_class_of_one_that_is_skipped_is_not(self) -> None:
        self.assertEqual(self.skipped(Samples.Base, "6.1"), [])
        self.assertEqual(self.failures, 0)

    def test_a_release_that_is_none_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "'6.6', not 'new'"):
            requires_kernel("new", "")


if __name__ == "__main__":
    unittest.main()
