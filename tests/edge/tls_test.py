#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Connections over TLS: what is echoed, how they end, limits and toxics.

usage: tls_test.py COPPICE [WORD]
"""

import atexit
import os
import random
import select
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from certificates import Certificates, options
from clients import Bio, context, echoes, ended, read, reset
from serving import DEADLINE, Server, case, equal, expect, main, until

V1_2, V1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
folder = tempfile.TemporaryDirectory()
atexit.register(folder.cleanup)
authority = Certificates(folder.name)
pair = authority.issue("server")
MIB = 1 << 20
# No line end; and no s, with which the echo waits: the line may become "stop".
no_stop = bytes.maketrans(b"\ns", b" z")


def tls_server(binary, *more):
    return Server(binary, *options(pair), "--log-connections", *more)


def client_of(version=V1_3):
    return context(authority.authority, version, version)


def both_versions():
    return client_of(V1_2), client_of(V1_3)


def notified_end(tls):
    """The peer ends with close_notify: without it, recv raises."""
    tls.settimeout(5)
    tls.suppress_ragged_eofs = False
    return tls.recv(100) == b""


# -- what is echoed ----------------------------------------------------------

@case
def sizes(binary):
    """1 byte, 16 KiB and one more, and 1 MiB are echoed"""
    with tls_server(binary) as server:
        for client in both_versions():
            with server.tls(client) as tls:
                for size in (1, 16384, 16385, MIB):
                    echoes(tls, random.randbytes(size).translate(no_stop))


@case
def small_writes(binary):
    """10,000 small writes are echoed in their order"""
    data = b"".join(b"%04d\n" % i for i in range(10000))
    with tls_server(binary) as server:
        for client in both_versions():
            with server.tls(client) as tls:
                echoes(tls, data, piece=5)


@case
def writes_first(binary):
    """A client that reads late gets all 8 MiB of its echo"""
    data = random.randbytes(8 * MIB).replace(b"\n", b" ")
    with tls_server(binary) as server:
        for client in both_versions():
            with server.tls(client) as tls:
                echoes(tls, data, late=True)


@case
def many_clients(binary):
    """50 clients at a time get their own echo each"""
    with tls_server(binary) as server:
        problems = []

        def talk(number):
            try:
                with server.tls(client_of()) as tls:
                    for i in range(20):
                        echoes(tls, b"%d of %d\n" % (i, number) * (1 + i * 50))
            except Exception as problem:
                problems.append(problem)
        clients = [threading.Thread(target=talk, args=(i,)) for i in range(50)]
        for each in clients:
            each.start()
        for each in clients:
            each.join(DEADLINE)
        equal(problems, [], "problems")
        equal(server.counters()["handshakes"], 50, "handshakes")


@case
def key_update(binary):
    """TLS 1.3: keys are changed in the midst of a connection"""
    with tls_server(binary) as server:
        client = subprocess.Popen(
            ["openssl", "s_client", "-tls1_3", "-connect",
             f"127.0.0.1:{server.port}"], stdin=subprocess.PIPE, bufsize=0,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        with client:
            for line, wanted in ((b"first\n", b"\nfirst\n"),
                                 (b"K\n", b"KEYUPDATE"), (b"then\n", b"then\n"),
                                 (b"k\n", b"KEYUPDATE"), (b"last\n", b"last\n")):
                client.stdin.write(line)
                seen = b""
                while wanted not in seen:
                    part = client.stdout.read(4096)
                    expect(part, f"{wanted!r} after {line!r}", seen)
                    seen += part
            client.stdin.write(b"Q\n")
        equal(server.refused(), {}, "refused")
        equal(server.closed()["reason"], "normal", "reason")


@case
def pieces(binary):
    """Records in pieces and several at once are echoed"""
    with tls_server(binary) as server, server.connect() as client:
        bio = Bio(client, client_of())
        bio.do(bio.tls.do_handshake)
        bio.tls.write(b"one\n")
        record = bio.outgoing.read()
        for i in range(len(record)):
            client.sendall(record[i:i + 1])
        equal(read(bio, 4), b"one\n", "echo")
        for i in range(100):
            bio.tls.write(b"%02d" % i)
        client.sendall(bio.outgoing.read())
        equal(read(bio, 200), b"".join(b"%02d" % i for i in range(100)), "echo")


@case
def hello_with_finished(binary):
    """Bytes in the segment of the client's Finished are echoed"""
    with tls_server(binary) as server, server.connect() as client:
        bio = Bio(client, client_of())
        client.sendall(bio.hello())
        while True:
            try:
                bio.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                bio.incoming.write(client.recv(65536))
        bio.tls.write(b"at once\n")
        client.sendall(bio.outgoing.read())
        equal(read(bio, 8), b"at once\n", "echo")


# -- how connections end -----------------------------------------------------

@case
def stop(binary):
    """A line "stop" ends the connection with close_notify"""
    with tls_server(binary) as server:
        for client in both_versions():
            with server.tls(client) as tls:
                tls.sendall(b"hello\nstop\n")
                equal(read(tls, 6), b"hello\n", "echo")
                expect(notified_end(tls), "the end")
                closed = server.closed(peer=str(tls.getsockname()[1]))
                equal(closed["reason"], "normal", "reason")


@case
def half_close(binary):
    """A client that ends its half with close_notify gets the rest of its echo"""
    data = random.randbytes(MIB).replace(b"\n", b" ")
    with tls_server(binary) as server:
        for version, size in ((V1_2, 6), (V1_3, 6), (V1_2, MIB), (V1_3, MIB)):
            with server.connect() as client:
                bio = Bio(client, client_of(version))
                bio.do(bio.tls.do_handshake)
                bio.tls.write(data[:size])
                try:
                    bio.tls.unwrap()
                except ssl.SSLWantReadError:
                    pass
                sender = threading.Thread(
                    target=client.sendall, args=(bio.outgoing.read(),))
                sender.start()
                same = read(bio, size) == data[:size]
                sender.join(DEADLINE)
                expect(same, "another echo")
                try:
                    equal(bio.recv(1), b"", "after the echo")
                except ssl.SSLZeroReturnError:
                    pass
                equal(client.recv(1), b"", "after close_notify")
        until(lambda: server.counters()["closed"] == 4, "all are closed")
        for event in server.all_of("/connections"):
            equal(event.get("reason", "normal"), "normal", "reason")


@case
def unwrap(binary):
    """A client that says goodbye is answered with close_notify"""
    with tls_server(binary) as server:
        for client in both_versions():
            tls = server.tls(client)
            echoes(tls)
            tls.unwrap().close()
        until(lambda: server.counters()["closed"] == 2, "both are closed")
        equal(server.closed()["reason"], "normal", "reason")


@case
def truncated(binary):
    """A client that ends TCP without close_notify: {shutdown, tls_truncated}"""
    with tls_server(binary) as server:
        for client in both_versions():
            tls = server.tls(client)
            echoes(tls)
            port = tls.getsockname()[1]
            tls.shutdown(socket.SHUT_WR)
            tls.close()
            closed = server.closed(peer=f":{port}")
            equal(closed["reason"].replace(" ", ""),
                  "{shutdown,tls_truncated}", "reason")
            until(lambda: any(
                f":{port}" in line and "tls_truncated" in line
                for line in server.log().splitlines()), "a line in the log")
        equal(server.refused(), {}, "refused")


@case
def reset_by_client(binary):
    """A reset ends the connection, and others go on"""
    with tls_server(binary) as server, server.tls(client_of()) as other:
        tls = server.tls(client_of())
        echoes(tls)
        port = tls.getsockname()[1]
        reset(tls)
        server.closed(peer=f":{port}")
        echoes(other)


@case
def garbage(binary):
    """Bytes that are no record end the connection, and only that"""
    with tls_server(binary) as server, server.tls(client_of()) as other:
        for junk in (b"\0" * 100, b"\x17\x03\x03\x00\x20" + b"x" * 32,
                     b"\x17\x03\x03\xff\xff" + b"x" * 100):
            tls = server.tls(client_of())
            echoes(tls)
            port = tls.getsockname()[1]
            with socket.socket(fileno=os.dup(tls.fileno())) as raw:
                raw.sendall(junk)
            closed = server.closed(peer=f":{port}")
            equal(closed["reason"].replace(" ", ""), "{shutdown,tls_error}",
                  "reason")
            tls.close()
        echoes(other)


@case
def drain(binary):
    """When the server ends, a client gets close_notify"""
    with tls_server(binary) as server, server.tls(client_of()) as tls:
        echoes(tls)
        server.process.terminate()
        expect(notified_end(tls), "the end")


# -- limits and toxics -------------------------------------------------------

def silent(client, seconds):
    """Whether the server sends nothing within this time."""
    return not select.select([client], [], [], seconds)[0]


@case
def first_byte(binary):
    """--first-byte-timeout counts from the end of the handshake"""
    with tls_server(binary, "--first-byte-timeout", "500ms") as server:
        with server.connect() as client:
            expect(silent(client, 0.8), "it waits for the handshake")
            bio = Bio(client, client_of())
            bio.do(bio.tls.do_handshake)
            echoes(bio)
        for client in both_versions():
            with server.tls(client) as tls:
                begin = time.monotonic()
                port = tls.getsockname()[1]
                equal(ended(tls), b"", "what it gets")
                took = time.monotonic() - begin
                expect(0.4 < took < 5, "after its time", took)
                closed = server.closed(peer=f":{port}")
                expect("first_byte" in closed["reason"], "reason", closed)


@case
def idle(binary):
    """--idle-timeout ends a client that is silent"""
    with tls_server(binary, "--idle-timeout", "500ms") as server:
        with server.tls(client_of()) as tls:
            echoes(tls)
            begin = time.monotonic()
            port = tls.getsockname()[1]
            equal(ended(tls), b"", "what it gets")
            took = time.monotonic() - begin
            expect(0.4 < took < 5, "after its time", took)
            closed = server.closed(peer=f":{port}")
            expect("idle" in closed["reason"], "reason", closed)


@case
def toxics(binary):
    """Latency, slices and bandwidth on TLS leave a right echo"""
    data = random.randbytes(MIB // 16).replace(b"\n", b" ")
    for toxic in (("latency", "-a", "latency=30"),
                  ("latency", "--upstream", "-a", "latency=30"),
                  ("slicer", "-a", "average_size=50", "-a", "size_variation=30"),
                  ("slicer", "--upstream", "-a", "average_size=50"),
                  ("bandwidth", "-a", "rate=500")):
        with tls_server(binary, "--allow-faults") as server:
            with server.tls(client_of()) as before:
                echoes(before)
                done = server.run("toxic", "add", *toxic)
                equal(done.returncode, 0, f"toxic add: {done.stderr}")
                echoes(before, data)
            for client in both_versions():
                with server.tls(client) as tls:
                    echoes(tls, data)
                    tls.sendall(b"\nstop\n")
                    equal(read(tls, 1), b"\n", "what is before stop")
                    expect(notified_end(tls), "the end")


if __name__ == "__main__":
    sys.exit(main(sys.argv))
