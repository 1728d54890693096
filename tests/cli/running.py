# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of the command line share: a server, commands, and claims."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile

failures = []


def expect(holds, claim, seen=""):
    if not holds:
        failures.append(claim)
        print("not ok -", claim, repr(seen)[:600] if seen != "" else "")


def report():
    if not failures:
        print("ok")
    return 1 if failures else 0


class Server:
    """`coppice serve` on free ports, with what it wrote to standard error."""

    def __init__(self, binary, *options, env=None):
        self.binary = binary
        self.state = tempfile.TemporaryDirectory()
        self.env = {**os.environ, "XDG_STATE_HOME": self.state.name,
                    **(env or {})}
        self.log = open(os.path.join(self.state.name, "log"), "w+b")
        self.process = subprocess.Popen(
            [binary, "serve", "0", "--bind", "127.0.0.1", "--admin",
             "127.0.0.1:0", "--acceptors", "2", "--max-restarts", "1000",
             *options],
            env=self.env, stdout=subprocess.PIPE, stderr=self.log)
        self.line = self.process.stdout.readline().decode()
        port = re.search(r"listening on 127\.0\.0\.1:(\d+)", self.line)
        admin = re.search(r"admin at http://([\d.:]+)", self.line)
        self.address = "127.0.0.1:" + port[1]
        self.admin = admin[1]

    def run(self, *args, **more):
        return run(self.binary, *args, "--admin", self.admin, env=self.env,
                   **more)

    def text_of_log(self):
        with open(self.log.name, "rb") as log:
            return log.read()

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()
        self.state.cleanup()


@contextlib.contextmanager
def serving(binary, *options, env=None):
    server = Server(binary, *options, env=env)
    try:
        yield server
    finally:
        server.end()


def run(binary, *args, env=None, limit=60, text=None, stdout=subprocess.PIPE):
    """A command that has ended: its exit code, output and errors as bytes."""
    try:
        done = subprocess.run([binary, *args], input=text, stdout=stdout,
                              stderr=subprocess.PIPE, env=env, timeout=limit,
                              stdin=None if text is not None
                              else subprocess.DEVNULL)
    except subprocess.TimeoutExpired as late:
        return None, late.stdout or b"", late.stderr or b""
    return done.returncode, done.stdout or b"", done.stderr


def example_scenario(binary):
    """What `coppice lab new` writes, without its comments."""
    text = run(binary, "lab", "new")[1].decode()
    return json.loads(re.sub(r"(?m)(^|\s)//.*$", "", text))


def main(tests, binary):
    for test in tests:
        test(binary)
    return report()


def binary_of(arguments):
    return os.path.abspath(arguments[1]) if len(arguments) > 1 else sys.exit(
        "usage: TEST COPPICE")
