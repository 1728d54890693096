#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Handshakes of TLS: versions, ciphers, certificates of clients, and sessions
that are resumed.

usage: tls_handshake_test.py COPPICE [WORD]
"""

import os
import pathlib
import sys

from clients import Bio, context, echoes
from handshakes import (V1, V1_1, V1_2, V1_3, authority, folder, issued,
                        refused_with, s_client, tls_server)
from serving import case, equal, expect, main, until

# -- versions and ciphers ----------------------------------------------------

@case
def versions(binary):
    """TLS 1.2 and 1.3 are spoken"""
    with tls_server(binary) as server:
        for version, name in ((V1_2, "TLSv1.2"), (V1_3, "TLSv1.3")):
            client = context(authority(), version, version)
            with server.tls(client) as tls:
                echoes(tls)
                equal(tls.version(), name, "version")
                equal(tls.compression(), None, "compression")
        until(lambda: server.counters()["handshakes"] == 2, "2 handshakes")


@case
def old_versions(binary):
    """TLS 1.0 and 1.1 are refused as tls_version"""
    with tls_server(binary) as server:
        for count, version in enumerate((V1, V1_1), 1):
            refused_with(server, "version", context(
                oldest=version, newest=version, ciphers="ALL:@SECLEVEL=0"))
            server.wait_refused("tls_version", count)
        event = server.event("client_refused", "tls_version")
        expect("127.0.0.1:" in event["text"], "the event names the peer", event)


@case
def only_new(binary):
    """--tls-min 1.3 refuses TLS 1.2 as tls_version"""
    with tls_server(binary, "--tls-min", "1.3") as server:
        refused_with(server, "version", context(newest=V1_2))
        server.wait_refused("tls_version")
        with server.tls(context(authority())) as tls:
            echoes(tls)
        equal(server.listener()["tls"]["oldest"], "1.3", "tls.oldest")


@case
def ciphers(binary):
    """TLS 1.2: ECDHE with an AEAD, neither CBC nor a key exchange of RSA"""
    rsa = issued("rsa", kind="rsa")
    with tls_server(binary, certificates=[rsa]) as server:
        refused = ("ECDHE-RSA-AES128-SHA256", "ECDHE-RSA-AES256-SHA",
                   "AES128-GCM-SHA256", "AES256-SHA",
                   "DHE-RSA-AES128-GCM-SHA256")
        for count, cipher in enumerate(refused, 1):
            refused_with(server, "handshake", context(
                newest=V1_2, ciphers=cipher + ":@SECLEVEL=0"))
            server.wait_refused("tls_cipher", count)
        for cipher in ("ECDHE-RSA-AES128-GCM-SHA256",
                       "ECDHE-RSA-AES256-GCM-SHA384",
                       "ECDHE-RSA-CHACHA20-POLY1305"):
            with server.tls(context(newest=V1_2, ciphers=cipher)) as tls:
                echoes(tls)
                equal(tls.cipher()[0], cipher, "cipher")


@case
def renegotiation(binary):
    """Renegotiation is refused"""
    with tls_server(binary) as server:
        said = s_client(server, "-tls1_2", text="R\nhello\n")
        expect("RENEGOTIATING" in said, "the client asks for it", said)
        expect("no renegotiation" in said, "the client is refused", said)
        equal(server.counters()["handshakes"], 1, "handshakes")
        with server.tls(context(authority())) as tls:
            echoes(tls)


@case
def early_data(binary):
    """There is no early data"""
    with tls_server(binary) as server:
        session = os.path.join(folder.name, "session")
        data = pathlib.Path(folder.name, "early")
        data.write_text("early\n")
        said = s_client(server, "-tls1_3", "-sess_out", session, "-ign_eof",
                        text="hello\nstop\n")
        expect("Max Early Data: 0" in said, "a ticket without it", said)
        said = s_client(server, "-tls1_3", "-sess_in", session, "-early_data",
                        str(data), "-ign_eof", text="hello\nstop\n")
        expect("Early data was not sent" in said, "it is not sent", said)
        expect("Reused, TLSv1.3" in said, "the session is resumed", said)


# -- certificates of clients -------------------------------------------------

@case
def client_required(binary):
    """A client's certificate: right is served, none and a wrong one are not"""
    right, wrong = issued("client"), issued("stranger", of="strangers")
    with tls_server(binary, "--tls-client-ca",
                    str(authority())) as server:
        equal(server.listener()["tls"]["client"], "required", "tls.client")
        for version in (V1_2, V1_3):
            with server.tls(context(authority(), newest=version,
                                    cert=right)) as tls:
                echoes(tls)
            refused_with(server, "required" if version == V1_3 else "handshake",
                         context(newest=version))
            refused_with(server, "unknown ca",
                         context(newest=version, cert=wrong))
        server.wait_refused("tls_client", 4)


@case
def client_optional(binary):
    """--tls-client optional: none is served, a wrong one is not"""
    right, wrong = issued("client"), issued("stranger", of="strangers")
    with tls_server(binary, "--tls-client-ca", str(authority()),
                    "--tls-client", "optional") as server:
        for cert in (None, right):
            with server.tls(context(cert=cert)) as tls:
                echoes(tls)
        refused_with(server, "unknown ca", context(cert=wrong))
        server.wait_refused("tls_client")


@case
def client_off(binary):
    """--tls-client off: a CA is not asked for"""
    with tls_server(binary, "--tls-client-ca", str(authority()),
                    "--tls-client", "off") as server, \
            server.tls(context()) as tls:
        echoes(tls)


# -- sessions ----------------------------------------------------------------

def session_of(server, client):
    with server.tls(client) as tls:
        echoes(tls)
        return tls.session


@case
def sessions(binary):
    """Sessions are resumed in TLS 1.2 and 1.3, on each reactor"""
    for version in (V1_2, V1_3):
        with tls_server(binary, "--listen-sockets", "2") as server:
            client = context(newest=version)
            session = session_of(server, client)
            expect(session.has_ticket, "a ticket")
            tries = 0

            def both():
                nonlocal tries
                tries += 1
                with server.tls(client, session=session) as tls:
                    echoes(tls)
                    expect(tls.session_reused, f"resumed: {version}")
                return all(each["counters"]["resumed"]
                           for each in server.listener()["reactors"])
            until(both, "resumed on both reactors")
            name = "coppice_tls_handshakes_total"
            equal(server.metric(name, resumed="true"), tries, "resumed")
            equal(server.metric(name, resumed="false"), 1, "not resumed")


@case
def sessions_of_clients(binary):
    """A session of a client with a certificate is resumed"""
    with tls_server(binary, "--tls-client-ca",
                    str(authority())) as server:
        for version in (V1_2, V1_3):
            client = context(newest=version, cert=issued("client"))
            session = session_of(server, client)
            with server.tls(client, session=session) as tls:
                echoes(tls)
                expect(tls.session_reused, f"resumed: {version}")


@case
def slow_hello(binary):
    """A handshake that comes in pieces, of a byte at first, succeeds"""
    with tls_server(binary, "--tls-handshake-timeout", "2m") as server, \
            server.connect() as client:
        bio = Bio(client, context(authority()))
        hello = bio.hello()
        ends = [*range(1, 33), *range(64, len(hello), 32), len(hello)]
        for begin, end in zip([0, *ends], ends):
            client.sendall(hello[begin:end])
            until(lambda: server.counters()["bytes_in"] >= end, f"{end} bytes")
        bio.do(bio.tls.do_handshake)
        echoes(bio)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
