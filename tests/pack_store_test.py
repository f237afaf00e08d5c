"""What is compiled already is handed to cargo, in another folder and with another CARGO_HOME. No network."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT / "kernel"), str(PROJECT / "tests")]

from common import host, tool  # noqa: E402
from packing import CONFIG, clean_environment, registry, write  # noqa: E402

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


if __name__ == "__main__":
    unittest.main()
