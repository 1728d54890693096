#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A server whose process is replaced by another one: `coppice upgrade`.

usage: upgrade_test.py COPPICE [WORD]
"""

import ctypes
import http.client
import json
import os
import pathlib
import random
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time

from clients import echoes
from manager import Manager
from serving import (DEADLINE, HOST, Failure, Server, Skip, case, environment,
                     equal, expect, main, until)

PR_SET_CHILD_SUBREAPER = 36
CLIENTS = 64
REPLACEMENTS = 50


class Upgraded(Server):
    """`coppice serve` whose process may be another one by now."""

    def __init__(self, binary, *options, **more):
        # So that the exit codes of orphans are known.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        super().__init__(binary, *options, **more)
        self.codes = {}

    def state(self):
        return json.loads(self.get("/upgrade"))

    def pid(self):
        return self.state()["pid"]

    def upgrade(self, *words):
        done = self.run("upgrade", *words)
        equal(done.returncode, 0, f"exit code of upgrade, {done.stderr}")
        return done.stdout

    def refused(self, *words):
        done = self.run("upgrade", *words)
        equal(done.returncode, 1, f"exit code of upgrade, {done.stdout}")
        return done.stderr

    def code_of(self, pid):
        """Waits for the end of that process."""
        def ended():
            if pid not in self.codes:
                if pid == self.process.pid:
                    if self.process.poll() is not None:
                        self.codes[pid] = self.process.returncode
                    return pid in self.codes
                try:
                    found, status = os.waitpid(pid, os.WNOHANG)
                except ChildProcessError:
                    return False  # the process that started it lives
                if found:
                    self.codes[pid] = os.waitstatus_to_exitcode(status)
            return pid in self.codes
        until(ended, f"the end of process {pid}", 3 * DEADLINE)
        return self.codes[pid]

    def end(self):
        try:
            pid = self.pid()
        except (AttributeError, OSError, http.client.HTTPException):
            pid = self.process.pid  # it did not start, or has ended
        if pid == self.process.pid:
            return super().end()
        os.kill(pid, signal.SIGTERM)
        code = self.code_of(pid)
        self.process.wait(DEADLINE)
        self.process.stdout.close()
        self.last_words = self.log()
        self.folder.cleanup()
        return code


def by_unix_socket(folder):
    return f"unix:{folder}/admin.sock"


class WithUnixAdmin(Upgraded):
    """One that may be told which program to run."""

    def launch(self, binary, *options):
        self.where = by_unix_socket(self.folder.name)
        line = super().launch(binary, *options, "--admin-token-file",
                              self.token_file())
        return line

    def token_file(self):
        file = pathlib.Path(self.folder.name, "token")
        file.write_text("a-token-that-is-long-enough-for-it\n")
        file.chmod(0o600)
        return str(file)

    def run(self, *words):
        return super().run(*words, "--token-file", self.token_file())


def program(server, text, name="program"):
    """A script to be run in place of coppice."""
    file = pathlib.Path(server.folder.name, name)
    file.write_text(text)
    file.chmod(0o755)
    return str(file)


def has_ended(pid):
    """Whether that process is no more, and was reaped."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:  # it may be the child of one before it
        return not os.path.exists(f"/proc/{pid}")


def serves(server):
    with server.connect() as client:
        echoes(client)


# -- one replacement ---------------------------------------------------------

@case
def goes_on_with_another_process(binary):
    """clients stay, new ones come to the new process, and the old one ends"""
    with Upgraded(binary, drain="60s") as server:
        old = server.pid()
        with server.connect() as early:
            echoes(early)
            text = server.upgrade()
            new = server.pid()
            expect(new != old, "another process serves", text)
            expect(f"process {new} (" in text
                   and f"process {old} ends when its last connection has"
                   in text, "it says what happened", text)
            echoes(early)
            serves(server)
            earlier = server.state()["earlier"]
            equal((earlier["pid"], earlier["connections"], earlier["ended"]),
                  (old, 1, False), "the earlier process")
        equal(server.code_of(old), 0, "exit code of the old process")
        until(lambda: server.state()["earlier"]["ended"],
              "the new process knows of the end of the old one")
        log = server.log()
        for words in (f"was replaced: process {new} serves now; 1 connection",
                      f"has taken over: from process {old} (",
                      f"process {old}, which this one replaced, has ended"):
            expect(words in log, f"the log says {words}", log[-1500:])
        serves(server)


@case
def counters_go_on(binary):
    """what the old process counted, and counts, is in the new one's numbers"""
    with Upgraded(binary, drain="60s") as server:
        with server.connect() as early:
            echoes(early)
            serves(server)
            before = until(lambda: server.counters()["closed"] == 1
                           and server.counters(), "one is closed")
            server.upgrade()
            equal(server.counters()["accepted"], before["accepted"],
                  "accepted, right after")
            serves(server)
            equal(server.counters()["accepted"], 3, "accepted")
            echoes(early)
            expect(server.counters()["bytes_in"] > before["bytes_in"],
                   "what the old one still counts is there")
        until(lambda: server.state()["earlier"]["ended"], "the old one ends")
        until(lambda: server.counters()["closed"] == 3, "all three are closed")
        accepted = [line for line in server.get("/metrics").splitlines()
                    if line.startswith("coppice_connections_accepted_total{")]
        equal(sum(float(line.rpartition(" ")[2]) for line in accepted), 3,
              "the metric")
        equal(sum(each["counters"]["accepted"]
                  for each in server.listener()["reactors"]), 3,
              "the sum over the reactors")


@case
def keeps_what_was_changed(binary):
    """limits that were set by hand, and a suspended listener, stay so"""
    with Upgraded(binary, "--max-connections", "10") as server:
        equal(server.run("limit", "--max-connections", "3").returncode, 0, "limit")
        server.upgrade()
        equal(server.listener()["limits"]["max_connections"], 3, "the limit")
        equal(server.run("suspend", "echo").returncode, 0, "suspend")
        server.upgrade()
        equal(server.listener()["state"], "suspended", "its state")
        try:
            server.connect().close()
            raise Failure("a suspended listener took a client")
        except ConnectionRefusedError:
            pass
        equal(server.run("resume", "echo").returncode, 0, "resume")
        serves(server)


@case
def keeps_the_file_of_a_unix_socket(binary):
    """the file of a Unix socket stays, and goes with the last process"""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/echo.sock"
        with Upgraded(binary, "--unix-mode", "0600",
                      bind=f"unix:{path}") as server:
            before = os.stat(path)
            server.upgrade()
            server.upgrade()
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(path)
                echoes(client)
            after = os.stat(path)
            equal(after.st_ino, before.st_ino, "the file")
            equal(stat.S_IMODE(after.st_mode), 0o600, "its mode")
        expect(not os.path.exists(path), "the file goes with the server")


@case
def follows_a_changed_file(binary):
    """the new process serves what the configuration file says by now"""
    one = '[[listener]]\nname = "one"\nport = 0\nbind = "127.0.0.1"\n'
    two = one.replace("one", "two")

    class Configured(Upgraded):
        def __init__(self, *options):
            self.folder = tempfile.TemporaryDirectory()
            self.codes = {}
            self.file = pathlib.Path(self.folder.name, "coppice.toml")
            self.file.write_text(one)
            self.launch(binary, "--config", str(self.file), *options)

        def listeners(self):
            return {each["name"]: int(each["local"].rpartition(":")[2])
                    for each in json.loads(self.get("/listeners"))["listeners"]}

    with Configured() as server:
        ports = server.listeners()
        server.file.write_text(one + "portt = 1\n")
        text = server.refused()
        expect("serves on" in text and "exit code 2" in text,
               "a wrong file is refused", text)
        expect("portt" in server.log(), "the log says what is wrong with it")
        server.file.write_text(one + two)
        server.upgrade()
        both = server.listeners()
        equal(sorted(both), ["one", "two"], "its listeners")
        equal(both["one"], ports["one"], "the port of one")
        server.port = both["two"]
        serves(server)
        server.file.write_text(two)
        server.upgrade()
        equal(server.listeners(), {"two": both["two"]}, "its listeners")
        until(lambda: server.state()["earlier"]["ended"], "the old one ends")
        server.port = both["one"]
        try:
            server.connect().close()
            raise Failure("a listener that is gone took a client")
        except ConnectionRefusedError:
            pass


@case
def is_replaced_again(binary):
    """a process that is replaced twice counts the clients of both before it"""
    with Upgraded(binary, drain="60s") as server:
        first = server.pid()
        with server.connect() as one:
            echoes(one)
            server.upgrade()
            second = server.pid()
            with server.connect() as two:
                echoes(two)
                server.upgrade()
                earlier = server.state()["earlier"]
                equal((earlier["pid"], earlier["connections"]), (second, 2),
                      "the earlier process")
                echoes(one)
                echoes(two)
                equal(server.counters()["accepted"], 2, "accepted")
        equal(server.code_of(first), 0, "exit code of the first")
        equal(server.code_of(second), 0, "exit code of the second")


@case
def keeps_one_journal(binary):
    """one journal holds what both processes did, each as a run of its own"""
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/journal.db"
        with Upgraded(binary, "--journal", file) as server:
            old = server.pid()
            server.upgrade()
            new = server.pid()
            server.code_of(old)
        text = subprocess.run(
            [binary, "events", "--journal", file, "--json"], check=True,
            env=environment(), capture_output=True, encoding="utf-8",
            timeout=DEADLINE).stdout
        events = [json.loads(line) for line in text.splitlines()]
        replaced = [each for each in events if each["kind"] == "replaced"]
        took = [each for each in events if each["kind"] == "took_over"]
        equal(len(replaced), 1, "times that one was replaced")
        equal(len(took), 1, "times that one took over")
        expect(str(new) in replaced[0]["text"], "the old one names the new")
        expect(str(old) in took[0]["text"], "the new one names the old")
        expect(replaced[0]["run"] < took[0]["run"], "the runs differ", events)


# -- a program that is of no use ---------------------------------------------

@case
def serves_on_if_the_new_one_is_of_no_use(binary):
    """whatever the new program does, the old process serves on and says why"""
    with WithUnixAdmin(binary) as server:
        folder = server.folder.name
        old = server.pid()
        plain = f"{folder}/plain"
        pathlib.Path(plain).write_text("no program\n")
        with server.connect() as client:
            for made, words in (
                    ("/no/such/program", "No such file"),
                    (folder, "it is no file"),
                    (plain, "Permission denied"),
                    ("/bin/false", "exit code 1"),
                    ("/bin/true", "exit code 0"),
                    (program(server, "#!/bin/sh\nkill -SEGV $$\n", "a"),
                     "SIGSEGV"),
                    (program(server, "#!/no/such/shell\n", "b"),
                     "No such file"),
                    (program(server, f"#!{sys.executable}\nimport os, signal\n"
                             "end = int(os.environ['COPPICE_HANDOVER'])\n"
                             "os.write(end, bytes([255]) * 64)\n"
                             "signal.pause()\n", "c"),
                     "it sends what is no message")):
                seen = server.refused(made, "--timeout", "2s")
                expect(words in seen, f"{made}: {words}", seen)
                echoes(client)
                serves(server)
            begin = time.monotonic()
            text = server.refused(program(
                server, "#!/bin/sh\nexec sleep 60\n"), "--timeout", "1s")
            expect("not ready in time" in text, "one that hangs", text)
            expect(time.monotonic() - begin < 5, "it is not waited for long")
            echoes(client)
        equal(server.pid(), old, "the process")
        equal(server.state()["stage"], "failed", "the stage")
        server.event("upgrade_failed", "not ready in time")
        server.upgrade()
        serves(server)


@case
def the_new_one_serves_if_the_old_one_dies(binary):
    """if the old process is killed before it lets go, the new one serves"""
    with WithUnixAdmin(binary) as server:
        old = server.pid()
        # It kills the old one once that has said what it gives.
        path = program(server, f"#!{sys.executable}\n"
                       "import os, signal, socket, sys\n"
                       "end = int(os.environ['COPPICE_HANDOVER'])\n"
                       "os.set_blocking(end, True)\n"
                       "with socket.socket(fileno=os.dup(end)) as said:\n"
                       "    said.recv(1, socket.MSG_PEEK)\n"
                       "os.kill(os.getppid(), signal.SIGKILL)\n"
                       f"os.execv({binary!r}, [{binary!r}, *sys.argv[1:]])\n")
        server.run("upgrade", path)
        equal(server.code_of(old), -signal.SIGKILL, "exit code of the old one")

        def other():
            try:
                return server.pid() != old
            except (OSError, http.client.HTTPException):
                return False
        until(other, "the new process serves")
        serves(server)
        expect("which has ended" in server.log(), "it says so", server.log())


@case
def a_stop_ends_both(binary):
    """a signal that means stop, while the new one starts, ends the server"""
    server = WithUnixAdmin(binary)
    old = server.pid()
    path = program(server, f"#!/bin/sh\necho $$ >{server.folder.name}/pid\n"
                           "exec sleep 60\n")
    asked = threading.Thread(target=server.run, args=("upgrade", path))
    asked.start()
    child = pathlib.Path(server.folder.name, "pid")
    until(lambda: child.exists() and child.read_text().strip(), "it starts")
    pid = int(child.read_text())
    os.kill(old, signal.SIGTERM)
    equal(server.code_of(old), 0, "exit code of the server")
    until(lambda: not os.path.exists(f"/proc/{pid}"), "the new one has ended")
    asked.join()
    server.process.stdout.close()
    server.folder.cleanup()


# -- who may ask, and when ---------------------------------------------------

@case
def one_at_a_time(binary):
    """while one replacement is on its way, another one is refused"""
    with WithUnixAdmin(binary) as server:
        path = program(server, "#!/bin/sh\nexec sleep 60\n")
        first = threading.Thread(
            target=server.run, args=("upgrade", path, "--timeout", "2s"))
        first.start()
        until(lambda: server.state()["stage"] == "starting", "the first begins")
        text = server.refused()
        expect("is about to replace this one already" in text, "refused", text)
        first.join()


@case
def a_program_needs_its_owner(binary):
    """without token or Unix socket nobody can say which program runs"""
    with Upgraded(binary) as server:
        text = server.refused("/bin/true")
        expect("--admin-token-file" in text, "it says what to do", text)
        equal(server.state()["stage"], "none", "nothing was started")


@case
def process_1_is_not_replaced(binary):
    """process 1 of a container refuses, since all would end with it"""
    if os.geteuid() != 0:
        raise Skip("needs root, for a PID namespace")
    with tempfile.TemporaryDirectory() as folder:
        where = by_unix_socket(folder)
        process = subprocess.Popen(
            ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child",
             binary, "serve", "0", "--bind", HOST, "--admin", where,
             "--journal", "off"], env=environment(),
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8")
        try:
            if not process.stdout.readline():
                raise Skip("no PID namespace can be made here")
            done = subprocess.run(
                [binary, "upgrade", "--admin", where], env=environment(),
                capture_output=True, encoding="utf-8", timeout=DEADLINE)
            equal(done.returncode, 1, "exit code")
            expect("replace the container" in done.stderr, "it says what to do",
                   done.stderr)
        finally:
            process.kill()
            process.wait(DEADLINE)
            process.stdout.close()


@case
def the_variable_alone_does_nothing(binary):
    """COPPICE_HANDOVER without a process behind it is an error with a way out"""
    done = subprocess.run(
        [binary, "serve", "0", "--admin", "off", "--journal", "off"],
        env={**environment(), "COPPICE_HANDOVER": "0"}, timeout=DEADLINE,
        capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL)
    equal(done.returncode, 1, "exit code")
    expect("unset it" in done.stderr, "it says what to do", done.stderr)


# -- beside a service manager ------------------------------------------------

@case
def tells_the_service_manager(binary):
    """the service manager learns which process is the service now"""
    with Manager() as manager:
        with Upgraded(binary) as server:
            manager.hear_until("READY")
            server.upgrade()
            new = server.pid()
            equal(manager.hear_until("MAINPID")["MAINPID"], str(new), "MAINPID")
            equal(manager.hear_until("READY")["READY"], "1", "READY")


@case
def passes_passed_sockets_on(binary):
    """sockets of a service manager go from process to process"""
    with socket.socket() as listening, tempfile.TemporaryDirectory() as folder:
        listening.bind((HOST, 0))
        listening.listen()
        port = listening.getsockname()[1]
        where = by_unix_socket(folder)
        start = ("import os, sys\n"
                 "os.dup2(int(sys.argv[1]), 3)\n"
                 "os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()),"
                 " LISTEN_FDNAMES='echo')\n"
                 "os.execv(sys.argv[2], sys.argv[2:])\n")
        process = subprocess.Popen(
            [sys.executable, "-c", start, str(listening.fileno()), binary,
             "serve", "--admin", where, "--journal", "off"],
            env=environment(), pass_fds=[listening.fileno()],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8")
        expect(f":{port} (" in process.stdout.readline(), "it serves there")
        for _ in range(2):
            done = subprocess.run(
                [binary, "upgrade", "--admin", where], env=environment(),
                capture_output=True, encoding="utf-8", timeout=DEADLINE)
            equal(done.returncode, 0, f"exit code, {done.stderr}")
            with socket.create_connection((HOST, port), DEADLINE) as client:
                echoes(client)
        pid = int(re.match(r"process (\d+) ", done.stdout)[1])
        os.kill(pid, signal.SIGTERM)
        until(lambda: has_ended(pid), "its end")
        process.wait(DEADLINE)
        process.stdout.close()


# -- many --------------------------------------------------------------------

class Checker(threading.Thread):
    """Connects again and again, and checks each byte that comes back."""

    def __init__(self, server, seed):
        super().__init__()
        self.server = server
        self.random = random.Random(seed)
        self.over = threading.Event()
        self.problem = None
        self.conversations = 0

    def run(self):
        try:
            while not self.over.is_set():
                self.converse()
                self.conversations += 1
        except Exception as problem:
            self.problem = problem

    def converse(self):
        with self.server.connect() as client:
            for _ in range(self.random.randrange(1, 40)):
                sent = self.random.randbytes(self.random.randrange(1, 4000)
                                             ).replace(b"stop", b"go") + b"\n"
                client.sendall(sent)
                seen = b""
                while len(seen) < len(sent):
                    some = client.recv(len(sent) - len(seen))
                    expect(some, "the server closes before all came back",
                           (len(seen), len(sent)))
                    seen += some
                expect(seen == sent, "wrong bytes came back")
            client.shutdown(socket.SHUT_WR)
            equal(client.recv(1), b"", "what comes after the end")


class Scraper(threading.Thread):
    """Reads the metrics all the time: no counter goes back."""

    def __init__(self, server):
        super().__init__()
        self.server = server
        self.over = threading.Event()
        self.problem = None
        self.scrapes = 0

    def run(self):
        last = {}
        try:
            while not self.over.is_set():
                for line in self.server.get("/metrics").splitlines():
                    name, _, value = line.rpartition(" ")
                    if re.search(r"_(total|count|sum|bucket)(\{|$)", name) \
                            and not name.startswith(("#", "coppice_tcp_")):
                        expect(float(value) >= last.get(name, 0) - 1e-9,
                               f"{name} went back", (last.get(name), value))
                        last[name] = float(value)
                self.scrapes += 1
        except Exception as problem:
            self.problem = problem


@case
def loses_nothing_in_fifty_replacements(binary):
    """fifty replacements under 64 checking clients: nothing lost or refused"""
    with Upgraded(binary, drain="60s") as server:
        threads = [Checker(server, seed) for seed in range(CLIENTS)]
        scraper = Scraper(server)
        for each in (*threads, scraper):
            each.start()
        pids = [server.pid()]
        try:
            for _ in range(REPLACEMENTS):
                server.upgrade()
                pids.append(server.pid())
        finally:
            for each in (*threads, scraper):
                each.over.set()
            for each in (*threads, scraper):
                each.join()
        for each in (*threads, scraper):
            if each.problem:
                raise each.problem
        equal(len(set(pids)), REPLACEMENTS + 1, "processes")
        for pid in pids[:-1]:
            equal(server.code_of(pid), 0, f"exit code of {pid}")
        conversations = sum(each.conversations for each in threads)
        until(lambda: server.counters()["accepted"] == conversations,
              "all conversations are counted")
        return (f"{conversations} conversations, {scraper.scrapes} scrapes")


if __name__ == "__main__":
    sys.exit(main(sys.argv))
