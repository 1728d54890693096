#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The admin API with TLS: browsers, commands, certificates that are read again,
and clients that do what they should not.

usage: admin_tls_test.py COPPICE [WORD]
"""

import atexit
import http.client
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

from certificates import Certificates, der, openssl
from clients import context
from serving import (DEADLINE, HOST, Server, case, environment, equal, expect,
                     main, until)

TWO_SECONDS = 2.5  # and what a busy machine adds
folder = tempfile.TemporaryDirectory()
atexit.register(folder.cleanup)
here = pathlib.Path(folder.name)
authority = Certificates(folder.name)
strangers = Certificates(folder.name, "strangers")


def certificate(name, *names):
    return authority.issue(name, *(names or ("localhost",)))


def options(pair):
    return ["--admin-tls-cert", str(pair[0]), "--admin-tls-key", str(pair[1])]


class TlsServer(Server):
    """One whose admin API speaks TLS, as `localhost`."""

    scheme = "https"
    ca = str(authority.authority)

    def where(self):
        return f"https://localhost:{self.admin.rpartition(':')[2]}"

    def run(self, *words, ca=None, admin=None):
        return subprocess.run(
            [self.binary, *words, "--admin", admin or self.where(),
             "--admin-ca", ca or self.ca], env=environment(),
            timeout=DEADLINE, capture_output=True, encoding="utf-8")

    def ask(self):
        return http.client.HTTPSConnection(
            "localhost", int(self.admin.rpartition(":")[2]), timeout=DEADLINE,
            context=context(self.ca))

    def admin_socket(self):
        host, _, port = self.admin.rpartition(":")
        return socket.create_connection((host, int(port)), DEADLINE)

    def served(self):
        with context(self.ca).wrap_socket(
                self.admin_socket(), server_hostname="localhost") as tls:
            return tls.getpeercert(True)


def copy(pair):
    """A pair of its own to be changed."""
    target = here / "now.pem", here / "now.key"
    for source, to in zip(pair, target):
        fresh = here / "fresh"
        shutil.copy(source, fresh)
        os.rename(fresh, to)
    return target


# -- those that are served ---------------------------------------------------

@case
def page_and_stream(binary):
    """The page, /metrics and the event stream are served by HTTPS"""
    with TlsServer(binary, *options(certificate("server"))) as server:
        connection = server.ask()
        connection.request("GET", "/", headers={"Accept": "text/html"})
        expect(b"<html" in connection.getresponse().read(), "the page")
        expect("coppice_events_total" in server.get("/metrics"), "metrics")
        connection.request("GET", "/events/stream?since=0&canary=true")
        answer = connection.getresponse()
        equal(answer.status, 200, "status of the stream")
        begin = answer.read1(65536)
        while b"event: tree" not in begin:
            begin += answer.read1(65536)
        connection.close()


@case
def large_bodies(binary):
    """Many requests on one connection, with bodies, are answered in order"""
    with TlsServer(binary, "--allow-faults",
                   *options(certificate("server"))) as server:
        connection = server.ask()
        for number in range(50):
            connection.request("PUT", "/faults/net.recv",
                               f'{{"term": "{number}%off"}}' + " " * 20000,
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read().decode()
            expect(answer.status == 200 and "net.recv" in text, "armed", text)
        connection.close()


@case
def origin(binary):
    """The page's own origin is https://, and the one of http:// is another"""
    with TlsServer(binary, *options(certificate("server"))) as server:
        port = server.admin.rpartition(":")[2]
        for scheme, status in (("https", 200), ("http", 403)):
            connection = server.ask()
            connection.request("GET", "/tree", headers={
                "Origin": f"{scheme}://localhost:{port}"})
            equal(connection.getresponse().status, status, scheme)
            connection.close()


@case
def commands(binary):
    """Commands, a console and nemesis speak https://"""
    with TlsServer(binary, "--allow-faults",
                   *options(certificate("server"))) as server:
        for words in (["tree"], ["status"], ["healthcheck"],
                      ["fault", "list"],
                      ["watch", "--for", "300ms"],
                      ["kill", "acceptor:0"],
                      ["nemesis", "run", "acceptor_storm", "--against",
                       f"{HOST}:{server.port}", "--duration", "500ms",
                       "--before", "100ms", "--after", "100ms"]):
            done = server.run(*words)
            equal(done.returncode, 0, f"{words}: {done.stderr}{done.stdout}")
        done = subprocess.run(
            [binary, "console", "--admin", server.where(), "--admin-ca",
             server.ca], input="tree\nstatus\n", env=environment(),
            timeout=DEADLINE, capture_output=True, encoding="utf-8")
        equal(done.returncode, 0, f"console: {done.stderr}")
        expect("acceptor:0" in done.stdout, "the tree", done.stdout)


@case
def own_certificate(binary):
    """--admin-ca takes the server's own certificate, too"""
    pair = certificate("server")
    with TlsServer(binary, *options(pair)) as server:
        done = server.run("tree", ca=str(pair[0]))
        equal(done.returncode, 0, done.stderr)


@case
def announced(binary):
    """The commands that the server prints work as they stand"""
    address = here / "address.pem", here / "address.key"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-days", 9, "-subj", "/CN=me",
            "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
            "-keyout", address[1], "-out", address[0])
    with TlsServer(binary, *options(address)) as server:
        lines = [server.process.stdout.readline() for _ in range(4)]
        line = next(each for each in lines if "see the tree" in each)
        words = line.split("coppice", 1)[1].split()
        expect("https://" in line and "--admin-ca" in line, "it names both", line)
        done = subprocess.run([binary, *words], env=environment(),
                              timeout=DEADLINE, capture_output=True,
                              encoding="utf-8")
        equal(done.returncode, 0, f"{words}: {done.stderr}")


@case
def found(binary):
    """healthcheck finds a server with TLS by itself"""
    copied = here / "coppice"  # only servers of the same program are found
    shutil.copy(binary, copied)
    with TlsServer(str(copied),
                   *options(certificate("elsewhere", "ops.example"))):
        done = subprocess.run([copied, "healthcheck"], env=environment(),
                              timeout=DEADLINE, capture_output=True,
                              encoding="utf-8")
        # The kernel picked the port, which is not in its arguments.
        equal(done.returncode, 3, done.stderr)
    free = socket.create_server((HOST, 0))
    port = free.getsockname()[1]
    free.close()
    class AtPort(TlsServer):
        admin_at = f"{HOST}:{port}"

    with AtPort(str(copied), *options(certificate("elsewhere", "ops.example"))):
        done = subprocess.run([copied, "healthcheck"], env=environment(),
                              timeout=DEADLINE, capture_output=True,
                              encoding="utf-8")
        equal((done.returncode, done.stdout), (0, "alive and ready\n"),
              done.stderr)


@case
def token(binary):
    """Changes need the token as they do without TLS"""
    secret = here / "token"
    with TlsServer(binary, *options(certificate("server")),
                   "--admin-token-file", str(secret)) as server:
        equal(server.run("kill", "acceptor:0").returncode, 1, "without")
        equal(server.run("kill", "acceptor:0", "--token-file",
                         str(secret)).returncode, 0, "with it")


# -- those that are not ------------------------------------------------------

@case
def not_trusted(binary):
    """A certificate that is not trusted is refused, with the way out"""
    with TlsServer(binary, *options(certificate("server"))) as server:
        for ca, admin, words in (
                (str(strangers.authority), None, "not trusted"),
                (None, f"https://{server.admin}", "another name")):
            done = server.run("tree", ca=ca, admin=admin)
            equal(done.returncode, 3, f"exit code, {done.stdout}")
            expect(words in done.stderr, words, done.stderr)
            expect("--admin-ca FILE" in done.stderr, "the way out", done.stderr)
        done = server.run("tree", ca="/nowhere")
        equal(done.returncode, 1, "exit code")
        expect("--admin-ca: /nowhere: No such file" in done.stderr, "the file",
               done.stderr)


@case
def expired(binary):
    """A certificate that has expired is refused by its name"""
    pair = authority.issue("old", days=-1)
    with TlsServer(binary, *options(pair)) as server:
        done = server.run("tree")
        equal(done.returncode, 3, "exit code")
        expect("expired" in done.stderr, "it says why", done.stderr)


@case
def plain_to_tls(binary):
    """Plain HTTP on the TLS port gets the advice to use https://"""
    with TlsServer(binary, *options(certificate("server"))) as server:
        done = server.run("tree", admin=server.admin)
        equal(done.returncode, 1, "exit code")
        expect("https://" in done.stderr, "the way out", done.stderr)
        connection = http.client.HTTPConnection(server.admin, timeout=DEADLINE)
        connection.request("GET", "/tree")
        answer = connection.getresponse()
        equal(answer.status, 400, "status")
        expect(b'"tls":true' in answer.read(), "for programs")


@case
def tls_to_plain(binary):
    """TLS on the plain port gets the advice to leave out https://"""
    with Server(binary) as server:
        done = subprocess.run(
            [binary, "tree", "--admin", f"https://{server.admin}"],
            env=environment(), timeout=DEADLINE, capture_output=True,
            encoding="utf-8")
        equal(done.returncode, 3, "exit code")
        expect("leave out https://" in done.stderr, "the way out", done.stderr)
        with socket.create_connection((HOST, int(
                server.admin.rpartition(":")[2])), DEADLINE) as client:
            client.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
            expect(b"plain HTTP" in client.recv(4096), "an answer")


@case
def stalled(binary):
    """Handshakes that stall keep nobody waiting, and are closed"""
    with TlsServer(binary, *options(certificate("server"))) as server:
        begin = time.monotonic()
        clients = [server.admin_socket() for _ in range(150)]
        for number, client in enumerate(clients):
            if number % 3 == 1:
                client.sendall(b"\x16")
            elif number % 3 == 2:
                client.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        slowest = 0.0
        for _ in range(20):
            asked = time.monotonic()
            server.get("/readyz")
            slowest = max(slowest, time.monotonic() - asked)
        expect(slowest < 1, "an answer while they stall", slowest)
        for client in clients:
            try:
                expect(client.recv(100) == b"", "they are closed")
            except ConnectionResetError:
                pass
            client.close()
        took = time.monotonic() - begin
        expect(took < 10, "within 5 s, and what a busy machine adds", took)
    return f"answered within {slowest * 1000:.0f} ms, closed in {took:.1f} s"


@case
def garbage(binary):
    """What is neither TLS nor HTTP is closed, and the next one is served"""
    with TlsServer(binary, *options(certificate("server"))) as server:
        for bytes_ in (b"\x00" * 300, b"\x16\x03\x01\xff\xff" + b"x" * 300,
                       b"\x80\x2e\x01\x00\x02" + b"y" * 60, b"\n\n"):
            with server.admin_socket() as client:
                client.sendall(bytes_)
                client.shutdown(socket.SHUT_WR)
                try:
                    while client.recv(4096):
                        pass
                except ConnectionResetError:
                    pass
            server.get("/livez")


# -- reload ------------------------------------------------------------------

@case
def reload(binary):
    """reload, SIGHUP and a changed file: new connections get the new one"""
    first, second = certificate("first"), certificate("second")
    with TlsServer(binary, *options(copy(first))) as server:
        connection = server.ask()
        connection.request("GET", "/livez")
        equal(connection.getresponse().read(), b"alive\n", "it is served")
        copy(second)
        done = server.run("reload")
        equal(done.returncode, 0, done.stderr)
        expect("1 certificate" in done.stdout, "it says so", done.stdout)
        expect(server.served() == der(second[0]), "the new one by reload")
        connection.request("GET", "/livez")
        equal(connection.getresponse().read(), b"alive\n", "an open one stays")
        connection.close()
        copy(first)
        server.process.send_signal(signal.SIGHUP)
        until(lambda: server.served() == der(first[0]), "by SIGHUP")
        copy(second)
        until(lambda: server.served() == der(second[0]), "by itself",
              TWO_SECONDS)
        server.event("certificates_loaded", "admin")


@case
def bad_reload(binary):
    """A bad new file leaves the old one in force, with an event"""
    old = certificate("first")
    pem, private = copy(old)
    with TlsServer(binary, *options((pem, private))) as server:
        for text in ("", "no certificate\n", None):
            if text is None:
                pem.unlink()
            else:
                pem.write_text(text)
            done = server.run("reload")
            equal(done.returncode, 1, f"exit code, {done.stdout}")
            expect(str(pem) in done.stderr and "admin API" in done.stderr,
                   "it names the file", done.stderr)
            event = server.event("certificates_refused", str(pem))
            expect(event["path"].endswith("/admin"), "whose", event)
            expect(server.served() == der(old[0]), "the old one is in force")
        copy(certificate("second"))
        equal(server.run("reload").returncode, 0, "mended")


@case
def expires_soon(binary):
    """A certificate that expires before long is an event"""
    pair = authority.issue("soon", days=3)
    with TlsServer(binary, *options(pair)) as server:
        event = server.event("certificate_expires", str(pair[0]))
        expect(event["path"].endswith("/admin"), "whose", event)


@case
def restarted(binary):
    """An admin actor that is killed serves the same certificate again"""
    pair = certificate("server")
    with TlsServer(binary, *options(pair)) as server:
        equal(server.run("kill", "admin").returncode, 0, "killed")

        def again():
            try:
                return server.served() == der(pair[0])
            except OSError:
                return False
        until(again, "the port again")


# -- the start ---------------------------------------------------------------

@case
def usage(binary):
    """Options that make no sense, and files of no use, end the start"""
    pair = certificate("server")
    other = certificate("second")
    config = here / "config.toml"
    for words, code, said in (
            (["--admin-tls-key", pair[1]], 2, "give --admin-tls-cert FILE"),
            (["--admin", f"unix:{here}/s", *options(pair)], 2, "Unix socket"),
            (["--admin-tls-cert", here / "none.pem"], 1, "none.pem: No such"),
            (options((pair[0], other[1])), 1, "does not belong"),
            (options((pair[1], pair[1])), 1, "no certificate in it")):
        done = subprocess.run(
            [binary, "serve", "0", "--journal", "off",
             *([] if "--admin" in words else ["--admin", f"{HOST}:0"]),
             *map(str, words)], env=environment(), timeout=DEADLINE,
            capture_output=True, encoding="utf-8")
        equal(done.returncode, code, f"{words}: {done.stderr}")
        expect(said in done.stderr, said, done.stderr)
    config.write_text(f'admin_tls_cert = "{here}/none.pem"\n[[listener]]\n')
    done = subprocess.run(
        [binary, "serve", "--config", config, "--check-config"],
        env=environment(), timeout=DEADLINE, capture_output=True,
        encoding="utf-8")
    equal(done.returncode, 2, done.stdout)
    expect(f"{config}:1: admin_tls_cert: " in done.stderr, "line", done.stderr)


@case
def by_file(binary):
    """A configuration file has the keys, too"""
    pair = certificate("server")
    config = here / "serve.toml"
    config.write_text(f'admin_tls_cert = "{pair[0]}"\n'
                      f'admin_tls_key = "{pair[1]}"\n'
                      '[[listener]]\nport = 0\nbind = "127.0.0.1"\n')
    server = TlsServer.__new__(TlsServer)
    server.folder = tempfile.TemporaryDirectory()
    server.launch(binary, "--config", str(config))
    with server:
        equal(server.run("tree").returncode, 0, "served")


if __name__ == "__main__":
    sys.exit(main(sys.argv))
