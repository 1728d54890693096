#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What `coppice lab run --against` makes of a driver that behaves, lies, hangs,
dies, and says all kinds of things.

usage: driver_test.py SOURCE_ROOT BINARY
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(sys.argv[1])
BINARY = sys.argv[2]
KIT = ROOT / "tests/conformance"
FAKE = ROOT / "tests/driver/fake_driver.py"
# The scenario that a driver goes wrong with, and one that comes after it.
FIRST = "t01_permanent_normal"
SECOND = "t09_ofa_other_fails"

# How long the fake driver's child sleeps, in s: another time in each run, which
# it is known by.
SLEEP = str(100_000_000 + os.getpid())
os.environ["FAKE_DRIVER_SLEEP"] = SLEEP

DONE, FAILED, USAGE = 0, 1, 2

failures = []


class Run:
    """A run that has ended, and what must be true of it."""

    def __init__(self, name, args, out=subprocess.PIPE):
        self.name = name
        done = subprocess.run([BINARY, "lab", "run", *map(str, args)],
                              timeout=100, stdin=subprocess.DEVNULL,
                              stdout=out, stderr=subprocess.PIPE,
                              encoding="utf-8")
        self.code, self.out, self.err = (done.returncode, done.stdout or "",
                                         done.stderr)

    def expect(self, good, otherwise):
        if not good:
            failures.append(f"{self.name}: {otherwise}\n  exit code {self.code}\n"
                            f"  out: {self.out[-3000:]}\n  err: {self.err}")
        return self

    def ended(self, code):
        return self.expect(self.code == code, f"should end with {code}")

    def says(self, pattern):
        return self.expect(re.search(pattern, self.out, re.M),
                           f"does not say {pattern}")

    def complains(self, pattern):
        lines = self.err.splitlines()
        return self.expect(self.out == "" and len(lines) == 1
                           and re.fullmatch("coppice: " + pattern, lines[0]),
                           f"does not complain {pattern}")


def fake(*words):
    return shlex.join(["python3", str(FAKE), str(KIT / "golden"), *words])


def two(mode, *more):
    """The two scenarios with a fake driver, FIRST in the given mode."""
    return Run(mode, ["--against", fake(mode, FIRST), *more,
                      KIT / f"scenarios/{FIRST}.json",
                      KIT / f"scenarios/{SECOND}.json"])


def one(name, command, *more):
    return Run(name, ["--against", command, *more,
                      KIT / f"scenarios/{FIRST}.json"])


def sums(same, different, skipped, failed):
    return (rf"^2 scenarios, coppice, engine and fake 1\.0: {same} same, "
            rf"{different} different, {skipped} skipped, {failed} failed$")


SAME = rf"^same +{SECOND}, 23 events$"


# -- a driver that behaves ------------------------------------------------------

def is_the_same_as_coppice():
    two("good").ended(DONE).says(rf"^same +{FIRST}, 9 events$").says(SAME) \
        .says(sums(2, 0, 0, 0)).expect("≠" not in two("good").out, "differs")


def may_end_after_each_scenario():
    two("one_shot").ended(DONE).says(sums(2, 0, 0, 0))


def may_add_what_is_not_compared():
    two("embellish").ended(DONE).says(sums(2, 0, 0, 0))


def may_be_blind_to_some_kinds_of_events():
    two("blind").ended(DONE).says(sums(2, 0, 0, 0)) \
        .says(rf"^same +{SECOND}, 17 events$") \
        .says("^Not compared, as the driver cannot see it: down, signal$")


def is_shown_side_by_side_if_there_is_one_scenario():
    one("side by side", fake("good")).ended(DONE) \
        .says(r"^  coppice, engine +│ fake 1\.0$") \
        .says("^Compared with fake 1.0.$").says("^The same: all 9 events.$")


def is_compared_with_the_world_that_is_asked_for():
    one("world", fake("good"), "--world", "actors").ended(DONE) \
        .says(r"^  coppice, actors +│ fake 1\.0$")


def is_compared_with_recordings_if_asked():
    deviation = KIT / "scenarios/t15_unlink.json"
    refused = KIT / "scenarios/t41_bad_combo.json"
    Run("coppice", ["--against", fake("good"), deviation, refused]) \
        .ended(FAILED).says("^different  t15_unlink, first at ") \
        .says("^skipped    t41_bad_combo: .*t41_bad_combo.json:\\d+:\\d+: /steps/")
    Run("recorded", ["--recorded", "--against", fake("good"), deviation,
                     refused]) \
        .ended(DONE).says("^same +t15_unlink, ").says("^same +t41_bad_combo, ") \
        .says("^2 scenarios, recorded and fake")


def gets_the_whole_kit_if_nothing_is_named():
    count = len(list(KIT.glob("*/*.json")))
    run = Run("kit", ["--recorded", "--against", fake("good")])
    run.ended(DONE).says(f"^{count} scenarios, recorded and fake 1.0: {count} "
                         "same, 0 different, 0 skipped, 0 failed$")
    run.expect(len(run.out.splitlines()) == count + 2, "not a line for each")


def gets_what_is_in_a_folder_and_below():
    with tempfile.TemporaryDirectory() as folder:
        below = pathlib.Path(folder, "b/c")
        below.mkdir(parents=True)
        shutil.copy(KIT / f"scenarios/{FIRST}.json", below)
        shutil.copy(KIT / f"scenarios/{SECOND}.json", folder)
        pathlib.Path(folder, "notes.txt").write_text("no scenario", "utf-8")
        run = Run("folder", ["--against", fake("good"), folder,
                             KIT / "scenarios/ofa_basic.json"])
    run.ended(DONE).says("^3 scenarios, .*: 3 same")
    run.expect(re.findall("^same +(\\w+),", run.out, re.M)
               == [FIRST, SECOND, "ofa_basic"], "not in order")


def has_its_words_cut_without_a_shell():
    with tempfile.TemporaryDirectory() as folder:
        victim = pathlib.Path(folder, "victim")
        run = one("injection", f"{fake('good')} ; touch {victim} $(touch "
                  f"{victim}) > {victim}")
        run.ended(DONE).expect(not victim.exists(), "a shell has run")


# -- one that does not ----------------------------------------------------------

def goes_wrong_with_one_scenario_alone():
    """The mode, the exit code's column in the sum, and what is said."""
    for mode, column, pattern in [
            ("lie", 1, "^different  {}, first at event 1 of top: expected .*"
             "\"normal\".*, found .*\"something else\""),
            ("miss_one", 1, "^different  {}, first at event 0 of -: expected "
             ".*sup_alive.*, found nothing$"),
            ("skip", 2, "^skipped    {}: there is no such thing here$"),
            ("fail", 3, "^failed     {}: the driver says: it never got quiet$"),
            ("die", 3, "^failed     {}: ended with exit code 3 after line 2, "
             "before the end of the scenario$"),
            ("leave", 3, "^failed     {}: ended with exit code 0 after line 1, "
             "before the end of the scenario$"),
            ("crash", 3, "^failed     {}: ended with signal 9 .* after line 2"),
            ("babble", 3, "^failed     {}: line 3: expected a JSON object, found "
             r'"oops, \\"a warning\\""$'),
            ("forget_a_member", 3, "^failed     {}: line 2: expected a number as "
             '"n" of start, found '),
            ("invent_a_kind", 3, "^failed     {}: line 2: expected a kind of "
             'event as "e", found '),
            ("say_neither", 3, "^failed     {}: line 2: expected an event, "),
            ("end_oddly", 3, "^failed     {}: line 2: expected done, skipped or "
             'failed as "end", found '),
            ("skip_without_a_reason", 3, "^failed     {}: line 2: expected a "
             'string as "reason" of skipped, found '),
            ("nest", 3, "^failed     {}: line 2: expected at most 200 levels, "
             "found more$"),
            ("paint", 3, "^failed     {}: the driver says: "
             r"\\u001b\[31mred\\u000aä{{400,500}} …$"),
            ("say_a_long_line", 3, "^failed     {}: line 2: has more than "
             "1048576 bytes$"),
            ("say_a_line_without_end", 3, "^failed     {}: line 2: has more than "
             "1048576 bytes$"),
            ("say_too_much", 3, "^failed     {}: line 1[0-9]{{3}}: there are more "
             "than 16777216 bytes in this scenario$")]:
        counts = [1, 0, 0, 0]
        counts[column] = 1
        two(mode).ended(DONE if mode == "skip" else FAILED) \
            .says(pattern.format(FIRST)).says(SAME).says(sums(*counts))


def hangs_until_the_deadline():
    two("hang", "--deadline", "5s").ended(FAILED).says(SAME) \
        .says(f"^failed     {FIRST}: line 3: did not come within 5 s after the "
              "scenario was given$")


def command_line(file):
    try:
        return file.read_text("utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):  # it ended just now
        return ""


def sleepers(kind=""):
    """The processes of this run that sleep, of this kind."""
    return [each for each in pathlib.Path("/proc").glob("[0-9]*/cmdline")
            if f"sleep\0{SLEEP}{kind}\0" == command_line(each)]


def leaves_no_process_behind():
    two("hang_with_a_child", "--deadline", "5s").ended(FAILED).says(SAME)
    left = sleepers()
    if left:
        failures.append(f"hang_with_a_child: {left} is still there")


def never_says_what_it_is():
    one("silent", fake("silent"), "--deadline", "20ms").ended(FAILED) \
        .complains("the driver .*: line 1: did not come within 20 ms")


def never_ends():
    two("never_end", "--deadline", "5s").ended(FAILED).says(sums(2, 0, 0, 0)) \
        .says("^The driver went wrong at its end: its output does not end "
              "when its input does$")


def says_wrong_things_of_itself():
    for mode, pattern in [
            ("dead", "ended with exit code 4 before it said what it is"),
            ("no_version", 'line 1: expected a string as "version", found .*'),
            ("other_protocol", 'line 1: expected 1 as "protocol", found .*'),
            ("no_header", "line 1: expected the line in which a driver says what "
             "it is, .*"),
            ("leaves_out_all", 'line 1: expected in "leaves_out" kinds of events '
             'that can be left out, found .*start.*'),
            ("leaves_out_nonsense", 'line 1: expected in "leaves_out" .*')]:
        one(mode, fake(mode)).ended(FAILED) \
            .complains("the driver .*: " + pattern)


def does_not_start_again():
    run = Run("counting", ["--against", fake("counting"),
                           *(KIT / f"scenarios/{name}.json"
                             for name in (FIRST, SECOND, "ofa_basic"))])
    run.ended(FAILED).says(f"^same +{FIRST}, 9 events$") \
        .says(f"^failed     {SECOND}: line 1: says something else than at the "
              "first start$") \
        .says("^failed     ofa_basic: not played: the driver does not start any "
              "more$")


def is_wrong_at_its_end():
    two("bad_end").ended(FAILED).says(sums(2, 0, 0, 0)) \
        .says("^The driver went wrong at its end: ended with exit code 5 after "
              "the last scenario$")
    two("talk_at_the_end").ended(FAILED) \
        .says("^The driver went wrong at its end: line 36: comes after the end "
              "of the last scenario$")


def cannot_play_what_is_asked_for_alone():
    one("skip alone", fake("skip", FIRST)).ended(FAILED) \
        .complains(f"{FIRST} cannot be played on fake 1.0: there is no such "
                   "thing here")
    one("fail alone", fake("die", FIRST)).ended(FAILED) \
        .complains(f"{FIRST} cannot be played on fake 1.0: ended with exit "
                   "code 3 .*")
    Run("all skipped", ["--against", fake("skip", FIRST), "--json",
                        KIT / f"scenarios/{FIRST}.json"]).ended(FAILED)


# -- one that is stopped ---------------------------------------------------------

def stopped(name, number, args, env=None):
    """Stops a run when it has said something on its standard error, which ends
    when all processes have."""
    # The parent of this process may ignore what Ctrl-C sends.
    run = subprocess.Popen(["env", "--default-signal=INT", BINARY, "lab", "run",
                            *map(str, args)],
                           env=env, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                           encoding="utf-8")
    said = run.stderr.readline()
    run.send_signal(number)
    try:
        run.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        run.kill()
        failures.append(f"{name}: something is left")
    if said != "hanging\n" or run.returncode != -number:
        failures.append(f"{name}: said {said!r}, ended with {run.returncode}")


def goes_with_coppice():
    for number in (signal.SIGINT, signal.SIGTERM):
        stopped(f"driver, signal {number}", number,
                ["--against", fake("hang_aloud", FIRST),
                 KIT / f"scenarios/{FIRST}.json"])


def leaves_no_files_when_it_is_stopped():
    """In another system, which only root may run programs in."""
    if os.geteuid() != 0:
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder, "root")
            Erlang(root / "usr/bin", "exit 1")
            (root / "tmp").mkdir()
            chroot = pathlib.Path(folder, "chroot")
            # Hangs aloud if the script is where Erlang would look for it.
            chroot.write_text(f"#!/bin/sh\nsleep {SLEEP}.2 & "
                              'test -f "$1$3" && echo hanging >&2; wait\n')
            chroot.chmod(0o755)
            stopped(f"Erlang, signal {number}", number,
                    ["--against", "otp", "--otp", root,
                     KIT / f"scenarios/{FIRST}.json"],
                    dict(os.environ, PATH=f"{folder}:{os.environ['PATH']}"))
            if list((root / "tmp").iterdir()):
                failures.append(f"Erlang, signal {number}: files are left")


# -- an Erlang that lies --------------------------------------------------------

class Erlang:
    """A script in place of escript, which plays FIRST."""

    def __init__(self, folder, script):
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        self.path = pathlib.Path(folder, "escript")
        self.path.write_text("#!/bin/sh\n" + script + "\n", "utf-8")
        self.path.chmod(0o755)


def against_erlang(name, script, *more):
    with tempfile.TemporaryDirectory() as folder:
        return Run(name, ["--against", "otp", "--otp",
                          Erlang(folder, script).path, *more,
                          KIT / f"scenarios/{FIRST}.json"])


def named(version):
    """What a driver says of itself."""
    header = {"driver": "Erlang/OTP", "version": version, "protocol": 1}
    return "echo " + shlex.quote(json.dumps(header)) + "; "


def prints_what_is_no_event():
    for line, expected in [('{"x":1}', "an event, .*"),
                           ('{"e":5}', 'a kind of event as "e"')]:
        against_erlang(line, named("27.1") + f"echo '{line}'; cat") \
            .ended(FAILED) \
            .complains(f"{FIRST} cannot be played on Erlang/OTP 27.1: line 2: "
                       f"expected {expected}, found .*")


def is_killed_when_it_does_not_say_what_it_is():
    against_erlang("mute", f"sleep {SLEEP}.5", "--deadline", "200ms") \
        .ended(FAILED) \
        .complains("the driver .*/escript .*/otpdrv.escript: line 1: did not "
                   "come within 0.2 s")
    left = sleepers(".5")
    if left:
        failures.append(f"mute: {left} is still there")


def is_killed_at_the_deadline():
    against_erlang("slow", named("27.1") + f"sleep {SLEEP}.3",
                   "--deadline", "200ms") \
        .ended(FAILED) \
        .complains(f"{FIRST} cannot be played on Erlang/OTP 27.1: line 2: did "
                   "not come within 0.2 s after the scenario was given")
    left = sleepers(".3")
    if left:
        failures.append(f"slow: {left} is still there")


def is_named_with_its_place_in_json():
    golden = KIT / f"golden/{FIRST}.jsonl"
    script = (f"read scenario; cat {shlex.quote(str(golden))}; "
              "echo '{\"end\":\"done\"}'")
    with tempfile.TemporaryDirectory() as folder:
        places = [str(Erlang(pathlib.Path(folder, release),
                             named(release) + script).path)
                  for release in ("27.1", "28.0")]
        run = Run("places", ["--against", "otp", "--json", "--otp", places[0],
                             "--otp", places[1],
                             KIT / f"scenarios/{FIRST}.json"]).ended(DONE)
    lines = [json.loads(line) for line in run.out.splitlines()]
    run.expect([line.get("place") for line in lines]
               == [places[0]] * 2 + [places[1]] * 2, "other places")
    run.expect([(line.get("driver"), line.get("version")) for line in lines[1::2]]
               == [("Erlang/OTP", "27.1"), ("Erlang/OTP", "28.0")],
               "other names and versions")


# -- for programs ---------------------------------------------------------------

def prints_json():
    run = two("lie", "--json").ended(FAILED)
    lines = [json.loads(line) for line in run.out.splitlines()]
    run.expect([line.get("result") for line in lines]
               == ["different", "same", None], "other results")
    run.expect(lines[0]["sup"] == "top" and lines[0]["index"] == 1
               and lines[0]["found"]["reason"] == "something else"
               and lines[0]["expected"]["reason"] == "normal",
               "not where it differs")
    run.expect(lines[1] == {"scenario": SECOND, "result": "same", "events": 23,
                            "file": str(KIT / f"scenarios/{SECOND}.json")},
               "another second line")
    run.expect(lines[2] == {
        "scenarios": 2, "same": 1, "different": 1, "skipped": 0, "failed": 0,
        "reference": "coppice, engine", "driver": "fake", "version": "1.0",
        "leaves_out": []}, "another sum")
    for mode, result in [("skip", "skipped"), ("die", "failed")]:
        run = two(mode, "--json")
        first = json.loads(run.out.splitlines()[0])
        run.expect(first["result"] == result and first["reason"], "no reason")
    run = two("bad_end", "--json").ended(FAILED)
    run.expect("exit code 5" in json.loads(run.out.splitlines()[-1])
               .get("driver_failed", ""), "nothing of its end")


# -- mistakes -------------------------------------------------------------------

def is_no_program():
    one("missing", "/no/such/driver").ended(FAILED) \
        .complains("the driver /no/such/driver: cannot be started: No such file "
                   "or directory")
    for command in ["", "  ", "''", "python3 'open"]:
        one(command, command).ended(USAGE).complains("--against: .*")


def is_not_what_was_meant():
    scenario = KIT / f"scenarios/{FIRST}.json"
    for args in [["--recorded", scenario], ["--json", scenario], [],
                 [scenario, scenario], ["--deadline", "5s", scenario],
                 ["--otp", "/", "--against", fake("good"), scenario],
                 ["--against", fake("good"), "--deadline", "soon", scenario],
                 ["--against", fake("good"), "--deadline", "0", scenario],
                 ["--against", "otp", "--deadline", "xyz", scenario],
                 ["--against", "otp", "--deadline", "0s", scenario],
                 ["--against", fake("good"), "--trace", scenario]]:
        Run(args, args).ended(USAGE).complains(".*")


def cannot_be_told_of():
    """Nobody gets what is written."""
    with open("/dev/full", "w") as full:
        for args in [[], ["--trace"], ["--against", fake("good")]]:
            Run(f"full {args}", [*args, KIT / f"scenarios/{FIRST}.json"], full) \
                .ended(FAILED).complains("standard output cannot be written.*")


def is_compared_with_a_bad_recording():
    with tempfile.TemporaryDirectory() as folder:
        for name in ("a", "golden"):
            pathlib.Path(folder, name).mkdir()
        shutil.copy(KIT / f"scenarios/{FIRST}.json", pathlib.Path(folder, "a"))
        golden = pathlib.Path(folder, "golden", f"{FIRST}.jsonl")
        for text, pattern in [
                ('{"e":"sup_alive"}\n{"x":1}', "line 2: expected a string as "
                 '"e", found none'),
                ('{"e":5}', 'line 1: expected a string as "e", found 5'),
                ("{oops", "line 1: expected JSON: .*")]:
            golden.write_text(text, "utf-8")
            Run(f"recorded {text}", ["--recorded", "--against", fake("good"),
                                     pathlib.Path(folder, "a")]) \
                .ended(FAILED) \
                .says(f"^failed     {FIRST}: .*{FIRST}.jsonl: {pattern}$")


def is_given_only_what_is_a_scenario():
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(KIT / f"scenarios/{FIRST}.json", folder)
        pathlib.Path(folder, "loop.json").symlink_to("loop.json")
        pathlib.Path(folder, "more").symlink_to("more")
        pathlib.Path(folder, "releases.json").write_text('{"a": 1}', "utf-8")
        pathlib.Path(folder, "list.json").write_text("[]", "utf-8")
        Run("other files", ["--against", fake("good"), folder]).ended(DONE) \
            .says("^1 scenarios, .*: 1 same, 0 different, 0 skipped, 0 failed$")


def finds_no_scenario():
    with tempfile.TemporaryDirectory() as folder:
        Run("empty", ["--against", fake("good"), folder]).ended(FAILED) \
            .complains("there are no scenarios in .*")
        bad = pathlib.Path(folder, "bad.json")
        bad.write_text("{", "utf-8")
        Run("bad file", ["--against", fake("good"), folder]).ended(FAILED) \
            .says("^failed     bad: .*bad.json: expected JSON: ")
        Run("missing", ["--against", fake("good"), bad.with_name("no.json")]) \
            .ended(FAILED).complains(".*no.json: no such file, and no example; .*")


def main():
    checks = [each for name, each in globals().items()
              if callable(each) and each.__module__ == __name__
              and name not in ("Run", "Erlang", "fake", "two", "one", "sums",
                               "stopped", "against_erlang", "command_line",
                               "named", "sleepers", "main")]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for check in [pool.submit(each) for each in checks]:
            check.result()
    if failures:
        sys.exit("not ok - " + "\nnot ok - ".join(failures))
    print(f"driver: {len(checks)} claims hold")


if __name__ == "__main__":
    main()
