#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Headers of the PROXY protocol that are missing, wrong or late.

usage: proxy_refusal_test.py COPPICE [WORD]
"""

import socket
import sys
import time

from clients import ended, read, reset
from headers import (CHECK, PROXY, SIGNATURE, TCP4, TCP6, UNIX,
                     inet, tlv, v1, v2, with_checksum)
from serving import Server, case, equal, expect, main, until

V4 = "198.51.100.7"
MISSING = {
    "a line": b"hello, is this an echo?\n",
    "HTTP": b"GET / HTTP/1.0\r\n\r\n",
    "TLS": b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
    "a line in lower case": b"proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
    "a newline": b"\n",
    "almost v1": b"PROXX TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
    "almost v2": SIGNATURE[:-1] + b"\r" + bytes(20),
}
WRONG = {
    "v1 of no family": v1("TCP5", V4, V4, 1, 2),
    "v1 TCP4 with IPv6": v1("TCP4", "::1", "::1", 1, 2),
    "v1 TCP6 with IPv4": v1("TCP6", V4, V4, 1, 2),
    "v1 without addresses": v1("TCP4"),
    "v1 without a port": v1("TCP4", V4, V4, 1),
    "v1 with one word more": v1("TCP4", V4, V4, 1, 2, 3),
    "v1 with a port too high": v1("TCP4", V4, V4, 65536, 2),
    "v1 with a port below 0": v1("TCP4", V4, V4, -1, 2),
    "v1 with a port of letters": v1("TCP4", V4, V4, "http", 2),
    "v1 with a short address": v1("TCP4", "10.1", V4, 1, 2),
    "v1 with two spaces": b"PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
    "v1 without an end": b"PROXY UNKNOWN " + b"x" * 200,
    "v1 one byte too long": v1("UNKNOWN", "x" * (107 - 15)),
    "v1 with another end": b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n" + b"x" * 107,
    "v2 of version 3": v2(0x31, TCP4, bytes(12)),
    "v2 of version 1": v2(0x11, TCP4, bytes(12)),
    "v2 of no command": v2(0x22, TCP4, bytes(12)),
    "v2 of no family": v2(PROXY, 0x41, bytes(12)),
    "v2 of no transport": v2(PROXY, 0x13, bytes(12)),
    "v2 inet too short": v2(PROXY, TCP4, bytes(11)),
    "v2 inet6 too short": v2(PROXY, TCP6, bytes(35)),
    "v2 unix too short": v2(PROXY, UNIX, bytes(215)),
    "v2 with a wrong checksum": with_checksum(
        lambda more: inet(V4, 1, more), wrong=1),
    "v2 with a part too long": inet(V4, 1, b"\x04\x00\x05abcd"),
    "v2 with half a part": inet(V4, 1, b"\x04\x00"),
    "v2 with a short checksum": inet(V4, 1, tlv(3, b"abc")),
}


def proxied(binary, *more):
    return Server(binary, "--proxy-from", "127.0.0.0/8", "--log-connections",
                  *more)


def refuse(server, data):
    """What a client gets back that sends this and a line."""
    with server.connect() as client:
        port = client.getsockname()[1]
        try:
            client.sendall(data + b"stop\n")
        except ConnectionError:
            pass
        return ended(client), port


def all_refused(binary, cause, headers):
    with proxied(binary) as server:
        for count, (name, header) in enumerate(headers.items(), 1):
            got, port = refuse(server, header)
            equal(got, b"", f"{name}: what comes back")
            until(lambda: server.refused().get(cause, 0) == count,
                  f"{name} is {cause}, {server.refused()}", 5)
            closed = server.closed(peer=f":{port}")
            equal(closed["reason"].replace(" ", ""), "{shutdown,%s}" % cause,
                  f"{name}: reason")
        server.wait_refused(cause, len(headers))
        equal(set(server.refused()), {cause}, "causes")
        event = server.event("client_refused", cause)
        expect("127.0.0.1:" in event["text"], "the event names the peer", event)


@case
def missing(binary):
    """Without a header a client is refused as no_proxy_header"""
    all_refused(binary, "no_proxy_header", MISSING)


@case
def wrong(binary):
    """A wrong header is refused as bad_proxy_header"""
    all_refused(binary, "bad_proxy_header", WRONG)


@case
def reasons(binary):
    """The event of a wrong header says what is wrong"""
    said = set()
    for name in ("v2 with a wrong checksum", "v2 of no family",
                 "v1 with a port too high", "v2 of version 3"):
        with proxied(binary) as server:
            refuse(server, WRONG[name])
            event = server.event("client_refused", "bad_proxy_header")
            said.add(event["detail"].rpartition(": ")[2])
            until(lambda: "refused" in server.log(), "a line in the log")
    equal(len(said), 4, f"reasons of {said}")
    return "; ".join(sorted(said))


@case
def late(binary):
    """A header that is late, or a dribble, is refused as late_proxy_header"""
    with proxied(binary, "--proxy-timeout", "500ms") as server:
        for count, part in enumerate((b"", b"P", SIGNATURE, v1("TCP4")[:-2]), 1):
            with server.connect() as client:
                begin = time.monotonic()
                client.sendall(part)
                equal(ended(client), b"", "what comes back")
                took = time.monotonic() - begin
                expect(0.4 < took < 5, "after its time", took)
            server.wait_refused("late_proxy_header", count)
        event = server.event("client_refused", "late_proxy_header")
        expect("127.0.0.1:" in event["text"], "the event names the peer", event)


@case
def in_time(binary):
    """A client whose header has come may be silent longer than its timeout"""
    with proxied(binary, "--proxy-timeout", "300ms") as server, \
            server.connect() as client:
        client.sendall(inet(V4, 1))
        client.settimeout(0.8)
        try:
            equal(client.recv(1), None, "what comes")
        except TimeoutError:
            pass
        client.settimeout(20)
        client.sendall(b"hello\n")
        equal(read(client, 6), b"hello\n", "echo")


@case
def half_a_header(binary):
    """A client that leaves in the midst of its header is no_proxy_header"""
    with proxied(binary) as server:
        for count, part in enumerate((b"P", SIGNATURE, inet(V4, 1)[:20]), 1):
            with server.connect() as client:
                client.sendall(part)
                client.shutdown(socket.SHUT_WR)
                equal(ended(client), b"", "what comes back")
            server.wait_refused("no_proxy_header", count)
        server.event("client_refused", "no_proxy_header")


def quiet(server, count):
    until(lambda: server.counters()["closed"] == count, f"{count} are closed")
    equal(server.events("client_refused"), [], "events")
    expect("refused" not in server.log(), "no line of a refusal", server.log())
    kinds = {event["kind"] for event in server.all_of("/events")
             if event["severity"] in ("warning", "error")}
    equal(kinds, set(), "warnings")


@case
def health_check(binary):
    """Health checks make no event and no line: no byte, or LOCAL and a reset"""
    with proxied(binary) as server:
        server.connect().close()
        quiet(server, 1)
        reset(server.connect())
        quiet(server, 2)
        for count in range(3, 13):
            client = server.connect()
            client.sendall(CHECK)
            reset(client)
            quiet(server, count)
        client = server.connect()
        client.sendall(CHECK)
        client.close()
        quiet(server, 13)
        expect(set(server.refused()) <= {"no_proxy_header"}, "causes",
               server.refused())


@case
def refused_is_not_counted(binary):
    """Clients that are refused leave no place of --max-connections taken"""
    with proxied(binary, "--max-connections", "2") as server:
        for _ in range(10):
            refuse(server, b"no header\n")
        with server.connect() as client:
            client.sendall(inet(V4, 1) + b"hello\n")
            equal(read(client, 6), b"hello\n", "echo")
        until(lambda: server.listener()["active"] == 0, "nobody is left")


if __name__ == "__main__":
    sys.exit(main(sys.argv))
