# SPDX-License-Identifier: BSD-3-Clause
"""Headers of the PROXY protocol, as a proxy writes them."""

import socket
import struct

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LOCAL, PROXY = 0x20, 0x21
UNSPEC, TCP4, UDP4, TCP6, UNIX = 0x00, 0x11, 0x12, 0x21, 0x31
CRC32C, ALPN, NOOP, UNIQUE_ID = 3, 1, 4, 5

# What HAProxy 2.x sends as a health check.
CHECK = bytes.fromhex("0d0a0d0a000d0a515549540a20000000")


def v1(family, *words):
    return " ".join(("PROXY", family, *map(str, words))).encode() + b"\r\n"


def v2(command=PROXY, family=UNSPEC, body=b"", length=None):
    return (SIGNATURE + bytes((command, family))
            + struct.pack("!H", len(body) if length is None else length) + body)


def inet(source, port, more=b"", family=TCP4):
    kind = socket.AF_INET if family in (TCP4, UDP4) else socket.AF_INET6
    to = "192.0.2.200" if kind == socket.AF_INET else "2001:db8::200"
    return v2(PROXY, family, socket.inet_pton(kind, source)
              + socket.inet_pton(kind, to) + struct.pack("!HH", port, 443)
              + more)


def unix(source=b"/client", to=b"/server", more=b""):
    return v2(PROXY, UNIX, source.ljust(108, b"\0") + to.ljust(108, b"\0") + more)


def tlv(kind, value):
    return struct.pack("!BH", kind, len(value)) + value


def crc32c(data):
    value = 0xffffffff
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82f63b78 if value & 1 else 0)
    return value ^ 0xffffffff


def with_checksum(make, wrong=0):
    """`make` gets the bytes behind the addresses."""
    blank = make(tlv(CRC32C, bytes(4)))
    value = crc32c(blank) ^ wrong
    return make(tlv(CRC32C, struct.pack("!I", value)))
