//! Changes: decompositions, series, what moved them, and attribution.

use casebook::Result;
use casebook::chrono::NaiveDate;
use casebook::metrics::change::{
    self, Alerts, Baseline, ChangePoints, Forecast, InterruptedSeries, Intervals, MetricTree, Mstl,
    RegressionDiscontinuity, Split, Stl, Trend,
};
use casebook::polars::prelude::*;

use super::super::entry::{Answer, Entry, metric};
use super::super::given::Given;

pub fn entries() -> Vec<Entry> {
    [decompositions(), series(), causes()].into_iter().flatten().collect()
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

/// Two series of forty days.
fn two(given: &Given) -> LazyFrame {
    let first = col("day").lt(lit(NaiveDate::from_ymd_opt(2024, 2, 10).unwrap()));
    given.frame("busy").clone().with_column(first.alias("app"))
}

fn since() -> InterruptedSeries {
    InterruptedSeries::new(NaiveDate::from_ymd_opt(2024, 2, 20).unwrap())
}

fn series() -> Vec<Entry> {
    vec![
        metric!(change::Stl::decompose, |metric, given| {
            metric(&Stl::new(7).robust(), given.frame("busy"), "day", "weight")?
        }),
        metric!(change::Mstl::decompose, |metric, given| {
            metric(&Mstl::new([2, 7]), given.frame("busy"), "day", "weight")?
        }),
        metric!(change::Forecast::predict, |metric, given| {
            let ahead = Forecast::new(2, 3).level(0.8).trend(Trend::Damped);
            metric(&ahead, given.frame("busy"), "day", "weight")?
        }),
        metric!(change::Forecast::predict, |metric, given| {
            let ahead = Forecast::new(1, 2).intervals(Intervals::Model);
            metric(&ahead, given.frame("busy"), "day", "weight")?
        }),
        metric!(change::Forecast::models, |metric, given| {
            metric(&Forecast::new(2, 3).level(0.8), given.frame("busy"), "day", "weight")?
        })
        .in_given_order(),
        metric!(change::ChangePoints::find, |metric, given| {
            let search = ChangePoints::of_mean_and_variance().variance(1_000.0);
            metric(&search, given.frame("busy"), "day", "weight")?
        }),
        metric!(change::Alerts::check, |metric, given| {
            let alerts = Alerts::new(7).baseline(Baseline::Stl).threshold(1.5);
            metric(&alerts, given.frame("busy"), "day", "weight")?
        }),
        metric!(change::Alerts::false_alarms, |metric, given| {
            metric(&Alerts::new(2), &two(given), "app", "day", "weight")?
        }),
        metric!(change::Alerts::calibrate, |metric, given| {
            let alerts = metric(&Alerts::new(2), &two(given), "app", "day", "weight", 0.3)?;
            alerts.false_alarms(&two(given), "app", "day", "weight")?
        }),
        metric!(change::InterruptedSeries::estimate, |metric, given| {
            metric(&since().season(7), given.frame("busy"), "day", "weight")?
        })
        .in_given_order(),
        metric!(change::InterruptedSeries::path, |metric, given| {
            metric(&since().lags(2), given.frame("busy"), "day", "weight")?
        }),
    ]
}

fn causes() -> Vec<Entry> {
    vec![
        metric!(change::RegressionDiscontinuity::estimate, |metric, given| {
            metric(&RegressionDiscontinuity::new(700.0), given.frame("users"), "value", "before")?
        })
        .in_given_order(),
        metric!(change::RegressionDiscontinuity::estimate, |metric, given| {
            let near = RegressionDiscontinuity::new(650.0).bandwidth(600.0);
            metric(&near, given.frame("users"), "value", "outcome")?
        })
        .in_given_order(),
        metric!(change::treatment_effect, |metric, given| {
            metric(given.frame("users"), "exposed", "value", &["before", "arm"])?
        })
        .in_given_order(),
        metric!(change::attribute, |metric, given| {
            let (visit, bought) = (col("event").eq(lit("visit")), col("event").eq(lit("purchase")));
            let of = |kind: Expr| given.frame("events").clone().filter(kind);
            metric(given.users(), &of(visit), &of(bought), "device")?
        })
        .in_given_order(),
    ]
}
