#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Whatever answers where a server should be: every command says that it is not
coppice, with exit code 3, soon, and without a crash.

usage: foreign_answers_test.py COPPICE
"""

import itertools
import json
import random
import socket
import sys
import threading
import time

from running import binary_of, expect, main, run, serving

COMMANDS = [
    ["tree"], ["tree", "--json"], ["tree", "--connections"], ["status"],
    ["status", "--json"], ["children", "coppice"], ["info", "coppice"],
    ["watch", "--for", "1s"], ["kill", "acceptor:0"], ["exit", "coppice", "x"],
    ["stop", "acceptor:0"], ["start", "acceptor:0"], ["restart", "acceptor:0"],
    ["suspend"], ["resume"], ["limit", "--max-connections", "5"], ["log"],
    ["log", "debug"], ["drain"], ["fault", "list"], ["fault", "list", "--json"],
    ["fault", "clear"], ["fault", "clear", "net.recv"],
    ["fault", "suspend", "acceptor:0"], ["fault", "flood", "acceptor:0"],
    ["toxic", "list"], ["toxic", "list", "--json"], ["toxic", "reset"],
    ["toxic", "add", "latency", "-a", "latency=1"], ["toxic", "remove", "x"],
    ["nemesis", "run", "monkey", "--against", "127.0.0.1:9"], ["console"],
]


def http(body, kind="application/json", status="200 OK"):
    body = body.encode() if isinstance(body, str) else body
    return (f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: "
            f"{len(body)}\r\n\r\n").encode() + body


DEEP = "[" * 100_000 + "]" * 100_000
ANSWERS = {
    "an empty object": http("{}"),
    "an array": http("[]"),
    "null": http("null"),
    "a number": http("7"),
    "deep JSON": http(DEEP),
    "a deep object": http('{"children":' * 50_000 + "1" + "}" * 50_000),
    "half JSON": http('{"path": "a", "chil'),
    "HTML": http("<html>nginx</html>", "text/html"),
    "an empty body": http(""),
    "404 of another server": http("<h1>Not Found</h1>", "text/html",
                                  "404 Not Found"),
    "500 with a wrong error": http('{"error": {"code": 5}}', status="500 No"),
    "a redirect": http("", status="302 Found"),
    "wrong types": http('{"id": 5, "path": [], "children": {}, "state": null,'
                        ' "listeners": {"a": 1}, "points": 3, "level": [],'
                        ' "last_seq": "x", "active": {}, "disarmed": "y"}'),
    "children that are none": http('{"id": "a", "path": "a", "state": "b",'
                                   ' "children": [1, null, []]}'),
    "not UTF-8": http(b'{"path": "\xff"}'),
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "nothing": b"",
    "half an answer": http("{}" * 400)[:-100],
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "a wrong length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
    "a huge length": b"HTTP/1.1 200 OK\r\nContent-Length: "
                     b"99999999999999999999\r\n\r\n{}",
    "a wrong status": b"HTTP/1.1 9 x\r\n\r\n",
}


class Impostor:
    """Answers every request with the same bytes, or as a function says."""

    def __init__(self, answer):
        self.answer = answer
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.admin = "127.0.0.1:%d" % self.listening.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=[client],
                             daemon=True).start()

    def serve(self, client):
        with client:
            try:
                request = client.recv(65536)
                if callable(self.answer):
                    self.answer(client, request)
                else:
                    client.sendall(self.answer)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listening.close()


def check(binary, command, admin, name, limit=30):
    began = time.monotonic()
    code, out, err = run(binary, *command, "--admin", admin, limit=limit,
                         text=b"tree\n" if command == ["console"] else None)
    what = f"{' '.join(command)} against {name}"
    expect(code == 3, f"{what}: exit 3, not {code}", err)
    expect(b"not coppice" in err, f"{what}: says so", err)
    expect(b"json" not in err and b"terminate" not in err,
           f"{what}: in words of its own", err)
    expect(err.count(b"\n") == 1, f"{what}: one line", err)
    expect(out == b"", f"{what}: prints nothing", out)
    return time.monotonic() - began


def every_answer_is_known_for_what_it_is(binary):
    for name, answer in ANSWERS.items():
        with Impostor(answer) as impostor:
            check(binary, ["tree"], impostor.admin, name)


def every_command_knows_it(binary):
    names = itertools.cycle(["an empty object", "an array", "deep JSON", "HTML",
                             "wrong types", "children that are none"])
    for command, name in zip(COMMANDS, names):
        with Impostor(ANSWERS[name]) as impostor:
            check(binary, command, impostor.admin, name)


def answers_without_end_are_bounded(binary):
    def flood(head, piece):
        def answer(client, _):
            client.sendall(head)
            for _ in range(4000):
                client.sendall(piece * (65536 // len(piece)))
        return answer

    endless = b"HTTP/1.1 200 OK\r\n\r\n["
    for name, answer in {
            "a body without end": flood(endless, b"1,"),
            "a line without end": flood(b"HTTP/1.1 200 OK\r\nX: ", b"x"),
            "headers without end": flood(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    }.items():
        with Impostor(answer) as impostor:
            check(binary, ["tree"], impostor.admin, name, limit=60)


def a_slow_answer_is_not_waited_for(binary):
    def drip(client, _):
        client.sendall(b"HTTP/1.1 200 OK\r\n")
        for _ in range(200):
            client.sendall(b"X")
            time.sleep(0.5)

    with Impostor(drip) as impostor:
        began = time.monotonic()
        code, _, err = run(binary, "tree", "--admin", impostor.admin, limit=60)
        expect(code == 3, "a slow answer: exit 3", err)
        expect(time.monotonic() - began < 40, "a slow answer: within 40 s")


def changed(value, chance):
    """The answer of a server with one thing in it that is another."""
    others = [None, 7, -1, 1.5, "x", [], {}, True, [[]], {"children": 1}]
    if isinstance(value, dict) and value and chance.random() < 0.8:
        key = chance.choice(sorted(value))
        if chance.random() < 0.2:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: changed(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.8:
        at = chance.randrange(len(value))
        return value[:at] + [changed(value[at], chance)] + value[at + 1:]
    return chance.choice(others)


def no_change_of_an_answer_ends_a_command_badly(binary):
    chance = random.Random(20261128)
    with serving(binary, "--allow-faults") as server:
        known = {}
        for resource, command in [("tree", ["tree"]), ("status", ["status"]),
                                  ("fault", ["fault", "list"])]:
            _, out, _ = server.run(*command, "--json")
            known[resource] = json.loads(out)
    commands = {"tree": [["tree"], ["info", "coppice"], ["kill", "admin"],
                         ["children", "coppice"]],
                "status": [["status"], ["suspend"]],
                "fault": [["fault", "list"], ["fault", "clear", "net.recv"]]}
    for round_ in range(40):
        resource = chance.choice(sorted(known))
        answer = changed(known[resource], chance)
        with Impostor(http(json.dumps(answer))) as impostor:
            command = chance.choice(commands[resource])
            code, _, err = run(binary, *command, "--admin", impostor.admin)
            expect(code in (0, 1, 3) and b"json" not in err,
                   f"round {round_}, {' '.join(command)}: {code} for "
                   + json.dumps(answer)[:200], err)


TESTS = [every_answer_is_known_for_what_it_is, every_command_knows_it,
         answers_without_end_are_bounded, a_slow_answer_is_not_waited_for,
         no_change_of_an_answer_ends_a_command_badly]

if __name__ == "__main__":
    sys.exit(main(TESTS, binary_of(sys.argv)))
