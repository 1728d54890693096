#!/usr/bin/env python3
"""Includes point down: a room may look only into the rooms below it."""

import pathlib
import re
import sys

MAY_INCLUDE = {
    "supervision": set(),
    "fault": set(),
    "observe": {"supervision"},
    "actor": {"supervision", "fault", "observe"},
    "net": {"actor", "fault", "observe", "supervision"},
    "protocol": {"net", "actor"},
    "lab": {"actor", "supervision", "observe", "fault"},
    "journal": {"actor", "observe"},
    "testing": {"actor", "net", "supervision", "fault", "observe"},
    "admin": {"journal", "net", "actor", "observe", "supervision", "fault"},
}
PURE = {"supervision", "fault"}  # the standard library alone
INCLUDE = re.compile(r'#\s*include\s+["<](?:coppice/(\w+)/|(\w+)/)?')


def main(root):
    failed = 0
    for base in (root / "include" / "coppice", root / "src"):
        for file in sorted(base.rglob("*.[ch]pp")):
            # A room's umbrella header, such as testing.hpp, belongs to it.
            room = file.relative_to(base).parts[0].removesuffix(".hpp")
            if room == "cli":
                continue
            allowed = MAY_INCLUDE[room] | {room}
            for number, line in enumerate(file.open(encoding="utf-8"), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                to, library = match.groups()
                upward = to is not None and to not in allowed
                impure = room in PURE and library is not None
                if upward or impure:
                    failed += 1
                    print(f"{file.relative_to(root)}:{number}: "
                          f"{room} must not include {to or library}")
    print("layers:", "ok" if failed == 0 else f"{failed} includes point up")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
