# SPDX-License-Identifier: BSD-3-Clause
"""A network of its own for a process and its children."""

import ctypes
import errno
import fcntl
import os
import socket
import struct
import sys

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def isolate():
    """Leaves the machine's network for one that has loopback alone.

    Without firewall and connection tracking, whose table hundreds of thousands
    of short connections would fill to everybody's harm. Needs root, or leave
    for unprivileged user namespaces; goes on without, and says so.
    """
    flags = CLONE_NEWNET
    if os.geteuid() != 0:
        flags |= CLONE_NEWUSER
    if ctypes.CDLL(None, use_errno=True).unshare(flags) != 0:
        why = errno.errorcode[ctypes.get_errno()]
        print(f"no network of its own ({why}): a firewall's cost is included, "
              "and connection tracking may run full", file=sys.stderr)
        return
    with socket.socket() as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        request = fcntl.ioctl(any_socket, SIOCGIFFLAGS, request)
        name, state = struct.unpack("16sh14x", request)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS,
                    struct.pack("16sh14x", name, state | IFF_UP))
