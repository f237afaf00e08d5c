#!/usr/bin/env python3
"""Everything that must hold. `make test` runs it.

usage: run.py [STEP ...]     only these steps, by name
       run.py check          those of a minute, which need neither a kernel nor the library compiled
       run.py night          those that are too long for every change

First the steps that use every core, one after the other; then two lanes side by side, of steps that mostly wait for one
kernel. What a step of a lane says is shown when it has ended.
"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys
import threading
import time

PROJECT = pathlib.Path(__file__).resolve().parent.parent
PYTHON = sys.executable
UNITTEST = [PYTHON, "-W", "ignore", "-m", "unittest", "-v"]
POSTGRES = [PYTHON, "tests/postgres.py", "run"]
NOTEBOOKS = [PYTHON, "kernel/notebooks.py", "--check", "--jobs", "1"]

# What needs neither a kernel, nor the library compiled, nor a network.
UNITS = [f"tests/{name}_test.py" for name in (
    "cells", "columns", "complete", "deaths", "explain", "hints", "library_api", "pack", "places", "preflight", "progress", "relay", "rust", "runtime_errors", "spare",
    "workflows",
)]
# The program that stands in for cargo in a session needs nothing but the compiler.
STANDIN = 'mkdir -p "$0" && rustc --edition=2024 --test -o "$0/standin-tests" kernel/standin/main.rs && "$0/standin-tests"'

# Name, what it is and about how long it takes, command.
STEPS = [
    ("fmt", "formatting", ["cargo", "fmt", "--all", "--check"]),
    ("standin", "the kernel's stand-in for cargo (2 seconds)",
     ["sh", "-c", STANDIN, os.environ.get("CARGO_TARGET_DIR") or "target"]),
    ("unit", "parts of the kernel by themselves, scripts, workflows, containers (10 seconds)", [*UNITTEST, *UNITS]),
    ("clippy", "lints (1 to 4 minutes the first time)",
     ["cargo", "clippy", "--all-features", "--all-targets", "--", "-D", "warnings"]),
    ("lean", "lints of the library alone, as a notebook takes it, and without PostgreSQL",
     ["cargo", "clippy", "--no-default-features", "--lib", "--", "-D", "warnings"]),
    ("doc", "documentation", ["cargo", "doc", "--all-features", "--no-deps", "--document-private-items"]),
    ("rust", "unit, property, integration and documentation tests, PostgreSQL included (1 to 3 minutes)",
     ["cargo", "test", "--all-features"]),
    ("assumptions", "what the kernel borrows from evcxr, cargo and rustc (20 seconds)", [*UNITTEST, "tests/assumptions_test.py"]),
    ("kernel", "the kernel and the notebook runner (2 minutes)", [*UNITTEST, "tests/kernel_test.py"]),
    ("readers", "nbconvert and papermill fail where a cell does (2 minutes)", [*UNITTEST, "tests/readers_test.py"]),
    ("dashboard", "the dashboards and the study's pages in Chromium (1 minute)",
     [*UNITTEST, "tests/dashboard_test.py", "tests/study_test.py"]),
    ("project", "pins, committed notebooks", [*UNITTEST, "tests/project_test.py"]),
    ("site", "the site in Chromium, its links, and the documents' headings and spelling (2 minutes)",
     [*UNITTEST, "tests/site_test.py"]),
    ("cluster", "a Spark cluster: queries in parts equal polars, and a worker dies (2 minutes)",
     [PYTHON, "tests/cluster.py", "test", "300000"]),
    ("export", "every notebook as a program (2 minutes)", [*UNITTEST, "tests/export_test.py"]),
]
LANES = [
    [
        ("notebooks", "committed outputs equal a fresh run on SQLite (3 minutes)", NOTEBOOKS),
        ("postgres", "and on PostgreSQL (3 minutes)", [*POSTGRES, *NOTEBOOKS]),
        ("stock", "and on the stock Rust kernel (6 to 13 minutes)", [*NOTEBOOKS, "--kernel", "rust"]),
    ],
    [
        ("lab", "JupyterLab in Chromium: each notebook's first cells (7 minutes)", [*UNITTEST, "tests/lab_test.py"]),
        ("exercises", "right, wrong and missing answers graded by nbgrader (10 minutes)", [*UNITTEST, "tests/exercises_test.py"]),
    ],
]
NIGHT = [
    ("endurance", "sessions and servers killed at random, restarts in a row (6 minutes)", [*UNITTEST, "tests/endurance_test.py"]),
]
CHECK = ["fmt", "standin", "unit"]
SAYING = threading.Lock()


def run(step, env, aside):
    """One step; its name, exit code and seconds. Aside another lane, what it says is kept until its end."""
    name, what, command = step
    if not aside:
        print(f"\n=== {name}: {what}", flush=True)
    start = time.monotonic()
    keep = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"} if aside else {}
    done = subprocess.run(command, cwd=PROJECT, env=env, stdin=subprocess.DEVNULL, **keep)
    seconds = time.monotonic() - start
    if aside:
        with SAYING:
            print(f"\n=== {name}: {what}\n{done.stdout}", flush=True)
    return name, done.returncode, seconds


def main():
    usual, night = [name for name, _, _ in STEPS + [step for lane in LANES for step in lane]], [name for name, _, _ in NIGHT]
    asked = {"check": CHECK, "night": night, "": usual}.get(" ".join(sys.argv[1:]), sys.argv[1:])
    unknown = set(asked) - set(usual) - set(night)
    if unknown:
        sys.exit(f"there is no step {', '.join(sorted(unknown))}")
    env = os.environ | {"RUSTDOCFLAGS": "-D warnings", "PYTHONDONTWRITEBYTECODE": "1"}
    env.pop("DATABASE_URL", None)  # each step brings its own
    results = [run(step, env, False) for step in STEPS + NIGHT if step[0] in asked]
    lanes = [[step for step in lane if step[0] in asked] for lane in LANES]
    lanes = [lane for lane in lanes if lane]
    aside = len(lanes) > 1
    if aside:
        print(f"\n=== side by side: {'; '.join(', '.join(step[0] for step in lane) for lane in lanes)}", flush=True)
    with concurrent.futures.ThreadPoolExecutor(len(LANES)) as pool:
        for lane in [pool.submit(lambda lane=lane: [run(step, env, aside) for step in lane]) for lane in lanes]:
            results += lane.result()
    print("\n=== all steps")
    for name, code, seconds in results:
        print(f"{'ok' if code == 0 else 'FAILED':<7} {name:<10} {seconds:6.0f} s")
    failed = sum(code != 0 for _, code, _ in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
