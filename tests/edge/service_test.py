#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a server reports to the service manager that started it, and the unit
for systemd.

usage: service_test.py COPPICE [WORD]
"""

import fcntl
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


# -- sockets that the manager keeps -------------------------------------------

def stored(manager):
    """What is stored next: its name, and descriptors."""
    while True:
        text, descriptors, _, _ = socket.recv_fds(manager.socket, 4096, 16)
        said = dict(line.split("=", 1) for line in text.decode().splitlines())
        if "FDSTORE" in said:
            return said["FDNAME"], descriptors
        if "FDSTOREREMOVE" in said:
            return said["FDNAME"], None


def restarted(binary, descriptors, name, *options):
    """A server that is given these sockets, as systemd does."""
    start = ("import os, sys\n"
             "for i, fd in enumerate(sys.argv[1].split(',')):\n"
             "    os.dup2(int(fd), 3 + i)\n"
             "os.environ.update(LISTEN_FDS=str(i + 1), LISTEN_FDNAMES=':'.join("
             "[sys.argv[2]] * (i + 1)), LISTEN_PID=str(os.getpid()))\n"
             "os.execv(sys.argv[3], sys.argv[3:])\n")
    # Far from 3, where they are to be put.
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for fd in descriptors]
    process = subprocess.Popen(
        [sys.executable, "-c", start, ",".join(map(str, high)), name, binary,
         "serve", *options, "--bind", "127.0.0.1", "--admin", "off",
         "--journal", "off", "--drain-timeout", "200ms"], pass_fds=high,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8")
    for fd in high:
        os.close(fd)
    return process, process.stdout.readline()


@case
def has_its_port_kept(binary):
    """With --fd-store, clients that come after a crash wait for the next start"""
    with Manager() as manager:
        server = Server(binary, "--fd-store")
        name, descriptors = stored(manager)
        equal((name, len(descriptors)), ("stored.echo", 1), "what is stored")
        server.process.kill()
        server.end()
        with server.connect() as client:  # nobody is there, and it waits
            client.sendall(b"hello\n")
            process, line = restarted(binary, descriptors, name,
                                      str(server.port), "--fd-store")
            expect(f":{server.port} (" in line, "it has its port again", line)
            equal(client.recv(6), b"hello\n", "the echo")
            client.close()
        process.terminate()
        equal(process.wait(DEADLINE), 0, "exit code")
        process.stdout.close()
        # Its end did not close what is stored.
        server.connect().close()
        for fd in descriptors:
            os.close(fd)


@case
def forgets_a_port_that_it_leaves(binary):
    """What is stored of another port, or is not wanted, is closed and forgotten"""
    with Manager() as manager:
        server = Server(binary, "--fd-store")
        name, descriptors = stored(manager)
        server.end()
        for options, kept in ((("0",), False), (("0", "--fd-store"), True)):
            process, line = restarted(binary, descriptors, name, *options)
            port = int(re.search(r":(\d+) \(", line)[1])
            if kept:
                equal(port, server.port, "with port 0, the port that is stored")
            else:
                equal(stored(manager), (name, None), "it is forgotten")
            process.terminate()
            equal(process.wait(DEADLINE), 0, "exit code")
            process.stdout.close()
        with socket.create_server(("127.0.0.1", 0)) as other:
            free = other.getsockname()[1]
        process, line = restarted(binary, descriptors, name, str(free),
                                  "--fd-store")
        expect(f":{free} (" in line, "it listens where it is told", line)
        equal(stored(manager), (name, None), "the other is forgotten")
        process.terminate()
        equal(process.wait(DEADLINE), 0, "exit code")
        process.stdout.close()
        for fd in descriptors:
            os.close(fd)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
