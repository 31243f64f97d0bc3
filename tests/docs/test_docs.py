# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the documentation shows is so: listings, commands, links.

ROADTEST_BUILD is the build directory; without a kernel the commands are
skipped.
"""

from __future__ import annotations

import difflib
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import kernels
from kernels import BUILD, SOURCE
from markdown import STEPS, Block, Document, documents, holds, plain

TIMEOUT = 120


class Documents(unittest.TestCase):
    docs: list[Document]

    @classmethod
    def setUpClass(cls) -> None:
        cls.docs = documents(SOURCE)


class Text(Documents):
    def test_marks_are_known_and_stand_before_a_block(self) -> None:
        self.assertEqual([e for doc in self.docs for e in doc.errors], [])

    def test_relative_links_resolve(self) -> None:
        anchors = {doc.path.resolve(): doc.anchors for doc in self.docs}
        broken = []
        for doc in self.docs:
            for number, link in doc.links:
                target, _, anchor = link.partition("#")
                if "://" in target:
                    continue
                path = (doc.path.parent / target).resolve() if target else doc.path
                known = anchors.get(path.resolve())
                if not path.exists() or (
                    anchor and known is not None and anchor not in known
                ):
                    broken.append(f"{doc.name}:{number}: {link}")
        self.assertEqual(broken, [])

    def test_links_stay_in_the_tree(self) -> None:
        outside = [
            f"{doc.name}:{number}: {link}"
            for doc in self.docs
            for number, link in doc.links
            if "://" not in link
            and SOURCE not in (doc.path.parent / link.partition("#")[0])
            .resolve().parents
            and link.partition("#")[0]
        ]
        self.assertEqual(outside, [])


class Listings(Documents):
    def test_listings_stand_in_their_files(self) -> None:
        count = 0
        for doc in self.docs:
            for block in doc.blocks:
                if block.mark != "file":
                    continue
                count += 1
                with self.subTest(block.where):
                    path = SOURCE / block.argument
                    self.assertTrue(path.is_file(), f"{path}: no such file")
                    text = path.read_text(encoding="utf-8")
                    self.assertTrue(
                        holds(text, block.text),
                        f"{block.where}: not in {block.argument}:\n{block.text}",
                    )
        self.assertGreater(count, 0)

    def test_the_readme_begins_with_the_whole_example(self) -> None:
        readme = next(doc for doc in self.docs if doc.name == "README.md")
        listing = next(b for b in readme.blocks if b.language == "python")
        example = SOURCE / "examples/test_light.py"
        text = example.read_text(encoding="utf-8")
        code = text.split("\n", 1)[1] if text.startswith("# SPDX") else text
        self.assertEqual(listing.text.strip("\n"), code.strip("\n"))

    def test_the_example_of_the_readme_is_short(self) -> None:
        example = SOURCE / "examples/test_light.py"
        lines = example.read_text(encoding="utf-8").splitlines()
        code = [line for line in lines if not line.startswith("# SPDX")]
        self.assertLessEqual(len(code), 30)


class Shell(Documents):
    """Runs commands, with the kernel that the examples need."""

    cwd: Path

    def setUp(self) -> None:
        found = kernels.find()
        if found is None:
            self.skipTest("no kernel has what the examples need")
        self.dir = Path(tempfile.mkdtemp(prefix="roadtest-docs-"))
        self.addCleanup(shutil.rmtree, self.dir)
        self.cwd = self.dir
        self.env = dict(
            os.environ,
            ROADTEST_KERNEL=found,
            NO_COLOR="1",
            PYTHONDONTWRITEBYTECODE="1",
        )
        for name in "PYTHONPATH", "ROADTEST_TRACE", "ROADTEST_SEED":
            self.env.pop(name, None)

    def run_command(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.cwd,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
        )

    def check_output(self, command: str, seen: str, shown: str) -> None:
        prefixes = [str(self.cwd), str(SOURCE), str(BUILD), "build"]
        diff = list(
            difflib.unified_diff(
                plain(shown, prefixes).split("\n"),
                plain(seen, prefixes).split("\n"),
                "the documentation",
                command,
                lineterm="",
            )
        )
        if diff:
            self.fail("\n".join(diff))

    def run_block(self, block: Block) -> int:
        """Run its commands; how many there were."""
        commands = list(block.commands())
        for n, (command, shown) in enumerate(commands):
            fails = block.argument == "fails" and n == len(commands) - 1
            with self.subTest(block.where, command=command):
                done = self.run_command(command)
                self.assertEqual(done.returncode != 0, fails, done.stdout)
                if shown is not None:
                    self.check_output(command, done.stdout, shown)
        return len(commands)


class Commands(Shell):
    """Each block in a directory that looks like the source tree, with the
    build directory as build/."""

    def make_tree(self) -> None:
        shutil.rmtree(self.dir)
        self.dir.mkdir()
        for path in SOURCE.iterdir():
            if not path.name.startswith((".", "build")):
                (self.dir / path.name).symlink_to(path)
        (self.dir / "build").symlink_to(BUILD)

    def test_commands_work_and_print_what_is_shown(self) -> None:
        count = 0
        for doc in self.docs:
            if doc.makes_files:
                continue
            for block in doc.blocks:
                if block.mark == "run":
                    self.make_tree()
                    count += self.run_block(block)
        self.assertGreater(count, 0)


class Tutorial(Shell):
    """A document that makes files, from an empty directory on. Its ``git
    clone`` is a real one, of this tree. What it clones is as committed; its
    build directory is the one that is being tested."""

    def setUp(self) -> None:
        super().setUp()
        if not (SOURCE / ".git").exists():
            self.skipTest("not a git repository")
        self.env.update(
            GIT_CONFIG_COUNT="2",
            GIT_CONFIG_KEY_0=f"url.{SOURCE}.insteadOf",
            GIT_CONFIG_VALUE_0="https://example.org/roadtest.git",
            GIT_CONFIG_KEY_1="safe.directory",
            GIT_CONFIG_VALUE_1="*",
        )

    def run_command(self, command: str) -> subprocess.CompletedProcess[str]:
        done = super().run_command(command)
        if command.startswith("cd ") and done.returncode == 0:
            self.cwd = self.cwd / command[3:]
        if command.startswith("git clone") and done.returncode == 0:
            self.use_build(self.dir / "roadtest")
        return done

    def use_build(self, clone: Path) -> None:
        (clone / "build").symlink_to(BUILD)
        # A test installs nothing.
        (clone / "tools/setup").write_text("#!/bin/sh\n")
        for name in "examples", "python", "docs":
            shutil.copytree(SOURCE / name, clone / name, dirs_exist_ok=True)

    def take(self, block: Block) -> None:
        """One step."""
        if block.mark == "run":
            self.run_block(block)
            return
        with self.subTest(block.where):
            path = self.cwd / block.argument
            self.assertEqual(path.exists(), block.mark != "write")
            text = path.read_text() if path.exists() else ""
            path.write_text(block.edit(text))

    def begin(self) -> None:
        """An empty directory."""
        shutil.rmtree(self.dir)
        self.dir.mkdir()
        self.cwd = self.dir

    def test_steps_can_be_taken_in_order(self) -> None:
        count = 0
        for doc in self.docs:
            if doc.makes_files:
                count += 1
                self.begin()
                for block in doc.blocks:
                    self.assertIn(block.mark, STEPS, block.where)
                    self.take(block)
        self.assertEqual(count, 2)


class Checks(unittest.TestCase):
    """The checks find what they are there for."""

    def parse(self, text: str) -> Document:
        with tempfile.NamedTemporaryFile("w", suffix=".md") as f:
            f.write(text)
            f.flush()
            return Document(Path(f.name), "x.md")

    def test_a_listing_may_be_a_part_and_be_indented(self) -> None:
        self.assertTrue(holds("a\n  b\n    c\nd\n", "b\n  c\n"))
        self.assertTrue(holds("a\n  b\n    c\nd\n", "  b\n    c\n"))

    def test_a_changed_listing_is_found(self) -> None:
        self.assertFalse(holds("a\n  b\n    c\nd\n", "b\n c\n"))
        self.assertFalse(holds("a\nb\nc\n", "a\nc\n"))
        self.assertFalse(holds("abc\n", "ab\n"))

    def test_commands_and_their_output_are_told_apart(self) -> None:
        doc = self.parse("<!-- run: fails -->\n```console\n$ a\nx\n$ b\n```\n")
        (block,) = doc.blocks
        self.assertEqual((block.mark, block.argument), ("run", "fails"))
        self.assertEqual(list(block.commands()), [("a", "x\n"), ("b", "")])

    def test_a_change_applies_where_its_lines_stand(self) -> None:
        text = "<!-- change: x -->\n```diff\n a\n-b\n+c\n\n+d\n```\n"
        (block,) = self.parse(text).blocks
        self.assertEqual(block.edit("x\na\nb\n\ny\n"), "x\na\nc\n\nd\ny\n")
        for wrong in "x\na\nB\n\n", "a\nb\n\na\nb\n\n":
            with self.assertRaises(ValueError):
                block.edit(wrong)

    def test_a_mark_that_is_misspelt_is_an_error(self) -> None:
        self.assertEqual(
            self.parse("<!-- runs -->\n```sh\na\n```\n").errors,
            ["x.md:1: unknown mark"],
        )
        self.assertEqual(
            self.parse("<!-- run -->\ntext\n").errors, ["x.md:1: no block behind it"]
        )

    def test_links_in_text_count_and_those_in_code_do_not(self) -> None:
        doc = self.parse("# A b\n[x](y.md#z)\n`[n](o)`\n```\n[n](o)\n```\n")
        self.assertEqual(doc.links, [(2, "y.md#z")])
        self.assertEqual(doc.anchors, {"a-b"})

    def test_times_do_not_count_and_the_rest_does(self) -> None:
        seen = "ok  x 12 ms\n1 passed in 0.12 s\n[ 0.000032184] /b/p/y\n"
        shown = "ok  x\n1 passed in 9 s\n[ 0.111111111] p/y\n"
        self.assertEqual(plain(seen, ["/b"]), plain(shown, ["/b"]))
        self.assertNotEqual(plain("2 passed in 1 s", []), plain("1 passed in 1 s", []))


if __name__ == "__main__":
    unittest.main()
