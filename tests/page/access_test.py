#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The page by the rules of axe-core: it finds nothing, whatever is open, in
light and in dark.

usage: access_test.py BINARY
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

from page_test import ACCEPTORS, SKIPPED, Server, row
from webdriver import Browser

WHERE_AXE_IS = pathlib.Path(__file__).resolve().parents[2] / "scripts/axe"

RUN = """
  const [done] = arguments;
  axe.run().then((result) => done([result.passes.length, result.violations.map((each) =>
    ({rule: each.id, help: each.help,
      where: each.nodes.map((node) => node.html.slice(0, 200))}))]));"""


def check(browser, what):
    passed, found = browser.js_async(RUN)
    assert passed > 10, f"axe looked at {passed} rules only"
    assert not found, f"{what}: {json.dumps(found, indent=1)}"
    print(f"ok {what}: {passed} rules", flush=True)


def look(server, browser, axe):
    browser.open(server.url)
    shown = lambda css: browser.js("return document.querySelector(arguments[0]) !== null", css)
    browser.until(lambda: shown(row(ACCEPTORS + "/acceptor:2")), "the tree")
    browser.js(axe.read_text(encoding="utf-8") + "; window.axe = axe;")
    check(browser, "a fresh page")
    server.run("fault", "suspend", ACCEPTORS + "/acceptor:1")
    server.run("fault", "burn-budget", ACCEPTORS)
    browser.until(lambda: shown('.card[data-severity="error"]'), "a story")
    browser.js("document.getElementById('more').open = true;"
               "document.getElementById('peers').open = true;"
               "document.querySelector('.card button').click();"
               "document.getElementById('replay-play').click()")
    browser.click("#sandbox-form button")
    browser.until(lambda: shown(".world .end"), "the sandbox plays")
    for _ in range(3):  # to the second step, and what came of it
        browser.click("#lab-look")
    assert shown('#lab-told [data-tone="bad"]')
    for scheme in ("light", "dark"):
        browser.cdp("Emulation.setEmulatedMedia",
                    features=[{"name": "prefers-color-scheme", "value": scheme},
                              {"name": "prefers-reduced-motion", "value": "reduce"}])
        check(browser, f"a story in slow motion, {scheme}")
    browser.js("document.getElementById('replay-close').click();"
               "document.getElementById('sure').showModal()")
    check(browser, "the question before the end")


def main(binary):
    driver, chromium = shutil.which("chromedriver"), shutil.which("chromium")
    axe = pathlib.Path(subprocess.run([WHERE_AXE_IS], check=True, encoding="utf-8",
                                      stdout=subprocess.PIPE).stdout.strip())
    if not driver or not chromium or not axe.is_file():
        print("there is no Chromium or no axe-core: scripts/install-packages browser; "
              "scripts/axe --fetch")
        return SKIPPED
    server = Server(binary, "--allow-faults")
    try:
        with tempfile.TemporaryDirectory() as profile:
            browser = Browser(driver, chromium, profile)
            try:
                look(server, browser, axe)
            finally:
                browser.close()
    finally:
        server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
