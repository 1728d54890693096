# SPDX-License-Identifier: BSD-3-Clause
"""The echo servers that are measured, and how to run one."""

import contextlib
import os
import pathlib
import re
import resource
import shutil
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
MAKE_CERTIFICATE = HERE.parent.parent / "scripts" / "make-certificate"

ONE_REACTOR = ["0", "--bind", "127.0.0.1", "--acceptors", "1"]
UNOBSERVED = [*ONE_REACTOR, "--journal", "off", "--admin", "off"]
BASE = ["serve", *ONE_REACTOR]
SERVE = ["serve", *UNOBSERVED]

BARE, OURS, SUPERVISED = "bare loop", "coppice", "coppice, supervised"
TIMED = "coppice, idle timeout"
COPPICES = (OURS, SUPERVISED, TIMED)
# `coppice::server` with a handler of either kind.
CLASS, COROUTINE = "class", "coroutine"

PACKAGES = {"Asio": "libasio-dev", "libuv": "libuv1-dev", "Go": "golang-go",
            "Node": "nodejs", "Erlang": "erlang-base",
            "CAF brokers": "libcaf-dev"}


def commands(build):
    """The command of each server that this machine has, by name."""
    built = build / "bench" / "listener"
    coppice = build / "coppice"
    all_of_them = {
        BARE: [built / "epoll-echo"],
        OURS: [coppice, *SERVE],
        SUPERVISED: [coppice, *SERVE, "--topology", "supervised"],
        TIMED: [coppice, *SERVE, "--idle-timeout", "10m"],
        "Asio": [built / "asio-echo"],
        "libuv": [built / "uv-echo"],
        "CAF brokers": [built / "caf-echo"],
        "Go": [built / "go-echo"],
        "Node": ["node", HERE / "echo.js"],
        "Erlang": ["escript", HERE / "echo.escript"],
    }
    return {name: [str(part) for part in command]
            for name, command in all_of_them.items()
            if shutil.which(command[0])}


def handlers(build):
    """The command of a server with each kind of handler, by name."""
    program = str(build / "bench" / "listener" / "handler-echo")
    return {kind: [program, kind, *UNOBSERVED] for kind in (CLASS, COROUTINE)}


def observable(build, journal):
    """The command of a server with all that one can look at; see `watching`."""
    return [str(build / "coppice"), *BASE, "--journal", str(journal), "--admin",
            "127.0.0.1:0"]


@contextlib.contextmanager
def certificate():
    """The files of a certificate and its key, ECDSA on P-256."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([MAKE_CERTIFICATE, folder], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        yield f"{folder}/server.pem", f"{folder}/server.key"


def tls_servers(build, cert, key):
    """The command of each server that speaks TLS, by name."""
    return {
        BARE: [str(build / "bench" / "listener" / "tls-epoll-echo"), cert, key],
        OURS: [str(build / "coppice"), *SERVE, "--tls-cert", cert, "--tls-key",
               key],
    }


def raise_descriptor_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Process:
    """A process on one CPU, whose output is read line by line."""

    def __init__(self, command, cpu):
        self.popen = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))

    def line(self):
        text = self.popen.stdout.readline()
        if not text:
            raise RuntimeError(f"{self.popen.args[0]} ended with exit code "
                               f"{self.popen.wait()}")
        return text

    def say(self, text):
        self.popen.stdin.write(text + "\n")
        self.popen.stdin.flush()


@contextlib.contextmanager
def running(command, cpu):
    process = Process(command, cpu)
    try:
        yield process
    finally:
        process.popen.kill()
        process.popen.communicate()


class Server:
    """An echo server that runs."""

    def __init__(self, process):
        self.pid = process.popen.pid
        # Either the number alone, or as coppice announces itself.
        said = process.line()
        self.port = int(re.search(r"(?:^|:)(\d+)\b", said)[1])
        admin = re.search(r"admin at http://(\S+)", said)
        self.admin = admin and admin[1]

    def cpu_seconds(self):
        """All CPU time so far, to the ns; see clock_getcpuclockid(3)."""
        return time.clock_gettime(~self.pid << 3 | 2)

    def busiest_thread_seconds(self):
        """CPU time of the thread that has most: the reactor of a loaded server."""
        tasks = pathlib.Path(f"/proc/{self.pid}/task").iterdir()
        return max(int((task / "schedstat").read_text().split()[0])
                   for task in tasks) / 1e9

    def resident_bytes(self):
        text = pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        return int(re.search(r"^Rss:\s+(\d+) kB", text, re.M)[1]) * 1024


@contextlib.contextmanager
def serving(command, cpu):
    with running(command, cpu) as process:
        yield Server(process)
