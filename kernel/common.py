"""Where things are, and small helpers. Standard library only."""

import contextlib
import ctypes
import fcntl
import functools
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

PROJECT = pathlib.Path(__file__).resolve().parent.parent
EVCXR_VERSION = "0.22.0"
# Of the warmed folder: raised when what stands in it is no longer what sessions expect.
LAYOUT = 4


def cache():
    """The user's cache folder: what is slow to build and the same for every clone."""
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "casebook"


def target():
    """Cargo's target folder, shared by tests, command and kernel."""
    return (PROJECT / (os.environ.get("CARGO_TARGET_DIR") or "target")).resolve()


def warmed():
    """The folder that every session gets a copy of."""
    return target() / "kernel" / "warm"


def sessions():
    """Where the copies are."""
    return target() / "kernel" / "sessions"


def cargo_home():
    return pathlib.Path(os.environ.get("CARGO_HOME") or pathlib.Path.home() / ".cargo")


@functools.cache
def tool(name):
    """cargo or rustc itself, not rustup's proxy, for the toolchain this project pins."""
    if shutil.which("rustup"):
        found = subprocess.run(
            ["rustup", "which", name], cwd=PROJECT, capture_output=True, text=True
        )
        if found.returncode == 0:
            return found.stdout.strip()
    path = shutil.which(name)
    if not path:
        sys.exit(f"casebook: there is no {name} on this machine; see https://rustup.rs")
    return path


@functools.cache
def host():
    """The compiler's own platform, such as x86_64-unknown-linux-gnu."""
    text = subprocess.run([tool("rustc"), "-vV"], check=True, capture_output=True, text=True).stdout
    return re.search(r"^host: (.+)$", text, re.M).group(1)


def libraries(folder):
    """The environment in which a cell's code finds what it is linked with, in an evcxr build folder."""
    return linked(folder / "target" / host() / "debug" / "deps")


def linked(deps):
    """The environment in which a program finds what it is linked with; `deps` is cargo's folder of that name.

    rustc notes the way to the standard library relative to where it puts its output, and cargo and evcxr
    move that one folder up: where both lie below one's home, the noted way leads nowhere.
    """
    own = subprocess.run([tool("rustc"), "--print", "target-libdir"], check=True, capture_output=True, text=True).stdout
    name = "DYLD_FALLBACK_LIBRARY_PATH" if sys.platform == "darwin" else "LD_LIBRARY_PATH"
    places = [own.strip(), str(deps), os.environ.get(name)]
    return {name: os.pathsep.join(place for place in places if place)}


@functools.cache
def rustc_version():
    return subprocess.run([tool("rustc"), "-V"], check=True, capture_output=True, text=True).stdout.strip()


def evcxr():
    """The kernel program of the pinned version, or None. It cannot tell its version; whoever installed it can."""
    ours = cache() / f"evcxr_jupyter-{EVCXR_VERSION}" / "bin" / "evcxr_jupyter"
    if ours.exists():
        return str(ours)
    by_cargo = cargo_home() / ".crates.toml"
    if by_cargo.exists() and f'"evcxr_jupyter {EVCXR_VERSION} ' in by_cargo.read_text():
        return str(cargo_home() / "bin" / "evcxr_jupyter")
    conda = os.environ.get("CONDA_PREFIX")
    if conda and list(pathlib.Path(conda, "conda-meta").glob(f"evcxr-{EVCXR_VERSION}-*.json")):
        return str(pathlib.Path(conda, "bin", "evcxr_jupyter"))
    return None


def say(text):
    print(f"casebook: {text}", file=sys.stderr, flush=True)


def die_with_parent():
    """In a process about to start, on Linux: should this one be killed, that one goes too."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


@contextlib.contextmanager
def locked(path, shared=False):
    """Holds a lock on a file: several readers, or one writer."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


def link(source, destination):
    """A file under a second name; its content, where that cannot be."""
    try:
        os.link(source, destination)
    except FileExistsError:
        raise  # copying would write into what is there, which may be one file with another's name
    except OSError:  # another file system, or too many links
        shutil.copy2(source, destination)


def link_tree(source, destination, skip=lambda name: False, copy=lambda path: False):
    """Copies a folder by hard link; what `copy` picks, and what cannot be linked, by content.

    A linked file is one file under two names: rewriting it in place changes both.
    """
    destination.mkdir(parents=True, exist_ok=True)
    with os.scandir(source) as entries:
        for entry in entries:
            if skip(entry.name):
                continue
            to = destination / entry.name
            if entry.is_dir(follow_symlinks=False):
                link_tree(pathlib.Path(entry.path), to, skip, copy)
                continue
            if copy(entry):
                shutil.copy2(entry.path, to)
            else:
                link(entry.path, to)


def sources():
    """Everything the library, what cells share and the stand-in are built from, with the time of its last change."""
    files = [PROJECT / name for name in ("Cargo.toml", "Cargo.lock", "build.rs", "workspace-hack/Cargo.toml")]
    for folder in ("src", "sql", "assets", "kernel/standin", "kernel/cells"):
        files += sorted(path for path in (PROJECT / folder).rglob("*") if path.is_file())
    found = {}
    for path in files:
        with contextlib.suppress(FileNotFoundError):  # an editor is saving it at this moment
            found[str(path.relative_to(PROJECT))] = path.stat().st_mtime_ns
    return found


def dependencies_key():
    """What decides whether compiled dependencies can be used again."""
    files = ("Cargo.lock", "Cargo.toml", "workspace-hack/Cargo.toml", "kernel/config/cell.toml", "kernel/config/dependencies.toml")
    parts = [rustc_version(), EVCXR_VERSION, str(LAYOUT), *(path.read_text() for name in files if (path := PROJECT / name).exists())]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


if __name__ == "__main__":
    # For `casebook doctor`: where the kernel program is.
    print(evcxr() or sys.exit(1))
