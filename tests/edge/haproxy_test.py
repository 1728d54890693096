#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Behind HAProxy: who its clients are is known, and its health checks pass. Each
case runs with the HAProxy of this machine, and with those in the root file
systems of other releases that COPPICE_HAPROXY_ROOTS names, separated by colons;
scripts/debian-root makes such roots. Skipped where there is no HAProxy.

usage: haproxy_test.py COPPICE [WORD]
"""

import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile

from certificates import Certificates, options
from clients import context, echoes, ended
from serving import (DEADLINE, SKIPPED, Server, Skip, case, cases, equal,
                     expect, main, until)

HAPROXY = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin")
ROOTS = os.environ.get("COPPICE_HAPROXY_ROOTS", "")
CLIENTS = 50


@dataclasses.dataclass
class Haproxy:
    """How it is run, and a folder that it and coppice see."""

    command: list
    version: str
    folder: pathlib.Path
    seen_as: pathlib.Path


@contextlib.contextmanager
def installed(root):
    """The HAProxy in a root, or, without one, that of this machine."""
    command = ["chroot", root, "/usr/sbin/haproxy"] if root else [HAPROXY]
    said = subprocess.run([*command, "-v"], capture_output=True,
                          encoding="utf-8", timeout=DEADLINE)
    version = re.search(r"version ([\d.]+)", said.stdout)
    expect(version, f"a version of {command}", said.stdout + said.stderr)
    with tempfile.TemporaryDirectory(
            dir=os.path.join(root, "tmp") if root else None) as name:
        folder = pathlib.Path(name)
        yield Haproxy(command, version[1], folder, pathlib.Path(
            "/", folder.relative_to(root)) if root else folder)


def case_with_each(test):
    """A case for each HAProxy; its claim begins with the root's name."""
    for root in ([""] if HAPROXY else []) + [r for r in ROOTS.split(":") if r]:
        def run(binary, root=root):
            if root and os.geteuid() != 0:
                raise Skip("only root may change to another root")
            with installed(root) as haproxy:
                test(binary, haproxy)
                return f"HAProxy {haproxy.version}"
        prefix = f"{os.path.basename(root)}: " if root else ""
        run.__doc__ = prefix + test.__doc__
        case(run)
    return test


SETTINGS = """
global
    maxconn 400
defaults
    mode tcp
    timeout connect 5s
    timeout client 30s
    timeout server 30s
listen front
    bind fd@{front}
    server coppice {address} {words} check inter {inter}
"""


@contextlib.contextmanager
def proxy(haproxy, address, words, inter="100ms"):
    """HAProxy in front of this address, with a health check so often, which may
    take as long; the port that it listens on."""
    settings = haproxy.folder / "haproxy.cfg"
    with socket.create_server(("127.0.0.1", 0), backlog=200) as front:
        settings.write_text(SETTINGS.format(
            front=front.fileno(), address=address, words=words,
            inter=inter))
        process = subprocess.Popen(
            [*haproxy.command, "-db", "-f", haproxy.seen_as / "haproxy.cfg"],
            pass_fds=[front.fileno()], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8")
        try:
            yield front.getsockname()[1]
            equal(process.poll(), None, "exit code of HAProxy")
        finally:
            process.terminate()
            try:
                process.communicate(timeout=DEADLINE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def checked(server, count):
    """Waits for COUNT more connections, those of health checks."""
    before = server.counters()["accepted"]
    until(lambda: server.counters()["accepted"] >= before + count, "checks")


def nothing_refused(server):
    equal(server.events("client_refused"), [], "events")
    expect("refused" not in server.log(), "no line of a refusal", server.log())


def talk(server, port, wrap=lambda client: client):
    """50 clients at a time, from two addresses, and what is known of them."""
    clients = []
    for number in range(CLIENTS):
        client = socket.create_connection(
            ("127.0.0.1", port), DEADLINE, (f"127.0.0.{2 + number % 2}", 0))
        clients.append(wrap(client))
    for number, client in enumerate(clients):
        echoes(client, b"%d\n" % number * 100)
    peers = {"{}:{}".format(*client.getsockname()) for client in clients}
    until(lambda: peers <= set(server.opened()), "each is known as it is")
    for client in clients:
        client.sendall(b"stop\n")
        equal(ended(client), b"", "what comes last")
    until(lambda: {(peer, "normal") for peer in peers} <= server.ends(),
          "each has ended as it should")


def behind(binary, haproxy, words, *more, wrap=lambda client: client, **how):
    with Server(binary, "--proxy-from", "127.0.0.0/8", "--log-connections",
                *more) as server, \
            proxy(haproxy, f"127.0.0.1:{server.port}", words, **how) as port:
        checked(server, 2)
        talk(server, port, wrap)
        checked(server, 2)
        nothing_refused(server)


@case_with_each
def over_tcp(binary, haproxy):
    """send-proxy and send-proxy-v2 over TCP"""
    for words in ("send-proxy", "send-proxy-v2",
                  "send-proxy check-send-proxy",
                  "send-proxy-v2 check-send-proxy",
                  "send-proxy-v2 proxy-v2-options crc32c,unique-id"):
        behind(binary, haproxy, words)


@case_with_each
def over_unix(binary, haproxy):
    """send-proxy and send-proxy-v2 over a Unix socket"""
    path = haproxy.folder / "coppice"
    seen_as = haproxy.seen_as / "coppice"
    for words in ("send-proxy", "send-proxy-v2 check-send-proxy"):
        with Server(binary, "--proxy-from", "unix", "--log-connections",
                    bind=f"unix:{path}") as server, \
                proxy(haproxy, f"unix@{seen_as}", words) as port:
            checked(server, 5)
            talk(server, port)
            checked(server, 5)
            nothing_refused(server)


@case_with_each
def tls_through_it(binary, haproxy):
    """TLS of clients passes through it and ends in coppice"""
    made = Certificates(haproxy.folder)
    pair = made.issue("server")
    for words in ("send-proxy", "send-proxy-v2 check-send-proxy"):
        for newest in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            tls = context(made.authority, newest=newest)
            behind(binary, haproxy, words, *options(pair), wrap=lambda client:
                   tls.wrap_socket(client, server_hostname="localhost",
                                   suppress_ragged_eofs=False))


@case_with_each
def tls_of_its_own(binary, haproxy):
    """TLS that it speaks itself ends in coppice"""
    made = Certificates(haproxy.folder)
    pair = made.issue("server")
    seen_as = haproxy.seen_as / made.authority.name
    for check in ("", " check-send-proxy check-ssl"):
        behind(binary, haproxy, "send-proxy-v2 ssl verify required sni "
               f"str(localhost) verifyhost localhost ca-file {seen_as}{check}",
               *options(pair), inter="2s")


@case_with_each
def each_address(binary, haproxy):
    """--max-per-address counts the clients, not HAProxy"""
    with Server(binary, "--proxy-from", "127.0.0.0/8", "--max-per-address",
                "2") as server, \
            proxy(haproxy, f"127.0.0.1:{server.port}", "send-proxy-v2") as port:
        def connect(source):
            return socket.create_connection(("127.0.0.1", port), DEADLINE,
                                            (source, 0))
        clients = [connect(f"127.0.0.{2 + i // 2}") for i in range(10)]
        for client in clients:
            echoes(client)
        equal(ended(connect("127.0.0.2")), b"", "what a third one gets")
        equal(server.counters()["rejected_by_address"], 1, "rejected")
        for client in clients:
            echoes(client)
            client.close()


@case_with_each
def without_headers(binary, haproxy):
    """A HAProxy that sends no header is refused, and the reason is known"""
    with Server(binary, "--proxy-from", "127.0.0.0/8") as server, \
            proxy(haproxy, f"127.0.0.1:{server.port}", "") as port:
        with socket.create_connection(("127.0.0.1", port), DEADLINE) as client:
            client.sendall(b"hello\n")
            equal(ended(client), b"", "what comes back")
        server.event("client_refused", "no_proxy_header")


if __name__ == "__main__":
    if not cases:
        print("there is no haproxy")
        sys.exit(SKIPPED)
    sys.exit(main(sys.argv))
