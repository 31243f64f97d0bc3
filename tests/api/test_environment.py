# SPDX-License-Identifier: LGPL-2.1-or-later
"""`roadtest run` in odd surroundings: limits, terminals, standard output, names
of files, directories."""

import fcntl
import json
import os
import pwd
import pty
import re
import resource
import stat
import struct
import subprocess
import termios
import xml.etree.ElementTree

import ktap_main
from test_command import COMMAND, CommandTestCase, needs_python
from test_run_options import OptionsTestCase


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


class StandardOutput(CommandTestCase):
    def to(self, where, *args):
        """Exit status, and what is on standard error."""
        self.program("test-x", "pass a; pass b; pass c")
        result = subprocess.run(["sh", "-c", f'exec "$@" {where}', "sh", COMMAND, *args],
                                stderr=subprocess.PIPE, text=True, timeout=100,
                                env=self.env, cwd=self.dir, check=False)
        return result.returncode, result.stderr

    def test_what_can_not_be_printed_is_no_success(self):
        for args in (["run", "test-x"], ["run", "--ktap", "test-x"], ["list", "test-x"],
                     ["--help"]):
            with self.subTest(args):
                status, printed = self.to(">/dev/full", *args)
                self.assertEqual(status, 2)
                self.assertIn("can't write to standard output", printed)

    def test_a_failure_stays_one(self):
        self.program("test-fails", "echo not ok 1 a", ids=("a",))
        self.assertEqual(self.to(">/dev/full", "run", "test-fails")[0], 1)

    def test_it_may_be_closed(self):
        status, printed = self.to(">&-", "run", "--json", "out.json", "test-x")
        self.assertEqual(status, 2)
        self.assertIn("can't write to standard output", printed)
        with open(self.path("out.json"), encoding="utf-8") as f:
            self.assertEqual(json.load(f)["run"]["summary"]["passed"], 3)

    def test_the_others_may_be_closed(self):
        self.assertEqual(self.to(">/dev/null <&- 2>&-", "run", "test-x")[0], 0)


class Paths(CommandTestCase):
    def listed(self, *args):
        result = self.roadtest("list", *args)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout.split()

    def test_a_file_that_is_named_twice_runs_once(self):
        self.program("t/test-x", "pass A.a; pass A.b; pass B.c", ids=("A.a", "A.b", "B.c"))
        for paths in (["t/test-x", "t/test-x"], ["t/test-x", "t"], ["t", "./t/test-x"],
                      ["t/test-x::A", "t"], ["t", "t/test-x::A"]):
            with self.subTest(paths):
                self.assertEqual(self.listed(*paths), ["A.a", "A.b", "B.c"])
        self.assertIn("3 passed", self.run_tests("t", "t/test-x").stdout)

    @needs_python
    def test_parts_of_a_file_add_up(self):
        ids = ["A.a", "A.b", "B.c"]
        self.program("test-x", "", ids=ids)
        self.write("test_y.py", "import unittest\n" + "".join(
            f"class {c}(unittest.TestCase):\n" + "".join(
                f"    def test_{n}(self): pass\n" for n in names)
            for c, names in (("A", "ab"), ("B", "c"))))
        for path, all_of_it in (("test-x", ids), ("test_y.py", [
                "test_y.A.test_a", "test_y.A.test_b", "test_y.B.test_c"])):
            test = all_of_it[1].rpartition(".")[2]
            self.assertEqual(self.listed(f"{path}::A", f"{path}::A::{test}"), all_of_it[:2])
            self.assertEqual(self.listed(f"{path}::B", f"{path}::A::{test}"), all_of_it[1:])
        result = self.roadtest("list", "test-x::A", "test-x::Nope")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn('test-x has no test "Nope"', result.stderr)

    def test_links_that_lead_back_are_no_other_directories(self):
        self.program("t/sub/test-x", "pass a; pass b; pass c")
        for name in ("one", "two"):
            os.symlink("..", self.path(f"t/sub/{name}"))
        os.symlink("sub", self.path("t/again"))
        self.assertEqual(self.listed("t"), ["a", "b", "c"])

    def test_links_with_other_names_are_other_programs(self):
        self.write("t/run", "#!/bin/sh\nbasename $0\n", 0o755)
        for name in ("test-one", "test-two"):
            os.symlink("run", self.path(f"t/{name}"))
        self.assertEqual(self.listed("t"), ["test-one", "test-two"])

    def test_a_directory_that_can_not_be_read_is_no_empty_one(self):
        self.program("t/test-x", "pass a; pass b; pass c")
        self.program("t/sub/test-y", "pass a; pass b; pass c")
        os.chmod(self.path("t/sub"), 0)
        self.addCleanup(os.chmod, self.path("t/sub"), 0o700)
        # root may read it all the same, unless it gives that up.
        plain = [] if os.getuid() else ["setpriv", "--inh-caps=-all", "--bounding-set=-all"]
        for args in (["list", "t"], ["run", "t"], ["kernel", "t"]):
            with self.subTest(args):
                result = subprocess.run([*plain, COMMAND, *args], env=self.env, cwd=self.dir,
                                        capture_output=True, text=True, timeout=100,
                                        check=False)
                self.assertEqual((result.returncode, result.stdout), (2, ""), result.stderr)
                self.assertIn("can't read t/sub: Permission denied", result.stderr)


class Names(CommandTestCase):
    """Of files: any bytes but "/"."""

    NAMES = ("test-a b", "test-new\nline", "test-\x1b[31m", "test-\udcff",
             "test-a # SKIP x", "test-" + "y" * 240)

    def test_each_is_one_line(self):
        for name in self.NAMES:
            self.program(f"d/{name}", "echo not ok 1 a", ids=("a",))
        shown = ["d/test-\\x1b[31m", "d/test-a # SKIP x", "d/test-a b", "d/test-new\\x0aline",
                 "d/test-" + "y" * 240, "d/test-\\xff"]
        plain = self.run_tests("-j1", "--junit", "x.xml", "--json", "x.json", "d")
        self.assertEqual(plain.returncode, 1, plain.stderr)
        self.assertEqual([line for line in plain.stdout.splitlines() if line.startswith("d/")],
                         shown)
        ktap = self.run_tests("--ktap", "d").stdout
        self.assertEqual([line for line in ktap.splitlines() if line.startswith("not ok")],
                         [f"not ok {n} {name.replace('#', chr(92) + 'x23')}"
                          for n, name in enumerate(shown, 1)])
        with open(self.path("x.json"), encoding="utf-8") as f:
            self.assertEqual([p["path"] for p in json.load(f)["programs"]][3],
                             "d/test-new\nline")
        names = [s.get("name") for s in xml.etree.ElementTree.parse(self.path("x.xml")).getroot()]
        self.assertEqual(names[5], "d/test-\ufffd")

    def test_no_message_has_a_control_character(self):
        for name in "a\nb", "a b", "\x1b[31m", "\x07":
            self.write(f"n/test-{name}", "#!/bin/sh\nexit 3\n", 0o755)
            self.write(f"n/test_{name}.py", "import unittest\nclass A(unittest.TestCase):\n"
                       "    def test_a(self): pass\n")
        done = self.roadtest("list", "n")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(len(set(re.findall("(?m)^roadtest: (n/test.*?):", done.stderr))), 8)
        for name in r"n/test-a\x0ab:", r"n/test_\x1b[31m.py:", r"n/test-\x07:":
            self.assertIn(f"roadtest: {name} ", done.stderr)
        for path in "no\x1b[31m\nway", "n/test-a\nb::x":
            done = self.roadtest("list", path)
            self.assertNotRegex(done.stderr, "[\x1b\x07]")

    def test_of_a_test_that_is_on_no_list(self):
        self.program("test-x", r"printf '# start \x1b[31m\n'; exit 3", ids=("a",))
        result = self.run_tests("test-x")
        self.assertIn("FAIL  \\x1b[31m\n", result.stdout)


class Variables(CommandTestCase):
    """Of the environment, and other things that a process inherits."""

    def setUp(self):
        super().setUp()
        self.program("test-x", "pass a", ids=("a",))

    def test_without_home_the_cache_is_in_the_users(self):
        for name in "ROADTEST_CACHE", "XDG_CACHE_HOME", "HOME":
            self.env.pop(name, None)
        home = pwd.getpwuid(os.getuid()).pw_dir
        for env in {}, {"HOME": ""}:
            done = subprocess.run([COMMAND, "doctor"], capture_output=True, text=True,
                                  env={**self.env, **env})
            self.assertIn(f"kernels are kept in {home}/.cache/roadtest\n", done.stdout)

    def test_without_path(self):
        del self.env["PATH"]
        self.write("test_x.py", "import unittest\nclass A(unittest.TestCase):\n"
                   "    def test_a(self): pass\n")
        paths = ["test-x"] if os.environ.get("SANITIZED") == "1" else ["test-x", "test_x.py"]
        self.assertEqual(self.run_tests(*paths).returncode, 0)

    def test_a_umask_that_leaves_nothing(self):
        done = self.roadtest("run", "--json", "out.json", "test-x",
                             preexec_fn=lambda: os.umask(0o777))
        self.assertEqual(done.returncode, 0, done.stderr)
        for name, mode in ("out.json", 0o600), ("cache", 0o700), ("cache/history", 0o700):
            self.assertEqual(stat.S_IMODE(os.stat(self.path(name)).st_mode), mode, name)


class LiveLine(OptionsTestCase):
    def on_terminal(self, *args, term="xterm", columns=0):
        leader, follower = pty.openpty()
        fcntl.ioctl(leader, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen(
            [COMMAND, "run", *args], env={**self.env, "TERM": term},
            cwd=self.dir, stdout=subprocess.DEVNULL, stderr=follower)
        os.close(follower)
        text = b""
        while True:
            try:
                data = os.read(leader, 4096)
            except OSError:
                break
            text += data
        os.close(leader)
        process.wait()
        return text.decode()

    def test_time_left_is_shown_when_it_is_known(self):
        self.logging("test-x", ["A.a", "B.b", "C.c", "D.d"], "sleep 0.6")
        first = self.on_terminal("-j1", "--isolate", "class", "test-x")
        self.assertIn("of 4 done, 0 failed, 1 running", first)
        self.assertNotIn("left", first)
        second = self.on_terminal("-j1", "--isolate", "class", "test-x")
        left = [int(n) for n in re.findall(r"running, (\d+) s left", second)]
        self.assertEqual(left, sorted(left, reverse=True))
        self.assertIn(2, left)

        both = self.on_terminal("-j2", "--isolate", "class", "test-x")
        self.assertEqual(set(re.findall(r"(\d+) s left", both)) - {"0"}, {"1"})

    def test_it_stays_on_one_line_of_a_narrow_window(self):
        self.logging("test-x", ["A.a", "A.b"], "sleep 0.3")
        text = self.on_terminal("test-x", columns=20)
        shown = text.split("\r\x1b[K")
        self.assertIn("1 of 2 done, 0 fail", shown)
        self.assertLess(max(map(len, shown)), 20)

    def test_a_terminal_that_can_not_clear_a_line_gets_none(self):
        self.logging("test-x", ["A.a"])
        self.assertEqual(self.on_terminal("test-x", term="dumb"), "")

    def test_nothing_of_it_in_a_file(self):
        self.logging("test-x", ["A.a"])
        self.assertEqual(self.passes("test-x").stderr, "")


if __name__ == "__main__":
    ktap_main.main()
