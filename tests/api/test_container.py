# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Containerfile, whose steps are taken without an engine; and what `roadtest doctor`
says of a container that lacks something."""

import ctypes
import errno
import os
import shutil
import struct
import subprocess
import unittest

import ktap_main
from keeper import SOURCE, wait_until
from test_command import COMMAND, CommandTestCase, needs_python
from test_shell import find_kernel

TOOL = os.path.join(SOURCE, "tools/containerfile")

# <linux/filter.h>, <linux/seccomp.h>, <asm/unistd_64.h>
LOAD_WORD, JUMP_EQUAL, JUMP_BITS, RETURN = 0x20, 0x15, 0x45, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
NR_PERSONALITY = 135
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38


def refuse_personality():
    """From now on as with Docker's profile: personality() may ask, and not change."""
    program = b"".join(struct.pack("HBBI", *word) for word in (
        (LOAD_WORD, 0, 0, 0),                   # the number of the call
        (JUMP_EQUAL, 0, 3, NR_PERSONALITY),
        (LOAD_WORD, 0, 0, 16),                  # its first argument
        (JUMP_BITS, 1, 0, 0x80000000),          # 0xffffffff asks
        (RETURN, 0, 0, ERRNO | errno.EPERM),
        (RETURN, 0, 0, ALLOW)))
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, 2, header):
        raise OSError("no seccomp")


class Doctor(CommandTestCase):
    def with_shm(self, options):
        """What doctor says of a /dev/shm with these options of mount(8)."""
        script = f'mount -t tmpfs -o {options} tmpfs /dev/shm && exec "$0" doctor'
        namespace = ["unshare", "--mount"]
        if os.getuid() != 0:
            namespace += ["--user", "--map-root-user"]
        if subprocess.run([*namespace, "true"], capture_output=True).returncode:
            self.skipTest("this user may not make a mount namespace")
        return subprocess.run([*namespace, "sh", "-c", script, COMMAND], env=self.env,
                              capture_output=True, text=True)

    def test_shared_memory_as_engines_make_it_is_a_miss_with_the_remedy(self):
        for options, text in (("noexec,size=256m", "is mounted noexec"),
                              ("size=64m", "has 64 MiB free")):
            result = self.with_shm(options)
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertRegex(result.stdout, rf"(?m)^MISS  shared memory +/dev/shm {text}$")
            self.assertIn("--tmpfs /dev/shm:rw,exec,size=256m,mode=1777\n", result.stdout)
        self.assertRegex(self.with_shm("size=256m").stdout, "(?m)^ok +shared memory ")

    def test_a_profile_that_refuses_personality_is_noted(self):
        self.assertRegex(self.roadtest("doctor").stdout, "(?m)^ok +personality ")
        result = self.roadtest("doctor", preexec_fn=refuse_personality)
        self.assertRegex(result.stdout, r"(?m)^note +personality .* is refused")


@needs_python
class Guest(unittest.TestCase):
    def test_a_guest_runs_without_personality_too(self):
        kernel = find_kernel("examples")
        if kernel is None:
            self.skipTest("the cache has no kernel for examples")
        done = subprocess.run([COMMAND, "run", "--kernel", kernel, "examples/test_light.py"],
                              cwd=SOURCE, capture_output=True, text=True,
                              preexec_fn=refuse_personality)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("2 passed, 0 failed", done.stdout)


class Wrong(CommandTestCase):
    """Containerfiles that have a mistake."""

    def build(self, text):
        return subprocess.run(
            [TOOL, "--file", self.write("Containerfile", "FROM debian:12\n" + text), "--",
             "true"], capture_output=True, text=True)

    def test_an_unknown_instruction_is_named_with_its_line(self):
        result = self.build("# more\nRUN true \\\n  && true\nEXPOSE 80\n")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("line 5: EXPOSE is not known", result.stderr)

    def test_a_step_that_fails_ends_it_with_its_line(self):
        needs_overlay(self)
        for step, text in (("RUN exit 7", "line 3: RUN exit 7: exit status 7"),
                           ("COPY nothing /x", "line 3: COPY: there is no nothing"),
                           ("USER none-such\nRUN true", "there is no user none-such"),
                           ("CMD true", 'line 3: CMD has to be ["WORD", ...]')):
            result = self.build(f"ENV A=b\n{step}\nRUN echo not reached\n")
            self.assertEqual(result.returncode, 2, result.stdout)
            self.assertIn(text, result.stderr)
            self.assertNotIn("\nnot reached", result.stdout)

    def test_steps_are_taken_as_an_engine_does(self):
        needs_overlay(self)
        name = f"/roadtest-{os.getpid()}"
        result = self.build(f"""ENV A=b
WORKDIR {name}
COPY README.md docs/
RUN useradd --create-home tester-x
COPY --chown=tester-x tools tools
USER tester-x
RUN echo "$PWD $A $HOME $(id -un) $(ls docs) $(stat -c %U tools/setup docs/README.md)" \\
    $(ls /proc | grep -c '^[0-9]')
RUN touch docs/x || touch tools/x && ls tools/x
""")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, fr"\n{name} b /home/tester-x tester-x README.md "
                         r"tester-x\nroot \d\n")
        self.assertIn("\ntools/x\n", result.stdout)
        self.assertFalse(os.path.exists(name))
        self.assertFalse(os.path.exists("/home/tester-x"))

    def test_its_programs_end_with_it_when_it_is_killed(self):
        needs_overlay(self)
        word = f"98765.{os.getpid()}"
        file = self.write("Containerfile", f"FROM debian:12\nRUN exec sleep {word}\n")
        process = subprocess.Popen([TOOL, "--file", file], stdout=subprocess.DEVNULL,
                                   env={**self.env, "TMPDIR": self.dir})
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wait_until(lambda: runs("sleep", word), "it did not start")
        process.kill()
        wait_until(lambda: not runs("sleep", word), "it goes on")


def runs(*argv):
    """Is there a process with this command line?"""
    line = "".join(word + "\0" for word in argv).encode()
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as f:
                if f.read() == line:
                    return True
        except (FileNotFoundError, ProcessLookupError):
            pass
    return False


def needs_overlay(test):
    """Skip where the tool can't work."""
    if os.getuid() != 0:
        test.skipTest("tools/containerfile needs root")
    script = ("mount -t tmpfs tmpfs /tmp && cd /tmp && mkdir u w m && mount -t overlay "
              "-o lowerdir=/,upperdir=u,workdir=w overlay m")
    done = subprocess.run(["unshare", "--mount", "sh", "-c", script], capture_output=True,
                          text=True)
    if done.returncode:
        test.skipTest("no overlay of the root: " + done.stderr.strip())


@needs_python
class Containerfile(unittest.TestCase):
    def test_its_steps_make_a_tree_whose_suites_pass(self):
        needs_overlay(self)
        kernel = find_kernel("suites", "examples")
        if kernel is None:
            self.skipTest("the cache has no kernel for suites and examples")
        kernels, key = os.path.split(kernel)
        if os.path.basename(kernels) != "kernels" or not shutil.which("meson"):
            self.skipTest("needs a kernel of the cache, and meson")
        done = subprocess.run(
            [TOOL, "--kernels", os.path.dirname(kernels), "--", "build/cli/roadtest", "run",
             "examples/test_light.py", "suites/iio/light/test-opt3001.c"],
            capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr[-3000:])
        self.assertIn(f"\n/home/tester/.cache/roadtest/kernels/{key}\n", done.stdout)
        self.assertRegex(done.stdout, r"\n[3-9]\d passed, 0 failed")
        self.assertFalse(os.path.exists("/home/tester"))


if __name__ == "__main__":
    ktap_main.main()
