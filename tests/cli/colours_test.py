#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""On a terminal, what ended and what was decided has a colour. Everywhere else,
and for those who want none, the text is the same without.

usage: colours_test.py COPPICE
"""

import os
import pty
import re
import subprocess
import sys

from running import binary_of, expect, main, run, serving

COLOUR = re.compile("\x1b\\[[0-9;]*m")


def on_a_terminal(binary, *args, **env):
    """What the command writes to a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([binary, *args], stdin=subprocess.DEVNULL,
                               stdout=theirs, stderr=subprocess.STDOUT,
                               env={**os.environ, "TERM": "xterm", **env})
    os.close(theirs)
    parts = []
    while True:
        try:
            parts.append(os.read(ours, 65536))
        except OSError:  # the other side is closed
            break
        if not parts[-1]:
            break
    os.close(ours)
    process.wait(20)
    return b"".join(parts).decode().replace("\r\n", "\n")


def stories_have_colours(binary):
    command = ("lab", "run", "escalation")
    plain = run(binary, *command)[1].decode()
    expect(not COLOUR.search(plain), "a pipe gets no colours", plain)
    seen = on_a_terminal(binary, *command, NO_COLOR="")
    expect(COLOUR.sub("", seen) == plain, "a terminal gets the same text", seen)
    for colour, line in (("31", "net gives up: "), ("32", "net starts port#1"),
                         ("33", "net starts again: acceptor, ")):
        expect(f"  0 ms  \x1b[{colour}m{line}" in seen,
               f"colour {colour} for: {line}", seen)
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""}):
        seen = on_a_terminal(binary, *command, **env)
        expect(seen == plain, f"no colours with {env}", seen)
    seen = on_a_terminal(binary, *command, "--trace", NO_COLOR="")
    expect(not COLOUR.search(seen), "a trace has no colours", seen)


def trees_have_colours(binary):
    with serving(binary, "--allow-faults") as server:
        def tree():
            return on_a_terminal(binary, "tree", "--admin", server.admin,
                                 NO_COLOR="")
        expect(not COLOUR.search(tree()), "all that runs is plain", tree())
        code, _, err = server.run("fault", "suspend", "acceptor:1")
        expect(code == 0, "an acceptor is suspended", err)
        seen = [line for line in tree().splitlines() if COLOUR.search(line)]
        expect(len(seen) == 1 and "acceptor:1" in seen[0]
               and seen[0].startswith("\x1b[31m"),
               "what is suspended is red, and nothing else", seen)


if __name__ == "__main__":
    sys.exit(main([stories_have_colours, trees_have_colours],
                  binary_of(sys.argv)))
