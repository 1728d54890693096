# SPDX-License-Identifier: BSD-3-Clause
"""As much of WebDriver as the test of the page needs, without a package.
Source: https://www.w3.org/TR/webdriver2/
"""

import base64
import json
import socket
import subprocess
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"down": "\ue015", "up": "\ue013", "left": "\ue012", "right": "\ue014",
        "enter": "\ue007", "escape": "\ue00c"}


class Failure(Exception):
    pass


class Browser:
    """Chromium without a window; has to be closed."""

    def __init__(self, driver, chromium, profile):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [driver, f"--port={port}"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.base = f"http://127.0.0.1:{port}"
        self.session = None
        self.until(self.ready, "the driver is ready")
        options = {"binary": chromium, "args": [
            "--headless=new", "--no-sandbox", "--disable-gpu",
            "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--no-proxy-server",
            f"--user-data-dir={profile}", "--window-size=1280,1000"]}
        answer = self.call("POST", "/session", {"capabilities": {
            "alwaysMatch": {"browserName": "chrome",
                            "goog:loggingPrefs": {"browser": "ALL"},
                            "goog:chromeOptions": options}}})
        self.session = answer["sessionId"]

    def close(self):
        try:
            if self.session:
                self.call("DELETE", f"/session/{self.session}")
        finally:
            self.process.terminate()
            self.process.wait(10)

    def ready(self):
        try:
            return self.call("GET", "/status")["ready"]
        except OSError:
            return False

    def call(self, method, path, body=None):
        data = None if method != "POST" else json.dumps(body or {}).encode()
        request = urllib.request.Request(
            self.base + path, data, {"Content-Type": "application/json"},
            method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise Failure(error.read().decode()[:500]) from None

    def command(self, method, path, body=None):
        return self.call(method, f"/session/{self.session}{path}", body)

    # -- looking and doing ---------------------------------------------------

    def open(self, url):
        self.command("POST", "/url", {"url": url})

    def js(self, script, *args):
        return self.command("POST", "/execute/sync",
                            {"script": script, "args": list(args)})

    def js_async(self, script, *args):
        return self.command("POST", "/execute/async",
                            {"script": script, "args": list(args)})

    def find(self, css):
        return self.command("POST", "/element", {
            "using": "css selector", "value": css})[ELEMENT]

    def click(self, css):
        self.command("POST", f"/element/{self.find(css)}/click")

    def press(self, *keys):
        actions = [{"type": how, "value": KEYS.get(key, key)}
                   for key in keys for how in ("keyDown", "keyUp")]
        self.command("POST", "/actions", {"actions": [
            {"type": "key", "id": "keyboard", "actions": actions}]})

    def cdp(self, command, **params):
        return self.command("POST", "/goog/cdp/execute",
                            {"cmd": command, "params": params})

    def screenshot(self, file):
        file.write_bytes(base64.b64decode(self.command("GET", "/screenshot")))

    def console(self):
        return self.command("POST", "/se/log", {"type": "browser"})

    @staticmethod
    def until(holds, what, limit=20):
        end = time.monotonic() + limit
        while True:
            value = holds()
            if value:
                return value
            if time.monotonic() > end:
                raise Failure(f"waited too long until {what}")
            time.sleep(0.05)
