"""Compiles a notebook as a program, against the library as kernel sessions have it: nothing else is compiled."""

import os
import shutil
import subprocess
import sys

import warm
from common import PROJECT, host, libraries, locked, say, target, warmed

FOLDER = target() / "kernel" / "export"
# As a cell is compiled: see cell.sh.
PROFILE = "\n[profile.dev.package.ctx]\nopt-level = 0\n"


def environment():
    return os.environ | libraries(FOLDER) | {"RUST_BACKTRACE": "0"}


def prepare():
    """A package that depends on the library, in a copy of the warmed folder."""
    with locked(warmed().parent / "warm.lock", shared=True):
        shutil.rmtree(FOLDER / "target", ignore_errors=True)
        warm.copy_to(FOLDER / "target")
        shutil.copyfile(warmed() / "Cargo.lock.built", FOLDER / "Cargo.lock")
    (FOLDER / "Cargo.toml").write_text(warm.MANIFEST.format(project=PROJECT) + PROFILE)
    (FOLDER / "src/bin").mkdir(parents=True, exist_ok=True)
    (FOLDER / "src/lib.rs").write_text("")


def build(path, seeds=False):
    """Exports a notebook and compiles it; where the program is."""
    prepare()
    name = f"n{path.stem}"
    words = ["run", "--quiet", "--all-features", "--", "export", str(path), "-o", str(FOLDER / "src/bin" / f"{name}.rs")]
    if subprocess.run(["cargo", *words, *(["--seeds"] if seeds else [])], cwd=PROJECT).returncode != 0:
        sys.exit(f"casebook: {path.name} could not be exported")
    say(f"compiling {path.name} as a program, half a minute")
    done = warm.cargo(FOLDER, "build", "--quiet", "--target", host(), "--bin", name, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"casebook: {path.name} does not compile as a program:\n{done.stderr[-4000:]}")
    return FOLDER / "target" / host() / "debug" / name
