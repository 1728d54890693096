#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The driver for Elixir on the conformance kit: it plays all of it, and what
differs from OTP's recordings is what docs/internals/conformance.md says.

usage: elixir_test.py SOURCE_ROOT BINARY
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

SKIPPED = 77

ROOT = pathlib.Path(sys.argv[1])
BINARY = sys.argv[2]
PAGE = ROOT / "docs/internals/conformance.md"
# The command for the driver of another Elixir than the one in PATH.
DRIVER = os.environ.get("COPPICE_ELIXIR_DRIVER")


def play(*arguments):
    driver = " ".join([DRIVER or f"elixir {ROOT}/src/lab/drivers/elixir.exs",
                       *arguments])
    done = subprocess.run([BINARY, "lab", "run", "--recorded", "--json",
                           "--against", driver], timeout=280,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          encoding="utf-8")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if not lines or "scenarios" not in lines[-1]:
        sys.exit(f"not ok - {driver} ended with {done.returncode}: {lines}")
    return lines[:-1], lines[-1]


def rows(first):
    """The rows of the table whose first column is called that."""
    section = PAGE.read_text("utf-8").partition("## Elixir against OTP")[2]
    section = section.partition("\n## ")[0]
    table = section.partition(f"| {first} |")[2].partition("\n\n")[0]
    return re.findall("^" + r"\| ([^|]+) " * 4 + r"\|$", table, re.M)


def documented(kinds, version):
    """The scenarios that the table names for this Elixir on its Erlang."""
    names = set()
    for _, where, when, scenarios in rows("what differs"):
        if kinds & set(where.split(", ")) and applies(when, version):
            names |= set(scenarios.split(", "))
    return names


def documented_skips(arguments, version):
    """How many scenarios are skipped by the driver that is called so."""
    called = " ".join(["elixir.exs", *arguments])
    return sum(int(count) for driver, when, count, _ in rows("driver")
               if driver == f"`{called}`" and applies(when, version))


def applies(when, version):
    """`when` is one of: always, Elixir before X.Y, OTP before N, OTP N and
    later."""
    elixir, otp = re.match(r"(\d+\.\d+).* Erlang/OTP (\d+)", version).groups()
    before = re.fullmatch(r"Elixir before (\d+\.\d+)", when)
    otp_before = re.fullmatch(r"OTP before (\d+)", when)
    since = re.fullmatch(r"OTP (\d+) and later", when)
    if before:
        return number(elixir) < number(before[1])
    if otp_before:
        return int(otp) < int(otp_before[1])
    if since:
        return int(otp) >= int(since[1])
    if when != "always":
        sys.exit(f"not ok - {PAGE.name}: when is {when}?")
    return True


def number(version):
    return tuple(map(int, version.split(".")))


def check(kinds, *arguments):
    lines, end = play(*arguments)
    by_result = {result: {line["scenario"] for line in lines
                          if line["result"] == result}
                 for result in ("same", "different", "skipped", "failed")}
    if by_result["failed"] or end.get("driver_failed"):
        sys.exit(f"not ok - {kinds}: {lines} {end}")
    skips = documented_skips(arguments, end["version"])
    if end["skipped"] != skips:
        sys.exit(f"not ok - {end['driver']} {end['version']}: skips "
                 f"{end['skipped']} and not {skips}, as {PAGE.name} says: "
                 f"{sorted(by_result['skipped'])}")
    wanted = documented(kinds, end["version"]) - by_result["skipped"]
    # The table may be ahead of the scenarios, but not the other way round.
    wanted &= by_result["same"] | by_result["different"]
    found = by_result["different"]
    if found != wanted:
        sys.exit(f"not ok - {end['driver']} {end['version']}: "
                 f"{sorted(found - wanted)} differ and are not in {PAGE.name}, "
                 f"{sorted(wanted - found)} are in it and do not differ")
    print(f"{end['driver']} {end['version']}: {end['same']} of "
          f"{end['scenarios']} same, {len(found)} differ as documented, "
          f"{end['skipped']} skipped")


def main():
    if not DRIVER and not shutil.which("elixir"):
        print("skipped: there is no elixir; apt-get install elixir")
        sys.exit(SKIPPED)
    check({"Supervisor", "DynamicSupervisor"})
    check({"Supervisor", "PartitionSupervisor"}, "--partitions")


if __name__ == "__main__":
    main()
