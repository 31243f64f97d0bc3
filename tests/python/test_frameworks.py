# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same test file under unittest, pytest and the package's runner."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLES = os.path.join(HERE, "samples")


def run(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Python with arguments, beside the samples, with no kernel to boot."""
    return subprocess.run(
        [sys.executable, *args],
        cwd=SAMPLES,
        env={**os.environ, "ROADTEST_KERNEL": "/nowhere", **env},
        capture_output=True,
        text=True,
        timeout=60,
    )


class Package(unittest.TestCase):
    def test_every_module_is_installed(self) -> None:
        """Each stands in python/ext/meson.build; one that does not works in the
        source tree alone."""
        tree = os.path.join(HERE, "../../python")
        with open(os.path.join(tree, "ext/meson.build"), encoding="utf-8") as f:
            text = f.read()
        listed = set(re.findall(r"'\.\./roadtest/([^/']+)'", text))
        names = os.listdir(os.path.join(tree, "roadtest"))
        there = {name for name in names if name.endswith((".py", ".pyi", ".typed"))}
        self.assertEqual(listed, there)
        self.assertIn("testcase.py", there)


class Frameworks(unittest.TestCase):
    """sample_skips boots nothing, or it would fail: there is no kernel."""

    def test_unittest_runs_it(self) -> None:
        done = run("-m", "unittest", "-v", "sample_skips")
        self.assertIn("OK (skipped=2)", done.stderr, done.stderr)

    @unittest.skipUnless(importlib.util.find_spec("pytest"), "no pytest")
    def test_pytest_runs_it(self) -> None:
        done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "sample_skips.py")
        self.assertIn("2 passed, 2 skipped", done.stdout, done.stdout)

    @unittest.skipUnless(importlib.util.find_spec("xdist"), "no pytest-xdist")
    def test_xdist_runs_it(self) -> None:
        done = run(
            "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider",
            "sample_skips.py",
        )
        self.assertIn("2 passed, 2 skipped", done.stdout, done.stdout)

    def test_the_runner_runs_it(self) -> None:
        done = run("-m", "roadtest", "sample_skips.py")
        self.assertEqual(done.stdout.count("# SKIP"), 2, done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout)


class Links(unittest.TestCase):
    """The build directory has a link to each module of the package."""

    def test_a_module_that_is_newer_than_the_links_is_found(self) -> None:
        import roadtest

        package = os.path.dirname(os.path.abspath(roadtest.__file__))
        with tempfile.TemporaryDirectory() as directory:
            links = os.path.join(directory, "python", "roadtest")
            os.makedirs(links)
            for name in set(os.listdir(package)) - {"session.py"}:
                target = os.path.realpath(os.path.join(package, name))
                os.symlink(target, os.path.join(links, name))
            build = os.path.dirname(os.path.dirname(package))
            done = run(
                "-c", "from roadtest import TestCase; print(TestCase)",
                PYTHONPATH=os.path.dirname(links), ROADTEST_BUILD=build,
            )
        self.assertIn("TestCase", done.stdout, done.stderr)


if __name__ == "__main__":
    unittest.main()
