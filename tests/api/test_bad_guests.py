# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that die, hang or go wrong in every place: each outcome is the right
one, by name, and says why; the other tests run, in fresh kernels.

The driver in faulty/faulty.c does it. It is built here, against the objects of
the kernel in the cache, and added to a copy of that kernel. The tests of it are
faulty/faulty_tests.py and, for what differs, faulty/faulty-tests.c."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import ktap_main
import test_shell
from namespace import with_own_mounts

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
COMMAND = os.environ["ROADTEST_COMMAND"]
C_TESTS = os.environ["FAULTY_TESTS"]

sys.path.insert(0, str(SOURCE / "tools"))
import drivers  # noqa: E402

# Waiting for the guest, in seconds: the limit that the tests of a hang set, and
# what a loaded machine may add to a test.
HANG, SLACK = 1, 5


def find_kernel(flavour):
    """The kernel that tests run on, if it is of this flavour, and its objects.
    Those of a kernel that comes from elsewhere, or of a tree that is gone, can't
    be had."""
    first = test_shell.find_kernel()
    try:
        kernel = Path(first or "none").resolve()
        if f"\nflavour={flavour}\n" in (kernel / "info").read_text(encoding="utf-8"):
            return kernel, drivers.objects(Path(COMMAND).parents[1], kernel)
    except (SystemExit, OSError):
        pass
    raise unittest.SkipTest("the kernel has no objects to build a module with")


def make_kernel(work, flavour="fast", folder="faulty", names=("faulty",)):
    """A kernel that has the faulty driver, or others."""
    kernel, module = work / "kernel", work / "module"
    good, objects = find_kernel(flavour)
    shutil.copytree(good, kernel, symlinks=True)
    module.mkdir()
    for name in names:
        shutil.copy(HERE / folder / f"{name}.c", module)
    (module / "Makefile").write_text(
        f"obj-m := {' '.join(f'{n}.o' for n in names)}\n", encoding="ascii")
    subprocess.run(["make", "-s", "-C", objects, "ARCH=um", f"M={module}", "modules"],
                   check=True, stdin=subprocess.DEVNULL)
    (release,) = (kernel / "modules/lib/modules").iterdir()
    for name in names:
        shutil.copy(module / f"{name}.ko", release)
    depmod = shutil.which("depmod") or "/sbin/depmod"
    subprocess.run([depmod, "-b", kernel / "modules", release.name], check=True)
    return kernel


class GuestsTestCase(unittest.TestCase):
    """One run of all, and what became of each test of it."""

    tests: str
    flavour = "fast"

    @classmethod
    def setUpClass(cls):
        work = Path(tempfile.mkdtemp(prefix="roadtest-bad-guests-"))
        cls.addClassCleanup(shutil.rmtree, work)
        env = {**os.environ, "ROADTEST_KERNEL": str(make_kernel(work, cls.flavour)),
               "ROADTEST_CACHE": str(work / "cache"), "PYTHONDONTWRITEBYTECODE": "1",
               "ROADTEST_TRACE": str(work)}
        command = [COMMAND, "run", "-j2", "--json", str(work / "out.json"), cls.tests]
        # What is left in a /dev/shm of our own is ours.
        done = subprocess.run(
            with_own_mounts('mount -t tmpfs none /dev/shm; "$@"; status=$?; n=20\n'
                            'while [ "$(ls -A /dev/shm)" ] && [ $((n -= 1)) != 0 ]; do\n'
                            'sleep 0.1; done; ls -A /dev/shm >&2; exit $status', *command),
            env=env, capture_output=True, text=True, timeout=500, stdin=subprocess.DEVNULL)
        cls.work, cls.done = work, done
        with open(work / "out.json", encoding="utf-8") as f:
            (program,) = json.load(f)["programs"]
        prefix = Path(cls.tests).stem + "."
        cls.results = {t["id"].removeprefix(prefix): t for t in program["tests"]}
        cls.program = program

    def failed(self, name, *texts):
        """It failed, and these are said, in this order."""
        test = self.results[name]
        self.assertEqual(test["outcome"], "failed", name)
        rest = said = "\n".join(test["output"])
        for text in texts:
            self.assertIn(text, rest, said)
            rest = rest.partition(text)[2]
        self.assertLessEqual(said.count("Traceback"), 1, "two errors for one cause")
        return said

    def hung(self, name, *texts):
        """... at the end of its limit."""
        self.failed(name, f"busy for {HANG}.0 s of wall time", *texts)
        self.assertGreaterEqual(self.results[name]["wall_ms"], HANG * 1000)
        self.assertLess(self.results[name]["wall_ms"], (HANG + SLACK) * 1000)

    def check_rest(self, wanted):
        """No test failed but `wanted`; the end of the run."""
        failed = {n for n, t in self.results.items() if t["outcome"] != "passed"}
        self.assertEqual(failed, wanted)
        self.assertTrue({n for n in self.results if "good" in n}.isdisjoint(failed))
        passed = len(self.results) - len(failed)
        self.assertIn(f"\n{passed} passed, {len(failed)} failed in ", self.done.stdout)
        self.assertEqual(self.done.returncode, 1)

    def check_nothing_is_left(self):
        self.assertEqual(self.done.stderr, "")
        for entry in Path("/proc").iterdir():
            try:
                line = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
            except OSError:
                continue
            self.assertNotIn(os.fsencode(self.work), line)


@unittest.skipIf(os.environ.get("SANITIZED") == "1", "Python is not built with sanitizers")
class Python(GuestsTestCase):
    tests = str(HERE / "faulty/faulty_tests.py")

    def test_outcomes(self):
        self.check_rest({
            "Probe.test_panic", "ProbeOops.test_oops", "Interrupt.test_a_panic",
            "InterruptLoop.test_a_loop", "InterruptSleeps.test_a_sleep",
            "TimerSleeps.test_a_sleep", "Timer.test_a_panic", "Remove.test_a_warn",
            "RemovePanic.test_a_panic", "Now.test_loop", "Now.test_loop_irqs_off",
            "Now.test_memory", "Now.test_memory_panic", "Now.test_stack",
            "Now.test_stack_a_little", "Boot.test_a_boot", "Boot.test_b_boot",
            "SetUpClass.test_a", "SetUpClass.test_b", "SetUp.test_a_panic",
            "TearDown.test_a_panic", "Cleanup.test_a_panic", "Cleanup.test_b_warn",
            "Leaves.test_a_timer", "Leaves.test_b_hrtimer", "Leaves.test_c_work",
            "Leaves.test_d_queue", "Leaves.test_e_thread", "Leaves.test_f_interrupt",
            "LeavesEach.test_a_work", "LeavesClass.tearDownClass",
            "LeavesOneOf.tearDownClass", "LeavesToTheNext.test_b_is_hit",
            "LeavesOnce.tearDownClass",
            "TearDownClass.tearDownClass", "TearDownClassWarn.tearDownClass", "Between.test_b_finds_it_dead", "Killed.test_a_killed",
        })

    def test_nothing_is_left(self):
        self.check_nothing_is_left()

    def test_panics(self):
        panic = "MachineGone", "Kernel panic - not syncing: faulty gives up"
        self.failed("Probe.test_panic", *panic, "faulty_probe+", "really_probe+")
        self.failed("Interrupt.test_a_panic", *panic, "faulty_interrupt+", "handle_irq_event+")
        self.failed("Timer.test_a_panic", *panic, "faulty_timer+", "run_timer_softirq+")
        self.failed("RemovePanic.test_a_panic", *panic, "faulty_remove+", "unbind_store+")
        self.failed("SetUp.test_a_panic", "in setUp", *panic)
        self.failed("TearDown.test_a_panic", "in tearDown", *panic)
        self.failed("Cleanup.test_a_panic", *panic)

    def test_an_oops_has_the_registers_above_it(self):
        self.failed("ProbeOops.test_oops", "RIP: 0033:faulty_oops+",
                    "Kernel panic - not syncing: Kernel mode fault at addr 0x10")

    def test_hangs_end_at_the_limit(self):
        self.hung("InterruptLoop.test_a_loop", "Its kernel is in faulty_loop+", "[faulty], called by ",
                  "handle_irq_event")
        self.hung("Now.test_loop", "Its kernel is in faulty_loop+", "param_attr_store")
        self.hung("Now.test_loop_irqs_off", "Its kernel is in faulty_loop_irqs_off+")

    def test_reports_without_end_end_the_call(self):
        for name in "InterruptSleeps.test_a_sleep", "TimerSleeps.test_a_sleep":
            said = self.failed(name, "LimitExceeded: the kernel reported 10", "bugs in one call",
                               "BUG: scheduling while atomic: ", "faulty_sleep+")
            self.assertNotIn("of wall time", said)

    def test_what_a_driver_leaves_behind_is_its_tests(self):
        for kind, name in (("timer", "a_timer"), ("hrtimer", "b_hrtimer"), ("work", "c_work"),
                           ("queue", "d_queue"), ("thread", "e_thread"),
                           ("interrupt", "f_interrupt")):
            with self.subTest(kind):
                self.failed(f"Leaves.test_{name}", "MachineGone", "Kernel panic - not syncing",
                            "in the time that passes after a test")
        self.failed("LeavesClass.tearDownClass", "MachineGone", "the time that passes after a test")
        self.failed("LeavesEach.test_a_work", "MachineGone", "the time that passes after a test")

    def test_which_test_left_it_behind_is_found(self):
        alone = "shows this when it runs alone: it is of that."
        for cls in "LeavesClass.test_a", "LeavesOneOf.test_b":
            self.failed(f"{cls.partition('.')[0]}.tearDownClass", "MachineGone",
                        f"faulty_tests.{cls}_good_so_far {alone}")
        self.failed("LeavesToTheNext.test_b_is_hit", "MachineGone",
                    "test_b_is_hit does not show this when it runs alone. faulty_tests."
                    "LeavesToTheNext.test_a_good_so_far, which ran before, shows it alone")
        self.failed("LeavesOnce.tearDownClass", "MachineGone",
                    "Of the last 2 tests that ran on this machine none shows it alone")
        for name in "Leaves.test_a_timer", "Leaves.test_f_interrupt":
            self.assertNotIn("alone", self.failed(name))

    def test_a_warning_when_a_driver_is_removed(self):
        said = self.failed("Remove.test_a_warn", "OracleError",
                           "WARNING: ", "faulty_warn+", "faulty_remove+")
        self.assertNotIn("MachineGone", said)

    def test_memory(self):
        # Only the agent's task is killed, or the guest does not survive it.
        self.failed("Now.test_memory", "Out of memory: Killed process", "faulty_memory+")
        self.failed("Now.test_memory_panic", "MachineGone",
                    "Kernel panic - not syncing: Out of memory: ", "faulty_memory+")

    def test_stack(self):
        # What comes of it depends on what lies below the stack.
        for name in "Now.test_stack", "Now.test_stack_a_little":
            self.assertRegex(self.failed(name), "its kernel was killed by signal |busy for ")

    def test_a_guest_that_never_comes_up(self):
        for name in "Boot.test_a_boot", "Boot.test_b_boot":
            self.failed(name, "Kernel panic - not syncing: Requested init /no/init failed")

    def test_setUpClass(self):
        self.failed("SetUpClass.test_a", "in setUpClass", "faulty gives up",
                    "faulty_tests.SetUpClass: setUpClass failed")
        self.failed("SetUpClass.test_b", "setUpClass failed; what it said is at "
                    "faulty_tests.SetUpClass.test_a")

    def test_tearDownClass(self):
        self.failed("TearDownClass.tearDownClass", "in tearDownClass", "faulty gives up")
        self.failed("TearDownClassWarn.tearDownClass", "OracleError", "faulty is not well")

    def test_a_guest_that_is_killed(self):
        self.failed("Between.test_b_finds_it_dead", "killed by signal 9")
        self.failed("Killed.test_a_killed", "killed by signal 9")


class C(GuestsTestCase):
    tests = C_TESTS
    LEAVES = tuple(f"leaves_{kind}" for kind in (
        "timer", "hrtimer", "work", "queue", "thread", "interrupt"))

    def test_outcomes(self):
        self.check_rest({f"faulty.{name}.works" for name in (
            "probe_panics", "interrupt_panics", "interrupt_loops", "timer_overflows_its_stack",
            "probe_takes_all_memory", "remove_warns", "remove_panics", "detached_leaves_work",
            *self.LEAVES)})

    def test_nothing_is_left(self):
        self.check_nothing_is_left()

    def test_what_a_driver_leaves_behind_is_its_tests(self):
        for name in (*self.LEAVES, "detached_leaves_work"):
            with self.subTest(name):
                self.failed(f"faulty.{name}.works", "Kernel panic - not syncing",
                            "in the time that passes after a test")

    def test_one_that_stays_and_polls_does_not_cost_a_minute(self):
        with open(self.work / "faulty.good_and_polls.works.trace", encoding="utf-8") as f:
            records = f.read().count("\n")
        self.assertGreater(records, 4000)  # 2,000 are of the test
        self.assertLess(records, 10000)

    def test_messages(self):
        panic = "Kernel panic - not syncing: faulty gives up"
        self.failed("faulty.probe_panics.works", panic, "faulty_probe+")
        self.failed("faulty.interrupt_panics.works", panic, "faulty_interrupt+")
        self.failed("faulty.remove_panics.works", panic, "faulty_remove+")
        self.failed("faulty.remove_warns.works", "WARNING: ", "faulty_remove+")
        self.failed("faulty.probe_takes_all_memory.works", "Out of memory: ", "faulty_memory+")
        self.assertRegex(self.failed("faulty.timer_overflows_its_stack.works"),
                         "its kernel was killed by signal |busy for ")
        self.hung("faulty.interrupt_loops.works", "Its kernel is in faulty_loop_irqs_off+")


if __name__ == "__main__":
    ktap_main.main()
