#!/usr/bin/env python3
"""Unit and integration tests of the library, compiled for a short wait.

usage: quick.py [NAME ...]     for `make check`; with names, only the tests whose names contain one of these
       quick.py --all          for `make test`: those too that start a server or are slow

Much of the wait after an edit is the optimisation of the library itself, and a little of it is enough here; with none at all,
the tests take ten times as long. They run in one process, side by side, which loads the library once. The integration tests are compiled into the program of the unit tests, as a module `it`: so the
library is compiled once, and no shared object is linked. They have a folder of their own in cargo's target folder: a build in the
same folder would replace what the others have. What the library depends on is linked into that folder, and takes no room.

Tests that start a PostgreSQL server have names that begin with `postgres_`, or stand in a module with such a name, and are
left out without `--all`; so are those in SLOW, unless names are given. If no test runs, that is a failure.
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
# Tests that take more than a second each even with few seeds: whole businesses at their usual size, random charts.
# They took two thirds of the time. `make test` runs them, and so does whoever asks for them by name. Every metric's properties stay.
SLOW = [
    "diagnosis_decisions::the_analysis_beats_lazy_rules",
    "diagnosis_truth::the_analysis_recovers_what_was_planted",
    "ecommerce_decisions::predictions_come_true",
    "ecommerce_decisions::rules_choose_and_regret_is_counted",
    "ecommerce_decisions::the_exact_gain_of_a_fix_is_the_simulated_mean",
    "ecommerce_decisions::the_shop_goes_on_after_what_is_generated",
    "ecommerce_decisions::the_shop_is_calibrated",
    "notion_truth::claims_are_met_on_every_seed",
    "notion_truth::the_sticky_preset_keeps_them_too",
    "notion_truth::the_stage_drawn_is_the_stage_found",
    "notion_truth::stickiness_and_volume_exclude_each_other",
    "ecommerce_truth::the_default_is_of_the_originals_size",
    "ecommerce_truth::what_is_drawn_is_what_is_configured",
    "ecommerce_recovery::the_forecast_is_right_in_total",
    "ecommerce_recovery::rfm_ranks_by_real_value",
    "ecommerce_recovery::clusters_are_the_known_segments",
    "mentor::decisions::predictions_come_true",
    "mentor::decisions::rules_choose_and_regret_is_counted",
    "mentor::decisions::the_committed_seed",
    "mentor::designs::estimators_are_off_when_mentors_are_scarce",
    "mentor::designs::scarce_mentors_mislead_an_experiment_by_user",
    "mentor::experiment::survival_is_the_one_configured",
    "mentor::marginals::marginals_hold_within_half_a_point_at_a_hundred_thousand",
    "cases::bounded::a_week_of_mondays_ends",
    "cases::bounded::events_beyond_a_visit_are_told",
    "cases::bounded::extreme_shops_are_made",
    "change::forecasts::forecast_intervals_hold",
    "cases::bounded::targets_out_of_reach_are_told_in_time",
    "chart::scatter::tests::two_hundred_thousand_dots_are_drawn_and_more_refused",
    "charts::any_numbers_are_drawn",
    "charts::labels_of_any_length_are_drawn_at_once",
    "charts::unplanned_data_is_drawn_or_declined",
    "charts_more::any_numbers_are_drawn",
    "charts_more::long_labels_are_drawn_at_once",
    "charts_more::unplanned_data_is_drawn_or_declined",
    "ecommerce_recovery::companions_are_bought_together",
    "kpis::sqlite::pairs_of_products_are_those_of_polars",
    "kpis::sqlite::polars_agrees_on_the_shop",
    "mentor::experiment::the_truth_is_recovered_over_seeds",
    "metrics::clv::bg_nbd::tests::its_own_parameters_and_futures_are_recovered",
    "metrics::clv::bg_nbd::tests::the_order_of_rows_does_not_matter",
    "metrics::funnel::tests::a_zone_moves_days_and_nothing_else",
    "metrics::retention::tests::zones_and_the_order_of_rows_do_not_matter",
    "metrics_properties::a_cohorts_cells_never_exceed_its_size",
    "notion_truth::parts_make_the_whole_on_any_number_of_threads",
    "output::tests::a_holder_is_shown_without_what_a_terminal_obeys",
    "reference::power_equals_statsmodels",
    "warehouse::sqlite::owned::tests::a_file_of_an_earlier_version_is_loaded_again",
    "warehouse::sqlite::owned::tests::two_cases_that_share_a_name_do_not_share_a_file",
]


def key():
    """What decides whether the dependencies there are still those of the project."""
    # cargo does not look into its wrapper.
    files = ("Cargo.lock", "Cargo.toml", ".cargo/config.toml", "tests/quick.sh")
    return {"rustc": rustc_version()} | {name: (PROJECT / name).read_text(encoding="utf-8") for name in files}


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


def command(names, every=False):
    words = ["--config", f"profile.dev.package.casebook.opt-level={LEVEL}", "--package", "casebook", "--all-features", "--lib"]
    left = [] if every else [SERVER, *([] if names else SLOW)]
    return ["cargo", "test", *words, "--no-fail-fast", "--", "--quiet", *(word for name in left for word in ("--skip", name)), *names]


def run(words, env):
    """The tests' exit code; to cargo, no test at all is a success."""
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
    every = sys.argv[1:] == ["--all"]
    sys.exit(run(command([] if every else sys.argv[1:], every), os.environ | env))


if __name__ == "__main__":
    main()
