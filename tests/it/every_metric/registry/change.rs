//! Changes: decompositions, series, what moved them, and attribution.

use casebook::Result;
use casebook::metrics::change::{self, ChangePoints, MetricTree, Split, Stl};
use casebook::polars::prelude::*;

use super::super::entry::{Answer, Entry, metric};
use super::super::given::Given;

pub fn entries() -> Vec<Entry> {
    [decompositions(), series()].into_iter().flatten().collect()
}

/// A share by arm.
fn rates(given: &Given, outcome: &str) -> LazyFrame {
    let counts = [col(outcome).sum().alias("hits"), len().cast(DataType::Int64).alias("trials")];
    given.frame("users").clone().group_by([col("arm")]).agg(counts)
}

/// Whole numbers, of all users.
fn totals(given: &Given, columns: [&str; 3]) -> LazyFrame {
    let sums = columns.iter().zip(["a", "b", "c"]).map(|(name, to)| col(*name).sum().alias(to));
    given.frame("users").clone().select(sums.collect::<Vec<_>>())
}

fn decompositions() -> Vec<Entry> {
    vec![
        metric!(change::by_group, |metric, given| {
            metric(&rates(given, "outcome"), &rates(given, "taken"), "arm")?
        })
        .adds_up(&["arm"], &["hits_before", "trials_before", "hits_after", "trials_after"]),
        metric!(change::MetricTree::decompose, |metric, given| {
            let product = MetricTree::product("b × c", ["b", "c"]);
            let tree = MetricTree::sum("all", [MetricTree::leaf("a"), product]);
            let before = totals(given, ["outcome", "taken", "trials"]);
            metric(&tree, &before, &totals(given, ["taken", "successes", "label"]), Split::Shapley)?
        })
        .in_given_order(),
    ]
}

fn series() -> Vec<Entry> {
    vec![
        metric!(change::Stl::decompose, |metric, given| {
            metric(&Stl::new(7).robust(), given.frame("busy"), "day", "weight")?
        }),
        metric!(change::ChangePoints::find, |metric, given| {
            let search = ChangePoints::of_mean_and_variance().variance(1_000.0);
            metric(&search, given.frame("busy"), "day", "weight")?
        }),
    ]
}
