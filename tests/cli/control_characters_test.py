#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""No text from outside begins a line, moves a cursor or turns the direction of
reading: in the log, the journal's text, the answers of commands, errors, the
console and reports.

usage: control_characters_test.py COPPICE
"""

import json
import os
import pathlib
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

from running import (Server, binary_of, example_scenario, expect, main, run,
                     serving)

FORGED = "2026-01-01T00:00:00.000+00:00 error all is lost"
HOSTILE = ("boom\n" + FORGED + "\r\x1b[2J\x1b]0;x\x07\x7f\u009b2J\u0085\u2028"
           "\u2029\u202egnp\u2066\u200f\ufeff\u200b\U000e0041 ende")
BYTES = b"a\xff\x9b2J\xc0\x8a\xed\xa0\x80\xe2\x80 z"
UNSAFE = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f"
                    "\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
                    "\U000e0000-\U000e0fff]")


def harmless(name, what):
    """These bytes are for a terminal: nothing in them does more than print."""
    try:
        text = what.decode("utf-8")
    except UnicodeDecodeError:
        expect(False, f"{name}: is UTF-8", what)
        return
    found = UNSAFE.search(text)
    expect(not found, f"{name}: has no {found and ascii(found[0])}",
           found and text[max(0, found.start() - 80):found.end() + 20])
    expect(not re.search("^" + re.escape(FORGED), text, re.M),
           f"{name}: has no forged line", text[-600:])


def whole(name, command):
    code, out, err = command
    harmless(name + ", output", out)
    harmless(name + ", errors", err)
    return code, out, err


def wait_for(claim, holds, limit=20):
    end = time.monotonic() + limit
    while not holds():
        if time.monotonic() > end:
            expect(False, claim)
            return
        time.sleep(0.02)


def reasons_of_a_running_server(binary):
    for form in ("text", "json"):
        with serving(binary, "--allow-faults", "--log-format", form,
                     "--log-connections") as server:
            whole("kill", server.run("kill", "acceptor:0", "--reason", HOSTILE))
            whole("exit", server.run("exit", "acceptor:1", HOSTILE))
            whole("kill with bytes", server.run(
                "kill", "acceptor:0", "--reason", BYTES))
            whole("fault set", server.run("fault", "set", "net.recv",
                                          f"1*throw({HOSTILE})"))
            whole("fault list", server.run("fault", "list"))
            host, port = server.address.split(":")
            with socket.create_connection((host, int(port))) as client:
                client.sendall(HOSTILE.encode() + BYTES + b"\r\n")
                client.settimeout(10)
                try:
                    while client.recv(65536):
                        pass
                except OSError:
                    pass
            whole("fault clear", server.run("fault", "clear", HOSTILE))
            whole("connection", server.run("kill", "connection:99"))
            for command in (["tree"], ["tree", "--json"],
                            ["tree", "--connections"], ["info", "acceptor:0"],
                            ["info", "acceptor:0", "--json"],
                            ["children", "acceptors"], ["status"],
                            ["events"], ["events", "--json"],
                            ["why", "acceptor:0"],
                            ["why", "acceptor:1", "--json"],
                            ["journal", "export"], ["toxic", "list"]):
                local = command[0] in ("events", "why", "journal")
                whole(" ".join(command),
                      run(binary, *command, env=server.env) if local
                      else server.run(*command))
            wait_for(f"the log in {form} has the reason",
                     lambda: b"ende" in server.text_of_log())
            harmless("the log in " + form, server.text_of_log())
            if form == "text":
                lines = server.text_of_log().decode(errors="replace")
                for line in lines.splitlines():
                    expect(re.match(r"\d{4}-\d\d-\d\dT", line),
                           "each line of the log is one of its own", line)


def what_watch_shows(binary):
    with serving(binary) as server:
        watch = subprocess.Popen(
            [binary, "watch", "--admin", server.admin, "--for", "1m"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        shown = []
        reading = threading.Thread(target=lambda: shown.extend(watch.stdout))
        reading.start()

        # What happens before it looks for the first time is not shown.
        def shows_the_reason():
            server.run("kill", "acceptor:0", "--reason", HOSTILE)
            return any(b"ende" in line for line in shown)

        wait_for("watch shows the reason", shows_the_reason)
        watch.terminate()
        reading.join(30)
        harmless("watch", b"".join(shown) + watch.stderr.read())
        watch.wait(30)


def names_that_somebody_typed(binary):
    with serving(binary, "--allow-faults") as server:
        for command in (["kill", HOSTILE], ["info", HOSTILE], ["why", HOSTILE],
                        ["suspend", HOSTILE], ["toxic", "remove", HOSTILE],
                        ["toxic", "add", "down", "--name", HOSTILE],
                        ["toxic", "add", HOSTILE], ["log", HOSTILE],
                        ["fault", "set", HOSTILE, "off"],
                        ["fault", "set", "net.recv", HOSTILE],
                        ["watch", HOSTILE, "--for", "1s"], ["drain", HOSTILE],
                        ["fault", "suspend", HOSTILE], ["children", BYTES]):
            code, _, _ = whole(" ".join(map(ascii, command))[:60],
                               server.run(*command))
            expect(code != 0, f"{ascii(command)}: is refused")
        for text in (HOSTILE, HOSTILE.replace("\n", "")):
            whole("console", server.run(
                "console", text=f"tree\nkill '{text}'\n".encode()))
            whole("console, an unknown command",
                  server.run("console", text=f"'{text}'\n".encode()))
            whole("console, bytes", server.run("console", text=BYTES + b"\n"))
    for command in ([HOSTILE], ["--" + HOSTILE], ["tree", HOSTILE],
                    ["tree", "--admin", HOSTILE], [BYTES],
                    ["serve", HOSTILE], ["serve", "--bind", HOSTILE],
                    ["serve", "--protocol", HOSTILE],
                    ["serve", "--bind", "unix:/none/" + HOSTILE],
                    ["serve", "--admin-token-file", "/none/" + HOSTILE],
                    ["completion", HOSTILE], ["nemesis", "show", HOSTILE],
                    ["events", "--journal", "/none/" + HOSTILE],
                    ["events", "--since", HOSTILE],
                    ["journal", "export", "--output", "/none/" + HOSTILE],
                    ["lab", "run", "/none/" + HOSTILE],
                    ["nemesis", "run", "/none/" + HOSTILE, "--against",
                     "127.0.0.1:9"],
                    ["nemesis", "run", "monkey", "--against", HOSTILE]):
        code, _, _ = whole(" ".join(map(ascii, command))[:60],
                           run(binary, *command))
        expect(code not in (0, None), f"{ascii(command)}: is refused", code)


def variables(binary):
    for name, value in (("COPPICE_FAULTS", HOSTILE),
                        ("COPPICE_ADMIN_TOKEN_FILE", "/none/" + HOSTILE)):
        code, _, _ = whole(name, run(
            binary, "serve", "0", "--admin", "127.0.0.1:0", "--journal", "off",
            env={**os.environ, name: value}, limit=20))
        expect(code in (1, 2), f"{name}: is refused", code)


def a_journal_that_somebody_wrote(binary):
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "journal.db")
        server = Server(binary, "--journal", file)
        server.run("kill", "acceptor:0", "--reason", "marked")
        server.end()
        with sqlite3.connect(file) as journal:
            columns = [row[1] for row in
                       journal.execute("PRAGMA table_info(events)")]
            for column in ("reason", "detail", "path"):
                if column in columns:
                    journal.execute(f"UPDATE events SET {column} = {column} "
                                    "|| ? WHERE reason = 'marked'", [HOSTILE])
        for command in (["events"], ["events", "--json"],
                        ["why", "acceptor:0"], ["why", "nobody"],
                        ["why", "*"], ["journal", "export"]):
            whole("a changed journal, " + " ".join(command),
                  run(binary, *command, "--journal", file))


class Impostor:
    """A server of coppice whose texts are hostile."""

    TREE = {"id": "coppice" + HOSTILE, "path": "coppice", "type": "supervisor",
            "state": "running" + HOSTILE, "incarnation": 1, "restarts": 0,
            "strategy": "x" + HOSTILE, "intensity": 1, "period_seconds": 5,
            "budget_used": 0, "x" + HOSTILE: "y" + HOSTILE, "children": [
                {"id": "a" + HOSTILE, "path": "coppice/a" + HOSTILE,
                 "type": "worker", "state": "s", "incarnation": 1,
                 "restarts": 0, "last_exit": HOSTILE, "children": []},
                {"id": "b", "path": "coppice/b" + HOSTILE, "type": "worker",
                 "state": "s", "incarnation": 1, "restarts": 0,
                 "suspended": True,
                 "armed": [{"point": HOSTILE, "term": HOSTILE}],
                 "peer": HOSTILE, "children": []}]}
    LISTENER = {"name": "n" + HOSTILE, "path": HOSTILE, "state": HOSTILE,
                "local": HOSTILE, "active": 0, "limits": {"l" + HOSTILE: HOSTILE},
                "counters": {"c" + HOSTILE: HOSTILE,
                             "accept_errnos": {HOSTILE: 3}}}
    TOXIC = {"name": HOSTILE, "type": HOSTILE, "stream": HOSTILE,
             "toxicity": 0.5, "attributes": {HOSTILE: 5}}
    ANSWERS = {
        "/tree": TREE,
        "/events": {"last_seq": 9, "missed": 0, "events": [
            {"seq": 9, "time": HOSTILE, "severity": HOSTILE, "path": HOSTILE,
             "text": HOSTILE}]},
        "/log": {"level": HOSTILE},
        "/faults": {"seed": 1, "allowed": True, "suspended": [HOSTILE], "points": [
            {"name": HOSTILE, "term": HOSTILE, "hits": 1, "fires": 1,
             "used_up": True,
             "description": HOSTILE, "where": HOSTILE, "actions": [HOSTILE]}]},
        "/listeners": {"listeners": [LISTENER]},
        "/toxics": [TOXIC],
        "/drain": {"active": 0},
    }

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.admin = "127.0.0.1:%d" % self.listening.getsockname()[1]

    def answer(self, request):
        path = request.split()[1].decode().split("?")[0]
        if request.startswith((b"PUT", b"DELETE")):
            return "400 Bad Request", {"error": HOSTILE}
        if path.endswith("/toxics"):
            path = "/toxics"
        if path in self.ANSWERS:
            return "200 OK", self.ANSWERS[path]
        return "404 Not Found", {"error": HOSTILE}

    def serve(self, commands):
        threading.Thread(target=self.run, daemon=True).start()
        for command in commands:
            yield command

    def run(self):
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            with client:
                request = client.recv(65536)
                if request:
                    status, value = self.answer(request)
                    body = json.dumps(value, ensure_ascii=False).encode()
                    client.sendall((f"HTTP/1.1 {status}\r\nContent-Length: "
                                    f"{len(body)}\r\n\r\n").encode() + body)


def a_server_with_hostile_answers(binary):
    impostor = Impostor()
    for command in impostor.serve([
            ["tree"], ["tree", "--json"], ["status"], ["status", "--json"],
            ["info", "coppice"], ["children", "coppice"],
            ["children", "coppice", "--json"], ["kill", "zzz"],
            ["kill", "*"], ["stop", "coppice"], ["log"], ["log", "debug"],
            ["fault", "list"], ["fault", "list", "--json"],
            ["fault", "set", "x", "off"], ["fault", "clear", "x"],
            ["toxic", "list"], ["toxic", "list", "--json"], ["toxic", "reset"],
            ["suspend"], ["watch", "--for", "1s"],
            ["watch", "--json", "--for", "1s"]]):
        whole("hostile answers, " + " ".join(command),
              run(binary, *command, "--admin", impostor.admin))
    impostor.listening.close()


def scenarios_and_schedules(binary):
    with tempfile.TemporaryDirectory() as folder:
        example = example_scenario(binary)
        example["name"] = HOSTILE
        example["about"] = HOSTILE
        text = json.dumps(example).replace(
            json.dumps(example["supervisor"]["children"][0]["id"]),
            json.dumps(HOSTILE))
        path = pathlib.Path(folder, "hostile.json")
        path.write_text(text)
        for command in (["run"], ["run", "--trace"], ["explain"]):
            whole("lab " + " ".join(command),
                  run(binary, "lab", *command, str(path)))
        path.write_text(json.dumps({**example, HOSTILE: 1}))
        whole("lab run, an unknown key", run(binary, "lab", "run", str(path)))
        plan = pathlib.Path(folder, "plan.json")
        plan.write_text(json.dumps({
            "name": HOSTILE, "duration": "500ms", "steps": [
                {"fault": "kill", "at": "100ms", "target": "acceptor:0",
                 "reason": HOSTILE},
                {"fault": "kill", "at": "200ms", "target": "x" + HOSTILE}]}))
        with serving(binary, "--allow-faults") as server:
            for more in ([], ["--json"]):
                whole("nemesis run", server.run(
                    "nemesis", "run", str(plan), "--against", server.address,
                    "--before", "100ms", "--after", "100ms", *more))
            harmless("the log of a nemesis", server.text_of_log())


def the_last_line(binary):
    server = Server(binary)
    whole("kill coppice", server.run("kill", "coppice", "--reason", HOSTILE))
    server.process.wait(20)
    expect(b"ende" in server.text_of_log(), "the last line has the reason")
    harmless("last line", server.text_of_log())
    server.end()


TESTS = [reasons_of_a_running_server, what_watch_shows,
         names_that_somebody_typed, variables, a_journal_that_somebody_wrote,
         a_server_with_hostile_answers, scenarios_and_schedules, the_last_line]

if __name__ == "__main__":
    sys.exit(main(TESTS, binary_of(sys.argv)))
