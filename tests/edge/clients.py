# SPDX-License-Identifier: BSD-3-Clause
"""Clients of the tests of TLS and of the PROXY protocol."""

import select
import socket
import ssl
import time

from serving import DEADLINE, equal, expect

WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


def read(client, count):
    result = b""
    while len(result) < count:
        part = client.recv(min(count - len(result), 65536))
        expect(part, f"the end after {len(result)} of {count} bytes")
        result += part
    return result


def echoes(client, data=b"hello\n", piece=16384, late=False):
    """Sends pieces while it reads, because the echo may fill all buffers. Late:
    it does not read before they are full.

    In one thread: an SSLSocket is not made for two.
    """
    if len(data) <= piece:
        client.sendall(data)
        equal(read(client, len(data)), data, "the echo")
        return
    client.setblocking(False)
    sent, got = 0, bytearray()
    end = time.monotonic() + 3 * DEADLINE
    while len(got) < len(data):
        expect(time.monotonic() < end, f"{len(got)} of {len(data)} bytes")
        blocked = 0
        try:
            if sent < len(data):
                sent += client.send(data[sent:sent + piece])
            blocked += sent == len(data)
        except WOULD_BLOCK:
            blocked += 1
        try:
            if not late or blocked:
                part = client.recv(65536)
                expect(part, f"the end after {len(got)} of {len(data)} bytes")
                got += part
        except WOULD_BLOCK:
            blocked += 1
        if blocked == 2:
            select.select([client], [client] if sent < len(data) else [], [],
                          DEADLINE)
        elif late and blocked == 1:
            late = bool(select.select([], [client], [], 0.2)[1])
    client.settimeout(DEADLINE)
    expect(got == data, f"another echo of {len(data)} bytes")


def ended(client):
    """Waits for the end of a connection; what came before is returned."""
    result = b""
    try:
        while part := client.recv(65536):
            result += part
    except ConnectionError:
        pass
    client.close()
    return result


def reset(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                      b"\1\0\0\0\0\0\0\0")
    client.close()


def context(authority=None, oldest=None, newest=None, ciphers=None, alpn=None,
            cert=None):
    result = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if authority:
        result.load_verify_locations(authority)
    else:
        result.check_hostname = False
        result.verify_mode = ssl.CERT_NONE
    if ciphers:
        result.set_ciphers(ciphers)
    if oldest:
        result.minimum_version = oldest
    if newest:
        result.maximum_version = newest
    if alpn:
        result.set_alpn_protocols(alpn)
    if cert:
        result.load_cert_chain(*map(str, cert))
    return result


class Bio:
    """A TLS client that has each byte that it sends in its hands."""

    def __init__(self, client, context, name="localhost"):
        self.client = client
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing,
                                    server_hostname=name)

    def hello(self):
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return self.outgoing.read()

    def do(self, action, *words):
        """Until it neither waits for a byte nor has one to send."""
        while True:
            try:
                result = action(*words)
                self.client.sendall(self.outgoing.read())
                return result
            except ssl.SSLWantReadError:
                self.client.sendall(self.outgoing.read())
                part = self.client.recv(65536)
                if part:
                    self.incoming.write(part)
                else:
                    self.incoming.write_eof()

    def recv(self, count):
        return self.do(self.tls.read, count)

    def sendall(self, data):
        self.do(self.tls.write, data)

    def half_close(self):
        """close_notify, without waiting for the peer's."""
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        self.client.sendall(self.outgoing.read())
