//! Effects that change by day, by segment and by score; many experiments at once; and tests tried
//! on themselves.

use casebook::Result;
use casebook::metrics::experiment::{self, Bootstrap, PriorFit};
use casebook::polars::prelude::*;

use super::super::entry::{Answer, Entry, metric};
use super::super::given::Given;

const DRAWS: Bootstrap = Bootstrap { draws: 100, seed: 7 };

pub fn entries() -> Vec<Entry> {
    [by_time_and_part(), ranked(), many()].into_iter().flatten().collect()
}

/// Regions in two arms, each with a row a month.
fn daily(given: &Given) -> LazyFrame {
    let even = (col("region") % lit(2)).eq(lit(0));
    let arm = when(even).then(lit("control")).otherwise(lit("treated"));
    given.frame("panel").clone().with_column(arm.alias("arm"))
}

fn by_time_and_part() -> Vec<Entry> {
    vec![
        metric!(experiment::effect_by_day, |metric, given| {
            metric(&daily(given), "arm", "region", "month", "value", "control")?
        })
        .adds_up(&["arm", "day"], &["control_users", "users"]),
        metric!(experiment::effect_trend, |metric, given| {
            metric(&daily(given), "arm", "region", "month", "value", "control")?
        }),
        metric!(experiment::segment_effects, |metric, given| {
            metric(given.frame("users"), "arm", "value", "plan", "control")?
        })
        .adds_up(&["arm", "plan"], &["control_users", "users"]),
        metric!(experiment::interaction, |metric, given| {
            metric(given.frame("users"), "arm", "value", "label", "control")?
        }),
        metric!(experiment::honest_segment, |metric, given| {
            let segments = ["plan", "label"];
            metric(given.frame("users"), "user_id", "arm", "value", &segments, "control", 7)?
        }),
        metric!(experiment::post_stratified, |metric, given| {
            metric(given.frame("users"), "arm", "value", "label", "control")?
        })
        .adds_up(&["arm"], &["control_users", "users"]),
        metric!(experiment::quantile_effects, |metric, given| {
            metric(given.frame("users"), "arm", "value", "team", &[0.25, 0.5], "control")?
        }),
        metric!(experiment::winsorised_means, |metric, given| {
            metric(given.frame("users"), "arm", "value", (0.05, 0.9), "control")?
        })
        .adds_up(&["arm"], &["control_users", "users"]),
    ]
}

fn ranked() -> Vec<Entry> {
    vec![
        metric!(experiment::uplift_curve, |metric, given| {
            metric(given.frame("users"), "arm", "outcome", "value", "control", 5, DRAWS)?
        }),
        metric!(experiment::qini, |metric, given| {
            metric(given.frame("users"), "arm", "outcome", "label", "control", DRAWS)?
        })
        .adds_up(&["arm"], &["control_users", "users"]),
        metric!(experiment::qini, |metric, given| {
            metric(given.frame("users"), "arm", "value", "before", "control", DRAWS)?
        }),
    ]
}

fn by_workspace(rows: &DataFrame) -> Result<f64> {
    let found = experiment::means(rows, "arm", "workspace_id", "a")?;
    Ok(found.column("p_value")?.f64()?.get(0).unwrap_or(f64::NAN))
}

/// Estimates with their errors.
fn tests(given: &Given) -> DataFrame {
    let columns = ["row", "other", "error"].map(col);
    given.frame("panel").clone().select(columns).collect().unwrap()
}

fn many() -> Vec<Entry> {
    vec![
        metric!(experiment::shrink, |metric, given| {
            metric(&tests(given), "other", "error", PriorFit::Moments)?
        })
        .in_given_order(),
        metric!(experiment::shrink, |metric, given| {
            metric(&tests(given), "other", "error", PriorFit::MaximumLikelihood)?
        })
        .in_given_order(),
        metric!(experiment::self_check, |metric, given| {
            metric(given.frame("events"), "user_id", 20, 7, by_workspace)?
        }),
        metric!(experiment::thompson, |metric, _given| metric(&[0.2, 0.4], 50, 20, 7)?),
    ]
}
