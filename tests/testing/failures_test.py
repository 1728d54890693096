#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a test of the kit prints when it fails, and that the seed in it repeats
the failure.

usage: failures_test.py FAILING_TEST
"""

import os
import re
import subprocess
import sys

SEED = re.compile(r"COPPICE_TEST_SEED=(\d+)")


def run(name, seed=None):
    env = {k: v for k, v in os.environ.items() if k != "COPPICE_TEST_SEED"}
    if seed is not None:
        env["COPPICE_TEST_SEED"] = seed
    done = subprocess.run([sys.argv[1], "--gtest_filter=Failing." + name],
                          env=env, stdout=subprocess.PIPE, timeout=60,
                          stderr=subprocess.STDOUT, encoding="utf-8")
    if done.returncode != 1:
        sys.exit(f"not ok - {name} does not fail:\n{done.stdout}")
    return done.stdout


def expect(good, otherwise, said):
    if not good:
        sys.exit(f"not ok - {otherwise}:\n{said}")


def main():
    said = run("UnderSomeSchedules")
    expect(said.count("a schedule\n") < 100, "it goes on after a failure", said)
    expect("which has b exited too early\n" in said,
           "it does not show the history", said)
    seeds = SEED.findall(said)
    expect(len(set(seeds)) == 1, "there is not one seed", said)
    again = run("UnderSomeSchedules", seeds[0])
    expect(again.count("a schedule\n") == 1, "it runs others as well", again)
    expect(SEED.findall(again)[0] == seeds[0], "it has another seed", again)

    said = run("ByChance")
    again = run("ByChance", SEED.findall(said)[-1])
    drawn = re.compile(r"chance\(\)\(\)\n    Which is: (\d+)")
    expect(drawn.findall(said) == drawn.findall(again) != [],
           "the seed does not repeat it", said + again)

    said = run("ForAPointThatNeverWas")
    expect("armed, but never declared: no fault point is named app.sav; "
           "near: app.save" in said, "it passes over a misspelt point", said)

    said = run("ByAnException")
    expect("start_supervised: a: already_started" in said,
           "it does not say why", said)
    print("failures: ok")


if __name__ == "__main__":
    main()
