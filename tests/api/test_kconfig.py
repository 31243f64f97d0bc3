# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Kconfig asks the shell: once."""

import os
import subprocess
import unittest

import ktap_main
from fake_tree import FakeTree

# Asks what it is told to ask, as the kernel's conf does.
CONF = r"""
#define _GNU_SOURCE
#include <stdio.h>
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		FILE *in = popen(argv[i], "r");
		char text[4096];
		size_t len = fread(text, 1, sizeof(text), in);

		printf("<%.*s>\n", (int)len, text);
		if (pclose(in) == -1)
			return 1;
	}
}
"""


@unittest.skipIf(os.environ.get("SANITIZED") == "1",
                 "the library is not built with sanitizers")
class Answers(FakeTree):
    def setUp(self):
        super().setUp()
        self.write("conf.c", CONF)
        subprocess.run(["gcc", "-o", self.path("linux/conf"), self.path("conf.c")], check=True)
        self.write("linux/build.sh", f"""
echo build >>{self.path("built")}
./conf 'echo asked >>{self.path("asked")}; echo y' >>{self.path("answers")}
""")

    def ask(self, option):
        """Build with it; how often that was built, asked and answered until now."""
        self.write("fragment", f"CONFIG_{option}=y\n")
        self.kernel_of("--config", "fragment")
        return [self.read(name).count(word) for name, word in
                (("built", "build"), ("asked", "asked"), ("answers", "<y\n>"))]

    def test_a_question_is_asked_once_for_all_sets_of_options(self):
        self.assertEqual(self.ask("A"), [1, 1, 1])
        self.assertEqual(self.ask("B"), [2, 1, 2])
        self.assertEqual(self.ask("C"), [3, 1, 3])

    def test_it_is_asked_again_when_a_program_has_changed(self):
        self.env["PATH"] = self.path("bin") + ":" + self.env["PATH"]
        self.ask("A")
        self.write("bin/ld", "#!/bin/sh\n", 0o755)
        self.assertEqual(self.ask("B"), [2, 2, 2])
        self.write("bin/ld", "#!/bin/sh\n\n", 0o755)
        self.assertEqual(self.ask("C"), [3, 3, 3])

    def test_it_is_asked_again_when_kconfig_has_changed(self):
        self.ask("A")
        self.write("linux/Kconfig.more", "config MORE\n")
        self.assertEqual(self.ask("B"), [2, 2, 2])

    def test_answers_are_what_the_shell_said(self):
        questions = ("true", "printf 'a b\\n\\nc'", "seq 500", "echo 5 5; echo 3 3", "exit 3",
                     "true", "seq 500", "head -c 100000 /dev/zero | tr '\\0' x")
        self.write("linux/build.sh", "./conf " + " ".join(
            '"' + question.replace("\\", "\\\\") + '"' for question in questions)
            + f" >>{self.path('answers')}\n")
        plain = subprocess.run([self.path("linux/conf"), *questions], check=True,
                               capture_output=True, text=True).stdout
        for option in "AB":
            self.write("fragment", f"CONFIG_{option}=y\n")
            self.kernel_of("--config", "fragment")
        self.assertEqual(self.read("answers"), plain * 2)

    def test_a_file_that_was_cut_off_is_no_answer(self):
        self.ask("A")
        (path,) = [os.path.join(where, name) for where, _, names in
                   os.walk(self.path("cache/configs")) for name in names
                   if name.startswith("answers-")]
        whole = os.path.getsize(path)
        for size in whole - 1, 5, 0:
            os.truncate(path, size)
            built, _, answered = self.ask(f"A{size}")
            self.assertEqual(built, answered)


if __name__ == "__main__":
    ktap_main.main()
