#!/usr/bin/env python3
"""Unit and integration tests of the library, compiled for a short wait: for `make check`.

usage: quick.py [NAME ...]     only the tests whose names contain one of these

Much of the wait after an edit is the optimisation of the library itself, and a little of it is enough here; with none at all,
the tests take ten times as long. The integration tests are compiled into the program of the unit tests, as a module `it`: so the
library is compiled once, and no shared object is linked. They have a folder of their own in cargo's target folder: a build in the
same folder would replace what the others have. What the library depends on is linked into that folder, and takes no room.

Tests that start a PostgreSQL server have names that begin with `postgres_`, or stand in a module with such a name, and are
left out; so are those in SLOW, unless names are given. If no test runs, that is a failure.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "kernel"))

import warm  # noqa: E402
from common import host, rustc_version, say, target  # noqa: E402

FOLDER = target() / "quick"
LEVEL = 1
# What the paths of tests that start a server contain: not the library's module `postgres`, whose unit tests need none.
SERVER = "::postgres_"
# Tests that take seconds each even with few seeds: whole businesses at their usual size. `make test` runs them, and so does
# whoever asks for them by name.
SLOW = [
    "notion_truth::claims_are_met_on_every_seed",
    "notion_truth::the_sticky_preset_keeps_them_too",
    "notion_truth::the_stage_drawn_is_the_stage_found",
    "notion_truth::stickiness_and_volume_exclude_each_other",
    "ecommerce_truth::the_default_is_of_the_originals_size",
    "ecommerce_truth::what_is_drawn_is_what_is_configured",
    "ecommerce_recovery::the_forecast_is_right_in_total",
    "ecommerce_recovery::rfm_ranks_by_real_value",
    "ecommerce_recovery::clusters_are_the_known_segments",
    "mentor::experiment::survival_is_the_one_configured",
    "mentor::marginals::marginals_hold_within_half_a_point_at_a_hundred_thousand",
]


def key():
    """What decides whether the dependencies there are still those of the project."""
    return {"rustc": rustc_version(), "lock": (PROJECT / "Cargo.lock").read_text(encoding="utf-8")}


def seed():
    """The dependencies, from the folder where everything else looks for them."""
    made = FOLDER / "made.json"
    try:
        if json.loads(made.read_text(encoding="utf-8")) == key():
            return
    except (OSError, ValueError):
        pass
    shutil.rmtree(FOLDER, ignore_errors=True)
    if not any((target() / host() / "debug" / "deps").glob("libpolars-*.rlib")):
        warm.compile_dependencies()
    say("linking the dependencies for quick tests")
    warm.seed(FOLDER)
    made.write_text(json.dumps(key()), encoding="utf-8")


def command(names):
    words = ["--config", f"profile.dev.package.casebook.opt-level={LEVEL}", "--package", "casebook", "--all-features", "--lib"]
    left = [word for name in (SERVER, *([] if names else SLOW)) for word in ("--skip", name)]
    if shutil.which("cargo-nextest"):
        return ["cargo", "nextest", "run", *words, "--no-fail-fast", "--status-level", "slow", *names, "--", *left]
    return ["cargo", "test", *words, "--no-fail-fast", "--", "--quiet", *left, *names]


def run(words, env):
    """The tests' exit code; to cargo, no test at all is a success, to nextest it is none."""
    ran = []
    with subprocess.Popen(words, cwd=PROJECT, env=env, stdout=subprocess.PIPE, text=True, errors="replace") as tests:
        for line in tests.stdout:
            print(line, end="", flush=True)
            ran += map(int, re.findall(r"^running (\d+) tests?$", line))
    if tests.returncode == 0 and ran and sum(ran) == 0:
        say("no test ran: none has such a name, or it needs a server (tests/run.py rust)")
        return 1
    return tests.returncode


def main():
    seed()
    env = {"CARGO_TARGET_DIR": str(FOLDER / "target"), "RUSTC_WORKSPACE_WRAPPER": str(PROJECT / "tests/quick.sh")}
    sys.exit(run(command(sys.argv[1:]), os.environ | env))


if __name__ == "__main__":
    main()
