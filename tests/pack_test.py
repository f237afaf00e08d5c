"""Kernel packs: made, taken, refused; and what is compiled is handed to cargo. No network."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "kernel"))

from common import host, tool  # noqa: E402

# A package's files, by path, in a workspace whose registry is a folder.
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
        "src/lib.rs": 'include!(concat!(env!("OUT_DIR"), "/more/made.rs"));\npub fn source() -> &\'static str { env!("LEAF_SOURCE") }\n',
    },
    "magic": {
        "Cargo.toml": '[package]\nname = "magic"\nversion = "1.0.0"\nedition = "2024"\n[lib]\nproc-macro = true\n',
        "src/lib.rs": """
extern crate proc_macro;
#[proc_macro]
pub fn seven(_: proc_macro::TokenStream) -> proc_macro::TokenStream { "7".parse().unwrap() }
""",
    },
    "stem": {
        "Cargo.toml": '[package]\nname = "stem"\nversion = "1.0.0"\nedition = "2024"\n[dependencies]\nleaf = "1"\nmagic = "1"\n',
        "build.rs": """
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let include = std::env::var("DEP_LEAF_INCLUDE").unwrap();
    println!("cargo::rustc-env=STEM_INCLUDES={}", std::path::Path::new(&include).join("made.rs").exists());
}
""",
        "src/lib.rs": 'pub fn say() -> String { format!("{} {} {}", leaf::MODE, magic::seven!(), env!("STEM_INCLUDES")) }\n',
    },
}
MANIFEST = '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2024"\n[dependencies]\nstem = "1"\n'
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
        if let Some(place) = words.iter().position(|word| word == "--out-dir") {{
            let mut log = fs::File::options().create(true).append(true).open(env::var_os("LOG").unwrap()).unwrap();
            writeln!(log, "{{}}", words[place + 1].display()).unwrap();
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


class Store(unittest.TestCase):
    """Cargo gets what is compiled already, in another folder and with another CARGO_HOME."""

    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory()
        cls.top = pathlib.Path(cls.place.name).resolve()
        (cls.top / "main.rs").write_text(WRAPPER.format(store=PROJECT / "kernel/standin/store.rs"))
        cls.wrapper = cls.top / "rustc-wrapper"
        subprocess.run([tool("rustc"), "--edition=2024", "-O", "-o", cls.wrapper, cls.top / "main.rs"], check=True)
        cls.first = cls.workspace("first")
        cls.cargo(cls.first, "build", "--lib")
        cls.store = cls.first / "target"

    @classmethod
    def tearDownClass(cls):
        cls.place.cleanup()

    @classmethod
    def workspace(cls, name, lib="pub fn say() -> String { stem::say() }\n"):
        folder = cls.top / name / "app"
        vendored = cls.top / name / "registry"
        for package, files in VENDORED.items():
            write(vendored / package, files | {".cargo-checksum.json": '{"files":{}}'})
        write(folder, {"Cargo.toml": MANIFEST, "src/lib.rs": lib, "src/main.rs": "fn main() { println!(\"{}\", app::say()) }",
                       ".cargo/config.toml": CONFIG.format(vendored=vendored)})
        return folder

    @classmethod
    def cargo(cls, folder, *words, store=None, **env):
        """What cargo says, and which crates the compiler ran for."""
        log = folder / "log"
        log.unlink(missing_ok=True)
        keep = {name: value for name, value in os.environ.items() if not name.startswith(("CARGO", "RUSTC", "RUSTFLAGS"))}
        env = keep | env | {"CARGO_HOME": str(folder.parent / "home"), "RUSTC": tool("rustc")}
        if store:
            env |= {"RUSTC_WRAPPER": str(cls.wrapper), "STORE": str(store), "LOG": str(log)}
        done = subprocess.run([tool("cargo"), *words, "--offline"], cwd=folder, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        ran = log.read_text().splitlines() if log.exists() else []
        return done.stderr, [pathlib.Path(line).name for line in ran]

    def say(self, folder, **env):
        keep = dict(os.environ) | env | {"CARGO_HOME": str(folder.parent / "home"), "RUSTC": tool("rustc")}
        return subprocess.run([tool("cargo"), "run", "--quiet", "--offline"], cwd=folder, env=keep, capture_output=True, text=True).stdout.strip()

    def test_nothing_is_compiled_twice_and_cargo_is_content_without_us(self):
        folder = self.workspace("second")
        said, ran = self.cargo(folder, "build", "--lib", store=self.store)
        self.assertIn("Compiling stem", said)
        self.assertEqual(ran, ["deps"])  # the workspace's own crate alone
        self.assertTrue(list(folder.glob("target/debug/build/leaf-*/casebook-script")))
        (made,) = folder.glob(f"target/{host()}/debug/build/leaf-*/out/more/made.rs")
        self.assertEqual(made.read_text(), 'pub const MODE: &str = "plain";')
        (output,) = folder.glob(f"target/{host()}/debug/build/leaf-*/output")
        self.assertNotIn(str(self.top / "first" / "app"), output.read_text())
        self.assertIn(f"include={folder}/target/", output.read_text())
        said, _ = self.cargo(folder, "build", "--lib", "-v")
        self.assertNotIn("Compiling", said)
        self.assertNotIn("Dirty", said)
        self.assertIn("Fresh stem", said)
        self.assertEqual(self.say(folder), "plain 7 true")

    def test_hashes_are_the_same_with_and_without_a_wrapper(self):
        folder = self.workspace("wrapped")
        _, ran = self.cargo(folder, "build", "--lib", store=self.top / "nothing")
        self.assertEqual(len(ran), 6)  # three crates, two scripts, the workspace's own
        def names(top):
            return {str(path.relative_to(top)) for pattern in ("*/deps/*", "*/build/*", "*/.fingerprint/*")
                    for path in (top / "target").rglob(f"debug/{pattern[2:]}")}
        self.assertEqual(names(folder), names(self.first))


if __name__ == "__main__":
    unittest.main()
