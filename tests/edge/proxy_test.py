#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The PROXY protocol: headers that are believed, and those that are refused.

usage: proxy_test.py COPPICE [WORD]
"""

import atexit
import functools
import os
import socket
import sys
import tempfile

from certificates import Certificates, options
from clients import Bio, context, echoes, ended, read
from headers import (ALPN, LOCAL, NOOP, PROXY, TCP4, TCP6, UNIQUE_ID, UNSPEC,
                     inet, tlv, unix, v1, v2, with_checksum)
from serving import Server, Skip, case, equal, expect, main, until

folder = tempfile.TemporaryDirectory()
atexit.register(folder.cleanup)


@functools.cache
def certificates():
    made = Certificates(folder.name)
    return made.authority, made.issue("server")


def proxied(binary, *more, bind="127.0.0.1"):
    return Server(binary, "--proxy-from", "127.0.0.0/8", "--log-connections",
                  *more, bind=bind)


V4, V6 = "198.51.100.7", "2001:db8::7"
# Headers, and the peer that they name; None: that is the proxy itself.
GOOD = {
    "v1 TCP4": (v1("TCP4", V4, "192.0.2.1", 4000, 443), f"{V4}:4000"),
    "v1 TCP6": (v1("TCP6", V6, "2001:db8::1", 4001, 443), f"[{V6}]:4001"),
    "v1 UNKNOWN": (v1("UNKNOWN"), None),
    "v1 UNKNOWN with more": (v1("UNKNOWN", "ffff::1", "ffff::2", 1, 2), None),
    "v1 as long as can be": (v1("UNKNOWN", "x" * (107 - 16)), None),
    "v2 inet": (inet(V4, 4002), f"{V4}:4002"),
    "v2 inet6": (inet(V6, 4003, family=TCP6), f"[{V6}]:4003"),
    "v2 unix": (unix(), ""),
    "v2 LOCAL": (v2(LOCAL), None),
    "v2 LOCAL with addresses": (v2(LOCAL, TCP4, bytes(12)), None),
    "v2 UNSPEC": (v2(PROXY, UNSPEC), None),
    "v2 UNSPEC with bytes": (v2(PROXY, UNSPEC, b"x" * 20), None),
    "v2 with more": (inet(V4, 4004, tlv(ALPN, b"h2") + tlv(NOOP, bytes(40))
                          + tlv(UNIQUE_ID, b"id") + tlv(0xee, b"ours")),
                     f"{V4}:4004"),
    "v2 with a checksum": (with_checksum(
        lambda more: inet(V4, 4005, more)), f"{V4}:4005"),
}


# -- headers that are right --------------------------------------------------

@case
def good(binary):
    """Each header is read, and what follows is echoed, in its segment or not"""
    with proxied(binary) as server:
        for name, (header, peer) in GOOD.items():
            for together in (True, False):
                with server.connect() as client:
                    own = f"127.0.0.1:{client.getsockname()[1]}"
                    if together:
                        client.sendall(header + b"hello\n")
                        equal(read(client, 6), b"hello\n", f"echo, {name}")
                    else:
                        client.sendall(header)
                    echoes(client, b"more\n")
                    if peer != "":
                        server.wait_opened(peer or own)
                    if peer:
                        until(lambda: f"peer {peer}" in server.log(),
                              f"{peer} in the log")
        equal(server.refused(), {}, "refused")


@case
def cut_everywhere(binary):
    """A header that is cut at any byte is read"""
    with proxied(binary) as server:
        for name, (header, _) in GOOD.items():
            before = server.counters()["bytes_in"]
            whole = header + b"hello\n"
            step = 1 if len(whole) < 120 else 7
            clients = [(i, server.connect())
                       for i in range(1, len(header) + 1, step)]
            for i, client in clients:
                client.sendall(whole[:i])
            until(lambda: server.counters()["bytes_in"]
                  == before + sum(i for i, _ in clients), f"{name}: first parts")
            for i, client in clients:
                client.sendall(whole[i:])
            for i, client in clients:
                equal(read(client, 6), b"hello\n", f"echo, {name} cut at {i}")
                client.close()
        equal(server.refused(), {}, "refused")


@case
def byte_by_byte(binary):
    """Headers that come byte by byte are read"""
    with proxied(binary) as server:
        for name in ("v1 TCP6", "v2 with a checksum"):
            with server.connect() as client:
                before = server.counters()["bytes_in"]
                for i, byte in enumerate(GOOD[name][0] + b"hello\n", 1):
                    client.sendall(bytes((byte,)))
                    until(lambda: server.counters()["bytes_in"] == before + i,
                          "it has come")
                equal(read(client, 6), b"hello\n", "echo")


@case
def much_behind_it(binary):
    """1 MiB behind the header, in the same write, is echoed"""
    data = os.urandom(1 << 20).replace(b"\n", b" ")
    with proxied(binary) as server:
        for header in (GOOD["v1 TCP4"][0], GOOD["v2 inet6"][0]):
            with server.connect() as client:
                client.sendall(header + data[:1000])
                equal(read(client, 1000), data[:1000], "the first of the echo")
                echoes(client, data)


@case
def end_behind_it(binary):
    """A client that ends its half with its header and a line gets its echo"""
    with proxied(binary) as server, server.connect() as client:
        client.sendall(GOOD["v2 inet"][0] + b"hello\n")
        client.shutdown(socket.SHUT_WR)
        equal(ended(client), b"hello\n", "echo")
        equal(server.closed(peer=V4)["reason"], "normal", "reason")


@case
def second_header(binary):
    """A second header is data"""
    with proxied(binary) as server, server.connect() as client:
        client.sendall(GOOD["v1 TCP4"][0] * 2)
        header = GOOD["v1 TCP4"][0]
        equal(read(client, len(header)), header, "echo")


@case
def tls_behind_it(binary):
    """TLS behind a header: the hello in the same segment, or cut"""
    authority, pair = certificates()
    with proxied(binary, *options(pair)) as server:
        for header, peer in (GOOD["v1 TCP4"], GOOD["v2 with a checksum"],
                             GOOD["v2 LOCAL"]):
            for cut in (0, 1, len(header) - 1, len(header), len(header) + 3):
                with server.connect() as client:
                    before = server.counters()["bytes_in"]
                    bio = Bio(client, context(authority))
                    whole = header + bio.hello()
                    if cut:
                        client.sendall(whole[:cut])
                        until(lambda: server.counters()["bytes_in"]
                              == before + cut, f"{cut} bytes")
                    client.sendall(whole[cut:])
                    bio.do(bio.tls.do_handshake)
                    echoes(bio)
                    if peer:
                        server.wait_opened(peer)
        equal(server.refused(), {}, "refused")
        with server.connect() as client:
            client.sendall(GOOD["v1 TCP4"][0] + b"GET / HTTP/1.0\r\n\r\n")
            ended(client)
        server.wait_refused("not_tls")
        expect(V4 in server.event("client_refused")["text"], "the true peer")
        with server.connect() as client:  # TLS outside, the header inside
            client.sendall(Bio(client, context(authority)).hello())
            ended(client)
        server.wait_refused("no_proxy_header")


# -- who sends them ----------------------------------------------------------

@case
def not_from_others(binary):
    """From other networks there is no header: it is data"""
    header = GOOD["v1 TCP4"][0]
    with Server(binary, "--proxy-from", "10.0.0.0/8", "--proxy-from",
                "127.0.0.2") as server:
        with server.connect() as client:
            client.sendall(header)
            equal(read(client, len(header)), header, "echo")
        with server.connect("127.0.0.2") as client:
            client.sendall(header + b"hello\n")
            equal(read(client, 6), b"hello\n", "echo")
        equal(server.listener()["proxy_from"], ["10.0.0.0/8", "127.0.0.2"],
              "proxy_from")


@case
def both_families(binary):
    """On [::], proxies of IPv4 and of IPv6 are known by their networks"""
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError as error:
            raise Skip("no IPv6") from error
    header = GOOD["v1 TCP4"][0]
    for networks, hosts in ((("127.0.0.0/8",), ("127.0.0.1",)),
                            (("::1",), ("::1",)),
                            (("127.0.0.0/8", "::1"), ("127.0.0.1", "::1"))):
        words = [word for each in networks for word in ("--proxy-from", each)]
        with Server(binary, *words, bind="::") as server:
            for host in ("127.0.0.1", "::1"):
                with server.connect(host=host) as client:
                    client.sendall(header + b"hello\n")
                    wanted = b"" if host in hosts else header
                    equal(read(client, len(wanted) + 6), wanted + b"hello\n",
                          f"echo for {networks} at {host}")


@case
def from_unix(binary):
    """--proxy-from unix: on a socket of a path, headers are read"""
    path = os.path.join(folder.name, "socket")
    with Server(binary, "--proxy-from", "unix", bind=f"unix:{path}") as server:
        for name, (header, peer) in GOOD.items():
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(20)
                client.connect(path)
                client.sendall(header + b"hello\n")
                equal(read(client, 6), b"hello\n", f"echo, {name}")
                if peer:
                    server.wait_opened(peer)


@case
def counted_by_source(binary):
    """--max-per-address counts the true peers; a LOCAL one is not counted"""
    def opens(server, header):
        client = server.connect()
        client.sendall(header + b"hello\n")
        try:
            if client.recv(6) == b"hello\n":
                return client
        except ConnectionError:
            pass
        client.close()
        return None
    one, two = inet("198.51.100.1", 1), v1("TCP4", "198.51.100.2", V4, 1, 2)
    with proxied(binary, "--max-per-address", "2") as server:
        clients = [opens(server, header) for header in (one, two, one, two)]
        expect(all(clients), "two of each", clients)
        equal((opens(server, one), opens(server, two)), (None, None), "third")
        equal(server.counters()["rejected_by_address"], 2, "rejected")
        local = [opens(server, v2(LOCAL)) for _ in range(5)]
        expect(all(local), "any number of LOCAL ones", local)
        clients.pop(0).close()
        clients.append(until(lambda: opens(server, one), "a place"))
        for each in clients + local:
            echoes(each)
            each.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv))
