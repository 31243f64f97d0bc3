# SPDX-License-Identifier: LGPL-2.1-or-later
"""`roadtest run` in odd surroundings: limits, terminals, standard output, names
of files, directories."""

import resource

import ktap_main
from test_command import CommandTestCase


class OpenFiles(CommandTestCase):
    """1000 jobs need more descriptors than a process has at first."""

    def run_limited(self, soft, hard):
        self.program("test-x", "pass a; pass b; pass c")
        return self.roadtest("run", "-j", "1000", "test-x",
                             preexec_fn=lambda: resource.setrlimit(
                                 resource.RLIMIT_NOFILE, (soft, hard)))

    def test_the_limit_is_raised_as_far_as_it_goes(self):
        result = self.run_limited(256, 8000)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("3 passed", result.stdout)

    def test_more_jobs_than_that_are_refused(self):
        result = self.run_limited(256, 1024)
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("1000 jobs need 4064 open files, and the limit is 1024\n"
                      "       -> give fewer with -j", result.stderr)


if __name__ == "__main__":
    ktap_main.main()
