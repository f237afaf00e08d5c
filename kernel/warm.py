#!/usr/bin/env python3
"""Builds the folder that kernel sessions start from.

evcxr compiles each notebook's dependencies in a folder of its own, which for polars takes ten minutes
or more. This builds such a folder once, from the same compiled dependencies that the tests and the
command use: evcxr's profile and flags stand in Cargo.toml and .cargo/config.toml, so cargo's hashes
agree. A session then starts from a copy of it, made in a moment by hard link.

Nothing is done when nothing has changed.
"""

import fnmatch
import json
import os
import shutil
import subprocess
import sys
import time

from common import (
    PROJECT, dependencies_key, host, link_tree, locked, say, sources, target, tool, warmed,
)

# What evcxr 0.22 writes. The profile must be this, to the letter of its meaning: it decides cargo's
# hashes.
MANIFEST = """
[package]
name = "ctx"
version = "1.0.0"
edition = "2024"

[lib]
crate-type = ["cdylib"]
path = "src/lib.rs"

[profile.dev]
opt-level = 2
debug = false
strip = "debuginfo"
rpath = true
lto = false
debug-assertions = true
codegen-units = 16
panic = 'unwind'
incremental = true
overflow-checks = true

[dependencies]
casebook = {{ path = "{project}" }}

"""
CELL = "pub fn cell() { println!(\"{}\", casebook::polars::prelude::DataFrame::empty()); }\n"

# rust-analyzer, inside the kernel, reads the source of every package that `cargo metadata` lists, to
# infer the types of variables. These are the packages with types that a cell can name or must pass
# through; the others (network, compression, terminals, other platforms) only cost time.
NAMEABLE = (
    "ctx", "casebook", "polars*", "plotters*", "chrono", "rand", "rand_core", "rand_chacha", "rand_distr",
    "serde", "serde_core", "num-traits", "either", "indexmap", "hashbrown", "compact_str", "bytes",
)


def environment():
    """As evcxr sets it for its own builds."""
    return os.environ | {
        "CARGO_TARGET_DIR": "target", "CARGO_BUILD_BUILD_DIR": "target",
        "RUSTC": tool("rustc"), "RUSTFLAGS": "-Cprefer-dynamic",
    }


def cargo(folder, *words, **options):
    return subprocess.run([tool("cargo"), *words], cwd=folder, env=environment(), **options)


def ours(name):
    """Outputs of this project's own crates, which are rebuilt rather than shared."""
    return name.startswith(("casebook", "libcasebook", "ctx", "libctx"))


def copy_to(folder):
    """A copy of what is built here, by hard link. What cargo or rustc may rewrite in place is copied instead
    (fingerprints, and our own crates' outputs), and cargo's lock is left out: linked, it would be one for all copies."""
    def own(entry):
        return ours(entry.name) or "/.fingerprint/" in entry.path or "/incremental/" in entry.path
    link_tree(warmed() / "target", folder, skip=lambda name: name.startswith(".cargo-"), copy=own)


def compile_dependencies():
    """Compiles the project's dependencies where tests and command look for them, so that they are
    compiled once for everything."""
    for word in ("build", "check"):
        # With the features that tests and command have: a shared object's name carries no hash, so
        # building the library with others would replace theirs.
        done = subprocess.run(["cargo", word, "--lib", "--all-features", "--locked"], cwd=PROJECT)
        if done.returncode != 0:
            sys.exit("casebook: the library does not compile; the kernel needs it.")


def seed(folder):
    """Links the dependencies that are already compiled into the folder."""
    for base in ("debug", f"{host()}/debug"):
        for part in ("deps", "build", ".fingerprint"):
            source = target() / base / part
            if source.is_dir():
                # cargo rewrites fingerprints in place; everything else it replaces.
                link_tree(source, folder / "target" / base / part, ours, lambda _: part == ".fingerprint")


def trimmed(metadata):
    """cargo metadata's answer without packages that no cell can name."""
    nameable = {p["id"] for p in metadata["packages"] if any(fnmatch.fnmatch(p["name"], n) for n in NAMEABLE)}
    # Only what is part of the build: the list also holds packages behind features nobody asked for.
    needs = {node["id"]: node["dependencies"] for node in metadata["resolve"]["nodes"]}
    built, waiting = set(), [metadata["resolve"]["root"]]
    while waiting:
        package = waiting.pop()
        if package not in built:
            built.add(package)
            waiting += needs[package]
    keep = nameable & built
    metadata["packages"] = [p for p in metadata["packages"] if p["id"] in keep]
    nodes = [n for n in metadata["resolve"]["nodes"] if n["id"] in keep]
    for node in nodes:
        node["dependencies"] = [d for d in node["dependencies"] if d in keep]
        node["deps"] = [d for d in node["deps"] if d["pkg"] in keep]
    metadata["resolve"]["nodes"] = nodes
    return metadata


def build(folder):
    (folder / "src").mkdir(parents=True, exist_ok=True)
    manifest = MANIFEST.format(project=PROJECT)
    if not (folder / "Cargo.toml").exists() or (folder / "Cargo.toml").read_text() != manifest:
        (folder / "Cargo.toml").write_text(manifest)
    (folder / "src/lib.rs").write_text(CELL)
    # The project's lock file, so that a session resolves to what is built here.
    shutil.copyfile(PROJECT / "Cargo.lock", folder / "Cargo.lock")
    (folder / "ready.json").unlink(missing_ok=True)
    before = sources()
    log = open(folder / "build.log", "w")
    # `check` is what evcxr runs to explain a cell that does not compile.
    for word in ("build", "check"):
        done = cargo(folder, word, "--target", host(), stdout=log, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            tail = (folder / "build.log").read_text().splitlines()[-40:]
            sys.exit("\n".join(tail) + "\ncasebook: the library does not compile; the kernel needs it.")
    answer = cargo(
        folder, "metadata", "--format-version=1", "--filter-platform", host(),
        check=True, capture_output=True, text=True,
    )
    shutil.copyfile(folder / "Cargo.lock", folder / "Cargo.lock.built")
    (folder / "metadata.json").write_text(json.dumps(trimmed(json.loads(answer.stdout))))
    (folder / "ready.json").write_text(json.dumps({"key": dependencies_key(), "sources": before}))


def state():
    """"ready", "edited" (only the library changed), or "cold"."""
    try:
        ready = json.loads((warmed() / "ready.json").read_text())
    except (OSError, ValueError):
        return "cold"
    if ready["key"] != dependencies_key():
        return "cold"
    return "ready" if ready["sources"] == sources() else "edited"


def warm():
    if " " in str(target()):
        sys.exit(
            f"casebook: evcxr cannot work in a folder with a space in its path, such as {target()}; "
            "move the project, or set CARGO_TARGET_DIR to another folder"
        )
    with locked(warmed().parent / "warm.lock"):
        now = state()
        if now == "ready":
            return
        start = time.monotonic()
        if now == "cold":
            say("warming the kernel: about 1 minute (10 to 20 if polars is not compiled yet)")
            shutil.rmtree(warmed(), ignore_errors=True)
            compile_dependencies()
            seed(warmed())
        else:
            say("the library has changed: rebuilding it for the kernel, about 20 seconds")
        build(warmed())
        say(f"the kernel is warm ({time.monotonic() - start:.0f} s)")


if __name__ == "__main__":
    if "--state" in sys.argv[1:]:
        print(state())
    else:
        warm()
