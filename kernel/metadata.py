#!/usr/bin/env python3
"""What rust-analyzer reads about the packages behind a cell: cargo metadata's answer without packages that no cell can name.

usage: metadata.py PACKAGES      trims the answer on standard input; PACKAGES lists the usual packages' names
"""

import json
import pathlib
import sys

# rust-analyzer, inside the kernel, reads the source of every package that `cargo metadata` lists, to
# infer the types of variables. These are the packages with types that a cell can name or must pass
# through; the others (execution, file formats, serialisation, other platforms) only cost time.
NAMEABLE = (
    "ctx", "casebook", "polars", "polars-arrow", "polars-buffer", "polars-core", "polars-dtype", "polars-error", "polars-io", "polars-lazy",
    "polars-ops", "polars-plan", "polars-schema", "polars-time", "polars-utils", "plotters", "plotters-backend", "chrono", "rand", "rand_core",
    "rand_chacha", "rand_distr", "num-traits", "either", "compact_str",
)


def names(metadata):
    """The names of all packages."""
    return sorted({package["name"] for package in metadata["packages"]})


def trimmed(metadata, usual):
    """The answer without what no cell can name of the usual packages; what a cell's own `:dep` has brought is kept."""
    asked = next(node["dependencies"] for node in metadata["resolve"]["nodes"] if node["id"] == metadata["resolve"]["root"])
    nameable = {p["id"] for p in metadata["packages"] if p["name"] in NAMEABLE or p["name"] not in usual or p["id"] in asked}
    # Only what is part of the build: the list also holds packages behind features nobody asked for.
    needs = {node["id"]: node["dependencies"] for node in metadata["resolve"]["nodes"]}
    built, waiting = set(), [metadata["resolve"]["root"]]
    while waiting:
        package = waiting.pop()
        if package not in built:
            built.add(package)
            waiting += needs[package]
    keep = nameable & built
    packages = [p for p in metadata["packages"] if p["id"] in keep]
    nodes = [
        node | {"dependencies": [d for d in node["dependencies"] if d in keep], "deps": [d for d in node["deps"] if d["pkg"] in keep]}
        for node in metadata["resolve"]["nodes"] if node["id"] in keep
    ]
    return metadata | {"packages": packages, "resolve": metadata["resolve"] | {"nodes": nodes}}


def bare(metadata):
    """cargo metadata's answer for a cell without dependencies: evcxr begins with one."""
    root = metadata["resolve"]["root"]
    package = [p | {"dependencies": []} for p in metadata["packages"] if p["id"] == root]
    node = [n | {"dependencies": [], "deps": []} for n in metadata["resolve"]["nodes"] if n["id"] == root]
    return metadata | {"packages": package, "resolve": metadata["resolve"] | {"nodes": node}}


if __name__ == "__main__":
    print(json.dumps(trimmed(json.load(sys.stdin), json.loads(pathlib.Path(sys.argv[1]).read_text()))))
