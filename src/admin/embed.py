#!/usr/bin/env python3
"""Writes files as a C++ table, so that the program carries its page with it.

usage: embed.py OUTPUT FILE...
"""

import pathlib
import sys

PIECE = 8000  # a literal of 64 KiB is more than compilers have to take


def literal(data):
    text = data.decode("utf-8")
    assert ')page"' not in text
    pieces = [text[i:i + PIECE] for i in range(0, len(text), PIECE)]
    return "\n".join(f'R"page({piece})page"' for piece in pieces)


def main(output, *files):
    entries = "".join(
        f'  {{"{file.name}", {literal(file.read_bytes())}}},\n'
        for file in sorted(map(pathlib.Path, files)))
    pathlib.Path(output).write_text(
        "// Made by embed.py.\n#pragma once\n\n#include <string_view>\n\n"
        "namespace coppice::admin {\n\n"
        "struct page_text {\n  std::string_view name;\n"
        "  std::string_view text;\n};\n\n"
        "inline constexpr page_text page_files[] = {\n" + entries +
        "};\n\n} // namespace coppice::admin\n", "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
