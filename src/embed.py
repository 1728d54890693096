#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes files as a C++ table, so that a program carries them with it.

usage: embed.py OUTPUT NAMESPACE TABLE FILE...

The header has `NAMESPACE::TABLE`, an array of `name` and `text` in the order of
the files. What a browser does not need is left out of those of a page: comments
of JavaScript that have a line of their own, and indentation. The lines keep their
numbers.
"""

import pathlib
import re
import sys

NEEDLESS = {".js": re.compile(r"^ *//.*$|^ +", re.M),
            ".css": re.compile(r"^ +", re.M), ".html": re.compile(r"^ +", re.M)}
PIECE = 8000  # a literal of 64 KiB is more than compilers have to take


def literal(text):
    assert ')file"' not in text
    pieces = [text[i:i + PIECE] for i in range(0, len(text), PIECE)]
    return "\n".join(f'R"file({piece})file"' for piece in pieces)


def text_of(file):
    text = file.read_text("utf-8")
    # Of a text that goes on in the next line, blanks are no indentation.
    assert file.suffix != ".js" or all(
        line.count("`") % 2 == 0 for line in text.splitlines()), file
    needless = NEEDLESS.get(file.suffix)
    return needless.sub("", text) if needless else text


def main(output, namespace, table, *files):
    entries = "".join(
        f'  {{"{file.name}", {literal(text_of(file))}}},\n'
        for file in map(pathlib.Path, files))
    header = ("// Made by embed.py.\n#pragma once\n\n#include <string_view>\n\n"
              f"namespace {namespace} {{\n\n"
              "struct embedded_file {\n  std::string_view name;\n"
              "  std::string_view text;\n};\n\n"
              f"inline constexpr embedded_file {table}[] = {{\n" + entries +
              f"}};\n\n}} // namespace {namespace}\n")
    made = pathlib.Path(output)
    # Sources that include it are compiled again only if it is another one.
    if not made.exists() or made.read_text("utf-8") != header:
        made.write_text(header, "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
