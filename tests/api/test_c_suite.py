# SPDX-License-Identifier: LGPL-2.1-or-later
"""Suites in C that no build knows."""

import os
import subprocess
import time

import ktap_main
from test_command import COMMAND, CommandTestCase

SUITE = """
#include <roadtest/harness.h>
#include "num ber.h"
TEST(adds) { EXPECT_EQ(NUMBER, 1 + 1); }
TEST_HARNESS_MAIN
"""


class CSuite(CommandTestCase):
    def setUp(self):
        super().setUp()
        if os.environ.get("SANITIZED") == "1":
            self.skipTest("the library needs the sanitizers' flags")
        self.write("sub/num ber.h", "#define NUMBER 2\n")
        self.write("sub/test-own.c", SUITE)

    def compiles(self, status=0):
        result = self.run_tests("sub/test-own.c")
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return "compiling sub/test-own.c" in result.stderr

    def test_it_is_compiled_when_it_was_changed(self):
        self.assertTrue(self.compiles())
        self.assertFalse(self.compiles())
        self.write("sub/test-own.c", SUITE.replace("1 + 1", "1 + 2"))
        self.assertTrue(self.compiles(status=1))
        self.write("sub/test-own.c", "no C")
        result = self.run_tests("sub/test-own.c")
        self.assertEqual(result.returncode, 2)
        self.assertIn("sub/test-own.c does not compile", result.stderr)

    def test_or_a_file_that_it_includes_was(self):
        self.assertTrue(self.compiles())
        self.write("sub/num ber.h", "#define NUMBER 3\n")
        self.assertTrue(self.compiles(status=1))
        os.unlink(self.path("sub/num ber.h"))
        self.assertEqual(self.run_tests("sub/test-own.c").returncode, 2)

    def compiler(self, name, *flags):
        return self.write(name, f'#!/bin/sh\nexec cc {" ".join(flags)} "$@"\n', 0o755)

    def test_each_compiler_has_a_program_of_its_own(self):
        self.write("sub/test-own.c", SUITE.replace("NUMBER,", "NUMBER + OTHER,"))
        zero = self.compiler("zero", "-DOTHER=0")
        one = self.compiler("one", "-DOTHER=1")
        self.env["CC"] = zero
        self.assertTrue(self.compiles())
        self.env["CC"] = one
        self.assertTrue(self.compiles(status=1))
        self.assertFalse(self.compiles(status=1))
        self.env["CC"] = zero
        self.assertFalse(self.compiles())
        os.unlink(zero)
        self.compiler("zero", "-DOTHER=2")
        self.assertTrue(self.compiles(status=1))

    def test_a_compiler_is_another_one_when_path_finds_another(self):
        self.write("sub/test-own.c", SUITE.replace("NUMBER,", "NUMBER + OTHER,"))
        for name, status in (("a", 0), ("b", 1)):
            self.write(f"{name}/own-cc", f'#!/bin/sh\nexec cc -DOTHER={status} "$@"\n', 0o755)
        path = self.env.get("PATH", os.environ["PATH"])
        self.env["CC"] = "own-cc"
        for name, status in (("a", 0), ("b", 1), ("a", 0)):
            self.env["PATH"] = f"{self.path(name)}:{path}"
            self.compiles(status)

    def test_where_headers_are_found_counts_too(self):
        self.write("sub/test-own.c", "#include <own-limit.h>\n" + SUITE.replace(
            "NUMBER,", "NUMBER + LIMIT,"))
        for name, limit in (("a", 0), ("b", 1)):
            self.write(f"{name}/own-limit.h", f"#define LIMIT {limit}\n")
        for name, status in (("a", 0), ("b", 1), ("a", 0)):
            self.env["CPATH"] = self.path(name)
            self.compiles(status)

    def test_another_run_does_not_take_what_is_half_written(self):
        self.env["CC"] = self.write("cc", """#!/bin/bash
for ((i = 1; i <= $#; i++)); do
    [ "${!i}" != -o ] || { n=$((i + 1)); out=${!n}; }
done
printf '#!/bin/sh\\nexit 9\\n' >"$out"; chmod +x "$out"
touch begun; sleep 2
exec cc "$@"
""", 0o755)
        with subprocess.Popen([COMMAND, "run", "sub/test-own.c"], env=self.env, cwd=self.dir,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as first:
            while not os.path.exists(self.path("begun")):
                time.sleep(0.02)
            self.compiles()
            printed, _ = first.communicate()
        self.assertEqual(first.returncode, 0, printed)
        folder, = os.listdir(self.path("cache/programs"))
        self.assertEqual(sorted(os.listdir(self.path(f"cache/programs/{folder}"))),
                         ["test-own", "test-own.d"])

    def test_a_program_beside_it_must_not_be_older(self):
        self.program("sub/test-own", "pass a", ids=("a",))
        self.assertFalse(self.compiles())
        os.utime(self.path("sub/test-own"), (1, 1))
        result = self.run_tests("sub/test-own.c")
        self.assertEqual(result.returncode, 2)
        self.assertIn("sub/test-own is older than sub/test-own.c\n"
                      "       -> build it again", result.stderr)


if __name__ == "__main__":
    ktap_main.main()
