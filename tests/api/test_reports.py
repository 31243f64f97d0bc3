# SPDX-License-Identifier: LGPL-2.1-or-later
"""The files that `roadtest run` writes, from test programs that are fakes."""

import os
import shutil
import subprocess
import unittest
import xml.etree.ElementTree as ET
from pathlib import Path

from test_command import CommandTestCase

SCHEMA = Path(__file__).parent / "junit.rng"

MIXED = r"""
pass a
want x.b && echo "# start x.b" && echo "# t.py:3: 1 != 2" && echo "not ok $((++n)) x.b"
want x.c && echo "# start x.c" && echo "ok $((++n)) x.c # SKIP no chip"
want x.d && echo "# start x.d" && echo "ok $((++n)) x.d # XFAIL it is known"
"""
MIXED_IDS = ("a", "x.b", "x.c", "x.d")

HOSTILE_ID = "<script>alert(1)</script>&\"']]>{{x}}"
HOSTILE = r"""
echo '# start '"$id"
printf '# ]]> </script> <!-- & \033[31m \001 \377\376 \355\240\200 \357\277\277 \xe2\x82\n'
echo 'not ok 1 '"$id"
"""


class ReportTestCase(CommandTestCase):
    def roadtest(self, *args, **kwargs):
        return super().roadtest(*args, errors="replace", **kwargs)

    def hostile(self):
        path = self.program("test-<&\"'x", HOSTILE, [])
        text = Path(path).read_text().replace("filters=; n=0", "filters=; n=0\nid=$(cat $0.id)")
        text = text.replace("--list) printf '%s\\n' ;", "--list) cat $0.id;")
        self.write(os.path.basename(path), text, 0o755)
        self.write(os.path.basename(path) + ".id", HOSTILE_ID + "\n")
        os.chmod(path + ".id", 0o644)
        return os.path.basename(path)


class JUnit(ReportTestCase):
    def junit(self, *args, status=0):
        result = self.run_tests("--junit", "out.xml", *args)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        self.validate()
        return ET.parse(self.path("out.xml")).getroot()

    def validate(self):
        if not shutil.which("xmllint"):
            self.skipTest("no xmllint (package libxml2-utils)")
        done = subprocess.run(
            ["xmllint", "--noout", "--relaxng", SCHEMA, self.path("out.xml")],
            capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_each_outcome_has_its_element(self):
        self.program("test-x", MIXED, MIXED_IDS)
        root = self.junit("test-x", status=1)
        cases = {case.get("name"): case for case in root.iter("testcase")}
        self.assertEqual(list(cases), ["a", "b", "c", "d"])
        self.assertEqual([child.tag for child in cases["a"]], [])
        self.assertEqual(cases["b"].find("failure").get("message"), "t.py:3: 1 != 2")
        self.assertEqual(cases["b"].get("classname"), "x")
        self.assertEqual(cases["c"].find("skipped").attrib,
                         {"type": "skipped", "message": "no chip"})
        self.assertEqual(cases["d"].find("skipped").attrib,
                         {"type": "known bug", "message": "it is known"})
        for element in (root, root.find("testsuite")):
            counts = [element.get(n) for n in ("tests", "failures", "errors", "skipped")]
            self.assertEqual(counts, ["4", "1", "0", "2"])

    def test_any_bytes_give_valid_xml_with_the_right_text(self):
        name = self.hostile()
        root = self.junit(name, status=1)
        (case,) = root.iter("testcase")
        self.assertIn(case.get("classname") + "." + case.get("name"),
                      (HOSTILE_ID, f"{name}.{HOSTILE_ID}"))
        self.assertIn("]]> </script> <!-- & \ufffd[31m \ufffd \ufffd\ufffd",
                      case.find("failure").text)

    def test_a_program_that_fails_as_a_whole_is_an_error(self):
        self.write("test-x", "#!/bin/sh\necho no ktap; exit 7\n", 0o755)
        root = self.junit("test-x", status=2)
        (case,) = root.iter("testcase")
        self.assertEqual(case.get("name"), "(the program)")
        self.assertIn("exit status 7", case.find("error").get("message"))
        self.assertEqual(root.get("errors"), "1")

    def test_a_file_that_cannot_be_written_is_an_error_before_the_run(self):
        self.program("test-x", "touch ran; pass a", "a")
        for path in ("nowhere/out.xml", "."):
            result = self.run_tests("--junit", path, "test-x")
            self.assertEqual(result.returncode, 2)
            self.assertRegex(result.stderr, rf"--junit: can't write {path}: \w+")
            self.assertFalse(os.path.exists(self.path("ran")))

    def test_a_full_disk_is_an_error_and_leaves_no_half_a_file(self):
        self.program("test-x", "pass a", "a")
        os.symlink("/dev/full", self.path("out.xml.part"))
        result = self.run_tests("--junit", "out.xml", "test-x")
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("can't write out.xml: No space left on device", result.stderr)
        self.assertEqual(os.path.exists(self.path("out.xml")), False)


if __name__ == "__main__":
    unittest.main()
