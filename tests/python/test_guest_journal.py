# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a real machine leaves for the reports of a run (lib/journal.h)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path


SAMPLES = Path(__file__).parent / "samples"


class Journal(unittest.TestCase):
    records: list[dict[str, object]]

    @classmethod
    def setUpClass(cls) -> None:
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run(
                [sys.executable, "-m", "roadtest", "sample_journal.py"],
                env={
                    **os.environ,
                    "ROADTEST_JOURNAL": directory,
                    "PYTHONPATH": f"{SAMPLES.parent}:{os.environ['PYTHONPATH']}",
                },
                cwd=SAMPLES,
                stdout=subprocess.DEVNULL,
            )
            (path,) = Path(directory).iterdir()
            lines = path.read_text(encoding="utf-8").splitlines()
        cls.records = [json.loads(line) for line in lines]

    def of_test(self, name: str) -> list[dict[str, object]]:
        """Records of one test, from its begin to its end."""
        begin = next(
            i for i, record in enumerate(self.records)
            if record["type"] == "test" and str(record["id"]).endswith(name)
        )
        end = next(
            i for i, record in enumerate(self.records)
            if i > begin and record["type"] == "end"
        )
        return self.records[begin : end + 1]

    def find(self, name: str, type: str) -> list[dict[str, object]]:
        return [r for r in self.of_test(name) if r["type"] == type]

    def test_the_kernel_boots_for_the_first_test(self) -> None:
        types = [record["type"] for record in self.records]
        self.assertLess(types.index("test"), types.index("log"))
        self.assertLess(types.index("log"), types.index("ready"))
        self.assertEqual(types.count("end"), 2)
        ids = [str(r["id"])[-7:] for r in self.records if r["type"] == "test"]
        self.assertEqual(ids, ["a_reads", "a_reads", "b_fails"])

    def test_chips(self) -> None:
        (chip,) = self.find("test_a_reads", "chip")
        self.assertEqual(chip["name"], "Lm75")

    def test_subtests_are_steps(self) -> None:
        steps = [(s["step"], s["text"]) for s in self.find("test_a_reads", "step")]
        self.assertEqual(steps, [("begin", "<first> at=1"), ("end", "<first> at=1")])

    def test_guest_calls_have_their_data_and_result(self) -> None:
        calls = self.find("test_a_reads", "call")
        (read,) = [c for c in calls if "temp1_input" in str(c["what"])]
        (done,) = [
            r for r in self.find("test_a_reads", "return")
            if r["call"] == read["call"]
        ]
        self.assertEqual((done["result"], done["text"]), (6, "25000\n"))
        self.assertGreater(int(str(done["time"])), int(str(read["time"])))
        (bind,) = [c for c in calls if str(c["what"]).endswith("/bind")]
        self.assertRegex(str(bind["text"]), r"^0-00[0-9a-f]{2}$")

    def test_registers_have_their_fields(self) -> None:
        regs = self.find("test_a_reads", "reg")
        conf = [r for r in regs if r["name"] == "CONF"]
        self.assertEqual(conf[0]["fields"], {"SHUTDOWN": 0})
        (temp,) = [r for r in regs if r["name"] == "TEMP"]
        self.assertEqual(temp["value"], 0x1900)
        self.assertNotIn("fields", temp)

    def test_messages_have_their_begin(self) -> None:
        for i2c in self.find("test_a_reads", "i2c"):
            bits = 1 + 9 * (1 + len(str(i2c["data"])) // 2)
            took = int(str(i2c["time"])) - int(str(i2c["start"]))
            self.assertEqual(took, bits * 2500)

    def test_a_failure_has_its_place_and_time(self) -> None:
        (failed,) = self.find("test_b_fails", "step")
        self.assertEqual(failed["step"], "failed")
        self.assertIn("GuestError: ", str(failed["text"]))
        self.assertTrue(str(failed["file"]).endswith("sample_journal.py"))
        source = (SAMPLES / "sample_journal.py").read_text(encoding="utf-8").splitlines()
        line = source[int(str(failed["line"])) - 1]
        self.assertIn("temp1_input", line)
        errors = [i["error"] for i in self.find("test_b_fails", "i2c") if "error" in i]
        self.assertEqual(set(errors), {"ENXIO"})


class Waveforms(unittest.TestCase):
    """What sigrok decodes is what the trace has."""

    def trace(self, *args: str) -> str:
        command = Path(os.environ["ROADTEST_BUILD"]) / "cli/roadtest"
        test = SAMPLES / "sample_journal.py::Thermometer::test_a_reads"
        return subprocess.run(
            [str(command), "trace", *args, str(test)],
            env={**os.environ, "PYTHONPATH": str(SAMPLES.parent)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=True,
        ).stdout

    def decoded(self, vcd: str) -> list[str]:
        with tempfile.NamedTemporaryFile("w", suffix=".vcd") as file:
            file.write(vcd)
            file.flush()
            text = subprocess.run(
                ["sigrok-cli", "-I", "vcd:compress=100000", "-i", file.name,
                 "-P", "i2c:scl=scl:sda=sda", "-A",
                 "i2c=address-read:address-write:data-read:data-write"],
                stdout=subprocess.PIPE, text=True, check=True,
            ).stdout  # fmt: skip
        words = [line.partition(": ")[2] for line in text.splitlines()]
        return [word for word in words if word not in ("Read", "Write")]

    @unittest.skipUnless(
        shutil.which("sigrok-cli"), "no sigrok-cli (package sigrok-cli)"
    )
    def test_addresses_and_bytes(self) -> None:
        expected = []
        for line in self.trace("--jsonl").splitlines():
            record = json.loads(line)
            if record["type"] != "i2c":
                continue
            way = "read" if record["read"] else "write"
            expected.append(f"Address {way}: {record['addr']:02X}")
            expected += [
                f"Data {way}: {byte:02X}" for byte in bytes.fromhex(record["data"])
            ]
        self.assertGreater(len(expected), 8)
        self.assertEqual(self.decoded(self.trace("--vcd", "-")), expected)


class Killed(unittest.TestCase):
    def test_what_happened_before_is_there(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            done = subprocess.run(
                [sys.executable, "-c", KILLED],
                env={**os.environ, "ROADTEST_JOURNAL": directory},
                cwd=Path(__file__).parent,
            )
            self.assertEqual(done.returncode, -9)
            (path,) = Path(directory).iterdir()
            last = path.read_text(encoding="utf-8").splitlines()[-1]
        self.assertEqual(json.loads(last)["what"], "read_file /proc/version")


KILLED = """
import os
from roadtest import Machine
machine = Machine()
machine.boot()
call = machine.guest.start.read_text("/proc/version")
os.kill(os.getpid(), 9)
"""
