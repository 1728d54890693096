# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of TLS and of the PROXY protocol share: cases, and a server
with its admin API.

Each script runs as `NAME_test.py COPPICE [WORD]`; with WORD, only the cases
whose claim has it.
"""

import http.client
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import traceback

HOST = "127.0.0.1"
DEADLINE = 20
SKIPPED = 77
cases = []


class Failure(Exception):
    """A claim that does not hold."""


class Skip(Exception):
    """This machine lacks what the case needs."""


# -- claims and cases --------------------------------------------------------

def expect(holds, claim, seen=""):
    if not holds:
        raise Failure(claim + (f": {seen!r}"[:500] if seen != "" else ""))


def equal(seen, wanted, what):
    expect(seen == wanted, f"{what} is {seen!r}, not {wanted!r}"[:700])


def until(ready, what, limit=DEADLINE):
    """Asks again and again; what is ready is returned."""
    end = time.monotonic() + limit
    while True:
        result = ready()
        if result:
            return result
        expect(time.monotonic() < end, f"{what}: not within {limit} s")
        time.sleep(0.01)  # between two questions, not for an effect


def case(test):
    """The first line of its text is the claim that the test makes."""
    cases.append(test)
    return test


def main(arguments):
    if len(arguments) < 2:
        sys.exit("usage: TEST COPPICE [WORD]")
    binary = os.path.abspath(arguments[1])
    passed = failed = 0
    for test in cases:
        claim = " ".join((test.__doc__ or test.__name__).split("\n")[0].split())
        if len(arguments) > 2 and arguments[2] not in claim:
            continue
        try:
            note = test(binary)
            passed += 1
            print(f"ok - {claim}{f' ({note})' if note else ''}", flush=True)
        except Skip as reason:
            print(f"skipped - {claim}: {reason}", flush=True)
        except Exception as problem:
            failed += 1
            print(f"not ok - {claim}: {problem!r}", flush=True)
            traceback.print_exc()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0 if passed else SKIPPED


# -- a server ----------------------------------------------------------------

def environment():
    return {name: value for name, value in os.environ.items()
            if not name.startswith("COPPICE_")}


class Server:
    """`coppice serve` on free ports; a context manager."""

    scheme = "http"  # of its admin API
    admin_at = f"{HOST}:0"

    def __init__(self, binary, *options, bind=HOST, drain="200ms"):
        self.folder = tempfile.TemporaryDirectory()
        line = self.launch(
            binary, *([] if bind.startswith("unix:") else ["0"]),
            "--bind", bind, "--acceptors", "2", "--drain-timeout", drain,
            *options)
        port = re.search(r"listening on \S+:(\d+) \(", line)
        self.port = int(port[1]) if port else None

    def launch(self, binary, *options):
        """Returns the first line that it prints, once it serves."""
        self.binary = binary
        self.stderr = pathlib.Path(self.folder.name, "log")
        words = [binary, "serve", "--admin", self.admin_at, *options]
        if "--journal" not in options:
            words += ["--journal", "off"]
        with open(self.stderr, "wb") as log:
            self.process = subprocess.Popen(
                words, env=environment(), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=log, encoding="utf-8")
        line = self.process.stdout.readline()
        admin = re.search(rf"admin at {self.scheme}://([\d.]+):(\d+)", line)
        if not admin:
            self.end()
            raise Failure(f"no server: {line!r} {self.last_words!r}")
        self.admin = f"{admin[1]}:{admin[2]}"
        return line

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        code = self.end()
        if kind is None:
            equal(code, 0, f"exit code of the server, {self.last_words[-300:]}")

    def end(self):
        self.process.terminate()
        try:
            code = self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process.stdout.close()
        self.last_words = self.log()
        self.folder.cleanup()
        return code

    def log(self):
        return self.stderr.read_text("utf-8")

    def run(self, *words):
        return subprocess.run(
            [self.binary, *words, "--admin", self.admin], env=environment(),
            timeout=DEADLINE, capture_output=True, encoding="utf-8")

    # -- its admin API

    def ask(self):
        return http.client.HTTPConnection(self.admin, timeout=DEADLINE)

    def get(self, path):
        connection = self.ask()
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        equal(answer.status, 200, f"status of GET {path}, {text[:200]}")
        return text

    def all_of(self, path):
        result, since, more = [], 0, True
        while more:
            answer = json.loads(self.get(f"{path}?since={since}"))
            result += answer["events"]
            since, more = answer["next"], answer["more"]
        return result

    def events(self, kind):
        return [event for event in self.all_of("/events")
                if event["kind"] == kind]

    def event(self, kind, words="", limit=DEADLINE):
        """Waits for an event that says these words."""
        return until(lambda: next((event for event in self.events(kind)
                                   if words in event["text"]), None),
                     f"event {kind} {words}", limit)

    def opened(self):
        return [event["peer"] for event in self.all_of("/connections")
                if event["kind"] == "connection_opened"]

    def wait_opened(self, peer):
        until(lambda: peer in self.opened(), f"a connection of {peer}")

    def ends(self):
        return {(event["peer"], event["reason"])
                for event in self.all_of("/connections")
                if event["kind"] == "connection_closed"}

    def closed(self, reason="", peer=""):
        """Waits for a connection that ended so."""
        return until(lambda: next(
            (event for event in self.all_of("/connections")
             if event["kind"] == "connection_closed"
             and reason in event["reason"] and peer in event["peer"]), None),
            f"a connection closed: {reason} {peer}")

    def listener(self):
        return json.loads(self.get("/listeners"))["listeners"][0]

    def counters(self):
        return self.listener()["counters"]

    def refused(self):
        return self.counters()["refused"]

    def wait_refused(self, cause, count=1):
        """Both ways to read it have to say the same."""
        until(lambda: self.refused().get(cause, 0) >= count, f"{count} {cause}")
        equal(self.refused()[cause], count, f"refused for {cause}")
        equal(self.metric("coppice_clients_refused_total", cause=cause), count,
              f"metric of {cause}")

    def metric(self, name, **labels):
        for line in self.get("/metrics").splitlines():
            if line.startswith(name + "{") and all(
                    f'{label}="{value}"' in line
                    for label, value in labels.items()):
                return float(line.rpartition(" ")[2])
        raise Failure(f"no metric {name} {labels}")

    # -- its clients

    def connect(self, source=None, host=HOST):
        client = socket.create_connection(
            (host, self.port), DEADLINE, source and (source, 0))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    def tls(self, context, name="localhost", session=None):
        """A client that has shaken hands."""
        client = self.connect()
        try:
            return context.wrap_socket(client, server_hostname=name,
                                       session=session)
        except Exception:
            client.close()
            raise
