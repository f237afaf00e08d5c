#!/usr/bin/env python3
"""The three loops of CONTRIBUTING.md.

usage: run.py check          after an edit, meant to take a minute: what can be tested without a kernel, a browser or a server
       run.py test           everything that a change can break
       run.py all            the same with all seeds, all notebooks on each engine and kernel, sessions killed at random
       run.py STEP ...       only these steps, by name; CASEBOOK_SEEDS and CASEBOOK_NOTEBOOKS are `few` unless they are set

Two steps run at a time if there are two cores and memory for both: one compiles while another waits for a kernel; and a third
beside them, if it mostly waits. They begin in the order written here: what fails soon, then what takes long, so that the lanes
end at about the same time. A step's output is shown when it has ended.

How long each took is kept in the user's cache folder, and steps that took longer than usual are named at the end.
"""

import contextlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from typing import NamedTuple

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "kernel"))

from common import cache  # noqa: E402

PYTHON = sys.executable
UNITTEST = [PYTHON, "-W", "ignore", "-m", "unittest", "-v"]
POSTGRES = [PYTHON, "tests/postgres.py", "run"]
NOTEBOOKS = [PYTHON, "kernel/notebooks.py", "--check", "--jobs", "1"]
# The first notebook with a warehouse: so many of its cells have tables, charts, printed text, functions and queries. What follows, and
# other notebooks, ask nothing else of a kernel; cells that fail on purpose are left out on the stock kernel.
STOCK = ["--first", "14", "notebooks/02_saas_take_home.ipynb"]

# What needs neither a kernel, nor the library compiled, nor a network: in seconds, and those that start many programs or wait.
UNITS = [f"tests/{name}_test.py" for name in (
    "cells", "columns", "complete", "deaths", "explain", "hints", "library_api", "places", "relay", "run", "rust", "runtime_errors", "share", "workflows",
)]
SCRIPTS = [f"tests/{name}_test.py" for name in ("pack", "pack_bytes", "pack_fetch", "pack_store", "preflight", "progress", "spare")]
# The program that stands in for cargo in a session needs nothing but the compiler.
STANDIN = 'mkdir -p "$0" && rustc --edition=2024 --test -o "$0/standin-tests" kernel/standin/main.rs && "$0/standin-tests"'


def cargo_test(*words):
    """By nextest where it is installed, which shows the slow tests while they run, and otherwise by cargo."""
    return ["cargo", *(["nextest", "run"] if shutil.which("cargo-nextest") else ["test"]), *words]


class Step(NamedTuple):
    name: str
    what: str
    command: list
    # "cargo": it builds in cargo's folder. "machine": it counts processes, takes times, or touches the library's sources.
    holds: str = ""
    # Whether it mostly waits: it runs beside two others.
    waits: bool = False


STEPS = [
    Step("fmt", "formatting", ["cargo", "fmt", "--all", "--check"]),
    Step("house", "no new file over 500 lines, no new arrow up between folders, no new circle of files (5 seconds)", [*UNITTEST, "tests/house_test.py"]),
    Step("quick", "unit and integration tests of the library without PostgreSQL, compiled for a short wait (half a minute)",
         [PYTHON, "tests/quick.py"]),
    Step("project", "pins, committed notebooks (10 seconds)", [*UNITTEST, "tests/project_test.py"]),
    Step("lessons", "cells worth copying, and exercises that ask for what was shown (1 second)", [*UNITTEST, "tests/lessons_test.py"]),
    Step("prose", "what people read is grammatical, in the field's terms (10 seconds)", [*UNITTEST, "tests/prose_test.py"]),
    Step("standin", "the kernel's stand-in for cargo (2 seconds)",
         ["sh", "-c", STANDIN, os.environ.get("CARGO_TARGET_DIR") or "target"]),
    Step("unit", "parts of the kernel by themselves, workflows, containers (10 seconds)", [*UNITTEST, *UNITS]),
    Step("scripts", "packs, preflight, progress, spare sessions (1 minute)", [*UNITTEST, *SCRIPTS], waits=True),
    Step("clippy", "lints (1 to 4 minutes the first time)",
         ["cargo", "clippy", "--workspace", "--all-features", "--all-targets", "--", "-D", "warnings"], "cargo"),
    Step("rust", "unit, property and integration tests of the library, PostgreSQL included, in one program (3 minutes)",
         [PYTHON, "tests/quick.py", "--all"]),
    Step("assumptions", "what the kernel borrows from evcxr, cargo and rustc (20 seconds)", [*UNITTEST, "tests/assumptions_test.py"]),
    Step("command", "tests of the command (3 minutes, most of them to compile it)",
         cargo_test("--package", "casebook-cli", "--all-features", "--no-fail-fast", "--lib", "--bins", "--test", "it"), "cargo"),
    Step("rust-all", "all of both, with the library as notebooks have it (4 to 8 minutes)",
         cargo_test("--workspace", "--all-features", "--no-fail-fast", "--lib", "--bins", "--test", "it"), "cargo"),
    Step("notebooks", "committed outputs equal a fresh run on SQLite (3 minutes)", NOTEBOOKS),
    Step("export", "every notebook as a program, on PostgreSQL where it asks a database (2 minutes; on both 4)", [*UNITTEST, "tests/export_test.py"], "cargo"),
    Step("exercises", "right, wrong and missing answers graded by nbgrader (4 minutes; all assignments 10)", [*UNITTEST, "tests/exercises_test.py"]),
    Step("cluster", "a Spark cluster: queries in parts equal polars, and a worker dies (2 minutes)",
         [PYTHON, "tests/cluster.py", "test", "300000"], "cargo"),
    Step("postgres", "every notebook in a kernel on PostgreSQL (3 minutes)", [*POSTGRES, *NOTEBOOKS]),
    Step("stock-all", "all of them (6 to 13 minutes)", [*NOTEBOOKS, "--kernel", "rust"]),
    Step("site", "the site in Chromium, its links, and the documents' headings and spelling (2 minutes)",
         [*UNITTEST, "tests/site_test.py"], "cargo"),
    Step("kernel", "the kernel and the notebook runner (2 minutes)", [*UNITTEST, "tests/kernel_test.py"]),
    Step("dashboard", "the dashboards and the study's pages in Chromium (1 minute)",
         [*UNITTEST, "tests/dashboard_test.py", "tests/study_test.py"], "cargo"),
    Step("lab", "JupyterLab in Chromium: a notebook's first cells, another whole, an exercise (2 minutes; all notebooks 7)", [*UNITTEST, "tests/lab_test.py"]),
    Step("stock", "a notebook's first cells on the stock Rust kernel (1 minute)", [*NOTEBOOKS, "--kernel", "rust", *STOCK]),
    Step("contributing", "what CONTRIBUTING.md has one write compiles and runs (2 minutes)", [*UNITTEST, "tests/contributing_test.py"]),
    Step("readers", "nbconvert and papermill fail where a cell does (1 minute)", [*UNITTEST, "tests/readers_test.py"]),
    Step("examples", "the documentation's examples (1 minute)", ["cargo", "test", "--workspace", "--all-features", "--doc"], "cargo"),
    Step("lean", "lints of the library and of the command without PostgreSQL",
         ["cargo", "clippy", "--package", "casebook", "--package", "casebook-cli", "--no-default-features", "--lib", "--bins", "--", "-D", "warnings"],
         "cargo"),
    Step("doc", "documentation", ["cargo", "doc", "--workspace", "--all-features", "--no-deps", "--document-private-items"], "cargo"),
    Step("serve", "the live dashboard's server, which is timed (20 seconds)",
         cargo_test("--package", "casebook-cli", "--all-features", "--no-fail-fast", "--test", "serve"), "machine"),
    Step("alone", "sessions, while nothing else runs: one ends and leaves nothing; the library is edited beneath one (20 seconds)",
         [*UNITTEST, "tests/alone_test.py"], "machine"),
    Step("endurance", "sessions and servers killed at random, restarts in a row (6 minutes)", [*UNITTEST, "tests/endurance_test.py"], "machine"),
]
# Those that a smaller one does the half of, or that are long and guard what changes seldom.
NIGHT = {"rust-all", "stock-all", "postgres", "endurance"}
# What the larger ones do at night.
SMALLER = {"quick", "rust", "command", "stock"}
LOOPS = {
    "check": ["fmt", "house", "project", "lessons", "prose", "standin", "quick", "unit", "clippy"],
    "test": [step.name for step in STEPS if step.name not in NIGHT | {"quick"}],
    "all": [step.name for step in STEPS if step.name not in SMALLER],
}

# With few seeds, how many random inputs of a property are tried.
RANDOM = "64"
# Of two steps' memory: a linker or Spark beside a kernel, a browser and JupyterLab.
MEMORY_FOR_TWO = 10 << 30
# How many passes of a step tell what is usual.
KEPT = 10


def at_a_time():
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return 2 if (os.cpu_count() or 1) > 1 and memory >= MEMORY_FOR_TWO else 1


class Queue:
    """Steps that wait: whoever is free takes the first that nothing stands in the way of."""

    def __init__(self, steps):
        self.waiting, self.running, self.free = list(steps), [], threading.Condition()

    def fits(self, step, waiting=False):
        if waiting and not step.waits:
            return False
        held = {each.holds for each in self.running}
        if "machine" in held or (step.holds == "machine" and self.running):
            return False
        return not (step.holds and step.holds in held)

    def take(self, waiting=False):
        """The next step, once there is one that may run; none when all are taken. With `waiting`, of those that mostly wait."""
        with self.free:
            while any(step.waits or not waiting for step in self.waiting):
                step = next((step for step in self.waiting if self.fits(step, waiting)), None)
                if step:
                    self.waiting.remove(step)
                    self.running.append(step)
                    return step
                self.free.wait()
            return None

    def done(self, step):
        with self.free:
            self.running.remove(step)
            self.free.notify_all()

    def stop(self):
        """Nothing is begun any more."""
        with self.free:
            self.waiting.clear()
            self.free.notify_all()


def run(steps, env, most, say=lambda text: print(text, flush=True)):
    """Every step; name, exit code and seconds, in the order in which they ended."""
    queue, results, saying = Queue(steps), [], threading.Lock()

    def work(waiting=False):
        while step := queue.take(waiting):
            start = time.monotonic()
            with saying:
                say(f"--- {step.name} begins")
            try:
                done = subprocess.run(step.command, cwd=PROJECT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, errors="replace")
                code, told = done.returncode, done.stdout
            except OSError as error:
                code, told = 127, f"{error}\n"
            seconds = time.monotonic() - start
            queue.done(step)
            with saying:
                results.append((step.name, code, seconds))
                say(f"\n=== {step.name}: {step.what}\n{told}{'ok' if code == 0 else 'FAILED'} in {seconds:.0f} s; "
                    f"{len(results)} of {len(steps)} done")

    # Who takes what mostly waits looks first: it would keep one of the others from its work.
    threads = [threading.Thread(target=work, args=(waiting,)) for waiting in [True] * (most > 1) + [False] * most]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        queue.stop()  # what is running has been told by the terminal
        raise
    return results


def before(path):
    """Seconds of earlier passes, by loop and step."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def slower(seconds, earlier):
    """What is usual, if a step took much longer: by a quarter and 5 seconds. Three passes say what is usual."""
    usual = statistics.median(earlier) if len(earlier) >= 3 else None
    return usual if usual is not None and seconds > 1.25 * usual + 5 else None


def summary(loop, results, earlier):
    """The table at the end, and what is to be kept: a step that failed says nothing about time."""
    lines, kept = [], dict(earlier.get(loop, {}))
    for name, code, seconds in results:
        usual = slower(seconds, kept.get(name, []))
        lines.append(f"{'ok' if code == 0 else 'FAILED':<7} {name:<12} {seconds:6.0f} s" + (f", usually {usual:.0f} s" if usual is not None and code == 0 else ""))
        if code == 0:
            kept[name] = [*kept.get(name, []), round(seconds, 1)][-KEPT:]
    return lines, earlier | {loop: kept}


def keep(path, times):
    """Complete or not at all: two clones may do so at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name, delete=False, encoding="utf-8") as file:
        json.dump(times, file, indent=1)
    os.replace(file.name, path)


def taken(path):
    """How many seeds the loops over seeds took, of how many."""
    with contextlib.suppress(OSError):
        pairs = [tuple(map(int, line.split())) for line in path.read_text().splitlines()]
        if pairs:
            took, of = (sum(column) for column in zip(*pairs))
            return f"seeds: {took:,} of {of:,} in {len(pairs)} loops" + ("" if took == of else "; CASEBOOK_SEEDS=all takes all")
    return None


def scope(asked, env):
    """Under which name times are kept, and how many seeds and notebooks: the same step takes longer with more of them."""
    loop = asked[0] if len(asked) == 1 and asked[0] in LOOPS else None
    if loop:
        return loop, {name: "all" if loop == "all" else "few" for name in ("CASEBOOK_SEEDS", "CASEBOOK_NOTEBOOKS")}
    many = {name: env.get(name) or "few" for name in ("CASEBOOK_SEEDS", "CASEBOOK_NOTEBOOKS")}
    return "steps, {CASEBOOK_SEEDS} seeds, {CASEBOOK_NOTEBOOKS} notebooks".format(**many), many


def main():
    asked = sys.argv[1:] or ["test"]
    loop, many = scope(asked, os.environ)
    names = LOOPS.get(loop, asked)
    unknown = set(names) - {step.name for step in STEPS}
    if unknown:
        sys.exit(f"there is no step {', '.join(sorted(unknown))}; there are {', '.join([*LOOPS, *(step.name for step in STEPS)])}")
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="casebook-steps-") as folder:
        seeds = pathlib.Path(folder) / "seeds"
        env = os.environ | many | {"RUSTDOCFLAGS": "-D warnings", "PYTHONDONTWRITEBYTECODE": "1", "CASEBOOK_SEEDS_TAKEN": str(seeds)}
        env.pop("DATABASE_URL", None)  # each step brings its own
        if many["CASEBOOK_SEEDS"] == "few":
            env.setdefault("PROPTEST_CASES", RANDOM)  # random inputs of a property: of their own accord, 256
        results = run([step for step in STEPS if step.name in names], env, at_a_time())
        told = taken(seeds)
    path = cache() / "steps.json"
    lines, times = summary(loop, results, before(path))
    with contextlib.suppress(OSError):  # a cache folder that cannot be written is no failure of the project's
        keep(path, times)
    print("\n=== all steps", *lines, *filter(None, [told]), sep="\n")
    failed = sum(code != 0 for _, code, _ in results)
    print(f"{len(results) - failed} passed, {failed} failed in {time.monotonic() - start:.0f} s")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
