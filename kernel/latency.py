#!/usr/bin/env python3
"""Measures how long a notebook user waits: from session start to the first table, and for each cell after it.

usage: latency.py [--kernel casebook|spare|rust] [--repeat N] [--json FILE]

Opens a session of the named kernel, runs a fixed list of cells, and prints a table. `spare` is our kernel when a spare
session is waiting; `rust` is the stock kernel: a plain `:dep` in a build folder of its own, built before the clock
starts.
"""

import argparse
import contextlib
import json
import os
import pathlib
import queue
import shutil
import statistics
import sys
import time

from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpec

from common import PROJECT, dependencies_key, evcxr, libraries, rustc_version, say, sessions, target

# What each cell stands for, and the cell. The first two are every notebook's beginning.
CELLS = [
    ("dependency", ':dep casebook = { path = ".." }'),
    ("use", "use casebook::prelude::*;"),
    ("a data frame", 'let df = df!("size" => ["small", "large", "small"], "mrr" => [19.0, 99.0, 19.0])?;'),
    ("a table shown", "df"),
    ("a group-by", 'let by_size = df.clone().lazy().group_by([col("size")]).agg([col("mrr").sum(), len().alias("n")])\n'
                   '    .sort(["size"], SortMultipleOptions::default()).collect()?;\nby_size'),
    ("generate", "let config = saas::Config::default();\nlet tables = saas::generate(&config)?;"),
    ("a metric", "let presence = saas::presence(&tables.companies, &tables.plans, &tables.months, &tables.sessions)?;\n"
                 "let clients = saas::clients(&presence, &tables.months)?;\nclients"),
    ("a chart", 'chart::line(&clients, "month", "clients").by("company_size").title("Clients").draw()?'),
    ("a function", "fn double(x: f64) -> f64 { 2.0 * x }"),
    ("a number", "double(21.0)"),
    ("a loop", 'for size in ["small", "large"] { println!("{size}"); }'),
    ("a lazy filter", 'let large = clients.clone().lazy().filter(col("company_size").eq(lit("large"))).collect()?;\nlarge.height()'),
]
FIRST_TABLE = 3


class Session:
    """A kernel, and the time it takes."""

    def __init__(self, spec, env):
        self.start = time.monotonic()
        self.manager = KernelManager()
        self.manager._kernel_spec = KernelSpec(**spec)
        self.manager.start_kernel(cwd=str(PROJECT / "notebooks"), env=os.environ | env)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=600)
        self.ready = time.monotonic() - self.start

    def run(self, code):
        """Runs a cell; returns its time and its outputs' problem, if any."""
        start = time.monotonic()
        trouble, shown = [], []

        def hook(message):
            content = message["content"]
            if message["msg_type"] == "error":
                trouble.append("\n".join(content.get("traceback") or [content["evalue"]]))
            elif message["msg_type"] == "stream":
                (trouble if content["name"] == "stderr" else shown).append(content["text"])
            elif message["msg_type"] in ("execute_result", "display_data"):
                shown.append(content["data"].get("text/plain", "…"))

        self.client.execute_interactive(code, output_hook=hook, timeout=600, allow_stdin=False)
        seconds = time.monotonic() - start
        # evcxr passes stderr on in its own time: an error may come after the cell has ended.
        with contextlib.suppress(queue.Empty):
            while True:
                hook(self.client.get_iopub_msg(timeout=0.1))
        return seconds, "".join(trouble), "".join(shown)

    def end(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel()


def ours():
    """Our kernel, as a program that runs notebooks starts it."""
    return {"argv": [sys.executable, str(PROJECT / "kernel/launch.py"), "{connection_file}"], "language": "rust"}, {}


def wait_for_spare():
    """Waits until a spare session is offered."""
    deadline = time.monotonic() + 120
    while not list(sessions().glob("*/spare.json")):
        if time.monotonic() > deadline:
            sys.exit("casebook: no spare session was ready within two minutes")
        time.sleep(0.1)


@contextlib.contextmanager
def with_spare():
    """Our kernel while a spare waits: another session has made it, as in a notebook that was opened before."""
    spec, env = ours()
    env = env | {"CASEBOOK_SPARE": "1"}
    first = Session(spec, env)
    try:
        first.run("let one = 1;")
        wait_for_spare()
        yield spec, env
    finally:
        first.end()


def stock():
    """The stock kernel on a build folder of its own. evcxr finishes it in the first cell of whoever comes next."""
    import warm
    folder = target() / "kernel" / "stock" / "build"
    mark, key = folder / "built", dependencies_key()
    new = not mark.exists() or mark.read_text() != key
    if new:
        shutil.rmtree(folder, ignore_errors=True)  # also what an interrupted build left
    folder.mkdir(parents=True, exist_ok=True)
    spec = {"argv": [evcxr(), "--control_file", "{connection_file}"], "language": "rust"}
    empty = folder / "config"
    empty.mkdir(exist_ok=True)
    env = libraries(folder) | {"EVCXR_TMPDIR": str(folder), "EVCXR_CONFIG_DIR": str(empty)}
    if new:
        # The dependencies that are compiled already, and how: cargo reads the settings of folders above.
        (folder.parent / ".cargo").mkdir(exist_ok=True)
        shutil.copyfile(warm.DEPENDENCIES, folder.parent / ".cargo" / "config.toml")
        warm.seed(folder)
        shutil.copyfile(PROJECT / "Cargo.lock", folder / "Cargo.lock")
        mark.write_text(key)
    if not warm.share(folder):
        say("the stock kernel compiles the library in the first cell: minutes")
    return spec, env


def built():
    """The stock kernel, its folder built before the clock starts."""
    spec, env = stock()
    session = Session(spec, env)
    for _, code in CELLS[:FIRST_TABLE + 1]:
        # Whether it works is seen when it is measured.
        shutil.copyfile(PROJECT / "Cargo.lock", pathlib.Path(env["EVCXR_TMPDIR"]) / "Cargo.lock")
        session.run(code)
    session.end()
    return spec, env


def measure(kind):
    if kind == "rust":
        return timed(kind, *built())
    import warm
    warm.warm()
    if kind == "casebook":
        return timed(kind, *ours())
    with with_spare() as (spec, env):
        return timed(kind, spec, env)


def timed(kind, spec, env):
    """The seconds of each cell in a new session, and what they come to."""
    session = Session(spec, env)
    try:
        rows, first = [], None
        for index, (what, code) in enumerate(CELLS):
            if kind == "rust" and index == 0:
                shutil.copyfile(PROJECT / "Cargo.lock", pathlib.Path(env["EVCXR_TMPDIR"]) / "Cargo.lock")
            seconds, trouble, shown = session.run(code)
            if trouble:
                sys.exit(f"the cell «{what}» failed on {kind}:\n{trouble}")
            rows.append((what, seconds))
            if index == FIRST_TABLE:
                first = time.monotonic() - session.start
        later = [seconds for _, seconds in rows[FIRST_TABLE + 1:]]
        return {
            "ready": session.ready, "first table": first,
            "later cells, median": statistics.median(later), "later cells, worst": max(later),
        } | dict(rows)
    finally:
        session.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kernel", action="append", choices=["casebook", "spare", "rust"])
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--json", type=pathlib.Path)
    asked = parser.parse_args()
    kinds = asked.kernel or ["casebook", "spare", "rust"]
    runs = {kind: [measure(kind) for _ in range(asked.repeat)] for kind in kinds}
    medians = {
        kind: {what: statistics.median(run[what] for run in of) for what in of[0]} for kind, of in runs.items()
    }
    width = max(len(what) for what in medians[kinds[0]])
    print(f"{'seconds':<{width}}" + "".join(f"{kind:>12}" for kind in kinds))
    for what in medians[kinds[0]]:
        print(f"{what:<{width}}" + "".join(f"{medians[kind][what]:>12.2f}" for kind in kinds))
    print(f"({rustc_version()}, {os.cpu_count()} cores, median of {asked.repeat})")
    if asked.json:
        asked.json.write_text(json.dumps(medians, indent=1))


if __name__ == "__main__":
    main()
