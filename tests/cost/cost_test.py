#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What coppice does costs no more instructions than it did: an echoed message, a
connection, the start and end of a child, a restart.

usage: cost_test.py [--update] COUNTS BUILT_BY COPPICE SUPERVISION_BENCH

Counts instructions in user space with valgrind's callgrind, in a short run and
in a long one: their difference is what the thing itself costs. The result does
hardly depend on how fast or busy the machine is, but on the compiler, its
options and libc, so that COUNTS has a row for each that was counted. A count of
more than 5 % above its row, three times in a row, fails. --update writes what
was counted into COUNTS.

Ends with 77 where there is no valgrind or no row.
"""

import json
import pathlib
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile

ALLOWED = 1.05
TRIES = 3
MESSAGE = b"x" * 63 + b"\n"
SECONDS = 60


def callgrind(folder, command, **options):
    return subprocess.Popen(
        ["valgrind", "--tool=callgrind",
         f"--callgrind-out-file={folder}/callgrind.out", *command],
        stderr=open(f"{folder}/errors", "w", encoding="utf-8"), **options)


def counted(folder):
    """The instructions of the run that has left its file in that folder."""
    text = pathlib.Path(folder, "callgrind.out").read_text(encoding="utf-8")
    return int(re.search(r"^(?:summary|totals): (\d+)", text, re.M)[1])


def connect(port):
    result = socket.create_connection(("127.0.0.1", port), SECONDS)
    result.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return result


def expect_echo(client):
    got = b""
    while len(got) < len(MESSAGE):
        piece = client.recv(len(MESSAGE) - len(got))
        if not piece:
            break
        got += piece
    assert got == MESSAGE, f"got {got!r} back"


def echo(port, messages):
    # One client, so that each message takes a round of the reactor, always.
    with connect(port) as client:
        for _ in range(messages):
            client.sendall(MESSAGE)
            expect_echo(client)


def churn(port, connections):
    for _ in range(connections):
        with connect(port) as client:
            client.sendall(MESSAGE)
            expect_echo(client)
            client.shutdown(socket.SHUT_WR)
            assert client.recv(1) == b"", "the server goes on sending"


def of_server(coppice, load, count):
    with tempfile.TemporaryDirectory() as folder:
        command = [coppice, "serve", "0", "--bind", "127.0.0.1", "--acceptors",
                   "1", "--admin", "off", "--journal", "off"]
        with callgrind(folder, command, stdout=subprocess.PIPE,
                       encoding="utf-8") as server:
            try:
                line = server.stdout.readline()
                port = re.search(r":(\d+)\b", line)
                assert port, f"the server said {line!r}"
                load(int(port[1]), count)
                server.terminate()
                assert server.wait(SECONDS) == 0
            finally:
                server.kill()
        return counted(folder)


def of_supervision(bench, what, kind, count):
    with tempfile.TemporaryDirectory() as folder:
        with callgrind(folder, [bench, what, kind, str(count), "1", "actor",
                                "1"], stdout=subprocess.DEVNULL) as program:
            try:
                assert program.wait(SECONDS) == 0
            finally:
                program.kill()
        return counted(folder)


def each(count, few, many):
    """What one thing costs, of count(N)."""
    return round((count(many) - count(few)) / (many - few))


def costs(coppice, bench):
    """{what: a function that counts it}"""
    return {
        "an echoed message of 64 bytes, and its round":
            lambda: each(lambda n: of_server(coppice, echo, n), 500, 2500),
        "a connection, with one message":
            lambda: each(lambda n: of_server(coppice, churn, n), 50, 250),
        "a dynamic child started by request, and its end":
            lambda: each(lambda n: of_supervision(bench, "start", "simple", n),
                         500, 1500),
        "a child of one_for_all started, restarted, and its end":
            lambda: each(lambda n: of_supervision(bench, "restart",
                                                  "one_for_all", n), 500, 1500),
    }


def main(counts, built_by, coppice, bench, update=False):
    if not shutil.which("valgrind"):
        print("no valgrind here: scripts/install-packages valgrind")
        return 77
    key = f"{platform.machine()}, {built_by}, {' '.join(platform.libc_ver())}"
    path = pathlib.Path(counts)
    rows = json.loads(path.read_text(encoding="utf-8"))
    if key not in rows and not update:
        print(f"{path.name} has no row for {key}; --update counts one")
        return 77
    row = rows.setdefault(key, {})
    code = 0
    for name, count in costs(coppice, bench).items():
        value = count()
        if update:
            row[name] = value
        for _ in range(1, TRIES):
            if value > ALLOWED * row[name]:
                value = min(value, count())
        too_much = value > ALLOWED * row[name]
        code |= too_much
        print(f"{value:7} instructions (then {row[name]}, "
              f"{value / row[name]:.3f}): {name}"
              + (": MORE THAN 5 % ABOVE" if too_much else ""))
    if update:
        path.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return int(code)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    flags = [each for each in arguments if each == "--update"]
    if len(arguments) - len(flags) != 4:
        sys.exit(__doc__)
    sys.exit(main(*(each for each in arguments if each not in flags),
                  update=bool(flags)))
