# SPDX-License-Identifier: BSD-3-Clause
"""Certificates and servers for the tests of handshakes."""

import atexit
import functools
import ssl
import subprocess
import tempfile

from certificates import Certificates, options
from serving import DEADLINE, Failure, Server, expect

V1, V1_1, V1_2, V1_3 = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1,
                        ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
folder = tempfile.TemporaryDirectory()
atexit.register(folder.cleanup)


@functools.cache
def issuer(name):
    return Certificates(folder.name, name)


def authority():
    return issuer("authority").authority


@functools.cache
def issued(name, *names, kind="ec", of="authority"):
    return issuer(of).issue(name, *names, kind=kind)


def tls_server(binary, *more, certificates=None):
    return Server(binary, *options(*(certificates or [issued("server")])), *more)


def refused_with(server, word, client):
    """The client is refused: by an alert, or by the end of the connection."""
    try:
        with server.tls(client) as tls:
            tls.sendall(b"hello\n")
            got = tls.recv(100)
    except ssl.SSLError as error:
        expect(word in str(error).lower(), f"an alert of {word}", str(error))
        return
    raise Failure(f"it is served: {got!r}")


def s_client(server, *words, text=""):
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", *words],
        input=text, capture_output=True, encoding="utf-8", errors="replace",
        timeout=DEADLINE)
    return done.stdout + done.stderr
