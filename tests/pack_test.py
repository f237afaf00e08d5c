"""Kernel packs: made where everything is compiled, taken by clones that have nothing, and refused."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT / "kernel"), str(PROJECT / "tests")]

import zstandard  # noqa: E402

from common import EVCXR_VERSION, host, tool  # noqa: E402
from packs import fetch  # noqa: E402
from packing import CONFIG, clean_environment, registry, rewritten, saying, sealed, serving, write  # noqa: E402

# The project: its name and crate types are this one's, since the kernel knows them.
MANIFEST = """
[package]
name = "casebook"
version = "0.1.0"
edition = "2024"
repository = "{repository}"

[lib]
crate-type = ["dylib", "rlib"]

[features]
command = ["dep:twig"]

[dependencies]
polars-utils = "1"
workspace-hack = {{ path = "workspace-hack" }}
twig = {{ version = "1", optional = true }}

[profile.dev]
opt-level = 2
debug = false
strip = "debuginfo"
rpath = true
lto = false
codegen-units = 16
incremental = true
debug-assertions = true
overflow-checks = true
panic = "unwind"
"""
# A crate of our own that the library depends on, as the project's.
HACK = """[package]
name = "workspace-hack"
version = "0.1.0"
edition = "2024"

[dependencies]
polars-utils = "1"
"""
LIBRARY = """
pub mod polars {
    pub mod prelude {
        #[derive(Debug)]
        pub struct DataFrame;
        impl DataFrame { pub fn empty() -> Self { DataFrame } }
        impl std::fmt::Display for DataFrame {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "empty") }
        }
    }
}
pub fn say() -> String { polars_utils::say() }
"""


def renamed(old, new, kind=tarfile.REGTYPE, listed=True):
    """A change of a member's name or kind, in the manifest too."""
    def change(members):
        for member, _ in members:
            if member.name == old:
                member.name, member.type, member.linkname = new, kind, "/etc/passwd"
        if listed:
            members[0][1] = members[0][1].replace(json.dumps(old).encode(), json.dumps(new).encode())
    return change


def added(name):
    def change(members):
        members.append([tarfile.TarInfo(name), b"more"])
    return change


class Packs(unittest.TestCase):
    """A pack of a small project: made where everything is compiled, taken by clones that have nothing."""

    @classmethod
    def setUpClass(cls):
        place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(place.cleanup)
        cls.top = pathlib.Path(place.name).resolve()
        cls.server, cls.asked = cls.enterClassContext(serving(cls.served)) if hasattr(cls, "enterClassContext") else cls.serve()
        cls.origin = cls.clone("origin", vendored=True)
        registry(cls.origin / "registry")
        env = cls.environment(cls.origin)
        subprocess.run([tool("cargo"), "generate-lockfile"], cwd=cls.origin, env=env, check=True, capture_output=True)
        program = cls.origin / f"cache/casebook/evcxr_jupyter-{EVCXR_VERSION}/bin/evcxr_jupyter"
        write(program.parent, {program.name: "#!/bin/sh\necho evcxr\n"})
        program.chmod(0o755)
        code, said = cls.run_kernel(cls.origin, "warm.py", pack="none")
        assert code == 0, said
        code, said = cls.run_kernel(cls.origin, "pack.py", "make")
        assert code == 0, said
        (cls.made,) = (cls.origin / "target/pack").glob("casebook-kernel-0.1.0-*.tar.zst")
        cls.data = cls.made.read_bytes()
        cls.checksum = pathlib.Path(f"{cls.made}.sha256").read_bytes()

    served = {}

    @classmethod
    def serve(cls):
        context = serving(cls.served)
        cls.addClassCleanup(context.__exit__, None, None, None)
        return context.__enter__()

    @classmethod
    def clone(cls, name, vendored=False):
        folder = cls.top / name
        files = {
            "Cargo.toml": MANIFEST.format(repository=f"{cls.server}/owner/casebook/"),
            "build.rs": 'fn main() { println!("cargo::rerun-if-changed=build.rs"); }\n', "src/lib.rs": LIBRARY,
            "sql/one.sql": "select 1", "rust-toolchain.toml": (PROJECT / "rust-toolchain.toml").read_text(),
            "workspace-hack/Cargo.toml": HACK, "workspace-hack/src/lib.rs": "",
            # A clone has no registry: nothing is where this points.
            ".cargo/config.toml": CONFIG.format(vendored=folder / ("registry" if vendored else "nowhere")),
        }
        write(folder, files)
        shutil.copytree(PROJECT / "kernel", folder / "kernel", ignore=shutil.ignore_patterns("__pycache__"))
        if name != "origin":
            shutil.copy(cls.origin / "Cargo.lock", folder)
        return folder

    @classmethod
    def environment(cls, folder, pack=None):
        (folder / "home").mkdir(exist_ok=True)
        env = clean_environment(CARGO_HOME=str(folder / "home"), XDG_CACHE_HOME=str(folder / "cache"), CARGO_NET_OFFLINE="true")
        return env if pack is None else env | {"CASEBOOK_PACK": str(pack)}

    @classmethod
    def run_kernel(cls, folder, *words, pack=None, **env):
        done = subprocess.run([sys.executable, folder / "kernel" / words[0], *words[1:]], env=cls.environment(folder, pack) | env,
                              capture_output=True, text=True, timeout=300)
        return done.returncode, done.stdout + done.stderr

    def new_clone(self, vendored=False):
        folder = self.clone(self.id().rsplit(".")[-1], vendored)
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def state(self, folder):
        return self.run_kernel(folder, "warm.py", "--state")[1].strip()

    def left(self, folder):
        """What there is of a pack in a clone, beside locks."""
        return sorted(str(path.relative_to(folder)) for top in ("target", "cache") for path in (folder / top).rglob("*")
                      if path.is_file() and path.suffix != ".lock")

    def refused(self, folder, data, checksum=None, named=True):
        """A pack is refused and leaves nothing; what was said."""
        path = folder / "given.tar.zst"
        path.write_bytes(data)
        if checksum:
            pathlib.Path(f"{path}.sha256").write_bytes(checksum)
        code, said = self.run_kernel(folder, "pack.py", "use", pack=path)
        self.assertEqual((code, self.left(folder), self.state(folder)), (0, [], "cold"), said)
        self.assertRegex(said, rf"^casebook: the kernel pack {path} is refused: .+; compiling\n$")
        self.assertEqual(list((folder / "target/kernel").glob("unpack-*")), [])
        return said

    def test_a_clone_elsewhere_takes_it(self):
        folder = self.new_clone()
        self.assertEqual(self.state(folder), "cold")
        code, said = self.run_kernel(folder, "pack.py", "use", pack=self.made)
        self.assertEqual(code, 0)
        self.assertRegex(said, r"^casebook: the kernel is installed from the pack .+ \(\d+ s\)\n$")
        self.assertEqual(self.state(folder), "ready")
        warmed = folder / "target/kernel/warm"
        program = folder / f"cache/casebook/evcxr_jupyter-{EVCXR_VERSION}/bin/evcxr_jupyter"
        self.assertEqual(subprocess.run([program], capture_output=True, text=True).stdout, "evcxr\n")
        # No text has a folder of the machine that made it, or one that was not filled in.
        for path in warmed.rglob("*"):
            if path.is_file() and path.suffix in (".json", ".toml", ".lock", ".rs") or path.name in ("output", "root-output"):
                text = path.read_text()
                self.assertNotIn(str(self.origin), text, path)
                if "build" not in path.parts:
                    self.assertNotRegex(text, "@(WARM|PROJECT|CARGO_HOME|SYSROOT)@", path)
        # What type inference reads is there, and no more.
        package = next(p for p in json.loads((warmed / "metadata.json").read_text())["packages"] if p["name"] == "polars-utils")
        self.assertEqual(package["manifest_path"], str(warmed / "sources/polars-utils-1.0.0/Cargo.toml"))
        self.assertEqual(package["targets"][0]["src_path"], str(warmed / "sources/polars-utils-1.0.0/src/lib.rs"))
        code = warmed / "sources/polars-utils-1.0.0"
        self.assertEqual(list((warmed / "sources").iterdir()), [code])
        self.assertEqual({str(path.relative_to(code)) for path in code.rglob("*") if path.is_file()},
                         {"Cargo.toml", "README.md", "build.rs", "src/lib.rs"})
        # A cell compiles, runs, and is checked without cargo.
        cell = folder / "cell.rs"
        cell.write_text('fn main() { println!("{} {}", casebook::say(), casebook::polars::prelude::DataFrame::empty()); }')
        script = "import json, sys, warm, common; print(json.dumps([warm.options(), common.linked(warm.deps())]))"
        told = subprocess.run([sys.executable, "-c", script], cwd=folder / "kernel", env=self.environment(folder),
                              capture_output=True, text=True, check=True)
        options, linked = json.loads(told.stdout)
        for emit in ("metadata", "link"):
            subprocess.run([tool("rustc"), *options, "--emit", emit, "--out-dir", folder, cell], check=True, capture_output=True)
        done = subprocess.run([folder / "cell"], env=os.environ | linked, capture_output=True, text=True)
        self.assertEqual(done.stdout, "plain 7 true empty\n")
        # It is taken once.
        self.assertEqual(self.run_kernel(folder, "pack.py", "use", pack=self.made), (0, ""))
        # And is not packed again.
        code, said = self.run_kernel(folder, "pack.py", "make")
        self.assertEqual(code, 1)
        self.assertIn("came from a pack", said)

    def test_an_edited_library_is_rebuilt_alone(self):
        folder = self.new_clone()
        with open(folder / "src/lib.rs", "a") as file:
            file.write("pub fn edited() -> i32 { 42 }\n")
        self.run_kernel(folder, "pack.py", "use", pack=self.made)
        self.assertEqual(self.state(folder), "edited")
        deps = folder / f"target/kernel/warm/target/{host()}/debug/deps"
        before = {path.name: path.stat().st_mtime_ns for path in deps.iterdir()}
        code, said = self.run_kernel(folder, "warm.py", pack="none")
        self.assertEqual((code, self.state(folder)), (0, "ready"), said)
        changed = {path.name for path in deps.glob("lib*.*") if before.get(path.name) != path.stat().st_mtime_ns}
        self.assertLessEqual(changed, {"libcasebook.so", "libcasebook.dylib", "libcasebook.rlib", "libcasebook.rmeta"})
        self.assertIn("libcasebook.rlib", changed)

    def test_a_file_that_is_gone_or_new_is_an_edit(self):
        folder = self.new_clone()
        (folder / "sql/one.sql").rename(folder / "sql/two.sql")
        self.run_kernel(folder, "pack.py", "use", pack=self.made)
        self.assertEqual(self.state(folder), "edited")

    def test_the_projects_own_build_is_seeded(self):
        folder = self.new_clone(vendored=True)
        registry(folder / "registry")
        self.run_kernel(folder, "pack.py", "use", pack=self.made)
        log = folder / "log"
        rustc = folder / "rustc"
        rustc.write_text(f'#!/bin/sh\necho "$*" >> "{log}"\nexec "{tool("rustc")}" "$@"\n')
        rustc.chmod(0o755)
        # A compiler of the same name and version, that notes what it compiles.
        code, said = self.run_kernel(folder, "pack.py", "seed", RUSTC=str(rustc))
        self.assertEqual(code, 0, said)
        compiled = [line.split()[1] for line in log.read_text().splitlines() if "--out-dir" in line]
        self.assertEqual(sorted(compiled), ["build_script_build", "casebook", "workspace_hack"])
        env = self.environment(folder) | {"RUSTC": str(rustc)}
        command = [tool("cargo"), "build", "--lib", "--all-features", "-v"]
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr.count("Fresh"), done.stderr.count("Compiling")), (0, 6, 0), done.stderr)

    def test_without_a_pack_nothing_is_seeded(self):
        self.assertEqual(self.run_kernel(self.origin, "pack.py", "seed"), (0, ""))

    def test_packing_twice_gives_the_same_bytes_and_leaves_the_kernel_as_it_is(self):
        warmed = self.origin / "target/kernel"
        before = {path: path.stat().st_mtime_ns for path in warmed.rglob("*") if path.is_file()}
        code, said = self.run_kernel(self.origin, "pack.py", "make")
        self.assertEqual((code, self.made.read_bytes() == self.data), (0, True), said)
        self.assertEqual({path: path.stat().st_mtime_ns for path in warmed.rglob("*") if path.is_file()}, before)
        self.assertEqual(self.checksum.split()[0].decode(), fetch.sha256(self.made))

    def test_packs_that_are_not_as_they_were_made(self):
        folder = self.new_clone()
        for place in (0, 40, len(self.data) // 3, len(self.data) - 60, len(self.data) - 36, len(self.data) - 1):
            self.assertIn("checksum" if place != len(self.data) - 36 else "cut short",
                          self.refused(folder, self.data[:place] + bytes([self.data[place] ^ 1]) + self.data[place + 1:]))
        for length in (0, 1, 39, 100, len(self.data) // 2, len(self.data) - 1):
            self.assertIn("cut short", self.refused(folder, self.data[:length]))
        self.assertIn(".sha256 file next to it", self.refused(folder, self.data, b"0" * 64 + b"  x\n"))
        self.assertIn(".sha256 file next to it", self.refused(folder, self.data, b"\n"))

    def test_packs_for_something_else(self):
        folder = self.new_clone()
        for change, what in (
            (saying(key="0" * 64), "other dependencies than those in Cargo.toml and Cargo.lock"),
            (saying(rustc="rustc 1.2.3 (abc)\nhost: x"), "it is for rustc 1.2.3"),
            (saying(host="riscv64-unknown-linux-gnu"), "it is for riscv64-unknown-linux-gnu"),
            (saying(evcxr="0.1.0"), "it is for evcxr 0.1.0"),
            (saying(format=99), "format"),
        ):
            self.assertIn(what, self.refused(folder, rewritten(self.data, change)))

    def test_packs_that_somebody_changed(self):
        folder = self.new_clone()
        library = f"warm/target/{host()}/debug/deps/libcasebook.rlib"

        def other_content(members):
            next(entry for entry in members if entry[0].name == library)[1] = b"x" * 10

        def same_length(members):
            entry = next(entry for entry in members if entry[0].name == library)
            entry[1] = entry[1][:-1] + bytes([entry[1][-1] ^ 1])

        def twice(members):
            members.append(members[-1])

        for change, what in (
            (other_content, "a file that its manifest does not list"),
            (same_length, "differs from its manifest"),
            (twice, "a file that its manifest does not list"),
            (added("warm/more"), "a file that its manifest does not list"),
            (added("../more"), "a file that its manifest does not list"),
            (lambda members: members.pop(), "files are missing"),
            (lambda members: members.pop(0), "does not begin with a manifest"),
            (lambda members: members.reverse(), "does not begin with a manifest"),
            (renamed("warm/Cargo.toml", "warm/../../outside"), "a file that must not be there"),
            (renamed("warm/Cargo.toml", "/tmp/outside"), "a file that must not be there"),
            (renamed("warm/Cargo.toml", "warm//Cargo.toml"), "a file that must not be there"),
            (renamed("warm/Cargo.toml", "elsewhere/Cargo.toml"), "a file that must not be there"),
            (renamed("warm/Cargo.toml", "warm/Cargo.toml", tarfile.SYMTYPE), "a file that its manifest does not list"),
            (renamed("warm/Cargo.toml", "warm/Cargo.toml", tarfile.LNKTYPE), "a file that its manifest does not list"),
            (renamed("warm/Cargo.toml", "warm/Cargo.toml", tarfile.DIRTYPE), "a file that its manifest does not list"),
            (renamed("warm/Cargo.toml", "warm/Cargo.toml", tarfile.FIFOTYPE), "a file that its manifest does not list"),
            (renamed("evcxr_jupyter", "warm/evcxr_jupyter"), "evcxr_jupyter is not in it"),
            (saying(files=[]), "evcxr_jupyter is not in it"),
            (saying(files=3), "damaged"),
        ):
            self.assertIn(what, self.refused(folder, rewritten(self.data, change)))
        self.assertFalse((folder.parent / "outside").exists() or pathlib.Path("/tmp/outside").exists())

    def test_things_that_are_no_pack(self):
        folder = self.new_clone()
        self.assertIn("not a kernel pack", self.refused(folder, b"<html>not found</html>" * 99))
        self.assertIn("damaged", self.refused(folder, sealed(b"no archive at all" * 99)))
        self.assertIn("is refused", self.refused(folder, sealed(zstandard.ZstdCompressor().compress(b"no archive" * 999))))

    def test_a_refused_pack_leaves_what_is_there(self):
        folder = self.new_clone()
        self.run_kernel(folder, "pack.py", "use", pack=self.made)
        ready = folder / "target/kernel/warm/ready.json"
        old = json.loads(ready.read_text()) | {"key": "old"}
        ready.write_text(json.dumps(old))
        before = self.left(folder)
        bad = folder / "bad.tar.zst"
        bad.write_bytes(self.data[:-1])
        self.assertIn("refused", self.run_kernel(folder, "pack.py", "use", pack=bad)[1])
        self.assertEqual((self.left(folder), json.loads(ready.read_text())), (before, old))
        # A good one takes its place.
        self.run_kernel(folder, "pack.py", "use", pack=self.made)
        self.assertEqual((self.left(folder), self.state(folder)), (before, "ready"))

    def test_the_program_alone_is_missing(self):
        folder = self.new_clone()
        self.run_kernel(folder, "pack.py", "use", pack=self.made)
        library = folder / f"target/kernel/warm/target/{host()}/debug/deps/libcasebook.rlib"
        made = library.stat().st_ino
        shutil.rmtree(folder / "cache")
        self.assertIn("the kernel is installed", self.run_kernel(folder, "pack.py", "use", pack=self.made)[1])
        self.assertTrue((folder / f"cache/casebook/evcxr_jupyter-{EVCXR_VERSION}/bin/evcxr_jupyter").exists())
        self.assertEqual(library.stat().st_ino, made)

    def test_what_somebody_who_was_killed_left_is_removed(self):
        folder = self.new_clone()
        write(folder / "target/kernel/unpack-x", {"content/warm/a": ""})
        self.run_kernel(folder, "pack.py", "use", pack=self.made)
        self.assertEqual(list((folder / "target/kernel").glob("unpack-*")), [])

    def test_addresses(self):
        folder = self.new_clone()
        self.served |= {"/here.tar.zst": self.data, "/here.tar.zst.sha256": self.checksum, "/bad.tar.zst": self.data[:99]}
        code, said = self.run_kernel(folder, "pack.py", "use", pack=f"{self.server}/none.tar.zst")
        self.assertEqual(said, f"casebook: no kernel pack available from {self.server}/none.tar.zst: there is none; compiling\n")
        code, said = self.run_kernel(folder, "pack.py", "use", pack=f"{self.server}/bad.tar.zst")
        self.assertIn("the kernel pack bad.tar.zst is refused: it is cut short", said)
        self.assertEqual(self.left(folder), [])
        self.assertIn("the kernel is installed", self.run_kernel(folder, "pack.py", "use", pack=f"{self.server}/here.tar.zst")[1])
        self.assertEqual(self.state(folder), "ready")
        shutil.rmtree(folder / "target")
        self.assertIn("the kernel is installed", self.run_kernel(folder, "pack.py", "use", pack=self.made.as_uri())[1])

    def test_the_release_of_this_version_and_platform(self):
        folder = self.new_clone()
        where = f"/owner/casebook/releases/download/v0.1.0/{self.made.name}"
        self.asked.clear()
        code, said = self.run_kernel(folder, "pack.py", "use")
        self.assertEqual((code, said),
                         (0, f"casebook: no kernel pack available from {self.server}{where}: there is none; compiling\n"))
        self.assertEqual(self.asked, [where])
        self.served |= {where: self.data, f"{where}.sha256": self.checksum}
        self.addCleanup(self.served.clear)
        self.assertEqual(self.run_kernel(folder, "pack.py", "use", pack="none"), (0, ""))
        self.assertIn(f"from the pack {self.made.name}", self.run_kernel(folder, "pack.py", "use")[1])
        self.assertEqual(self.state(folder), "ready")

    def test_no_repository_is_named(self):
        folder = self.new_clone()
        text = (folder / "Cargo.toml").read_text()
        (folder / "Cargo.toml").write_text("".join(line for line in text.splitlines(True) if "repository" not in line))
        self.assertEqual(self.run_kernel(folder, "pack.py", "use"),
                         (0, "casebook: no kernel pack available: Cargo.toml names no repository that could have one; compiling\n"))

    def test_a_cold_kernel_is_not_packed(self):
        folder = self.new_clone()
        self.assertEqual(self.run_kernel(folder, "pack.py", "make"),
                         (1, "casebook: the kernel is not ready to be packed; run `make kernel` first\n"))


if __name__ == "__main__":
    unittest.main()
