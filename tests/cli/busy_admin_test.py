#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""An admin port that has no room, or is closed for a moment, is neither an
unhealthy server nor one that has ended.

usage: busy_admin_test.py COPPICE
"""

import json
import os
import socket
import sys
import tempfile
import threading
import time

from running import binary_of, expect, main, run

BUSY = "too many clients; this one waited longest"


def http(status, body):
    body = json.dumps(body).encode()
    return (f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


class Port:
    """Answers its requests with `answers`, one after the other, the last again
    and again. None: closes the connection. A number: closes the port besides,
    for that many seconds. SILENT: says nothing until the client has gone.
    """

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = 0
        self.ended = False
        self.folder = tempfile.TemporaryDirectory()
        # A path, which nobody else takes while it is closed.
        self.where = self.folder.name + "/admin"
        self.admin = "unix:" + self.where
        self.open()
        threading.Thread(target=self.run, daemon=True).start()

    def open(self):
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(self.where)
        self.listening.listen()

    def close(self):
        self.listening.close()
        os.unlink(self.where)

    def run(self):
        while not self.ended:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            with client:
                client.recv(65536)
                answer = self.answers[min(self.asked, len(self.answers) - 1)]
                self.asked += 1
                if isinstance(answer, bytes):
                    client.sendall(answer)
                    continue
                if answer is SILENT:
                    client.recv(1)
                if answer in (None, SILENT):
                    continue
                self.close()
            time.sleep(answer)  # what the test is about, and no wait for it
            self.open()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended = True
        self.close()
        self.folder.cleanup()


SILENT = "silent"
ALIVE = http("200 OK", {"alive": True, "reasons": []})
READY = http("200 OK", {"ready": True, "reasons": []})
NO_ROOM = http("503 Service Unavailable", {"error": BUSY})
FULL = http("503 Service Unavailable", {
    "ready": False, "reasons": ["full"], "error": "not ready: full"})
CHECK = ["healthcheck", "--admin"]


def a_busy_port_is_asked_again(binary):
    with Port(NO_ROOM, None, NO_ROOM, ALIVE, NO_ROOM, READY) as port:
        code, out, err = run(binary, *CHECK, port.admin)
        expect(code == 0 and b"alive and ready" in out,
               "a port that is busy at first is asked again", (code, err))
        expect(port.asked == 6, "as often as it takes", port.asked)


def a_port_that_stays_busy_is_named_as_such(binary):
    with Port(NO_ROOM) as port:
        began = time.monotonic()
        code, out, err = run(binary, *CHECK, port.admin)
        took = time.monotonic() - began
        expect(code == 3, "busy to the end is no answer: 3", (code, out, err))
        expect(BUSY.encode() in err and b"times" in err, "and is said", err)
        expect(port.asked > 3, "after several times", port.asked)
        expect(took < 5, "within the 2 s for all questions", took)


def a_port_that_is_silent_is_given_up(binary):
    with Port(ALIVE, SILENT) as port:
        began = time.monotonic()
        code, _, err = run(binary, *CHECK, port.admin)
        took = time.monotonic() - began
        expect(code == 3 and b"does not answer" in err,
               "silence is no answer: 3, and is said", (code, err))
        expect(took < 5, "within the 2 s for all questions", took)


def a_verdict_counts_at_once(binary):
    with Port(ALIVE, FULL) as port:
        code, _, err = run(binary, *CHECK, port.admin)
        expect(code == 1 and b"not ready: full" in err,
               "a server that is not ready is not asked again", (code, err))
        expect(port.asked == 2, "without another question", port.asked)


def a_port_that_opens_again_is_no_end(binary):
    with Port(0.3, http("404 Not Found", {"error": "no"})) as port:
        code, out, err = run(binary, "drain", "--admin", port.admin)
        expect(b"has ended" not in out and code == 3,
               "a server whose port opens again has not ended",
               (code, out, err))


def a_server_that_takes_its_place_is_not_waited_for(binary):
    drains = http("200 OK", {"active": 0})
    with Port(drains, FULL, ALIVE, FULL, ALIVE, READY) as port:
        code, out, err = run(binary, "drain", "--wait", "--admin", port.admin)
        expect(code == 0 and b"drains" in out,
               "a server that was started again is another one",
               (code, out, err))
        expect(port.asked == 6, "which it is once it is ready", port.asked)


TESTS = [a_busy_port_is_asked_again, a_port_that_stays_busy_is_named_as_such,
         a_port_that_is_silent_is_given_up,
         a_verdict_counts_at_once, a_port_that_opens_again_is_no_end,
         a_server_that_takes_its_place_is_not_waited_for]

if __name__ == "__main__":
    sys.exit(main(TESTS, binary_of(sys.argv)))
