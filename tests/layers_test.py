#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The rooms keep to their floors: a file includes what is in its own room or on
a floor below, and an installed header includes installed headers alone. One
file asks for CAF's version.

usage: layers_test.py SOURCE_ROOT
"""

import pathlib
import re
import sys

FLOORS = (
    {"supervision", "toml"},
    {"fault", "observe"},
    {"actor"},
    {"net", "process"},
    {"protocol"},
    {"admin", "journal", "lab", "nemesis", "testing"},
    {"server"},
    {"commands"},
)
# On one floor, yet one may look into the other.
NEIGHBOURS = {("admin", "journal"), ("nemesis", "lab")}
NOT_BELOW = {("server", "lab"), ("server", "nemesis"), ("server", "testing")}
PURE = {"supervision", "fault"}  # the standard library alone
NO_OTHER = {"fault"}             # not even a floor below
FOR_ALL = {"coppice/expected.hpp"}
ASKS_FOR_CAF = "src/actor/caf/version.hpp"
GENERATED = {"coppice/version.hpp", "example_files.hpp", "page_files.hpp",
             "preset_files.hpp"}
VERSION = re.compile(r"\bCAF_(MAJOR_|MINOR_|PATCH_)?VERSION\b")
INCLUDE = re.compile(r'#\s*include\s+(["<])([^">]+)[">]')


def floor_of(room):
    return next(n for n, rooms in enumerate(FLOORS) if room in rooms)


def may_include(room, other):
    if room == other or (room, other) in NEIGHBOURS:
        return True
    return (room not in NO_OTHER and (room, other) not in NOT_BELOW
            and floor_of(other) < floor_of(room))


class Tree:
    def __init__(self, root):
        self.root = root
        self.public = root / "include"
        self.private = root / "src"
        self.problems = []

    def room_of(self, file):
        base = (self.public / "coppice" if self.public in file.parents
                else self.private)
        top = file.relative_to(base).parts[0]
        # The kit's umbrella header is the kit's; the others are the façade.
        if top == "testing.hpp":
            return "testing"
        return "server" if top.endswith(".hpp") else top

    def check(self, file):
        room = self.room_of(file)
        public = self.public in file.parents
        for number, line in enumerate(file.open(encoding="utf-8"), 1):
            place = f"{file.relative_to(self.root)}:{number}"
            if VERSION.search(line) and file != self.root / ASKS_FOR_CAF:
                self.problems.append(
                    f"{place}: only {ASKS_FOR_CAF} asks for CAF's version")
            match = INCLUDE.match(line)
            if match:
                for problem in self.check_include(room, public, *match.groups()):
                    self.problems.append(f"{place}: {problem}")

    def check_include(self, room, public, mark, header):
        if mark == "<":
            if room in PURE and "/" in header:
                yield f"{room} must not include {header}"
            return
        if header in GENERATED | FOR_ALL:
            return
        target = next((base / header for base in (self.public, self.private)
                       if (base / header).exists()), None)
        if target is None:
            yield f'there is no "{header}" in include or src'
            return
        if public and self.private in target.parents:
            yield f"an installed header must not include the private {header}"
        other = self.room_of(target)
        if not may_include(room, other):
            yield f"{room} must not include {other}"


def main(root):
    tree = Tree(root)
    for base in (tree.public, tree.private):
        for file in sorted(base.rglob("*.[ch]pp")):
            tree.check(file)
    print("\n".join(tree.problems))
    print("layers:", f"{len(tree.problems)} mistakes"
          if tree.problems else "ok")
    return 1 if tree.problems else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
