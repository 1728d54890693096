#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A nemesis strikes the server that it was given, and no other; and what it did
is undone when it ends, also when it is killed.

usage: nemesis_target_test.py COPPICE
"""

import json
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from running import binary_of, expect, main, run, serving

SHORT = ["--before", "100ms", "--after", "100ms", "--duration", "1s"]


def look(server, resource):
    with urllib.request.urlopen(f"http://{server.admin}/{resource}") as answer:
        return json.load(answer)


def restarts(server):
    def count(node):
        return node["restarts"] + sum(map(count, node["children"]))
    return count(look(server, "tree"))


def two_servers_are_not_taken_for_one(binary):
    with serving(binary, "--allow-faults") as struck, \
            serving(binary, "--allow-faults") as other:
        seeds = [look(each, "faults")["seed"] for each in (struck, other)]
        code, out, err = run(binary, "nemesis", "run", "monkey", "--against",
                             struck.address, "--admin", other.admin, *SHORT)
        expect(code == 2, f"two servers: exit 2, not {code}", err or out)
        expect(other.admin.encode() in err and struck.address.encode() in err
               and b"--admin" in err, "both are named", err)
        expect(restarts(other) == 0, "the stranger is not struck")
        expect([look(each, "faults")["seed"] for each in (struck, other)]
               == seeds, "nothing is changed on either")


def a_forgotten_admin_option_strikes_nobody(binary):
    with serving(binary, "--allow-faults") as server:
        code, _, err = run(binary, "nemesis", "run", "monkey", "--against",
                           server.address, *SHORT)
        expect(code in (2, 3), f"without --admin: exit 2 or 3, not {code}", err)
        expect(restarts(server) == 0, "nobody is struck")


def the_right_server_is_struck(binary):
    with serving(binary, "--allow-faults") as server:
        code, out, err = server.run("nemesis", "run", "acceptor_storm",
                                    "--against", server.address, *SHORT)
        expect(code == 0, f"one server: exit 0, not {code}", out + err)
        expect(restarts(server) > 0, "it is struck")


def wait_until(claim, holds, limit):
    end = time.monotonic() + limit
    while not holds():
        if time.monotonic() > end:
            expect(False, claim)
            return
        time.sleep(0.1)


def what_a_killed_nemesis_left_is_undone(binary):
    with tempfile.TemporaryDirectory() as folder:
        plan = pathlib.Path(folder, "plan.json")
        plan.write_text(json.dumps({
            "name": "left behind", "duration": "60s", "steps": [
                {"fault": "toxic", "at": "0s",
                 "toxic": {"type": "latency", "attributes": {"latency": 5}}},
                {"fault": "arm", "at": "0s", "point": "net.recv",
                 "term": "1%delay(1ms)"},
                {"fault": "suspend", "at": "100ms", "target": "*/acceptor:0"}]}))
        with serving(binary, "--allow-faults") as server:
            nemesis = subprocess.Popen(
                [binary, "nemesis", "run", str(plan), "--against",
                 server.address, "--admin", server.admin, "--before", "100ms"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

            def armed():
                points = look(server, "faults")["points"]
                return [each["name"] for each in points if each["term"]]

            def toxics():
                return look(server, "listeners/echo/toxics")

            def suspended():
                return any(each["kind"] == "fault_armed"
                           and each["path"].endswith("acceptor:0")
                           for each in look(server, "events")["events"])

            wait_until("the toxic and the fault are there, and it is suspended",
                       lambda: toxics() and armed() and suspended(), 20)
            nemesis.send_signal(signal.SIGKILL)
            nemesis.wait()
            expect(toxics() and armed(), "they outlive it for a moment")
            wait_until("they go with its lease",
                       lambda: not toxics() and not armed(), 25)
            seen = look(server, "connections")["last_seq"]

            def takes_clients():
                with socket.create_connection(
                        server.address.split(":"), 2) as client:
                    client.sendall(b"hello\n")
                    try:
                        client.recv(6)
                    except TimeoutError:
                        return False
                records = look(server, f"connections?since={seen}")["events"]
                return any("acceptor:0" in each["path"] for each in records)

            wait_until("the acceptor is resumed", takes_clients, 20)
            code, out, _ = run(binary, "events", env=server.env)
            expect(code == 0 and b"lease:nemesis-" in out
                   and b"ran out" in out, "an event says so", out[-600:])


TESTS = [two_servers_are_not_taken_for_one,
         a_forgotten_admin_option_strikes_nobody, the_right_server_is_struck,
         what_a_killed_nemesis_left_is_undone]

if __name__ == "__main__":
    sys.exit(main(TESTS, binary_of(sys.argv)))
