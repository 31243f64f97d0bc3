# SPDX-License-Identifier: LGPL-2.1-or-later
"""`roadtest kernel`, and the kernel that `roadtest run` takes, on a fake tree."""

import os
import re
import shutil
import signal
import subprocess
import time

import ktap_main
from fake_tree import FakeModules, FakeTree
from test_command import COMMAND


SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

class Kernel(FakeTree):
    def test_a_bundle_has_all_that_a_machine_needs(self):
        bundle = self.kernel_of()
        self.assertEqual(sorted(os.listdir(bundle)),
                         ["config", "include", "info", "linux", "modules", "request"])
        self.assertEqual(os.listdir(os.path.join(bundle, "include")), ["dt-bindings"])
        self.assertEqual(os.listdir(os.path.join(bundle, "modules/lib/modules/6.99.0")), [])
        with open(os.path.join(bundle, "info"), encoding="utf-8") as f:
            self.assertRegex(f.read(), r"\Arelease=6\.99\.0\nflavour=fast\nsource=.*/linux\n"
                                       r"compiler=.+\n\Z")
        self.assertEqual(os.path.realpath(self.path("cache/kernels/default")),
                         os.path.realpath(bundle))

    def test_a_cache_that_cant_be_made_is_an_error_with_a_remedy(self):
        self.env["ROADTEST_CACHE"] = "/dev/null/cache"
        result = self.roadtest("kernel", "--source", "linux")
        self.assertEqual(result.returncode, 2)
        self.assertRegex(result.stderr, "can't create /dev/null/cache/.*\n"
                         " +-> set ROADTEST_CACHE to a directory that you may write")

    def test_it_is_built_once(self):
        self.assertEqual(self.kernel_of(), self.kernel_of())
        self.assertEqual(self.builds(), 1)
        self.kernel_of("--force")
        self.assertEqual(self.builds(), 2)

    def test_a_build_is_no_part_of_how_long_the_tests_took(self):
        self.write("linux/build.sh", "sleep 3\n")
        self.program("test-x", "pass a; pass b; pass c")
        result = self.run_tests("--source", "linux", "test-x")
        self.assertEqual((result.returncode, self.builds()), (0, 1), result.stderr)
        took = re.search(r"\n3 passed, 0 failed in (\S+) s$", result.stdout.rstrip())
        self.assertLess(float(took[1]), 3)

    def test_the_source_is_not_written_to(self):
        before = self.tree_state()
        self.kernel_of()
        self.assertEqual(self.tree_state(), before)

    def test_a_tree_that_was_built_in_place_is_an_error(self):
        for sign in ".config", "include/config/auto.conf":
            path = self.write(f"linux/{sign}", "")
            before = self.tree_state()
            result = self.roadtest("kernel", "--source", "linux")
            self.assertEqual((result.returncode, result.stdout), (2, ""))
            self.assertIn("configured in the tree itself", result.stderr)
            self.assertIn("mrproper", result.stderr)
            self.assertEqual(len(result.stderr.splitlines()), 3)
            self.assertEqual(self.tree_state(), before)
            self.assertEqual(self.builds(), 0)
            os.unlink(path)
        os.rmdir(os.path.dirname(path))
        self.kernel_of()

    def test_a_change_of_source_or_options_builds_again(self):
        first = self.kernel_of()
        self.write("frag", "CONFIG_NEW=y\n")
        second = self.kernel_of("--config", "frag")
        self.write("linux/drivers/new.c", "")
        third = self.kernel_of()
        self.write("linux/drivers/new.c", "1")
        fourth = self.kernel_of()
        self.write("linux/drivers/new.c", "2")      # same size, another time
        fifth = self.kernel_of()
        self.assertEqual(len({first, second, third, fourth, fifth}), 5)
        self.assertEqual(self.builds(), 5)

    def test_flavours_are_apart(self):
        self.assertNotEqual(self.kernel_of(), self.kernel_of("--flavour", "check"))
        for name in ("nope", "base", "usual", "../kernel/fast"):
            result = self.roadtest("kernel", "--source", "linux", "--flavour", name)
            self.assertEqual(result.returncode, 2)
            self.assertIn("there is no flavour", result.stderr)
            for flavour in os.listdir(os.path.join(SOURCE, "kernel")):
                flavour, _, tail = flavour.partition(".")
                if tail == "config" and flavour not in ("base", "usual"):
                    self.assertRegex(result.stderr, rf"-> .*\b{flavour}\b")

    def test_a_kernel_with_more_suites_serves_one_of_them(self):
        self.write("suites/a/config", "CONFIG_A=m\n")
        self.write("suites/b/config", "CONFIG_B=m\n")
        both = self.kernel_of("suites")
        self.assertEqual(self.kernel_of("suites/a"), both)
        alone = self.kernel_of("--force", "suites/a")
        os.utime(both, (time.time() + 100,) * 2)    # the newer one
        self.assertEqual(self.kernel_of("suites/a"), alone)
        self.write("suites/b/config", "CONFIG_B=y\n")
        self.assertNotEqual(self.kernel_of("suites/b"), both)

    def test_fragments_of_the_directories_above_belong_to_a_suite(self):
        self.write("config", "[core]\n\tbare = false\n")     # is none
        self.write("suites/config", "CONFIG_TOP=y\nCONFIG_A=m\n")
        self.write("suites/iio/config", "CONFIG_IIO=y\n")
        self.write("suites/iio/light/config", "CONFIG_A=y\n")
        self.write("suites/iio/light/test_x.py", "")
        self.write("suites/rtc/config", "CONFIG_RTC=y\n")
        for path in "suites/iio/light", "suites/iio/light/test_x.py", "suites/iio":
            config = self.read(self.kernel_of("--force", path) + "/config").splitlines()
            for line in "CONFIG_TOP=y", "CONFIG_IIO=y", "CONFIG_A=y":
                self.assertIn(line, config)
            self.assertNotIn("CONFIG_RTC=y", config)

    def test_print_builds_nothing(self):
        result = self.roadtest("kernel", "--source", "linux", "--print")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertEqual(self.builds(), 0)
        bundle = self.kernel_of()
        self.assertEqual(self.kernel_of("--print"), bundle)

    def refused(self, fragment, deny, status=2):
        self.write("frag", fragment)
        self.env["DENY"] = deny
        result = self.roadtest("kernel", "--source", "linux", "--config", "frag")
        self.assertEqual((result.returncode, result.stdout), (status, ""))
        self.assertEqual(self.builds(), 0)
        return result.stderr

    def test_an_unmet_dependency_is_named(self):
        text = self.refused("CONFIG_CHIP=m\nCONFIG_REGMAP=y\n", "CONFIG_CHIP")
        self.assertIn("frag:1: CONFIG_CHIP=m did not take effect: it is n\n", text)
        self.assertIn("it depends on HAS_BUS  ( HAS_BUS=n )\n", text)
        self.assertNotIn("it depends on I2C", text)    # base.config has it
        self.assertNotIn("SPI", text)

    def test_a_clause_of_alternatives_is_named_as_a_whole(self):
        text = self.refused("CONFIG_CHIP=m\n", "CONFIG_CHIP")
        self.assertRegex(text, r"it depends on \(SPI \|\| +REGMAP\)  \( SPI=n REGMAP=n \)")

        text = self.refused("CONFIG_EITHER=y\n", "CONFIG_EITHER")
        self.assertIn("it depends on ONE || TWO && THREE  ( ONE=n TWO=n THREE=n )", text)

    def test_conditions_around_an_option_are_named(self):
        text = self.refused("CONFIG_CHIP_DEBUG=y\n", "CONFIG_CHIP_DEBUG")
        self.assertIn("it depends on HAS_BUS  ( HAS_BUS=n )", text)
        self.assertIn("it depends on CHIP  ( CHIP=n )", text)

    def test_an_unknown_option_is_named(self):
        for name in ("NO_SUCH", "NOT_HERE"):
            text = self.refused(f"CONFIG_{name}=y\n", f"CONFIG_{name}")
            self.assertIn("no Kconfig file that ARCH=um reads has it", text)

    def test_an_option_without_prompt_is_named(self):
        text = self.refused("CONFIG_HIDDEN=m\n", "CONFIG_HIDDEN")
        self.assertIn("drivers/Kconfig:18: it has no prompt", text)

    def test_a_bad_fragment_is_named_with_its_line(self):
        text = self.refused("CONFIG_A=y\n\n# text\nCONFIG B=y\n", "x", 2)
        self.assertIn("frag:4: not a config option: CONFIG B=y", text)

    def failed(self, log):
        """The part of a failed build's log that is shown."""
        self.env["BREAK"] = log.replace("\n", "\\n")
        result = self.roadtest("kernel", "--source", "linux")
        self.assertEqual((result.returncode, result.stdout), (125, ""))
        before, _, shown = result.stderr.partition("roadtest: building the kernel failed\n")
        self.assertIn("building a kernel", before)
        shown, _, rest = shown.partition("    the whole log: ")
        self.assertRegex(rest, r"\A\S+/build\.log\n\Z")
        return [line[4:] for line in shown.splitlines()]

    def test_a_failed_build_leaves_no_kernel(self):
        self.failed("x.c:1:2: error: broken")
        self.assertFalse(os.path.exists(self.path("cache/kernels/default")))
        del self.env["BREAK"]
        self.kernel_of()

    def test_a_failed_build_shows_the_compilers_first_error_with_its_lines(self):
        error = """In file included from include/linux/chip.h:3,
                 from drivers/chip.c:7:
drivers/chip.c: In function 'chip_probe':
drivers/chip.c:12:9: error: 'x' undeclared
   12 |         x = 1;
      |         ^
drivers/chip.c:12:9: note: each undeclared identifier is reported once"""
        noise = "\n".join(f"  CC      drivers/other{i}.o" for i in range(300))
        shown = self.failed(f"""sh: 1: rustc: not found
{noise}
{error}
drivers/chip.c:15:1: error: a second one
make[3]: *** [scripts/Makefile.build:250: drivers/chip.o] Error 1
make[2]: *** [Makefile:1] Error 2""")
        self.assertEqual(shown, error.splitlines())

    def test_errors_that_are_no_compilers_are_shown_too(self):
        for line in ('ERROR: modpost: "x" [drivers/chip.ko] undefined!',
                     "chip.c:(.text+0x1): undefined reference to `x'",
                     "drivers/Kconfig:3: syntax error",
                     "make[2]: *** No rule to make target 'x.o', needed by 'y'.  Stop."):
            shown = self.failed(f"  CC x.o\n{line}\n  CC y.o")
            self.assertEqual(shown, [line])

    def test_of_a_log_without_an_error_the_end_is_shown(self):
        shown = self.failed("\n".join(f"  LD {i}" for i in range(40)))
        self.assertEqual(shown, [f"  LD {i}" for i in range(33, 40)]
                         + ["make: *** [Makefile:7: all] Error 1"])

    def test_two_at_once_build_once(self):
        runs = [subprocess.Popen([COMMAND, "kernel", "--source", "linux"], env=self.env,
                                 cwd=self.dir, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, text=True) for _ in range(4)]
        results = {run.communicate(timeout=60)[0] for run in runs}
        self.assertEqual(len(results), 1, results)
        self.assertEqual([run.returncode for run in runs], [0] * 4)
        self.assertEqual(self.builds(), 1)

    def test_an_interrupt_ends_the_build(self):
        self.env["SLOW"] = "1"
        process = subprocess.Popen([COMMAND, "kernel", "--source", "linux"], env=self.env,
                                   cwd=self.dir, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        # The log shows when make has come to the slow part.
        while not re.search("CC      x.o", self.log()):
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, -signal.SIGTERM)
        self.assertEqual(self.processes(), [])
        self.assertFalse(os.path.exists(self.path("cache/kernels")))

    def processes(self):
        """Command lines that speak of this test's directory."""
        lines = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", encoding="utf-8") as f:
                    lines.append(f.read().replace("\0", " "))
            except OSError:
                pass
        return [line for line in lines if self.dir in line]

    def log(self):
        for folder, _, names in os.walk(self.path("cache/objects")):
            if "build.log" in names:
                with open(os.path.join(folder, "build.log"), encoding="utf-8") as f:
                    return f.read()
        return ""

    def test_a_wrong_source_is_named(self):
        for source, message in (("nope/x", "there is no such directory"),
                                ("kernel", "is not a Linux source tree"),
                                ("linux-source-0.0", "is not installed")):
            result = self.roadtest("kernel", "--source", source)
            self.assertEqual(result.returncode, 2)
            self.assertIn(message, result.stderr)


class Rebuild(FakeModules):
    """What is built again after a change of the tree."""

    def change(self, name, content, old=False):
        path = self.write(f"linux/drivers/{name}", content)
        if old:     # as a file that was moved here, or put back from a copy
            os.utime(path, (1e9, 1e9))
        before = self.tree_state()
        bundle = self.kernel_of()
        self.assertEqual(self.tree_state(), before)
        return bundle

    def test_of_a_driver_only_its_module(self):
        first = self.kernel_of()
        self.assertIn(b"chip one", self.module(first, "chip.ko"))
        second = self.change("chip.c", 'const char chip[] = "chip two";')
        self.assertEqual(self.builds(), 1)
        self.assertNotEqual(first, second)
        self.assertIn(b"chip two", self.module(second, "chip.ko"))
        self.assertIn(b"made by modpost", self.module(second, "chip.ko"))
        self.assertNotIn(b".debug_info", self.module(second, "chip.ko"))
        self.assertIn(b"chip one", self.module(first, "chip.ko"))
        self.assertTrue(os.path.samefile(f"{first}/linux", f"{second}/linux"))
        self.assertTrue(os.path.exists(f"{second}/modules/lib/modules/6.99.0/modules.dep"))
        self.assertEqual(self.kernel_of(), second)

    def test_a_part_of_a_module(self):
        self.kernel_of()
        bundle = self.change("multi/b.c", 'const char b[] = "b two";')
        self.assertEqual(self.builds(), 1)
        module = self.module(bundle, "multi/multi.ko")
        self.assertIn(b"a one", module)
        self.assertIn(b"b two", module)

    def test_a_driver_after_the_other(self):
        self.kernel_of()
        self.change("multi/a.c", 'void export_a(void) {} const char a[] = "a two";')
        bundle = self.change("chip.c", 'const char chip[] = "chip two";')
        self.assertEqual(self.builds(), 1)
        self.assertIn(b"a two", self.module(bundle, "multi/multi.ko"))
        self.assertIn(b"chip two", self.module(bundle, "chip.ko"))

    def test_a_header_that_only_modules_read(self):
        self.write("linux/drivers/chip.c", '#include "chip.h"\nconst char chip[] = NAME;\n')
        self.write("linux/drivers/chip.h", '#define NAME "name one"\n')
        self.kernel_of()
        bundle = self.change("chip.h", '#define NAME "name two"\n')
        self.assertEqual(self.builds(), 1)
        self.assertIn(b"name two", self.module(bundle, "chip.ko"))

    def test_a_file_with_an_older_time(self):
        self.kernel_of()
        bundle = self.change("chip.c", 'const char chip[] = "chip old";', old=True)
        self.assertEqual(self.builds(), 1)
        self.assertIn(b"chip old", self.module(bundle, "chip.ko"))

    def test_what_is_built_in_builds_all(self):
        self.kernel_of()
        objects = os.path.join(self.path("cache/objects"), os.listdir(self.path("cache/objects"))[0])
        self.change("core.c", "int core2;")
        self.assertEqual(self.builds(), 2)
        self.change("core.c", "int core3;", old=True)
        self.assertEqual(self.builds(), 3)
        # make alone would have taken the object for newer.
        with open(f"{objects}/drivers/core.o", "rb") as f:
            self.assertIn(b"core3", f.read())

    def test_what_is_no_code_builds_all(self):
        self.kernel_of()
        for n, name in enumerate(("Kconfig", "Makefile", "new.h", "../include/dt-bindings/x.h")):
            self.change(name, "\n")
            self.assertEqual(self.builds(), 2 + n, name)

    def test_what_the_kernel_has_not_builds_nothing(self):
        self.kernel_of()
        for name in ("unused.c", "../arch/arm/kernel.c", "../Documentation/x/chip.rst", "chip.ko",
                     "../.git/index"):
            self.change(name, "text")
            self.change(name, "more text")
        os.remove(self.path("linux/drivers/unused.c"))
        self.kernel_of()
        self.assertEqual(self.builds(), 1)

    def test_a_module_that_exports_something_else_builds_all(self):
        self.kernel_of()
        self.change("multi/a.c", "void export_b(void) {}")
        self.assertEqual(self.builds(), 2)

    def test_a_file_that_is_gone_builds_all(self):
        self.write("linux/include/chip.h", "")  # is found now
        self.kernel_of()
        os.remove(self.path("linux/drivers/chip.h"))
        self.kernel_of()
        self.assertEqual(self.builds(), 2)

    def test_a_file_with_the_same_time_and_another_size(self):
        path = self.path("linux/drivers/chip.c")
        self.kernel_of()
        before = os.stat(path)
        self.write("linux/drivers/chip.c", 'const char chip[] = "chip longer";')
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        self.assertIn(b"chip longer", self.module(self.kernel_of(), "chip.ko"))

    def test_a_driver_that_does_not_compile(self):
        self.kernel_of()
        self.write("linux/drivers/chip.c", "int x;\nint chip(void)\n{\n\treturn y;\n}\n")
        result = self.roadtest("kernel", "--source", "linux")
        self.assertEqual((result.returncode, result.stdout), (125, ""))
        self.assertRegex(result.stderr, r"""\Aroadtest: building drivers/chip.o failed
    \S+/drivers/chip.c: In function .chip.:
    \S+/drivers/chip.c:4:\d+: error: .y. undeclared .*
 +4 \|         return y;
""")
        self.assertLess(len(result.stderr.splitlines()), 12)
        bundle = self.change("chip.c", 'const char chip[] = "chip again";')
        self.assertEqual(self.builds(), 1)
        self.assertIn(b"chip again", self.module(bundle, "chip.ko"))

    def test_commands_that_are_not_understood_are_left_to_the_build(self):
        self.write("linux/build.sh", self.read("linux/build.sh") + "rm drivers/.chip.ko.cmd\n")
        self.kernel_of()
        bundle = self.change("chip.c", 'const char chip[] = "chip two";')
        self.assertEqual(self.builds(), 2)
        self.assertIn(b"chip two", self.module(bundle, "chip.ko"))

    def test_the_kernel_for_more_suites_is_taken(self):
        self.write("suites/a/config", "CONFIG_A=m\n")
        self.write("suites/b/config", "CONFIG_B=m\n")
        self.kernel_of("suites")
        self.write("linux/drivers/chip.c", 'const char chip[] = "chip two";')
        bundle = self.kernel_of("suites/a")
        self.assertEqual(self.builds(), 1)
        self.assertEqual(self.kernel_of("suites/b"), bundle)
        self.write("suites/b/config", "CONFIG_C=m\n")
        self.kernel_of("suites/b")
        self.assertEqual(self.builds(), 2)

    def test_a_refused_suite_stays_refused(self):
        self.env.update(DENY="CONFIG_CHIP", ROADTEST_KERNEL_SOURCE="linux")
        self.write("suites/a/config", "CONFIG_CHIP=m\n")
        self.program("suites/a/test-a", "pass a", ids=("a",))
        self.program("suites/test-c", "pass c", ids=("c",))
        self.run_tests("suites")
        os.remove(self.path("cache/configured"))
        self.write("linux/drivers/chip.c", 'const char chip[] = "chip two";')
        result = self.run_tests("suites")
        self.assertRegex(result.stdout, r"skip +a \(CONFIG_CHIP=m can't be had: it depends on")
        self.assertFalse(os.path.exists(self.path("cache/configured")))
        self.assertEqual(self.builds(), 1)
        self.write("linux/drivers/Kconfig", "config CHIP\n\tbool\n")
        self.env["DENY"] = "NOTHING"
        result = self.run_tests("suites")
        self.assertRegex(result.stdout, r"ok +a\n")


class Objects(FakeModules):
    """Which object files a set of options begins with, and whose they are."""

    def setUp(self):
        super().setUp()
        # What was compiled is noted in the cache.
        self.write("linux/build.sh", self.read("linux/build.sh").replace(
            "# as make does", "# as make does\n    echo $1 >>../../compiled"))
        for name, value in (("a", "A=m"), ("b", "B=m"), ("c", "C=y")):
            self.write(f"suites/{name}/config", f"CONFIG_{value}\n")

    def compiled(self):
        return self.read("cache/compiled").split()

    def objects(self):
        return sorted(os.listdir(self.path("cache/objects")))

    def test_two_sets_in_turn_are_built_once_each(self):
        for _ in range(3):
            self.kernel_of("suites/a")
            self.kernel_of("suites/c")
            shutil.rmtree(self.path("cache/kernels"))
        self.assertEqual(self.builds(), 2)
        self.assertEqual(len(self.objects()), 2)

    def test_a_new_set_begins_with_what_the_nearest_has(self):
        self.kernel_of("suites/a")
        self.assertEqual(len(self.compiled()), 4)
        self.kernel_of("suites/c")
        # Has what is compiled if CONFIG_C is on, and not what is if it is not.
        for name in self.objects():
            if "CONFIG_C=y" in self.read(f"cache/objects/{name}/.config"):
                self.write(f"cache/objects/{name}/of-c", "")
        self.write("suites/a/config", "CONFIG_A=m\nCONFIG_NEW=m\n")
        self.write("suites/c/config", "CONFIG_C=y\nCONFIG_NEW=m\n")
        self.kernel_of("suites/a")
        self.kernel_of("suites/c")
        self.assertEqual(len(self.compiled()), 4)
        for name in self.objects():
            self.assertEqual(os.path.exists(self.path(f"cache/objects/{name}/of-c")),
                             "CONFIG_C=y" in self.read(f"cache/objects/{name}/.config"))

    def test_what_changed_since_is_made_again_in_a_copy(self):
        self.kernel_of("suites/a")
        path = self.write("linux/drivers/core.c", "int core2;")
        os.utime(path, (1e9, 1e9))      # make alone would not see it
        bundle = self.kernel_of("suites/c")
        self.assertEqual(self.compiled()[4:], ["drivers/core.o"])
        self.assertTrue(os.path.exists(bundle))

    def test_options_of_the_user_make_no_other_objects(self):
        first = self.kernel_of("suites/a")
        second = self.kernel_of("--config", "suites/a/config")
        self.assertNotEqual(first, second)
        self.assertEqual(self.builds(), 1)
        self.assertEqual(len(self.objects()), 1)

    def test_half_a_copy_is_not_taken(self):
        self.kernel_of("suites/a")
        (name,) = self.objects()
        os.unlink(self.path(f"cache/objects/{name}/roadtest.objects"))
        self.kernel_of("suites/c")
        self.assertEqual(len(self.compiled()), 8)

    def test_objects_of_an_older_roadtest_are_copied(self):
        self.kernel_of("suites/a")
        (name,) = self.objects()
        os.unlink(self.path(f"cache/objects/{name}/roadtest.objects"))
        self.write(f"cache/objects/{name}/roadtest.config", "")
        os.symlink(self.path("linux"), self.path(f"cache/objects/{name}/source"))
        self.kernel_of("suites/c")
        self.assertEqual(len(self.compiled()), 4)

    def test_objects_of_a_kernel_are_had_whatever_became_of_the_cache(self):
        bundle = self.kernel_of("suites/a")
        self.kernel_of("suites/c")
        for builds in 2, 3:     # as they are; and when they are gone
            for _ in range(2):
                result = self.roadtest("kernel", "objects", bundle)
                self.assertEqual(result.returncode, 0, result.stderr)
                directory = result.stdout.strip()
                self.assertEqual(self.read(f"{directory}/.config"), self.read(f"{bundle}/config"))
                self.assertTrue(os.path.exists(f"{directory}/drivers/chip.o"))
                self.assertEqual(self.builds(), builds)
            shutil.rmtree(self.path("cache/objects"))

    def test_objects_of_another_state_of_the_source_are_not_had(self):
        bundle = self.kernel_of()
        self.write("linux/drivers/chip.c", "")
        for name, message in ((bundle, "was made from another state of .*/linux, or by another"),
                              ("suites", "suites is no kernel that")):
            result = self.roadtest("kernel", "objects", name)
            self.assertEqual((result.returncode, result.stdout), (2, ""))
            self.assertRegex(result.stderr, message)

    def test_the_one_that_was_not_used_for_longest_goes(self):
        self.write("linux/build.sh", "")
        self.write("linux/install.sh", "")
        for n in range(18):
            self.write("frag", f"CONFIG_N={n}\n")
            self.kernel_of("--config", "frag")
            if not n:
                (first,) = self.objects()
            if first in self.objects():
                os.utime(self.path(f"cache/objects/{first}/roadtest.objects"), (1e9, 1e9))
        self.assertEqual(len(self.objects()), 16)
        self.assertNotIn(first, self.objects())

    def start(self, *args, **env):
        process = subprocess.Popen([COMMAND, "kernel", "--source", "linux", *args],
                                   env={**self.env, **env}, cwd=self.dir, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.terminate)
        return process

    def test_who_waits_is_told_for_whom_and_another_set_does_not_wait(self):
        holder = self.start("suites/a", SLOW="1")
        while not any("CC      x.o" in self.read(path) for path in self.logs()):
            time.sleep(0.02)
        waiting = self.start("suites/a")
        line = waiting.stderr.readline()
        self.assertRegex(line, r"^roadtest: waiting to build a kernel of the same options, for "
                         rf"process {holder.pid}, since \d\d:\d\d:\d\d \(\d+ s\): "
                         r"building the kernel, \d+ s, \d+ steps$")
        self.kernel_of("suites/c")
        self.assertIsNone(waiting.poll())
        holder.terminate()
        self.assertEqual(waiting.wait(), 0)

    def logs(self):
        for folder, _, names in os.walk(self.path("cache/objects")):
            if "build.log" in names:
                yield os.path.join(folder, "build.log")


class Extended(FakeTree):
    """Options that are not asked for, and belong to what is."""

    def setUp(self):
        super().setUp()
        self.write("linux/drivers/Kconfig", """menuconfig BUS
\tbool "a bus"

config BUS_CORE
\tbool

if BUS
config CHIP
\ttristate "a chip"
\tdepends on GPIOLIB && ( \\
\t\tCORE || BUS)

config BUS_SYSFS
\tbool "files"
\tdefault BUS
\tselect BUS_CORE

config BUS_DEEP
\tbool "what needs what another one selects"
\tdepends on BUS_CORE && BUS_SYSFS
\tdefault y if GPIOLIB

config BUS_OFF
\tbool "off by default"

config BUS_FOREIGN
\ttristate "a chip of another board"
\tdepends on COMPILE_TEST
\tdefault y

config INPUT_EVDEV
\tbool "usual"
endif

config NO_BUS
\tbool "in no subsystem"
\tdefault y
""")
        # As Kconfig: CHIP and what else is in the menu is had only with it.
        self.write("linux/Makefile", self.read("linux/Makefile").replace(
            "$(O)/.config || true", """$(O)/.config || true
\t@if ! grep -q BUS=y $(O)/.config; then sed -i '/CHIP/d; /CONFIG_BUS_/d' $(O)/.config; fi"""))

    def config_of(self, fragment):
        self.write("frag", fragment)
        result = self.roadtest("kernel", "--source", "linux", "--config", "frag")
        self.assertEqual(result.returncode, 0, result.stderr)
        config = self.read(result.stdout.strip() + "/config").splitlines()
        return result.stderr, [line for line in config
                               if re.match("CONFIG_(CHIP|BUS|NO_BUS|INPUT_EVDEV)", line)]

    def test_the_menu_of_a_driver_is_switched_on_and_said(self):
        said, config = self.config_of("CONFIG_CHIP=m\n")
        self.assertEqual(config[:2], ["CONFIG_CHIP=m", "CONFIG_BUS=y"])
        self.assertIn("CONFIG_BUS=y is added: an option that is asked for depends on it\n", said)

    def test_defaults_of_what_is_on_hold(self):
        _, config = self.config_of("CONFIG_BUS=y\n")
        self.assertEqual(config, ["CONFIG_BUS=y", "CONFIG_BUS_SYSFS=y", "CONFIG_BUS_DEEP=y",
                                  "CONFIG_INPUT_EVDEV=y"])

    def test_nothing_comes_by_itself(self):
        _, config = self.config_of("CONFIG_OTHER=y\n")
        self.assertEqual(config, [])

    def test_what_is_asked_for_wins(self):
        _, config = self.config_of("CONFIG_BUS=y\nCONFIG_BUS_SYSFS=n\nCONFIG_INPUT_EVDEV=n\n")
        self.assertEqual(config, ["CONFIG_BUS=y"])

    def test_a_menu_that_is_asked_to_be_off_stays_off(self):
        self.write("frag", "CONFIG_CHIP=m\n# CONFIG_BUS is not set\n")
        result = self.roadtest("kernel", "--source", "linux", "--config", "frag")
        self.assertEqual(result.returncode, 2)
        self.assertIn("it depends on BUS  ( BUS=n )", result.stderr)

    def test_what_lacks_more_than_menus_gets_none(self):
        self.write("linux/drivers/Kconfig", self.read("linux/drivers/Kconfig").replace(
            "depends on GPIOLIB", "depends on NOWHERE"))
        self.write("frag", "CONFIG_CHIP=m\n")
        result = self.roadtest("kernel", "--source", "linux", "--config", "frag")
        self.assertEqual(result.returncode, 2)
        self.assertNotIn("is added", result.stderr)


class Exact(FakeTree):
    """`roadtest run --exact`: what a suite forgot to ask for is not there."""

    def setUp(self):
        super().setUp()
        self.env["ROADTEST_KERNEL_SOURCE"] = "linux"
        for name, option in (("a", "A=m"), ("b", "B=m")):
            self.write(f"suites/{name}/config", f"CONFIG_{option}\n")
            # Both need B.
            self.program(f"suites/{name}/test-{name}", "if grep -q CONFIG_B=m "
                         f"$ROADTEST_KERNEL/config; then pass {name}; else echo '# start {name}'; "
                         f"echo 'not ok 1 {name}'; exit 1; fi",
                         ids=(name,))

    def test_a_suite_that_lacks_an_option_fails(self):
        result = self.run_tests("suites")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertEqual(self.run_tests("suites/a").returncode, 0)      # the same kernel
        for args in ("suites",), ("-j2", "suites/a", "suites/b"):
            result = self.run_tests("--exact", *args)
            self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
            self.assertRegex(result.stdout, r"FAIL +a\b")
            self.assertRegex(result.stdout, r"ok +b\b")
        result = self.run_tests("--exact", "--repeat", "2", "suites")
        self.assertIn("\n2 passed, 2 failed in ", result.stdout)
        self.assertEqual(self.builds(), 3)

    def test_a_suite_that_is_refused_is_skipped_with_the_reason(self):
        self.env["DENY"] = "CONFIG_A"
        result = self.run_tests("--exact", "suites")
        self.assertRegex(result.stdout, r"skip +a \(CONFIG_A=m can't be had: ")
        self.assertRegex(result.stdout, r"ok +b\b")

    def test_a_kernel_that_is_given_is_a_contradiction(self):
        result = self.run_tests("--exact", "--kernel", "x", "suites")
        self.assertEqual(result.returncode, 2)
        self.assertIn("--exact and --kernel contradict each other", result.stderr)


class Refused(FakeTree):
    """Options that a kernel does not have: whose suites run?"""

    def setUp(self):
        super().setUp()
        self.env["ROADTEST_KERNEL_SOURCE"] = "linux"
        for suite, option in (("a", "CHIP"), ("b", "B")):
            self.write(f"suites/{suite}/config", f"CONFIG_{option}=m\n")
            self.program(f"suites/{suite}/test-{suite}", f"pass {suite}", ids=(suite,))
        self.env["DENY"] = "CONFIG_CHIP"

    def test_only_its_suite_is_skipped_with_the_unmet_dependency(self):
        result = self.run_tests("suites")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"skip +a \(CONFIG_CHIP=m can't be had: it depends on HAS_BUS"
                                        r"  \( HAS_BUS=n \)")
        self.assertRegex(result.stdout, r"ok +b\n")
        self.assertIn("\n1 passed, 0 failed, 1 skipped in", result.stdout)
        self.assertEqual(self.builds(), 1)

    def test_in_ktap_as_well(self):
        result = self.run_tests("--ktap", "suites")
        self.assertRegex(result.stdout, r"\n    ok 1 a # SKIP CONFIG_CHIP=m can't be had")

    def test_what_is_known_is_not_tried_again(self):
        self.run_tests("suites")
        os.remove(self.path("cache/configured"))
        result = self.run_tests("suites")
        self.assertFalse(os.path.exists(self.path("cache/configured")))
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("1 passed, 0 failed, 1 skipped", result.stdout)

    def test_a_selection_of_it_is_skipped_too(self):
        for args in (["suites/a"], ["suites/a/test-a"], ["--filter", "a", "suites"]):
            result = self.run_tests(*args)
            self.assertRegex(result.stdout, r"skip +a \(CONFIG_CHIP=m can't be had")
            self.assertIn("\n0 passed, 0 failed, 1 skipped in", result.stdout)

    def test_without_any_suite_no_kernel_is_built(self):
        self.run_tests("suites/a")
        self.assertEqual(self.builds(), 0)
        self.program("suites/test-c", "pass c", ids=("c",))     # has no config
        self.run_tests("suites/a", "suites/test-c")
        self.assertEqual(self.builds(), 1)

    def test_a_suite_below_is_skipped_and_one_beside_is_not(self):
        self.program("suites/a/deep/test-d", "pass d", ids=("d",))
        self.program("suites/aa/test-e", "pass e", ids=("e",))
        result = self.run_tests("suites")
        self.assertRegex(result.stdout, r"skip +d ")
        self.assertRegex(result.stdout, r"ok +e\n")

    def test_an_option_of_the_user_is_an_error(self):
        self.write("frag", "CONFIG_CHIP=m\n")
        result = self.run_tests("--config", "frag", "suites/b")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("frag:1: CONFIG_CHIP=m did not take effect", result.stderr)

    def test_a_kernel_that_does_not_build_is_exit_125(self):
        self.env["BREAK"] = "x.c:1:2: error: broken"
        result = self.run_tests("suites")
        self.assertEqual((result.returncode, result.stdout), (125, ""))
        self.assertIn("    x.c:1:2: error: broken\n", result.stderr)


if __name__ == "__main__":
    ktap_main.main()
