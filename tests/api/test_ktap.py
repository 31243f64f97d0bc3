# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/ktap.md: its program in shell, and `run --ktap` as the kernel's own
parser (tools/testing/kunit/kunit.py) reads it."""

import glob
import json
import os
import re
import subprocess
import sys
import unittest

import ktap_main
from test_command import CommandTestCase

SOURCE = os.path.normpath(os.path.join(os.path.dirname(__file__), "../.."))
PARSER = "tools/testing/kunit/kunit.py"


def find_parser():
    """Of a kernel source that roadtest has unpacked; None if there is none."""
    cache = (os.environ.get("ROADTEST_CACHE")
             or os.path.join(os.environ.get("XDG_CACHE_HOME")
                             or os.path.expanduser("~/.cache"), "roadtest"))
    found = sorted(glob.glob(f"{cache}/sources/linux-source-6.12-*/{PARSER}"))
    own = os.environ.get("ROADTEST_KERNEL_SOURCE")
    if own and os.path.exists(f"{own}/{PARSER}"):
        found.append(f"{own}/{PARSER}")
    return found[-1] if found else None


class Shell(CommandTestCase):
    """The program of the page."""

    def setUp(self):
        super().setUp()
        with open(f"{SOURCE}/docs/ktap.md", encoding="utf-8") as f:
            program = re.search(r"```sh\n(#!/bin/sh\n.*?)```", f.read(), re.S)[1]
        self.lines = program.splitlines()
        self.write("test-config", program, 0o755)
        self.write("kernel/config", "CONFIG_I2C=y\nCONFIG_GPIOLIB=y\n")

    def test_it_is_short(self):
        self.assertLessEqual(len(self.lines), 25)
        self.assertLessEqual(max(map(len, self.lines)), 90)

    def test_all_pass(self):
        result = self.run_tests("test-config")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("ok    config.i2c\n  ok    config.gpiolib\n", result.stdout)

    def test_one_fails(self):
        self.write("kernel/config", "CONFIG_GPIOLIB=y\n")
        result = self.run_tests("test-config")
        self.assertEqual(result.returncode, 1)
        self.assertIn("FAIL  config.i2c\n        CONFIG_I2C is not set\n  ok    config.gpiolib\n",
                      result.stdout)

    def test_selections(self):
        for args, ids in [(["--filter", "config.gpiolib"], ["config.gpiolib"]),
                          (["--skip", "config.gpiolib"], ["config.i2c"]),
                          (["--timeout", "7"], ["config.i2c", "config.gpiolib"]),
                          (["--isolate", "test"], ["config.i2c", "config.gpiolib"])]:
            result = self.run_tests(*args, "test-config")
            self.assertEqual(result.returncode, 0, result.stdout)
            self.assertEqual(re.findall(r"ok    (\S+)", result.stdout), ids)

    def test_by_hand(self):
        def by_hand(*args):
            return subprocess.run([self.path("test-config"), *args], env=self.env, text=True,
                                  capture_output=True)
        self.assertEqual(by_hand("--list").stdout, "config.i2c\nconfig.gpiolib\n")
        result = by_hand("--skip", "config.i2c", "--timeout", "3")
        self.assertEqual(result.stdout, "KTAP version 1\n1..1\n# start config.gpiolib\n"
                                        "ok 1 config.gpiolib\n")
        for args in ["--filter", "config.none"], ["--nope"]:
            result = by_hand(*args)
            self.assertEqual((result.returncode, result.stdout), (2, ""))
            self.assertNotEqual(result.stderr, "")


@unittest.skipUnless(find_parser(), f"no kernel source with {PARSER} in the cache")
class Parsed(CommandTestCase):
    STATUS = {"passed": "PASS", "failed": "FAIL", "skipped": "SKIP", "known bug": "PASS",
              "flaky": "FAIL", "not run": "FAIL"}

    def parse(self, ktap):
        """What the parser finds: ({program: {id: status}}, what it prints)."""
        path = self.write("results.ktap", ktap)
        done = subprocess.run(
            [sys.executable, find_parser(), "parse", path, f"--json={self.path('parsed.json')}"],
            capture_output=True, text=True, timeout=50, cwd=self.dir,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        self.assertNotIn("Traceback", done.stderr)
        with open(self.path("parsed.json"), encoding="utf-8") as f:
            groups = json.load(f)["sub_groups"]
        return ([(g["name"], {c["name"]: c["status"] for c in g["test_cases"]}) for g in groups],
                done.stdout)

    def check(self, *args, status, trouble=()):
        """The parser finds the same as the JSON report has, and nothing wrong
        with the KTAP."""
        result = self.roadtest("run", "-j1", "--ktap", "--json", "out.json", *args)
        self.assertEqual(result.returncode, status, result.stderr + result.stdout)
        found, text = self.parse(result.stdout)
        self.assertNotIn("[ERROR]", text)
        with open(self.path("out.json"), encoding="utf-8") as f:
            programs = json.load(f)["programs"]
        expected = [(p["path"], {t["id"]: self.STATUS[t["outcome"]] for t in p["tests"]})
                    for p in programs if p["tests"] or p["path"] in trouble]
        for path, tests in expected:
            if path in trouble:
                tests["(program)"] = "FAIL"
        self.assertEqual(found, expected)
        number = sum(len(tests) for _, tests in expected)
        self.assertIn(f"Ran {number} tests:", text)
        return text

    def test_every_outcome(self):
        self.program("test-x", """pass a; echo "# start b"; echo "# why"; echo "not ok 2 b"
echo "ok 3 c # SKIP no time"; echo "ok 4 d # known bug: it hurts"; echo "ok 5 - e" """,
                     ids="abcde")
        self.program("test-y", "pass f", ids="f")
        text = self.check("test-x", "test-y", status=1)
        self.assertIn("passed: 4, failed: 1, skipped: 1", text)
        self.assertIn("# why", text)

    def test_one_program_and_one_test(self):
        self.program("test-x", "pass a", ids="a")
        self.check("test-x", status=0)

    def test_what_did_not_run(self):
        self.program("test-x", "pass a; exit 3")
        self.program("test-y", "pass f", ids="f")
        self.check("test-x", "test-y", status=3)

    def test_flaky_tests(self):
        self.program("test-x", "echo '# start a'; [ -e again ] && r=ok || r='not ok'; touch again\n"
                               "echo $r 1 a", ids="a")
        self.check("--retry", "1", "test-x", status=1)

    def test_trouble_that_is_no_tests(self):
        self.program("test-x", "pass a; kill -SEGV $$", ids="a")
        self.program("test-y", "pass f; echo ok 2 other; echo ok 1 f", ids="f")
        self.program("test-z", "pass g", ids="g")
        result = self.roadtest("run", "--ktap", "test-x", "test-y", "test-z")
        found, text = self.parse(result.stdout)
        self.assertNotIn("[ERROR]", text)
        self.assertEqual([name for name, _ in found], ["test-x", "test-y", "test-z"])
        self.assertEqual(found[0][1], {"a": "PASS", "(program)": "FAIL"})
        self.assertEqual(found[1][1]["(program)"], "FAIL")
        self.assertEqual(found[2][1], {"g": "PASS"})

    def test_a_program_that_can_not_list(self):
        self.write("test-x", "#!/bin/sh\nexit 7\n", 0o755)
        self.program("test-y", "pass f", ids="f")
        self.check("test-x", "test-y", status=3, trouble=("test-x",))

    def test_what_tests_print_means_nothing(self):
        lines = ["ok 1 b", "not ok 9 x", "1..5", "KTAP version 1", "# Subtest: y", "Subtest: z",
                 "TAP version 13", "    KTAP version 1", "    ok 1 sub", "Bail", "reboot: System halted",
                 "List of all partitions:", "x Kernel panic - not syncing: VFS: y", "ok", "# ok 1 q",
                 "reboot: System halted reboot: System halted"]
        prints = "\n".join(f"echo '{indent}{line}' >&2" for line in lines for indent in ("", "  "))
        self.program("test-x", f"pass a; echo '# start b'; {prints}\necho not ok 2 b; pass c")
        self.program("test-y", "pass f", ids="f")
        text = self.check("test-x", "test-y", status=1)
        self.assertIn("# reboot:  System halted reboot:  System halted", text)

    def test_many_rounds(self):
        self.program("test-x", "pass a; pass b; pass c")
        result = self.roadtest("run", "--ktap", "--repeat", "3", "--shuffle", "test-x")
        found, text = self.parse(result.stdout)
        self.assertNotIn("[ERROR]", text)
        self.assertIn("Ran 9 tests: passed: 9", text)
        self.assertEqual(len(found), 3)

    def test_the_parser_does_find_errors(self):
        """Else the tests above could not fail."""
        good = ("KTAP version 1\n1..1\n    KTAP version 1\n    # Subtest: x\n    1..2\n"
                "    ok 1 a\n    ok 2 b\nok 1 x\n")
        self.assertNotIn("[ERROR]", self.parse(good)[1])
        for bad in good.replace("1..2", "1..3"), good.replace("    ok 2 b\n", ""):
            self.assertIn("[ERROR]", self.parse(bad)[1])


if __name__ == "__main__":
    ktap_main.main()
