#!/usr/bin/env python3
"""Everything that must hold, one step after the other. `make test` runs it.

usage: run.py [STEP ...]     only these steps, by name
"""

import os
import pathlib
import subprocess
import sys
import time

PROJECT = pathlib.Path(__file__).resolve().parent.parent
PYTHON = sys.executable
POSTGRES = [PYTHON, "tests/postgres.py", "run"]
NOTEBOOKS = [PYTHON, "kernel/notebooks.py", "--check"]

# Name, what it is and about how long it takes, command.
STEPS = [
    ("fmt", "formatting", ["cargo", "fmt", "--all", "--check"]),
    ("clippy", "lints (1 to 4 minutes the first time)",
     ["cargo", "clippy", "--all-features", "--all-targets", "--", "-D", "warnings"]),
    ("lean", "lints of the library alone, as a notebook takes it, and without PostgreSQL",
     ["cargo", "clippy", "--no-default-features", "--lib", "--", "-D", "warnings"]),
    ("doc", "documentation", ["cargo", "doc", "--all-features", "--no-deps", "--document-private-items"]),
    ("rust", "unit, property, integration and documentation tests, PostgreSQL included (1 to 3 minutes)",
     ["cargo", "test", "--all-features"]),
    ("kernel", "the kernel and the notebook runner (2 minutes)", [PYTHON, "-W", "ignore", "-m", "unittest", "-v", "tests/kernel_test.py"]),
    ("dashboard", "the dashboards and the study's pages in Chromium (1 minute)",
     [PYTHON, "-m", "unittest", "-v", "tests/dashboard_test.py", "tests/study_test.py"]),
    ("project", "pins, committed notebooks", [PYTHON, "-m", "unittest", "-v", "tests/project_test.py"]),
    ("site", "the site in Chromium, its links, and the documents' headings and spelling (3 minutes)",
     [PYTHON, "-W", "ignore", "-m", "unittest", "-v", "tests/site_test.py"]),
    ("lab", "JupyterLab in Chromium: each notebook's first cells (3 minutes)",
     [PYTHON, "-W", "ignore", "-m", "unittest", "-v", "tests/lab_test.py"]),
    ("exercises", "right, wrong and missing answers graded by nbgrader (5 minutes)",
     [PYTHON, "-W", "ignore", "-m", "unittest", "-v", "tests/exercises_test.py"]),
    ("export", "every notebook as a program (2 minutes)", [PYTHON, "-m", "unittest", "-v", "tests/export_test.py"]),
    ("notebooks", "committed outputs equal a fresh run on SQLite (1 minute)", NOTEBOOKS),
    ("postgres", "and on PostgreSQL (1 minute)", [*POSTGRES, *NOTEBOOKS]),
    ("stock", "and on the stock Rust kernel (2 to 4 minutes)", [*NOTEBOOKS, "--kernel", "rust"]),
]


def main():
    asked = sys.argv[1:] or [name for name, _, _ in STEPS]
    unknown = set(asked) - {name for name, _, _ in STEPS}
    if unknown:
        sys.exit(f"there is no step {', '.join(sorted(unknown))}")
    env = os.environ | {"RUSTDOCFLAGS": "-D warnings", "PYTHONDONTWRITEBYTECODE": "1"}
    env.pop("DATABASE_URL", None)  # each step brings its own
    results = []
    for name, what, command in STEPS:
        if name not in asked:
            continue
        print(f"\n=== {name}: {what}", flush=True)
        start = time.monotonic()
        code = subprocess.run(command, cwd=PROJECT, env=env, stdin=subprocess.DEVNULL).returncode
        results.append((name, code, time.monotonic() - start))
    print("\n=== all steps")
    for name, code, seconds in results:
        print(f"{'ok' if code == 0 else 'FAILED':<7} {name:<10} {seconds:6.0f} s")
    failed = sum(code != 0 for _, code, _ in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
