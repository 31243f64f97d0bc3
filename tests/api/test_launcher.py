# SPDX-License-Identifier: LGPL-2.1-or-later
"""`roadtest run --launcher`, with launchers that are fakes.

`shell` does what ssh does: it joins its words for a shell, in another directory,
without our environment, in a session of its own that signals for the launcher
do not reach. `direct` does what srun does: it executes its words.
"""

import os
import signal
import subprocess
import time

import ktap_main
from test_command import COMMAND, CommandTestCase, is_alive

SHELL = """#!/bin/sh
shift
echo "welcome to ok 1 far"
cd /
setsid env -i PATH="$PATH" sh -c "$*" &
wait $!
"""

DIRECT = """#!/bin/sh
cd /
exec env -i PATH="$PATH" "$@"
"""


class Launcher(CommandTestCase):
    def setUp(self):
        super().setUp()
        # sh gives what runs behind "&" no standard input of its own
        shell = SHELL.replace('"$*" &', '"$*" <&3 &').replace("shift\n", "shift\nexec 3<&0\n")
        self.shell = self.write("shell", shell, 0o755) + " host"
        self.direct = self.write("direct", DIRECT, 0o755)

    def launch(self, launcher, *args):
        return self.run_tests("--launcher", launcher, *args)

    def text(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def wait_for(self, name):
        deadline = time.monotonic() + 60
        while not os.path.exists(self.path(name)) or not self.text(name).endswith("\n"):
            self.assertLess(time.monotonic(), deadline, name)
            time.sleep(0.01)
        return self.text(name).split()

    def assert_gone(self, pids):
        deadline = time.monotonic() + 30
        while any(map(is_alive, pids)):
            self.assertLess(time.monotonic(), deadline, pids)
            time.sleep(0.01)

    def test_directory_environment_and_arguments_arrive(self):
        strange = "a b'c\"$HOME;`x`*\\%41\u00e9\n~"
        self.env["ROADTEST_X"] = strange
        self.env["PYTHONX"] = ""
        self.env["OURS"] = "not theirs"
        self.program("test-x", """printf '%s|%s|%s|%s|%s' "$PWD" "$ROADTEST_X" \\
"${PYTHONX-unset}" "${OURS-unset}" "$ROADTEST_KERNEL" >seen; echo "$args" >args
pass 'a$HOME'; pass "b'"; pass 'c%41'""", ("'a$HOME'", '"b\'"', "c%41"))
        for launcher in self.shell, self.direct:
            result = self.launch(launcher, "-j1", "--skip", "b'", "--timeout", "7", "test-x")
            self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
            self.assertIn("2 passed, 0 failed", result.stdout)
            self.assertEqual(self.text("seen").split("|"),
                             [self.dir, strange, "", "unset", self.kernel])
            self.assertEqual(self.text("args"),
                             "--filter a$HOME --filter c%41 --timeout 7\n")

    def test_a_directory_and_a_program_with_blanks_in_their_names(self):
        self.dir = self.path("a dir; it's $x")
        os.mkdir(self.dir)
        self.program("test-x y", "pass a; pass b; pass c")
        for launcher in self.shell, self.direct:
            launcher = launcher.replace(" host", "' host")
            result = self.launch("'" + launcher + ("" if "host" in launcher else "'"),
                                 "test-x y")
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            self.assertIn("3 passed", result.stdout)

    def test_a_list_is_made_there_too(self):
        self.program("test-x", "")
        result = self.launch(self.shell, "--list", "test-x")
        self.assertEqual((result.stdout, result.stderr), ("a\nb\nc\n", ""))

    def test_what_passed_failed_and_died_is_told_apart(self):
        self.program("test-x", """pass a; want b && { echo "# start b"; kill -SEGV $$; }
want c && { echo "# start c"; echo "# why"; echo "not ok 1 c"; exit 1; }""")
        for launcher in self.shell, self.direct:
            result = self.launch(launcher, "-j1", "test-x")
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn("  ok    a\n  FAIL  b\n", result.stdout)
            self.assertIn("        the program died of SIGSEGV\n", result.stdout)
            self.assertRegex(result.stdout, "  FAIL  c\n(        welcome.*\n)?        why\n")
            self.assertIn("1 passed, 2 failed", result.stdout)

    def test_a_program_that_dies_behind_its_last_test_fails(self):
        self.program("test-x", "pass a; pass b; pass c; kill -ABRT $$")
        result = self.launch(self.shell, "test-x")
        self.assertEqual(result.returncode, 1)
        self.assertIn("it ended badly", result.stdout)

    def test_two_at_once_and_never_more(self):
        ids = [f"{c}.{t}" for c in "ABCDEF" for t in "ab"]
        self.program("test-x", """echo x >>all; echo $$ >busy.$$
n=$(ls busy.* | wc -l); echo $n >>counts; sleep 0.1; rm busy.$$
""" + "".join(f"pass {i}; " for i in ids), ids)
        result = self.launch(self.direct, "-j2", "test-x")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertEqual(max(map(int, self.text("counts").split())), 2)

    def test_python_is_started_by_it_too(self):
        self.write("launcher", '#!/bin/sh\necho "$*" >>starts\nexec "$@"\n', 0o755)
        for name in "xy":
            self.write(f"test_{name}.py", "import unittest\nclass X(unittest.TestCase):\n"
                       "    def test_a(self): pass\n")
        if os.environ.get("SANITIZED") == "1":
            self.skipTest("Python is not built with sanitizers")
        result = self.launch("./launcher", ".")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        starts = self.text("starts").splitlines()
        self.assertEqual(len(starts), 4)     # two lists, two runs
        for line in starts:
            self.assertIn(" worker ", line)
            self.assertIn(" -m roadtest ", line)

    def test_the_example_takes_the_next_free_host(self):
        self.program("test-x", "pass A.a; pass B.a", ("A.a", "B.a"))
        self.write("ssh", f'#!/bin/sh\necho $1 >>hosts; sleep 0.3\nexec {self.shell[:-5]} "$@"\n',
                   0o755)
        self.env.update(SSH="./ssh", ROADTEST_HOSTS="one.1 two.1", TMPDIR=self.dir)
        any_host = os.path.join(os.path.dirname(__file__), "../../examples/ssh-any")
        result = self.launch(any_host, "-j2", "test-x")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("2 passed", result.stdout)
        self.assertEqual(set(self.text("hosts").split()), {"one", "two"})

    # ---- launchers that fail

    def test_a_launcher_that_is_not_there_is_exit_2(self):
        self.program("test-x", "pass a; pass b; pass c")
        result = self.launch("no-such-launcher host", "test-x")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn('there is no program "no-such-launcher"', result.stderr)

    def test_what_is_no_command_is_exit_2(self):
        self.program("test-x", "pass a; pass b; pass c")
        for launcher, text in (("", "needs a command"), ("  ", "needs a command"),
                               ("env 'x", "can't be cut"), ("env | cat", "can't be cut"),
                               ("env; ls", "can't be cut"), ("env $(ls)", "can't be cut"),
                               ("env $NO_SUCH_X", "can't be cut")):
            result = self.launch(launcher, "test-x")
            self.assertEqual((result.returncode, result.stdout), (2, ""), launcher)
            self.assertIn(text, result.stderr)

    def test_a_launcher_that_starts_nothing_is_exit_2_with_its_words(self):
        self.program("test-x", "pass a; pass b; pass c")
        self.write("broken", "#!/bin/sh\necho 'a'; echo 'cannot reach host' >&2; exit $1\n", 0o755)
        for status, text in (("255", "exit status 255"), ("0", "the launcher did not start it")):
            for args in (["-j1"], ["-j2"], ["--filter", "a"]):
                result = self.launch(f"./broken {status}", *args, "test-x")
                self.assertEqual(result.returncode, 2, result.stdout)
                self.assertIn("cannot reach host", result.stdout + result.stderr)
                self.assertNotIn("ok ", result.stdout)
            self.assertIn(text, self.launch(f"./broken {status}", "-j2", "test-x").stdout)

    def test_a_launcher_that_prints_results_of_its_own_fails(self):
        self.program("test-x", "pass a; pass b; pass c")
        self.write("liar", """#!/bin/sh
case "$*" in *--list*) exec "$@";; esac
printf 'KTAP version 1\\n1..3\\nok 1 a\\nok 2 x\\n'; exit 0
""", 0o755)
        result = self.launch("./liar", "-j2", "test-x")
        self.assertEqual(result.returncode, 1)
        self.assertIn("which is no test of its list", result.stdout)
        self.assertIn("NORUN b\n        did not run", result.stdout)

    def test_a_launcher_that_dies_in_a_test_fails_that_test(self):
        self.program("test-x", """pass a
want b && { echo "# start b"; echo $$ >pid; kill -KILL $(cat launcher.pid); sleep 100; }
pass c""")
        self.write("dies", '#!/bin/sh\necho $$ >launcher.pid\nexec ' + self.shell + ' "$@"\n',
                   0o755)
        result = self.launch("./dies", "-j1", "test-x")
        self.assertEqual(result.returncode, 1, result.stderr)
        # The shell on the host may still say that its program was hung up on.
        self.assertRegex(result.stdout,
                         "FAIL  b\n(        Hangup\n)?        the program ended here: SIGKILL\n")
        self.assertIn("2 passed, 1 failed", result.stdout)
        self.assert_gone(self.wait_for("pid"))

    def test_a_host_without_the_directory_says_so(self):
        self.program("test-x", "pass a; pass b; pass c")
        self.write("elsewhere", '#!/bin/sh\nmv "$OLD" "$OLD.gone"\n"$@"; rc=$?\n'
                   'mv "$OLD.gone" "$OLD"; exit $rc\n', 0o755)
        self.env["OLD"] = self.path("sub")
        os.mkdir(self.env["OLD"])
        result = subprocess.run(
            [COMMAND, "run", "--launcher", "../elsewhere", "-j1", "../test-x"],
            env=self.env, cwd=self.env["OLD"], capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 2)
        self.assertRegex(result.stdout, r"has no directory \S+/sub\n")

    # ---- the end

    def test_a_hang_is_asked_for_its_stack_and_killed(self):
        self.program("test-x", """trap 'echo "# at line 7"; trap - ABRT; kill -ABRT $$' ABRT
pass a; want b && { echo "# start b"; echo $$ >pid; while :; do sleep 0.1; done; }; pass c""")
        result = self.launch(self.shell, "-j1", "--timeout", "1", "test-x")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("FAIL  b\n", result.stdout)
        self.assertIn("        at line 7\n", result.stdout)
        self.assertIn("it took more than 11 s and was killed", result.stdout)
        self.assertIn("2 passed, 1 failed", result.stdout)
        self.assert_gone(self.wait_for("pid"))

    def test_waiting_in_the_launchers_queue_is_no_hang(self):
        self.program("test-x", "pass a; pass b; pass c")
        self.write("queue", '#!/bin/sh\nsleep 13\nexec "$@"\n', 0o755)
        result = self.launch("./queue", "-j1", "--timeout", "1", "test-x")
        self.assertEqual(result.returncode, 0, result.stdout)

    def start(self, launcher):
        """A run whose test waits: the command, and what runs at the far end."""
        self.program("test-x", 'echo "# start a"; sleep 1000 & echo "$$ $!" >pids; wait',
                     ids=("a",))
        process = subprocess.Popen([COMMAND, "run", "--launcher", launcher, "test-x"],
                                   env=self.env, cwd=self.dir, stdout=subprocess.PIPE,
                                   text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        pids = self.wait_for("pids")
        self.assertTrue(all(map(is_alive, pids)))
        return process, pids

    def test_nothing_is_left_after_ctrl_c(self):
        for launcher in self.shell, self.direct:
            process, pids = self.start(launcher)
            time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            self.assertIn("interrupted in a", process.communicate(timeout=60)[0])
            self.assertEqual(process.returncode, -signal.SIGINT)
            self.assert_gone(pids)
            os.unlink(self.path("pids"))

    def test_nothing_is_left_after_the_command_was_killed(self):
        process, pids = self.start(self.shell)
        process.kill()
        self.assert_gone(pids)

    def test_nothing_is_left_after_the_launcher_was_killed(self):
        process, pids = self.start(self.write(
            "noted", '#!/bin/sh\necho $$ >launcher\nexec ' + self.shell + ' "$@"\n', 0o755))
        os.kill(int(self.wait_for("launcher")[0]), signal.SIGKILL)
        self.assert_gone(pids)
        self.assertIn("0 passed, 1 failed", process.communicate(timeout=60)[0])

    def test_what_a_killed_launcher_left_has_time_to_end_its_job(self):
        process, pids = self.start(self.write("shepherd", """#!/bin/sh
# as srun: a second process, which cancels the job when the first was killed
rm -f gate cancelled; mkfifo gate
(cat gate; sleep 0.2; echo cancelled >cancelled) &
exec 9>gate
echo $$ >launcher
exec 3<&0
"$@" <&3 9>&- &
wait $!
""", 0o755))
        os.kill(int(self.wait_for("launcher")[0]), signal.SIGKILL)
        self.assertIn("0 passed, 1 failed", process.communicate(timeout=60)[0])
        self.assertEqual(self.text("cancelled"), "cancelled\n")
        self.assert_gone(pids)


class Worker(CommandTestCase):
    def test_it_is_not_for_people(self):
        for args in ([], ["/"], ["/", "%4"], ["/", "%zz"], ["/", "%00"]):
            result = self.roadtest("worker", *args)
            self.assertEqual((result.returncode, result.stdout), (2, ""), args)
            self.assertIn("roadtest run", result.stderr)


if __name__ == "__main__":
    ktap_main.main()
