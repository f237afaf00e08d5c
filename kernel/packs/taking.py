"""Takes kernel packs: finds one, refuses what is not for this machine or not as it was made, and unpacks it."""

import contextlib
import functools
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

import warm
from common import (
    EVCXR_VERSION, PROJECT, cache, cargo_home, dependencies_key, evcxr, host, link, locked, say, sources, tool, warmed,
)

from . import fetch

FORMAT = 1
MANIFEST = "manifest.json"
# The last 40 bytes: a frame that zstd programs skip, with the SHA-256 of everything before it.
TRAILER = bytes.fromhex("502a4d1820000000")
# 128 MB, which is as far back as any zstd program looks unasked: like files stand side by side.
WINDOW = 27


class Refused(Exception):
    """A pack that is not taken, and why."""


def version():
    return re.search(r'^version *= *"([^"]+)"', (PROJECT / "Cargo.toml").read_text(), re.M).group(1)


def name():
    return f"casebook-kernel-{version()}-{host()}-{dependencies_key()[:16]}.tar.zst"


@functools.cache
def rustc(*words):
    return subprocess.run([tool("rustc"), *words], check=True, capture_output=True, text=True).stdout.strip()


def identity():
    """What must be the same where a pack is made and where it is taken."""
    # Compilers that call themselves the same may bring a standard library of their own.
    library = pathlib.Path(rustc("--print", "target-libdir"))
    return {
        "format": FORMAT, "host": host(), "rustc": rustc("-vV"), "evcxr": EVCXR_VERSION, "key": dependencies_key(),
        "std": sorted(path.name for path in library.glob("lib*.rlib") if path.name.startswith(("libstd-", "libcore-"))),
    }


def placeholders():
    """Folders of this machine in the texts of a pack, the longest first: one may be in another."""
    sysroot = pathlib.Path(rustc("--print", "sysroot"))
    own = {"@WARM@": warmed(), "@PROJECT@": PROJECT, "@CARGO_HOME@": cargo_home(), "@SYSROOT@": sysroot}
    # As they are called, before where they really are: rustup's folders are often links.
    pairs = [(mark, str(way)) for mark, path in own.items() for way in (path, path.resolve())]
    return sorted(pairs, key=lambda pair: -len(pair[1]))


def relocated(text, pairs, escape):
    """A text with one thing replaced by another; within JSON, as that writes it."""
    write = (lambda value: json.dumps(value)[1:-1]) if escape else str
    for old, new in pairs:
        text = text.replace(write(old), write(new))
    return text


def whole(path, beside):
    """Refuses a pack that is not as it was made, before anything of it is believed."""
    digest, found, size = hashlib.sha256(), hashlib.sha256(), path.stat().st_size
    with open(path, "rb") as file:
        left = size - len(TRAILER) - 32
        while left > 0 and (block := file.read(min(fetch.BLOCK, left))):
            left -= len(block)
            digest.update(block)
            found.update(block)
        end = file.read()
    if end[:len(TRAILER)] != TRAILER:
        raise Refused("it is cut short, or not a kernel pack")
    if end[len(TRAILER):] != digest.digest():
        raise Refused("it has been changed: its checksum does not match")
    found.update(end)
    if beside is not None and beside.split()[:1] != [found.hexdigest()]:
        raise Refused("its checksum is not the one in the .sha256 file next to it")


def fitting(manifest):
    """Refuses a pack for another machine, compiler or state of the project."""
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise Refused("its format is unknown")
    own = identity()
    first = lambda text: str(text).splitlines()[0] if text else "another compiler"  # noqa: E731
    if manifest.get("host") != own["host"]:
        raise Refused(f"it is for {manifest.get('host')}, and this is {own['host']}")
    if manifest.get("rustc") != own["rustc"] or manifest.get("std") != own["std"]:
        made, here = first(manifest.get("rustc")), first(own["rustc"])
        raise Refused(f"it is for {made}, and this is {'another build of it' if made == here else here}")
    if manifest.get("evcxr") != own["evcxr"]:
        raise Refused(f"it is for evcxr {manifest.get('evcxr')}, and this is {own['evcxr']}")
    if manifest.get("key") != own["key"]:
        raise Refused("it is for other dependencies than those in Cargo.toml and Cargo.lock")
    wanted, there = manifest.get("glibc"), c_library()
    if wanted and there and there < tuple(wanted):
        raise Refused(f"it needs glibc {wanted[0]}.{wanted[1]}, and this machine has {there[0]}.{there[1]}")


def c_library():
    with contextlib.suppress(AttributeError, ValueError, OSError):
        found = re.search(r"(\d+)\.(\d+)", os.confstr("CS_GNU_LIBC_VERSION") or "")
        return tuple(map(int, found.groups())) if found else None


def listed(manifest):
    """What a pack must hold, by path; refuses paths that lead out of it."""
    found = {}
    for entry in manifest["files"]:
        path = entry["path"]
        parts = path.split("/")
        inside = path == "evcxr_jupyter" or parts[0] == "warm" and len(parts) > 1
        if not inside or any(part in ("", ".", "..") for part in parts) or "\0" in path or "\\" in path:
            raise Refused(f"it has a file that must not be there: {path!r}")
        if path in found or entry["mode"] not in (0o644, 0o755):
            raise Refused(f"it has a file of a kind that is not allowed: {path!r}")
        found[path] = entry
    if "evcxr_jupyter" not in found:
        raise Refused("evcxr_jupyter is not in it")
    return found


def unpack(path, folder):
    """Unpacks into a new folder; each file is compared with its entry while it is written. Returns the manifest."""
    import zstandard
    pairs = [(mark, place) for mark, place in placeholders()]
    with open(path, "rb") as file, zstandard.ZstdDecompressor(max_window_size=1 << WINDOW).stream_reader(file) as plain:
        with tarfile.open(fileobj=io.BufferedReader(plain, fetch.BLOCK), mode="r|") as tar:
            first = tar.next()
            if first is None or first.name != MANIFEST or not first.isreg() or first.size > 64 * fetch.BLOCK:
                raise Refused("it does not begin with a manifest")
            manifest = json.loads(tar.extractfile(first).read())
            fitting(manifest)
            waiting = listed(manifest)
            while member := tar.next():
                entry = waiting.pop(member.name, None)
                if entry is None or not member.isreg() or member.size != entry["size"]:
                    raise Refused(f"it has a file that its manifest does not list: {member.name!r}")
                put(tar.extractfile(member), folder / member.name, entry, pairs)
    if waiting:
        raise Refused(f"{len(waiting)} files are missing, such as {min(waiting)!r}")
    return manifest


def put(stream, path, entry, pairs):
    """Writes a file, if it is what its entry says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with open(path, "xb") as file:
        while block := stream.read(fetch.BLOCK):
            digest.update(block)
            file.write(block)
    if digest.hexdigest() != entry["sha256"]:
        raise Refused(f"a file in it differs from its manifest: {entry['path']!r}")
    if entry["text"]:
        path.write_text(relocated(path.read_text(encoding="utf-8"), pairs, path.suffix == ".json"), encoding="utf-8")
    path.chmod(entry["mode"])


def settle(folder, manifest, origin):
    """Moves what was unpacked to its place: first the program, then, at once, the warmed folder."""
    if not evcxr():
        place = cache() / f"evcxr_jupyter-{EVCXR_VERSION}" / "bin" / "evcxr_jupyter"
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as beside:
            shutil.copy(folder / "evcxr_jupyter", beside)
            os.replace(pathlib.Path(beside) / "evcxr_jupyter", place)
    if warm.state() != "cold":
        return
    # A clone's files have times of their own: what was packed is up to date where the content is the same.
    made = manifest["sources"]
    same = {place: time if made.get(place) == fetch.sha256(PROJECT / place) else 0 for place, time in sources().items()}
    ready = {"key": manifest["key"], "project": str(PROJECT), "sources": dict.fromkeys(made, 0) | same}
    (folder / "warm" / "pack.json").write_text(json.dumps({"name": os.path.basename(origin), "version": manifest["version"]}))
    (folder / "warm" / "ready.json").write_text(json.dumps(ready))
    if warmed().exists():
        os.replace(warmed(), folder / "before")
    os.replace(folder / "warm", warmed())


def candidate():
    """The address of the pack to try, and whether somebody named it. None if packs are not wanted, or there is nowhere to
    look."""
    named = os.environ.get("CASEBOOK_PACK", "")
    if named == "none":
        return None
    if named:
        return named, True
    found = re.search(r'^repository *= *"([^"]+?)/*"', (PROJECT / "Cargo.toml").read_text(), re.M)
    if not found:
        say("no kernel pack available: Cargo.toml names no repository that could have one; compiling")
        return None
    return f"{found.group(1)}/releases/download/v{version()}/{name()}", False


def take():
    """Takes a pack instead of compiling, for who holds the lock on the warmed folder. Returns whether it did."""
    found = candidate()
    if not found:
        return False
    (address, named), start = found, time.monotonic()
    label = address if "://" not in address else os.path.basename(address.split("?")[0])
    above = warmed().parent
    above.mkdir(parents=True, exist_ok=True)
    for left in above.glob("unpack-*"):  # by somebody who was killed
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="unpack-", dir=above, ignore_cleanup_errors=True) as place:
        try:
            with fetch.pack(address, pathlib.Path(place), fetch.PATIENCE if named else fetch.HASTE) as (path, beside):
                whole(path, beside)
                folder = pathlib.Path(place) / "content"
                manifest = unpack(path, folder)
                with locked(cache() / "evcxr.lock"):
                    settle(folder, manifest, label)
        except fetch.Unreachable as error:
            say(f"no kernel pack available from {error}; compiling")
        except Refused as error:
            say(f"the kernel pack {label} is refused: {error}; compiling")
        except ImportError:
            say("kernel packs cannot be read without the Python package zstandard; compiling")
        except OSError as error:
            say(f"the kernel pack {label} cannot be unpacked: {error}; compiling")
        except Exception as error:  # what a damaged archive makes of its readers is not listed anywhere
            say(f"the kernel pack {label} is refused: it is damaged ({type(error).__name__}: {error}); compiling")
        else:
            say(f"the kernel is installed from the pack {label} ({time.monotonic() - start:.0f} s)")
            return True
    return False


def use():
    """Takes a pack if something would have to be compiled otherwise. Returns whether program and warmed folder are there;
    the library may still be older than the source."""
    there = lambda: warm.state() != "cold" and evcxr() is not None  # noqa: E731
    if there():
        return True
    with locked(warmed().parent / "warm.lock"):
        return there() or take()


def seed():
    """Lets cargo compile the project's library in target/, with what a pack has: then tests and command find it there."""
    if not (warmed() / "pack.json").exists():
        return
    wrapper = warm.standin().with_name("rustc-wrapper")
    wrapper.unlink(missing_ok=True)
    link(warm.standin(), wrapper)
    env = os.environ | {"RUSTC_WRAPPER": str(wrapper), "CASEBOOK_STORE": str(warmed() / "target")}
    env.pop("CASEBOOK_SESSION", None)
    done = subprocess.run(["cargo", "build", "--lib", "--all-features", "--locked"], cwd=PROJECT, env=env)
    if done.returncode != 0:
        sys.exit("casebook: the library does not compile")
