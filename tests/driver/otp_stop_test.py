#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""How Erlang's supervisors stop: one stop that meets another, a child that stops
its own supervisor, and a name that is just stopping. Each Erlang is held to what
docs/reference/semantics.md says of it: the one in PATH, and those that
COPPICE_OTP_ROOTS names, as for tests/lab/otp_test.cpp.

usage: otp_stop_test.py SOURCE_ROOT
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77

ROOT = pathlib.Path(sys.argv[1])
SCRIPT = ROOT / "tests/driver/stops.escript"
PAGE = ROOT / "docs/reference/semantics.md"
TABLE = "## Which OTP, where they differ"

# Rules 13, 74 and 86; the same in every release.
ALWAYS = {
    "first": "ok",
    "other_reason": "{exit,shutdown}",
    "ended": "shutdown",
    "{rebel,false}": "shutdown",
    "{rebel,false,supervisor}": "{shutdown,enough}",
    "{rebel,false,heard}": "nothing",
    "{rebel,true}": "killed",
    "{rebel,true,supervisor}": "{shutdown,enough}",
    "{rebel,true,heard}": "nothing",
    "name": "{error,{already_started,the_one_that_stops}}",
    "name_afterwards": "another",
}
# What a second stop with the same reason comes to, by words of V11.
SECOND_STOP = {"fails": "{exit,shutdown}", "is done": "ok"}


def expect(good, otherwise):
    if not good:
        sys.exit(f"not ok - {otherwise}")


def columns_of(row):
    """The cells of that row of the table of releases, by release."""
    table = PAGE.read_text("utf-8").partition(TABLE)[2]
    head, *lines = [[cell.strip() for cell in line.split("|")[1:-1]]
                    for line in table.splitlines() if line.startswith("|")]
    [cells] = [line for line in lines if line[0] == row]
    return {int(name.removeprefix("OTP ")): cell
            for name, cell in zip(head, cells) if name.startswith("OTP ")}


def second_stop_on(release):
    """As V11 says. A release that has no column does as the one before it."""
    columns = columns_of("V11")
    cell = columns[max(n for n in columns if n <= release)]
    same_as = re.fullmatch(r"as (\d+)", cell)
    if same_as:
        return second_stop_on(int(same_as[1]))
    said = [answer for words, answer in SECOND_STOP.items() if words in cell]
    expect(len(said) == 1, f"V11 of {PAGE.name} says of {release}: {cell}")
    return said[0]


def places():
    """As otp_places() in tests/lab/otp_releases.hpp."""
    return ["", *filter(None, os.environ.get("COPPICE_OTP_ROOTS", "").split(":"))]


def run(*command):
    done = subprocess.run(command, timeout=100, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, encoding="utf-8")
    expect(done.returncode == 0, f"{command} ended with {done.returncode}: "
                                 f"{done.stdout}")
    # {Case,Answer}. in a line, where Case is an atom or a tuple of its own.
    return dict(re.fullmatch(r"\{(\w+|\{[^}]*\}),(.*)\}\.", line).groups()
                for line in done.stdout.splitlines())


def play_in(place):
    """The answers of the Erlang at that place, or none if there is none."""
    if not place:
        return run("escript", SCRIPT) if shutil.which("escript") else None
    root = pathlib.Path(place).resolve()
    if not os.path.lexists(root / "usr/bin/escript"):
        expect((root / "bin/escript").exists(), f"no Erlang in {place}")
        return run(root / "bin/escript", SCRIPT)
    # A system of its own, as for scripts/record-traces.
    with tempfile.TemporaryDirectory(dir=root / "tmp") as folder:
        shutil.copy(SCRIPT, folder)
        inside = "/" / pathlib.Path(folder).relative_to(root) / SCRIPT.name
        return run("chroot", root, "escript", inside)


def main():
    compared = set()
    for place in places():
        name = place or "the Erlang in PATH"
        answers = play_in(place)
        if answers is None:
            print(f"skipped: {name} is not there; apt-get install erlang-base")
            continue
        release = int(answers.pop("release"))
        expected = {**ALWAYS, "same_reason": second_stop_on(release)}
        expect(answers == expected, f"OTP {release}, {name}: "
               + "; ".join(f"{case}: {answers.get(case)}, not "
                           f"{expected.get(case)}"
                           for case in answers.keys() | expected.keys()
                           if answers.get(case) != expected.get(case)))
        compared.add(release)
        print(f"OTP {release}, {name}: {len(answers)} answers as stated")
    for release in sorted(columns_of("V11").keys() - compared):
        print(f"skipped: OTP {release} is not there; name one in "
              "COPPICE_OTP_ROOTS")
    if not compared:
        sys.exit(SKIPPED)


if __name__ == "__main__":
    main()
