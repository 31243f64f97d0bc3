# SPDX-License-Identifier: LGPL-2.1-or-later
"""Chromium without a window, through ChromeDriver's WebDriver protocol
(https://www.w3.org/TR/webdriver2/): as much of it as the tests need."""

import base64
import json
import shutil
import subprocess
import tempfile
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Enter": "\ue007", "Escape": "\ue00c", "Tab": "\ue004", "Left": "\ue012",
        "Right": "\ue014", "Down": "\ue015", "End": "\ue010", "Home": "\ue011"}
ARGUMENTS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic",
    "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]


def missing():
    """Why there is no browser, or None."""
    for program, package in (("chromium", "chromium"), ("chromedriver", "chromium-driver")):
        if not shutil.which(program):
            return f"no {program} (package {package})"
    return None


class Browser:
    """One page at a time."""

    def __init__(self, width=1280, height=900, *arguments):
        self.profile = tempfile.TemporaryDirectory()
        self.driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        for line in self.driver.stdout:
            if "started successfully on port" in line:
                self.url = "http://127.0.0.1:" + line.split("port")[1].strip(" .\n")
                break
        options = {"args": [*ARGUMENTS, f"--user-data-dir={self.profile.name}",
                            f"--window-size={width},{height}", *arguments]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options,
                  "goog:loggingPrefs": {"browser": "ALL"}}
        session = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.url += f"/session/{session['sessionId']}"

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def close(self):
        try:
            self.ask("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.driver.stdout.close()
            self.profile.cleanup()

    def open(self, path, fragment=""):
        self.ask("POST", "/url", {"url": "about:blank"})
        self.ask("POST", "/url", {"url": f"file://{path}{fragment}"})

    def run(self, script, *args):
        """A script's result; it may `return` a promise."""
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(args)})

    def frames(self):
        """Wait until what was asked to be drawn is drawn."""
        self.run("return new Promise((r) => requestAnimationFrame("
                 "() => requestAnimationFrame(() => requestAnimationFrame(r))))")

    def find(self, css):
        found = self.ask("POST", "/element", {"using": "css selector", "value": css})
        return found[ELEMENT]

    def click(self, css):
        self.ask("POST", f"/element/{self.find(css)}/click", {})
        self.frames()

    def keys(self, *keys):
        """Press keys, one after the other, in what has the focus."""
        actions = []
        for key in keys:
            key = KEYS.get(key, key)
            actions += [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self.ask("POST", "/actions", {"actions": [
            {"type": "key", "id": "keyboard", "actions": actions}]})
        self.frames()

    def wheel(self, css, x, y, delta, ctrl=False):
        origin = {ELEMENT: self.find(css)}
        steps = [{"type": "scroll", "x": x, "y": y, "deltaX": 0, "deltaY": delta,
                  "duration": 0, "origin": origin}]
        held = [{"type": "keyDown", "value": "\ue009"}, {"type": "pause"},
                {"type": "keyUp", "value": "\ue009"}]
        actions = [{"type": "wheel", "id": "wheel",
                    "actions": ([{"type": "pause"}] if ctrl else []) + steps}]
        if ctrl:
            actions.append({"type": "key", "id": "keyboard", "actions": held})
        self.ask("POST", "/actions", {"actions": actions})
        self.frames()

    def drag(self, css, dx, x=0, y=0):
        """From a point (from the element's middle) to the right; a click, if
        `dx` is 0."""
        origin = {ELEMENT: self.find(css)}
        self.ask("POST", "/actions", {"actions": [{
            "type": "pointer", "id": "mouse", "actions": [
                {"type": "pointerMove", "x": x, "y": y, "origin": origin},
                {"type": "pointerDown", "button": 0},
                {"type": "pointerMove", "x": x + dx, "y": y, "origin": origin,
                 "duration": 50},
                {"type": "pointerUp", "button": 0}]}]})
        self.frames()

    def resize(self, width, height):
        self.ask("POST", "/window/rect", {"width": width, "height": height})
        self.frames()

    def prefer(self, scheme):
        """"light" or "dark"."""
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self.ask("POST", "/goog/cdp/execute",
                 {"cmd": "Emulation.setEmulatedMedia", "params": media})

    def text(self, css):
        return self.run("return document.querySelector(arguments[0]).innerText", css)

    def messages(self):
        """Errors on the console: of scripts, and refused loads."""
        return [entry["message"] for entry in self.ask("POST", "/se/log", {"type": "browser"})
                if entry["level"] == "SEVERE"]

    def screenshot(self, path):
        with open(path, "wb") as f:
            f.write(base64.b64decode(self.ask("GET", "/screenshot")))
