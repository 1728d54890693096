#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What is wrong with files of certificates, and with options, is said before
anything listens.

usage: tls_files_test.py COPPICE [WORD]
"""

import atexit
import functools
import pathlib
import subprocess
import sys
import tempfile

from certificates import Certificates, joined, key, openssl
from clients import context, echoes
from serving import (DEADLINE, HOST, Failure, Server, case, environment, equal,
                     expect, main)

folder = tempfile.TemporaryDirectory()
atexit.register(folder.cleanup)
here = pathlib.Path(folder.name)
authority = Certificates(folder.name)
strangers = Certificates(folder.name, "strangers")
issued = functools.cache(authority.issue)


def started(binary, *words):
    """A start that fails: exit code, standard output and error."""
    done = subprocess.run(
        [binary, "serve", "0", "--bind", HOST, "--admin", "127.0.0.1:0",
         "--journal", "off", *map(str, words)], env=environment(),
        capture_output=True, timeout=DEADLINE, encoding="utf-8")
    return done.returncode, done.stdout, done.stderr


def refuses(binary, file, word, *words):
    """No start: one line, which names the file and has the word."""
    code, out, err = started(binary, *words)
    equal((code, out), (1, ""), f"exit code and output, {err}")
    equal(len(err.splitlines()), 1, f"lines of {err!r}")
    expect(str(file) in err, f"{file} is named", err)
    expect(word in err.lower(), f"the reason is said: {word}", err)


# -- at the start ------------------------------------------------------------

@case
def bad_certificates(binary):
    """No start: a file is missing, a folder, empty, no PEM, or cut off"""
    pem, private = issued("server")
    words = "--tls-key", private, "--tls-cert"
    refuses(binary, here / "none.pem", "no such file", *words, here / "none.pem")
    refuses(binary, here, "directory", *words, here)
    for name, text in (("empty.pem", ""), ("text.pem", "no certificate\n")):
        (here / name).write_text(text)
        refuses(binary, here / name, "no certificate", *words, here / name)
    (here / "cut.pem").write_text(pem.read_text("ascii")[:300])
    refuses(binary, here / "cut.pem", "", *words, here / "cut.pem")
    refuses(binary, private, "no certificate", *words, private)


@case
def bad_keys(binary):
    """No start: a key is missing, another's, no PEM, or has a passphrase"""
    pem, private = issued("server")
    words = "--tls-cert", pem, "--tls-key"
    refuses(binary, here / "none.key", "no such file", *words, here / "none.key")
    refuses(binary, here, "directory", *words, here)
    other = key(here / "other.key")
    refuses(binary, other, "does not belong", *words, other)
    rsa = key(here / "other-rsa.key", "rsa")
    refuses(binary, rsa, "does not belong", *words, rsa)
    (here / "text.key").write_text("no key\n")
    refuses(binary, here / "text.key", "no private key", *words,
            here / "text.key")
    refuses(binary, pem, "no private key", "--tls-cert", pem)
    secret = here / "secret.key"
    openssl("ec", "-in", private, "-aes128", "-passout", "pass:x", "-out", secret)
    refuses(binary, secret, "passphrase", *words, secret)
    openssl("pkcs8", "-topk8", "-in", private, "-passout", "pass:x", "-out",
            secret)
    refuses(binary, secret, "passphrase", *words, secret)


@case
def chains(binary):
    """A chain is served whole; one that is out of order is refused"""
    middle = authority.issue("middle", ca=True)
    pem, private = authority.issue("leaf", issuer=middle)
    good = joined(here / "chain.pem", pem, middle[0], private)  # the key in the file
    with Server(binary, "--tls-cert", str(good)) as server, \
            server.tls(context(authority.authority)) as tls:
        echoes(tls)
    bad = joined(here / "disorder.pem", pem, authority.authority, middle[0])
    refuses(binary, bad, "did not issue", "--tls-cert", bad, "--tls-key", private)
    bad = joined(here / "foreign.pem", pem, strangers.authority)
    refuses(binary, bad, "did not issue", "--tls-cert", bad, "--tls-key", private)


@case
def bad_authorities(binary):
    """No start: the client CA is missing, or has no certificate"""
    pem, private = issued("server")
    words = "--tls-cert", pem, "--tls-key", private, "--tls-client-ca"
    refuses(binary, here / "none.pem", "no such file", *words, here / "none.pem")
    refuses(binary, private, "no certificate", *words, private)


@case
def usage(binary):
    """Wrong options of TLS and of PROXY are exit code 2"""
    pem, private = issued("server")
    good = "--tls-cert", pem, "--tls-key", private
    for words in (("--tls-key", private), ("--tls-min", "1.3"),
                  ("--tls-alpn", "h2"), ("--tls-client-ca", pem),
                  (*good, "--tls-key", private),
                  (*good, "--tls-cert", pem), (*good, "--tls-min", "1.1"),
                  (*good, "--tls-client", "required"),
                  (*good, "--tls-client", "optional"),
                  (*good, "--tls-client", "perhaps"),
                  (*good, "--tls-alpn", ""), (*good, "--tls-alpn", "x" * 256),
                  (*good, "--tls-handshake-timeout", "soon"),
                  (*good, "--tls-max-handshakes", "0"),
                  ("--proxy-from", "nowhere"), ("--proxy-from", "10.0.0.0/33"),
                  ("--proxy-from", "10.0.0.1/8/8"), ("--proxy-from", "::/129"),
                  ("--proxy-from", "127.0.0.1", "--proxy-timeout", "soon")):
        code, out, err = started(binary, *words)
        equal((code, out), (2, ""), f"{words[-2:]}: code and output, {err}")
        equal(len(err.splitlines()), 1, f"{words[-2:]}: lines of {err!r}")


@case
def no_time(binary):
    """A time of nothing for a handshake or a header is exit code 2"""
    pem, private = issued("server")
    for words in (("--proxy-from", "127.0.0.1", "--proxy-timeout", "0s"),
                  ("--tls-cert", pem, "--tls-key", private,
                   "--tls-handshake-timeout", "0s")):
        try:
            equal(started(binary, *words)[0], 2, f"{words[-2:]}: exit code")
        except subprocess.TimeoutExpired:
            raise Failure(f"{words[-2:]}: it serves") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv))
