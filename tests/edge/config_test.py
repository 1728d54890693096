#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A server that a configuration file describes: several listeners, what is done
when the file changes, and what is said about one that is wrong.

usage: config_test.py COPPICE [WORD]
"""

import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

from certificates import Certificates
from clients import context, echoes
from serving import (DEADLINE, HOST, Server, case, environment, equal, expect,
                     main, until)

TWO = """
[[listener]]
name = "one"
port = 0
bind = "127.0.0.1"
drain_timeout = "200ms"

[[listener]]
name = "two"
port = 0
bind = "127.0.0.1"
topology = "supervised"
acceptors = 1
"""


class Configured(Server):
    """`coppice serve --config` with this text; a context manager."""

    def __init__(self, binary, text, *options):
        self.folder = tempfile.TemporaryDirectory()
        self.file = pathlib.Path(self.folder.name, "coppice.toml")
        self.file.write_text(text)
        self.launch(binary, "--config", str(self.file), *options)

    def listeners(self):
        return {each["name"]: each
                for each in json.loads(self.get("/listeners"))["listeners"]}

    def port_of(self, name):
        return int(self.listeners()[name]["local"].rpartition(":")[2])

    def client(self, name):
        self.port = self.port_of(name)
        return self.connect()

    def rewrite(self, text):
        fresh = self.file.with_suffix(".new")
        fresh.write_text(text)
        os.rename(fresh, self.file)

    def reloads(self, text):
        """The lines that `coppice reload` prints."""
        self.rewrite(text)
        done = self.run("reload")
        equal(done.returncode, 0, f"exit code of reload, {done.stderr}")
        return done.stdout.splitlines()

    def refuses(self, text):
        """What `coppice reload` says about a file that it does not take."""
        self.rewrite(text)
        done = self.run("reload")
        equal(done.returncode, 1, f"exit code of reload, {done.stdout}")
        return done.stderr


def free_port():
    with socket.create_server((HOST, 0)) as taken:
        return taken.getsockname()[1]


def speaks(client, text=b"hello\n"):
    client.sendall(text)
    got = b""
    while len(got) < len(text):
        more = client.recv(100)
        expect(more, "the connection goes on")
        got += more
    equal(got, text, "echo")


def is_over(client):
    client.settimeout(DEADLINE)
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def refused(port):
    try:
        socket.create_connection((HOST, port), DEADLINE).close()
    except ConnectionRefusedError:
        return True
    return False


def starts(binary, text, *options):
    """Exit code and what is said, of a server that does not start."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "c.toml")
        file.write_text(text)
        done = subprocess.run(
            [binary, "serve", "--config", file, "--admin", f"{HOST}:0",
             "--journal", "off", *options], env=environment(),
            timeout=DEADLINE, capture_output=True, encoding="utf-8")
        return (done.returncode, done.stdout,
                done.stderr.replace(str(file), "c.toml"))


# -- several listeners -------------------------------------------------------

@case
def several(binary):
    """Each listener has its port, its supervisor and its topology"""
    with Configured(binary, TWO) as server:
        for name in ("one", "two"):
            with server.client(name) as client:
                speaks(client)
        all_of_them = server.listeners()
        equal(list(all_of_them), ["one", "two"], "listeners")
        equal(all_of_them["two"]["topology"], "supervised", "topology")
        equal(all_of_them["one"]["counters"]["accepted"], 1, "accepted by one")
        tree = server.run("tree").stdout
        for part in ("listener:one", "listener:two", "connections:0"):
            expect(part in tree, f"{part} is in the tree", tree)


@case
def apart(binary):
    """A listener whose acceptors use up their budget comes back, and the other
    loses nothing"""
    with Configured(binary, TWO.replace('name = "one"',
                                        'name = "one"\nmax_restarts = 1\n'
                                        'acceptors = 1')) as server, \
            server.client("two") as other:
        speaks(other)
        path = "coppice/listener:one/accepting/acceptors/acceptor:0"
        for _ in range(2):
            equal(server.run("kill", path).returncode, 0, "exit code of kill")
            until(lambda: "acceptor:0" in server.run("tree").stdout, "a tree")
        server.event("gave_up", "")
        until(lambda: server.listeners()["one"]["state"] == "listening",
              "the listener is back")
        speaks(other)


@case
def drained(binary):
    """SIGTERM drains all of them, for as long as the longest timeout"""
    with Configured(binary, TWO.replace('"supervised"',
                                        '"supervised"\ndrain_timeout = "20s"')
                    ) as server:
        clients = [server.client(name) for name in ("one", "two")]
        ports = [server.port_of(name) for name in ("one", "two")]
        for each in clients:
            speaks(each)
        server.process.send_signal(signal.SIGTERM)
        until(lambda: all(map(refused, ports)), "both ports closed")
        for each in clients:
            speaks(each)
            each.sendall(b"stop\n")
            expect(is_over(each), "it ends when its client asks for it")
            each.close()
        equal(server.process.wait(5), 0, "exit code, long before 20 s")


@case
def passed_sockets(binary):
    """Sockets of a service manager go to listeners by their names"""
    starter = ("import os, sys\n"
               "os.environ['LISTEN_PID'] = str(os.getpid())\n"
               "os.execv(sys.argv[1], sys.argv[1:])\n")
    with socket.create_server((HOST, 0)) as first, \
            socket.create_server((HOST, 0)) as second, \
            tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "c.toml")
        file.write_text('[[listener]]\nname = "a"\n[[listener]]\nname = "b"\n')
        ports = [each.getsockname()[1] for each in (first, second)]
        numbers = [os.dup(each.fileno()) for each in (second, first)]

        def in_place():
            for to, number in enumerate(numbers, 3):
                os.dup2(number, to + 50)
            for to in (3, 4):
                os.dup2(to + 50, to)

        process = subprocess.Popen(
            [sys.executable, "-c", starter, binary, "serve", "--config",
             str(file), "--admin", "off", "--journal", "off"],
            env=environment() | {"LISTEN_FDS": "2", "LISTEN_FDNAMES": "b:a"},
            preexec_fn=in_place, close_fds=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
        lines = [process.stdout.readline() for _ in range(3)]
        for number in numbers:
            os.close(number)
        process.terminate()
        said = process.communicate(timeout=DEADLINE)
        for name, port, line in zip("ab", ports, lines[1:]):
            expect(re.search(rf"{name} +{HOST}:{port} ", line),
                   f"{name} is on {port}", (lines, said))


# -- changes -----------------------------------------------------------------

@case
def limits_live(binary):
    """A new limit holds at once, open connections go on, and no other key of
    the listener changes"""
    with Configured(binary, TWO) as server, server.client("one") as client:
        speaks(client)
        said = server.reloads(TWO.replace('name = "one"',
                                          'name = "one"\nmax_connections = 7'))
        equal(said, ["listener one: max_connections is 7 now; it was its "
                     "default"], "what it said")
        equal(server.listeners()["one"]["limits"]["max_connections"], 7,
              "limit")
        speaks(client)
        equal(server.reloads(TWO)[0], "listener one: max_connections is its "
              "default now; it was 7", "what it said")
        equal(server.listeners()["one"]["limits"]["max_connections"], None,
              "limit")
        speaks(client)


@case
def limits_by_hand(binary):
    """A limit that was set by hand stays when the file changes another one"""
    with Configured(binary, TWO) as server:
        equal(server.run("limit", "one", "--max-connections", "9").returncode, 0,
              "exit code of limit")
        server.reloads(TWO.replace('name = "one"',
                                   'name = "one"\nidle_timeout = "1m"'))
        limits = server.listeners()["one"]["limits"]
        equal((limits["max_connections"], limits["idle_ms"]), (9, 60000),
              "limits")


@case
def added_and_removed(binary):
    """A listener is added, another removed; the third loses no connection"""
    port = free_port()
    first, second = TWO.split("\n\n")
    with Configured(binary, TWO) as server, \
            server.client("one") as kept, server.client("two") as gone:
        speaks(kept)
        speaks(gone)
        old_port = server.port_of("two")
        said = server.reloads(
            first + '\n\n[[listener]]\nname = "three"\nprotocol = "line"\n'
            f'bind = "127.0.0.1"\nport = {port}\n')
        equal(sorted(said), [f"listener three: added, on 127.0.0.1:{port}",
                             "listener two: removed; 1 connection was ended"],
              "what it said")
        expect(is_over(gone), "the connection of the removed one is over")
        expect(refused(old_port), "its port is closed")
        speaks(kept)
        with server.client("three") as client:
            speaks(client)
        tree = server.run("tree").stdout
        expect("listener:two" not in tree and "listener:three" in tree,
               "the tree has the new one alone", tree)
        server.event("reloaded", "listener two: removed")


@case
def opened_anew(binary):
    """A listener with another port is opened anew, and says why"""
    port = free_port()
    with Configured(binary, TWO) as server, \
            server.client("one") as other, server.client("two") as client:
        speaks(other)
        speaks(client)
        said = server.reloads(TWO.replace(
            'name = "two"\nport = 0', f'name = "two"\nport = {port}'))
        equal(said, ["listener two: opened anew (port); 1 connection was "
                     "ended"], "what it said")
        expect(is_over(client), "its connection is over")
        with server.client("two") as fresh:
            equal(server.port, port, "port")
            speaks(fresh)
        speaks(other)


@case
def slow_reader(binary):
    """A client that reads nothing cannot keep a reload for ever"""
    endless = TWO.replace('topology = "supervised"',
                          'topology = "supervised"\ngoodbye_timeout = "off"')
    with Configured(binary, endless) as server, server.client("two") as client:
        client.settimeout(1)
        try:
            while True:
                client.sendall(bytes(65536))
        except TimeoutError:
            pass
        begin = time.monotonic()
        equal(server.reloads(TWO.split("\n\n")[0]),
              ["listener two: removed; 1 connection was ended"], "it said")
        took = time.monotonic() - begin
        expect(2 < took < 8, "it waited for the client, a while", took)
    return f"{took:.1f} s"


@case
def same_port_for_another(binary):
    """A listener may take the port of one that is removed by the same file"""
    port = free_port()
    one = f'[[listener]]\nname = "a"\nbind = "{HOST}"\nport = {port}\n'
    with Configured(binary, one) as server:
        server.reloads(one.replace('"a"', '"b"'))
        with server.client("b") as client:
            equal(server.port, port, "port")
            speaks(client)


@case
def nothing_changed(binary):
    """The same file changes nothing, and neither does a comment"""
    with Configured(binary, TWO) as server, server.client("one") as client:
        speaks(client)
        for text in (TWO, "# a comment\n" + TWO):
            equal(server.reloads(text), ["nothing has changed"], "it said")
        speaks(client)


@case
def by_signal(binary):
    """SIGHUP reads the file, too, and says what came of it in the log"""
    with Configured(binary, TWO) as server:
        server.rewrite(TWO.replace('name = "one"',
                                   'name = "one"\nalarm = 5'))
        server.process.send_signal(signal.SIGHUP)
        server.event("reloaded", "listener one: alarm is 5 now")
        server.rewrite("nonsense")
        server.process.send_signal(signal.SIGHUP)
        server.event("reload_refused", "stays as it was")
        equal(server.listeners()["one"]["limits"]["alarm"], 5, "alarm")


@case
def of_the_program(binary):
    """log_level changes at once; the rest is said to wait for the next start"""
    with Configured(binary, TWO) as server:
        said = server.reloads('log_level = "debug"\njournal_age = "2d"\n'
                              + TWO)
        equal(said, ["log_level is debug now",
                     "in force at the next start: journal_age"], "it said")
        expect("debug" in server.run("log").stdout, "the level is debug")
        equal(server.reloads('log_level = "debug"\njournal_age = "2d"\n' + TWO),
              ["in force at the next start: journal_age"], "it said again")


@case
def protocols_change(binary):
    """Another protocol under the same name is spoken to new clients"""
    with Configured(binary, TWO) as server, server.client("one") as old:
        speaks(old)
        server.reloads(TWO.replace('name = "one"',
                                   'name = "one"\nprotocol = "discard"'))
        with server.client("one") as client:
            client.sendall(b"hello\n")
            client.settimeout(0.3)
            try:
                expect(not client.recv(10), "nothing comes back")
            except TimeoutError:
                pass
        speaks(old)


@case
def certificates(binary):
    """A listener gets TLS by a reload, and another certificate later"""
    with tempfile.TemporaryDirectory() as folder:
        authority = Certificates(folder)
        pem, key = authority.issue("server")
        with_tls = TWO.replace('name = "two"',
                               f'name = "two"\ntls_cert = "{pem}"\n'
                               f'tls_key = "{key}"')
        with Configured(binary, TWO) as server:
            plain = server.client("two")
            speaks(plain)
            said = server.reloads(with_tls)
            equal(said[:2], [f"listener two: tls_cert is {pem} now for new "
                             "connections; it was its default",
                             f"listener two: tls_key is {key} now for new "
                             "connections; it was its default"], "it said")
            speaks(plain)
            equal(server.listeners()["two"]["tls"]["client"], "off", "shown")
            with server.tls(context(authority.authority)) as tls:
                echoes(tls)
                expect("certificate" in server.reloads(with_tls)[0],
                       "certificates are read")
                stricter = with_tls.replace("tls_cert =",
                                            'tls_min = "1.3"\ntls_cert =')
                equal(server.reloads(stricter)[0], "listener two: tls_min is "
                      "1.3 now for new connections; it was its default",
                      "it said")
                echoes(tls)
            try:
                server.tls(context(authority.authority,
                                   newest=ssl.TLSVersion.TLSv1_2)).close()
                expect(False, "1.2 is refused")
            except ssl.SSLError:
                pass
            server.reloads(with_tls)
            before = server.refuses(with_tls.replace(str(pem), "/nowhere"))
            expect("/nowhere: No such file" in before, "the reason", before)
            with server.tls(context(authority.authority)) as tls:
                echoes(tls)
                server.reloads(TWO)
                with server.connect() as client:
                    speaks(client)
                echoes(tls)
            equal(server.listeners()["two"]["tls"], None, "no TLS is shown")
            speaks(plain)
            plain.close()


@case
def proxies(binary):
    """proxy_from changes for new connections; places by address add up"""
    believes = TWO.replace('name = "two"', 'name = "two"\nmax_per_address = 3\n'
                           'proxy_from = ["127.0.0.1"]')
    doubts = TWO.replace('name = "two"', 'name = "two"\nmax_per_address = 3')
    header = b"PROXY TCP4 192.0.2.7 192.0.2.9 1000 2000\r\n"
    with Configured(binary, believes) as server:
        for _ in range(4):  # a place that is not given back would show
            proxied = server.client("two")
            proxied.sendall(header)
            speaks(proxied)
            said = server.reloads(doubts)
            equal(said, ["listener two: proxy_from is its default now for new "
                         "connections; it was 127.0.0.1"], "it said")
            speaks(proxied)
            direct = server.client("two")
            speaks(direct)
            server.reloads(believes)
            speaks(direct)
            expect("192.0.2.7:1000" in server.opened(), "the client's address")
            proxied.close()
            direct.close()
            until(lambda: server.listeners()["two"]["active"] == 0, "all gone")
        server.reloads(doubts)
        clients = [server.client("two") for _ in range(3)]
        for each in clients:
            speaks(each)
        with server.client("two") as more:
            expect(is_over(more), "a fourth one is refused")
        for each in clients:
            each.close()


@case
def storm(binary):
    """Twenty reloads a second cost no client a connection"""
    with Configured(binary, TWO, "--allow-faults") as server:
        port = server.port_of("one")
        done = server.run("nemesis", "run", "reload_storm", "--against",
                          f"{HOST}:{port}", "--duration", "3s", "--json")
        equal(done.returncode, 0, f"exit code, {done.stderr}")
        clients = json.loads(done.stdout)["clients"]
        equal((clients["ended"], clients["refused"], clients["violations"]),
              (0, 0, 0), "connections lost and refused, and violations")
        count = len(server.events("reloaded"))
        expect(count > 20, "the server was reloaded again and again", count)
    return f"{count} reloads, {clients['requests']} requests"


# -- what is refused ---------------------------------------------------------

@case
def wrong_file(binary):
    """A wrong file is refused whole: what is right in it is not done either"""
    with Configured(binary, TWO) as server, server.client("two") as client:
        speaks(client)
        said = server.refuses(TWO.replace(
            'name = "one"', 'name = "one"\nmax_connections = 3\nalrm = 5'
        ).replace('acceptors = 1', 'acceptors = 1\nidle_timeout = "x"'))
        for part in ("coppice.toml:5: listener \"one\": unknown key \"alrm\"; "
                     "did you mean alarm?",
                     "listener \"two\": idle_timeout: \"x\" is no duration",
                     "the configuration stays as it was"):
            expect(part in said, part, said)
        equal(server.listeners()["one"]["limits"]["max_connections"], None,
              "limit")
        speaks(client)


@case
def taken_port(binary):
    """If a port is taken, nothing of the new file holds, and what was ended is
    there again"""
    with socket.create_server((HOST, 0)) as taken, \
            Configured(binary, TWO) as server, server.client("one") as client:
        speaks(client)
        port = taken.getsockname()[1]
        said = server.refuses(TWO.replace(
            'name = "one"', 'name = "one"\nalarm = 5'
        ).replace('name = "two"\nport = 0', f'name = "two"\nport = {port}'))
        expect(f"127.0.0.1:{port}: the port is taken" in said, "the reason", said)
        equal(server.listeners()["one"]["limits"]["alarm"], None, "alarm")
        speaks(client)
        with server.client("two") as other:
            speaks(other)


@case
def no_start(binary):
    """A wrong file starts nothing: exit code 2, all that is wrong, a line
    each"""
    code, out, said = starts(binary, "\n[[listener]]\nport = \"x\"\nbnd = 3\n")
    equal((code, out), (2, ""), "exit code and output")
    equal(said.splitlines(),
          ['coppice: c.toml:3: port: "x" is no whole number from 0 to 65535',
           'coppice: c.toml:4: unknown key "bnd"; did you mean bind?'],
          "what it said")


@case
def checked(binary):
    """--check-config says whether the file is right, and starts nothing"""
    code, out, said = starts(binary, TWO, "--check-config")
    equal((code, said), (0, ""), "exit code and complaints")
    expect("is right: one on 127.0.0.1:0, two on 127.0.0.1:0" in out, "it says "
           "what listens where", out)
    code, out, said = starts(binary, "[[listener]]\nx = 1\n", "--check-config")
    equal((code, out), (2, ""), "exit code and output of a wrong one")
    expect('c.toml:2: unknown key "x"' in said, "the complaint", said)


@case
def documented(binary):
    """The file that the guide shows is right, but for its certificate"""
    guide = pathlib.Path(__file__).parents[2] / "docs/guide/configuration-file.md"
    shown = re.search(r"```toml\n(.*?)```", guide.read_text(), re.S)[1]
    without = "".join(line for line in shown.splitlines(True)
                      if not line.startswith("tls_cert"))
    expect(without != shown, "it has a certificate")
    code, out, said = starts(binary, without, "--check-config")
    equal((code, said), (0, ""), "exit code and complaints")
    expect("echo on [::]:6000, rooms on [::]:7000" in out, "it says what "
           "listens where", out)


@case
def beside_options(binary):
    """Options of a listener have no place beside a file; those of the program
    win"""
    code, _, said = starts(binary, TWO, "--max-connections", "3")
    equal(code, 2, "exit code")
    expect("--max-connections: with --config" in said, "the reason", said)
    done = subprocess.run([binary, "serve", "--check-config"],
                          env=environment(), timeout=DEADLINE,
                          capture_output=True, encoding="utf-8")
    equal(done.returncode, 2, "exit code without a file")
    with Configured(binary, 'log_level = "debug"\n' + TWO, "--log-level",
                    "error") as server:
        expect("error" in server.run("log").stdout, "the level is error")
        equal(server.reloads('log_level = "info"\n' + TWO),
              ["nothing has changed"], "it said")


if __name__ == "__main__":
    sys.exit(main(sys.argv))
