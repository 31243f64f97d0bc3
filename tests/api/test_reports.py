# SPDX-License-Identifier: LGPL-2.1-or-later
"""The files that `roadtest run` writes, from test programs that are fakes."""

import json
import os
import shutil
import signal
import subprocess
import unittest
import xml.etree.ElementTree as ET
from pathlib import Path

import ktap_main
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
    def journalling(self, name, records, tail="", end=""):
        """Of its tests a, x.b and x.c the second one fails; it leaves a
        journal."""
        self.write(f"{name}.journal", journal_lines(records) + tail)
        return self.program(name, f"""
pass a
want x.b && {{
    echo "# start x.b"; cat {self.path(name)}.journal >"$ROADTEST_JOURNAL/1-00000.jsonl"
    {end or ":"}
    echo "# t.py:3: GuestError: EIO"; echo "not ok $((++n)) x.b"; }}
pass x.c
""", ("a", "x.b", "x.c"))

    def roadtest(self, *args, **kwargs):
        return super().roadtest(*args, errors="replace", **kwargs)

    def hostile(self):
        path = self.program("test-<&\"'x", HOSTILE, [])
        text = Path(path).read_text().replace("filters=; n=0", "filters=; n=0\nid=$(cat $0.id)")
        text = text.replace('echo "1..0"', 'echo "1..1"')
        text = text.replace("--list) printf '%s\\n' ;", "--list) cat $0.id;")
        self.write(os.path.basename(path), text, 0o755)
        self.write(os.path.basename(path) + ".id", HOSTILE_ID + "\n")
        os.chmod(path + ".id", 0o644)
        return os.path.basename(path)


# What a machine of a test writes (lib/journal.h): probing finds the chip, then a
# reading is interrupted by a NAK while a guest call and a step go on.
JOURNAL = [
    {"time": 0, "type": "test", "id": "x.b"},
    {"time": 100, "type": "log", "text": "Linux version 6.12 boots"},
    {"time": 1000, "type": "ready", "release": "6.12.1"},
    {"time": 2000, "type": "chip", "addr": 68, "name": "opt3001", "irq_line": 3},
    {"time": 3000, "type": "step", "step": "begin", "text": "raw=<b>1</b>"},
    {"time": 4000, "type": "call", "call": 7, "what": "read_file /sys/lux"},
    {"time": 102500, "type": "reg", "transaction": 1, "addr": 68, "reg": 1,
     "name": "CONFIG", "read": False, "value": 0xCA10, "fields": {"M": 1, "CRF": 0}},
    {"time": 102500, "type": "i2c", "start": 5000, "transaction": 1, "addr": 68,
     "chip": "opt3001", "read": False, "data": "01ca10"},
    {"time": 800000000, "type": "timer", "name": "opt3001.done"},
    {"time": 800000000, "type": "line", "line": 3, "level": 0, "guest": False},
    {"time": 800000000, "type": "irq", "line": 3},
    {"time": 800030000, "type": "i2c", "start": 800005000, "transaction": 2,
     "addr": 68, "chip": "opt3001", "read": False, "data": "00", "error": "ENXIO"},
    {"time": 800031000, "type": "log", "text": "opt3001: failed to read <script>"},
    {"time": 800032000, "type": "return", "call": 7, "result": -5, "error": "EIO"},
    {"time": 800032000, "type": "step", "step": "failed", "file": "/x/t.py",
     "line": 3, "text": "GuestError: EIO"},
    {"time": 800032000, "type": "step", "step": "end", "text": "raw=<b>1</b>"},
    {"time": 800040000, "type": "end"},
    {"time": 800050000, "type": "test", "id": "x.c"},
    {"time": 800060000, "type": "log", "text": "of another test"},
]


def journal_lines(records):
    return "".join(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"
                   for record in records)


class Json(ReportTestCase):
    def json(self, *args, status=0):
        result = self.run_tests("--json", "out.json", *args)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        with open(self.path("out.json"), encoding="utf-8") as f:
            return json.load(f)

    def by_id(self, report):
        return {test["id"]: test for program in report["programs"]
                for test in program["tests"]}

    def test_what_the_run_was(self):
        self.write("kernel/info", "release=6.12.1\nflavour=check\n")
        self.program("test-x", MIXED, MIXED_IDS)
        report = self.json("--seed", "7", "test-x", status=1)
        self.assertEqual(report["roadtest"], 1)
        run = report["run"]
        self.assertEqual(run["summary"], {"passed": 1, "failed": 1, "skipped": 1,
                                          "known bug": 1, "flaky": 0, "not run": 0})
        self.assertEqual((run["seed"], run["interrupted"]), ("7", False))
        self.assertEqual(run["kernel"], {"directory": self.kernel,
                                         "release": "6.12.1", "flavour": "check"})
        test = self.by_id(report)["x.d"]
        self.assertEqual((test["outcome"], test["reason"]), ("known bug", "it is known"))

    def test_what_a_program_says_of_a_tests_time_counts(self):
        self.program("test-x", """
want a && echo "# start a" && echo "# time 12.345678" && echo "ok $((++n)) a"
want b && echo "# start b" && echo "# time 7 o'clock" && echo "ok $((++n)) b"
want c && echo "# start c" && echo "# time 1e99" && echo "# time -1" && echo "not ok $((++n)) c"
""", ("a", "b", "c"))
        self.roadtest("run", "--json", "r.json", "test-x")
        tests = json.loads(Path(self.path("r.json")).read_text())["programs"][0]["tests"]
        self.assertEqual(tests[0]["wall_ms"], 12345)
        for test in tests[1:]:
            self.assertLess(test["wall_ms"], 5000)
        self.assertIn("time 1e99\ntime -1", "\n".join(tests[2]["output"]))

    def test_a_test_has_its_part_of_the_journal_only(self):
        self.journalling("test-x", JOURNAL)
        tests = self.by_id(self.json("test-x", status=1))
        failed, other = tests["x.b"], tests["x.c"]
        self.assertEqual([line["text"] for line in failed["log"]],
                         ["opt3001: failed to read <script>"])
        self.assertEqual(failed["virtual_ns"], 800040000)
        self.assertEqual(failed["machines"][0]["records"], JOURNAL[:17])
        self.assertEqual(other["machines"], [])
        self.assertEqual([line["text"] for line in other["log"]], ["of another test"])
        self.assertEqual(tests["a"]["virtual_ns"], None)

    def test_a_test_for_which_the_machine_was_made_has_its_boot(self):
        records = [JOURNAL[0], *JOURNAL[1:3], {"time": 1500, "type": "test", "id": "x.b"},
                   *JOURNAL[12:17], {"time": 800050000, "type": "test", "id": "x.b"},
                   {"time": 800060000, "type": "end"}]
        self.journalling("test-x", records)
        failed = self.by_id(self.json("test-x", status=1))["x.b"]
        self.assertEqual([m["records"] for m in failed["machines"]],
                         [records[:9], records[9:]])
        self.journalling("test-x", JOURNAL[:2])         # it did not come up
        failed = self.by_id(self.json("test-x", status=1))["x.b"]
        self.assertEqual([line["text"] for line in failed["log"]],
                         ["Linux version 6.12 boots"])

    def test_of_very_many_records_the_middle_is_left_out(self):
        timers = [{"time": n, "type": "timer", "name": "poll"} for n in range(1, 30000)]
        self.journalling("test-x", [JOURNAL[0], *timers])
        failed = self.by_id(self.json("test-x", status=1))["x.b"]
        (machine,) = failed["machines"]
        records = machine["records"]
        self.assertEqual(records[5000], {"time": 5000, "type": "left_out", "count": 10000})
        self.assertEqual(records[:5000] + records[5001:],
                         [JOURNAL[0], *timers[:4999], *timers[-15000:]])
        self.assertEqual(failed["virtual_ns"], 29999)
        whole = self.roadtest("trace", "--jsonl", "x.b").stdout
        self.assertEqual(whole.count("poll"), 29999)

    def test_a_program_that_dies_leaves_what_it_wrote(self):
        self.journalling("test-x", JOURNAL[:12], tail='{"time": 800031000, "ty',
                         end="kill -SEGV $$")
        failed = self.by_id(self.json("test-x", status=1))["x.b"]
        self.assertEqual(failed["machines"][0]["records"], JOURNAL[:12])
        self.assertEqual(failed["virtual_ns"], 800030000)

    def test_garbage_in_a_journal_is_left_out(self):
        self.journalling("test-x", JOURNAL[:2], tail='[]\n{"time":"x","type":"log"}\n'
                         'nonsense\n\n{"time":5,"type":"log","text":"kept"}\n')
        failed = self.by_id(self.json("test-x", status=1))["x.b"]
        self.assertEqual([r["type"] for r in failed["machines"][0]["records"]],
                         ["test", "log", "log"])

    def test_any_bytes_give_valid_json(self):
        report = self.json(self.hostile(), status=1)
        ((name, test),) = self.by_id(report).items()
        self.assertEqual(name, HOSTILE_ID)
        self.assertIn(r"]]> </script> <!-- & \x1b[31m \x01 \xff\xfe", test["output"][0])

    def test_an_interrupted_run_reports_what_ran(self):
        self.program("test-x", "pass a; sleep 0.5; kill -INT $PPID; sleep 60")
        result = self.run_tests("-j1", "--json", "out.json", "test-x")
        self.assertEqual(result.returncode, -2, result.stderr)
        with open(self.path("out.json"), encoding="utf-8") as f:
            report = json.load(f)
        self.assertTrue(report["run"]["interrupted"])
        self.assertEqual(self.by_id(report)["a"]["outcome"], "passed")

    def test_journals_of_the_last_run_stay_and_no_others(self):
        self.journalling("test-x", JOURNAL)
        left = self.path("cache/runs/Killed")
        os.makedirs(left)
        for _ in range(2):
            self.run_tests("--trace", "test-x")
        self.assertEqual(os.listdir(self.path("cache/runs")), ["last"])


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
        self.assertIn(r"]]> </script> <!-- & \x1b[31m \x01 \xff\xfe",
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

    def test_what_is_no_file_stays_what_it_is(self):
        self.program("test-x", "pass a", "a")
        os.mkfifo(self.path("pipe"))
        reader = subprocess.Popen(["cat", self.path("pipe")], stdout=subprocess.PIPE)
        result = self.run_tests("--junit", "pipe", "--json", "/dev/stdout", "test-x")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(b"</testsuites>", reader.communicate()[0])
        self.assertIn('"roadtest":1', result.stdout)
        self.assertEqual(os.listdir(self.dir).count("pipe.part"), 0)

    def test_a_run_that_comes_to_no_end_leaves_no_part_of_a_file(self):
        self.program("test-x", "pass a", "a")
        result = self.run_tests("--junit", "out.xml", "--json", "nowhere/out.json", "test-x")
        self.assertEqual(result.returncode, 2)
        self.program("test-killed", "kill -KILL $PPID", "a")
        result = self.run_tests("--junit", "out.xml", "test-killed")
        self.assertEqual(result.returncode, -signal.SIGKILL)
        self.assertEqual([n for n in os.listdir(self.dir) if n.startswith("out")], [])

    def test_a_full_disk_is_an_error_and_leaves_no_half_a_file(self):
        self.program("test-x", "pass a", "a")
        os.symlink("/dev/full", self.path("out.xml.part"))
        result = self.run_tests("--junit", "out.xml", "test-x")
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("can't write out.xml: No space left on device", result.stderr)
        self.assertEqual(os.path.exists(self.path("out.xml")), False)


if __name__ == "__main__":
    ktap_main.main()
