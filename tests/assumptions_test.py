"""What the kernel borrows from the insides of evcxr, rust-analyzer, cargo and rustc: see "Undocumented behaviour we rely on" in kernel/README.md.

This runs before other tests of the kernel, so that a new evcxr or Rust fails here first, and the failure says which of our
assumptions it broke.
"""

import pathlib
import sys
import tempfile
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "kernel"))

import latency  # noqa: E402
import notebooks  # noqa: E402
from common import sessions  # noqa: E402


class Assumptions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.session = latency.Session(*latency.ours())
        cls.addClassCleanup(cls.session.end)
        cls.run_cell(':dep casebook = { path = ".." }\nuse casebook::prelude::*;')
        # It says itself where it lives: other sessions begin and end meanwhile.
        trouble, shown = cls.run_cell('println!("{}", std::env::var("CASEBOOK_SESSION").unwrap_or_default());')
        cls.folder = pathlib.Path(shown.strip())
        assert cls.folder.parent == sessions(), f"a cell does not see CASEBOOK_SESSION: {trouble or shown}"

    @classmethod
    def run_cell(cls, code):
        """What a cell said of trouble, and what it showed."""
        _, trouble, shown = cls.session.run(code)
        return notebooks.ANSI.sub("", trouble), shown

    def good(self, code):
        """What a cell shows that must run."""
        trouble, shown = self.run_cell(code)
        self.assertEqual(trouble, "", f"in {code}")
        return shown

    def read(self, name):
        return (self.folder / name).read_text()

    def compilations(self, code):
        """The compiler's runs for one cell, by the session's account."""
        before = len(self.read("compiled").splitlines())
        self.good(code)
        return self.read("compiled").splitlines()[before:]

    def test_manifest(self):
        self.good("let n = 1;")
        self.assertEqual(
            self.read("Cargo.toml"), self.read("Cargo.toml.usual"),
            "evcxr writes another manifest than kernel/config/cell.toml: each cell goes through cargo")

    def test_cargo_is_called_by_name_and_not_needed(self):
        self.good("let n = 2;")
        made = {path.name for path in (self.folder / "target").iterdir()}
        self.assertFalse(
            made - {"cells", "checks", ".rustc_info.json"},
            "the real cargo was called for a cell without new dependencies: evcxr's environment (USUAL in kernel/standin/session.rs), "
            "its manifest, or the way it finds cargo (PATH) has changed")

    def test_the_generated_crate(self):
        self.good('let framed = df!("x" => [1])?;\n"1/1".parse::<saas::Part>()?;\nframed.height()')
        text = self.read("src/lib.rs")
        for mark in ("session::begin(", "session::end(", "session::caught()", "session::failed(&error)", "session::frame(stringify!(framed)", "casebook::show!("):
            self.assertIn(mark, text, "the crate that evcxr generates for a cell has another form: see the constants in kernel/standin/cell.rs")

    def test_one_run_of_the_compiler(self):
        cells = {
            "a value without a display method": "Some(1.5)", "a first `?`": 'let part = String::from("1").parse::<i64>()?; let words = vec![1];',
            "several statements": "let given = words.len(); given + 1", "a function that is called": "fn twice(x: f64) -> f64 { 2.0 * x }\ntwice(2.0)",
        }
        for what, code in cells.items():
            with self.subTest(what):
                runs = self.compilations(code)
                self.assertEqual([run.split()[0] for run in runs], ["build"], f"{what}: evcxr compiles a cell more than once")
                self.assertTrue(runs[0].split()[1].isdigit(), "the cell does not say when it ends: see kernel/standin/cell.rs")

    def test_types_are_inferred(self):
        self.good('let frame = df!("x" => [1, 2])?;\nlet total = frame.column("x")?.i32()?.sum();\nlet words = vec!["a".to_string()];')
        known = [line.strip() for line in self.good(":vars").splitlines()]
        for one in ("frame: DataFrame", "total: Option<i32>", "words: Vec<String>"):
            self.assertIn(
                one, known, "rust-analyzer does not see the library or kernel/std: metadata.json, RUST_SRC_PATH, or the cargo in CARGO_HOME/bin")

    def test_places(self):
        for code, place in (("let a = 1;\nlet b: i32 = \"text\";", "line 2, column 14"), ("let a = 1;\nlet c = [a];\npanic!(\"here\");", "line 3, column 1")):
            trouble, _ = self.run_cell(code)
            self.assertIn(place, trouble, "a place in the generated crate is not found again in the cell: see kernel/errors/places.py")

    def test_an_ended_process(self):
        self.assertIn("Aborted", self.run_cell("std::process::abort();")[0], "evcxr says in other words that its process has ended: see DEATH in kernel/errors/deaths.py")
        self.assertEqual(self.good("6 * 7"), "42", "evcxr does not begin a new process after one that ended")

    def test_z_a_cell_without_the_library(self):
        """After `:clear` there is none to take the kernel's calls from, and a cell is left as evcxr writes it."""
        self.good("let kept = 1;")
        self.run_cell(":clear")
        self.addCleanup(self.run_cell, ':dep casebook = { path = ".." }\nuse casebook::prelude::*;')
        self.good("let alone = 2;")
        self.assertEqual(self.good("alone + 1"), "3")

    def test_z_another_dependency(self):
        """Last, since it is in the manifest from then on. Through the real cargo, which finds all else compiled; then by the compiler's call that was written down."""
        with tempfile.TemporaryDirectory(prefix="casebook-dep-") as folder:
            path = pathlib.Path(folder)
            (path / "src").mkdir()
            (path / "Cargo.toml").write_text('[package]\nname = "tiny"\nversion = "0.1.0"\nedition = "2024"\n')
            (path / "src/lib.rs").write_text("pub fn seven() -> i32 { 7 }\n")
            seconds, trouble, shown = self.session.run(f':dep tiny = {{ path = "{path}" }}\ntiny::seven()')
            self.assertEqual((trouble, shown), ("", "7"))
            calls = list((self.folder / "calls").iterdir())
            self.assertEqual(len(calls), 3, "the compiler's call for a cell with new dependencies was not written down: see kernel/standin/compile.rs")
            self.assertLess(seconds, 60, "cargo does not take what is compiled already: its hashes differ, see kernel/standin/store.rs")
            self.assertIn("1 row", self.good('df!("x" => [tiny::seven()])?'))


if __name__ == "__main__":
    unittest.main()
