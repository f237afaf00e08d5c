"""What an error means: places in cells, words for Jupyter, hints. No kernel: rustc alone, on a stand-in for the library."""

import concurrent.futures
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "kernel"))

import complete  # noqa: E402
import explain  # noqa: E402
import hints  # noqa: E402
import rust  # noqa: E402
import warm  # noqa: E402
from explain import Place, plain  # noqa: E402

# What evcxr writes around a cell, in its three forms: to run it, to find a better message, and to check it.
ATTRIBUTE = "#![allow(unused_imports, unused_mut, dead_code)]"
RUNTIME = ["mod evcxr_internal_runtime {", "pub struct VariableStore;", "}"]
FUNCTION = [
    "#[unsafe(no_mangle)]", 'pub extern "C" fn run_user_code_7(',
    "mut evcxr_variable_store: *mut evcxr_internal_runtime::VariableStore)", "  -> *mut evcxr_internal_runtime::VariableStore {",
    "if evcxr_variable_store.is_null() {", "  evcxr_variable_store = evcxr_internal_runtime::create_variable_store();", "}",
    "let evcxr_variable_store = unsafe {&mut *evcxr_variable_store}; casebook::notebook::session::begin(7);",
    "{let mut vars_ok = true;", "vars_ok &= evcxr_variable_store.check_variable::<Vec<i64>>(stringify!(visits));",
    "if !vars_ok {return evcxr_variable_store;}}",
    "let visits = evcxr_variable_store.take_variable::<Vec<i64>>(stringify!(visits));",
    "let mut df = evcxr_variable_store.take_variable::<DataFrame>(stringify!(df));",
]
CATCH = ["match std::panic::catch_unwind(", "  std::panic::AssertUnwindSafe(||{"]
QUESTION = ["let _ = (|| -> std::result::Result<(), EvcxrUserCodeError> {"]
STORE = [
    "casebook::notebook::session::frame(stringify!(df), &df); "
    "evcxr_variable_store.put_variable::<DataFrame>(stringify!(df), df);",
]
END = ["Ok(())})();"]
CAUGHT = ["})) { ", "  Ok(_) => {}", "  Err(_) => {", "    casebook::notebook::session::caught();    println!(\"…\");", "}}"]
LAST = ["casebook::notebook::session::end(7); evcxr_variable_store", "}"]
SENDER = [
    "fn evcxr_send_text_plain(text: &str)", "{", "    use std::io::Write;", "}", 'evcxr_send_text_plain(&format!("{:?}",&(',
]
CHECK = ["async fn evcxr_analysis_wrapper(", "mut df: DataFrame,", "visits: Vec<i64>,", ") -> Result<(), EvcxrUserCodeError> {"]


def crate(statements, items=(), form="run", show=None):
    """A crate as evcxr writes it: each statement's text with an end of line if it has none; the last one shown or not."""
    opening, closing = {
        "evcxr": (["("], [").evcxr_display();"]), "ours": (["casebook::show!("], [");"]), "debug": (SENDER, [")));"]),
        "check": (["let _ = "], [";"]), None: ([], []),
    }[show]
    body = [*statements[:-1], *opening, statements[-1], *closing]
    around = {
        "run": ([*FUNCTION, *CATCH, *QUESTION], [*STORE, *END, *CAUGHT, *LAST]), "plain": (FUNCTION, [*STORE, *LAST]),
        "check": (CHECK, ["evcxr_variable_store(df);", "Ok(())", "}"]),
    }[form]
    lines = [ATTRIBUTE, *items, *RUNTIME, *around[0], *body, *around[1]]
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def numbered(text, part, occurrence=1):
    """Line and column of a part of a text, the occurrence that is asked for."""
    at = -1
    for _ in range(occurrence):
        at = text.index(part, at + 1)
    return rust.line_column(text, at)


class Places(unittest.TestCase):
    def check(self, lib_rs, cell, part, occurrence=1, in_crate=None, earlier=()):
        """A part of a cell is found again where it stands in the cell."""
        line, column = numbered(lib_rs, part, in_crate or occurrence)
        self.assertEqual(explain.place(lib_rs, line, column, cell, earlier), Place(None, *numbered(cell, part, occurrence)), part)

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
            self.assertEqual(explain.place(lib_rs, line, 1, cell), Place(None, 2, 3))

    def test_letters_outside_ascii_and_ends_of_lines(self):
        cell = "let größe = \"ä👍\"; let n: i64 = größe;\r\n  // ß\r\nbad(größe)"
        pieces = ["let größe = \"ä👍\"; ", "let n: i64 = größe;\n  // ß\n", "bad(größe)"]
        lib_rs = crate(pieces)
        even = cell.replace("\r\n", "\n")
        for part in ("let n", "bad("):
            line, column = numbered(lib_rs, part)
            self.assertEqual(explain.place(lib_rs, line, column, cell), Place(None, *numbered(even, part)))

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
        self.assertEqual(explain.place(lib_rs, line, column, "f();", earlier), Place(5, 4, 5))
        self.assertEqual(explain.place(lib_rs, *numbered(lib_rs, "f();"), "f();", earlier), Place(None, 1, 1))
        again = [*earlier, (7, "fn f() {\n    new()\n}")]
        self.assertEqual(explain.place(lib_rs, line, column, "f();", again), Place(7, 2, 5))
        self.assertEqual(explain.place(lib_rs, line, column, "fn f() {\n    new()\n}\nf();", again), Place(None, 2, 5))

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
            self.assertIsNone(explain.place(lib_rs, *numbered(lib_rs, part), cell), part)
        for line in (0, -3, 10_000):
            self.assertIsNone(explain.place(lib_rs, line, 1, cell))
        self.assertIsNone(explain.place("", 1, 1, cell))

    def test_a_text_that_does_not_fit_is_searched_line_by_line(self):
        cell = "what! is this } fn\nsame();\nsame();\n"
        lib_rs = crate(["something else\n", "same();\n", "same();"])
        for occurrence in (1, 2):
            self.check(lib_rs, cell, "same();", occurrence)
        self.assertIsNone(explain.place(lib_rs, *numbered(lib_rs, "something else"), cell))

    def test_commands_are_passed_over(self):
        cell = ':dep casebook = { path = ".." }\n// note\n!ls\nuse casebook::prelude::*;\n\nlet x = bad;'
        self.check(crate(["let x = bad;"], ["use casebook::prelude::*;"]), cell, "bad")

    def test_variables_that_a_cell_finds(self):
        self.assertEqual(explain.Sources(crate(["x"]), "x").variables(), {"visits": "Vec<i64>", "df": "DataFrame"})
        self.assertEqual(explain.Sources(crate(["x"], form="check"), "x").variables(), {"visits": "Vec<i64>", "df": "DataFrame"})


def coloured(report):
    """A report with its colours, as evcxr's are: on each letter, and not on the place in a header."""
    def paint(line):
        return "".join(f"\x1b[38;5;246m{letter}\x1b[0m" for letter in line)
    lines = []
    for line in report.strip("\n").split("\n"):
        parts = re.split(r"(command_\d+:\d+:\d+)", line)
        lines.append("".join(part if part.startswith("command_") else paint(part) for part in parts))
    return lines


def error(said, traceback=None):
    """evcxr's content for an error."""
    return {"ename": "Error", "evalue": said, "traceback": said.split("\n") if traceback is None else traceback}


def diagnostic(message, code, spans, children=()):
    told = {"$message_type": "diagnostic", "message": message, "level": "error", "spans": spans, "children": list(children)}
    return told | {"code": code and {"code": code, "explanation": None}}


def span(lib_rs, part, label=None, primary=False, occurrence=1):
    """A span as rustc writes it, of a part of a crate that lies on one line."""
    line, column = numbered(lib_rs, part, occurrence)
    text = {"text": lib_rs.split("\n")[line - 1], "highlight_start": column, "highlight_end": column + len(part)}
    return {
        "file_name": "src/lib.rs", "line_start": line, "line_end": line, "column_start": column, "column_end": column + len(part),
        "is_primary": primary, "label": label, "suggested_replacement": None, "expansion": None, "text": [text],
    }


# Reports as evcxr 0.22 wrote them.
MOVED = """
[E0382] Error: borrow of moved value: `visits`
   ╭─[ command_3:1:1 ]
   │
 1 │ let given_away: Vec<i64> = visits;
   │                            ───┬──  
   │                               ╰──── value moved here
 2 │ visits.len()
   │ ───┬──  
   │    ╰──── value borrowed here after move
   │
   ├─[ command_3:1:1 ]
   │
 1 │ let given_away: Vec<i64> = visits;
   │                                  │ 
   │                                  ╰─ help: consider cloning the value if the performance cost is acceptable: `.clone()`
───╯
"""
TWO = """
[E0308] Error: mismatched types
   ╭─[ command_12:1:1 ]
   │
 1 │ df.clone().lazy().filter(col("visits") == 20).collect()?;
   │                   ───┬── ─────────┬─────────  
   │                      ╰──────────────────────── arguments to this method are incorrect
   │                                   │           
   │                                   ╰─────────── expected `Expr`, found `bool`
   │ 
   │ Note: note: method defined here
───╯
"""


class Reports(unittest.TestCase):
    def test_the_place_is_put_right_and_nothing_else_is_touched(self):
        cell = "let given_away: Vec<i64> = visits;\nvisits.len()"
        lib_rs = crate(["let given_away: Vec<i64> = visits;\n", "visits.len()"], show="debug")
        told = diagnostic("borrow of moved value: `visits`", "E0382", [
            span(lib_rs, "visits", "value moved here", occurrence=lib_rs.count("visits", 0, lib_rs.index("= visits;")) + 1),
            span(lib_rs, "visits.len", "value borrowed here after move", True),
        ])
        told["spans"][1]["column_end"] -= 4
        content = error("borrow of moved value: `visits`", coloured(MOVED))
        for more in ({"lib_rs": lib_rs}, {}):
            new = explain.compile_error(content, cell, [told], **more)
            self.assertEqual((new["ename"], new["evalue"]), ("E0382", content["evalue"]))
            self.assertEqual(plain(new["traceback"][1]), "   ╭─[ line 2, column 1 ]")
            self.assertEqual(plain(new["traceback"][10]), "   ├─[ line 1 ]")
            same = [line for number, line in enumerate(new["traceback"][:-1]) if number not in (1, 10)]
            self.assertEqual(same, [line for number, line in enumerate(content["traceback"]) if number not in (1, 10)])
            self.assertEqual(plain(new["traceback"][-1]),
                             "hint: lend `visits` instead of giving it away, `&visits`, or give a copy: `visits.clone()`")

    def test_without_the_compilers_messages_the_report_tells_the_line(self):
        content = error("borrow of moved value: `visits`", coloured(MOVED))
        new = explain.compile_error(content, "let given_away: Vec<i64> = visits;\nvisits.len()", [])
        self.assertEqual(plain(new["traceback"][1]), "   ╭─[ line 1 ]")
        self.assertNotIn("command_", plain("\n".join(new["traceback"])))

    def test_of_two_errors_alike_each_has_its_own_place(self):
        cell = 'df.clone().lazy().filter(col("visits") == 20).collect()?;'
        lib_rs = crate([cell])
        spans = [[span(lib_rs, "20", "expected `Expr`, found integer", True),
                  span(lib_rs, 'col("visits")', "expected because this is `Expr`")],
                 [span(lib_rs, 'col("visits") == 20', "expected `Expr`, found `bool`", True),
                  span(lib_rs, "filter", "arguments to this method are incorrect")]]
        told = [diagnostic("mismatched types", "E0308", some) for some in spans]
        new = explain.compile_error(error("mismatched types", coloured(TWO)), cell, told, lib_rs)
        self.assertEqual(plain(new["traceback"][1]), "   ╭─[ line 1, column 26 ]")
        self.assertEqual(plain(new["traceback"][-1]), 'hint: columns are compared by a method: `col("visits").eq(lit(20))`')

    def test_several_errors_are_one_with_each_hint_once(self):
        cell = 'df.clone().lazy().filter(col("visits") == 20).collect()?;'
        lib_rs = crate([cell])
        marked = span(lib_rs, 'col("visits") == 20', "expected `Expr`, found `bool`", True)
        told = [diagnostic("mismatched types", "E0308", [marked])]
        content, added = error("mismatched types", coloured(TWO)), error("consider importing this struct")
        new = explain.compile_errors([content, added, content], cell, told, lib_rs)
        lines = [plain(line) for line in new["traceback"]]
        self.assertEqual(sum(line.startswith("hint: ") for line in lines), 1)
        self.assertEqual(sum(line.startswith("[E0308]") for line in lines), 2)
        self.assertNotIn(added["evalue"], lines)
        self.assertEqual((new["ename"], new["evalue"]), ("E0308", "mismatched types"))

    def test_a_cell_that_is_not_ascii_has_a_report_of_the_same_form(self):
        cell = 'let ü = 1;\nlet s = "größe"; let n: i64 = "中";'
        lib_rs = crate(["let ü = 1;\n", 'let s = "größe"; ', 'let n: i64 = "中";'])
        before = lib_rs.count("i64", 0, lib_rs.index("n: i64"))
        told = diagnostic("mismatched types", "E0308", [
            span(lib_rs, '"中"', "expected `i64`, found `&str`", True),
            span(lib_rs, "i64", "expected due to this", occurrence=before + 1),
        ])
        content = error("mismatched types", ['let s = "größe"; let n: i64 = "中";', "^^^", "mismatched types"])
        new = explain.compile_error(content, cell, [told], lib_rs)
        self.assertEqual([plain(line) for line in new["traceback"]], [
            "[E0308] Error: mismatched types", "   ╭─[ line 2, column 31 ]", "   │", ' 2 │ let s = "größe"; let n: i64 = "中";',
            "   │                         ─┬─", "   │                          ╰── expected due to this",
            "   │                               ─┬──", "   │                                ╰── expected `i64`, found `&str`",
            "───╯",
        ])

    def test_an_error_in_a_function_of_an_earlier_cell(self):
        lib_rs = crate(["g(1);"], ["fn f() {\n    g()\n}", "fn g(x: i64) {}"])
        told = diagnostic("this function takes 1 argument", "E0061", [span(lib_rs, "g()", None, True)])
        content = error(told["message"], coloured("[E0061] Error: x\n   ╭─[ command_9:1:1 ]\n───╯"))
        new = explain.compile_error(content, "fn g(x: i64) {}\ng(1);", [told], lib_rs, [(3, "let a = 1;\nfn f() {\n    g()\n}")])
        self.assertEqual(plain(new["traceback"][1]), "   ╭─[ cell [3], line 3, column 5 ]")

    def test_evcxrs_own_messages_get_the_line_they_are_about(self):
        said = "Couldn't automatically determine type of variable `v`.\nPlease give it an explicit type."
        new = explain.compile_error(error(said), "let a = 1;\nlet v = a.iter().collect();", [])
        self.assertEqual(new["ename"], "CompileError")
        self.assertEqual([plain(line) for line in new["traceback"][2:]], [
            "   ╭─[ line 2, column 5 ]", "   │", " 2 │ let v = a.iter().collect();", "   │     ┬",
            "   │     ╰── this variable", "───╯", "hint: write its type behind the name: `let v: Vec<f64> = …`",
        ])
        said = "mismatched closing delimiter: `}`"
        new = explain.compile_error(error(said), 'x();\nprintln!("{}", 3', [diagnostic(said, None, [])])
        self.assertEqual(new["ename"], "CompileError")
        self.assertIn("   ╭─[ line 2, column 9 ]", [plain(line) for line in new["traceback"]])
        self.assertEqual(plain(new["traceback"][-1]), "hint: `)` is missing for the `(` in line 2, column 9")

    def test_what_is_no_compilers_error_keeps_its_name(self):
        said = "Shell command failed with exit code 2: ls: cannot access '/nope'"
        old = [diagnostic("mismatched types", "E0308", [])]  # of a cell before
        self.assertEqual(explain.compile_error(error(said), "!ls /nope", old), error(said))


class Running(unittest.TestCase):
    """Panics and errors of a running cell."""

    def told(self, content):
        self.assertEqual(set(content), {"ename", "evalue", "traceback"})
        return "\n".join(map(plain, content["traceback"]))

    def about(self, pieces, cell, part, items=(), earlier=()):
        lib_rs = crate(pieces, items)
        return (explain.SOURCE, *numbered(lib_rs, part)), {"lib_rs": lib_rs, "cell_source": cell, "earlier": earlier}

    def test_a_panic_shows_the_cells_own_line(self):
        cell = 'let a = 1;\nprintln!("{}", nobody.expect("no day"));'
        place, about = self.about(["let a = 1;\n", 'println!("{}", nobody.expect("no day"));'], cell, "expect")
        content = explain.panic("panic", *place, "no day", **about)
        self.assertEqual((content["ename"], content["evalue"]), ("panic", "no day"))
        self.assertEqual(self.told(content), (
            "panic: the cell stopped at line 2, column 23: no day\n   ╭─[ line 2, column 23 ]\n   │\n"
            ' 2 │ println!("{}", nobody.expect("no day"));\n   │                       ┬\n'
            "   │                       ╰── it panicked here\n───╯"))

    def test_a_panic_in_an_earlier_cells_function(self):
        item = "fn at(v: &[i64], n: usize) -> i64 {\n    v[n]\n}"
        place, about = self.about(["at(&v, 9)"], "at(&v, 9)", "v[n]", [item], [(4, f"{item}\nlet x = 1;")])
        text = self.told(explain.panic("panic", *place, "index out of bounds: the len is 3 but the index is 9", **about))
        self.assertIn("the cell stopped in cell [4], line 2, column 5: index", text)
        hint = "hint: the first is number 0, the last is number 2; `.get(9)` gives `None` instead of a panic"
        self.assertTrue(text.endswith(hint), text)

    def test_a_panic_inside_a_library_shows_no_path_of_the_machine(self):
        places = {
            "/home/me/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/polars-core-0.55.2/src/frame/mod.rs":
                "polars-core-0.55.2/src/frame/mod.rs",
            "/home/me/.rustup/toolchains/stable/lib/rustlib/src/rust/library/core/src/option.rs": "core/src/option.rs",
            "/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/panicking.rs": "std/src/panicking.rs",
            str(PROJECT / "src/chart/line.rs"): "casebook/src/chart/line.rs",
            "/somewhere/else/src/chart/line.rs": "casebook/src/chart/line.rs",
            "/home/me/crates/own/src/deep/er.rs": "own/src/deep/er.rs",
            "src/lib.rs": "src/lib.rs",
            "/home/me/loose.rs": "loose.rs",
        }
        for file, short in places.items():
            self.assertEqual(explain.short_path(file), short)
            if file != "src/lib.rs":
                text = self.told(explain.panic("panic", file, 12, 5, "oh no", crate(["x"]), "x", []))
                self.assertEqual(text, f"panic: the cell stopped in {short}, line 12: oh no")

    def test_a_panic_without_a_place(self):
        self.assertEqual(self.told(explain.panic("panic", "", 0, 0, "", crate(["x"]), "x", [])),
            "panic: the cell stopped: a panic without a message")

    def test_a_check_that_is_not_passed_tells_it_all(self):
        message = "not yet: share()\n  expected  a share\n  came      12\n  hint      divide"
        content = explain.panic("NotYet", "/x/src/notebook/check.rs", 129, 29, message, crate(["x"]), "x", [])
        self.assertEqual(content, {"ename": "NotYet", "evalue": "not yet: share()", "traceback": message.split("\n")})

    def test_an_error_points_at_the_question_mark(self):
        cell = 'let by = df.clone().lazy()\n    .filter(col("vists").gt(lit(20)))\n    .collect()?;'
        place, about = self.about([cell], cell, "df.clone")
        message = ('not found: unable to find column "vists"; valid columns: ["visits", "orders"]\n\nDid you mean "visits"?\n\n'
                   'Resolved plan until failure:\n\n\t---> FAILED HERE RESOLVING THIS_NODE <---\nDF ["visits"]')
        content = explain.failure("polars_error::PolarsError", *place, message, **about)
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
            content = explain.failure("core::num::error::ParseIntError", *place, "invalid digit", **about)
            self.assertIn(f"at line 1, column {column}: invalid digit", self.told(content), cell)
            self.assertEqual(content["ename"], "ParseIntError")

    def test_names_of_types(self):
        for name, short in (("casebook::error::Error", "Error"), ("polars_error::PolarsError", "PolarsError"), ("&str", "&str"),
                            ("alloc::boxed::Box<dyn core::error::Error>", "Box<dyn Error>"), ("alloc::string::String", "String")):
            self.assertEqual(explain.short_type(name), short)

    def test_columns_are_guessed_from_what_errors_say_and_from_frames(self):
        said = {
            '"vists" not found': "did you mean `visits`?",
            "called `Result::unwrap()` on an `Err` value: ColumnNotFound(ErrString(\"\\\"vists\\\" not found\"))":
                "did you mean `visits`?",
            "the chart's frame has no column `dev`; it has `visits`, `orders`, `device`": "did you mean `device`?",
            '"nothing" not found': "the columns are `visits`, `orders`, `device`",
            "the chart's frame has no column `nothing`; it has `visits`": None,
            'not found: unable to find column "phone"; valid columns: ["visits"]':
                'a bare text names a column; the text itself is `lit("phone")`: `.eq(lit("phone"))`',
        }
        frames = {"df": ["visits", "orders", "device"], "other": ["nothing"]}
        cell = 'df.clone().lazy().filter(col("device").eq("phone")).collect()?.column("x")'
        for message, hint in said.items():
            found = hints.of_run(hints.Failure(message, cell, frames))
            self.assertEqual(found, [hint] if hint else [], message)

    def test_other_hints(self):
        cases = {
            "invalid series dtype: expected `Float64`, got `i32` for series with name `v`":
                "convert the column first: `.cast(&DataType::Float64)?.f64()?`",
            "invalid series dtype: expected `Float64`, got `str` for series with name `v`":
                "the column holds `str`: read it with `.str()?`",
            "filter predicate must be of type `Boolean`, got `Int32`":
                'a filter wants a condition, such as `col("…").gt(lit(0))`',
            "arithmetic on dtypes i32 and str is not allowed (lhs: column 'a')": "text and numbers don't mix",
            "called `Option::unwrap()` on a `None` value": "`.ok_or(\"there is none\")?`",
            "called `Result::unwrap()` on an `Err` value: ParseIntError { kind: InvalidDigit }":
                "with `?` in place of `.unwrap()`",
            "no visits: ColumnNotFound(ErrString(\"x\"))": "with `?` in place of `.unwrap()`",
            "index out of bounds: the len is 0 but the index is 0": "the list is empty; `.first()` gives `None`",
            "attempt to subtract with overflow": "never go below 0",
            "attempt to divide by zero": "check the divisor first",
            "not yet implemented: a share": "replace `todo!(…)`",
            "end byte index 3 is not a char boundary; it is inside 'ö'": ".chars().take(3)",
            "Variable 'visits' has gone missing": "run the cell again that makes `visits`",
            "could not read nope.csv: No such file or directory (os error 2)": "begins in the notebook's own folder",
            "invalid digit found in string": None,
            "no day had more than 100 visits": None,
            "assertion `left == right` failed\n  left: 1\n right: 2": None,
        }
        for message, part in cases.items():
            found = hints.of_run(hints.Failure(message, "x", {}))
            self.assertEqual(len(found), part is not None, message)
            self.assertIn(part or "", "".join(found))


class Deaths(unittest.TestCase):
    def test_each_end_in_its_own_words(self):
        told = "Subprocess terminated with status: "
        killed, aborted = told + "signal: 9 (SIGKILL)", told + "signal: 6 (SIGABRT)"
        homebrew = "Subprocess terminated with signal 9. This is known to happen when evcxr is installed via a Homebrew shell"
        oom = "memory allocation of 109951162777600 bytes failed\nstack backtrace:\n   0: std::alloc::rust_oom\n"
        overflowed = "thread 'main' has overflowed its stack\n"
        cases = [
            (killed, "", True, "Interrupted", "you interrupted the cell"),
            (killed, "", False, "Killed", "probably because memory ran out"),
            (homebrew, "", False, "Killed", "memory"),
            (told + "signal: 11 (SIGSEGV)", "", False, "StackOverflow", "the stack is full"),
            (aborted, overflowed, False, "StackOverflow", "the stack is full"),
            (aborted, oom, False, "OutOfMemory", "the cell asked for 100 TB of memory in one piece"),
            (aborted, "Segmentation fault.\n   0: evcxr::runtime\n", False, "Crash", "bad memory address"),
            (aborted, "", False, "Aborted", "std::process::abort()"),
            (told + "exit status: 3", "", False, "Exit", "`std::process::exit(3)`"),
            ("Subprocess didn't start: no such file", "", False, "Died", "no such file"),
        ]
        for evalue, stderr, interrupted, ename, part in cases:
            self.assertTrue(explain.is_death(evalue))
            content = explain.died(evalue, stderr, interrupted)
            self.assertEqual(content["ename"], ename)
            self.assertIn(part, content["evalue"])
            text = plain("\n".join(content["traceback"]))
            self.assertTrue(text.startswith(f"{ename}: {content['evalue']}\n"), text)
            self.assertIn("variables are gone; functions and imports of earlier cells are kept", text)
            self.assertIn("Run All Above Selected Cell", text)
            for noise in ("backtrace", "rust_oom", "evcxr", "SIG"):
                self.assertNotIn(noise, text)
        self.assertFalse(explain.is_death("mismatched types"))

    def test_what_was_printed_last_is_kept_without_records(self):
        content = explain.died("hello\n\x1eend\x1f7\x1f1\nSubprocess terminated with status: exit status: 1", "", False)
        lines = [plain(line) for line in content["traceback"]]
        self.assertEqual(lines[:2], ["hello", "Exit: the cell ended its own process: `std::process::exit(1)`"])

    def test_sizes(self):
        sizes = {512: "512 bytes", 2048: "2 KB", 1_500_000_000: "1.4 GB", 1023 * 1024**3: "1,023 GB", 100 * 1024**4: "100 TB"}
        for count, text in sizes.items():
            self.assertEqual(explain.size(count), text)


class Names(unittest.TestCase):
    def test_what_a_cell_defines(self):
        cell = '''
:dep casebook = { path = ".." }
use casebook::prelude::*;
/// fn not_this() {}
pub fn first<T: Into<f64>>(x: T) -> f64 { fn inner() {} x.into() }
#[derive(Debug, Clone)]
struct Shop { name: String }
impl Shop { fn open(&self) {} }
let text = "fn in_text() {}"; let c = |x: i64| { fn deep() {} x };
/* fn in_comment() {} */ const LIMIT: i64 = 3;
async fn later() {}
enum Kind { A }
trait Named { fn name(&self) -> String; }
macro_rules! twice { ($x:expr) => { fn expanded() {} } }
type Pair = (i64, i64);
if true { fn in_block() {} }
const fn quick() {}
'''
        self.assertEqual(explain.fn_names(cell), ["first", "Shop", "LIMIT", "later", "Kind", "Named", "twice", "Pair", "quick"])
        self.assertEqual(explain.fn_names("fn broken( {"), ["broken"])
        self.assertEqual(explain.fn_names(""), [])

    def test_what_a_cell_uses(self):
        used = ["share(&df)", "let x = 1 + share(&df);", "[1].iter().map(share)", "check! { share(&a) => 1 }", "Shop::new(share)"]
        for cell in used:
            self.assertTrue(explain.uses(cell, "share"), cell)
        for cell in ("df.share()", '"share"', "// share", "fn share() {}", "let share = 1;", "shares()", "P { share: 1 }"):
            self.assertFalse(explain.uses(cell, "share"), cell)


# A stand-in for polars and the library: only shapes, so that the compiler says of it what it says of them.
STUB = r'''
#![allow(dead_code, unused_variables)]
pub mod error {
    pub struct PolarsError;
    impl std::fmt::Display for PolarsError { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { Ok(()) } }
    impl std::fmt::Debug for PolarsError { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { Ok(()) } }
    impl std::error::Error for PolarsError {}
    pub struct Error;
    impl From<PolarsError> for Error { fn from(e: PolarsError) -> Self { Error } }
    impl std::fmt::Display for Error { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { Ok(()) } }
    impl std::fmt::Debug for Error { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { Ok(()) } }
    pub type Result<T, E = Error> = std::result::Result<T, E>;
}
pub mod polars {
    use crate::error::PolarsError;
    use std::marker::PhantomData;
    type PolarsResult<T> = Result<T, PolarsError>;
    #[derive(Clone, PartialEq, Debug)] pub struct Expr;
    macro_rules! operators { ($($name:ident $method:ident),*) => {$(
        impl std::ops::$name for Expr { type Output = Expr; fn $method(self, other: Expr) -> Expr { self } })*} }
    operators! { Add add, Sub sub, Mul mul, Div div, Rem rem }
    macro_rules! values { ($($kind:ty),*) => {$(impl From<$kind> for Expr { fn from(v: $kind) -> Expr { Expr } })*} }
    values! { &str, i32, i64, f64, bool }
    pub fn col(name: &str) -> Expr { Expr }
    pub fn lit<T>(value: T) -> Expr { Expr }
    pub fn len() -> Expr { Expr }
    #[derive(Clone, PartialEq, Debug)] pub enum DataType { Float64, Int64, String }
    pub struct DataTypeExpr;
    impl From<DataType> for DataTypeExpr { fn from(d: DataType) -> Self { DataTypeExpr } }
    impl Expr {
        pub fn gt<E: Into<Expr>>(self, o: E) -> Expr { self }
        pub fn is_null(self) -> Expr { self }
        pub fn sum(self) -> Expr { self }
        pub fn alias(self, name: &str) -> Expr { self }
        pub fn cast(self, to: impl Into<DataTypeExpr>) -> Expr { self }
        pub fn is_in<E: Into<Expr>>(self, other: E, nulls: bool) -> Expr { self }
    }
    pub struct When; pub struct Then;
    pub fn when<E: Into<Expr>>(condition: E) -> When { When }
    impl When { pub fn then<E: Into<Expr>>(self, e: E) -> Then { Then } }
    impl Then { pub fn otherwise<E: Into<Expr>>(self, e: E) -> Expr { Expr } }
    #[derive(Clone, Debug)] pub struct Column;
    pub struct ChunkedArray<T>(PhantomData<T>);
    pub struct BooleanType; pub struct Float64Type;
    impl ChunkedArray<Float64Type> { pub fn mean(&self) -> Option<f64> { None } }
    impl Column {
        pub fn f64(&self) -> PolarsResult<&ChunkedArray<Float64Type>> { Err(PolarsError) }
        pub fn cast(&self, to: &DataType) -> PolarsResult<Column> { Ok(Column) }
    }
    #[derive(Clone, Default)] pub struct SortMultipleOptions;
    #[derive(Clone, Debug)] pub struct DataFrame;
    impl std::fmt::Display for DataFrame { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { Ok(()) } }
    impl std::ops::Index<&str> for DataFrame { type Output = Column; fn index(&self, n: &str) -> &Column { &Column } }
    impl std::ops::Index<usize> for DataFrame { type Output = Column; fn index(&self, n: usize) -> &Column { &Column } }
    pub struct GroupBy<'a>(&'a DataFrame);
    impl DataFrame {
        pub fn column(&self, name: &str) -> PolarsResult<&Column> { Ok(&Column) }
        pub fn columns(&self) -> &[Column] { &[] }
        pub fn select<I, S>(&self, names: I) -> PolarsResult<DataFrame>
        where I: IntoIterator<Item = S>, S: AsRef<str> { Ok(DataFrame) }
        pub fn filter(&self, mask: &ChunkedArray<BooleanType>) -> PolarsResult<DataFrame> { Ok(DataFrame) }
        pub fn with_column(&mut self, column: Column) -> PolarsResult<&mut DataFrame> { Ok(self) }
        pub fn sort(&self, by: impl IntoIterator<Item = impl AsRef<str>>, how: SortMultipleOptions) -> PolarsResult<DataFrame> {
            Ok(DataFrame)
        }
        pub fn group_by<I, S>(&self, by: I) -> PolarsResult<GroupBy<'_>>
        where I: IntoIterator<Item = S>, S: AsRef<str> { Ok(GroupBy(self)) }
        pub fn head(&self, n: Option<usize>) -> DataFrame { DataFrame }
        pub fn height(&self) -> usize { 0 }
        pub fn shape(&self) -> (usize, usize) { (0, 0) }
        pub fn lazy(self) -> LazyFrame { LazyFrame }
    }
    #[derive(Clone)] pub struct LazyFrame;
    pub struct LazyGroupBy;
    impl LazyFrame {
        pub fn filter(self, predicate: Expr) -> LazyFrame { self }
        pub fn select<E: AsRef<[Expr]>>(self, exprs: E) -> LazyFrame { self }
        pub fn with_column(self, expr: Expr) -> LazyFrame { self }
        pub fn group_by<E: AsRef<[Expr]>>(self, by: E) -> LazyGroupBy { LazyGroupBy }
        pub fn sort(self, by: impl IntoIterator<Item = &'static str>, how: SortMultipleOptions) -> LazyFrame { self }
        pub fn collect(self) -> PolarsResult<DataFrame> { Ok(DataFrame) }
    }
    impl LazyGroupBy { pub fn agg<E: AsRef<[Expr]>>(self, aggs: E) -> LazyFrame { LazyFrame } }
}
pub mod notebook {
    use crate::polars::DataFrame;
    pub fn number(frame: &DataFrame, column: &str, row: usize) -> crate::error::Result<f64> { Ok(0.0) }
    pub struct Value<T>(pub T);
    pub trait Show { fn show(&self) {} }
    impl Show for DataFrame {}
    pub trait ByShow { fn shown(&self) {} }
    impl<T: Show> ByShow for Value<&T> {}
    pub trait ByDebug { fn shown(&self) {} }
    impl<T: std::fmt::Debug> ByDebug for &Value<&T> {}
}
#[macro_export] macro_rules! show { ($value:expr $(,)?) => {{
    #[allow(unused_imports)] use $crate::notebook::{ByDebug as _, ByShow as _}; (&$crate::notebook::Value(&$value)).shown() }} }
#[macro_export] macro_rules! df { () => { $crate::polars::DataFrame } }
pub mod chart { pub fn line() {} pub fn bar() {} }
pub mod saas {
    #[derive(Default, Clone)] pub struct Config { pub companies: u32, pub months: u32, pub seed: u64 }
}
pub mod prelude { pub use crate::{chart, df, saas, polars, notebook::number, error::{Error, Result}}; pub use crate::polars::*; }
'''

BEFORE = '''
struct EvcxrUserCodeError {}
impl<T: std::fmt::Display> From<T> for EvcxrUserCodeError { fn from(error: T) -> Self { EvcxrUserCodeError {} } }
#[allow(unused_variables)]
'''
EARLIER = [(1, "use casebook::prelude::*;"), (3, "let df: DataFrame = df!(\"visits\" => [1])?;\nlet lost: Vec<i64> = vec![];"),
    (4, "let seen: f64 = 1.0;")]
API = {"": ["chart"], "chart": ["line", "bar", "panels"], "saas": ["Config", "generate"]}

# A cell, and what the hint says (a part of it); None where there must be none.
HINTS = {
    # expressions on columns
    'df.clone().lazy().filter(col("visits") > 20);': '`col("visits").gt(lit(20))`',
    'df.clone().lazy().filter(col("a") + col("b") <= lit(20));': '`(col("a") + col("b")).lt_eq(lit(20))`',
    'df.clone().lazy().filter(col("visits") == 20);': '`col("visits").eq(lit(20))`',
    'df.clone().lazy().filter(col("visits") != lit(20));': '`col("visits").neq(lit(20))`',
    'df.clone().lazy().filter(col("a").gt(1) & col("b").gt(2));': '`col("a").gt(1).and(col("b").gt(2))`',
    'df.clone().lazy().filter(col("a").gt(1) || col("b").gt(2));': '`col("a").gt(1).or(col("b").gt(2))`',
    'df.clone().lazy().filter(col("a").gt(1) and col("b").gt(2));': '`col("a").gt(1).and(col("b").gt(2))`',
    'df.clone().lazy().filter(col("a") == lit(1) && col("b").gt(2));': "are combined by a method: `….and(…)`",
    'df.clone().lazy().filter((col("a") != lit(1)) | col("b"));': "`.neq(…)`, combined by `.or(…)`",
    'df.clone().lazy().filter(!col("a").is_null());': '`col("a").is_null().not()`',
    'let x = col("a") + 1;': '`col("a") + lit(1)`',
    'let x = col("a") / 2.0;': '`col("a") / lit(2.0)`',
    'let x = 1 - col("a");': "`lit(1) - …`",
    'let x = col("a").is_in(["a", "b"], false);': 'Series::new("".into(), ["a", "b"])',
    "let x: bool = visits.len() > 3 && 1;": None,
    # types of columns
    'let x = col("a").cast("f64");': "`.cast(DataType::Float64)`",
    'let x = df.column("a")?.cast("float")?;': "`.cast(&DataType::Float64)`",
    'let x = df.column("a")?.cast(f64)?;': "`.cast(&DataType::Float64)`",
    'let x = col("a").cast(Float64);': "`.cast(DataType::Float64)`",
    'let x = col("a").cast(DataType::Float);': "`DataType::Float64`",
    'let x = col("a").cast("colour");': None,
    # results and options
    'let x = df.column("visits").f64()?.mean();': '`column("visits")?.f64()`',
    "let x = df.clone().lazy().collect().height();": "`collect()?.height()`",
    "let x: DataFrame = df.clone().lazy().collect();": "`df.clone().lazy().collect()?`",
    'println!("{}", df.column("a"));': "`?` takes the value out of it: `…?`",
    'let x = number(&df, "a", 0) + 1.0;': "`?` takes the value out of it: `…?`",
    "fn g(d: &DataFrame) -> DataFrame { d.clone().lazy().collect()? }\n1;": "`Result<DataFrame>`, and end it with `Ok(…)`",
    'fn g(d: &DataFrame) -> Result<f64> { number(d, "a", 0)? }\n1;': '`Ok(number(d, "a", 0)?)`',
    "fn g(d: &DataFrame) -> Result<f64> { d.height() as f64 }\n1;": "`Ok(d.height() as f64)`",
    "let x = df.head(Some(3))?;": "leave out `?`: this cannot fail, and gives a `DataFrame` right away",
    'let x: f64 = df.column("a")?.f64()?.mean();': "`.unwrap_or(…)`",
    'let x = df.column("a")?.f64()?.mean() + 1.0;': "`.unwrap_or(…)`",
    "fn g(v: &[f64]) -> Result<f64> { Ok(*v.first()?) }\n1;": '`.ok_or("there is none")?`',
    # values that were given away
    "let y = visits; let z = visits.len();": "`&visits`, or give a copy: `visits.clone()`",
    "let y = df.lazy(); let z = df.height();": "`df.clone().lazy()` (cloning a frame copies no data)",
    "let y = df; let z = df.height();": "`df.clone()` (cloning a frame copies no data)",
    "for v in visits {} visits.len();": "`for … in &visits`",
    'let c = df["visits"];': '`&df["visits"]`',
    # names
    "let x = vist.len();": "did you mean `visits`?",
    "let x = lost.len();": "cell [3] made `lost`, but it was given away or lost since",
    "let total = 1.0; let y = totl;": None,  # the compiler says it itself
    "let x = something_else;": None,
    "fn g() -> usize { visits.len() }\n1;": "a parameter, `visits: &Vec<i64>`, and call it with `&visits`",
    "fn g() -> f64 { seen }\n1;": "a parameter, `seen: f64`, and call it with `seen`",
    "fn g() -> f64 { nowhere }\n1;": None,
    "fn g() -> usize { df.height() }\n1;": "a parameter, `df: &DataFrame`, and call it with `&df`",
    "let x = True;": "Rust writes `true`",
    'let x = charts::line();': "did you mean `chart::`?",
    'let x = pl::col("a");': "they are written without `pl::`",
    'let x = plt::plot();': "`chart::line`, `chart::bar`",
    "let x = chart::lines();": None,  # the compiler says it itself
    "let x = chart::scatter();": "`chart` has `line`, `bar`, `panels`",
    "let m: HashMap<String, i64> = HashMap::new();": "`use std::collections::HashMap;`",
    # frames
    'let x = df.filter(col("a").gt(1));': "`.clone().lazy().filter(…).collect()?`",
    'let x = df.select([col("a")]);': "takes the columns' names, as texts",
    'let x = df.clone().lazy().select(col("a"));': '`[col("a")]`',
    'let x = df.clone().lazy().select(["a", "b"]);': '`[col("a"), col("b")]`',
    'let x = df.select("a")?;': 'listed in brackets: `["a"]`',
    'let x = df.sort(["a"])?;': "`.sort([\"…\"], SortMultipleOptions::default())`",
    'let x = df.sort(["a"], false)?;': "with_order_descending(true)",
    'let x = df[["a", "b"]];': '`.select(["a", "b"])?`',
    'let x = df[df["a"].clone()];': "rows are chosen by `.clone().lazy().filter(…).collect()?`",
    "let x = df.shape()[0];": "a frame has `.height()` rows",
    'let x = df["a"].sum();': "`.as_materialized_series().sum::<f64>()?`",
    "let x = df.len();": "polars writes it `.height()`",
    'let x = df.groupby("a");': "`.lazy().group_by(",
    'let x = col("a").fillna(0);': "`.fill_null(lit(0))`",
    'let x = df.group_by(["a"])?.agg([col("a").sum()]);': "groups with expressions are a query",
    "let x = df.head(3);": "`Some(3)`",
    # values that cannot be shown or printed
    "casebook::show!(df.clone().lazy());": "a query is only written down; `.collect()?` runs it",
    'println!("{}", df.clone().lazy());': "a query is only written down; `.collect()?` runs it",
    'casebook::show!(when(col("a")).then(1));': "ends with `.otherwise(…)`",
    "struct P { x: i64 }\ncasebook::show!(P { x: 3 });": "`#[derive(Debug)]` above the definition of `P`",
    'println!("{}", visits);': "printed with `{:?}` instead of `{}`",
    'println!("{visits}");': "`{visits:?}`",
    # texts and numbers
    'let x = "a" + "b";': '`format!("{}{}", "a", "b")`',
    "let x: f64 = visits.len() / 2;": "`visits.len() as f64 / 2.0`",
    "let n: i64 = 3; let x = n * 2.5;": "convert the `i64` with `… as f64`",
    "let x = visits.len() as f64 / 2;": None,  # the compiler says it itself
    "let n: i64 = 1; let x = visits[n];": "`[n as usize]`",
    "let x = visits[-1];": "`visits[visits.len() - 1]`",
    'let x = "1".parse()?;': "`.parse::<i64>()`",
    "let x = visits.iter().sum() / 2;": "`.sum::<i64>()`",
    "let x = None;": "`let … : Option<f64> = None;`",
    # fields
    "let c = saas::Config { company: 3, ..saas::Config::default() };": "did you mean `companies`?",
    "let c = saas::Config { companies: 3 };": "`..saas::Config::default()`",
    "let c = saas::Config::new();": "`saas::Config::default()`",
    # habits of other languages
    "let n = len(visits);": "`visits.len()`",
    "let n = len(&df);": "`df.height()`",
    "for i in range(10) {}": "`0..10`",
    "for i in range(1, n) {}": "`1..n`",
    "print(name);": '`println!("{}", name)`',
    'print("x");': "`println!(…)`",
    "let s = 'visits';": '`"visits"`',
    "let s = col('Monday morning');": "double quotes",
    'let s = f"{name} visits";': '`format!("{name} visits")`',
    "if visits.len() > 1: println!();": "a block stands in braces, without a colon",
    "import polars;": "names are brought in by `use`",
    "def f(x): 1": "`fn name(x: f64) -> f64 { … }`",
    "let f = lambda x: x;": "`|x| …`",
    "let x = 2 ** 3;": "`2_i64.pow(3)`",
    "let x = 1 ? 2 : 3;": "`if … { … } else { … }`",
    # punctuation
    "let x = 3\nlet y = 4;": "end line 1 with `;`",
    'let x = ("a", 3;\nlet y = 1;': "`)` is missing for the `(` in line 1, column 9",
    'let s = "abc;\nlet y = 2;': "a text has no end",
    # no advice where there is none to give
    "let x: i64 = \"a\";": None,
    "let x = visits.nope();": None,
    "undefined_function(3);": None,
    "match visits.len() { 0 => 1, 1 => \"a\" };": None,
}


class Compiled:
    """Each hint with what the compiler really says."""

    cases = HINTS

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.call = cls.compiler(pathlib.Path(cls.folder.name))
        with concurrent.futures.ThreadPoolExecutor() as pool:
            cls.told = dict(zip(cls.cases, pool.map(cls.compile, enumerate(cls.cases))))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def crate(cls, cell):
        """The cell as evcxr writes it to be checked."""
        pieces = rust.statements(cell)
        items = [cell[piece.start:piece.end] for piece in pieces if piece.moved]
        body = cell[max((piece.end for piece in pieces if piece.moved), default=0):] if items else cell
        loaded = ["df: DataFrame,", "visits: Vec<i64>,", "name: String,", "n: usize,"]
        lines = [ATTRIBUTE, "use casebook::prelude::*;", *items, BEFORE, CHECK[0], *loaded, CHECK[-1], body, "Ok(())", "}"]
        return "\n".join(lines) + "\n"

    @classmethod
    def compile(cls, numbered_cell):
        """What the compiler says of a cell."""
        number, cell = numbered_cell
        folder = pathlib.Path(cls.folder.name, str(number))
        folder.mkdir()
        (folder / "lib.rs").write_text(cls.crate(cell))
        words = ["--crate-type", "lib", "--emit", "metadata", "--error-format=json", "lib.rs"]
        said = subprocess.run([*cls.call, *words], cwd=folder, capture_output=True, text=True).stderr
        return [json.loads(line) for line in said.split("\n") if line.startswith('{"$message_type":"diagnostic"')]

    def explained(self, cell):
        told = self.told[cell]
        errors = [part for part in told if part["level"] == "error" and not part["message"].startswith("aborting")]
        self.assertTrue(errors, f"{cell} compiles")
        contents = [error(part["message"]) for part in errors]
        return explain.compile_errors(contents, cell, told, self.crate(cell), EARLIER, {"df": ["visits"]}, API)

    def test_each_hint(self):
        for cell, part in self.cases.items():
            with self.subTest(cell):
                found = [plain(line) for line in self.explained(cell)["traceback"] if plain(line).startswith("hint: ")]
                if part is None:
                    self.assertEqual(found, [])
                else:
                    self.assertIn(part, "\n".join(found))

    def test_each_error_has_its_place(self):
        """The places of real messages, against the text that they mark."""
        for cell, told in self.told.items():
            sources = explain.Sources(self.crate(cell), cell, EARLIER)
            for part in told:
                for one in part["spans"]:
                    at = sources.place(one["line_start"], one["column_start"]) if one["file_name"] == "lib.rs" else None
                    if at and at.count is None:
                        text = cell.split("\n")[at.line - 1][at.column - 1:]
                        self.assertTrue(text.startswith(hints.marked(one)), (cell, hints.marked(one), text))


@unittest.skipUnless(shutil.which("rustc"), "there is no rustc")
class OnTheStandIn(Compiled, unittest.TestCase):
    @classmethod
    def compiler(cls, folder):
        (folder / "stub.rs").write_text(STUB)
        call = ["rustc", "--edition=2024", "-A", "warnings"]
        words = ["--crate-name", "casebook", "--crate-type", "rlib", "--emit", "metadata", "--out-dir", folder]
        subprocess.run([*call, *words, folder / "stub.rs"], check=True, capture_output=True, text=True)
        return [*call, "--extern", f"casebook={folder}/libcasebook.rmeta"]

    def test_errors_are_drawn_where_evcxr_shows_no_place(self):
        text = "\n".join(map(plain, self.explained('let x = col("a") + 1;')["traceback"]))
        self.assertIn('   ╭─[ line 1, column 20 ]\n   │\n 1 │ let x = col("a") + 1;\n', text)
        self.assertIn("╰── expected `Expr`, found integer", text)

    def test_every_code_has_a_case_here(self):
        """No rule without a case that it was written for."""
        used = set()
        for told in self.told.values():
            used |= {(part.get("code") or {}).get("code") for part in told}
        for codes, patterns, _ in hints.RULES:
            self.assertTrue(set(codes) & used, (codes, patterns))


@unittest.skipUnless(warm.state() == "ready", "the kernel is not warm")
class OnTheLibrary(Compiled, unittest.TestCase):
    """What the compiler says of polars itself: another version of it may be told otherwise."""

    cases = {cell: part for cell, part in HINTS.items() if re.search(r"\b(?:df|col|lit|saas|when|casebook)\b", cell)}
    cases['let x = polars::col("a");'] = "they are written without `polars::`"

    @classmethod
    def compiler(cls, folder):
        return [warm.tool("rustc"), *warm.options()]


class Stored(unittest.TestCase):
    """What evcxr says of variables that it cannot keep."""

    def test_hints(self):
        lost = "contains a reference with a non-static lifetime so\ncan't be persisted."
        cases = [
            ("let x = \"1\".parse()?;", "Couldn't automatically determine type of variable `x`.", "`let x: f64 = …`"),
            ("let x = [1, 2, 3];", "Couldn't automatically determine type of variable `x`.", "`let x: [f64; 3] = …`"),
            ("let x = df.lazy()\n.collect()?;", "Couldn't automatically determine type of variable `x`.", "x: DataFrame = …`"),
            ("let f = |x| x;", "The variable `f` is a closure, which cannot be persisted.", "`fn f(x: f64) -> f64 { … }`"),
            ("let c = df.column(\"a\")?;", f"The variable `c` {lost}", "add `.clone()` or `.to_owned()`, or put the lines"),
            ("let c = &df[\"a\"];", f"The variable `c` {lost}", "keep a copy, `df[\"a\"].clone()`, or put the lines"),
            ("let c = v.iter();", f"The variable `c` {lost}", "cells keep what they own: put the lines that use it into `{ … }`"),
            ("let c = v.map(f);", "The variable `c` has type `std::iter::Map<…>` which cannot be persisted.", "collect it"),
        ]
        for cell, said, part in cases:
            new = explain.compile_error(error(said), cell, [])
            self.assertIn(part, plain(new["traceback"][-1]), cell)
            self.assertIn(" │     ", plain("\n".join(new["traceback"])))

    def test_modules_that_hints_name_are_there(self):
        api = complete.public_api(PROJECT)
        self.assertLessEqual({"line", "bar"}, set(api["chart"]))
        self.assertLessEqual({"number", "table", "beside"}, set(api["prelude"]))


if __name__ == "__main__":
    unittest.main()
