#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Certificates that are read again while the server runs, and sessions that go on
or do not; and when certificates expire.

usage: tls_reload_test.py COPPICE [WORD]
"""

import atexit
import functools
import os
import pathlib
import shutil
import signal
import ssl
import sys
import tempfile
import time

from certificates import Certificates, der, joined, options
from clients import context, echoes
from serving import (Failure, Server, case, equal, expect, main, until)

V1_2, V1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
TWO_SECONDS = 2.5  # and what a busy machine adds
folder = tempfile.TemporaryDirectory()
atexit.register(folder.cleanup)
here = pathlib.Path(folder.name)
authority = Certificates(folder.name)
strangers = Certificates(folder.name, "strangers")
issued = functools.cache(authority.issue)


# -- reload ------------------------------------------------------------------

def copy(pair, name="now"):
    """A pair of its own to be changed."""
    target = here / f"{name}.pem", here / f"{name}.key"
    for source, to in zip(pair, target):
        fresh = here / "fresh"
        shutil.copy(source, fresh)
        os.rename(fresh, to)
    return target


def served(server):
    with server.tls(context(authority.authority)) as tls:
        echoes(tls)
        return tls.getpeercert(True)


@case
def reload_by_command(binary):
    """coppice reload: the new certificate for new clients, open ones go on"""
    old, new = issued("old"), issued("new")
    pair = copy(old)
    with Server(binary, *options(pair)) as server, \
            server.tls(context(authority.authority)) as tls:
        echoes(tls)
        expect(served(server) == der(old[0]), "the old one")
        copy(new)
        done = server.run("reload")
        equal(done.returncode, 0, f"exit code, {done.stderr}")
        expect(served(server) == der(new[0]), "the new one")
        echoes(tls)
        expect(tls.getpeercert(True) == der(old[0]), "an open one stays")
        server.event("certificates_loaded")
    return done.stdout.strip()


@case
def reload_by_signal(binary):
    """SIGHUP reads the certificates again"""
    old, new = issued("old"), issued("new")
    with Server(binary, *options(copy(old))) as server:
        expect(served(server) == der(old[0]), "the old one")
        copy(new)
        server.process.send_signal(signal.SIGHUP)
        server.event("certificates_loaded", limit=5)
        expect(served(server) == der(new[0]), "the new one")


@case
def reload_by_change(binary):
    """A file that is replaced by another is read within 2 s"""
    old, new = issued("old"), issued("new")
    took = []
    with Server(binary, *options(copy(old))) as server:
        for pair in (new, old):
            copy(pair)
            took.append(seen_within(server, pair, TWO_SECONDS))
    return f"{max(took):.2f} s at most"


def seen_within(server, pair, limit):
    begin = time.monotonic()
    until(lambda: served(server) == der(pair[0]), "the new one", limit)
    return time.monotonic() - begin


def swap(link, target):
    fresh = here / "fresh-link"
    fresh.symlink_to(target)
    os.rename(fresh, link)


def folders_of(name, *pairs):
    for each in pairs:
        (here / name / each[0].stem).mkdir(parents=True)
        copy(each, f"{name}/{each[0].stem}/tls")
    return here / name


@case
def reload_as_in_kubernetes(binary):
    """Files that are links into a folder that is swapped are read within 2 s"""
    old, new = issued("old"), issued("new")
    mount = folders_of("mount", old, new)
    swap(mount / "..data", "old")
    for name in ("tls.pem", "tls.key"):
        (mount / name).symlink_to(f"..data/{name}")
    with Server(binary,
                *options((mount / "tls.pem", mount / "tls.key"))) as server:
        expect(served(server) == der(old[0]), "the old one")
        swap(mount / "..data", "new")
        return f"{seen_within(server, new, TWO_SECONDS):.2f} s"


@case
def reload_of_linked_folder(binary):
    """Files in a folder that is a link, and is swapped, are read within 2 s"""
    old, new = issued("old"), issued("new")
    releases = folders_of("releases", old, new)
    link = releases / "current"
    swap(link, "old")
    with Server(binary, *options((link / "tls.pem", link / "tls.key"))) as server:
        expect(served(server) == der(old[0]), "the old one")
        swap(link, "new")
        return f"{seen_within(server, new, TWO_SECONDS):.2f} s"


@case
def bad_reload(binary):
    """A bad new file leaves the old one in force, and is reported"""
    old = issued("old")
    pem, private = copy(old)
    with Server(binary, *options((pem, private))) as server:
        for text in ("", "no certificate\n", None):
            if text is None:
                pem.unlink()
            else:
                pem.write_text(text)
            done = server.run("reload")
            equal(done.returncode, 1, f"exit code of reload, {done.stdout}")
            expect(str(pem) in done.stderr, "it names the file", done.stderr)
            event = server.event("certificates_refused", str(pem))
            equal(event["severity"] in ("warning", "error"), True, "severity")
            expect(served(server) == der(old[0]), "the old one is in force")
        copy(issued("new"))
        equal(server.run("reload").returncode, 0, "exit code when mended")
        expect(served(server) == der(issued("new")[0]), "the new one")


@case
def half_changed(binary):
    """Certificate and key that change one after the other end up as a pair"""
    old, new = issued("old"), issued("new")
    pem, private = copy(old)
    with Server(binary, *options((pem, private))) as server:
        shutil.copy(new[0], pem)
        server.event("certificates_refused", limit=TWO_SECONDS)
        expect(served(server) == der(old[0]), "the old pair is in force")
        shutil.copy(new[1], private)
        until(lambda: served(server) == der(new[0]), "the new pair", TWO_SECONDS)


@case
def nothing_to_reload(binary):
    """Without TLS there is nothing to reload, which is no error"""
    with Server(binary) as server:
        done = server.run("reload")
        equal(done.returncode, 0, f"exit code, {done.stderr}")
        expect("nothing to reload" in done.stdout, "it says so", done.stdout)
        server.process.send_signal(signal.SIGHUP)
        with server.connect() as client:
            echoes(client)


# -- sessions ----------------------------------------------------------------

def resumes(server, client, session):
    with server.tls(client, session=session) as tls:
        echoes(tls)
        return tls.session_reused


@case
def sessions(binary):
    """Sessions are resumed after a reload, unless the client CA has changed"""
    ca = here / "client-ca.pem"
    cert = authority.issue("client")
    for newest in (V1_2, V1_3):
        shutil.copy(authority.authority, ca)
        with Server(binary, *options(copy(issued("old"))), "--tls-client-ca",
                    str(ca)) as server:
            client = context(authority.authority, newest=newest, cert=cert)
            with server.tls(client) as tls:
                echoes(tls)
                session = tls.session
            expect(resumes(server, client, session), f"resumed: {newest}")
            copy(issued("new"))
            equal(server.run("reload").returncode, 0, "exit code")
            expect(resumes(server, client, session), f"after reload: {newest}")
            joined(ca, authority.authority, strangers.authority)
            equal(server.run("reload").returncode, 0, "exit code")
            expect(not resumes(server, client, session), f"new CA: {newest}")
            shutil.copy(strangers.authority, ca)
            equal(server.run("reload").returncode, 0, "exit code")
            try:
                resumes(server, client, session)
            except ssl.SSLError:
                continue
            raise Failure(f"a ticket of a client that the CA refuses: {newest}")


# -- when they expire --------------------------------------------------------

@case
def expiry(binary):
    """When certificates expire is a metric, and soon is an event"""
    soon, late = issued("soon", days=3), issued("server")
    with Server(binary, *options(late, soon)) as server:
        for (pem, _), days in ((soon, 3), (late, 90)):
            name = "coppice_tls_certificate_expiry_timestamp_seconds"
            at = server.metric(name, listener="echo", file=str(pem))
            expect(abs(at - time.time() - days * 86400) < 600, "expiry", at)
        server.event("certificate_expires", str(soon[0]))
        equal(len(server.events("certificate_expires")), 1, "events")


if __name__ == "__main__":
    sys.exit(main(sys.argv))
