"""What Jupyter is told of panics and of errors through `?`."""

import pathlib
import sys
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT / "kernel"), str(PROJECT / "tests")]

from cells import crate, numbered  # noqa: E402
from errors.report import plain  # noqa: E402
from errors.runtime import SOURCE, failure, panic, short_path  # noqa: E402


class Running(unittest.TestCase):
    """Panics and errors of a running cell."""

    def told(self, content):
        self.assertEqual(set(content), {"ename", "evalue", "traceback"})
        return "\n".join(map(plain, content["traceback"]))

    def about(self, pieces, cell, part, items=(), earlier=()):
        lib_rs = crate(pieces, items)
        return (SOURCE, *numbered(lib_rs, part)), {"lib_rs": lib_rs, "cell_source": cell, "earlier": earlier}

    def test_a_panic_shows_the_cells_own_line(self):
        cell = 'let a = 1;\nprintln!("{}", nobody.expect("no day"));'
        place, about = self.about(["let a = 1;\n", 'println!("{}", nobody.expect("no day"));'], cell, "expect")
        content = panic("panic", *place, "no day", **about)
        self.assertEqual((content["ename"], content["evalue"]), ("panic", "no day"))
        self.assertEqual(self.told(content), (
            "panic: the cell stopped at line 2, column 23: no day\n   ╭─[ line 2, column 23 ]\n   │\n"
            ' 2 │ println!("{}", nobody.expect("no day"));\n   │                       ┬\n'
            "   │                       ╰── it panicked here\n───╯"))

    def test_a_panic_in_an_earlier_cells_function(self):
        item = "fn at(v: &[i64], n: usize) -> i64 {\n    v[n]\n}"
        place, about = self.about(["at(&v, 9)"], "at(&v, 9)", "v[n]", [item], [(4, f"{item}\nlet x = 1;")])
        text = self.told(panic("panic", *place, "index out of bounds: the len is 3 but the index is 9", **about))
        self.assertIn("the cell stopped in cell [4], line 2, column 5: index", text)
        hint = "hint: the first is number 0, the last is number 2; `.get(9)` gives `None` instead of a panic"
        self.assertTrue(text.endswith(hint), text)

    def test_a_panic_inside_a_library_shows_no_path_of_the_machine(self):
        places = {
            "/home/me/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/polars-core-0.55.2/src/frame/mod.rs":
                "polars-core-0.55.2/src/frame/mod.rs",
            "/home/me/.rustup/toolchains/stable/lib/rustlib/src/rust/library/core/src/option.rs": "core/src/option.rs",
            "/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/panicking.rs": "std/src/panicking.rs",
            str(PROJECT / "src/chart/bar.rs"): "casebook/src/chart/bar.rs",
            "/somewhere/else/src/chart/bar.rs": "casebook/src/chart/bar.rs",
            "/home/me/crates/own/src/deep/er.rs": "own/src/deep/er.rs",
            "src/lib.rs": "src/lib.rs",
            "/home/me/loose.rs": "loose.rs",
        }
        for file, short in places.items():
            self.assertEqual(short_path(file), short)
            if file != "src/lib.rs":
                text = self.told(panic("panic", file, 12, 5, "oh no", crate(["x"]), "x", []))
                self.assertEqual(text, f"panic: the cell stopped in {short}, line 12: oh no")

    def test_a_panic_without_a_place(self):
        self.assertEqual(self.told(panic("panic", "", 0, 0, "", crate(["x"]), "x", [])),
            "panic: the cell stopped: a panic without a message")

    def test_a_check_that_is_not_passed_tells_it_all(self):
        message = "not yet: share()\n  expected  a share\n  came      12\n  hint      divide"
        content = panic("NotYet", "/x/src/notebook/check.rs", 129, 29, message, crate(["x"]), "x", [])
        self.assertEqual(content, {"ename": "NotYet", "evalue": "not yet: share()", "traceback": message.split("\n")})

    def test_an_error_points_at_the_question_mark(self):
        cell = 'let by = df.clone().lazy()\n    .filter(col("vists").gt(lit(20)))\n    .collect()?;'
        place, about = self.about([cell], cell, "df.clone")
        message = ('not found: unable to find column "vists"; valid columns: ["visits", "orders"]\n\nDid you mean "visits"?\n\n'
                   'Resolved plan until failure:\n\n\t---> FAILED HERE RESOLVING THIS_NODE <---\nDF ["visits"]')
        content = failure("polars_error::PolarsError", *place, message, **about)
        said = 'not found: unable to find column "vists"; valid columns: ["visits", "orders"]'
        self.assertEqual((content["ename"], content["evalue"]), ("PolarsError", said))
        text = self.told(content)
        self.assertTrue(text.startswith(f"PolarsError: the cell stopped at line 3, column 15: {said}\n"), text)
        self.assertIn(" 3 │     .collect()?;\n   │               ┬\n   │               ╰── this `?` ended the cell with", text)
        self.assertTrue(text.endswith("\nhint: did you mean `visits`?"), text)
        self.assertNotIn("FAILED HERE", text)

    def test_of_several_question_marks_the_expression_is_shown(self):
        for cell, part, column in (
            ('df.column("a")?.f64()?.mean()', "df.column", 1), ("f(g(x)?, 1)?", "f(g", 12), ("f(g(x)?, 1)?", "g(x)", 7),
            ("a()? + b()?", "b()", 11), ("x.map(|v| { v? })?", "x.map", 18),
        ):
            place, about = self.about([cell], cell, part)
            content = failure("core::num::error::ParseIntError", *place, "invalid digit", **about)
            self.assertIn(f"at line 1, column {column}: invalid digit", self.told(content), cell)
            self.assertEqual(content["ename"], "ParseIntError")


if __name__ == "__main__":
    unittest.main()
