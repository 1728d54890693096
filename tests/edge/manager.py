# SPDX-License-Identifier: BSD-3-Clause
"""A service manager, as far as the tests need one."""

import os
import socket
import tempfile

from serving import DEADLINE


class Manager:
    """What listens where NOTIFY_SOCKET points to."""

    def __init__(self, abstract=False, **variables):
        self.folder = tempfile.TemporaryDirectory()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(DEADLINE)
        path = os.path.join(self.folder.name, "notify")
        if abstract:
            path = f"@coppice-test-{os.getpid()}"
        self.socket.bind(path.replace("@", "\0", 1) if abstract else path)
        self.variables = {"NOTIFY_SOCKET": path, **variables}

    def __enter__(self):
        os.environ.update(self.variables)
        return self

    def __exit__(self, *_):
        for name in self.variables:
            os.environ.pop(name, None)
        self.socket.close()
        self.folder.cleanup()

    def hear(self):
        """The variables of the next message."""
        text = self.socket.recv(4096).decode()
        return dict(line.split("=", 1) for line in text.splitlines())

    def hear_until(self, name):
        while True:
            heard = self.hear()
            if name in heard:
                return heard
