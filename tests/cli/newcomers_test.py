#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What people type who do not know the program yet, and the answer that each
of them needs: on one line, with the nearest word, and never a success that was
none.

usage: newcomers_test.py COPPICE
"""

import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile

from running import (binary_of, example_scenario, expect, main, run,
                     serving)


def typed(binary, line, code, *parts, env=None):
    words = line if isinstance(line, list) else line.split()
    got, out, err = run(binary, *words, env=env)
    text = err.decode(errors="replace")
    shown = " ".join(words)
    expect(got == code, f"coppice {shown}: exit {code}, not {got}", text)
    expect(text.startswith("coppice: ") and text.count("\n") == 1,
           f"coppice {shown}: one line", text)
    for part in parts:
        expect(part in text, f"coppice {shown}: says {part}", text)
    return out


def wrong_words_get_the_nearest(binary):
    typed(binary, "killl x", 2, 'no command "killl"', "did you mean kill?")
    typed(binary, "tre", 2, "did you mean tree?")
    typed(binary, "fault lst", 2, 'no command "lst"', "did you mean list",
          "coppice fault --help")
    typed(binary, "fault", 2, "say which subcommand", "list", "set")
    typed(binary, "fault --admin 127.0.0.1:1", 2, "say which subcommand")
    typed(binary, "tree --amdin x", 2, 'no option "--amdin"',
          "did you mean --admin?", "coppice tree --help")
    typed(binary, "tree --jsno", 2, "did you mean --json?")
    typed(binary, "tree extra", 2, 'takes no argument "extra"')
    typed(binary, "completion bsh", 2, "did you mean bash")
    typed(binary, "serve --topology linkd", 2, "did you mean linked?")
    typed(binary, "serve --protocol ehco", 2, "did you mean echo?")
    typed(binary, "serve --log-level wraning", 2, "did you mean warning?")
    typed(binary, "serve --overflow rejct", 2, "did you mean reject?")
    typed(binary, "log loud", 2, "debug, info, warning, error, off")
    typed(binary, "log debgu", 2, "did you mean debug?")
    typed(binary, "events --kind child_exitd", 2, "did you mean child_exited")
    typed(binary, "toxic add latncy", 2, "did you mean latency?")
    typed(binary, "toxic add latency -a latncy=5", 2, "did you mean latency?")
    typed(binary, "nemesis show monky", 2, "did you mean monkey?")
    typed(binary, "nemesis run monky --against 127.0.0.1:9", 2,
          "did you mean monkey?")


def numbers_have_a_range_and_texts_are_not_empty(binary):
    typed(binary, "serve abc", 2, '"abc"', "0 to 65535")
    typed(binary, "serve 65536", 2, "0 to 65535")
    typed(binary, "serve -5", 2)
    typed(binary, "events --last -1", 2, '"-1"', "from 1")
    typed(binary, "events --last 0", 2, "from 1")
    typed(binary, "events --last 1x", 2, '"1x"')
    typed(binary, "events --run -1", 2)
    typed(binary, "fault seed -1", 2)
    typed(binary, "fault stall -1 5ms", 2)
    typed(binary, "fault flood a -3", 2)
    typed(binary, "toxic list --connection -1", 2)
    typed(binary, "toxic add down --toxicity 2", 2, "0 to 1")
    typed(binary, "toxic add down --toxicity nan", 2, "0 to 1")
    typed(binary, "serve --acceptors 0", 2, "1 to 1024")
    typed(binary, "serve --fault-seed -1", 2)
    for line in (["kill", "a", "--reason", ""], ["kill", ""], ["exit", "a", ""],
                 ["tree", "--admin", ""], ["events", "--path", ""],
                 ["serve", "--bind", ""], ["suspend", ""], ["why", ""],
                 ["fault", "set", "", "off"], ["fault", "set", "x", ""]):
        typed(binary, line, 2)


def addresses_are_checked(binary):
    typed(binary, "tree --admin 127.0.0.1", 2, "HOST:PORT",
          "did you mean 127.0.0.1:6060?")
    typed(binary, "tree --admin foo:bar", 2, '"bar" is no port')
    typed(binary, "tree --admin 127.0.0.1:0", 2, "1 to 65535")
    typed(binary, "tree --admin 127.0.0.1:99999", 2, "1 to 65535")
    typed(binary, "tree --admin http://127.0.0.1:6061/", 2,
          "did you mean 127.0.0.1:6061?")
    typed(binary, "tree --admin 6061", 2, "did you mean 127.0.0.1:6061?")
    typed(binary, "tree --admin :6061", 2, "did you mean 127.0.0.1:6061?")
    typed(binary, "tree --admin ::1", 2, "did you mean [::1]:6060?")
    typed(binary, "tree --admin no-such-host.invalid:6060", 3)


def options_that_do_nothing_alone_are_refused(binary):
    typed(binary, "serve --overflow reject", 2, "--max-connections")
    typed(binary, "serve --reject-after 1s", 2, "--max-connections")
    typed(binary, "serve --alarm-period 1s", 2, "--alarm COUNT")
    typed(binary, "serve --read-burst 9", 2, "--read-burst", "--read-rate")
    typed(binary, "limit --accept-burst-per-address 9", 2,
          "--accept-rate-per-address")
    typed(binary, "serve --accept-rate 0", 2, "accept_rate", "1 or more")
    for kind, example in [("latency", "latency="), ("bandwidth", "rate="),
                          ("slow_close", "delay="), ("slicer", "average_size"),
                          ("limit_data", "bytes="), ("limit_time", "time="),
                          ("packet_loss", "per_million="),
                          ("corrupt", "per_million=")]:
        typed(binary, f"toxic add {kind}", 2, example)


def names_on_a_server_get_the_nearest(binary):
    with serving(binary, "--allow-faults") as server:
        def there(line, code, *parts):
            return typed(binary, f"{line} --admin {server.admin}", code, *parts,
                         env=server.env)

        there("kill accptor:0", 1, "did you mean", "acceptor:0")
        there("suspend ehco", 1, "did you mean echo?")
        there("toxic list ehco", 1, "did you mean echo?")
        there("fault set net.rcev drop", 1, "near: net.recv")
        there("fault set net.recv drp", 1, "did you mean drop")
        there("fault set net.recv delay(5mss)", 1, "did you mean ms")
        there("fault set net.recv error(ECONNRESE)", 1,
              "did you mean ECONNRESET")
        there("fault clear net.rcev", 1, "did you mean net.recv")
        server.run("toxic", "add", "timeout", "--name", "slow")
        there("toxic remove slwo", 1, "did you mean slow?")
        for line in ("suspend listener:echo",
                     "resume coppice/listener:echo"):
            code, out, err = server.run(*line.split())
            expect(code == 0, f"{line} names the listener", err)
        for line in ("kill acceptor:0", "restart acceptor:1", "info port",
                     "fault suspend acceptor:0", "fault resume acceptor:0",
                     "kill acceptors/acceptor:1"):
            code, out, err = server.run(*line.split())
            expect(code == 0, f"{line} names an actor", err)


def the_end_of_the_server_is_no_failure(binary):
    for _ in range(6):
        with serving(binary) as server:
            code, out, err = server.run("kill", "coppice")
            expect(code == 0 and out.startswith(b"killed coppice"),
                   "kill coppice: exit 0", (code, err))
            server.process.wait(20)
    with serving(binary) as server:
        code, out, err = server.run("kill", "admin")
        expect(code == 0, "kill coppice/admin: exit 0", (code, err))
    for _ in range(4):
        with serving(binary) as server:
            code, out, err = server.run("drain")
            expect(code == 0, "drain: exit 0", (code, err))


def output_that_cannot_be_written_is_a_failure(binary):
    with serving(binary, "--allow-faults") as server:
        server.run("kill", "acceptor:0")
        for command in (["tree"], ["tree", "--json"], ["status"], ["log"],
                        ["info", "coppice"], ["children", "coppice"],
                        ["fault", "list"], ["toxic", "list"], ["events"],
                        ["why", "acceptor:0"], ["journal", "export"],
                        ["kill", "acceptor:0"], ["--help"], ["--version"],
                        ["tree", "--help"], ["completion", "bash"],
                        ["nemesis", "list"], ["nemesis", "show", "monkey"],
                        ["lab", "new"], ["watch", "--for", "5s"]):
            local = command[0] in ("events", "why", "journal", "completion",
                                   "lab", "--help", "--version") \
                or command[:2] in (["nemesis", "list"], ["nemesis", "show"]) \
                or "--help" in command
            more = [] if local else ["--admin", server.admin]
            if command[0] == "watch":  # it prints when there is something
                subprocess.Popen([binary, "kill", "acceptor:1", "--admin",
                                  server.admin], env=server.env,
                                 stdout=subprocess.DEVNULL)
                more += ["--connections"]
                clients = [socket.create_connection(
                    server.address.split(":")) for _ in range(3)]
            with open("/dev/full", "wb") as full:
                code, _, err = run(binary, *command, *more, env=server.env,
                                   stdout=full)
            if command[0] == "watch" and code == 0:
                continue  # nothing happened while it looked
            expect(code == 1, f"{' '.join(command)} >/dev/full: exit 1, not "
                   f"{code}", err)
            expect(b"standard output cannot be written" in err,
                   f"{' '.join(command)} >/dev/full: says so", err)


def files_with_wrong_words_are_refused(binary):
    example = example_scenario(binary)
    text = json.dumps(example)
    ids = [child["id"] for child in example["supervisor"]["children"]]
    named = next(step for step in example["steps"] if step.get("child") in ids
                 and len(step["child"]) > 2)
    swapped = named["child"][0] + named["child"][2] + named["child"][1] \
        + named["child"][3:]
    with tempfile.TemporaryDirectory() as folder:
        def lab(name, value):
            path = pathlib.Path(folder, name)
            path.write_text(value)
            return ["lab", "run", str(path)]

        flags = {**example, "supervisor": {
            **example["supervisor"], "flags": {"intensitty": 3}}}
        typed(binary, lab("a.json", json.dumps(flags)), 1, "/intensitty",
              "did you mean intensity?")
        steps = [{**named, "child": swapped}]
        typed(binary, lab("b.json", json.dumps({**example, "steps": steps})), 1,
              "/steps/0/child", "did you mean " + named["child"])
        steps = [{**named, "op": "exitt"}]
        typed(binary, lab("c.json", json.dumps({**example, "steps": steps})), 1,
              "/steps/0/op", "did you mean exit?")
        typed(binary, lab("d.json", text.replace('"steps"', '"stepss"')), 1,
              "did you mean steps?")
        typed(binary, ["lab", "run", folder + "/none.json"], 1, "none.json")

        def plan(name, **step):
            path = pathlib.Path(folder, name)
            path.write_text(json.dumps({
                "name": "x", "duration": "1s", "steps": [step]}))
            return ["nemesis", "run", str(path), "--against", "127.0.0.1:9"]

        typed(binary, plan("e.json", fault="kil", at="0s", target="a"), 2,
              "did you mean kill")
        typed(binary, plan("f.json", fault="kill", at="0s", traget="a"), 2,
              "did you mean target?")
        typed(binary, plan("g.json", fault="toxic", at="0s",
                           toxic={"type": "latncy"}), 2,
              "did you mean latency?")
        typed(binary, plan("h.json", fault="toxic", at="0s",
                           toxic={"type": "latency",
                                  "attributes": {"latncy": 5}}), 2,
              "did you mean latency?")
        typed(binary, plan("i.json", fault="toxic", at="0s",
                           toxic={"type": "latency"}), 2, "latency=100")
        typed(binary, plan("j.json", fault="toxic", at="0s",
                           toxic={"type": "timeout", "stream": "upsteam"}), 2,
              "did you mean upstream?")
        typed(binary, plan("k.json", fault="arm", at="0s", point="net.recv",
                           term="dely(5ms)"), 2, "did you mean delay?")
        typed(binary, ["serve", "--admin", "off"], 2, "did you mean drop",
              env={**os.environ, "COPPICE_FAULTS": "net.recv=drp"})


def a_console_helps(binary):
    with serving(binary) as server:
        code, out, _ = server.run("console", text=b"help kill\n")
        expect(code == 0 and b"PATH" in out and b"--reason" in out,
               "help kill shows its options", out)
        code, out, _ = server.run("console", text=b"help fault set\n")
        expect(code == 0 and b"TERM" in out, "help fault set, too", out)
        code, _, err = server.run("console", text=b"killl a\n")
        expect(code == 2 and b"did you mean kill?" in err,
               "a console knows the nearest command", err)
        code, _, err = server.run("console", text=b"help killl\n")
        expect(code == 2 and b"did you mean kill?" in err,
               "help of no command, too", err)


TESTS = [wrong_words_get_the_nearest,
         numbers_have_a_range_and_texts_are_not_empty, addresses_are_checked,
         options_that_do_nothing_alone_are_refused,
         names_on_a_server_get_the_nearest, the_end_of_the_server_is_no_failure,
         output_that_cannot_be_written_is_a_failure,
         files_with_wrong_words_are_refused, a_console_helps]

if __name__ == "__main__":
    sys.exit(main(TESTS, binary_of(sys.argv)))
