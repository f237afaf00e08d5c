"""Hints, with what the compiler really says: rustc alone, on a stand-in for the library."""

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
sys.path[:0] = [str(PROJECT / "kernel"), str(PROJECT / "tests")]

import rust  # noqa: E402
import warm  # noqa: E402
from cells import ATTRIBUTE, CHECK, error  # noqa: E402
from completion import complete  # noqa: E402
from errors import explain, hints  # noqa: E402
from errors.hints.rules import marked  # noqa: E402
from errors.places import Sources  # noqa: E402
from errors.report import plain  # noqa: E402

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
        pub fn group_by<E: AsRef<[I]>, I: Into<Expr> + Clone>(self, by: E) -> LazyGroupBy { LazyGroupBy }
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
    "let x = lost.len();": "cell [3] made `lost`, and it is gone: moved since",
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
    'let x = df.select([col("a")]);': "takes the columns' names, as strings",
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
    'let x = df.clone().lazy().group_by(col("a"));': '`[col("a")]`',
    'let x = df.group_by("a")?;': 'listed in brackets: `["a"]`',
    'let x = df.clone().lazy().group_by([col("a")]).sum();': '`.agg([col("…").sum()])`',
    'let x = df.clone().lazy().group_by([col("a")]).count();': "`.agg([len()])`",
    "let x = df.push(1);": "`….vstack(&more)?`, with a second frame of the same columns",
    "let x = df.head(3);": "`Some(3)`",
    # values that cannot be shown or printed
    "casebook::show!(df.clone().lazy());": "a query is only a plan; `.collect()?` runs it",
    'println!("{}", df.clone().lazy());': "a query is only a plan; `.collect()?` runs it",
    'casebook::show!(df.clone().lazy().group_by([col("a")]));': "groups become a query by `.agg([…])`",
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
    "if visits.len() > 1: println!();": "a block goes in braces, without a colon",
    "import polars;": "names are brought in by `use`",
    "def f(x): 1": "`fn name(x: f64) -> f64 { … }`",
    "let f = lambda x: x;": "`|x| …`",
    "let x: Option<i64> = null;": "Rust's word for no value is `None`",
    "let mut k = 1; k++;": "write `… += 1`",
    "let x = 2 ** 3;": "`2_i64.pow(3)`",
    "let x = 1 ? 2 : 3;": "`if … { … } else { … }`",
    # punctuation
    "let x = 3\nlet y = 4;": "end line 1 with `;`",
    'let x = ("a", 3;\nlet y = 1;': "`)` is missing for the `(` in line 1, column 9",
    'let s = "abc;\nlet y = 2;': "a string is never closed",
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
        items = [cell[piece.start:piece.end] for piece in pieces if piece.hoisted]
        body = cell[max((piece.end for piece in pieces if piece.hoisted), default=0):] if items else cell
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
            sources = Sources(self.crate(cell), cell, EARLIER)
            for part in told:
                for one in part["spans"]:
                    at = sources.place(one["line_start"], one["column_start"]) if one["file_name"] == "lib.rs" else None
                    if at and at.count is None:
                        text = cell.split("\n")[at.line - 1][at.column - 1:]
                        self.assertTrue(text.startswith(marked(one)), (cell, marked(one), text))


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

    def test_every_rules_code_occurs(self):
        """No rule without a case, as far as codes tell."""
        used = {(part.get("code") or {}).get("code") for told in self.told.values() for part in told}
        for rule in hints.RULES:
            self.assertTrue(set(rule.codes) & used, rule)


@unittest.skipUnless(warm.state() == "ready", "the kernel is not warm")
class OnTheLibrary(Compiled, unittest.TestCase):
    """What the compiler says of polars itself: another version of it may be told otherwise."""

    cases = {cell: part for cell, part in HINTS.items() if re.search(r"\b(?:df|col|lit|saas|when|casebook)\b", cell)}
    cases['let x = polars::col("a");'] = "they are written without `polars::`"

    @classmethod
    def compiler(cls, folder):
        return [warm.tool("rustc"), *warm.options()]


class FromEvcxr(unittest.TestCase):
    """What evcxr says itself of cells, most of all of variables that it cannot keep."""

    def test_hints(self):
        lost = "contains a reference with a non-static lifetime so\ncan't be persisted."
        cases = [
            ("let x = \"1\".parse()?;", "Couldn't automatically determine type of variable `x`.", "`let x: f64 = …`"),
            ("let x = [1, 2, 3];", "Couldn't automatically determine type of variable `x`.", "`let x: [f64; 3] = …`"),
            ("let x = df.lazy()\n.collect()?;", "Couldn't automatically determine type of variable `x`.", "x: DataFrame = …`"),
            ("let f = |x| x;", "The variable `f` is a closure, which cannot be persisted.", "`fn f(x: f64) -> f64 { … }`"),
            ("let c = df.column(\"a\")?;", f"The variable `c` {lost}", "add `.clone()` or `.to_owned()`, or put the lines"),
            ("let c = &df[\"a\"];", f"The variable `c` {lost}", "keep a copy, `df[\"a\"].clone()`, or put the lines"),
            ("let c = v.iter();", f"The variable `c` {lost}", "only owned values outlive a cell: put the lines that use it into `{ … }`"),
            ("let c = 3\nc", "Looks like you're missing a semicolon", "every statement but the last ends with `;`"),
            ("let c = v.map(f);", "The variable `c` has type `std::iter::Map<…>` which cannot be persisted.", "collect it"),
        ]
        for cell, said, part in cases:
            new = explain.compile_error(error(said), cell, [])
            self.assertIn(part, plain(new["traceback"][-1]), cell)
            self.assertEqual(" │     " in plain("\n".join(new["traceback"])), "variable" in said, cell)

    def test_modules_that_hints_name_are_there(self):
        api = complete.public_api(PROJECT)
        self.assertLessEqual({"line", "bar"}, set(api["chart"]))
        self.assertLessEqual({"number", "table", "beside"}, set(api["prelude"]))


class WhileRunning(unittest.TestCase):
    """Hints about panics and errors of a running cell."""

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
            found = hints.of_run(message, cell, frames)
            self.assertEqual(found, [hint] if hint else [], message)

    def test_other_hints(self):
        cases = {
            "invalid series dtype: expected `Float64`, got `i32` for series with name `v`":
                "convert the column first: `.cast(&DataType::Float64)?.f64()?`",
            "invalid series dtype: expected `Float64`, got `str` for series with name `v`":
                "the column holds `str`: read it with `.str()?`",
            "filter predicate must be of type `Boolean`, got `Int32`":
                'a filter needs a condition, such as `col("…").gt(lit(0))`',
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
            "Variable 'visits' has gone missing": "run the cell that makes `visits` again",
            "could not read nope.csv: No such file or directory (os error 2)": "begins in the notebook's own folder",
            "invalid digit found in string": None,
            "no day had more than 100 visits": None,
            "assertion `left == right` failed\n  left: 1\n right: 2": None,
        }
        for message, part in cases.items():
            found = hints.of_run(message, "x", {})
            self.assertEqual(len(found), part is not None, message)
            self.assertIn(part or "", "".join(found))

    def test_a_number_in_quotes_is_shown_without(self):
        said = "cannot compare string with numeric type (i32)"
        found = hints.of_run(said, 'df.clone().lazy().filter(col("visits").gt(lit("20"))).collect()?', {})
        self.assertEqual(found, ["a number is written without quotes: `lit(20)`"])
        self.assertIn("don't mix", hints.of_run(said, 'col("visits").gt(lit("many"))', {})[0])

    def test_a_bare_name_for_a_group_is_a_list_of_numbers(self):
        """polars takes a text for the bytes that it is made of."""
        said = "duplicate: group_by keys contained duplicate output name 'literal'"
        found = hints.of_run(said, 'df.clone().lazy().group_by("day").agg([len()]).collect()?', {})
        self.assertEqual(found, ['the columns to group by are listed in brackets: `[col("day")]`'])
        self.assertEqual(hints.of_run(said, "df.clone().lazy().select([lit(1), lit(2)]).collect()?", {}), [])


if __name__ == "__main__":
    unittest.main()
