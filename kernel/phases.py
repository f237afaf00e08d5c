#!/usr/bin/env python3
"""Measures where the time of each cell of the committed notebooks goes: docs/latency.md, and a line in README.md.

usage: phases.py [NOTEBOOK ...]     only these, and nothing is written

Each notebook is run twice: once for the times that a reader waits, and once with the compiler's own timings, which
slow it down a little.
"""

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

PAGE, README, BEFORE = PROJECT / "docs/latency.md", PROJECT / "README.md", PROJECT / "kernel/before.json"
PHASES = {
    "inference": "evcxr and rust-analyzer: types of variables, and the crate's text", "standin": "the stand-in for cargo",
    "rustc": "the compiler, without the linker", "link": "the linker", "load": "loading the shared object",
    "run": "the cell's own code", "rest": "messages and everything else",
}
# Of each cell when cargo built it, as kernel/before.json has it; without a phase that was not measured apart.
OLD = {"seconds": "before", "builds": "builds before", "cargo": "cargo before", "rustc": "rustc before"}
# The first cells of a notebook load the library and infer their first types.
FIRST = 2
MARKS = "<!-- latency: written by make latency -->", "<!-- end of latency -->"


def traced(path):
    """The phases of each code cell."""
    with tempfile.NamedTemporaryFile("r", suffix=".jsonl") as file:
        os.environ["CASEBOOK_TRACE"] = file.name
        try:
            notebooks.execute(path)
        finally:
            del os.environ["CASEBOOK_TRACE"]
        return [json.loads(line) for line in file]


def measure(path):
    """Seconds that each cell took, and its phases."""
    _, times = notebooks.execute(path)
    cells = traced(path)
    if len(cells) != len(times):
        sys.exit(f"casebook: {path.name} has {len(times)} code cells, and {len(cells)} were traced")
    say(f"{path.name}: median {statistics.median(times):.2f} s, slowest {max(times):.2f} s")
    return [{"seconds": seconds, **{name: cell.get(name) for name in ("compilations", *PHASES)}} for seconds, cell in zip(times, cells)]


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
    out += [f"| {name} | {of['cells']} | {of['median']:.2f} | {of['p90']:.2f} | {of['worst']:.2f} |" for name, of in (("now", now), ("through cargo, before", was))]
    if all("cargo" in cell for cells in before.values() for cell in cells):
        out += ["", "The median of each phase, over the same cells:", "", "| phase | before | now |", "| --- | ---: | ---: |"]
        mean, was_mean = medians(measured, ("compilations", *PHASES)), medians(before, ("builds", "inference", "cargo", "rustc", "rest"))
        out += [f"| builds | {was_mean['builds']:.0f} | {mean['compilations']:.0f} |", f"| cargo, or its stand-in | {was_mean['cargo']:.2f} | {mean['standin']:.2f} |",
                f"| rustc, with the linker | {was_mean['rustc']:.2f} | {mean['rustc'] + mean['link']:.2f} |", f"| inference | {was_mean['inference']:.2f} | {mean['inference']:.2f} |",
                f"| load, run and rest | {was_mean['rest']:.2f} | {mean['load'] + mean['run'] + mean['rest']:.2f} |"]
    out += ["", "## What the columns say", "", "| column | what is in it |", "| --- | --- |",
            "| before | the whole cell when cargo built it, on the same kind of machine; then how often cargo built, and how much of the "
            "time was cargo's own work and the compiler's, including the linker |",
            "| seconds | the whole cell, from the request to the answer |", "| builds | how often the compiler ran |"]
    out += [f"| {name} | {what} |" for name, what in PHASES.items()]
    out += ["", "The phases come from a second run, in which the compiler also counts its time. The first cell also waits until the kernel has read the library, "
            "which is not a phase of a cell."]
    names = [*OLD.values(), "seconds", "builds", *PHASES]
    for name, cells in measured.items():
        out += ["", f"## {name}", "", "| cell | " + " | ".join(names) + " |", "| ---: | " + " | ".join("---:" for _ in names) + " |"]
        old = before.get(name, [])
        same = len(old) == len(cells)
        for place, cell in enumerate(cells):
            was_cell = old[place] if same else {}
            row = [place + 1, *(number(was_cell.get(key)) for key in OLD), number(cell["seconds"]), cell["compilations"], *(number(cell[phase]) for phase in PHASES)]
            out.append("| " + " | ".join(map(str, row)) + " |")
    return "\n".join(out) + "\n"


def line(found):
    """What the README says of it."""
    return f"half of the cells answer within {found['median']:.2f} seconds and nine in ten within {found['p90']:.2f}, the first two aside"


def main():
    asked = [pathlib.Path(word).resolve() for word in sys.argv[1:]]
    warm.warm()
    measured = {path.stem: measure(path) for path in asked or sorted((PROJECT / "notebooks").glob("*.ipynb"))}
    say(line(summary(measured)))
    if asked:
        print(json.dumps(measured, indent=1))
        return
    PAGE.write_text(page(measured, json.loads(BEFORE.read_text())), encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    start, end = MARKS
    text = re.sub(f"{start}.*?{end}", lambda _: f"{start}{line(summary(measured))}{end}", text, flags=re.S)
    README.write_text(text, encoding="utf-8")
    say("wrote docs/latency.md, and the line in README.md")


if __name__ == "__main__":
    main()
