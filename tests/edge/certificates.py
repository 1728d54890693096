# SPDX-License-Identifier: BSD-3-Clause
"""Certificates for the tests of TLS, made with the program openssl."""

import pathlib
import ssl
import subprocess

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts/make-certificate"


def openssl(*words, text=None):
    return subprocess.run(["openssl", *map(str, words)], input=text, check=True,
                          timeout=60, capture_output=True, encoding="utf-8")


def key(path, kind="ec"):
    how = (["EC", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else
           ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
    openssl("genpkey", "-algorithm", *how, "-out", path)
    return path


class Certificates:
    """A folder with an authority, and what it issues."""

    def __init__(self, folder, authority="authority"):
        self.folder = pathlib.Path(folder)
        self.authority = self.folder / f"{authority}.pem"
        self.authority_key = self.authority.with_suffix(".key")
        key(self.authority_key)
        openssl("req", "-x509", "-new", "-key", self.authority_key, "-days", 90,
                "-subj", f"/CN={authority}", "-addext",
                "basicConstraints=critical,CA:TRUE", "-addext",
                "keyUsage=critical,keyCertSign,cRLSign", "-out", self.authority)

    def issue(self, name, *names, kind="ec", days=90, issuer=None, ca=False):
        """NAME.pem and NAME.key, the paths of which are returned."""
        pem, private = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        key(private, kind)
        request = openssl("req", "-new", "-key", private,
                          "-subj", f"/CN={name}").stdout
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(
            "basicConstraints=critical,CA:TRUE" if ca else
            "subjectAltName=" + ",".join(
                f"DNS:{each}" for each in names or ("localhost",)))
        above = issuer or (self.authority, self.authority_key)
        openssl("x509", "-req", "-days", days, "-CA", above[0], "-CAkey",
                above[1], "-CAcreateserial", "-extfile", extensions, "-out", pem,
                text=request)
        return pem, private


def der(path):
    """The first certificate of a file."""
    pem = pathlib.Path(path).read_text("ascii")
    begin = pem.index("-----BEGIN CERTIFICATE")
    end = pem.index("-----END CERTIFICATE", begin)
    return ssl.PEM_cert_to_DER_cert(
        pem[begin:end] + "-----END CERTIFICATE-----\n")


def joined(target, *paths):
    target.write_text("".join(pathlib.Path(path).read_text("ascii")
                              for path in paths), "ascii")
    return target


def options(*pairs):
    """What `coppice serve` gets for these pairs of certificate and key."""
    return [str(word) for pem, private in pairs
            for word in ("--tls-cert", pem, "--tls-key", private)]
