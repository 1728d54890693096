# SPDX-License-Identifier: BSD-3-Clause
"""What the drivers of the benchmarks print."""

import statistics


def row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def spread(values, digits=1):
    if not values:
        return "not measured"
    return (f"{statistics.median(values):.{digits}f} "
            f"({min(values):.{digits}f}–{max(values):.{digits}f})")


def verdict(good):
    return "met" if good else "**missed**"
