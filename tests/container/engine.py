# SPDX-License-Identifier: BSD-3-Clause
"""A container engine for the test: the one that runs, else one of our own."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
AS_ROOT = [] if os.geteuid() == 0 else ["sudo"]


class Failed(Exception):
    """Why the test cannot go on, in words for its reader."""


def until(seconds, probe, what):
    """What probe() returns, once that is true; Failed when time is up."""
    deadline = time.monotonic() + seconds
    while True:
        result = probe()
        if result:
            return result
        if time.monotonic() > deadline:
            raise Failed(f"{what}: not within {seconds} s")
        threading.Event().wait(0.05)


def finish_undisturbed():
    """Called before cleaning up, which a second Ctrl-C would leave half done."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


def install(group):
    script = os.path.join(ROOT, "scripts", "install-packages")
    if subprocess.run([script, group]).returncode:
        raise Failed(f"could not install the packages of group '{group}'")


def answers():
    return shutil.which("docker") and not subprocess.run(
        ["docker", "info"], capture_output=True).returncode


def compose_command():
    for command in (["docker-compose"], ["docker", "compose"]):
        if shutil.which(command[0]) and not subprocess.run(
                command + ["version"], capture_output=True).returncode:
            return command
    install("compose")
    return ["docker-compose"]


def default_route_mtu():
    """A bridge with larger packets than the way out has would lose them."""
    with open("/proc/net/route", encoding="ascii") as routes:
        for line in routes:
            device, destination = line.split()[:2]
            if destination == "00000000":
                with open(f"/sys/class/net/{device}/mtu", encoding="ascii") as mtu:
                    return mtu.read().strip()
    return "1500"


def started(socket, log, daemon):
    if daemon.poll() is not None:
        with open(log, encoding="utf-8", errors="replace") as lines:
            tail = "".join(lines.readlines()[-15:])
        raise Failed(f"dockerd ended at once:\n{tail}")
    return os.path.exists(socket) and answers()


@contextlib.contextmanager
def own_engine():
    """A dockerd whose files are all in a temporary folder; ends with us."""
    folder = tempfile.mkdtemp(prefix="coppice-docker-")
    socket, pid_file, log = (os.path.join(folder, name)
                             for name in ("sock", "pid", "log"))
    with open(log, "wb") as output:
        daemon = subprocess.Popen(
            AS_ROOT + ["dockerd", "--data-root", f"{folder}/data",
                       "--exec-root", f"{folder}/exec", "--pidfile", pid_file,
                       "--host", f"unix://{socket}", "--group", str(os.getgid()),
                       "--mtu", default_route_mtu()],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True)  # Ctrl-C must reach us before it
    os.environ["DOCKER_HOST"] = f"unix://{socket}"
    try:
        until(60, lambda: started(socket, log, daemon), "dockerd to answer")
        yield
    finally:
        finish_undisturbed()
        del os.environ["DOCKER_HOST"]
        if daemon.poll() is None:
            with open(pid_file, encoding="ascii") as file:
                pid = file.read().strip()
            subprocess.run(AS_ROOT + ["kill", pid])
            try:
                daemon.wait(30)
            except subprocess.TimeoutExpired:
                subprocess.run(AS_ROOT + ["kill", "-KILL", pid])
                daemon.wait()
        subprocess.run(AS_ROOT + ["rm", "-rf", folder])


@contextlib.contextmanager
def engine():
    """Within it the docker client reaches an engine that has our base image."""
    with contextlib.ExitStack() as stack:
        if not answers():
            install("engine")
            # Where there is an init system the package has started one.
            if os.path.exists("/run/docker.pid"):
                until(15, answers, "the installed engine to answer")
            if not answers():
                print("# no container engine runs: starting one", flush=True)
                stack.enter_context(own_engine())
        image = os.path.join(ROOT, "tests", "container", "base-image")
        if subprocess.run([image]).returncode:
            raise Failed("no base image: neither pulled nor made")
        yield
