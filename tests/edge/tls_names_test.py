#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a client of TLS asks for: a name (SNI), a kind of key, a protocol (ALPN).

usage: tls_names_test.py COPPICE [WORD]
"""

import pathlib
import subprocess
import sys

from certificates import SCRIPT, der, openssl, options
from clients import context, echoes
from handshakes import (V1_2, V1_3, folder, issued, refused_with, s_client,
                        tls_server)
from serving import Server, case, equal, expect, main

# -- names and protocols -----------------------------------------------------

def by_content():
    """The name of each certificate here by what is in it."""
    return {der(path): path.stem for path in pathlib.Path(folder.name).rglob("*.pem")}


def served(server, name, client=None):
    """The name of the certificate that the client got."""
    with server.tls(client or context(), name) as tls:
        echoes(tls)
        return by_content()[tls.getpeercert(True)]


@case
def server_names(binary):
    """The certificate for the name is served (wildcards, too), else the first"""
    first = issued("first", "first.example")
    second = issued("second", "second.example", "also.example")
    wild = issued("wild", "*.wild.example")
    with tls_server(binary, certificates=[first, second, wild]) as server:
        for name, pair in (("first.example", first), ("second.example", second),
                           ("also.example", second), ("SECOND.example", second),
                           ("a.wild.example", wild), ("b.wild.example", wild),
                           ("wild.example", first), ("a.b.wild.example", first),
                           ("unknown.example", first), (None, first)):
            equal(served(server, name), pair[0].stem, f"certificate for {name}")
        names = {each["file"]: set(each["names"])
                 for each in server.listener()["tls"]["certificates"]}
        equal(names, {str(first[0]): {"first.example"},
                      str(second[0]): {"second.example", "also.example"},
                      str(wild[0]): {"*.wild.example"}}, "names in /listeners")


@case
def exact_before_wildcard(binary):
    """A certificate with the exact name comes before one with a wildcard"""
    wild = issued("wild", "*.wild.example")
    exact = issued("exact", "a.wild.example")
    with tls_server(binary, certificates=[wild, exact]) as server:
        equal(served(server, "a.wild.example"), "exact", "certificate")
        equal(served(server, "b.wild.example"), "wild", "certificate")


@case
def kinds_of_keys(binary):
    """Of RSA and ECDSA with the same names, clients get what they can use"""
    ec = issued("both-ec", "both.example")
    rsa = issued("both-rsa", "both.example", kind="rsa")
    other = issued("other", "other.example")
    for order in ([ec, rsa], [rsa, ec], [other, ec, rsa], [other, rsa, ec]):
        with tls_server(binary, certificates=order) as server:
            for cipher, pair in (("ECDHE-RSA-AES128-GCM-SHA256", rsa),
                                 ("ECDHE-ECDSA-AES128-GCM-SHA256", ec)):
                client = context(newest=V1_2, ciphers=cipher)
                equal(served(server, "both.example", client), pair[0].stem,
                      f"certificate for {cipher}")
            for algorithm, kind in (("rsa_pss_rsae_sha256", "RSA-PSS"),
                                    ("ecdsa_secp256r1_sha256", "ECDSA")):
                said = s_client(server, "-tls1_3", "-sigalgs", algorithm,
                                "-servername", "both.example")
                expect(f"Peer signature type: {kind}" in said or
                       f"Peer signature type: {algorithm}" in said,
                       f"a signature of {kind}", said)


@case
def protocols(binary):
    """ALPN: the server's preference; only others are refused; none is served"""
    with tls_server(binary, "--tls-alpn", "h2", "--tls-alpn",
                    "http/1.1") as server:
        for offered, chosen in ((["http/1.1", "h2"], "h2"),
                                (["http/1.1"], "http/1.1"),
                                (["x", "http/1.1"], "http/1.1"), (None, None)):
            with server.tls(context(alpn=offered)) as tls:
                echoes(tls)
                equal(tls.selected_alpn_protocol(), chosen, f"of {offered}")
        for count, version in enumerate((V1_2, V1_3), 1):
            refused_with(server, "no application protocol",
                         context(alpn=["spdy/1"], newest=version))
            server.wait_refused("tls_alpn", count)
        equal(server.listener()["tls"]["alpn"], ["h2", "http/1.1"], "tls.alpn")


@case
def no_protocols(binary):
    """Without --tls-alpn a client's protocols are ignored"""
    with tls_server(binary) as server, \
            server.tls(context(alpn=["h2"])) as tls:
        echoes(tls)
        equal(tls.selected_alpn_protocol(), None, "protocol")


# -- the script --------------------------------------------------------------

@case
def script(binary):
    """What scripts/make-certificate makes fits together"""
    made = pathlib.Path(folder.name, "made")
    subprocess.run([SCRIPT, made, "more.example"], check=True, timeout=60,
                   stdout=subprocess.DEVNULL)
    with Server(binary, *options((made / "server.pem", made / "server.key")),
                "--tls-client-ca", str(made / "authority.pem")) as server:
        client = context(made / "authority.pem",
                         cert=(made / "client.pem", made / "client.key"))
        for name in ("localhost", "127.0.0.1", "::1", "more.example"):
            served(server, name, client)
    openssl("verify", "-x509_strict", "-CAfile", made / "authority.pem",
            made / "server.pem")


if __name__ == "__main__":
    sys.exit(main(sys.argv))
