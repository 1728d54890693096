#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a scanner of TLS servers tries: every cipher, group and signature that this
OpenSSL has, old kinds of hello, a downgrade, and renegotiation.

usage: tls_scan_test.py COPPICE [WORD]
"""

import ssl
import subprocess
import sys

from clients import context, echoes, ended
from handshakes import V1_2, authority, issued, s_client, tls_server
from serving import DEADLINE, case, equal, expect, main

RSA_OR_ECDSA = {
    f"ECDHE-{key}-{cipher}" for key in ("RSA", "ECDSA") for cipher in
    ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")}


def openssl(*words):
    return subprocess.run(["openssl", *words], check=True, timeout=DEADLINE,
                          capture_output=True, encoding="utf-8").stdout.split()


def spoken(server, *words):
    """Whether a handshake with these words succeeds; what s_client says."""
    said = s_client(server, *words, text="Q\n")
    return "Verify return code: 0 (ok)" in said and "(NONE)" not in said, said


def verifying():
    return ("-CAfile", str(authority()), "-verify_return_error", "-servername",
            "localhost")


# -- what is accepted --------------------------------------------------------

@case
def each_cipher(binary):
    """TLS 1.2: of all ciphers, the six with ECDHE and AES-GCM or ChaCha20"""
    pairs = [issued("ec"), issued("rsa", kind="rsa")]
    known = openssl("ciphers", "-tls1_2", "-s", "ALL:COMPLEMENTOFALL@SECLEVEL=0")
    tried = [name for chunk in known for name in chunk.split(":")
             if not name.startswith("TLS_")]
    accepted, count = set(), 0
    with tls_server(binary, certificates=pairs) as server:
        for cipher in tried:
            try:
                client = context(newest=V1_2, ciphers=f"{cipher}:@SECLEVEL=0")
            except ssl.SSLError:  # Python's OpenSSL may be another one
                continue
            count += 1
            try:
                with server.tls(client) as tls:
                    echoes(tls)
                    accepted.add(tls.cipher()[0])
            except (ssl.SSLError, ConnectionError):
                pass
        expect(count > 50, "ciphers to try", count)
        equal(accepted, RSA_OR_ECDSA, "what is accepted")
    return f"{count} ciphers"


@case
def each_cipher_of_1_3(binary):
    """TLS 1.3: AES-GCM and ChaCha20, and not CCM"""
    with tls_server(binary) as server:
        for cipher, wanted in (("TLS_AES_128_GCM_SHA256", True),
                               ("TLS_AES_256_GCM_SHA384", True),
                               ("TLS_CHACHA20_POLY1305_SHA256", True),
                               ("TLS_AES_128_CCM_SHA256", False),
                               ("TLS_AES_128_CCM_8_SHA256", False)):
            # Else OpenSSL 3.6 does not offer CCM_8 at all.
            succeeds, said = spoken(server, "-tls1_3", "-ciphersuites", cipher,
                                    "-cipher", "DEFAULT@SECLEVEL=0",
                                    *verifying())
            equal(succeeds, wanted, f"{cipher} ({said[-200:]})")
        server.wait_refused("tls_cipher", 2)


@case
def groups(binary):
    """Keys are agreed on with X25519 or P-256, and not with small curves"""
    rsa = issued("rsa", kind="rsa")
    with tls_server(binary, certificates=[rsa]) as server:
        for group, wanted in (("X25519", True), ("P-256", True),
                              ("P-384", True), ("secp224r1", False),
                              ("secp192r1", False), ("sect163k1", False)):
            succeeds, said = spoken(server, "-tls1_2", "-groups", group,
                                    "-cipher", "DEFAULT:@SECLEVEL=0",
                                    *verifying())
            equal(succeeds, wanted, f"{group} ({said[-200:]})")


@case
def signatures(binary):
    """A client that takes no signatures but those with SHA-1 is refused"""
    pairs = [issued("ec"), issued("rsa", kind="rsa")]
    with tls_server(binary, certificates=pairs) as server:
        for kind in ("ECDSA", "RSA"):
            for digest, wanted in (("SHA256", True), ("SHA1", False)):
                succeeds, said = spoken(
                    server, "-tls1_2", "-sigalgs", f"{kind}+{digest}", "-cipher",
                    f"ECDHE-{kind}-AES128-GCM-SHA256:@SECLEVEL=0", *verifying())
                equal(succeeds, wanted, f"{kind}+{digest} ({said[-200:]})")


# -- what protects a handshake -----------------------------------------------

@case
def protections(binary):
    """TLS 1.2: secure renegotiation, extended master secret, no compression"""
    with tls_server(binary) as server:
        succeeds, said = spoken(server, "-tls1_2", *verifying())
        expect(succeeds, "the handshake", said)
        for line in ("Secure Renegotiation IS supported", "Compression: NONE",
                     "Extended master secret: yes"):
            expect(line in said, line, said)


@case
def downgrade(binary):
    """A client that was made to fall back to TLS 1.2 is refused"""
    with tls_server(binary) as server:
        succeeds, said = spoken(server, "-tls1_2", "-fallback_scsv", *verifying())
        expect(not succeeds, "it is refused", said)
        expect("inappropriate fallback" in said, "the alert says why", said)
        equal(sum(server.refused().values()), 1, "refused")
    with tls_server(binary) as server:
        succeeds, said = spoken(server, "-fallback_scsv", *verifying())
        expect(succeeds, "TLS 1.3 is served", said)


@case
def old_hellos(binary):
    """The hellos of SSL 2 and SSL 3 are refused"""
    ssl_2 = b"\x80\x1c\x01\x00\x02\x00\x03\x00\x00\x00\x10\x07\x00\xc0" + b"x" * 16
    body = (b"\x03\x00" + b"x" * 32 + b"\x00"  # version, random, no session
            + b"\x00\x04\x00\x0a\x00\x05" + b"\x01\x00")  # 3DES, RC4; no compression
    ssl_3 = (b"\x16\x03\x00" + (len(body) + 4).to_bytes(2, "big")
             + b"\x01" + len(body).to_bytes(3, "big") + body)
    with tls_server(binary) as server:
        for count, hello in enumerate((ssl_2, ssl_3), 1):
            with server.connect() as client:
                client.sendall(hello)
                got = ended(client)
                expect(got == b"" or got[0] == 21, "an alert at most", got)
            equal(sum(server.refused().values()), count, "refused")
        with server.tls(context(authority())) as tls:
            echoes(tls)
        return ", ".join(server.refused())


if __name__ == "__main__":
    sys.exit(main(sys.argv))
