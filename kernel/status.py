#!/usr/bin/env python3
"""Measures the notebooks for the status page: site/status.json.

usage: status.py [--seeds N] [--jobs N]

Measures how long each cell takes, the hashes of the data, and with how many of N other seeds each claim of a case's ledger
gets the verdict it has in the notebook. For the latter, each notebook becomes a program (`casebook export --seeds`),
which is compiled once and run N times.
"""

import argparse
import concurrent.futures
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys

import export
import notebooks
import warm
from common import EVCXR_VERSION, PROJECT, rustc_version, say

sys.path.insert(0, str(PROJECT / "site"))

import book  # noqa: E402

HASH = re.compile(r"^(\w+)\s+(\d+ rows, SHA-256 [0-9a-f]+)$", re.M)


def machine():
    """Cores and memory: what a time means depends on them."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return f"a machine with {os.cpu_count()} cores and {pages * size / 2**30:.0f} GB"


def versions():
    lock = (PROJECT / "Cargo.lock").read_text(encoding="utf-8")
    crates = {name: re.search(rf'name = "{name}"\nversion = "([^"]+)"', lock)[1] for name in ("casebook", "polars", "plotters")}
    return {**crates, "rustc": rustc_version().split()[1], "evcxr_jupyter": EVCXR_VERSION}


def timed(path):
    """A notebook's cell times and data hashes. Its outputs must be those committed."""
    fresh, times = notebooks.execute(path)
    for difference in notebooks.differences(book.read(path), fresh, "casebook"):
        sys.exit(f"casebook: {path.name} gives other outputs than committed: run `make notebooks` first\n{difference}")
    texts = "\n".join(o.get("data", {}).get("text/plain", "") for o in book.outputs(fresh))
    return {"digest": book.digest(path), "seconds": [round(seconds, 3) for seconds in times], "data": dict(HASH.findall(texts))}


def sweep(path, seeds, jobs):
    """Claim, verdict, and how many seeds agree, for each row of a notebook's ledgers."""
    usual = book.ledger(book.read(path))
    if not usual:
        return None
    program = export.build(path, seeds=True)

    def run(seed):
        done = subprocess.run([str(program), str(seed)], cwd=path.parent, capture_output=True, text=True, env=export.environment())
        if done.returncode != 0:
            # A seed with which the analysis cannot be made agrees with nothing.
            say(f"{path.name}, seed {seed}: {done.stderr.strip().splitlines()[-1:]}")
        return [verdict for _, verdict in book.verdicts(done.stdout)]

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        found = list(pool.map(run, seeds))
    say(f"{path.name}: {len(seeds)} seeds")
    same = [sum(len(one) == len(usual) and one[row] == verdict for one in found) for row, (_, verdict) in enumerate(usual)]
    return [[claim, verdict, agree] for (claim, verdict), agree in zip(usual, same)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=20, help="how many other seeds")
    parser.add_argument("--jobs", type=int, default=1, help="programs at a time; each uses all cores already")
    asked = parser.parse_args()
    warm.warm()
    measured = {path.stem: timed(path) for path in book.NOTEBOOKS}
    seeds = range(1, asked.seeds + 1)
    swept = {path.stem: sweep(path, seeds, asked.jobs) for path in book.NOTEBOOKS}
    status = {
        "date": datetime.date.today().isoformat(), "machine": machine(), "versions": versions(), "notebooks": measured,
        "sweep": {"seeds": asked.seeds, "notebooks": {name: claims for name, claims in swept.items() if claims}},
    }
    (PROJECT / "site" / "status.json").write_text(json.dumps(status, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    say("wrote site/status.json; `make site` shows it")


if __name__ == "__main__":
    main()
