#!/usr/bin/env python3
"""Measures where the time of each cell of the committed notebooks goes: docs/latency.md, and a line in README.md.

usage: phases.py [NOTEBOOK ...]     only these, and nothing is written

Each notebook is run three times: once for the times that a reader waits, once with the compiler's own timings, which
slow it down a little, and once with cargo called for each cell, as evcxr does by itself.
"""

import contextlib
import json
import os
import pathlib
import re
import statistics
import sys
import tempfile

import notebooks
import status
import warm
from common import EVCXR_VERSION, PROJECT, rustc_version, say

PAGE, README = PROJECT / "docs/latency.md", PROJECT / "README.md"
PHASES = {
    "inference": "evcxr and rust-analyzer: types of variables, and the crate's text", "standin": "the stand-in for cargo",
    "rustc": "the compiler, without the linker", "link": "the linker", "load": "loading the shared object",
    "run": "the cell's own code", "rest": "messages and everything else",
}
# Of each cell when cargo is called for it; what cargo does after the compiler has ended is not counted apart.
OLD = {"seconds": "through cargo", "compilations": "its builds", "standin": "cargo's own", "rustc": "its rustc"}
# The first cells of a notebook load the library and infer their first types.
FIRST = 2
MARKS = "<!-- latency: written by make latency -->", "<!-- end of latency -->"


@contextlib.contextmanager
def environment(**names):
    """Variables that sessions see."""
    os.environ |= names
    try:
        yield
    finally:
        for name in names:
            del os.environ[name]


def traced(path, **names):
    """The seconds and the phases of each code cell."""
    with tempfile.NamedTemporaryFile("r", suffix=".jsonl") as file:
        with environment(CASEBOOK_TRACE=file.name, **names):
            _, times = notebooks.execute(path)
        cells = [json.loads(line) for line in file]
    if len(cells) != len(times):
        sys.exit(f"casebook: {path.name} has {len(times)} code cells, and {len(cells)} were traced")
    return [cell | {"seconds": seconds} for seconds, cell in zip(times, cells)]


def measure(path):
    """Of each cell: seconds and phases, and the same when cargo is called for it."""
    _, times = notebooks.execute(path)
    cells, through = traced(path), traced(path, CASEBOOK_THROUGH_CARGO="1")
    say(f"{path.name}: median {statistics.median(times):.2f} s, slowest {max(times):.2f} s")
    kept = ("compilations", *PHASES)
    return (
        [{"seconds": seconds, **{name: cell.get(name) for name in kept}} for seconds, cell in zip(times, cells)],
        [{"seconds": cell["seconds"], **{name: cell.get(name) for name in kept}, "rustc": total(cell, "rustc", "link")} for cell in through],
    )


def total(cell, *names):
    """Seconds of several phases; none if the cell has none of them."""
    found = [cell[name] for name in names if cell.get(name) is not None]
    return sum(found) if found else None


def later(cells):
    """The seconds of all cells but a notebook's first."""
    return sorted(cell["seconds"] for cell in cells[FIRST:])


def percentile(values, share):
    """The smallest value that this share of all does not exceed."""
    return values[max(0, -(-len(values) * share // 100) - 1)]


def summary(measured):
    times = sorted(seconds for cells in measured.values() for seconds in later(cells))
    return {"cells": len(times), "median": statistics.median(times), "p90": percentile(times, 90), "worst": times[-1]}


def number(value):
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.2f}"


def medians(measured, names):
    """The median of each phase over all cells but a notebook's first; a phase that a cell does not have is no time."""
    cells = [cell for cells in measured.values() for cell in cells[FIRST:]]
    return {name: statistics.median(cell.get(name) or 0 for cell in cells) for name in names}


def page(measured, before):
    now, was = summary(measured), summary(before)
    out = [
        "# How long a cell takes", "",
        f"Written by `make latency` on {status.machine()}, with evcxr {EVCXR_VERSION} and {rustc_version()}: every cell of the committed "
        "notebooks, one notebook at a time. All times are seconds.", "",
        f"Without the first {FIRST} cells of each notebook, which load the library:", "",
        "| kernel | cells | median | 90th percentile | slowest |", "| --- | ---: | ---: | ---: | ---: |",
    ]
    out += [f"| {name} | {of['cells']} | {of['median']:.2f} | {of['p90']:.2f} | {of['worst']:.2f} |" for name, of in (("casebook", now), ("the same cells through cargo", was))]
    out += ["", "The median of each phase, over the same cells:", "", "| phase | through cargo | casebook |", "| --- | ---: | ---: |"]
    mean, was_mean = medians(measured, ("compilations", *PHASES)), medians(before, ("compilations", *PHASES))
    out += [f"| builds | {was_mean['compilations']:.0f} | {mean['compilations']:.0f} |", f"| cargo until it calls the compiler, or its stand-in | {was_mean['standin']:.2f} | {mean['standin']:.2f} |",
            f"| rustc, with the linker | {was_mean['rustc']:.2f} | {mean['rustc'] + mean['link']:.2f} |", f"| inference | {was_mean['inference']:.2f} | {mean['inference']:.2f} |",
            f"| load, run and rest, with cargo's end | {was_mean['load'] + was_mean['run'] + was_mean['rest']:.2f} | {mean['load'] + mean['run'] + mean['rest']:.2f} |"]
    out += ["", "## What the columns say", "", "| column | what is in it |", "| --- | --- |",
            "| through cargo | the whole cell when cargo is called for it, as evcxr does by itself, with the same library and options |",
            "| its builds, cargo's own, its rustc | how often the compiler ran then, how long cargo took until it called the compiler, and the compiler with the linker |",
            "| seconds | the whole cell, from the request to the answer |", "| builds | how often the compiler ran |"]
    out += [f"| {name} | {what} |" for name, what in PHASES.items()]
    out += ["", "The phases come from runs of their own, in which the compiler also counts its time. The first cell also waits until the kernel has read the library, "
            "which is not a phase of a cell."]
    names = [*OLD.values(), "seconds", "builds", *PHASES]
    for name, cells in measured.items():
        out += ["", f"## {name}", "", "| cell | " + " | ".join(names) + " |", "| ---: | " + " | ".join("---:" for _ in names) + " |"]
        for place, (cell, old) in enumerate(zip(cells, before[name])):
            row = [place + 1, *(number(old[key]) for key in OLD), number(cell["seconds"]), cell["compilations"], *(number(cell[phase]) for phase in PHASES)]
            out.append("| " + " | ".join(map(str, row)) + " |")
    return "\n".join(out) + "\n"


def line(found):
    """What the README says of it."""
    return f"half of the cells answer within {found['median']:.2f} seconds and nine in ten within {found['p90']:.2f}, the first two aside"


def main():
    asked = [pathlib.Path(word).resolve() for word in sys.argv[1:]]
    warm.warm()
    both = {path.stem: measure(path) for path in asked or sorted((PROJECT / "notebooks").glob("*.ipynb"))}
    measured, before = ({name: pair[side] for name, pair in both.items()} for side in (0, 1))
    say(line(summary(measured)))
    if asked:
        print(page(measured, before))
        return
    PAGE.write_text(page(measured, before), encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    start, end = MARKS
    text = re.sub(f"{start}.*?{end}", lambda _: f"{start}{line(summary(measured))}{end}", text, flags=re.S)
    README.write_text(text, encoding="utf-8")
    say("wrote docs/latency.md, and the line in README.md")


if __name__ == "__main__":
    main()
