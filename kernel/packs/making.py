"""Makes kernel packs."""

import hashlib
import io
import json
import os
import pathlib
import re
import stat
import subprocess
import sys
import tarfile
import tempfile
import time

import warm
from common import PROJECT, evcxr, host, locked, say, sources, target, tool, warmed

from . import fetch, taking

# Five minutes of compressing; unpacking takes as long at any level.
LEVEL = 19
# In the warmed folder: only of use where it was made, or rewritten where it is installed.
LEFT_OUT = {"ready.json", "pack.json", "build.log", "target"}
# Instead of rustc, to see what cargo has without compiling anything but our own build script and workspace-hack, which are small.
REFUSE = """#!/bin/sh
case " $* " in
*" --crate-name workspace_hack "*) exec "$@" ;;
*" --crate-name build_script_build "*) test "$CARGO_PKG_NAME" = casebook && exec "$@" ;;
*" --emit="*) ;;
*) exec "$@" ;;
esac
exit 1
"""


def compiled(folder, top, *words):
    """What cargo has compiled for a build: files and folders of build scripts, all below `top`; and where packages' sources
    are. Cargo is asked in a copy, because it removes what it thinks is old."""
    with tempfile.TemporaryDirectory(prefix="list-", dir=warmed().parent) as place:
        copy, refuse = pathlib.Path(place, "target"), pathlib.Path(place, "refuse")
        warm.seed(pathlib.Path(place), top)
        refuse.write_text(REFUSE)
        refuse.chmod(0o755)
        env = warm.environment() | {
            "CARGO_TARGET_DIR": str(copy), "CARGO_BUILD_BUILD_DIR": str(copy), "RUSTC_WRAPPER": str(refuse),
            "CARGO_NET_OFFLINE": "true",
        }
        command = [tool("cargo"), "build", *words, "--message-format=json"]
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    refused = set(re.findall(r"could not compile `([^`]+)`", done.stderr))
    if refused != {"casebook"}:
        sys.exit(f"{done.stderr}casebook: what cargo compiled is not what the kernel uses; remove {warmed()}, "
                 "and run `CASEBOOK_PACK=none make pack`")
    files, scripts, places = [], [], set()
    for line in done.stdout.splitlines():
        message = json.loads(line)
        # Our own crates' identifiers begin with their path; those of others with where they come from.
        if message.get("package_id", "path").startswith("path"):
            continue
        if message["reason"] == "compiler-artifact":
            places.add(str(pathlib.Path(message["manifest_path"]).parent.parent))
        if message["reason"] == "compiler-artifact" and message["target"]["kind"] != ["custom-build"]:
            files += [pathlib.Path(path).relative_to(copy) for path in message["filenames"]]
        elif message["reason"] == "build-script-executed":
            scripts.append(pathlib.Path(message["out_dir"]).parent.relative_to(copy))
    return files, scripts, places


def script_files(top, folder, registries):
    """What a build script left: `{path below top: content}`, with placeholders where it names folders."""
    once = (top / folder / "root-output").read_text()
    pairs = [(once[:-len(str(folder / "out"))].rstrip("/"), "@TARGET@")]
    pairs += [(place, "@REGISTRY@") for place in sorted(registries, key=len, reverse=True)]
    texts = {folder / part: taking.relocated((top / folder / part).read_text(), pairs, False) for part in ("output", "root-output")}
    for record in (top / folder.parent.parent / ".fingerprint" / folder.name).glob("run-build-script-*.json"):
        texts[record.relative_to(top)] = record.read_text()
    files = [path for path in (top / folder / "out").rglob("*") if path.is_file() and path.suffix != ".o"]
    return texts | {path.relative_to(top): path for path in files}


def crate_sources():
    """What type inference reads: `{path in the pack: file}`, and where the packages were and will be."""
    found, moved = {}, []
    for package in json.loads((warmed() / "metadata.json").read_text())["packages"]:
        if not package["source"]:
            continue
        top = pathlib.Path(package["manifest_path"]).parent
        place = pathlib.PurePosixPath("sources", f"{package['name']}-{package['version']}")
        moved.append((f"{top}/", f"@WARM@/{place}/"))
        code = [path for path in top.rglob("*.rs") if path.relative_to(top).parts[0] not in ("tests", "benches", "examples")]
        files = {top / "Cargo.toml", *code}
        for path in code:
            for included in re.findall(r'include(?:_str|_bytes)?!\(\s*"([^"]+)"', path.read_text(errors="replace")):
                beside = (path.parent / included).resolve()
                if beside.is_file() and beside.is_relative_to(top.resolve()):
                    files.add(top / beside.relative_to(top.resolve()))
        found |= {f"warm/{place}/{path.relative_to(top)}": path for path in files}
    return found, moved


def crate(path):
    """How a pack is sorted: files that resemble each other side by side, by crate, whichever build they are of."""
    base = os.path.basename(path)
    if path.endswith((".rlib", ".rmeta", ".so", ".dylib")):
        return (1, re.sub(r"^lib|-[0-9a-f]{16}", "", base).rsplit(".", 1)[0], base.rsplit(".", 1)[0], path)
    return (0, path)


def contents():
    """All of a pack: `{path: (content or file, whether it has placeholders)}`."""
    found, moved = crate_sources()
    found = {path: (file, False) for path, file in found.items()}
    builds = [
        (warmed(), warmed() / "target", "--config", str(warm.DEPENDENCIES), "--target", host()),
        (PROJECT, target(), "--lib", "--all-features", "--locked"),
    ]
    for folder, top, *words in builds:
        files, scripts, registries = compiled(folder, top, *words)
        for script in scripts:
            found |= {f"warm/target/{path}": (file, False) for path, file in script_files(top, script, registries).items()}
        for path in files:
            found.setdefault(f"warm/target/{path}", (top / path, False))
    for path in warm.library():
        found[f"warm/{path.relative_to(warmed())}"] = (path, False)
    pairs = moved + [(folder, mark) for mark, folder in taking.placeholders()]
    for path in warmed().rglob("*"):
        place = path.relative_to(warmed())
        if not path.is_file() or place.parts[0] in LEFT_OUT:
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            found[f"warm/{place}"] = (path, False)
            continue
        new = taking.relocated(text, pairs, path.suffix == ".json")
        found[f"warm/{place}"] = (new, new != text)
    found["evcxr_jupyter"] = (pathlib.Path(evcxr()), False)
    return {path: found[path] for path in sorted(found, key=crate)}


def glibc(files):
    """The version of the C library that programs and shared objects ask for, or None."""
    found = set()
    for file in files:
        found |= set(re.findall(rb"\0GLIBC_2\.(\d+)(?=\0)", file.read_bytes()))
    return [2, max(map(int, found))] if found else None


def write(found, path):
    """Writes a pack. The same content gives the same bytes."""
    import zstandard
    entries, data = [], {}
    for place, (content, text) in found.items():
        if isinstance(content, str):
            data[place] = content.encode()
            size, digest, mode = len(data[place]), hashlib.sha256(data[place]).hexdigest(), 0o644
        else:
            size, digest = content.stat().st_size, fetch.sha256(content)
            mode = 0o755 if content.stat().st_mode & stat.S_IXUSR else 0o644
        entries.append({"path": place, "size": size, "mode": mode, "sha256": digest, "text": text})
    programs = [found[entry["path"]][0] for entry in entries if entry["mode"] == 0o755]
    manifest = taking.identity() | {
        "version": taking.version(), "glibc": glibc(programs), "files": entries,
        "sources": {place: fetch.sha256(PROJECT / place) for place in sources()},
    }
    data[taking.MANIFEST] = json.dumps(manifest, indent=1).encode()
    entries = [{"path": taking.MANIFEST, "size": len(data[taking.MANIFEST]), "mode": 0o644}, *entries]
    settings = zstandard.ZstdCompressionParameters.from_level(
        LEVEL, window_log=taking.WINDOW, enable_ldm=True, write_checksum=True, threads=-1)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with open(part, "wb") as file:
        with zstandard.ZstdCompressor(compression_params=settings).stream_writer(file, closefd=False) as packed:
            with tarfile.open(fileobj=packed, mode="w|", format=tarfile.GNU_FORMAT) as tar:
                for entry in entries:
                    member = tarfile.TarInfo(entry["path"])
                    member.size, member.mode = entry["size"], entry["mode"]
                    content = data.get(entry["path"])
                    with io.BytesIO(content) if content is not None else open(found[entry["path"]][0], "rb") as stream:
                        tar.addfile(member, stream)
    seal(part)
    os.replace(part, path)
    pathlib.Path(f"{path}.sha256").write_text(f"{fetch.sha256(path)}  {path.name}\n")
    return sum(entry["size"] for entry in entries)


def seal(path):
    """Puts the checksum of all before at the end of a file."""
    digest = fetch.sha256(path)
    with open(path, "ab") as file:
        file.write(taking.TRAILER + bytes.fromhex(digest))


def make():
    start = time.monotonic()
    with locked(warmed().parent / "warm.lock", shared=True):
        if warm.state() != "ready" or not evcxr():
            sys.exit("casebook: the kernel is not ready to be packed; run `make kernel` first")
        if (warmed() / "pack.json").exists():
            sys.exit("casebook: this kernel came from a pack, which is all there is to pack; to make one from what is compiled "
                     f"here, remove {warmed()} and run `CASEBOOK_PACK=none make pack`")
        say("packing the kernel, about 5 minutes")
        path = target() / "pack" / taking.name()
        size = write(contents(), path)
    say(f"{path}: {path.stat().st_size / 1e6:.0f} MB, {size / 1e6:.0f} MB unpacked ({time.monotonic() - start:.0f} s)")
