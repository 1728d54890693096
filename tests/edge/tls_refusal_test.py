#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Clients that do not complete a handshake of TLS: what they cost, and how they
are counted and reported.

usage: tls_refusal_test.py COPPICE [WORD]
"""

import atexit
import random
import socket
import ssl
import sys
import tempfile
import time

from certificates import Certificates, options
from clients import Bio, context, echoes, ended, reset
from serving import Server, case, equal, expect, main, until

folder = tempfile.TemporaryDirectory()
atexit.register(folder.cleanup)
authority = Certificates(folder.name)
pair = authority.issue("server")


def tls_server(binary, *more):
    return Server(binary, *options(pair), "--log-connections", *more)


def client():
    return context(authority.authority)


def reasons(server):
    """Of the refusals that were reported, `CAUSE: peer PEER: WHY` each."""
    return [event["detail"] for event in server.events("client_refused")]


# -- clients that stall ------------------------------------------------------

@case
def late(binary):
    """A client that sends nothing is closed after the handshake timeout"""
    with tls_server(binary, "--tls-handshake-timeout", "500ms") as server, \
            server.connect() as stalled:
        port = stalled.getsockname()[1]
        begin = time.monotonic()
        ended(stalled)
        took = time.monotonic() - begin
        expect(0.4 < took < 5, "after its time", took)
        server.wait_refused("tls_late")
        event = server.event("client_refused", "tls_late")
        expect(f":{port}" in event["text"], "the event names the peer", event)


@case
def late_in_the_middle(binary):
    """A client that stops in its hello, or dribbles, is closed as late, too"""
    with tls_server(binary, "--tls-handshake-timeout", "700ms") as server:
        with server.connect() as stalled, server.connect() as slow:
            hello = Bio(stalled, client()).hello()
            stalled.sendall(hello[:20])
            begin = time.monotonic()
            slow.settimeout(0.1)
            try:
                for i in range(len(hello) - 1):
                    slow.sendall(hello[i:i + 1])
                    try:
                        if not slow.recv(100):
                            break
                    except TimeoutError:
                        continue
            except ConnectionError:
                pass
            expect(time.monotonic() - begin < 5, "a slow one is closed")
            ended(stalled)
        server.wait_refused("tls_late", 2)


@case
def default_time(binary):
    """The handshake timeout is 5 s by default"""
    with tls_server(binary) as server, server.connect() as stalled:
        begin = time.monotonic()
        ended(stalled)
        took = time.monotonic() - begin
        expect(4.5 < took < 8, "after 5 s", took)
        server.wait_refused("tls_late")


@case
def stalled_clients(binary):
    """200 clients that stall do not delay one that is ready"""
    with tls_server(binary, "--tls-handshake-timeout", "30s") as server:
        stalled = [server.connect() for _ in range(200)]
        hello = Bio(stalled[0], client()).hello()
        for each in stalled[::2]:
            each.sendall(hello[:100])
        until(lambda: server.counters()["accepted"] == 200, "200 are accepted")
        begin = time.monotonic()
        with server.tls(client()) as tls:
            echoes(tls)
            took = time.monotonic() - begin
        expect(took < 1, "it is served within 1 s", took)
        for each in stalled:
            each.close()
        server.wait_refused("tls_left", 200)
    return f"{took * 1000:.1f} ms"


@case
def limit(binary):
    """Beyond --tls-max-handshakes clients are closed at once as tls_limit"""
    with tls_server(binary, "--tls-max-handshakes", "5") as server:
        with server.connect() as first:  # its handshake is over: not counted
            bio = Bio(first, client())
            bio.do(bio.tls.do_handshake)
            echoes(bio)
            stalled = [server.connect() for _ in range(5)]
            until(lambda: server.counters()["accepted"] == 6, "accepted")
            begin = time.monotonic()
            with server.connect() as beyond:
                equal(ended(beyond), b"", "what it gets")
            took = time.monotonic() - begin
            expect(took < 1, "at once", took)
            server.wait_refused("tls_limit")
            echoes(bio)
            for each in stalled:
                each.close()
            until(lambda: server.listener()["active"] == 1, "they have left")
            with server.tls(client()) as tls:
                echoes(tls)
        equal(server.refused(), {"tls_limit": 1, "tls_left": 5}, "refused")


@case
def limit_of_late(binary):
    """Clients that are closed as late make place for others"""
    with tls_server(binary, "--tls-max-handshakes", "2",
                    "--tls-handshake-timeout", "300ms") as server:
        for _ in range(2):
            stalled = [server.connect() for _ in range(2)]
            for each in stalled:
                ended(each)
            with server.tls(client()) as tls:
                echoes(tls)
        server.wait_refused("tls_late", 4)


# -- causes ------------------------------------------------------------------

@case
def not_tls(binary):
    """What is not TLS is refused as not_tls, and never reaches the handler"""
    with tls_server(binary) as server:
        sent = (b"GET / HTTP/1.0\r\n\r\n", b"hello, is this an echo?\n",
                b"SSH-2.0-OpenSSH_9.2\r\n", b"\0" * 100,
                b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n")
        for count, text in enumerate(sent, 1):
            with server.connect() as plain:
                plain.sendall(text)
                got = ended(plain)
                expect(text not in got and b"hello" not in got, "no echo", got)
            server.wait_refused("not_tls", count)
        server.event("client_refused", "not_tls")


@case
def left(binary):
    """A client that leaves without a byte is counted, and not reported"""
    with tls_server(binary) as server:
        server.connect().close()
        server.wait_refused("tls_left", 1)
        reset(server.connect())
        server.wait_refused("tls_left", 2)
        equal(server.events("client_refused"), [], "events")
        expect("refused" not in server.log(), "no line in the log", server.log())


@case
def left_early(binary):
    """A client that leaves in its hello is counted as tls_left and reported"""
    with tls_server(binary) as server:
        for count, size in enumerate((1, 5, 6, 100), 1):
            with server.connect() as leaving:
                leaving.sendall(Bio(leaving, client()).hello()[:size])
                leaving.shutdown(socket.SHUT_WR)
                ended(leaving)
            server.wait_refused("tls_left", count)
        server.event("client_refused", "tls_left")
        equal(set(server.refused()), {"tls_left"}, "causes")


@case
def left_with_reset(binary):
    """A reset in the midst of a handshake is tls_left, too"""
    with tls_server(binary) as server:
        leaving = server.connect()
        leaving.sendall(Bio(leaving, client()).hello())
        leaving.recv(1)
        reset(leaving)
        server.wait_refused("tls_left")
        equal(set(server.refused()), {"tls_left"}, "causes")


@case
def refused_by_peer(binary):
    """A client that does not trust the certificate: tls_refused_by_peer"""
    stranger = Certificates(folder.name, "strangers")
    with tls_server(binary) as server:
        for count, newest in enumerate(
                (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3), 1):
            try:
                server.tls(context(stranger.authority, newest=newest)).close()
            except ssl.SSLCertVerificationError:
                pass
            server.wait_refused("tls_refused_by_peer", count)
        event = server.event("client_refused", "tls_refused_by_peer")
        expect("unknown ca" in event["text"], "the event says why", event)


@case
def broken(binary):
    """A hello that is broken is refused as tls_error"""
    with tls_server(binary) as server, server.connect() as broken_one:
        broken_one.sendall(b"\x16\x03\x01\x00\x06\x01\x00\x00\x02\x03\x03")
        ended(broken_one)
        server.wait_refused("tls_error")
        server.event("client_refused", "tls_error")


@case
def noise(binary):
    """500 clients that send noise change nothing for others"""
    with tls_server(binary) as server:
        chance = random.Random(1)
        hello = Bio(None, client()).hello()
        for _ in range(500):
            data = bytearray(hello)
            for _ in range(chance.randrange(1, 20)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            with server.connect() as noisy:
                try:
                    noisy.sendall(data)
                    noisy.shutdown(socket.SHUT_WR)
                except ConnectionError:
                    pass
                ended(noisy)
        until(lambda: server.counters()["closed"] == 500, "all are closed")
        with server.tls(client()) as tls:
            echoes(tls)
        equal(sum(server.refused().values()), 500, "refused")


@case
def one_event_a_second(binary):
    """One event a cause and second; the next one says how many there were"""
    with tls_server(binary) as server:
        def refuse(count):
            for _ in range(count):
                with server.connect() as plain:
                    plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
                    ended(plain)
        begin = time.monotonic()
        refuse(20)
        took = time.monotonic() - begin
        server.wait_refused("not_tls", 20)
        expect(1 <= len(reasons(server)) <= 1 + took, "events", reasons(server))
        count = 20
        while len(reasons(server)) < 2 + int(took):
            expect(time.monotonic() < begin + 20, "another event")
            refuse(1)
            count += 1
        server.wait_refused("not_tls", count)
        return reasons(server)[-1].partition(": ")[2].partition(": ")[2]


@case
def log_line(binary):
    """A refusal is a line in the log and a connection that closed so"""
    with tls_server(binary) as server, server.connect() as plain:
        port = plain.getsockname()[1]
        plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
        ended(plain)
        closed = server.closed(peer=f":{port}")
        equal(closed["reason"].replace(" ", ""), "{shutdown,not_tls}", "reason")
        until(lambda: any("refused" in line and f":{port}" in line
                          for line in server.log().splitlines()), "a line")


if __name__ == "__main__":
    sys.exit(main(sys.argv))
