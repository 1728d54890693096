#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Clients of TLS that others wrote: Erlang's ssl, Node.js and Go. Each is skipped
where it is missing.

Each is a small program that connects COUNT times, one after the other, says
"hello" and "stop", and prints a line of JSON for each connection:
    PORT AUTHORITY VERSION NAME ALPN CERT KEY COUNT
ALPN, CERT and KEY may be empty.

usage: tls_clients_test.py COPPICE [WORD]
"""

import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys

from handshakes import authority, folder, issued, issuer, tls_server
from serving import DEADLINE, Skip, case, equal, expect, main, until

HERE = pathlib.Path(__file__).parent
VERSIONS = ("1.2", "1.3")
# Of a package that is not there. To build Go's takes a while.
FIRST_USE = 120


def needs(program):
    found = shutil.which(program)
    if not found:
        raise Skip(f"{program} is missing")
    return found


@functools.cache
def erlang():
    """Without its ssl, escript would start and fail."""
    there = subprocess.run(
        [needs("erl"), "-noinput", "-eval",
         'case code:lib_dir(ssl) of {error, _} -> halt(1); _ -> halt(0) end.'],
        timeout=DEADLINE)
    if there.returncode != 0:
        raise Skip("Erlang's ssl is missing")
    return [needs("escript"), HERE / "client.escript"]


@functools.cache
def node():
    return [needs("node"), HERE / "client.js"]


@functools.cache
def go():
    """Built once, without the net."""
    program = os.path.join(folder.name, "go-client")
    built = subprocess.run(
        [needs("go"), "build", "-o", program, HERE / "client.go"],
        env={**os.environ, "GOCACHE": os.path.join(folder.name, "go-cache"),
             "GO111MODULE": "off", "GOFLAGS": "", "CGO_ENABLED": "0"},
        capture_output=True, encoding="utf-8", timeout=FIRST_USE)
    equal(built.returncode, 0, f"exit code of go build, {built.stderr}")
    return [program]


def talk(client, server, version, *, trusts=None, name="localhost", alpn="",
         cert=("", ""), count=1):
    """What the client says of each of its connections."""
    done = subprocess.run(
        [*client(), str(server.port), trusts or authority(), version, name, alpn,
         *cert, str(count)],
        capture_output=True, encoding="utf-8", timeout=3 * DEADLINE)
    equal(done.returncode, 0, f"exit code of the client, {done.stderr[-300:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def served(said, version, alpn=""):
    equal((said.get("error"), said.get("echo"), said.get("version"),
           said.get("alpn")), (None, "hello\n", version, alpn), "what it says")


def case_with_each(test):
    """A case for each client; its claim begins with the client's name."""
    for client in (erlang, node, go):
        def run(binary, client=client):
            return test(binary, client)
        run.__doc__ = f"{client.__name__}: {test.__doc__}"
        case(run)
    return test


@case_with_each
def verified(binary, client):
    """the server's certificate is verified, in TLS 1.2 and 1.3"""
    with tls_server(binary) as server:
        for version in VERSIONS:
            [said] = talk(client, server, version)
            served(said, version)
        equal(server.counters()["handshakes"], 2, "handshakes")
        for wrong in ({"trusts": issuer("strangers").authority},
                      {"name": "other.example"}):
            for version in VERSIONS:
                [said] = talk(client, server, version, **wrong)
                expect("error" in said, f"{wrong} is not accepted", said)
        if client is not node:  # it looks later, and leaves without an alert
            server.wait_refused("tls_refused_by_peer", 4)


@case_with_each
def alpn(binary, client):
    """ALPN chooses the server's favourite, and refuses what it does not have"""
    with tls_server(binary, "--tls-alpn", "b/2", "--tls-alpn", "a/1") as server:
        for version in VERSIONS:
            [said] = talk(client, server, version, alpn="a/1,b/2")
            served(said, version, "b/2")
            [said] = talk(client, server, version)
            served(said, version)
        for count, version in enumerate(VERSIONS, 1):
            [said] = talk(client, server, version, alpn="c/3")
            expect("error" in said, "it is refused", said)
            server.wait_refused("tls_alpn", count)


@case_with_each
def client_certificate(binary, client):
    """a client's certificate is asked for and verified"""
    with tls_server(binary, "--tls-client-ca", authority()) as server:
        for count, version in enumerate(VERSIONS):
            [said] = talk(client, server, version, cert=issued("client"))
            served(said, version)
            [said] = talk(client, server, version)
            expect("error" in said, "none is refused", said)
            server.wait_refused("tls_client", 2 * count + 1)
            [said] = talk(client, server, version,
                          cert=issued("stranger", of="strangers"))
            expect("error" in said, "a stranger's is refused", said)
            server.wait_refused("tls_client", 2 * count + 2)


@case_with_each
def resumption(binary, client):
    """sessions are resumed by tickets, in the versions that it has these for"""
    versions = VERSIONS
    if client is erlang:  # in TLS 1.2 it resumes by session IDs alone
        versions = ("1.3",)
    with tls_server(binary) as server:
        resumed = 0
        for version in versions:
            first, *more = talk(client, server, version, count=3)
            for said in (first, *more):
                served(said, version)
            equal(first["resumed"], False, "the first one is resumed")
            equal([said["resumed"] for said in more], [True, True],
                  f"resumed in TLS {version}")
            resumed += 2
            until(lambda: server.metric("coppice_tls_handshakes_total",
                                        resumed="true") == resumed, "resumed")
    return f"TLS {' and '.join(versions)}"


if __name__ == "__main__":
    sys.exit(main(sys.argv))
