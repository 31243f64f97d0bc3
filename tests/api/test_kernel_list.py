# SPDX-License-Identifier: LGPL-2.1-or-later
"""`roadtest kernel list` and `remove`, and kernels that others have built."""

import os
import re
import signal
import subprocess
import time

import ktap_main
from fake_tree import FakeTree
from test_command import COMMAND, CommandTestCase


class Kept(FakeTree):
    def list(self):
        """The kernels of the list, as (name, is it the default, the rest)."""
        result = self.roadtest("kernel", "list")
        self.assertEqual(result.returncode, 0, result.stderr)
        rows = re.findall(r"^([0-9a-f]{16}) ([* ]) (.*)$", result.stdout, re.M)
        return [(name, star == "*", rest) for name, star, rest in rows]

    def key(self, *args):
        return os.path.basename(self.kernel_of(*args))

    def remove(self, *names):
        result = self.roadtest("kernel", "remove", *names)
        self.assertEqual(result.stdout, "")
        return result

    def test_list_has_what_was_built(self):
        fast, check = self.key(), self.key("--flavour", "check")
        rows = {name: (star, rest) for name, star, rest in self.list()}
        self.assertEqual(set(rows), {fast, check})
        self.assertFalse(rows[fast][0])
        self.assertTrue(rows[check][0])
        self.assertRegex(rows[fast][1], r"^6\.99\.0 +fast +\d{4}-\d\d-\d\d \d\d:\d\d +\d+ MB  "
                                        + re.escape(os.path.realpath(self.path("linux"))) + "$")
        self.assertRegex(rows[check][1], r"^6\.99\.0 +check ")

    def test_last_used_comes_first(self):
        one, two = self.key(), self.key("--flavour", "check")
        for name, day in (one, 1), (two, 2):
            path = self.path(f"cache/kernels/{name}/request")
            os.utime(path, (day * 86400, os.stat(path).st_mtime))
        self.assertEqual([row[0] for row in self.list()], [two, one])
        self.program("test-x", "pass a", ids="a")
        self.run_tests("--kernel", f"cache/kernels/{one}", "test-x")
        self.assertEqual([row[0] for row in self.list()], [one, two])

    def test_empty_cache(self):
        result = self.roadtest("kernel", "list")
        self.assertEqual((result.returncode, result.stdout), (0, ""))
        self.assertIn("there are no kernels in", result.stderr)

    def test_what_is_being_made_and_what_is_damaged(self):
        name = self.key()
        os.makedirs(self.path(f"cache/kernels/{'f' * 16}.making"))
        os.makedirs(self.path(f"cache/kernels/{'e' * 16}"))
        rows = self.list()
        self.assertEqual([row[0] for row in rows], [name, "e" * 16])
        self.assertRegex(rows[1][2], r"^\? +\? +\? +0 MB  \?$")
        self.assertEqual(self.remove("e" * 16).returncode, 0)

    def test_removed_kernel_is_gone_and_the_others_are_not(self):
        one, two = self.key(), self.key("--flavour", "check")
        result = self.remove(one)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual([row[0] for row in self.list()], [two])
        self.assertEqual(sorted(os.listdir(self.path("cache/kernels"))), sorted([two, "default"]))
        builds = self.builds()
        self.assertEqual(self.key("--flavour", "check"), two)
        self.assertEqual(self.builds(), builds)
        self.assertEqual(self.key(), one)
        self.assertEqual(self.builds(), builds)     # its objects are there
        self.assertEqual(self.remove(one, "objects").returncode, 0)
        self.assertEqual(self.key(), one)
        self.assertEqual(self.builds(), builds + 1)

    def test_default_is_forgotten_with_its_kernel(self):
        self.remove(self.key())
        self.assertEqual(os.listdir(self.path("cache/kernels")), [])

    def test_a_path_may_name_it(self):
        self.assertEqual(self.remove(self.kernel_of()).returncode, 0)
        self.assertEqual(self.list(), [])

    def test_a_name_that_is_none(self):
        name = self.key()
        os.makedirs(self.path(f"other/{name}"))
        for bad in ("nope", "", "default", "..", "/", "0" * 16, f"other/{name}", f"{name}/linux",
                    f"../kernels/{name}x"):
            result = self.remove(bad)
            self.assertEqual(result.returncode, 2, bad)
            self.assertIn(f'there is no kernel "{bad}"', result.stderr)
            self.assertIn('-> "roadtest kernel list" shows all', result.stderr)
        self.assertEqual([row[0] for row in self.list()], [name])

    def test_others_are_removed_when_one_can_not_be(self):
        one, two = self.key(), self.key("--flavour", "check")
        result = self.remove(one, "nope", two)
        self.assertEqual(result.returncode, 2)
        self.assertEqual(self.list(), [])

    def test_kernel_in_use_is_left(self):
        name = self.key()
        self.program("test-x", "touch running; sleep 100", ids="a")
        process = subprocess.Popen(
            [COMMAND, "run", "--kernel", f"cache/kernels/{name}", "test-x"], env=self.env,
            cwd=self.dir, stdout=subprocess.DEVNULL,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        end = time.monotonic() + 60
        while not os.path.exists(self.path("running")) and time.monotonic() < end:
            time.sleep(0.01)
        result = self.remove(name)
        process.send_signal(signal.SIGINT)
        process.wait(60)
        self.assertEqual(result.returncode, 2)
        self.assertIn(f"{name} is in use by a run", result.stderr)
        self.assertEqual([row[0] for row in self.list()], [name])
        self.assertEqual(self.remove(name).returncode, 0)

    def test_objects(self):
        name = self.key()
        result = self.roadtest("kernel", "list")
        self.assertRegex(result.stdout, r"(?m)^objects +\d+ MB  object files")
        self.assertEqual(self.remove("objects").returncode, 0)
        self.assertEqual(os.listdir(self.path("cache/objects")), [])
        self.assertEqual([row[0] for row in self.list()], [name])
        self.assertEqual(self.key(), name)

    def test_wrong_use(self):
        for args in (["remove"], ["remove", "--nope"], ["list", "x"], ["list", "--nope"]):
            result = self.roadtest("kernel", *args)
            self.assertEqual((result.returncode, result.stdout), (2, ""), args)
            self.assertIn("->", result.stderr)
        for args in (["remove", "--help"], ["list", "--help"]):
            self.assertIn("roadtest kernel remove NAME...", self.roadtest("kernel", *args).stdout)


class Image(CommandTestCase):
    """--kernel with the file of a kernel."""

    def setUp(self):
        super().setUp()
        self.image = self.make_image("built/linux")
        self.program("test-x", "echo $ROADTEST_KERNEL > used; pass a", ids="a")

    def make_image(self, name, config="CONFIG_UML=y\nCONFIG_I2C=m\n", release="6.99.1"):
        return self.write(name, f"""#!/bin/sh
case $1 in
--showconfig) printf '#\\n{config.replace(chr(10), chr(92) + "n")}';;
--version) echo {release};;
esac
""", 0o755)

    def modules(self, where):
        self.write(f"{where}/lib/modules/6.99.1/modules.dep", "")

    def used(self, *args):
        """The directory that the test was given."""
        result = self.run_tests(*args, "test-x")
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(self.path("used"), encoding="ascii") as f:
            return f.read().strip()

    def refused(self, image):
        result = self.run_tests("--kernel", image, "test-x")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertEqual(len(result.stderr.splitlines()), 2, result.stderr)
        self.assertFalse(os.path.exists(self.path("used")))
        return result.stderr

    def test_image_with_its_modules_beside_it(self):
        for where in "built/modules", "built", ".":
            with self.subTest(where):
                self.modules(where)
                used = self.used("--kernel", "built/linux")
                for name, target in ("linux", "built/linux"), ("modules", where):
                    self.assertTrue(os.path.samefile(f"{used}/{name}", self.path(target)), name)
                with open(f"{used}/info", encoding="ascii") as f:
                    self.assertEqual(f.read(), "release=6.99.1\nflavour=fast\nsource="
                                     f"{os.path.realpath(self.image)}\n")
            subprocess.run(["rm", "-r", self.path(f"{where}/lib")], check=True)

    def test_directory_of_a_build(self):
        self.modules("built")
        self.assertEqual(self.used("--kernel", "built"), self.used("--kernel", "built/linux"))

    def test_of_the_environment(self):
        self.modules("built")
        self.env["ROADTEST_KERNEL"] = "built/linux"
        self.assertTrue(os.path.samefile(f"{self.used()}/linux", self.image))

    def test_bindings_of_its_source(self):
        self.modules("built")
        for where in "built/source/include", "built/include":
            self.write(f"{where}/dt-bindings/x.h", "")
            used = self.used("--kernel", "built/linux")
            self.assertTrue(os.path.samefile(f"{used}/include", self.path(where)))

    def test_a_kernel_with_checkers(self):
        self.make_image("built/linux", "CONFIG_UML=y\nCONFIG_KASAN=y\n")
        with open(f"{self.used('--kernel', 'built/linux')}/info", encoding="ascii") as f:
            self.assertIn("flavour=check\n", f.read())

    def test_a_kernel_without_modules_needs_none(self):
        self.make_image("built/linux", "CONFIG_UML=y\nCONFIG_I2C=y\n")
        self.assertTrue(os.path.isdir(self.used("--kernel", "built/linux") + "/modules"))

    def test_the_image_may_be_built_again(self):
        self.modules("built")
        first = self.used("--kernel", "built/linux")
        self.assertEqual(self.used("--kernel", "built/linux"), first)
        self.make_image("built/linux", "CONFIG_UML=y\nCONFIG_I2C=m\nCONFIG_SPI=m\n")
        self.assertNotEqual(self.used("--kernel", "built/linux"), first)

    def test_missing_modules(self):
        message = self.refused("built/linux")
        self.assertIn("there are no modules for ", message)
        self.assertIn("(release 6.99.1)", message)
        self.assertIn("-> make -C BUILD_DIRECTORY ARCH=um modules_install", message)
        self.write("built/Makefile", "")
        self.assertIn(f"-> make -C {os.path.realpath(self.path('built'))} ",
                      self.refused("built/linux"))

    def test_a_kernel_without_uml(self):
        self.make_image("built/linux", "CONFIG_X86=y\n")
        for image in "built/linux", "/bin/ls":
            self.assertIn("is no kernel for User Mode Linux", self.refused(image))

    def test_no_program(self):
        path = self.write("built/vmlinux", "\x7fELF")
        self.assertIn("Permission denied", self.run_tests("--kernel", path, "test-x").stderr)

    def test_no_file(self):
        self.assertIn("--kernel built/none: No such file", self.refused("built/none"))

    def test_no_kernel_in_the_directory(self):
        os.makedirs(self.path("empty"))
        self.assertIn("empty: there is no kernel in it", self.refused("empty"))


if __name__ == "__main__":
    ktap_main.main()
