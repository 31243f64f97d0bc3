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
from markdown import Document, documents, holds, plain

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


class Commands(Documents):
    """Each block in a directory that looks like the source tree, with the
    build directory as build/."""

    def setUp(self) -> None:
        found = kernels.find()
        if found is None:
            self.skipTest("no kernel has what the examples need")
        self.dir = Path(tempfile.mkdtemp(prefix="roadtest-docs-"))
        self.addCleanup(shutil.rmtree, self.dir)
        self.env = dict(
            os.environ,
            ROADTEST_KERNEL=found,
            NO_COLOR="1",
            PYTHONDONTWRITEBYTECODE="1",
        )
        for name in "PYTHONPATH", "ROADTEST_TRACE", "ROADTEST_SEED":
            self.env.pop(name, None)

    def make_tree(self) -> None:
        shutil.rmtree(self.dir)
        self.dir.mkdir()
        for path in SOURCE.iterdir():
            if not path.name.startswith((".", "build")):
                (self.dir / path.name).symlink_to(path)
        (self.dir / "build").symlink_to(BUILD)

    def run_command(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.dir,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
        )

    def check_output(self, command: str, seen: str, shown: str) -> None:
        prefixes = [str(self.dir), str(SOURCE), str(BUILD), "build"]
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

    def test_commands_work_and_print_what_is_shown(self) -> None:
        count = 0
        for doc in self.docs:
            for block in doc.blocks:
                if block.mark != "run":
                    continue
                self.make_tree()
                commands = list(block.commands())
                for n, (command, shown) in enumerate(commands):
                    count += 1
                    fails = block.argument == "fails" and n == len(commands) - 1
                    with self.subTest(block.where, command=command):
                        done = self.run_command(command)
                        self.assertEqual(done.returncode != 0, fails, done.stdout)
                        if shown is not None:
                            self.check_output(command, done.stdout, shown)
        self.assertGreater(count, 0)


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
