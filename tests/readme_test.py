#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs the commands of the README and of the tour, as a reader would, and leaves
none out. Needs the ports 6000 and 6060.

usage: readme_test.py SOURCE_ROOT BUILD_ROOT
"""

import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import sys
import time

DEADLINE = 30
SKIPPED = 77
PAGES = ("README.md", "docs/guide/tour.md")

# Commands that other tests run: those that need Docker, and this very test.
ELSEWHERE = {
    "make test": (".ci/run", "make test"),
    "docker-compose up": ("tests/container/run", '"up"'),
}


def commands(text):
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S):
        yield from block.splitlines()


class Process:
    """A command that goes on running."""

    def __init__(self, line, env):
        self.line = line
        self.process = subprocess.Popen(
            line, shell=True, env=env, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, bufsize=0)

    def say(self, text):
        self.process.stdin.write(text)

    def read_until(self, wanted):
        seen = b""
        out = self.process.stdout
        until = time.monotonic() + DEADLINE
        while wanted not in seen:
            left = max(0, until - time.monotonic())
            part = b""
            if select.select([out], [], [], left)[0]:
                part = out.read(4096)
            if not part:
                sys.exit(f"not ok - {self.line}: {wanted!r} not in {seen!r}")
            seen += part

    def end(self):
        """Waits for its end by itself."""
        self.process.stdin.close()
        self.process.wait(DEADLINE)

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(DEADLINE)

    def abandon(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)


class Reader:
    def __init__(self, build):
        self.env = dict(os.environ, BUILD=str(build))
        self.build = build
        self.server = None
        self.client = None
        self.started = []

    def background(self, line):
        process = Process(self.at_build(line), self.env)
        self.started.append(process)
        return process

    def at_build(self, line):
        return re.sub(r"^build/coppice", str(self.build / "coppice"), line)

    def follow(self, line):
        if line in ELSEWHERE:
            return
        if line == "make start" or " serve" in line and "--help" not in line:
            self.leave()
            self.server = self.background(line)
            self.server.read_until(b"listening on")
        elif line == "make telnet" or line.startswith("nc "):
            self.client = self.background(line)
            self.client.say(b"hello\n")
            self.client.read_until(b"hello")
        else:
            subprocess.run(self.at_build(line), shell=True, env=self.env,
                           check=True, timeout=DEADLINE,
                           stdout=subprocess.DEVNULL)
            if " kill " in line:
                self.look_at_session()

    def look_at_session(self):
        """What the tour says of the session whose acceptor was killed."""
        if "supervised" in self.server.line:
            self.client.say(b"still there\n")
            self.client.read_until(b"still there")
        else:
            self.client.end()

    def leave(self):
        if self.client:
            self.client.say(b"stop\n")
            self.client.end()
        if self.server:
            self.server.stop()
        self.client = self.server = None


def free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def main(source, build):
    os.chdir(source)
    if not (free(6000) and free(6060)):
        print("the ports 6000 and 6060 are not both free")
        return SKIPPED
    lines = [line for page in PAGES
             for line in commands(pathlib.Path(page).read_text("utf-8"))]
    for line, (file, text) in ELSEWHERE.items():
        if line in lines:
            assert text in pathlib.Path(file).read_text("utf-8"), file
    reader = Reader(build)
    try:
        for line in lines:
            reader.follow(line)
            print("ok -", line)
        reader.leave()
    finally:
        for process in reader.started:
            process.abandon()
    return 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))
