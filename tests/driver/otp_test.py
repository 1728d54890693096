#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The driver for Erlang with names of all kinds, and with what is no scenario.

usage: otp_test.py SOURCE_ROOT
"""

import json
import pathlib
import shutil
import subprocess
import sys

SKIPPED = 77

ROOT = pathlib.Path(sys.argv[1])
DRIVER = ROOT / "src/lab/otpdrv.escript"
GOOD = json.loads((ROOT / "tests/conformance/scenarios/t01_permanent_normal.json")
                  .read_text("utf-8"))


def play(*lines):
    """The events of each scenario, and the line that ends it."""
    texts = [line if isinstance(line, str)
             else json.dumps(line, ensure_ascii=False) for line in lines]
    done = subprocess.run(["escript", DRIVER], timeout=100,
                          input="".join(text + "\n" for text in texts),
                          stdout=subprocess.PIPE, encoding="utf-8")
    expect(done.returncode == 0, f"exit code {done.returncode}: {done.stdout}")
    header, *said = map(json.loads, done.stdout.splitlines())
    expect(header["driver"] == "Erlang/OTP" and header["protocol"] == 1, header)
    traces = [[]]
    for event in said:
        traces[-1].append(event)
        if "end" in event:
            traces.append([])
    expect(traces.pop() == [], "something comes after the last end")
    expect(len(traces) == len(lines), f"{len(traces)} of {len(lines)} traces")
    return traces


def expect(good, otherwise):
    if not good:
        sys.exit(f"not ok - {otherwise}")


def writes_names_whatever_is_in_them():
    names = ["ä", "日本", "it's", "a\\b", "Ünï"]
    [trace] = play({
        "name": "tüp",
        "supervisor": {"id": "töp", "children": [{"id": n} for n in names]},
        "steps": [{"op": "start"}, {"op": "info", "msg": "żółw"},
                  {"op": "exit", "child": "ä", "reason": "bööm"},
                  {"op": "which_children"}]})
    expect(trace.pop() == {"end": "done"}, trace)
    said = {(e["e"], e.get("op")): e for e in trace}
    expect(said["reply", "start"]["res"] == "{ok,'töp#1'}", trace)
    expect(said["unexpected", None]["msg"] == "'żółw'", trace)
    expect("'żółw'" in said["log_error", None]["text"], trace)
    expect(said["report", None]["reason"] == "bööm", trace)
    expect(said["reply", "which_children"]["res"]
           == r"[{'Ünï','Ünï#1'},{'a\\b','a\\b#1'},{'it\'s','it\'s#1'},"
              "{'日本','日本#1'},{ä,'ä#2'}]", trace)


def fails_with_what_is_no_scenario_alone():
    steps = [{"op": "start"}, {"op": "no such step"}]
    bad = ["{}", "[]", "{", "oops", '{"name": 1, "steps": {}}',
           {"supervisor": {}, "steps": []}, {**GOOD, "steps": steps},
           {**GOOD, "steps": [1]}]
    first, *failed, last = play(GOOD, *bad, GOOD)
    expect(first == last and first[-2]["e"] == "sup_alive"
           and first[-1]["end"] == "done", (first, last))
    for scenario, trace in zip(bad, failed):
        expect([e.get("end") for e in trace] == ["failed"]
               and trace[0]["reason"], f"{scenario} came to {trace}")


def main():
    if not shutil.which("escript"):
        print("skipped: there is no escript; apt-get install erlang-base")
        sys.exit(SKIPPED)
    writes_names_whatever_is_in_them()
    fails_with_what_is_no_scenario_alone()
    print("otp: 2 claims hold")


if __name__ == "__main__":
    main()
