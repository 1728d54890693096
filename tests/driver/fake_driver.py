#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A driver that has recordings instead of supervisors, and manners of all kinds.

usage: fake_driver.py GOLDEN MODE [SCENARIO]

GOLDEN has the traces. In a MODE other than good it does what that says with
the scenario called SCENARIO, and is good with all others.
"""

import json
import os
import pathlib
import signal
import sys
import time

HEADER = {"driver": "fake", "version": "1.0", "protocol": 1}


def say(line):
    print(line if isinstance(line, str) else json.dumps(line), flush=True)


def sleep_for_ever():
    while True:
        time.sleep(3600)


def recorded(name):
    text = (GOLDEN / f"{name}.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def play(trace):
    for event in trace:
        say(event)
    say({"end": "done"})


def lie(trace):
    trace[4]["reason"] = "something else"
    play(trace)


def miss_one(trace):
    play(trace[:-1])


def embellish(trace):
    """Members that no event has do not count, nor do kinds of its own."""
    play([{"e": "progress", "mine": True}]
         + [dict(event, at_ms=17) for event in trace])


def hang(trace):
    say(trace[0])
    sleep_for_ever()


def hang_with_a_child(trace):
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", os.environ["FAKE_DRIVER_SLEEP"]])
    hang(trace)


def hang_aloud(trace):
    """Like hang_with_a_child, and says when the child is there."""
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", os.environ["FAKE_DRIVER_SLEEP"] + ".4"])
    print("hanging", file=sys.stderr, flush=True)
    sleep_for_ever()


def nest(trace):
    say('{"e":' + "[" * 400_000 + "]" * 400_000 + "}")


def paint(trace):
    say({"end": "failed", "reason": "\x1b[31mred\n" + "ä" * 10_000})


def die(trace):
    say(trace[0])
    sys.exit(3)


def crash(trace):
    say(trace[0])
    os.kill(os.getpid(), signal.SIGKILL)


def leave(trace):
    sys.exit(0)


def babble(trace):
    say(trace[0])
    say('oops, "a warning"')
    play(trace)


def forget_a_member(trace):
    say({"e": "start", "sup": "top", "id": "a", "res": "ok"})


def invent_a_kind(trace):
    say({"e": "explosion", "sup": "top"})


def say_neither(trace):
    say({"sup": "top"})


def end_oddly(trace):
    say({"end": "well"})


def say_a_long_line(trace):
    say("{" + " " * 1_048_576 + "}")


def say_a_line_without_end(trace):
    try:
        while True:
            sys.stdout.write("x" * 65536)
    except BrokenPipeError:
        sys.exit(0)


def say_too_much(trace):
    line = json.dumps({"e": "sup_exit", "reason": "x" * 10_000})
    for _ in range(1_700):
        say(line)
    say({"end": "done"})


def skip(trace):
    say(trace[0])
    say({"end": "skipped", "reason": "there is no such thing here"})


def fail(trace):
    say({"end": "failed", "reason": "it never got quiet"})


def skip_without_a_reason(trace):
    say({"end": "skipped"})


WITH_A_SCENARIO = [lie, miss_one, embellish, hang, hang_with_a_child, hang_aloud,
                   nest, paint, die, crash,
                   leave, babble, forget_a_member, invent_a_kind, say_neither,
                   end_oddly, say_a_long_line, say_a_line_without_end,
                   say_too_much, skip, fail, skip_without_a_reason]

# What is wrong with the first line.
HEADERS = {
    "no_version": {"driver": "fake", "protocol": 1},
    "other_protocol": dict(HEADER, protocol=2),
    "no_header": {"e": "sup_alive"},
    "leaves_out_all": dict(HEADER, leaves_out=["start"]),
    "leaves_out_nonsense": dict(HEADER, leaves_out=["colour"]),
    "blind": dict(HEADER, leaves_out=["signal", "down"]),
}


def main(mode, wanted):
    if mode == "silent":
        sleep_for_ever()
    if mode == "dead":
        sys.exit(4)
    if mode == "counting":
        # Not the same at each start.
        HEADER["version"] = str(os.getpid())
    say(HEADERS.get(mode, HEADER))
    for line in sys.stdin:
        name = json.loads(line)["name"]
        trace = recorded(name)
        manner = next((each for each in WITH_A_SCENARIO
                       if each.__name__ == mode and name == wanted), play)
        if mode == "blind":
            trace = [event for event in trace
                     if event["e"] not in ("signal", "down")]
        manner(trace)
        if mode in ("one_shot", "counting"):
            sys.exit(0)
    if mode == "talk_at_the_end":
        say({"e": "sup_alive"})
    if mode == "bad_end":
        sys.exit(5)
    if mode == "never_end":
        sleep_for_ever()


if __name__ == "__main__":
    GOLDEN = pathlib.Path(sys.argv[1])
    main(sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
