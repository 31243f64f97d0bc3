# SPDX-License-Identifier: LGPL-2.1-or-later
"""`roadtest shell`, typed into through a pseudo terminal."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
import unittest

COMMAND = os.environ["ROADTEST_COMMAND"]
SOURCE = os.path.normpath(os.path.join(os.path.dirname(__file__), "../.."))
SUITE = os.path.join(SOURCE, "tests/api/samples/test_shelled.py")
TIMEOUT = 120
WHERE = "\033[6n"    # is the cursor? A terminal answers


def find_kernel(*paths):
    """One that the cache has for these suites; None if it has none."""
    given = os.environ.get("ROADTEST_KERNEL")
    if given:
        return given
    done = subprocess.run([COMMAND, "kernel", "--print",
                           *(paths or [os.path.dirname(SUITE)])],
                          cwd=SOURCE, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


class ShellTestCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if os.environ.get("SANITIZED") == "1":
            raise unittest.SkipTest("Python is not built with sanitizers")
        kernel = find_kernel()
        if kernel is None:
            raise unittest.SkipTest("the cache has no kernel with hwmon/lm75")
        cls.env = {**os.environ, "ROADTEST_KERNEL": kernel, "TERM": "dumb"}


class Terminal:
    """What a user has before him."""

    def __init__(self, env, *args, size=(24, 80), answers=True):
        self.seen = ""
        self.answers = answers
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.execve(COMMAND, [COMMAND, "shell", *args], env)
        self.resize(*size)

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("4H", rows, columns, 0, 0))

    def type(self, text):
        self.seen = ""
        os.write(self.fd, text.encode())

    def expect(self, regex):
        """Wait until it stands there; what was seen up to there."""
        end = time.monotonic() + TIMEOUT
        while not re.search(regex, self.seen):
            left = end - time.monotonic()
            if left < 0 or not self._read(left):
                raise AssertionError(f"no /{regex}/ in:\n{self.seen}")
        return self.seen

    def _read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.fd, 4096)
        except OSError:
            return False
        text = data.decode("utf-8", "replace")
        if self.answers and WHERE in text:
            os.write(self.fd, b"\033[1;1R")
            text = text.replace(WHERE, "")
        self.seen += text
        return True

    def command(self, line):
        """Type a line; what it prints."""
        self.type(line + "\n")
        self.expect(r"\r\n(.*\r\n)*guest:\S*# $")
        return self.seen.replace("\r", "").split("\n")[1:-1]

    def end(self):
        """The exit status, once it has ended."""
        end = time.monotonic() + TIMEOUT
        while self._read(max(0, end - time.monotonic())):
            pass
        if time.monotonic() > end:
            raise AssertionError(f"it does not end:\n{self.seen}")
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return status


class Interactive(ShellTestCase):
    def start(self, *args, prompt=r"guest:\S*# $", **kwargs):
        terminal = Terminal(self.env, *(args or (SUITE,)), **kwargs)
        self.addCleanup(self.stop, terminal)
        terminal.expect(prompt)
        return terminal

    def stop(self, terminal):
        try:
            os.kill(terminal.pid, 9)
            os.waitpid(terminal.pid, 0)
            os.close(terminal.fd)
        except (ProcessLookupError, ChildProcessError, OSError):
            pass

    def test_the_driver_is_bound_to_the_model(self):
        shell = self.start()
        self.assertIn("device: national,lm75 at /sys/bus/i2c/devices/0-",
                      shell.seen)
        self.assertIn("is bound to lm75", shell.seen)
        self.assertEqual(shell.command("cat hwmon/*/temp1_input"), ["25000"])
        shell.type("\x04")
        self.assertEqual(shell.end(), 0)

    def test_a_terminal_that_never_says_where_the_cursor_is(self):
        shell = self.start(answers=False)
        for word in "one", "two", "three":
            self.assertEqual(shell.command(f"echo {word}"), [word])
        self.assertNotIn(WHERE, shell.seen)
        shell.type("\x04")
        self.assertEqual(shell.end(), 0)

    def test_a_program_of_the_guest_may_ask_where_the_cursor_is(self):
        shell = self.start()
        shell.type("stty raw -echo; printf '\\033[6n'; head -c 6 | od -c; "
                   "stty sane\n")
        shell.expect(r"033   \[   1   ;   1   R")
        shell.expect(r"guest:\S*# $")

    def test_an_escape_key_is_over_before_the_next_key(self):
        shell = self.start()
        shell.type("echo ab\033")
        time.sleep(0.5)
        self.assertEqual(shell.command("c"), ["abc"])

    def test_the_status_is_the_shells(self):
        shell = self.start()
        shell.type("exit 7\n")
        self.assertEqual(shell.end(), 7)

    def test_ctrl_c_ends_the_command_and_not_the_shell(self):
        shell = self.start()
        shell.type("sleep 1000; echo st$((1+1))\n")
        shell.expect("\r\n")
        time.sleep(0.3)
        shell.type("\x03")
        shell.expect(r"guest:\S*# $")
        self.assertNotIn("st2", shell.seen)
        self.assertEqual(shell.command("echo st$((1+2))"), ["st3"])

    def test_size_of_the_terminal_and_its_changes(self):
        shell = self.start(size=(33, 77))
        self.assertEqual(shell.command("stty size"), ["33 77"])
        shell.resize(44, 99)
        self.assertEqual(shell.command("stty size"), ["44 99"])

    def test_the_clock_stands_still_at_the_prompt(self):
        shell = self.start()
        uptime = "cut -d' ' -f1 /proc/uptime"
        before = float(shell.command(uptime)[0])
        time.sleep(1.5)
        self.assertLess(float(shell.command(uptime)[0]) - before, 0.7)
        wall = time.monotonic()
        shell.command("sleep 1")
        self.assertGreater(time.monotonic() - wall, 0.9)
        self.assertGreaterEqual(float(shell.command(uptime)[0]) - before, 1)

    def test_fast_does_not_wait_for_the_wall_clock(self):
        shell = self.start("--fast", SUITE)
        uptime = "cut -d' ' -f1 /proc/uptime"
        before = float(shell.command(uptime)[0])
        wall = time.monotonic()
        shell.command("sleep 300")
        self.assertLess(time.monotonic() - wall, TIMEOUT)
        passed = float(shell.command(uptime)[0]) - before
        self.assertTrue(300 <= passed < 320, passed)

    def test_what_the_model_does_not_allow_is_said_and_the_shell_goes_on(self):
        shell = self.start()
        shell.type("echo 99000 | tee hwmon/*/temp1_max\n")
        shell.expect(r"ModelError: LM75 at .* write .*HIGH")
        shell.expect(r"guest:\S*# $")
        self.assertEqual(shell.command("echo on"), ["on"])

    def test_python_sees_the_same_model(self):
        shell = self.start()
        shell.type("\x1d")
        shell.expect(r">>> $")
        shell.type("chip.TEMP.value = 0x1E00; dev.hwmon['temp1_input']\n")
        shell.expect(r"'30000'\r\n>>> $")
        shell.type("shell()\n")
        shell.expect(r"guest:\S*# $")
        self.assertEqual(shell.command("cat hwmon/*/temp1_input")[-1], "30000")

    def test_python_first(self):
        shell = self.start("--python", SUITE, prompt=">>> $")
        shell.type("device.driver, type(chip).__name__\n")
        shell.expect(r"\('lm75', 'LM75'\)\r\n>>> $")
        shell.type("\x04")
        self.assertEqual(shell.end(), 0)

    def test_a_guest_that_panics_ends_it_with_the_log(self):
        shell = self.start()
        shell.type("reboot -f\n")      # the agent's end is the kernel's
        self.assertEqual(shell.end(), 1)
        self.assertIn("roadtest: roadtest.errors.MachineGone", shell.seen)

    def test_a_class_that_is_named(self):
        shell = self.start(SUITE + "::Other")
        self.assertIn("device: national,lm75a at", shell.seen)

    def test_a_set_up_that_fails(self):
        shell = Terminal(self.env, SUITE + "::Broken")
        self.assertEqual(shell.end(), 1)
        self.assertIn("roadtest: ValueError: on purpose", shell.seen)


class Piped(ShellTestCase):
    def shell(self, text, *args):
        return subprocess.run([COMMAND, "shell", *args], input=text,
                              capture_output=True, text=True, env=self.env,
                              timeout=TIMEOUT)

    def test_commands_of_standard_input(self):
        done = self.shell("cat hwmon/*/temp1_input; echo no >&2; exit 3", SUITE)
        self.assertEqual((done.stdout, done.stderr, done.returncode),
                         ("25000\n", "no\n", 3))

    def test_wrong_use_is_exit_2(self):
        program = os.path.join(SOURCE, "examples/test-lm75.c")
        for args, message in (
            ([], "which suite?"),
            (["nope.py"], "there is no such file"),
            ([program], "is a program"),
            ([os.path.join(SOURCE, "suites/iio")], "files of tests"),
            ([SUITE + "::Nope"], "has no class Nope"),
            ([SUITE, "--kernel", "/nope"], "/nope: No such file"),
        ):
            with self.subTest(args):
                done = self.shell("", *args)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(message, done.stderr)


if __name__ == "__main__":
    unittest.main()
