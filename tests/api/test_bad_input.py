# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a user may get wrong, and hosts that can't do what is wanted: one clear
message with the remedy, and nothing is lost."""

import fcntl
import os
import shutil
import subprocess
import time
import unittest
from pathlib import Path

import ktap_main
from fake_tree import FakeTree
from namespace import with_own_mounts
from test_command import COMMAND, CommandTestCase, needs_python
from test_shell import find_kernel

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/test_light.py"


class BadInput(CommandTestCase):
    def one_message(self, result, *parts, status=2):
        """It is an error and a remedy, of one line each, and nothing else."""
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        self.assertEqual(result.stdout, "")
        lines = [line for line in result.stderr.splitlines()
                 if not line.startswith(("building a kernel", "minutes, log in "))]
        self.assertEqual([line[:9] for line in lines], ["roadtest:", "       ->"], result.stderr)
        for part in parts:
            self.assertIn(part, "\n".join(lines))

    def in_mounts(self, script, *args, env=None):
        """A shell script with file systems of its own; "$@" is the command."""
        return subprocess.run(
            with_own_mounts(f"set -e; {script}", COMMAND, *args), env=env or self.env, cwd=self.dir,
            capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL)


class Given(BadInput):
    """Kernels and fragments that the user names."""

    def setUp(self):
        super().setUp()
        self.program("test-x", "pass a", ids=("a",))

    def test_no_kernel(self):
        self.one_message(self.run_tests("--kernel", "nope", "test-x"), "--kernel nope: No such")
        self.env["ROADTEST_KERNEL"] = "/nope"
        self.one_message(self.run_tests("test-x"), "ROADTEST_KERNEL /nope: No such")
        self.env.pop("ROADTEST_KERNEL")
        self.one_message(self.run_tests("--source", "linux-source-0.1", "test-x"),
                         "apt install linux-source-0.1")

    def test_kernel_without_uml(self):
        self.one_message(self.run_tests("--kernel", "/bin/true", "test-x"),
                         "true is no kernel for User Mode Linux", "make ARCH=um")

    def test_path_that_does_not_exist(self):
        result = self.run_tests("test-x", "nope/test_y.py")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertEqual(result.stderr,
                         "roadtest: nope/test_y.py: there is no such file or directory\n")


class Fragment(FakeTree, BadInput):
    def refused(self, content):
        with open(self.path("config"), "wb") as f:
            f.write(content)
        self.program("test-x", "pass a", ids=("a",))
        for args in ["run", "--source", "linux", "test-x"], ["kernel", "--source", "linux", "."]:
            result = self.roadtest(*args)
            self.one_message(result, "config:2: not a config option", "write CONFIG_NAME=y")
            self.assertEqual(self.builds(), 0)
        return result.stderr

    def test_a_line_that_is_no_option(self):
        self.refused(b"# fine\nCONFIG_X is wanted\n")

    def test_several_are_one_message(self):
        self.refused(b"CONFIG_A=y\nCONFIG_B\nhello\n")

    def test_what_is_no_text(self):
        text = self.refused(b"\n\x1b[31m\xff\xfe" + b"x" * 5000)
        self.assertIn("\\x1b[31m\\xff\\xfe", text)
        self.assertLess(len(text), 500)


class Cache(FakeTree, BadInput):
    def check_refused(self, reason, env=None):
        """The cache can't be used; a run that needs none of it goes on."""
        self.env.update(env or {})
        result = self.roadtest("kernel", "--source", "linux")
        self.one_message(result, f"{self.path('cache')}", reason, "set ROADTEST_CACHE")
        self.check_run_without()

    def check_run_without(self):
        self.program("test-x", "pass a", ids=("a",))
        result = self.run_tests("--kernel", "kernel", "test-x")
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_a_file(self):
        self.write("cache", "")
        self.check_refused("Not a directory")
        self.one_message(self.roadtest("kernel", "list"), "Not a directory", "set ROADTEST_CACHE")

    def as_user(self, *args):
        """As somebody who is not root: root may do everything."""
        command = [COMMAND]
        if os.getuid() == 0:
            command = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", COMMAND]
            os.chmod(self.dir, 0o755)
            if subprocess.run([*command, "--help"], capture_output=True, check=False).returncode:
                self.skipTest("nobody may not read the build directory")
        return subprocess.run([*command, *args], env=self.env, cwd=self.dir, capture_output=True,
                              text=True, timeout=100, stdin=subprocess.DEVNULL)

    def test_of_somebody_else(self):
        os.mkdir(self.path("cache"), 0o500)
        self.one_message(self.as_user("kernel", "--source", "linux"), "Permission denied",
                         "set ROADTEST_CACHE")

    def test_that_can_not_be_looked_into(self):
        os.makedirs(self.path("cache/kernels"))
        os.chmod(self.path("cache/kernels"), 0)
        self.one_message(self.as_user("kernel", "list"), "Permission denied", "set ROADTEST_CACHE")

    def test_read_only_without_the_kernel(self):
        os.mkdir(self.path("cache"))
        result = self.in_mounts('mount -t tmpfs -o ro none cache; exec "$@"',
                                "kernel", "--source", "linux")
        self.one_message(result, "Read-only file system", "set ROADTEST_CACHE")

    def test_read_only_with_the_kernel(self):
        self.kernel_of()
        self.program("test-x", "pass a", ids=("a",))
        result = self.in_mounts('mount --bind -o ro cache cache; mount -o remount,bind,ro cache\n'
                                '! touch cache/x 2>/dev/null; exec "$@"',
                                "run", "--source", "linux", "test-x")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(self.builds(), 1)

    def test_a_damaged_kernel_is_made_again(self):
        """Of the objects that it was linked from."""
        bundle = self.kernel_of()
        good = {}
        for name in "linux", "config", "info", "request":
            good[name] = Path(bundle, name).read_bytes()
            for damage in "emptied", "removed":
                with self.subTest(name, damage=damage):
                    os.truncate(f"{bundle}/{name}", 0)
                    if damage == "removed":
                        os.remove(f"{bundle}/{name}")
                    self.assertEqual(self.kernel_of(), bundle)
                    self.assertEqual(Path(bundle, name).read_bytes(), good[name])
        shutil.rmtree(f"{bundle}/modules")
        self.assertEqual(self.kernel_of(), bundle)
        self.assertTrue(Path(bundle, "modules").is_dir())
        self.assertEqual(self.builds(), 1)

    def test_damaged_history_is_none(self):
        self.program("test-x", "pass a; pass b; pass c")
        self.run_tests("--kernel", "kernel", "test-x")
        (history,) = Path(self.path("cache/history")).iterdir()
        good = history.read_bytes()
        head = good.partition(b"\n")[0] + b"\n"
        bad_lines = b"x\ny z\n1 pass\n-7 nope a\n\n9 pass b\n"
        huge = b"9223372036854775807 pass a\n9223372036854775807 pass b\n"
        for bad in b"", b"\0\xff" * 5000, head + bad_lines, good[:-9], head + huge:
            history.write_bytes(bad)
            result = self.run_tests("--kernel", "kernel", "test-x")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertEqual([line.split()[1:] for line in history.read_text().splitlines()[1:]],
                             [["pass", "a"], ["pass", "b"], ["pass", "c"]])


class FullDisk(FakeTree, BadInput):
    # Leaves no room in the file system at `cache`.
    FILL = "dd if=/dev/zero of=cache/filler bs=4k 2>/dev/null || :"

    def setUp(self):
        super().setUp()
        os.mkdir(self.path("cache"))

    def test_before_the_build(self):
        result = self.in_mounts(f'mount -t tmpfs -o size=64k none cache; {self.FILL}\nexec "$@"',
                                "kernel", "--source", "linux")
        self.one_message(result, "No space left on device", "make room there", "ROADTEST_CACHE")

    def test_in_the_build(self):
        self.write("linux/build.sh", "[ -z \"$FILL\" ] || cat /dev/zero >$1/big.o")
        self.env["FILL"] = "1"
        result = self.in_mounts('mount -t tmpfs -o size=4m none cache\n'
                                'status=0; "$@" || status=$?\n'
                                'rm cache/objects/*/big.o; FILL= "$@" >again 2>&1; exit $status',
                                "kernel", "--source", "linux")
        self.one_message(result, "there is no room left in", "make room there", "ROADTEST_CACHE")
        self.assertRegex(self.read("again"), r"\n/\S+/cache/kernels/\w{16}\n\Z")

    def test_in_the_build_of_a_compiler_that_removes_what_it_wrote(self):
        self.env["BREAK"] = "/tmp/ccXX.s: fatal error: error writing to x: No space left on device"
        self.one_message(self.roadtest("kernel", "--source", "linux"), "there is no room left in")

    def test_history_of_an_earlier_run_stays(self):
        self.program("test-x", "pass a; pass b; pass c")
        result = self.in_mounts(
            'mount -t tmpfs -o size=64k none cache; "$@" >first; cp cache/history/* before\n'
            f'{self.FILL}; "$@"; cmp cache/history/* before; ls cache/history | wc -l',
            "run", "--kernel", "kernel", "test-x")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(result.stdout, r"3 passed, 0 failed in \S+ s\n1\n\Z")

    def test_a_report(self):
        self.program("test-x", "pass a", ids=("a",))
        self.write("old", "old\n")
        os.mkdir(self.path("disk"))
        for kind in "json", "junit", "html":
            result = self.in_mounts(
                'mount -t tmpfs -o size=64k none disk; cp old disk/out; status=0\n'
                f'{self.FILL.replace("cache", "disk")}\n'
                '"$@" || status=$?; cat disk/out; ls disk >&2; exit $status',
                "run", "--kernel", "kernel", f"--{kind}", "disk/out", "test-x")
            self.assertEqual(result.returncode, 2)
            self.assertIn("1 passed, 0 failed", result.stdout)
            self.assertTrue(result.stdout.endswith("\nold\n"))
            self.assertEqual(
                result.stderr,
                f"roadtest: --{kind}: can't write disk/out: No space left on device\n"
                "       -> make room there\nfiller\nout\n")

    def test_journals(self):
        self.program("test-x", "pass a", ids=("a",))
        result = self.in_mounts(f'mount -t tmpfs -o size=64k none cache; {self.FILL}\nexec "$@"',
                                "run", "--kernel", "kernel", "--trace", "test-x")
        self.assertIn("1 passed, 0 failed", result.stdout)
        result.stdout = ""
        self.one_message(result, "cache/runs/", "No space left on device", "ROADTEST_CACHE")


class AtOnce(FakeTree, BadInput):
    """Two runs on one cache, and those that were killed."""

    def test_two_runs_that_need_the_same_kernel(self):
        self.program("test-x", "pass a; pass b; pass c")
        runs = [subprocess.Popen([COMMAND, "run", "--source", "linux", "test-x"], env=self.env,
                                 cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 text=True) for _ in range(2)]
        for run in runs:
            out, err = run.communicate(timeout=60)
            self.assertEqual(run.returncode, 0, err)
            self.assertIn("3 passed, 0 failed", out)
            self.assertNotIn("error", err)
        self.assertEqual(self.builds(), 1)
        (history,) = Path(self.path("cache/history")).iterdir()
        self.assertEqual(len(history.read_text().splitlines()), 4)

    def test_two_runs_write_one_history(self):
        self.program("test-x", "pass a; pass b; pass c; touch ran")
        self.run_tests("--kernel", "kernel", "--filter", "a", "test-x")
        os.remove(self.path("ran"))
        (history,) = Path(self.path("cache/history")).iterdir()
        other = os.open(history.parent, os.O_RDONLY)
        fcntl.flock(other, fcntl.LOCK_EX)
        run = subprocess.Popen([COMMAND, "run", "--kernel", "kernel", "--filter", "b", "test-x"],
                               env=self.env, cwd=self.dir, stdout=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while not os.path.exists(self.path("ran")) and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(0.5)
        self.assertIsNone(run.poll(), "it does not wait for the other run")
        history.write_text(history.read_text() + "7 fail c\n")
        os.close(other)
        self.assertEqual(run.wait(60), 0)
        self.assertEqual([line.split()[1:] for line in history.read_text().splitlines()[1:]],
                         [["pass", "a"], ["pass", "b"], ["fail", "c"]])

    def test_a_run_that_was_killed_in_a_build(self):
        self.env["SLOW"] = "1"
        self.program("test-x", "pass a; pass b; pass c")
        process = subprocess.Popen([COMMAND, "run", "--source", "linux", "test-x"], env=self.env,
                                   cwd=self.dir, stderr=subprocess.DEVNULL)
        logs, end = Path(self.path("cache/objects")), time.monotonic() + 60
        while time.monotonic() < end and not any(
                b"x.o" in log.read_bytes() for log in logs.glob("*/build.log")):
            time.sleep(0.02)
        process.kill()
        process.wait()
        del self.env["SLOW"]
        result = self.run_tests("--source", "linux", "test-x")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("waiting for another run", result.stderr)
        self.assertEqual(self.builds(), 1)

    def test_what_a_run_left_that_was_killed_while_it_wrote(self):
        bundle = self.kernel_of()
        self.program("test-x", "pass a; pass b; pass c")
        self.run_tests("--source", "linux", "test-x")
        (history,) = Path(self.path("cache/history")).iterdir()
        shutil.copytree(bundle, f"{bundle}.making")
        os.rename(f"{bundle}.making/linux", f"{bundle}.making/stale")
        os.symlink("nowhere", self.path("cache/kernels/default.99999"))
        Path(f"{history}.99999").write_text("roadtest history 1 of")
        result = self.run_tests("--source", "linux", "test-x")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.kernel_of("--force")
        self.assertEqual(self.run_tests("--source", "linux", "test-x").returncode, 0)
        self.assertFalse(os.path.exists(f"{bundle}.making"))
        self.assertFalse(os.path.exists(f"{bundle}/stale"))


@needs_python
class Booted(BadInput):
    """With a kernel that boots."""

    @classmethod
    def setUpClass(cls):
        cls.real_kernel = find_kernel()
        if cls.real_kernel is None:
            raise unittest.SkipTest("the cache has no kernel for the examples")

    def setUp(self):
        super().setUp()
        self.env["ROADTEST_KERNEL"] = self.real_kernel

    def failed(self, test, *parts):
        """The only test fails, and says these things."""
        self.write("test_x.py", "from roadtest import Device, DtFragment, TestCase\n"
                                "class X(TestCase):\n" + test)
        result = self.run_tests("test_x.py")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("0 passed, 1 failed", result.stdout)
        self.assertLessEqual(result.stdout.count("Traceback"), 1)
        for part in parts:
            self.assertIn(part, result.stdout)

    def test_dts_error(self):
        run = "    def test_a(self): self.clock.settle()\n"
        for source, *parts in (
                ("&i2c {\\n chip@10 {\\n reg = <0x10>\\n };\\n};", "test_x.py:6", "syntax error"),
                ("&nothing {};", "test_x.py:3", "Label or path nothing not found"),
                ("#include <dt-bindings/no.h>", "test_x.py:3", "dt-bindings/no.h: No such file")):
            with self.subTest(source):
                text = source.replace("\\n", "\n")
                self.failed(f'    dts = DtFragment("""{text}""")\n{run}',
                            "DevicetreeError: the devicetree does not compile", *parts)

    def test_missing_module(self):
        self.failed('    device = Device("acme,chip")\n    def test_a(self): pass\n',
                    "no module of this kernel has the alias", "acme,chip",
                    "is the driver enabled in the suite's config", "The kernel is /")
        self.failed('    def test_a(self): self.guest.insmod("nope")\n',
                    'no module "nope"', "is its option =m in the kernel's configuration")

    def test_kernel_without_its_modules(self):
        kernel = self.path("bundle")
        shutil.copytree(self.env["ROADTEST_KERNEL"], kernel,
                        ignore=shutil.ignore_patterns("modules"))
        self.env["ROADTEST_KERNEL"] = kernel
        self.failed('    def test_a(self): self.guest.insmod("opt3001")\n', kernel, "modules")

    def test_no_room_for_a_guest(self):
        for size, said in (("4k", "No space left on device"), ("1m", "there is no room left in"),
                           ("8m", "there is no room left in")):
            with self.subTest(size):
                result = self.in_mounts(f'mount -t tmpfs -o size={size} none /dev/shm; status=0\n'
                                        '"$@" || status=$?; ls -A /dev/shm; exit $status',
                                        "run", "-j1", str(EXAMPLE))
                self.assertEqual(result.returncode, 1)
                self.assertEqual(result.stdout.count(said), 2, result.stdout)
                self.assertIn("/dev/shm", result.stdout)
                self.assertRegex(result.stdout, r"0 passed, 2 failed in \S+ s\n\Z")

    def test_two_runs_at_once(self):
        runs = [subprocess.Popen([COMMAND, "run", "-j1", str(EXAMPLE)], env=self.env, cwd=self.dir,
                                 stdout=subprocess.PIPE, text=True) for _ in range(3)]
        for run in runs:
            self.assertIn("2 passed, 0 failed", run.communicate(timeout=60)[0])
            self.assertEqual(run.returncode, 0)


if __name__ == "__main__":
    ktap_main.main()
