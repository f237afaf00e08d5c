#!/usr/bin/env python3
"""Builds what kernel sessions start from: the compiled library and its dependencies, and a few answers.

evcxr compiles each notebook's dependencies in a folder of its own, which for polars takes ten minutes or more. This
builds such a folder once, from the same compiled dependencies that the tests and the command use: profile and flags
are in Cargo.toml and .cargo/config.toml, so cargo's hashes agree. A session's cells are compiled against it by calling
rustc, without cargo; see standin/.

If nothing has changed, nothing is done.
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time

import metadata
import progress
from common import (
    PROJECT, dependencies_key, host, link_tree, locked, say, sources, target, tool, warmed,
)

# How dependencies are compiled, for cargo.
DEPENDENCIES = pathlib.Path(__file__).parent / "config" / "dependencies.toml"
# How cargo's note of a crate's files begins.
NOTE = b"\1\0\0\0\xff\1"
# Outputs of the crate that only carries features.
HACK = ("workspace-hack-", "workspace_hack-", "libworkspace_hack-")
CELL = "pub fn cell() { println!(\"{}\", casebook::polars::prelude::DataFrame::empty()); }\n"


def environment():
    """As evcxr sets it for its own builds."""
    return os.environ | {
        "CARGO_TARGET_DIR": "target", "CARGO_BUILD_BUILD_DIR": "target",
        "RUSTC": tool("rustc"), "RUSTFLAGS": "-Cprefer-dynamic", "RUSTC_WORKSPACE_WRAPPER": "",
    }


def cargo(folder, *words, **options):
    return subprocess.run([tool("cargo"), *words], cwd=folder, env=environment(), **options)


def ours(name):
    """Outputs of this project's own crates, which are rebuilt rather than shared."""
    return name.startswith(("casebook", "libcasebook", "ctx", "libctx"))


def deps(base=None):
    """Cargo's folder of compiled crates: for this machine, or (`debug`) for the compiler itself."""
    return warmed() / "target" / (base or f"{host()}/debug") / "deps"


def shared(name):
    return f"lib{name}.dylib" if sys.platform == "darwin" else f"lib{name}.so"


def library():
    """The library's files, those that are there: the shared object that cells are linked with, and what cargo asks for."""
    names = (shared("casebook"), "libcasebook.rlib", "libcasebook.rmeta", shared("casebook_cells"))
    return [path for name in names if (path := deps() / name).exists()]


def standin():
    """The compiled program that stands in for cargo in a session."""
    return warmed() / "bin" / "standin"


def linker():
    """The linker that cargo would be told of, as in a conda environment, which has no `cc`."""
    asked = os.environ.get(f"CARGO_TARGET_{host().upper().replace('-', '_')}_LINKER")
    return ["-C", f"linker={asked}"] if asked else []


def options(object=None):
    """How rustc finds the library and its dependencies, and compiles what uses them as the library itself was compiled."""
    return [
        *linker(),
        "--edition=2024", "-A", "warnings", "-C", "prefer-dynamic", "-C", "rpath", "-C", "debug-assertions=on", "-C", "overflow-checks=on",
        "-C", "strip=debuginfo", "-L", f"dependency={deps()}", "-L", f"dependency={deps('debug')}",
        "--extern", f"casebook={object or deps() / shared('casebook')}",
    ]


def cell_call(folder):
    """How rustc is called for a cell of the session in a folder. What a cell needs of its own, the stand-in adds."""
    form = ["--crate-name", "ctx", "src/lib.rs", "--crate-type", "cdylib", "--error-format=json", "--json=diagnostic-rendered-ansi"]
    generic = folder / "lib" / shared("casebook_cells")
    return [*form, *options(folder / "lib" / shared("casebook")), *(["--extern", f"casebook_cells={generic}"] if generic.exists() else [])]


def compile_dependencies():
    """Compiles the project's dependencies where tests and command look for them, so that they are
    compiled once for everything."""
    # With the features that tests and command have: a shared object's name carries no hash, so building the library with
    # others would replace theirs.
    words = ["cargo", "build", "--lib", "--all-features", "--locked"]
    if progress.run(words, "compiling the library and polars", cwd=PROJECT).returncode != 0:
        sys.exit("casebook: the library does not compile; the kernel needs it.")


def seed(folder, top=None):
    """Links the dependencies that are already compiled, in a target folder of cargo's, into another folder."""
    for base in ("debug", f"{host()}/debug"):
        for part in ("deps", "build", ".fingerprint"):
            source = (top or target()) / base / part
            if source.is_dir():
                # cargo rewrites fingerprints in place; everything else it replaces.
                link_tree(source, folder / "target" / base / part, ours, lambda _: part == ".fingerprint")


def share(folder):
    """Copies the library, as it is compiled for sessions, into another build folder of evcxr's that has its dependencies; whether it
    could. cargo would compile it there with the same flags, which takes minutes."""
    with locked(warmed().parent / "warm.lock", shared=True):
        if state() != "ready":
            return False
        found = [warmed() / "target" / base / part for base in ("debug", f"{host()}/debug") for part in ("build", ".fingerprint")]
        found.append(deps())
        # Of the deps folder, which holds everybody's, only the crate that has no registry: cargo looks at the age of its sources, too.
        mine = lambda path: path.name.startswith(HACK) or path.parent != deps() and ours(path.name)  # noqa: E731
        found = [path for place in found if place.is_dir() for path in place.iterdir() if mine(path)]
        found += [path for path in (*library(), deps() / "casebook.d") if path.exists() and path.name != shared("casebook_cells")]
        now = time.time_ns()
        for path in found:
            to = folder / path.relative_to(warmed())
            to.parent.mkdir(parents=True, exist_ok=True)
            # By content: cargo may write there what it does not replace. A session may have mapped the shared object that is there.
            if path.is_dir():
                shutil.copytree(path, to, dirs_exist_ok=True)
            else:
                to.unlink(missing_ok=True)
                shutil.copy2(path, to)
            for each in to.glob("dep-lib-casebook"):
                each.write_bytes(read_files(each.read_bytes()))
            # All of one age, which is not before that of the sources: cargo compiles again what looks older.
            for each in (to, *to.rglob("*")):
                os.utime(each, ns=(now, now))
    return True


def read_files(noted):
    """cargo's note of the files that the library is compiled from, with those that are there now: after an edit the library is made
    without cargo, and some may have come or gone. A note of another form than rustc 1.95's cargo writes is left as it is, and cargo
    then compiles what it thinks it must."""
    if not noted.startswith(NOTE):
        return noted
    names = [name.encode() for name in sources() if name.startswith(("src/", "sql/", "assets/"))]
    # Each relative to the package, without a checksum; then the variables that were read: none.
    files = b"".join(b"\0" + len(name).to_bytes(4, "little") + name + b"\0" for name in names)
    return NOTE + len(names).to_bytes(4, "little") + files + bytes(4)


def manifest():
    """The manifest that evcxr writes for a cell, to the byte: a session's stand-in compares it."""
    text = (pathlib.Path(__file__).parent / "config" / "cell.toml").read_text().replace("@PROJECT@", str(PROJECT))
    return "\n" + text.split("\n", 2)[2] + "\n"


def compile_cells():
    """The generic code that cells share. Without it they only take longer."""
    path = deps() / shared("casebook_cells")
    path.unlink(missing_ok=True)
    words = ["--crate-name", "casebook_cells", "--crate-type", "dylib", *options(), "-C", "opt-level=1", "-o", str(path)]
    done = subprocess.run([tool("rustc"), *words, str(pathlib.Path(__file__).parent / "cells/lib.rs")], stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        say(f"cells will take longer: kernel/cells does not compile with this library\n{done.stderr}")


def compile_standin():
    standin().parent.mkdir(exist_ok=True)
    words = [*linker(), "--edition=2024", "-C", "opt-level=2", "-C", "strip=symbols", "-o", str(standin())]
    subprocess.run([tool("rustc"), *words, str(pathlib.Path(__file__).parent / "standin/main.rs")], check=True)


def broken(log):
    tail = log.read_text().splitlines()[-40:]
    sys.exit("\n".join(tail) + "\ncasebook: the library does not compile; the kernel needs it.")


def recorded(log):
    """The call of rustc that compiled the library, from what cargo printed: environment, arguments and folder."""
    found = [line for line in log.read_text().splitlines() if "--crate-name casebook " in line and "--crate-type dylib" in line]
    words = shlex.split(re.sub(r"^\s*Running `(.*)`$", r"\1", found[-1]))
    start = next(place for place, word in enumerate(words) if os.path.basename(word) == "rustc")
    return {"env": dict(word.split("=", 1) for word in words[:start] if "=" in word), "args": words[start + 1:]}


def build(folder):
    """Everything that is needed, with cargo."""
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "Cargo.toml").write_text(manifest())
    (folder / "src/lib.rs").write_text(CELL)
    # The project's lock file, so that a session resolves to what is built here.
    shutil.copyfile(PROJECT / "Cargo.lock", folder / "Cargo.lock")
    log = folder / "build.log"
    words = [tool("cargo"), "build", "--config", str(DEPENDENCIES), "-vv", "--target", host()]
    if progress.run(words, "compiling the library for notebooks", cwd=folder, env=environment(), log=log).returncode != 0:
        sys.exit("casebook: the library does not compile; the kernel needs it.")
    (folder / "library.json").write_text(json.dumps(recorded(log)))
    answer = cargo(
        folder, "metadata", "--format-version=1", "--filter-platform", host(), check=True, capture_output=True, text=True,
    )
    shutil.copyfile(folder / "Cargo.lock", folder / "Cargo.lock.built")
    answer = json.loads(answer.stdout)
    usual = metadata.trimmed(answer, metadata.names(answer))
    (folder / "packages.json").write_text(json.dumps(metadata.names(answer)))
    (folder / "metadata.json").write_text(json.dumps(usual))
    (folder / "metadata.bare.json").write_text(json.dumps(metadata.bare(usual)))


def rebuild(folder):
    """The library alone, after an edit: by the compiler's call that is written down."""
    call = json.loads((folder / "library.json").read_text())
    for path in library():
        path.unlink()  # sessions keep the old one: a file is never rewritten in place
    log = folder / "build.log"
    with open(log, "w") as file:
        env = environment() | call["env"]
        done = subprocess.run([tool("rustc"), *without_json(call["args"])], cwd=PROJECT, env=env, stdout=file, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        broken(log)


def without_json(words):
    """A call whose messages are for people."""
    return [word for word in words if not word.startswith(("--json=", "--error-format="))]


def ready():
    """What the warmed folder was made from; empty if it is not there, or was not finished."""
    try:
        return json.loads((warmed() / "ready.json").read_text())
    except (OSError, ValueError):
        return {}


def within(files, folder, inside=True):
    """Those of some files that lie in a folder, or that do not."""
    return {name: time for name, time in files.items() if name.startswith(folder) == inside}


def state():
    """"ready", "edited" (only the library or the stand-in changed), or "cold"."""
    made = ready()
    # Another clone may compile into the same target folder: what is there is for that clone's sources.
    if made.get("key") != dependencies_key() or made.get("project") != str(PROJECT):
        return "cold"
    return "ready" if made["sources"] == sources() else "edited"


def warm(packs=True):
    """Makes the folder that sessions take from, or brings it up to date. `packs` is whether a pack may be taken for it."""
    if " " in str(target()):
        sys.exit(
            f"casebook: evcxr cannot work in a folder with a space in its path, such as {target()}; "
            "move the project, or set CARGO_TARGET_DIR to another folder"
        )
    with locked(warmed().parent / "warm.lock"):
        now, before = state(), sources()
        if now == "cold" and packs:
            from packs import taking  # which imports this
            if taking.take():
                now = state()
        if now == "ready":
            return
        start, built_from = time.monotonic(), ready().get("sources", {})
        if now == "cold":
            (warmed() / "ready.json").unlink(missing_ok=True)
            say("warming the kernel: about 1 minute (12 on 2 cores if polars is not compiled yet)")
            shutil.rmtree(warmed(), ignore_errors=True)
            compile_dependencies()
            seed(warmed())
            build(warmed())
        else:
            # Should this not come to its end, the library is made again, and not its dependencies.
            (warmed() / "ready.json").write_text(json.dumps(ready() | {"sources": {}}))
        library_changed = now == "cold" or within(before, "kernel/", False) != within(built_from, "kernel/", False)
        if library_changed and now == "edited":
            say("the library has changed: rebuilding it for the kernel: seconds, or a minute the first time")
            rebuild(warmed())
        if library_changed or within(before, "kernel/cells/") != within(built_from, "kernel/cells/"):
            compile_cells()
        compile_standin()
        (warmed() / "ready.json").write_text(json.dumps({"key": dependencies_key(), "project": str(PROJECT), "sources": before}))
        say(f"the kernel is warm ({time.monotonic() - start:.0f} s)")


if __name__ == "__main__":
    if "--state" in sys.argv[1:]:
        print(state())
    else:
        warm()
