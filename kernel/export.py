"""Compiles a notebook as a program, against the library as kernel sessions have it: nothing else is compiled."""

import os
import subprocess
import sys

import warm
from common import PROJECT, linked, say, target, tool

FOLDER = target() / "kernel" / "export"


def environment():
    return os.environ | linked(warm.deps()) | {"RUST_BACKTRACE": "0"}


def write(path, seeds=False):
    """Exports a notebook; where its program's text is."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    source = FOLDER / f"n{path.stem}.rs"
    words = ["casebook", "export", str(path), "-o", str(source)]
    if subprocess.run(["cargo", *words, *(["--seeds"] if seeds else [])], cwd=PROJECT).returncode != 0:
        sys.exit(f"casebook: {path.name} could not be exported")
    return source


def build(path, seeds=False):
    """Exports a notebook and compiles it; where the program is."""
    warm.warm()
    source = write(path, seeds)
    program = source.with_suffix("")
    say(f"compiling {path.name} as a program")
    call = [tool("rustc"), "--crate-type", "bin", "-o", str(program), str(source), *warm.options()]
    done = subprocess.run(call, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"casebook: {path.name} does not compile as a program:\n{done.stderr[-4000:]}")
    return program
