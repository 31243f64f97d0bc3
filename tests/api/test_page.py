# SPDX-License-Identifier: LGPL-2.1-or-later
"""The HTML page of `roadtest run --html` in a browser."""

import functools
import os
import unittest
from pathlib import Path

import browser
import ktap_main
from test_reports import HOSTILE_ID, JOURNAL, ReportTestCase

MANY = 2000


@functools.cache
def shared_browser():
    """One for all tests: its start takes longer than most of them."""
    page = browser.Browser()
    unittest.addModuleCleanup(page.close)
    return page


@unittest.skipIf(browser.missing(), browser.missing())
class PageTestCase(ReportTestCase):
    width, height, scheme = 1280, 900, "light"

    @classmethod
    def setUpClass(cls):
        cls.page = shared_browser()
        cls.page.resize(cls.width, cls.height)
        cls.page.prefer(cls.scheme)

    def show(self, *args, fragment=""):
        result = self.run_tests("--html", "out.html", *args)
        self.assertTrue(os.path.exists(self.path("out.html")), result.stderr)
        self.page.open(self.path("out.html"), fragment)
        self.page.frames()

    def show_failure(self):
        """The one with a timeline, which is open as it is the only one."""
        self.journalling("test-x", JOURNAL)
        self.show("test-x")

    def shown(self):
        """Ids of the tests that are to be seen."""
        return self.page.run(
            "return [...document.querySelectorAll('.test')].filter((e) => e.checkVisibility())"
            ".map((e) => e.querySelector('.name').firstChild.textContent +"
            " e.querySelector('.name').childNodes[1].textContent)")

    def events(self):
        return self.page.run(
            "return [...document.querySelectorAll('.events tbody tr')]"
            ".map((e) => [...e.querySelectorAll('td')].map((d) => d.textContent))")

    def focused(self):
        return self.page.run("const e = document.activeElement;"
                             "return e === document.body ? 'nothing' : e.innerText")

    def assertQuiet(self):
        """No script failed and nothing was asked for."""
        self.assertEqual(self.page.messages(), [])


class List(PageTestCase):
    def setUp(self):
        super().setUp()
        self.journalling("test-x", JOURNAL)
        self.program("test-y", "pass y.one; pass y.two", ("y.one", "y.two"))

    def test_summary_and_tests(self):
        self.show("test-x", "test-y")
        self.assertEqual(self.page.text("#verdict"), "1 failed, 4 passed")
        self.assertEqual(self.shown(), ["a", "x.b", "x.c", "y.one", "y.two"])
        row = self.page.text(".test.failed .row")
        self.assertRegex(row, r"failed\n.*x.b\n.*t.py:3: GuestError: EIO\n.*\d ms\n.*800 ms virt")
        self.assertQuiet()

    def test_outcomes_are_shown_or_hidden(self):
        self.show("test-x", "test-y")
        self.page.click("#filters .is-passed")
        self.assertEqual(self.shown(), ["x.b"])
        self.page.click("#filters .is-failed")
        self.page.click("#filters .is-passed")
        self.assertEqual(self.shown(), ["a", "x.c", "y.one", "y.two"])

    def test_search_takes_names_and_output(self):
        self.show("test-x", "test-y")
        self.page.keys("/", *"guesterror")
        self.assertEqual(self.shown(), ["x.b"])
        self.page.keys("Escape", "/", *"y. one")
        self.assertEqual(self.shown(), ["y.one"])
        self.assertEqual(self.page.text("#status"), "1 of 5 tests shown")

    def test_everything_goes_with_the_keyboard(self):
        self.show("test-y", "test-x")
        self.page.keys("j", "j")
        self.assertIn("two", self.focused())
        self.page.keys("n")
        self.assertIn("x.b", self.focused())
        self.page.keys("Enter")         # it was open
        self.assertEqual(self.page.run("return document.querySelectorAll('.detail').length"), 0)
        self.page.keys("Enter")
        self.assertIn("GuestError", self.page.text(".detail .output"))
        self.page.keys("Escape", "k")
        self.assertEqual(self.page.run("return document.querySelectorAll('.detail').length"), 0)
        self.assertIn("a", self.focused())

    def test_a_test_has_an_address(self):
        self.show("test-x", "test-y", fragment="#test-y%3Ay.two")
        self.assertIn("two", self.focused())
        self.assertIn("no machine", self.page.text(".detail"))

    def test_a_program_with_an_error_says_so(self):
        self.write("test-z", "#!/bin/sh\nexit 7\n", 0o755)
        self.show("test-z")
        self.assertIn("exit status 7", self.page.text(".errors"))
        self.assertIn("1 program with errors", self.page.text("#verdict"))


class Timeline(PageTestCase):
    def test_one_axis_for_all_that_happened(self):
        self.show_failure()
        what = [row[3] for row in self.events()]
        self.assertEqual(what, [
            "test x.b",
            "the guest is up: Linux 6.12.1",
            "raw=<b>1</b>  (800 ms)",
            "read_file /sys/lux = -EIO  (800 ms)",
            "#1 44 opt3001 W 01 ca 10  (97.5 \u00b5s)",
            "opt3001 CONFIG = 0xca10  M=1 CRF=0",
            "opt3001.done",
            "line 3 (opt3001 irq) = 0",
            "interrupt of line 3 (opt3001 irq)",
            "#2 44 opt3001 W 00 = -ENXIO  (25 \u00b5s)",
            "opt3001: failed to read <script>",
            "GuestError: EIO (t.py:3)",
            "end of the test",
        ])
        self.assertEqual(self.events()[6][0], "0.800000000")
        self.assertIn("failed to read <script>", self.page.text(".detail .log"))
        self.assertQuiet()

    def test_the_failure_is_chosen(self):
        self.show_failure()
        self.assertIn("GuestError", self.page.text(".events tr.chosen"))

    def test_search(self):
        self.show_failure()
        self.page.run("document.querySelector('.controls input').focus()")
        self.page.keys(*"config")
        self.assertEqual([row[3] for row in self.events()], ["opt3001 CONFIG = 0xca10  M=1 CRF=0"])
        self.assertEqual(self.page.text(".events mark"), "CONFIG")
        self.page.keys("Enter")
        self.assertIn("CONFIG", self.page.text(".events tr.chosen"))

    def test_a_click_on_an_event_chooses_it(self):
        self.show_failure()
        x, y = self.page.run("""
            const { picture } = Timeline.last, { canvas } = picture;
            canvas.scrollIntoView({ block: 'center' });
            const shape = picture.shapes.find((s) => s.event.text.includes('ENXIO'));
            return [Math.round(shape.x + shape.width / 2 - canvas.clientWidth / 2),
                    Math.round(shape.y + shape.height / 2 - canvas.clientHeight / 2)];""")
        self.page.drag("canvas", 0, x, y)
        self.assertIn("ENXIO", self.page.text(".events tr.chosen"))

    def test_rows_are_walked_through_with_the_arrows(self):
        self.show_failure()
        self.assertEqual(self.page.run(
            "return document.querySelectorAll('.events tr[tabindex=\"0\"]').length"), 1)
        self.page.run("document.querySelector('.events tr.chosen').focus()")
        self.page.keys("Down")
        self.assertIn("end of the test", self.focused())
        self.page.keys("Enter")
        self.assertIn("end of the test", self.page.text(".events tr.chosen"))
        self.assertIn("end of the test", self.focused())

    def test_kinds_are_shown_or_hidden(self):
        self.show_failure()
        for kind in "step", "call", "bus", "reg", "line", "irq", "timer":
            self.page.click(f".kinds .k-{kind}")
        self.assertEqual({row[2] for row in self.events()}, {"log"})

    def test_zoom_by_keys_wheel_and_buttons(self):
        self.show_failure()
        everything = len(self.events())
        self.page.run("document.querySelector('canvas').focus()")
        self.page.keys("Home", *"+++++")
        few = [row[3] for row in self.events()]
        self.assertLess(len(few), everything)
        self.page.keys("0")
        self.assertEqual(len(self.events()), everything)
        self.page.wheel("canvas", 0, 0, -600, ctrl=True)
        self.assertLess(len(self.events()), everything)
        self.page.click(".controls button:nth-child(3)")
        self.assertEqual(len(self.events()), everything)

    def test_moving_by_keys_and_by_dragging(self):
        self.show_failure()
        self.page.run("document.querySelector('canvas').focus()")
        self.page.keys("+", "+", "+", "End")
        self.assertEqual(self.events()[-1][3], "end of the test")
        self.page.drag("canvas", 300)
        dragged = [row[3] for row in self.events()]
        self.page.keys("End")
        self.assertNotEqual(dragged, [row[3] for row in self.events()])

    def test_idle_time_gets_little_room_unless_it_is_wanted(self):
        """Where the first transfer ends, in parts of the picture's width."""
        self.show_failure()
        place = "const { picture } = Timeline.last; return picture.x(102500) / picture.width"
        self.assertGreater(self.page.run(place), 0.3)
        self.page.click(".controls button[aria-pressed]")
        self.assertLess(self.page.run(place), 0.2)

    def test_something_is_drawn_in_each_lane(self):
        self.show_failure()
        lanes = self.page.run("""
            const canvas = document.querySelector('canvas'), picture = Timeline.last.picture;
            const c = canvas.getContext('2d'), scale = canvas.width / canvas.clientWidth;
            return picture.lanes.map((lane) => {
              const data = c.getImageData(picture.gutter * scale, (lane.top + 4) * scale,
                canvas.width - picture.gutter * scale, 20 * scale).data;
              const colours = new Set();
              for (let i = 0; i < data.length; i += 4)
                colours.add(data.slice(i, i + 4).join());
              return [lane.name, colours.size];
            });""")
        self.assertEqual([name for name, _ in lanes],
                         ["step", "call", "bus opt3001 @44", "line 3 (opt3001 irq)",
                          "timer", "log"])
        for name, colours in lanes:
            self.assertGreater(colours, 4, name)


    def test_a_line_keeps_its_level_to_the_end(self):
        """Low after 0.8 s, behind its interrupt; nothing is known before."""
        self.show_failure()
        seen = self.page.run("""
            const { picture } = Timeline.last, { canvas } = picture;
            const lane = picture.lanes.find((lane) => lane.name.startsWith('line'));
            const c = canvas.getContext('2d'), scale = canvas.width / canvas.clientWidth;
            const wire = (time, y) => {
              const at = c.getImageData(Math.round(picture.x(time) * scale),
                Math.round((lane.top + y) * scale) - 1, 1, 3).data;
              const [r, g, b] = picture.colour('wire').match(/\\w\\w/g).map((h) => parseInt(h, 16));
              for (let i = 0; i < at.length; i += 4)
                if (Math.abs(at[i] - r) + Math.abs(at[i + 1] - g) + Math.abs(at[i + 2] - b) < 60)
                  return true;
              return false;
            };
            return [wire(800015000, 23), wire(800035000, 23), wire(800015000, 7), wire(50000, 23)];""")
        self.assertEqual(seen, [True, True, False, False])


class Hostile(PageTestCase):
    def test_names_and_logs_are_text(self):
        name = self.hostile()
        self.show(name)
        self.assertEqual(self.shown(), [HOSTILE_ID])
        self.assertEqual(self.page.run(
            "return document.querySelectorAll('main script, main b').length"), 0)
        self.assertEqual(self.page.run("return document.scripts.length"), 2)
        self.assertIn("</script> <!-- &", self.page.text(".detail .output"))
        self.assertQuiet()

    def test_a_journal_of_strange_records_does_not_break_the_page(self):
        records = [*JOURNAL[:3],
                   {"time": 5000, "type": "return", "call": 99, "result": 0},
                   {"time": 6000, "type": "step", "step": "end", "text": "never begun"},
                   {"time": 7000, "type": "constructor"}, {"time": 7000, "type": "i2c"},
                   {"time": 8000, "type": "log", "text": "still here"}]
        self.journalling("test-x", records)
        self.show("test-x")
        self.assertIn("still here", [row[3] for row in self.events()])
        self.assertQuiet()


class Narrow(PageTestCase):
    width, height = 500, 800

    def test_nothing_is_wider_than_the_window(self):
        self.show_failure()
        for width in 500, 360:
            self.page.resize(width, 800)
            inner, content = self.page.run(
                "return [document.documentElement.clientWidth,"
                " document.documentElement.scrollWidth]")
            self.assertLessEqual(content, inner)
            for css in ".events", ".timeline", "#tools":
                inner, content = self.page.run(
                    "const e = document.querySelector(arguments[0]);"
                    "return [e.clientWidth, e.scrollWidth]", css)
                self.assertLessEqual(content, inner, css)
        self.assertEqual(len(self.events()), 13)


class Light(PageTestCase):

    def test_text_can_be_read(self):
        """WCAG 2: a contrast of 4.5 for text."""
        self.show_failure()
        colours = self.page.run("""
            const style = getComputedStyle(document.documentElement), names = %r;
            const probe = document.body.appendChild(document.createElement('i'));
            return Object.fromEntries(names.map((name) => {
              probe.style.color = `var(--${name})`;
              return [name, getComputedStyle(probe).color.match(/\\d+/g).map(Number)];
            }));""" % (["bg", "panel", "fg", "dim", "passed", "failed", "known", "skipped",
                        "notrun", "flaky", "step", "call", "bus", "reg", "wire", "irq", "timer",
                        "log"],))
        backgrounds = {name: colours.pop(name) for name in ("bg", "panel")}
        self.assertEqual(luminance(backgrounds["bg"]) < 0.5, self.scheme == "dark")
        for background, behind in backgrounds.items():
            for name, colour in colours.items():
                high, low = sorted((luminance(behind), luminance(colour)), reverse=True)
                self.assertGreater((high + 0.05) / (low + 0.05), 4.5, (name, background))


class Dark(Light):
    scheme = "dark"


def luminance(colour):
    parts = [c / 255 for c in colour]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
                        for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


class Large(PageTestCase):
    def test_two_thousand_tests(self):
        ids = [f"suite{i // 100}.test_{i}" for i in range(MANY)]
        body = "".join(f"want {name} && echo '# start {name}' && echo \"ok $((++n)) {name}\"\n"
                       for name in ids if name != "suite7.test_777")
        body += "echo '# start suite7.test_777'; echo '# why'; echo 'not ok 1 suite7.test_777'\n"
        path = self.program("test-x", body, ids)
        # One process runs them all, in any order.
        text = Path(path).read_text()
        Path(path).write_text(text.replace("want() {", "want() { return 0; "))
        self.show("-j1", "test-x")
        self.assertEqual(self.page.text("#verdict"), f"1 failed, {MANY - 1} passed")
        self.page.keys("/", *"test_1999")
        self.assertEqual(self.shown(), ["suite19.test_1999"])
        self.page.keys("Escape")
        self.page.keys("n")
        self.assertIn("test_777", self.focused())
        self.assertQuiet()


if __name__ == "__main__":
    ktap_main.main()
