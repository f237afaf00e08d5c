//! The scanner finds what is planted, and nothing else.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Sources, left_out, metrics, read};

fn sources(files: &[(&str, &str)]) -> Sources {
    files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn what_can_be_called_from_outside_is_found_wherever_it_stands() {
    let files = sources(&[
        ("mod.rs", "pub mod visits;\nmod inner;\npub(crate) mod hidden;\npub use inner::{Deep, deeper as renamed};\npub use visits::*;"),
        (
            "visits/mod.rs",
            "//! pub fn in_a_comment(events: &dyn Source) -> f64 {}
            mod parts;
            pub use parts::{part, Table};
            use super::inner::Deep;
            /// ```\n/// pub fn in_an_example(frame: &DataFrame) {}\n/// ```
            pub fn plain(events: &dyn EventSource) -> Result<DataFrame> { let s = \"pub fn no(\"; if s == \"}\" { '}' } }
            pub const fn constant<E: EventSource>(events: &E) -> f64 { 0.0 }
            pub fn bounded<E>(events: E) -> Table where E: Into<LazyFrame> { todo!() }
            pub(crate) fn ours(frame: &DataFrame) -> f64 { 0.0 }
            fn private(frame: &DataFrame) -> f64 { 0.0 }
            const R: &str = r#\"pub fn raw(frame: &DataFrame) -> f64 { \"#;
            impl<'a> Deep<'a> { pub fn elsewhere(&self) -> Result<DataFrame> { } fn not(&self) -> f64 { 1.0 } }
            #[cfg(test)]
            mod tests { pub fn helper(frame: &DataFrame) -> f64 { 0.0 } }
            #[cfg(test)]
            pub fn for_tests(frame: &DataFrame) -> f64 { 0.0 }
            pub fn after_the_tests(frame: &DataFrame) -> Result<()> { }",
        ),
        (
            "visits/parts.rs",
            "pub struct Table { pub rows: usize }
            impl Table {
                pub fn new(rows: usize) -> Table { Table { rows } }
                pub fn wide(mut self) -> Self { self }
                pub fn validate(&self) -> Result<()> { Ok(()) }
                pub fn of(frame: &dyn Source) -> Result<Table> { }
                pub fn total(&self) -> f64 { 0.0 }
            }
            impl Default for Table { fn default() -> Table { Table { rows: 0 } } }
            pub fn part(frame: &DataFrame) -> Option<f64> { None }
            pub fn not_passed_on(frame: &DataFrame) -> f64 { 0.0 }",
        ),
        (
            "inner.rs",
            "pub struct Deep<'a>(&'a str); struct Shallow;
            impl Deep<'_> { pub fn score(&self, orders: Orders) -> f64 { 0.0 } }
            impl Shallow { pub fn score(&self, orders: Orders) -> f64 { 0.0 } }
            pub trait Measured { fn measure(&self) -> f64; }
            pub fn deeper(frame: &DataFrame) -> DataFrame { }",
        ),
        ("hidden.rs", "pub fn nobody_sees(frame: &DataFrame) -> f64 { 0.0 }"),
    ]);
    let expected = [
        "Deep::elsewhere",
        "Deep::score",
        "Table::of",
        "Table::total",
        "after_the_tests",
        "bounded",
        "constant",
        "part",
        "plain",
        "renamed",
    ];
    assert_eq!(metrics(&files), expected);
}

#[test]
fn a_metric_that_is_added_to_the_sources_is_missed_in_the_list() {
    let mut sources = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/metrics"));
    let known: BTreeSet<String> = metrics(&sources).into_iter().collect();
    let missing = |sources: &Sources| {
        let found = metrics(sources).into_iter().collect();
        left_out(&found, &known, &[]).0
    };
    assert!(missing(&sources).is_empty());
    // A file of its own, a file of a folder, and a method in a file of its own.
    let planted =
        "pub fn days(events: &dyn EventSource, until: NaiveDateTime) -> Result<DataFrame> {}";
    sources.insert("recency.rs".into(), planted.into());
    assert!(missing(&sources).is_empty(), "a file that no module names is no part of the library");
    sources.get_mut("mod.rs").unwrap().push_str("\npub mod recency;\n");
    assert_eq!(missing(&sources), ["recency::days"]);
    let method = "use super::Retention;\nimpl Retention { pub fn half_life(&self, users: &dyn UserSource) -> Result<Option<f64>> {} }";
    sources.insert("retention/half_life.rs".into(), method.into());
    sources.get_mut("retention/mod.rs").unwrap().push_str("\nmod half_life;\n");
    assert_eq!(missing(&sources), ["recency::days", "retention::Retention::half_life"]);
    let (_, stale) = left_out(&known, &BTreeSet::from(["gone::away".into()]), &[]);
    assert_eq!(stale, ["gone::away"]);
}
