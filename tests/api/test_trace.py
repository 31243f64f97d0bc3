# SPDX-License-Identifier: LGPL-2.1-or-later
"""`roadtest trace`: the timeline of a test as text and as waveforms."""

import json
import os
import re
import shutil
import subprocess
import unittest

import ktap_main
from test_command import COMMAND
from test_reports import JOURNAL, ReportTestCase

BIT = 2500                      # ns, at 400 kHz
BYTE = 9 * BIT


class TraceTestCase(ReportTestCase):
    def run_with(self, records):
        self.journalling("test-x", records)
        self.assertEqual(self.run_tests("--trace", "test-x").returncode, 1)

    def trace(self, *args, status=0):
        result = self.roadtest("trace", *args)
        self.assertEqual(result.returncode, status, result.stderr)
        return result.stdout if status == 0 else result.stderr


class Text(TraceTestCase):
    def test_a_line_for_each_record(self):
        self.run_with(JOURNAL)
        self.assertEqual(self.trace("x.b"), """\
x.b: failed
   0.000000000            test  x.b
   0.000001000     +1 us  boot  the guest is up: Linux 6.12.1
   0.000002000     +1 us  chip  opt3001 is at 44, interrupt on line 3
   0.000003000     +1 us  step  begin raw=<b>1</b>
   0.000004000     +1 us  call  read_file /sys/lux
   0.000102500  +98.5 us  reg   CONFIG = 0xca10  M=1  CRF=0
   0.000102500            i2c   #1 44 opt3001 W 01 ca 10
   0.800000000 +799.9 ms  timer opt3001.done
   0.800000000            line  3 = 0
   0.800000000            irq   3
   0.800030000    +30 us  i2c   #2 44 opt3001 W 00 = -ENXIO
   0.800031000     +1 us  log   opt3001: failed to read <script>
   0.800032000     +1 us  done  read_file /sys/lux = -EIO (after 800 ms)
   0.800032000            step  FAILED: GuestError: EIO (t.py:3)
   0.800032000            step  end raw=<b>1</b>
   0.800040000     +8 us  test  end
""")

    def test_messages_of_boot_on_request(self):
        self.run_with(JOURNAL)
        self.assertIn("log   Linux version 6.12 boots", self.trace("--boot", "x.b"))

    def test_records_are_shown_in_the_order_of_time(self):
        self.run_with([JOURNAL[0], {"time": 500, "type": "timer", "name": "late"},
                       {"time": 400, "type": "log", "text": "early"}])
        text = self.trace("x.b")
        self.assertLess(text.index("early"), text.index("late"))

    def test_nothing_reaches_the_terminal_that_could_disturb_it(self):
        self.run_with([JOURNAL[0],
                       {"time": 1, "type": "log", "text": "\x1b[2J\x07 a\nb"},
                       {"time": 2, "type": "call", "call": 1, "what": "\x1b]0;x\x07"}])
        text = self.trace("x.b")
        self.assertIn(r"log   \x1b[2J\x07 a\nb", text)
        self.assertIn(r"call  \x1b]0;x\x07", text)

    def test_json_lines_are_the_records(self):
        self.run_with(JOURNAL)
        lines = self.trace("--jsonl", "--boot", "x.b").splitlines()
        self.assertEqual([json.loads(line) for line in lines], JOURNAL[:17])


class Choice(TraceTestCase):
    def test_what_failed_unless_something_is_named(self):
        self.run_with(JOURNAL)
        self.assertRegex(self.trace(), r"\Ax.b: failed\n")
        self.assertRegex(self.trace("x.c"), r"\Ax.c: passed\n.*\n.*of another test\n\Z")
        text = self.trace("x.")
        self.assertIn("x.b: failed\n", text)
        self.assertIn("\n\nx.c: passed\n", text)

    def test_a_whole_id_is_not_a_part_of_others(self):
        self.program("test-y", "pass b; pass b.b", ("b", "b.b"))
        self.run_tests("--trace", "test-y")
        self.assertEqual(self.trace("b"), "b: passed\n  it had no machine, or left no journal\n")

    def test_a_path_is_run_first(self):
        self.journalling("test-x", JOURNAL)
        result = self.roadtest("trace", "test-x")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("2 passed, 1 failed", result.stderr)
        self.assertRegex(result.stdout, r"\Aa: passed\n")
        self.assertIn("\nx.b: failed\n", result.stdout)

    def test_what_it_runs_leaves_nothing_and_the_last_run_alone(self):
        self.run_with(JOURNAL)
        self.program("test-y", "pass y", "y")
        self.env["TMPDIR"] = self.path("tmp")
        os.mkdir(self.path("tmp"))
        self.assertRegex(self.trace("test-y"), r"\Ay: passed\n")
        self.assertEqual(os.listdir(self.path("tmp")), [])
        self.assertIn("x.b", self.trace("--list"))

    def test_a_reader_that_stops_leaves_nothing_behind(self):
        self.journalling("test-x", JOURNAL[:1] + 5000 * JOURNAL[1:9])
        self.env["TMPDIR"] = self.path("tmp")
        os.mkdir(self.path("tmp"))
        process = subprocess.Popen([COMMAND, "trace", "test-x"], env=self.env, cwd=self.dir,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.assertEqual(process.stdout.readline(), b"a: passed\n")
        process.stdout.close()
        process.wait(60)
        self.assertEqual(os.listdir(self.path("tmp")), [])

    def test_a_directory_of_the_user(self):
        self.journalling("test-x", JOURNAL)
        self.run_tests("--trace=kept/here", "test-x")
        self.assertRegex(self.trace("--from", "kept/here"), r"\Ax.b: failed\n")
        self.assertIn("runs/last: there is no run", self.trace(status=2))
        again = self.run_tests("--trace=kept/here", "test-x")
        self.assertEqual(again.returncode, 2)
        self.assertIn("has the journals of another run", again.stderr)
        self.assertIn("nowhere: there is no run", self.trace("--from", "nowhere", status=2))
        self.assertIn("--from", self.trace("--from", "kept/here", "test-x", status=2))

    def test_a_path_that_cannot_be_run(self):
        self.write("test-z", "#!/bin/sh\nexit 7\n", 0o755)
        result = self.roadtest("trace", "test-z")
        self.assertEqual(result.returncode, 2)
        self.assertIn("exit status 7", result.stderr)

    def test_list(self):
        self.run_with(JOURNAL)
        self.assertEqual(self.trace("--list"), "passed    a\nfailed    x.b\npassed    x.c\n")

    def test_wrong_use_says_what_to_do(self):
        self.assertIn("roadtest run --trace", self.trace(status=2))
        self.run_with(JOURNAL)
        self.assertIn('has "nope" in its id', self.trace("nope", status=2))
        self.assertIn("--vcd takes one test, these are 2\n  x.b\n  x.c\n",
                      self.trace("--vcd", "out.vcd", "x.", status=2))
        self.assertIn("can't write nowhere/x", self.trace("--vcd", "nowhere/x", "x.b", status=2))
        self.assertIn("nope: no such file", self.trace("test-x", "nope", status=2))
        self.program("test-y", "pass a", "a")
        self.run_tests("--trace", "test-y")
        self.assertIn("no test of the last run failed", self.trace(status=2))

    def test_a_run_without_a_reason_leaves_the_last_one_alone(self):
        self.run_with(JOURNAL)
        self.program("test-y", "pass a", "a")
        self.run_tests("test-y")
        self.assertIn("x.b", self.trace("--list"))


def message(start, transaction, data, read=False, error=None, addr=0x44, ns=None):
    """A record of a message that takes its bits, or `ns`."""
    if ns is None:
        ns = BIT + BYTE * (1 + len(data))
    record = {"time": start + ns, "type": "i2c", "start": start,
              "transaction": transaction, "addr": addr, "chip": "x", "read": read,
              "data": data.hex()}
    return record | ({"error": error} if error else {})


def transaction(start, number, *messages):
    """Messages one behind the other; and where the next one may begin."""
    records = []
    for kwargs in messages:
        records.append(message(start, number, **kwargs))
        start = records[-1]["time"]
    return records, start + BIT


class Waveforms(TraceTestCase):
    def vcd(self, records):
        self.run_with([JOURNAL[0], *records])
        self.trace("--vcd", "out.vcd", "x.b")

    def changes(self):
        """Of each wire: [(time, value)]."""
        codes, found, time = {}, {}, 0
        with open(self.path("out.vcd"), encoding="ascii") as f:
            text = f.read()
        head, _, body = text.partition("$enddefinitions $end\n")
        for code, name in re.findall(r"\$var wire 1 (\S+) (\S+) \$end", head):
            codes[code] = name
            found[name] = []
        for line in body.splitlines():
            if line.startswith("#"):
                time = int(line[1:])
            elif line[0] in "01x":
                found[codes[line[1:]]].append((time, line[0]))
        return found

    def decoded(self):
        """What sigrok's decoder of I2C makes of it."""
        if not shutil.which("sigrok-cli"):
            self.skipTest("no sigrok-cli (package sigrok-cli)")
        done = subprocess.run(
            ["sigrok-cli", "-I", "vcd:compress=1000000", "-i", self.path("out.vcd"),
             "-P", "i2c:scl=scl:sda=sda", "-A",
             "i2c=start:repeat-start:stop:ack:nack:address-read:address-write:"
             "data-read:data-write"],
            capture_output=True, text=True, check=True)
        words = [line.partition(": ")[2] for line in done.stdout.splitlines()]
        return [word for word in words if word not in ("Write", "Read")]

    def test_a_write(self):
        records, _ = transaction(1000, 1, dict(data=b"\x01\xca\x10"))
        self.vcd(records)
        self.assertEqual(self.decoded(), [
            "Start", "Address write: 44", "ACK", "Data write: 01", "ACK",
            "Data write: CA", "ACK", "Data write: 10", "ACK", "Stop"])

    def test_a_read_behind_a_repeated_start(self):
        records, _ = transaction(1000, 1, dict(data=b"\x7e"), dict(data=b"\x54\x49", read=True))
        self.vcd(records)
        self.assertEqual(self.decoded(), [
            "Start", "Address write: 44", "ACK", "Data write: 7E", "ACK",
            "Start repeat", "Address read: 44", "ACK", "Data read: 54", "ACK",
            "Data read: 49", "NACK", "Stop"])

    def test_transactions_that_follow_at_once(self):
        first, then = transaction(1000, 1, dict(data=b"\xff"))
        second, _ = transaction(then, 2, dict(data=b"\x00", addr=0x7f))
        self.vcd(first + second)
        self.assertEqual(self.decoded(), [
            "Start", "Address write: 44", "ACK", "Data write: FF", "ACK", "Stop",
            "Start", "Address write: 7F", "ACK", "Data write: 00", "ACK", "Stop"])

    def test_an_address_and_a_byte_that_are_not_acknowledged(self):
        first, then = transaction(1000, 1, dict(data=b"\x01"))
        second, then = transaction(then, 2, dict(data=b"\x02\x03", error="ENXIO",
                                                 ns=BIT + BYTE))
        third, _ = transaction(then, 3, dict(data=b"\x04\x05", error="EIO"))
        self.vcd(first + second + third)
        self.assertEqual(self.decoded()[6:], [
            "Start", "Address write: 44", "NACK", "Stop",
            "Start", "Address write: 44", "ACK", "Data write: 04", "ACK",
            "Data write: 05", "NACK", "Stop"])

    def test_a_chip_that_holds_the_clock(self):
        """SCL is low as long as it does, before what it says."""
        first, then = transaction(0, 1, dict(data=b"\x00"))
        long = BIT + 2 * BYTE + 50_000_000
        second, _ = transaction(then, 2, dict(data=b"\xa5", read=True, ns=long))
        self.vcd(first + second)
        self.assertEqual(self.decoded()[6:], [
            "Start", "Address read: 44", "ACK", "Data read: A5", "NACK", "Stop"])
        scl = self.changes()["scl"]
        longest = max((after[0] - low[0], *low) for low, after in zip(scl, scl[1:]))
        behind_address = then + BIT + BYTE - BIT // 4
        self.assertEqual(longest, (50_000_000 + BIT // 2, behind_address, "0"))

    def test_a_bit_takes_what_the_bus_takes(self):
        records, _ = transaction(7, 1, dict(data=b"\x55"))
        self.vcd(records)
        rises = [time for time, value in self.changes()["scl"] if value == "1"][1:]
        # the first rise is a clock bit's: START has SCL high all along
        bits = {after - before for before, after in zip(rises[1:], rises[2:])}
        self.assertEqual(bits, {BIT})

    def test_lines_and_interrupts_are_wires(self):
        self.vcd([
            {"time": 10, "type": "chip", "addr": 1, "name": "a b", "irq_line": 5},
            {"time": 10, "type": "line", "line": 5, "level": 1, "guest": False},
            {"time": 20, "type": "line", "line": 5, "level": 0, "guest": False},
            {"time": 20, "type": "irq", "line": 5},
            {"time": 30, "type": "line", "line": 63, "level": 1, "guest": True},
        ])
        self.assertEqual(self.changes(), {
            "line5_a_b": [(0, "x"), (10, "1"), (20, "0")],
            "irq5": [(0, "0"), (20, "1"), (21, "0")],
            "line63": [(0, "x"), (30, "1")],
        })

    def test_a_strange_journal_gives_a_file_that_is_read(self):
        self.vcd([{"time": 10, "type": "irq", "line": -1},
                  {"time": 10, "type": "line", "line": 1 << 40, "level": 1},
                  {"time": 11, "type": "i2c", "start": 12, "data": "zz"},
                  {"time": 100000, "type": "i2c", "start": 20, "data": "0", "addr": 999},
                  {"time": 200000, "type": "irq", "line": 1}])
        self.assertEqual(self.changes()["irq1"][1:], [(200000, "1"), (200001, "0")])


if __name__ == "__main__":
    ktap_main.main()
