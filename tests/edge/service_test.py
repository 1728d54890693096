#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a server reports to the service manager that started it, and the unit
for systemd.

usage: service_test.py COPPICE [WORD]
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from certificates import Certificates
from manager import Manager
from serving import DEADLINE, Server, Skip, case, equal, expect, main

MOST_EXPOSED = 2.0
SOCKET = pathlib.Path(__file__).resolve().parents[2] / "src/coppice.socket"


@case
def says_how_far_it_is(binary):
    """READY comes when the port is open, STOPPING when the end begins"""
    with Manager() as manager:
        with Server(binary) as server:
            ready = manager.hear()
            equal(ready.get("READY"), "1", "READY")
            equal(ready["STATUS"],
                  f"listening on 127.0.0.1:{server.port}; 0 connections; "
                  "0 of 3 restarts of the root used", "STATUS")
        stopping = manager.hear()
        equal(stopping.get("STOPPING"), "1", "STOPPING")


@case
def finds_an_abstract_socket(binary):
    """NOTIFY_SOCKET may name an abstract socket"""
    with Manager(abstract=True) as manager, Server(binary):
        equal(manager.hear().get("READY"), "1", "READY")


@case
def says_that_it_reloads(binary):
    """SIGHUP is RELOADING with the time it began, then READY"""
    with tempfile.TemporaryDirectory() as folder, Manager() as manager:
        certificate, key = Certificates(folder).issue("server")
        reload_once(binary, manager, certificate, key)


def reload_once(binary, manager, certificate, key):
    with Server(binary, "--tls-cert", certificate, "--tls-key",
                key) as server:
        manager.hear()
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        server.process.send_signal(signal.SIGHUP)
        reloading = manager.hear()
        equal(reloading.get("RELOADING"), "1", "RELOADING")
        began = int(reloading["MONOTONIC_USEC"])
        after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        expect(before <= began <= after, "MONOTONIC_USEC", began)
        equal(manager.hear().get("READY"), "1", "READY after it")


@case
def is_well_while_reactors_turn(binary):
    """WATCHDOG comes twice in its time, and not while a reactor is held up"""
    with Manager(WATCHDOG_USEC="400000") as manager, \
            Server(binary, "--allow-faults") as server:
        manager.hear_until("WATCHDOG")
        began = time.monotonic()
        for _ in range(5):
            manager.hear_until("WATCHDOG")
        took = time.monotonic() - began
        expect(0.9 < took < 3, "five times within a second or so", took)
        body = json.dumps({"reactor": 0, "time_ms": 2000}).encode()
        urllib.request.urlopen(urllib.request.Request(
            f"http://{server.admin}/actors/stall", body,
            {"Content-Type": "application/json"}), timeout=DEADLINE).close()
        silences = []
        last = time.monotonic()
        while not silences or max(silences) < 1.2:
            manager.hear_until("WATCHDOG")
            silences.append(time.monotonic() - last)
            last = time.monotonic()
            expect(len(silences) < 40, "a silence", silences)
        return f"silent for {max(silences):.1f} s"


@case
def minds_no_other_watchdog(binary):
    """A watchdog for another process is not fed"""
    with Manager(WATCHDOG_USEC="100000", WATCHDOG_PID="1") as manager, \
            Server(binary):
        equal(manager.hear().get("READY"), "1", "READY")
        manager.socket.settimeout(0.5)
        try:
            heard = manager.hear()
        except socket.timeout:
            heard = {}
        expect("WATCHDOG" not in heard, "WATCHDOG", heard)


@case
def bears_a_manager_that_is_gone(binary):
    """A socket that nobody listens on, or no socket at all, does no harm"""
    for path in ("/nowhere/notify", "relative", "@", "/" + "x" * 200):
        os.environ["NOTIFY_SOCKET"] = path
        try:
            with Server(binary) as server, server.connect() as client:
                client.sendall(b"x")
                equal(client.recv(1), b"x", "echo")
        finally:
            del os.environ["NOTIFY_SOCKET"]


@case
def units_make_sense(binary):
    """systemd finds no fault with the unit and its socket"""
    if not shutil.which("systemd-analyze"):
        raise Skip("systemd-analyze is missing")
    service = pathlib.Path(binary).parent / "coppice.service"
    text = re.sub(r"^(ExecStart=)\S+", rf"\g<1>{binary}",
                  service.read_text("utf-8"), flags=re.M)
    with tempfile.TemporaryDirectory() as folder:
        units = [pathlib.Path(folder, name)
                 for name in ("coppice.service", "coppice.socket")]
        units[0].write_text(text, "utf-8")
        shutil.copy(SOCKET, units[1])
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", *units],
                              capture_output=True, encoding="utf-8",
                              timeout=DEADLINE)
    about_them = [line for line in (done.stdout + done.stderr).splitlines()
                  if "coppice" in line]
    equal((done.returncode, about_them), (0, []), "what it says")


@case
def unit_is_locked_down(binary):
    """The unit's exposure is 2.0 at most, by systemd's own measure"""
    if not shutil.which("systemd-analyze"):
        raise Skip("systemd-analyze is missing")
    unit = pathlib.Path(binary).parent / "coppice.service"
    said = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", unit],
        capture_output=True, encoding="utf-8", timeout=DEADLINE)
    exposure = re.search(r"exposure level for \S+: ([\d.]+)", said.stdout)
    expect(exposure, "a level", said.stdout[-300:] + said.stderr[-300:])
    expect(float(exposure[1]) <= MOST_EXPOSED, "level", exposure[1])
    return exposure[1]


if __name__ == "__main__":
    sys.exit(main(sys.argv))
