# SPDX-License-Identifier: LGPL-2.1-or-later
"""--help, the man page and the completion: one style, and nothing is missing.

If a test here fails for an option of yours: the message says in which text it
is missing. The man page is made of --help, and the completion asks it.
"""

import os
import re
import shutil
import subprocess
import unittest

from test_command import CommandTestCase, needs_python

COMMAND = os.environ["ROADTEST_COMMAND"]
SOURCE = os.path.normpath(os.path.join(os.path.dirname(__file__), "../.."))
MAN = os.path.join(os.path.dirname(COMMAND), "roadtest.1")
COMPLETION = os.path.join(SOURCE, "cli/roadtest.bash")


def read(*names):
    with open(os.path.join(SOURCE, *names), encoding="utf-8") as f:
        return f.read()


def say(*args):
    return subprocess.run([COMMAND, *args, "--help"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def commands():
    """The subcommands for people."""
    return re.findall(r"^  ([a-z]+) ", say(), re.M)


def options(command):
    """The options in a --help, with and without a value."""
    lines = re.findall(r"^  (-.*)", say(command), re.M)
    return {word for line in lines
            for word in re.findall(r"(?:^|, )(--?[a-z][a-z-]*)", line)}


def accepted(command):
    """The long options in the table of a subcommand's source."""
    folder = os.path.join(SOURCE, "cli")
    source = "".join(read("cli", name) for name in sorted(os.listdir(folder))
                     if re.fullmatch(rf"{command}(-options)?\.c", name))
    tables = re.findall(r"struct option \w*options\[\] = \{(.*?)\n\};", source,
                        re.S)
    return {"--" + name for table in tables
            for name in re.findall(r'\{ "([a-z-]+)",', table)}


class Help(unittest.TestCase):
    def test_every_option_that_is_accepted_is_in_help_and_vice_versa(self):
        for command in commands():
            with self.subTest(command):
                said = {o for o in options(command) if o.startswith("--")}
                taken = accepted(command)
                self.assertTrue(taken or not said or command == "doctor")
                if taken:
                    self.assertEqual(said, taken)

    def test_one_style(self):
        for command in commands():
            text = say(command)
            with self.subTest(command):
                self.assertTrue(text.startswith(f"Usage: roadtest {command}"))
                self.assertRegex(text, r"(?m)^Exit status: \d")
                if options(command):
                    self.assertRegex(text, r"(?m)^  --help +this text$")
                self.assertEqual([line for line in text.splitlines()
                                  if len(line) > 82 or "\t" in line
                                  or line != line.rstrip()], [])

    def test_every_command_has_a_section_in_the_documentation(self):
        page = read("docs", "cli.md")
        for command in commands():
            with self.subTest(command):
                self.assertRegex(page, rf"(?m)^## roadtest {command}\b")


class Manual(unittest.TestCase):
    def text(self):
        with open(MAN, encoding="utf-8") as f:
            return f.read()

    def test_every_option_is_there_in_the_section_of_its_command(self):
        sections = re.split(r"(?m)^\.SH ", self.text())
        for command in commands():
            title = f"ROADTEST {command.upper()}\n"
            section = next(s for s in sections if s.startswith(title))
            shown = set()
            for line in re.findall(r"(?m)^\.TP\n\\fB(.*?)\\fR", section):
                shown |= set(re.findall(r"(?:^|, )(--?[a-z][a-z-]*)",
                                        line.replace("\\-", "-")))
            with self.subTest(command):
                self.assertEqual(shown, options(command))

    def test_what_an_option_takes_stands_beside_it(self):
        self.assertIn(".TP\n\\fB\\-\\-shard K/N\\fR\ncut the tests", self.text())

    def test_every_variable_of_the_documentation_is_there(self):
        for name in re.findall(r"(?m)^\| `([A-Z_]+)` \|", read("docs/cli.md")):
            self.assertIn(f"\\fB{name}\\fR", self.text())

    @unittest.skipIf(shutil.which("man") is None, "man-db is not installed")
    def test_it_is_well_formed(self):
        done = subprocess.run(
            ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", MAN],
            capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))


class Completion(CommandTestCase):
    """What bash offers for a line."""

    def complete(self, line):
        script = f"""
            PATH={os.path.dirname(COMMAND)}:$PATH
            source {COMPLETION}
            COMP_LINE=$1; COMP_POINT=${{#1}}
            _roadtest
            printf '%s\\n' "${{COMPREPLY[@]}}"
        """
        done = subprocess.run(
            ["bash", "--norc", "-c", script, "bash", line], text=True,
            capture_output=True, env=self.env, cwd=self.dir, timeout=60)
        self.assertEqual(done.stderr, "")
        return sorted(done.stdout.split())

    def test_subcommands(self):
        self.assertEqual(self.complete("roadtest "),
                         sorted([*commands(), "help", "--help", "--version"]))
        self.assertEqual(self.complete("roadtest doc"), ["doctor"])

    def test_exactly_the_options_of_each_subcommand(self):
        for command in commands():
            if options(command):
                with self.subTest(command):
                    self.assertEqual(self.complete(f"roadtest {command} -"),
                                     sorted(options(command)))

    def test_values_of_options(self):
        self.assertEqual(self.complete("roadtest run --flavour c"),
                         ["check", "coverage"])
        self.assertEqual(self.complete("roadtest new --lang "), ["c", "python"])
        self.assertEqual(self.complete("roadtest run --seed "), [])
        os.makedirs(self.path("cache/kernels/0123"))
        self.assertIn(self.path("cache/kernels/0123/"),
                      self.complete("roadtest run --kernel "))

    def test_paths(self):
        self.write("suites/test_one.py", "")
        self.write("other", "")
        for command in "run", "kernel", "shell":
            self.assertEqual(self.complete(f"roadtest {command} sui"),
                             ["suites"])
        self.assertEqual(self.complete("roadtest run --json ot"), ["other"])

    def test_ids_of_tests(self):
        self.program("test-x", "", ids=("fix.one", "fix.two", "other.one"))
        self.assertEqual(self.complete("roadtest run test-x --filter fix"),
                         ["fix.one", "fix.two"])

    @needs_python
    def test_parts_of_a_file(self):
        self.write("test_x.py", "import unittest\nclass A(unittest.TestCase):\n"
                   "    def test_a(self): pass\n    def test_b(self): pass\n")
        # bash keeps what stands before the last ":".
        self.assertEqual(self.complete("roadtest run test_x.py::"),
                         ["A", "A::test_a", "A::test_b"])
        self.assertEqual(self.complete("roadtest run test_x.py::A::test_b"),
                         ["test_b"])

    def test_drivers_of_the_kernels_source(self):
        self.write("linux/drivers/hwmon/lm75.c", "")
        self.write("linux/drivers/hwmon/lm90.c", "")
        self.env["ROADTEST_KERNEL_SOURCE"] = self.path("linux")
        self.assertEqual(self.complete("roadtest new hw"), ["hwmon/"])
        self.assertEqual(self.complete("roadtest new hwmon/lm7"), ["hwmon/lm75"])


if __name__ == "__main__":
    unittest.main()
