# SPDX-License-Identifier: LGPL-2.1-or-later
"""The references are complete: what docs/sphinx takes out of headers and
package is what is there."""

from __future__ import annotations

import re
import sys
import unittest

from kernels import SOURCE

sys.path.insert(0, str(SOURCE / "docs/sphinx"))

import cparse

HEADER = """/* SPDX */
/**
 * x.h - what it is
 */
#ifndef X_H
#define X_H

/** struct s - a struct
 *  of two lines */
struct s {
	int a, *b;	/* two */
};

/* ------------
 * Part
 *
 * Text.
 */

/**
 * f() - does it
 * @a: first
 *
 * Return: 0.
 */
ROAD_API int f(int a,
	       int b);
ROAD_API int g(void);

ROAD_API int h(void);
#define M(x) \\
	do { x; } while (0)
#endif
"""


class Headers(unittest.TestCase):
    def test_every_public_function_is_found(self) -> None:
        for path in (SOURCE / "include").rglob("*.h"):
            text = path.read_text(encoding="utf-8")
            declared = re.findall(r"^ROAD_API\s[^;]*?(\w+)\(", text, re.MULTILINE)
            found = [
                match[1]
                for item in cparse.parse(text)
                for signature in item.signatures
                if item.kind == "function"
                and (match := re.search(r"(\w+)\(", signature))
            ]
            with self.subTest(path.name):
                self.assertGreater(len(declared), 3)
                self.assertLessEqual(set(declared), set(found))

    def test_every_type_is_found(self) -> None:
        for path in (SOURCE / "include").rglob("*.h"):
            text = path.read_text(encoding="utf-8")
            declared = re.findall(r"^(struct|enum) (\w+) \{", text, re.MULTILINE)
            found = [
                (item.kind, name)
                for item in cparse.parse(text)
                for name in item.signatures
            ]
            with self.subTest(path.name):
                self.assertLessEqual(set(declared), set(found))

    def test_a_declaration_has_the_comment_before_it(self) -> None:
        items = {i.signatures[0]: i for i in cparse.parse(HEADER) if i.signatures}
        self.assertEqual(
            list(items),
            ["s", "Part", "int f(int a, int b)", "int h(void)", "M(x)"],
        )
        self.assertEqual(items["s"].doc, "struct s - a struct\nof two lines")
        both = items["int f(int a, int b)"]
        self.assertEqual(both.signatures[1:], ["int g(void)"])
        self.assertEqual(both.doc, "f() - does it\n@a: first\n\nReturn: 0.")
        self.assertEqual(items["int h(void)"].doc, "")
        self.assertEqual(
            (items["Part"].kind, items["Part"].doc), ("section", "\nText.")
        )

    def test_what_is_no_declaration_is_an_error(self) -> None:
        with self.assertRaisesRegex(ValueError, "no declaration: int f"):
            cparse.parse("int a;\nint f\n")


class Package(unittest.TestCase):
    def test_every_module_is_found(self) -> None:
        try:
            import names
        except ImportError:
            self.skipTest("there is no Sphinx")
        found = names.modules_of("roadtest")
        files = {path.stem for path in (SOURCE / "python/roadtest").glob("*.py")}
        public = files - names.INTERNAL - {"__init__"}
        self.assertLessEqual({f"roadtest.{name}" for name in public}, set(found))
        self.assertIn("roadtest.rfc.core.hardware", found)


if __name__ == "__main__":
    unittest.main()
