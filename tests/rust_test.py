"""What is read of Rust: the names that a cell defines and uses."""

import pathlib
import sys
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "kernel"))

import rust  # noqa: E402


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
        self.assertEqual(rust.fn_names(cell), ["first", "Shop", "LIMIT", "later", "Kind", "Named", "twice", "Pair", "quick"])
        self.assertEqual(rust.fn_names("fn broken( {"), ["broken"])
        self.assertEqual(rust.fn_names(""), [])

    def test_what_a_cell_uses(self):
        used = ["share(&df)", "let x = 1 + share(&df);", "[1].iter().map(share)", "check! { share(&a) => 1 }", "Shop::new(share)"]
        for cell in used:
            self.assertTrue(rust.uses(cell, "share"), cell)
        for cell in ("df.share()", '"share"', "// share", "fn share() {}", "let share = 1;", "shares()", "P { share: 1 }"):
            self.assertFalse(rust.uses(cell, "share"), cell)

    def test_short_names_of_types(self):
        for name, short in (("casebook::error::Error", "Error"), ("polars_error::PolarsError", "PolarsError"), ("&str", "&str"),
                            ("alloc::boxed::Box<dyn core::error::Error>", "Box<dyn Error>"), ("alloc::string::String", "String")):
            self.assertEqual(rust.short_type(name), short)


if __name__ == "__main__":
    unittest.main()
