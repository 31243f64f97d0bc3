# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is said about tests that fail badly, and what they leave behind.

Runs tests/guest/bad.c and swallowed.c; GUEST_BAD and GUEST_SWALLOWED are the
paths of the programs.
"""

import os
import re
import signal
import subprocess
import time
import unittest
from pathlib import Path

BAD = os.environ["GUEST_BAD"]
MACHINE = re.compile(r"machine (\S+) kernel (\d+) test (\d+)")


def results(ktap: str) -> dict[str, tuple[bool, str]]:
    """For each test: did it pass, and the diagnostics above its result."""
    found, text = {}, []
    for line in ktap.splitlines():
        match = re.match(r"(not )?ok \d+ (\S+)", line)
        if match:
            found[match[2]] = not match[1], "\n".join(text)
            text = []
        else:
            text.append(line)
    return found


class Diagnostics(unittest.TestCase):
    """One run of all the bad tests."""

    @classmethod
    def setUpClass(cls) -> None:
        done = subprocess.run(
            [BAD, "--skip", "waits"], stdout=subprocess.PIPE, text=True, timeout=120
        )
        cls.status, cls.ktap = done.returncode, done.stdout
        cls.results = results(done.stdout)

    def failed(self, test: str, *texts: str) -> None:
        passed, said = self.results[test]
        self.assertFalse(passed, f"{test} passed")
        for text in texts:
            self.assertIn(text, said)

    def test_exit_status_says_that_a_test_failed(self) -> None:
        self.assertEqual(self.status, 1)

    def test_every_test_ran(self) -> None:
        self.assertIn(f"1..{len(self.results)}\n", self.ktap)
        self.assertEqual(len(self.results), 15)

    def test_good_tests_pass_between_the_bad_ones(self) -> None:
        for i in range(1, 6):
            self.assertTrue(self.results[f"good_{i}"][0], self.ktap)

    def test_segfault_in_a_model_names_test_and_function(self) -> None:
        self.failed("model_segfaults", "segfault_write", "bad.c:")
        said = self.results["model_segfaults"][1]
        self.assertRegex(said, "died of SIGSEGV|AddressSanitizer: SEGV")

    def test_endless_loop_in_a_model_names_test_and_function(self) -> None:
        self.failed("model_loops", "more than 3 s", "endless_write", "bad.c:")

    def test_failure_of_a_model_has_its_message(self) -> None:
        self.failed("model_fails", "no writing on Sundays", "ROAD_EMODEL")

    def test_panic_has_the_kernels_log(self) -> None:
        self.failed("guest_panics", "Kernel panic - not syncing", "ROAD_EGONE")

    def test_exit_is_no_success(self) -> None:
        self.failed("test_exits", "called exit(0)")

    def test_models_on_the_stack_are_left_in_time(self) -> None:
        name = "assertion_ends_a_function_with_a_model"
        self.failed(name, "ASSERT_EQ(1, 2)")
        said = self.results[name][1]
        self.assertNotRegex(said, "died|AddressSanitizer|exited with")

    def test_models_that_are_gone_are_said_to_be_the_tests_mistake(self) -> None:
        for name in "returns_with_a_model_attached", "returns_with_a_timer_set":
            self.failed(name, "variable of the test is still in use", "detach it")
            self.assertNotIn("died of", self.results[name][1])

    def test_report_in_a_teardown_fails_its_test(self) -> None:
        self.failed("warned.teardown_warns", "reported a bug", "lkdtm")
        self.assertTrue(self.results["warned.teardown_warns_as_expected"][0])


class Swallowed(unittest.TestCase):
    """Tests that look away from what went wrong. Their names say how they end."""

    @classmethod
    def setUpClass(cls) -> None:
        done = subprocess.run(
            [os.environ["GUEST_SWALLOWED"]], stdout=subprocess.PIPE, text=True
        )
        cls.ktap = done.stdout
        cls.results = results(done.stdout)
        cls.known = re.findall(r"^ok \d+ (\S+) # known bug: known$", done.stdout, re.M)

    def said(self, test: str) -> str:
        return self.results[f"machine.{test}"][1]

    def test_each_ends_as_its_name_says(self) -> None:
        self.assertIn(f"1..{len(self.results)}\n", self.ktap)
        for test, (passed, said) in self.results.items():
            with self.subTest(test):
                name = test.rpartition(".")[2]
                self.assertRegex(name, "^(fails|passes|known)")
                self.assertEqual(passed, not name.startswith("fails"), said)
                self.assertEqual(test in self.known, name.startswith("known"), said)

    def test_what_was_ignored_is_said(self) -> None:
        for test, text in (
            ("fails_when_a_models_error_is_ignored", "returned ROAD_EMODEL, and the "),
            ("fails_when_a_models_error_is_any_error", "register 1 is not for you"),
            ("fails_when_another_one_is_ignored", "register 2 is not for you"),
            ("fails_when_a_crash_is_ignored", "panic - not syncing: dumptest"),
            ("fails_when_a_hang_is_ignored", "not finished after 100"),
            ("fails_with_a_known_crash_and_another_failure", "2 failures, a known"),
            ("fails_with_a_known_report_and_another", "2 failures, a known"),
            ("fails_when_a_call_blocks_at_its_end", "still blocks at the end"),
            ("fails_when_a_call_blocks_that_was_given_up", "still blocks at the end"),
            ("fails_when_a_program_exits_with_1", "it exited with status 1"),
            ("fails_when_it_destroys_the_harnesss_machine", "road_machine_destroy()"),
            ("fails_when_a_fault_has_not_struck", "has not struck: no message came"),
            ("fails_when_a_fault_has_struck_once_of_twice", "1 more messages should"),
            ("fails_with_a_known_failure_and_a_fault_that_has_not_struck", "2 failures"),
        ):
            with self.subTest(test):
                self.assertIn(text, self.said(test))

    def test_of_a_fault_a_test_that_ended_before_it_is_not_told(self) -> None:
        self.assertNotIn("not struck", self.said("fails_before_a_fault_could_strike"))

    def test_a_crash_is_told_once(self) -> None:
        said = self.said("fails_with_another_crash_than_is_known")
        self.assertEqual(said.count("Kernel panic - not syncing"), 1, said)
        self.assertNotIn("2 failures", said)

    def test_an_assertion_in_a_model_ends_the_test(self) -> None:
        self.assertNotIn(
            "not reached", self.said("fails_by_an_assertion_in_a_model")
        )
        self.assertIn("# reached", self.said("fails_by_an_assertion_in_a_timer"))


def processes(directory: str) -> list[int]:
    """Those that run in a machine's directory, or have it on their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            line = (entry / "cmdline").read_bytes()
            if directory.encode() in line or os.readlink(entry / "cwd") == directory:
                found.append(int(entry.name))
        except OSError:
            pass
    return found


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


class LeftBehind(unittest.TestCase):
    """Within a second nothing is left, however a run ends."""

    def start(self, *args: str, **env: str) -> None:
        self.run_ = subprocess.Popen(
            [BAD, "--filter", "waits", *args],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, **env},
        )
        self.addCleanup(self.run_.stdout.close)
        self.addCleanup(self.run_.wait)
        self.addCleanup(self.run_.kill)
        for line in self.run_.stdout:
            match = MACHINE.search(line)
            if match:
                break
        self.take(match)
        self.assertTrue(Path(self.dir).is_dir())
        self.assertIn(self.kernel, processes(self.dir))

    def take(self, match: re.Match[str]) -> None:
        self.dir, self.kernel, self.test = match[1], int(match[2]), int(match[3])

    def assert_nothing_left(self) -> None:
        pids = {self.kernel, self.test}
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            left = [pid for pid in pids if alive(pid)] + processes(self.dir)
            if not left and not Path(self.dir).exists():
                return
            time.sleep(0.01)
        self.fail(f"left: processes {left}, {self.dir} {Path(self.dir).exists()}")

    def test_after_ctrl_c(self) -> None:
        self.start()
        self.run_.send_signal(signal.SIGINT)
        self.assert_nothing_left()
        self.assertEqual(self.run_.wait(), -signal.SIGINT)

    def test_after_ctrl_c_in_a_guest_call(self) -> None:
        self.start(BAD_IN_A_CALL="1")
        self.run_.send_signal(signal.SIGINT)
        self.assert_nothing_left()

    def test_after_other_signals(self) -> None:
        for signo in signal.SIGTERM, signal.SIGHUP:
            with self.subTest(signo.name):
                self.start(BAD_IN_A_CALL="1")
                self.run_.send_signal(signo)
                self.assert_nothing_left()
                self.assertEqual(self.run_.wait(), -signo)

    def test_after_kill_of_the_runner(self) -> None:
        self.start()
        self.run_.kill()
        self.assert_nothing_left()

    def test_after_kill_of_the_test(self) -> None:
        self.start()
        os.kill(self.test, signal.SIGKILL)
        self.assert_nothing_left()
        self.assertEqual(self.run_.wait(), 1)

    def test_after_kill_of_the_process_group(self) -> None:
        self.start()
        os.killpg(self.run_.pid, signal.SIGKILL)
        self.assert_nothing_left()

    def test_after_kill_of_everything_the_next_run_sweeps(self) -> None:
        self.start()
        guards = [pid for pid in processes(self.dir) if pid != self.kernel]
        self.assertTrue(guards)
        for pid in [*guards, self.run_.pid, self.test, self.kernel]:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.2)
        subprocess.run(
            [BAD, "--filter", "good_1"], stdout=subprocess.DEVNULL, check=True, timeout=60
        )
        self.assert_nothing_left()

    def test_after_a_good_and_a_bad_end(self) -> None:
        for test in "good_1", "model_fails", "model_segfaults", "guest_panics":
            with self.subTest(test):
                done = subprocess.run(
                    [BAD, "--filter", test], stdout=subprocess.PIPE, text=True, timeout=60
                )
                self.take(MACHINE.search(done.stdout))
                self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
