#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""`coppice run`: real programs under supervisors, seen from outside.

usage: run_test.py COPPICE [WORD]
"""

import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from manager import Manager
from serving import (DEADLINE, HOST, Failure, Server, Skip, case, environment,
                     equal, expect, main, until)

# Writes what happens to it into a file, a line each: NAME start, NAME stop. It
# is ready then.
ACTOR = """#!/bin/sh
trap 'echo "$1 stop" >>log; exit 0' TERM
echo "$1 start" >>log
echo $$ >"$1.pid"
[ "$2" = unready ] || { echo >&3; exec 3>&-; }
while :; do sleep 60 & wait $!; done
"""


class Run(Server):
    """`coppice run` of a tree with this text; a context manager. The end is
    expected to be orderly, unless it has happened before."""

    def __init__(self, binary, tree, *options, scripts=None, up=True,
                 wrapper=(), file=None, variables=None, preexec=None,
                 admin=f"{HOST}:0"):
        self.binary = binary
        self.folder = tempfile.TemporaryDirectory()
        self.home = pathlib.Path(self.folder.name)
        os.chmod(self.home, 0o755)
        for name, text in {"actor": ACTOR, **(scripts or {})}.items():
            (self.home / name).write_text(text)
            (self.home / name).chmod(0o755)
        if file is None:
            file = self.home / "tree.toml"
            file.write_text(tree)
        self.stderr = self.home / "stderr"
        words = [*wrapper, binary, "run", str(file), "--admin", admin,
                 "--journal", "off", *options]
        with open(self.stderr, "wb") as log:
            self.process = subprocess.Popen(
                words, env=environment() | (variables or {}), cwd=self.home,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                encoding="utf-8", preexec_fn=preexec)
        if up:
            self.wait_up()

    def wait_up(self):
        line = self.process.stdout.readline()
        admin = re.search(r"admin at http://([\d.]+):(\d+)", line)
        if not admin:
            self.end()
            raise Failure(f"it is not up: {line!r} {self.last_words!r}")
        self.admin = f"{admin[1]}:{admin[2]}"
        self.first_line = line

    def ends(self, limit=DEADLINE):
        """The exit code, once it has ended by itself or by a signal before."""
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            raise Failure(f"it has not ended in {limit} s: {self.log()[-500:]}"
                          ) from None

    def __exit__(self, kind, *_):
        over = self.process.poll() is not None
        code = self.end()
        if kind is None and not over:
            equal(code, 0, f"exit code, {self.last_words[-500:]}")

    def lines(self, name="log"):
        file = self.home / name
        return file.read_text().splitlines() if file.exists() else []

    def wait_lines(self, count, name="log"):
        until(lambda: len(self.lines(name)) >= count,
              f"{count} lines in {name}")
        return self.lines(name)

    def pid(self, name):
        """Of an actor or of a script that writes it."""
        text = until(lambda: (self.home / f"{name}.pid").exists()
                     and (self.home / f"{name}.pid").read_text(),
                     f"the pid of {name}")
        return int(text)

    def kill(self, name, number=signal.SIGKILL):
        """Signals it, and waits until another one has its place."""
        before = self.pid(name)
        os.kill(before, number)
        until(lambda: self.pid(name) != before, f"{name} runs again")

    def state(self, name):
        """Of a child of the tree."""
        programs = json.loads(self.get("/tree"))["children"][1]
        return next(each["state"] for each in programs["children"]
                    if each["id"] == name)

    def why(self, path):
        return [event for event in self.events("child_exited")
                if event["path"].endswith("/" + path)]


def alive(pid):
    """Whether it is there and no zombie."""
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state.rpartition(")")[2].split()[0] not in "ZX"


def gone(pid, what, limit=DEADLINE):
    until(lambda: not alive(pid), f"{what} is gone", limit)


def child(name, command, *keys, level="child"):
    return "\n".join((f"[[{level}]]", f'id = "{name}"',
                      f"command = {json.dumps(command)}", *keys, ""))


def actor(name, *keys, level="child"):
    return child(name, ["./actor", name], 'directory = "."',
                 'ready = { when = "fd" }', 'ready_within = "30s"', *keys,
                 level=level)


def actors(*names):
    return "".join(map(actor, names))


def check(binary, text, *options, variables=None):
    """Exit code, standard output and error of --check."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "tree.toml")
        file.write_text(text)
        done = subprocess.run(
            [binary, "run", file, "--check", *options], timeout=DEADLINE,
            env=environment() | (variables or {}), capture_output=True,
            encoding="utf-8")
        return (done.returncode, done.stdout,
                done.stderr.replace(str(file), "tree.toml"))


def passes_on(binary, *words, **more):
    """The exit code of `coppice run -- WORDS`."""
    return subprocess.run([binary, "run", "--", *words], env=environment(),
                          timeout=DEADLINE, stdin=subprocess.DEVNULL,
                          capture_output=True, **more)


# -- strategies --------------------------------------------------------------

@case
def restarts_all(binary):
    """one_for_all stops the others in reverse, one by one, and starts in order"""
    tree = '[tree]\nstrategy = "one_for_all"\n' + actors("a", "b", "c")
    with Run(binary, tree) as run:
        equal(run.wait_lines(3), ["a start", "b start", "c start"], "the start")
        run.kill("b")
        equal(run.wait_lines(8)[3:], ["c stop", "a stop", "a start", "b start",
                                      "c start"], "the restart")


@case
def restarts_the_rest(binary):
    """rest_for_one leaves alone who was started before"""
    tree = '[tree]\nstrategy = "rest_for_one"\n' + actors("a", "b", "c")
    with Run(binary, tree) as run:
        run.wait_lines(3)
        first = run.pid("a")
        run.kill("b")
        equal(run.wait_lines(6)[3:], ["c stop", "b start", "c start"],
              "the restart")
        equal(run.pid("a"), first, "pid of a")


@case
def escalates(binary):
    """A budget that is used up restarts the whole supervisor; the root's ends it all: exit 4"""
    tree = ("[tree]\nintensity = 1\nperiod = \"60s\"\n" + actors("a")
            + '[[child]]\nid = "s"\nintensity = 1\nperiod = "60s"\n'
            + actor("b", level="child.child")
            + actor("c", level="child.child"))
    with Run(binary, tree) as run:
        equal(run.wait_lines(3), ["a start", "b start", "c start"], "the start")
        run.kill("b")
        equal(run.wait_lines(4)[3:], ["b start"], "one restart")
        run.kill("b")
        equal(run.wait_lines(7)[4:], ["c stop", "b start", "c start"],
              "the restart of the supervisor")
        run.kill("b")
        pids = [run.pid(name) for name in "abc"]
        os.kill(run.pid("b"), signal.SIGKILL)
        equal(run.ends(), 4, f"exit code, {run.log()[-500:]}")
        for pid in pids:
            expect(not alive(pid), "no process is left", run.log()[-500:])
        expect("the tree gave up" in run.log(), "it says why", run.log())


@case
def starts_in_order_when_ready(binary):
    """What follows starts once READY=1 came, not before"""
    notify = """#!/usr/bin/env python3
import os, socket, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
address = os.environ["NOTIFY_SOCKET"]
open("log", "a").write("waiting\\n")
while not os.path.exists("go"):
    time.sleep(0.01)
open("log", "a").write("ready\\n")
s.sendto(b"READY=1\\n", address.replace("@", "\\0", 1))
time.sleep(600)
"""
    tree = child("n", ["./notify"], 'directory = "."',
                 'ready = { when = "notify" }', 'ready_within = "30s"'
                 ) + actors("a")
    with Run(binary, tree, scripts={"notify": notify}, up=False) as run:
        run.wait_lines(1)
        (run.home / "go").touch()
        run.wait_up()
        equal(run.wait_lines(3), ["waiting", "ready", "a start"], "the order")


@case
def runs_oneshots(binary):
    """ready = exit: runs before what follows, and again in a group restart"""
    tree = ('[tree]\nstrategy = "one_for_all"\n'
            + child("m", ["sh", "-c", "echo migrated >>log"], 'directory = "."',
                    'ready = { when = "exit" }', 'ready_within = "9s"')
            + actors("a"))
    with Run(binary, tree) as run:
        equal(run.wait_lines(2), ["migrated", "a start"], "the start")
        equal(run.state("m"), "stopped", "what the tree says of it")
        run.kill("a")
        equal(run.wait_lines(4)[2:], ["migrated", "a start"], "the restart")


@case
def fails_with_a_oneshot(binary):
    """ready = exit with another code fails the start, with its reason: exit 1"""
    tree = actors("a") + child("m", ["sh", "-c", "exit 3"],
                               'ready = { when = "exit" }',
                               'ready_within = "9s"')
    with Run(binary, tree, up=False) as run:
        equal(run.ends(), 1, "exit code")
        expect("exit 3" in run.log(), "it says why", run.log())
        equal(run.wait_lines(2), ["a start", "a stop"], "what was up is stopped")


@case
def has_copies(binary):
    """copies = 3 runs three, each with its number"""
    tree = child("c", ["sh", "-c", 'echo "copy $COPPICE_COPY" >>log; exec sleep 60'],
                 "copies = 3", 'directory = "."')
    with Run(binary, tree) as run:
        equal(sorted(run.wait_lines(3)), ["copy 0", "copy 1", "copy 2"],
              "the copies")
        for path in ("c/0", "c/2"):
            expect(path in json.dumps(json.loads(run.get("/tree"))),
                   f"{path} is in the tree")


@case
def starts_a_disabled_child_when_asked(binary):
    """disabled = true: not started, until somebody asks"""
    tree = actors("a") + actor("b", "disabled = true")
    with Run(binary, tree) as run:
        run.wait_lines(1)
        equal(run.lines(), ["a start"], "the start")
        done = run.run("start", "programs/b")
        equal(done.returncode, 0, f"coppice start, {done.stderr}")
        equal(run.wait_lines(2)[1:], ["b start"], "when asked")
        run.kill("b")
        equal(run.wait_lines(3)[2:], ["b start"], "restarted as any other")


# -- the stop ----------------------------------------------------------------

@case
def kills_who_ignores_term(binary):
    """A program that ignores TERM is killed after its shutdown time"""
    tree = child("i", ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; "
                       "done"], 'shutdown = "300ms"')
    with Run(binary, tree) as run:
        until(lambda: "| up" in run.log(), "it is up")
        begin = time.monotonic()
        done = run.run("stop", "programs/i")
        took = time.monotonic() - begin
        equal(done.returncode, 0, f"coppice stop, {done.stderr}")
        expect(0.3 <= took < 3, "it took its time", took)
        equal(run.event("child_stopped")["reason"], "killed", "reason")


@case
def waits_for_the_group(binary):
    """A leader that obeys does not end the stop: who ignores it is waited for, then killed"""
    leader = """#!/bin/sh
(trap '' TERM; exec sh -c 'echo $$ >member.pid; while :; do sleep 1; done') &
trap 'exit 0' TERM
echo $$ >leader.pid
while :; do sleep 60 & wait $!; done
"""
    tree = child("l", ["./leader"], 'directory = "."', 'shutdown = "1s"')
    with Run(binary, tree, scripts={"leader": leader}) as run:
        member = run.pid("member")
        begin = time.monotonic()
        equal(run.run("stop", "programs/l").returncode, 0, "coppice stop")
        expect(time.monotonic() - begin >= 0.9, "it waited")
        expect(not alive(member), "the member is gone")


@case
def reaches_through_a_shell(binary):
    """sh -c 'prog & wait': the program gets TERM, too, and its last line is kept"""
    prog = """#!/bin/sh
trap 'echo last words; exit 0' TERM
echo $$ >prog.pid
while :; do sleep 0.1; done
"""
    tree = child("w", ["sh", "-c", "./prog & wait"], 'directory = "."')
    with Run(binary, tree, scripts={"prog": prog}) as run:
        pid = run.pid("prog")
        equal(run.run("stop", "programs/w").returncode, 0, "coppice stop")
        expect(not alive(pid), "the program is gone")
        until(lambda: "| last words" in run.log(), "its last line")


@case
def frees_the_port(binary):
    """A crashed master's worker holds no port when the next one starts"""
    master = """#!/usr/bin/env python3
import os, socket, sys, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen()
if os.fork() == 0:
    time.sleep(600)
open("master.pid", "w").write(str(os.getpid()))
time.sleep(600)
"""
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
    tree = ("[tree]\nintensity = 0\nperiod = \"1s\"\n"
            "[[child]]\nid = \"s\"\nintensity = 1\n"
            + child("m", ["./master", str(port)], 'directory = "."',
                    level="child.child"))
    with Run(binary, tree, scripts={"master": master}) as run:
        run.kill("master")
        socket.create_connection((HOST, port), DEADLINE).close()


@case
def stops_during_the_start(binary):
    """A stop while a program is not ready ends all within a second or so: exit 0"""
    tree = actors("a") + child("n", ["./actor", "n", "unready"], 'directory = "."',
                               'ready = { when = "notify" }',
                               'ready_within = "60s"')
    with Run(binary, tree, up=False) as run:
        run.wait_lines(2)
        pids = run.pid("a"), run.pid("n")
        begin = time.monotonic()
        run.process.send_signal(signal.SIGTERM)
        equal(run.ends(), 0, f"exit code, {run.log()}")
        expect(time.monotonic() - begin < 3, "at once")
        expect(not any(map(alive, pids)), "nothing is left")
        equal(run.lines()[2:], ["n stop", "a stop"], "in reverse")


@case
def stops_in_reverse(binary):
    """SIGTERM stops one after the other, the last one first: exit 0"""
    with Run(binary, actors("a", "b", "c")) as run:
        run.wait_lines(3)
        run.process.send_signal(signal.SIGTERM)
        equal(run.ends(), 0, "exit code")
        equal(run.lines()[3:], ["c stop", "b stop", "a stop"], "the stop")


STUBBORN = ["sh", "-c", "trap '' TERM; echo $$$$ >i.pid; while :; do sleep 1; "
            "done"]


@case
def kills_at_the_second_signal(binary):
    """A second SIGTERM kills what has not ended"""
    tree = child("i", STUBBORN, 'directory = "."', 'shutdown = "60s"')
    with Manager() as manager, Run(binary, tree) as run:
        pid = run.pid("i")
        equal(manager.hear().get("READY"), "1", "READY")
        run.process.send_signal(signal.SIGTERM)
        equal(manager.hear().get("STOPPING"), "1", "STOPPING")
        # Two within 50 ms count as one, so that time has to pass.
        begin = time.monotonic()
        until(lambda: time.monotonic() > begin + 0.1, "a moment")
        run.process.send_signal(signal.SIGTERM)
        run.ends(20)
        expect(not alive(pid), "the program is gone")


@case
def takes_two_signals_at_once_for_one(binary):
    """timeout(1) sends its signal twice: all is stopped in order"""
    with Run(binary, actors("a", "b"), wrapper=["timeout", "60"]) as run:
        run.wait_lines(2)
        run.process.send_signal(signal.SIGTERM)
        run.ends()
        equal(run.lines()[2:], ["b stop", "a stop"], "the stop")


@case
def bounds_the_stop(binary):
    """stop_within bounds the whole stop; who is left is killed and named: exit 1"""
    tree = ('[tree]\nstop_within = "500ms"\n'
            + child("i", STUBBORN, 'directory = "."', 'shutdown = "infinity"'))
    with Run(binary, tree) as run:
        pid = run.pid("i")
        begin = time.monotonic()
        run.process.send_signal(signal.SIGTERM)
        equal(run.ends(), 1, "exit code")
        expect(0.5 <= time.monotonic() - begin < 5, "in time")
        expect(not alive(pid), "the program is gone")
        expect("did not end within 500ms" in run.log()
               and "programs/i" in run.log(), "it is named", run.log())


@case
def says_that_it_does_not_reload(binary):
    """SIGHUP ends nothing, and says that it does nothing yet"""
    with Run(binary, actors("a")) as run:
        run.wait_lines(1)
        run.process.send_signal(signal.SIGHUP)
        run.event("reloaded", "nothing to reload")
        equal(run.lines(), ["a start"], "nothing has happened")


@case
def takes_its_programs_with_it(binary):
    """coppice gets SIGKILL: the programs end, too"""
    with Run(binary, actors("a", "b")) as run:
        run.wait_lines(2)
        pids = run.pid("a"), run.pid("b")
        run.process.kill()
        run.process.wait()
        for pid in pids:
            gone(pid, "a program", 2)


# -- output ------------------------------------------------------------------

@case
def tears_no_line(binary):
    """Two programs that write as fast as they can: no line is torn or lost"""
    count = 20_000
    writer = """#!/usr/bin/env python3
import sys
name, count = sys.argv[1], int(sys.argv[2])
for i in range(count):
    sys.stdout.write(f"{name} {i} " + name * 60 + "\\n")
sys.stdout.write(name * 40_000 + "\\n")
sys.stdout.write("no end " + name)
"""
    tree = "".join(child(name, ["./writer", name, str(count)],
                         'directory = "."', 'restart = "temporary"')
                   for name in "xy")
    with Run(binary, tree, scripts={"writer": writer}) as run:
        until(lambda: run.log().count("no end ") == 2, "both have ended", 60)
        lines = run.log().splitlines()
        for name in "xy":
            mine = [line for line in lines
                    if line.startswith(f"coppice/programs/{name} | ")]
            for i in range(count):
                equal(mine[i],
                      f"coppice/programs/{name} | {name} {i} " + name * 60,
                      "a line")
            expect(len(mine[count]) < 17_000, "a long line is cut",
                   len(mine[count]))
            expect(mine[-1].endswith("no end " + name), "the last line")


@case
def answers_when_nobody_reads(binary):
    """Nobody reads the log: the admin API answers, the writer waits"""
    tree = child("y", ["sh", "-c", "exec yes"])
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "tree.toml")
        file.write_text(tree)
        process = subprocess.Popen(
            [binary, "run", file, "--admin", f"{HOST}:0", "--journal", "off"],
            env=environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            line = process.stdout.readline().decode()
            admin = re.search(r"admin at http://(\S+)", line)[1]
            for _ in range(5):
                done = subprocess.run([binary, "tree", "--admin", admin],
                                      env=environment(), timeout=DEADLINE,
                                      capture_output=True, encoding="utf-8")
                equal(done.returncode, 0, f"coppice tree, {done.stderr}")
        finally:
            process.terminate()
            try:
                process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise Failure("it did not end") from None
            process.stdout.close()
            process.stderr.close()


@case
def writes_json(binary):
    """--log-format json: output is JSON, a line each, with path and stream"""
    tree = child("e", ["sh", "-c", "echo hello; echo oh >&2; exec sleep 60"])
    with Run(binary, tree, "--log-format", "json") as run:
        def said():
            return {(each["path"], each["stream"], each["text"])
                    for line in run.log().splitlines()
                    for each in [json.loads(line)]
                    if each.get("kind") == "output"}
        until(lambda: said() == {("coppice/programs/e", "stdout", "hello"),
                                 ("coppice/programs/e", "stderr", "oh")},
              "both lines")


@case
def notices_an_exit_at_once(binary):
    """sh -c 'sleep 60 & exit 1': the exit is noticed, not the end of output"""
    tree = ("[tree]\nintensity = 0\n"
            + child("s", ["sh", "-c", "sleep 60 & exit 1"]))
    with Run(binary, tree, up=False) as run:
        begin = time.monotonic()
        equal(run.ends(), 4, "exit code")
        expect(time.monotonic() - begin < 5, "at once")


# -- what programs see -------------------------------------------------------

@case
def gives_a_clean_start(binary):
    """No signal is blocked or ignored, no descriptor is open, no limit is raised"""
    looker = """#!/usr/bin/env python3
import json, os, resource, time
status = dict(line.split(":", 1) for line in open("/proc/self/status")
              if line.startswith("Sig"))
seen = {"blocked": int(status["SigBlk"], 16),
        "ignored": int(status["SigIgn"], 16),
        "open": sorted(int(fd) for fd in os.listdir("/proc/self/fd")),
        "nofile": resource.getrlimit(resource.RLIMIT_NOFILE),
        "environment": sorted(os.environ), "cwd": os.getcwd(),
        "session": os.getsid(0) == os.getpid(),
        "stdin": os.readlink("/proc/self/fd/0")}
json.dump(seen, open("seen.new", "w"))
os.rename("seen.new", "seen")
time.sleep(600)
"""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    low = min(soft, 777)

    def lowered():
        resource.setrlimit(resource.RLIMIT_NOFILE, (low, hard))

    with tempfile.TemporaryDirectory() as folder:
        address = os.path.join(folder, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(address)
            manager.settimeout(DEADLINE)
            tree = child("l", ["./looker"], 'directory = "."')
            with Run(binary, tree, scripts={"looker": looker}, preexec=lowered,
                     variables={"NOTIFY_SOCKET": address, "MINE": "1",
                                "COPPICE_ADMIN_TOKEN": "top secret"}) as run:
                text = until(lambda: (run.home / "seen").exists()
                             and (run.home / "seen").read_text(), "a look")
                ready = manager.recv(4096).decode()
            stopping = manager.recv(4096).decode()
    expect("READY=1" in ready, "READY=1", ready)
    expect("STOPPING=1" in stopping, "STOPPING=1", stopping)
    seen = json.loads(text)
    equal(seen["blocked"], 0, "blocked signals")
    # Python itself ignores PIPE and XFSZ.
    equal(seen["ignored"] & ~(1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1),
          0, "ignored signals")
    expect(set(seen["open"]) <= {0, 1, 2, 3}, "descriptors", seen["open"])
    equal(seen["nofile"], [low, hard], "limit on files")
    expect(seen["session"], "it has a session of its own")
    equal(seen["stdin"], "/dev/null", "standard input")
    expect("MINE" in seen["environment"], "it inherits variables")
    for name in ("NOTIFY_SOCKET", "COPPICE_ADMIN_TOKEN"):
        expect(name not in seen["environment"], f"{name} is not passed on")


# -- the end of the container ------------------------------------------------

@case
def passes_the_exit_code_on(binary):
    """exit_code_from: exit 7 is 7, SIGSEGV is 139, a stop is 0"""
    head = '[tree]\nauto_shutdown = "any_significant"\nexit_code_from = "m"\n'

    def tree(command):
        return head + actors("a") + child(
            "m", command, 'restart = "temporary"', "significant = true")

    for command, code in ((["sh", "-c", "exit 7"], 7), (["true"], 0),
                          (["sh", "-c", "kill -SEGV $$$$"], 139)):
        with Run(binary, tree(command), up=False) as run:
            equal(run.ends(), code, f"exit code of {command}, {run.log()}")
            until(lambda: len(run.lines()) == 2, "the other one is stopped")
    with Run(binary, tree(["sleep", "60"])) as run:
        run.process.send_signal(signal.SIGTERM)
        equal(run.ends(), 0, "exit code of a stop")


@case
def gives_up_on_a_transient_one(binary):
    """A transient program that fails beyond the budget: 4"""
    tree = ('[tree]\nauto_shutdown = "any_significant"\nexit_code_from = "m"\n'
            + child("m", ["sh", "-c", "exit 7"], 'restart = "transient"',
                    "significant = true"))
    with Run(binary, tree, up=False) as run:
        equal(run.ends(), 4, f"exit code, {run.log()}")


@case
def runs_one_program(binary):
    """coppice run -- PROGRAM: its output is its own, its exit code is passed on"""
    done = passes_on(binary, "sh", "-c", 'echo "$0 <$1>"; exit 5', "zero", "")
    equal((done.returncode, done.stdout, done.stderr),
          (5, b"zero <>\n", b""), "of sh")
    equal(passes_on(binary, "sh", "-c", "kill -9 $$").returncode, 137, "killed")
    equal(passes_on(binary, "true").returncode, 0, "of true")
    equal(passes_on(binary, "echo", "--", "-x").stdout, b"-- -x\n",
          "a -- of its own")
    missing = passes_on(binary, "no-such-program-here")
    equal(missing.returncode, 1, "of none")
    expect(b"no-such-program-here" in missing.stderr, "it says why",
           missing.stderr)


@case
def refuses_a_wrong_command_line(binary):
    """A wrong command line is exit 2"""
    for words in ([], ["a.toml", "b.toml"], ["--check", "--", "true"],
                  ["--chek", "a.toml"], ["/nowhere/a.toml"]):
        done = subprocess.run([binary, "run", *words], env=environment(),
                              timeout=DEADLINE, capture_output=True)
        equal(done.returncode, 2, f"exit code of {words}, {done.stderr}")


# -- PID 1 -------------------------------------------------------------------

ALONE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]


def needs_namespaces():
    if subprocess.run([*ALONE, "true"], capture_output=True).returncode:
        raise Skip("no PID namespace can be made here; root can")


@case
def is_pid_1(binary):
    """As PID 1: orphans leave no zombie; SIGTERM stops in order: exit 0"""
    needs_namespaces()
    orphans = """#!/bin/sh
i=0
while [ $i -lt 200 ]; do
  sh -c 'sh -c "exit 0" & exec true'
  i=$((i + 1))
done
echo all >>log
exec sleep 600
"""
    for ignored in (False, True):
        wrapper = [*ALONE]
        if ignored:  # SIGCHLD, as who started it left it
            wrapper += [sys.executable, "-c",
                        "import os, signal, sys\n"
                        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
                        "os.execv(sys.argv[1], sys.argv[1:])"]
        tree = actors("a") + child("o", ["./orphans"], 'directory = "."')
        with Run(binary, tree, scripts={"orphans": orphans},
                 wrapper=wrapper) as run:
            until(lambda: "all" in run.lines(), "all orphans are made", 60)
            inner = until(lambda: children(run.process.pid), "PID 1")[0]
            until(lambda: not zombies(inner), "no zombie is left")
            os.kill(inner, signal.SIGTERM)
            equal(run.ends(), 0, f"exit code, {run.log()[-500:]}")
            equal(run.lines()[-1], "a stop", "the last line")


def children(pid):
    text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(each) for each in text.split()]


def zombies(pid):
    found = []
    for each in children(pid):
        try:
            stat = pathlib.Path(f"/proc/{each}/stat").read_text()
        except FileNotFoundError:
            continue
        if stat.rpartition(")")[2].split()[0] == "Z":
            found.append(each)
    return found


@case
def takes_daemons_with_it(binary):
    """A grandchild with a session of its own is gone after the stop"""
    tree = child("d", ["sh", "-c", "setsid sh -c 'echo $$$$ >d.pid; exec sleep "
                       "600' & exec sleep 600"], 'directory = "."')
    with Run(binary, tree) as run:
        pid = run.pid("d")
        equal(run.run("stop", "programs/d").returncode, 0, "coppice stop")
        expect(not alive(pid), "it is gone")


# -- --check -----------------------------------------------------------------

@case
def says_what_is_wrong(binary):
    """All that is wrong is said at once, with lines: exit 2, nothing started"""
    text = """[tree]
[[child]]
id = "web"
comand = "touch /tmp/never"
command = "a | b"
environment = { TOKEN = "${SHOP_TOKEN}" }
significant = true
ready = { when = "notify" }
restart = "transient"
[[child]]
id = "web"
command = "x"
"""
    code, out, err = check(binary, text)
    equal((code, out), (2, ""), "exit code and output")
    equal(err.splitlines(), [
        'coppice: tree.toml:4: child "web": unknown key "comand"; did you mean '
        '"command"?',
        'coppice: tree.toml:5: child "web": "|" needs a shell: command = '
        '["sh", "-c", "…"]',
        'coppice: tree.toml:6: child "web": ${SHOP_TOKEN} is not set, and has '
        'no default',
        'coppice: tree.toml:7: child "web": significant needs auto_shutdown of '
        'its supervisor (bad_combination)',
        'coppice: tree.toml:8: child "web": ready when "notify" needs '
        'ready_within',
        'coppice: tree.toml:11: child "web": id is used twice (line 3)',
    ], "errors")
    code, _, err = check(binary, "services:\n  web:\n    image: x\n")
    equal((code, err), (2, 'coppice: tree.toml:1: expected TOML; "services:" '
                        'looks like a docker-compose file, see "From '
                        'docker-compose"\n'), "of a docker-compose file")


@case
def checks_the_user(binary):
    """A user that one cannot become is said"""
    if os.geteuid() == 0:
        wrapper = ["setpriv", "--reuid", "65534", "--clear-groups"]
    else:
        wrapper = []
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        file = pathlib.Path(folder, "tree.toml")
        file.write_text(child("w", "true", 'user = "root"'))
        copy = pathlib.Path(folder, "coppice")
        shutil.copy(binary, copy)
        done = subprocess.run([*wrapper, copy, "run", file, "--check"],
                              env=environment(), timeout=DEADLINE,
                              capture_output=True, encoding="utf-8")
    equal(done.returncode, 2, f"exit code, {done.stderr}")
    expect('user "root" needs root, or to be root already (uid 0)'
           in done.stderr, "it is said", done.stderr)


@case
def is_not_replaced(binary):
    """coppice upgrade says that the programs are children of the process"""
    with Run(binary, child("a", "sleep 60")) as run:
        done = run.run("upgrade")
        equal(done.returncode, 1, "exit code")
        expect("its children" in done.stderr, "it says why", done.stderr)


@case
def checks_without_starting(binary):
    """--check draws the tree, and executes nothing"""
    if not shutil.which("strace"):
        raise Skip("strace is not installed")
    tree = ('[tree]\nname = "shop"\n'
            + child("a", "sleep 60", 'shutdown = "3s"'))
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "tree.toml")
        file.write_text(tree)
        trace = pathlib.Path(folder, "trace")
        # LeakSanitizer does not work in a process that is traced.
        done = subprocess.run(
            ["strace", "-E", "ASAN_OPTIONS=detect_leaks=0", "-f", "-e", "trace=execve,clone,clone3,fork,vfork",
             "-o", trace, binary, "run", file, "--check"], env=environment(),
            timeout=DEADLINE, capture_output=True, encoding="utf-8")
        if done.returncode != 0 and "ptrace" in done.stderr:
            raise Skip("nothing may be traced here")
        equal(done.returncode, 0, f"exit code, {done.stderr}")
        calls = trace.read_text()
    equal(calls.count("execve("), 1, f"programs executed, {calls}")
    expect("longest stop: 3s" in done.stdout, "the stop", done.stdout)
    expect("gives up after 2 crashes at once" in done.stdout, "giving up",
           done.stdout)
    code, _, err = check(binary, child("a", "no-such-program-here"))
    equal(code, 2, "exit code")
    expect("no-such-program-here" in err, "what is missing is named", err)


# -- a life like any other ---------------------------------------------------

@case
def knows_the_commands(binary):
    """tree, why, kill, restart and metrics know programs"""
    with Run(binary, "[tree]\nintensity = 9\n" + actors("a")) as run:
        first = run.pid("a")
        expect("a" in run.run("tree").stdout, "tree", run.run("tree").stdout)
        equal(run.run("kill", "programs/a").returncode, 0, "coppice kill")
        until(lambda: run.pid("a") != first, "another one")
        equal(run.why("a")[0]["reason"], "killed", "reason")
        second = run.pid("a")
        equal(run.run("restart", "programs/a").returncode, 0, "restart")
        until(lambda: run.pid("a") != second, "another one")
        expect("coppice_events_total" in run.get("/metrics"), "metrics")


@case
def is_found_by_the_healthcheck(binary):
    """healthcheck without --admin finds coppice run, and says that it is well"""
    needs_namespaces()
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
    look = """#!/bin/sh
while ! "$1" healthcheck; do sleep 0.1; done
echo well >>log
exec sleep 600
"""
    tree = child("h", ["./look", binary], 'directory = "."')
    with Run(binary, tree, scripts={"look": look}, wrapper=ALONE,
             admin=f"{HOST}:{port}") as run:
        equal(run.wait_lines(1), ["well"], "what it says")
        inner = children(run.process.pid)[0]
        os.kill(inner, signal.SIGTERM)
        equal(run.ends(), 0, "exit code")


@case
def runs_the_shop(binary):
    """The example: PostgreSQL, a web program and a visitor; a crash is healed"""
    folders = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not folders or not shutil.which("curl"):
        raise Skip("PostgreSQL or curl is not installed")
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        raise Skip("PostgreSQL does not run as root")
    example = pathlib.Path(__file__).resolve().parents[2] / "examples/run"
    wrapper = []
    with tempfile.TemporaryDirectory() as folder, socket.create_server(
            (HOST, 0)) as taken:
        port = taken.getsockname()[1]
        taken.close()
        os.chmod(folder, 0o777)
        here = pathlib.Path(folder, "example")
        shutil.copytree(example, here)
        copy = pathlib.Path(folder, "coppice")
        shutil.copy(binary, copy)
        if os.geteuid() == 0:
            wrapper = ["setpriv", "--reuid", "postgres", "--regid", "postgres",
                       "--clear-groups"]
        variables = {"SHOP_PG": str(folders[-1].parent), "SHOP_PORT": str(port),
                     "SHOP_DATA": folder + "/shop", "HOME": folder}
        with Run(copy, "", file=here / "shop.toml", wrapper=wrapper,
                 variables=variables) as run:
            until(lambda: "| visit 1" in run.log(), "a visit")
            equal(run.run("kill", "storage/postgres").returncode, 0, "kill")
            run.event("child_restarted", "storage/postgres")
            seen = run.log().count("| visit ")
            until(lambda: run.log().count("| visit ") > seen, "more visits")


if __name__ == "__main__":
    sys.exit(main(sys.argv))
