"""Places that the compiler names, found again in cells."""

import pathlib
import sys
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT / "kernel"), str(PROJECT / "tests")]

import rust  # noqa: E402
from cells import ATTRIBUTE, LAST, STORE, crate, numbered  # noqa: E402
from errors.places import Place, Sources, place  # noqa: E402


class Places(unittest.TestCase):
    def check(self, lib_rs, cell, part, occurrence=1, in_crate=None, earlier=()):
        """A part of a cell is found again where it stands in the cell."""
        line, column = numbered(lib_rs, part, in_crate or occurrence)
        self.assertEqual(place(lib_rs, line, column, cell, earlier), Place(None, *numbered(cell, part, occurrence)), part)

    def test_statements_on_one_line_with_comments_between(self):
        cell = "// first\n\nlet a = 1; let b = foo(2); // two\n    /* x */ let c = foo(2);\n\nfoo(2)"
        pieces = ["let a = 1; ", "let b = foo(2); // two\n    /* x */ ", "let c = foo(2);\n\n", "foo(2)"]
        for form in ("run", "plain", "check"):
            for show in ("evcxr", "ours", "debug", "check"):
                lib_rs = crate(pieces, form=form, show=show)
                for occurrence in (1, 2, 3):
                    self.check(lib_rs, cell, "foo(2)", occurrence)
                self.check(lib_rs, cell, "let c")

    def test_the_same_line_several_times(self):
        cell = "if a {\n    go();\n}\nif b {\n    go();\n}\ngo();\ngo();"
        lib_rs = crate(["if a {\n    go();\n}\n", "if b {\n    go();\n}\n", "go();\n", "go();"])
        for occurrence in range(1, 5):
            self.check(lib_rs, cell, "go();", occurrence)

    def test_texts_over_several_lines(self):
        cell = 'let text = "one\n// two\n\n  let b = 3;\n"; let b = 3;\nlet c = r#"\n"; let b"#; let d = 4;'
        pieces = ['let text = "one\n// two\n\n  let b = 3;\n"; ', "let b = 3;\n", 'let c = r#"\n"; let b"#; ', "let d = 4;"]
        lib_rs = crate(pieces)
        self.check(lib_rs, cell, "let b = 3;", 1)
        self.check(lib_rs, cell, "let b = 3;", 2)
        self.check(lib_rs, cell, "let d = 4;")

    def test_a_last_value_in_brackets(self):
        for pieces in (["(alpha + b).abs()"], ["(\n  alpha\n)"], ["let x = (\n(\nbeta\n)\n);\n", "(\nalpha\n)"]):
            for show in ("evcxr", "ours", "debug"):
                lib_rs, cell = crate(pieces, show=show), "".join(pieces)
                for name in {"alpha", "beta"} & set(rust.names(cell)):
                    self.check(lib_rs, cell, name)

    def test_the_line_that_shows_a_value_stands_for_the_value(self):
        cell = "let x = 1;\n  lazy(x)"
        for show in ("evcxr", "ours", "debug"):
            lib_rs = crate(["let x = 1;\n  ", "lazy(x)"], show=show)
            line = lib_rs.split("\n").index("lazy(x)")  # counted from 0: the line before it, counted from 1
            self.assertEqual(place(lib_rs, line, 1, cell), Place(None, 2, 3))

    def test_letters_outside_ascii_and_ends_of_lines(self):
        cell = "let größe = \"ä👍\"; let n: i64 = größe;\r\n  // ß\r\nbad(größe)"
        pieces = ["let größe = \"ä👍\"; ", "let n: i64 = größe;\n  // ß\n", "bad(größe)"]
        lib_rs = crate(pieces)
        even = cell.replace("\r\n", "\n")
        for part in ("let n", "bad("):
            line, column = numbered(lib_rs, part)
            self.assertEqual(place(lib_rs, line, column, cell), Place(None, *numbered(even, part)))

    def test_only_line_feeds_end_lines(self):
        """Python's splitlines knows more line ends than Rust: form feeds, vertical tabs and others."""
        odd = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
        cell = f'let a = "{odd}"; // {odd}\n/* {odd} */ let b = bad(a);\nfn f() {{\n    // {odd}\n    worse()\n}}\nlast(b)'
        pieces = [f'let a = "{odd}"; // {odd}\n/* {odd} */ ', "let b = bad(a);\n", "last(b)"]
        lib_rs = crate(pieces, [f"fn f() {{\n    // {odd}\n    worse()\n}}\n"], show="ours")
        for part in ("let a", "let b", "bad(a)", "worse()", "last(b)"):
            self.check(lib_rs, cell, part)

    def test_functions_of_this_cell_come_from_anywhere_above(self):
        first = "fn half(x: i64) -> i64 {\n    // one\n    x / 2\n}"
        second = "#[derive(Debug)]\nstruct P { x: i64 }"
        cell = f"let a = 1;\n{first} {second}\nimpl P {{ fn x(&self) -> i64 {{ self.x }} }}\nlet b = half(a);"
        items = ["use casebook::prelude::*;", "impl P { fn x(&self) -> i64 { self.x } }\n", second, f"{first} "]
        lib_rs = crate(["let a = 1;\n", "let b = half(a);"], items)
        for part in ("x / 2", "// one", "struct P", "self.x", "half(a)", "let a"):
            self.check(lib_rs, cell, part)
        self.check(lib_rs, cell, "fn half")

    def test_functions_of_earlier_cells_and_the_newest_wins(self):
        old, new = "fn f() {\n    old()\n}", "\nfn g() {}\nfn f() {\n    new()\n}"
        earlier = [(2, old), (5, "let q = 1;" + new), (6, "f();")]
        lib_rs = crate(["f();"], ["fn f() {\n    new()\n}", "fn g() {}\n"])
        line, column = numbered(lib_rs, "new()")
        self.assertEqual(place(lib_rs, line, column, "f();", earlier), Place(5, 4, 5))
        self.assertEqual(place(lib_rs, *numbered(lib_rs, "f();"), "f();", earlier), Place(None, 1, 1))
        again = [*earlier, (7, "fn f() {\n    new()\n}")]
        self.assertEqual(place(lib_rs, line, column, "f();", again), Place(7, 2, 5))
        self.assertEqual(place(lib_rs, line, column, "fn f() {\n    new()\n}\nf();", again), Place(None, 2, 5))

    def test_imports_are_written_anew(self):
        cell = "use casebook::prelude::*;\nuse std::{fmt, collections::{HashMap, Nope}};\nlet x = 1;"
        items = ["use casebook::prelude::*;", "use std::fmt;", "use std::collections::Nope;", "use std::collections::HashMap;"]
        lib_rs = crate(["let x = 1;"], items)
        self.check(lib_rs, cell, "Nope")
        self.check(lib_rs, cell, "HashMap")

    def test_evcxrs_own_lines_are_nowhere(self):
        cell = "let x = 1;\nx"
        lib_rs = crate(["let x = 1;\n", "x"], ["fn other() {}"], show="ours")
        for part in (ATTRIBUTE, "fn other", "pub struct Var", "vars_ok", "let visits", "AssertUnwindSafe", STORE[0], LAST[0]):
            self.assertIsNone(place(lib_rs, *numbered(lib_rs, part), cell), part)
        for line in (0, -3, 10_000):
            self.assertIsNone(place(lib_rs, line, 1, cell))
        self.assertIsNone(place("", 1, 1, cell))

    def test_a_text_that_does_not_fit_is_searched_line_by_line(self):
        cell = "what! is this } fn\nsame();\nsame();\n"
        lib_rs = crate(["something else\n", "same();\n", "same();"])
        for occurrence in (1, 2):
            self.check(lib_rs, cell, "same();", occurrence)
        self.assertIsNone(place(lib_rs, *numbered(lib_rs, "something else"), cell))

    def test_commands_are_passed_over(self):
        cell = ':dep casebook = { path = ".." }\n// note\n!ls\nuse casebook::prelude::*;\n\nlet x = bad;'
        self.check(crate(["let x = bad;"], ["use casebook::prelude::*;"]), cell, "bad")

    def test_variables_that_a_cell_finds(self):
        self.assertEqual(Sources(crate(["x"]), "x").variables(), {"visits": "Vec<i64>", "df": "DataFrame"})
        self.assertEqual(Sources(crate(["x"], form="check"), "x").variables(), {"visits": "Vec<i64>", "df": "DataFrame"})


if __name__ == "__main__":
    unittest.main()
