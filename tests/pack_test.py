"""Kernel packs: made, taken, refused; and what is compiled is handed to cargo. A small project of the same shape stands for
this one, and a folder for the registry: no network."""

import contextlib
import functools
import http.server
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import unittest
from unittest import mock

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "kernel"))

import zstandard  # noqa: E402

from common import EVCXR_VERSION, host, tool  # noqa: E402
from packs import fetch, making, taking  # noqa: E402

# A registry's packages: file by file. `polars-utils` has a name that type inference reads.
VENDORED = {
    "leaf": {
        "Cargo.toml": '[package]\nname = "leaf"\nversion = "1.0.0"\nedition = "2024"\nlinks = "leaf"\n',
        "build.rs": """
fn main() {
    let out = std::path::PathBuf::from(std::env::var("OUT_DIR").unwrap());
    std::fs::create_dir_all(out.join("more")).unwrap();
    let mode = std::env::var("LEAF_MODE").unwrap_or("plain".into());
    std::fs::write(out.join("more/made.rs"), format!("pub const MODE: &str = {mode:?};")).unwrap();
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=LEAF_MODE");
    println!("cargo::rerun-if-env-changed=CC");
    println!("cargo::metadata=include={}", out.join("more").display());
    println!("cargo::rustc-env=LEAF_SOURCE={}", std::env::var("CARGO_MANIFEST_DIR").unwrap());
}
""",
        "src/lib.rs": 'include!(concat!(env!("OUT_DIR"), "/more/made.rs"));\npub const SOURCE: &str = env!("LEAF_SOURCE");\n',
    },
    "magic": {
        "Cargo.toml": '[package]\nname = "magic"\nversion = "1.0.0"\nedition = "2024"\n[lib]\nproc-macro = true\n',
        "src/lib.rs": """
extern crate proc_macro;
#[proc_macro]
pub fn seven(_: proc_macro::TokenStream) -> proc_macro::TokenStream { "7".parse().unwrap() }
""",
    },
    "polars-utils": {
        "Cargo.toml": '[package]\nname = "polars-utils"\nversion = "1.0.0"\nedition = "2024"\n'
                      '[dependencies]\nleaf = "1"\nmagic = "1"\n',
        "build.rs": """
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let include = std::env::var("DEP_LEAF_INCLUDE").unwrap();
    println!("cargo::rustc-env=STEM_INCLUDES={}", std::path::Path::new(&include).join("made.rs").exists());
}
""",
        "src/lib.rs": '#![doc = include_str!("../README.md")]\npub fn say() -> String '
                      '{ format!("{} {} {}", leaf::MODE, magic::seven!(), env!("STEM_INCLUDES")) }\n',
        "README.md": "What a stem says.\n",
        "NEWS.md": "Nothing reads this.\n",
        "tests/all.rs": "",
    },
    "twig": {
        "Cargo.toml": '[package]\nname = "twig"\nversion = "1.0.0"\nedition = "2024"\n',
        "src/lib.rs": "pub fn two() -> i32 { 2 }\n",
    },
}
CONFIG = """
[build]
target = "host-tuple"
rustflags = ["-Cprefer-dynamic"]
[source.crates-io]
replace-with = "folder"
[source.folder]
directory = "{vendored}"
[net]
offline = true
"""
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
APP = '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2024"\n[dependencies]\npolars-utils = "1"\n'
WRAPPER = """
#[path = "{store}"]
mod store;
use std::io::Write as _;
use std::{{env, fs, process}};

fn main() {{
    if let Some(code) = store::replay() {{
        process::exit(code);
    }}
    let words: Vec<_> = env::args_os().skip(1).collect();
    let served = store::serve(env::var_os("STORE").unwrap().as_ref(), &words[1..]);
    process::exit(served.unwrap_or_else(|| {{
        let compiles = words.iter().any(|word| word == "--out-dir");
        if let Some(place) = words.iter().position(|word| word == "--crate-name").filter(|_| compiles) {{
            let mut log = fs::File::options().create(true).append(true).open(env::var_os("LOG").unwrap()).unwrap();
            // In one write: compilers run side by side.
            log.write_all(format!("{{}}\\n", words[place + 1].display()).as_bytes()).unwrap();
        }}
        process::Command::new(&words[0]).args(&words[1..]).status().unwrap().code().unwrap()
    }}));
}}
"""


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def registry(folder):
    for package, files in VENDORED.items():
        write(folder / package, files | {".cargo-checksum.json": '{"files":{}}'})


def clean_environment(**more):
    """This process's environment without what would lead cargo or a pack elsewhere."""
    own = ("CARGO", "RUSTC", "RUSTFLAGS", "CASEBOOK", "XDG_CACHE", "LEAF")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return kept | {"PYTHONDONTWRITEBYTECODE": "1"} | more


class Store(unittest.TestCase):
    """Cargo gets what is compiled already, in another folder and with another CARGO_HOME."""

    @classmethod
    def setUpClass(cls):
        place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(place.cleanup)
        cls.top = pathlib.Path(place.name).resolve()
        (cls.top / "main.rs").write_text(WRAPPER.format(store=PROJECT / "kernel/standin/store.rs"))
        cls.wrapper = cls.top / "rustc-wrapper"
        options = ["--edition=2024", "-D", "warnings", "-O", "-o", cls.wrapper]
        subprocess.run([tool("rustc"), *options, cls.top / "main.rs"], check=True)
        cls.first = cls.workspace("first")
        cls.cargo(cls.first, "build", "--lib")
        cls.store = cls.first / "target"

    @classmethod
    def workspace(cls, name):
        folder, vendored = cls.top / name / "app", cls.top / name / "registry"
        registry(vendored)
        write(folder, {
            "Cargo.toml": APP, "src/lib.rs": "pub fn say() -> String { polars_utils::say() }\n",
            "src/main.rs": 'fn main() { println!("{}", app::say()) }', ".cargo/config.toml": CONFIG.format(vendored=vendored),
        })
        return folder

    @classmethod
    def cargo(cls, folder, *words, store=None, **env):
        """What cargo says, and the crates that the compiler ran for, sorted."""
        log = folder / "log"
        log.unlink(missing_ok=True)
        env = clean_environment(CARGO_HOME=str(folder.parent / "home"), RUSTC=tool("rustc"), **env)
        if store:
            env |= {"RUSTC_WRAPPER": str(cls.wrapper), "STORE": str(store), "LOG": str(log)}
        done = subprocess.run([tool("cargo"), *words], cwd=folder, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr, sorted(log.read_text().split()) if log.exists() else []

    def test_only_the_workspaces_own_is_compiled_and_cargo_is_content_without_us(self):
        folder = self.workspace("second")
        said, ran = self.cargo(folder, "build", "--lib", store=self.store)
        self.assertIn("Compiling polars-utils", said)
        self.assertEqual(ran, ["app"])
        self.assertEqual(len(list(folder.glob("target/debug/build/*/casebook-script"))), 2)
        (made,) = folder.glob(f"target/{host()}/debug/build/leaf-*/out/more/made.rs")
        self.assertEqual(made.read_text(), 'pub const MODE: &str = "plain";')
        (output,) = folder.glob(f"target/{host()}/debug/build/leaf-*/output")
        self.assertNotIn(str(self.first), output.read_text())
        self.assertIn(f"include={folder}/target/", output.read_text())
        said, _ = self.cargo(folder, "build", "--lib", "-v")
        self.assertEqual((said.count("Fresh"), said.count("Compiling"), said.count("Dirty")), (4, 0, 0), said)
        self.assertEqual(self.cargo(folder, "run", "--quiet")[0].strip(), "plain 7 true")

    def test_hashes_are_the_same_with_and_without_a_wrapper(self):
        folder = self.workspace("wrapped")
        _, ran = self.cargo(folder, "build", "--lib", store=self.top / "nothing")
        self.assertEqual(ran, ["app", "build_script_build", "build_script_build", "leaf", "magic", "polars_utils"])
        def names(top):
            return {str(path.relative_to(top)) for path in top.rglob("*") if "incremental" not in path.parts}
        self.assertEqual(names(folder / "target"), names(self.first / "target"))

    def test_a_variable_that_a_script_watches_compiles_what_depends_on_it(self):
        folder = self.workspace("other")
        _, ran = self.cargo(folder, "build", "--lib", store=self.store, LEAF_MODE="other")
        self.assertEqual(ran, ["app", "leaf", "polars_utils"])  # the script is compiled when it is run
        self.assertEqual(self.cargo(folder, "run", "--quiet", LEAF_MODE="other")[0].strip(), "other 7 true")
        # There and back again, in one folder.
        for mode, expected in (("", ["app"]), ("other", ["app", "leaf", "polars_utils"])):
            env = {"LEAF_MODE": mode} if mode else {}
            self.assertEqual(self.cargo(folder, "build", "--lib", store=self.store, **env)[1], expected)
            self.assertEqual(self.cargo(folder, "run", "--quiet", **env)[0].strip(), f"{mode or 'plain'} 7 true")

    def test_another_c_compiler_is_no_other_library(self):
        folder = self.workspace("compiler")
        self.assertEqual(self.cargo(folder, "build", "--lib", store=self.store, CC="/usr/bin/cc-of-conda")[1], ["app"])

    def test_other_flags_are_another_compilation(self):
        folder = self.workspace("flags")
        flags = "-Cprefer-dynamic -Ctarget-cpu=native"
        _, ran = self.cargo(folder, "build", "--lib", store=self.store, RUSTFLAGS=flags)
        self.assertEqual(ran, ["app", "leaf", "polars_utils"])

    def test_what_misses_a_dependency_is_compiled_with_it(self):
        store = self.top / "part"
        shutil.copytree(self.store, store)
        for path in store.glob("*/debug/deps/libleaf-*"):
            path.unlink()
        folder = self.workspace("missing")
        _, ran = self.cargo(folder, "build", "--lib", store=store)
        self.assertEqual(ran, ["app", "leaf", "polars_utils"])
        self.assertEqual(self.cargo(folder, "run", "--quiet")[0].strip(), "plain 7 true")

    def test_a_store_that_went_away(self):
        store = self.top / "gone"
        shutil.copytree(self.store, store)
        folder = self.workspace("without")
        self.cargo(folder, "build", "--lib", store=store)
        shutil.rmtree(store)
        self.assertEqual(self.cargo(folder, "run", "--quiet", LEAF_MODE="later")[0].strip(), "later 7 true")

    def test_a_file_with_two_names_is_not_written_into(self):
        folder = self.workspace("linked")
        self.cargo(folder, "build", "--lib", store=self.store)
        (made,) = folder.glob(f"target/{host()}/debug/deps/libleaf-*.rlib")
        made.write_bytes(b"shared")
        os.link(made, self.top / "kept")
        for path in folder.glob(f"target/{host()}/debug/.fingerprint/leaf-*"):
            shutil.rmtree(path)
        self.cargo(folder, "build", "--lib", store=self.store)
        self.assertEqual((self.top / "kept").read_bytes(), b"shared")
        self.assertGreater(made.stat().st_size, 100)


class Shelf(http.server.BaseHTTPRequestHandler):
    """Serves what `files` has; `stalls` answers and then says nothing more; `breaks` promises more than it sends."""

    files = {}

    def do_GET(self):
        self.asked.append(self.path)
        if self.path not in self.files:
            return self.send_error(404)
        data = self.files[self.path]
        self.send_response(200)
        self.send_header("Content-Length", str(len(data) + (1 if "breaks" in self.path else 0)))
        self.end_headers()
        self.wfile.write(data[:1] if "stalls" in self.path else data)
        if "stalls" in self.path:
            self.server.over.wait(20)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(files):
    handler = type("Handler", (Shelf,), {"files": files, "asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.over = threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", handler.asked
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()


class Fetching(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.folder = pathlib.Path(place.name)

    def unreachable(self, address):
        start = time.monotonic()
        with mock.patch("sys.stderr", io.StringIO()), self.assertRaises(fetch.Unreachable) as raised:
            with fetch.pack(address, self.folder, timeout=1):
                pass
        self.assertLess(time.monotonic() - start, 10)
        self.assertEqual(list(self.folder.iterdir()), [])
        return str(raised.exception)

    def test_what_cannot_be_had_is_said(self):
        with serving({"/stalls": b"abc", "/breaks": b"abc"}) as (server, _):
            self.assertEqual(self.unreachable(f"{server}/none"), f"{server}/none: there is none")
            self.assertEqual(self.unreachable(f"{server}/stalls"), f"{server}/stalls: the server does not answer")
            self.assertIn("ended after 3 of 4 bytes", self.unreachable(f"{server}/breaks"))
        self.assertIn("refused", self.unreachable(f"{server}/late"))
        self.assertIn("there is no such file", self.unreachable(str(self.folder / "none")))
        self.assertIn("none.tar", self.unreachable((self.folder / "none.tar").as_uri()))

    def test_what_takes_longer_than_compiling_is_not_waited_for(self):
        with mock.patch("sys.stderr", io.StringIO()):
            progress = fetch.Progress("http://there/pack", 300_000_000)
        progress.start -= 60
        progress.update(100_000_000)
        with self.assertRaisesRegex(fetch.Unreachable, "it would take 299 minutes"):
            progress.update(1_000_000)

    def test_a_pack_and_its_checksum(self):
        with serving({"/a.tar.zst": b"abc", "/a.tar.zst.sha256": b"12  a.tar.zst\n", "/b": b"d"}) as (server, _):
            with mock.patch("sys.stderr", io.StringIO()) as said:
                with fetch.pack(f"{server}/a.tar.zst", self.folder) as (path, beside):
                    self.assertEqual((path.read_bytes(), beside), (b"abc", "12  a.tar.zst\n"))
                with fetch.pack(f"{server}/b", self.folder) as (path, beside):
                    self.assertEqual((path.read_bytes(), beside), (b"d", None))
            self.assertIn("downloading the kernel pack, 0 MB", said.getvalue())
        self.assertEqual(list(self.folder.iterdir()), [])


def rewritten(data, change):
    """A pack with other content, sealed like one that somebody made on purpose. `change` gets its members, in order:
    `[TarInfo, bytes]`."""
    plain = zstandard.ZstdDecompressor().decompressobj().decompress(data[:-40])
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        members = [[member, tar.extractfile(member).read()] for member in tar]
    change(members)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for member, content in members:
            member.size = len(content) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(content))
    return sealed(zstandard.ZstdCompressor(level=1).compress(out.getvalue()))


def sealed(data):
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        making.seal(file.name)
        return pathlib.Path(file.name).read_bytes()


def saying(**values):
    """A change of the manifest."""
    def change(members):
        members[0][1] = json.dumps(json.loads(members[0][1]) | values).encode()
    return change


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


class Tiny(unittest.TestCase):
    """Each byte of a pack counts."""

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.top = pathlib.Path(place.name)
        (self.top / "program").write_text("#!/bin/sh\necho evcxr\n")
        (self.top / "program").chmod(0o755)
        found = {
            "warm/Cargo.toml": ('path = "@PROJECT@"', True), "warm/library.json": (json.dumps({"args": ["@WARM@/x"]}), True),
            "warm/target/debug/deps/liba-0123456789abcdef.rlib": (b"abc".decode() * 20, False),
            "evcxr_jupyter": (self.top / "program", False),
        }
        self.path = self.top / "tiny.tar.zst"
        with mock.patch.object(making, "sources", lambda: ["Cargo.toml"]):
            making.write(found, self.path)
            first = self.path.read_bytes()
            making.write(found, self.path)
        self.data = self.path.read_bytes()
        self.assertEqual(first, self.data)  # the same content, the same bytes

    def unpacked(self, name):
        folder = self.top / name
        try:
            taking.unpack(self.path, folder)
            files = [path for path in folder.rglob("*") if path.is_file()]
            return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mode) for path in files}
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def test_it_is_unpacked_with_this_machines_folders(self):
        taking.whole(self.path, self.path.with_name("tiny.tar.zst.sha256").read_text())
        files = self.unpacked("good")
        self.assertEqual(files["warm/Cargo.toml"][0], f'path = "{PROJECT}"'.encode())
        self.assertEqual(json.loads(files["warm/library.json"][0]), {"args": [f"{taking.warmed()}/x"]})
        self.assertEqual({path: oct(mode & 0o777) for path, (_, mode) in files.items()}, {
            "warm/Cargo.toml": "0o644", "warm/library.json": "0o644", "evcxr_jupyter": "0o755",
            "warm/target/debug/deps/liba-0123456789abcdef.rlib": "0o644",
        })

    def test_any_other_byte_is_noticed(self):
        for place in range(len(self.data)):
            with self.subTest(place):
                self.path.write_bytes(self.data[:place] + bytes([self.data[place] ^ 0x20]) + self.data[place + 1:])
                with self.assertRaises(taking.Refused):
                    taking.whole(self.path, None)

    def test_any_length_is_noticed(self):
        for length in range(len(self.data)):
            self.path.write_bytes(self.data[:length])
            with self.assertRaises(taking.Refused):
                taking.whole(self.path, None)
        self.path.write_bytes(self.data + b"x")
        with self.assertRaises(taking.Refused):
            taking.whole(self.path, None)

    def test_another_byte_below_a_right_seal_changes_nothing_that_is_unpacked(self):
        good = self.unpacked("good")
        for place in range(len(self.data) - 40):
            self.path.write_bytes(sealed(self.data[:place] + bytes([self.data[place] ^ 0x11]) + self.data[place + 1:-40]))
            taking.whole(self.path, None)
            with contextlib.suppress(Exception):
                self.assertEqual(self.unpacked(f"bad{place}"), good)

    def test_a_library_that_has_the_compilers_name_but_is_another(self):
        with mock.patch.object(taking, "identity", functools.partial(dict, taking.identity(), std=["libstd-0.rlib"])):
            with self.assertRaisesRegex(taking.Refused, "another build of it"):
                self.unpacked("std")

    def test_an_older_c_library(self):
        self.path.write_bytes(rewritten(self.data, saying(glibc=[2, 34])))
        with mock.patch.object(taking, "c_library", lambda: (2, 31)), self.assertRaisesRegex(taking.Refused, r"needs glibc 2\.34"):
            self.unpacked("old")
        for there in ((2, 34), (2, 40), None):  # none: another system's
            with mock.patch.object(taking, "c_library", lambda: there):
                self.assertIn("evcxr_jupyter", self.unpacked("new"))


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
        self.assertRegex(said, r"^casebook: the kernel is here, from the pack .+ \(\d+ s\)\n$")
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
        self.assertEqual(sorted(compiled), ["build_script_build", "casebook"])
        env = self.environment(folder) | {"RUSTC": str(rustc)}
        command = [tool("cargo"), "build", "--lib", "--all-features", "-v"]
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr.count("Fresh"), done.stderr.count("Compiling")), (0, 5, 0), done.stderr)

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
        self.assertIn(".sha256 beside it", self.refused(folder, self.data, b"0" * 64 + b"  x\n"))
        self.assertIn(".sha256 beside it", self.refused(folder, self.data, b"\n"))

    def test_packs_for_something_else(self):
        folder = self.new_clone()
        for change, what in (
            (saying(key="0" * 64), "other dependencies than Cargo.toml and Cargo.lock"),
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
            (other_content, "holds what its manifest does not"),
            (same_length, "not what the manifest says"),
            (twice, "holds what its manifest does not"),
            (added("warm/more"), "holds what its manifest does not"),
            (added("../more"), "holds what its manifest does not"),
            (lambda members: members.pop(), "files are missing"),
            (lambda members: members.pop(0), "does not begin with a manifest"),
            (lambda members: members.reverse(), "does not begin with a manifest"),
            (renamed("warm/Cargo.toml", "warm/../../outside"), "a file where none may be"),
            (renamed("warm/Cargo.toml", "/tmp/outside"), "a file where none may be"),
            (renamed("warm/Cargo.toml", "warm//Cargo.toml"), "a file where none may be"),
            (renamed("warm/Cargo.toml", "elsewhere/Cargo.toml"), "a file where none may be"),
            (renamed("warm/Cargo.toml", "warm/Cargo.toml", tarfile.SYMTYPE), "holds what its manifest does not"),
            (renamed("warm/Cargo.toml", "warm/Cargo.toml", tarfile.LNKTYPE), "holds what its manifest does not"),
            (renamed("warm/Cargo.toml", "warm/Cargo.toml", tarfile.DIRTYPE), "holds what its manifest does not"),
            (renamed("warm/Cargo.toml", "warm/Cargo.toml", tarfile.FIFOTYPE), "holds what its manifest does not"),
            (renamed("evcxr_jupyter", "warm/evcxr_jupyter"), "evcxr_jupyter is not in it"),
            (saying(files=[]), "evcxr_jupyter is not in it"),
            (saying(files=3), "damaged"),
        ):
            self.assertIn(what, self.refused(folder, rewritten(self.data, change)))
        self.assertFalse((folder.parent / "outside").exists() or pathlib.Path("/tmp/outside").exists())

    def test_things_that_are_no_pack(self):
        folder = self.new_clone()
        self.assertIn("no kernel pack", self.refused(folder, b"<html>not found</html>" * 99))
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
        self.assertIn("the kernel is here", self.run_kernel(folder, "pack.py", "use", pack=self.made)[1])
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
        self.assertEqual(said, f"casebook: no kernel pack to take from {self.server}/none.tar.zst: there is none; compiling\n")
        code, said = self.run_kernel(folder, "pack.py", "use", pack=f"{self.server}/bad.tar.zst")
        self.assertIn("the kernel pack bad.tar.zst is refused: it is cut short", said)
        self.assertEqual(self.left(folder), [])
        self.assertIn("the kernel is here", self.run_kernel(folder, "pack.py", "use", pack=f"{self.server}/here.tar.zst")[1])
        self.assertEqual(self.state(folder), "ready")
        shutil.rmtree(folder / "target")
        self.assertIn("the kernel is here", self.run_kernel(folder, "pack.py", "use", pack=self.made.as_uri())[1])

    def test_the_release_of_this_version_and_platform(self):
        folder = self.new_clone()
        where = f"/owner/casebook/releases/download/v0.1.0/{self.made.name}"
        self.asked.clear()
        code, said = self.run_kernel(folder, "pack.py", "use")
        self.assertEqual((code, said),
                         (0, f"casebook: no kernel pack to take from {self.server}{where}: there is none; compiling\n"))
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
                         (0, "casebook: no kernel pack to take: Cargo.toml names no repository that could have one; compiling\n"))

    def test_a_cold_kernel_is_not_packed(self):
        folder = self.new_clone()
        self.assertEqual(self.run_kernel(folder, "pack.py", "make"),
                         (1, "casebook: the kernel is not ready to be packed; run `make kernel` first\n"))


if __name__ == "__main__":
    unittest.main()
