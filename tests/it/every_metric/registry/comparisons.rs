//! Experiments, confounding, detection, calibration, concentration, distributions, segments by numbers.

use casebook::Result;
use casebook::metrics::experiment::{
    BetaPrior, GroupSequential, NonInferiority, NormalPrior, Spending,
};
use casebook::metrics::panel::{self, Panel};
use casebook::metrics::segment::{self, K, KMeans};
use casebook::metrics::{
    calibration, concentration, confounding, detection, distribution, experiment,
};
use casebook::polars::prelude::*;

use super::super::entry::{Answer, Entry, metric};
use super::super::given::Given;

const ARMS: [(&str, f64); 2] = [("control", 1.0), ("treated", 1.0)];
const FEATURES: [&str; 2] = ["value", "before"];

pub fn entries() -> Vec<Entry> {
    [experiments(), predictions(), others(), launches()].into_iter().flatten().collect()
}

fn experiments() -> Vec<Entry> {
    vec![
        metric!(experiment::proportions, |metric, given| {
            metric(given.frame("users"), "arm", "outcome", "control")?
        })
        .adds_up(&["arm"], &["control_users", "control_hits", "users", "hits"]),
        metric!(experiment::means, |metric, given| {
            metric(given.frame("users"), "arm", "value", "control")?
        })
        .adds_up(&["arm"], &["control_users", "users"]),
        metric!(experiment::cuped, |metric, given| {
            metric(given.frame("users"), "arm", "value", "before", "control")?
        })
        .adds_up(&["arm"], &["control_users", "users"]),
        metric!(experiment::complier_effect, |metric, given| {
            metric(given.frame("users"), "arm", "taken", "value", "control")?
        })
        .adds_up(&["arm"], &["users", "control_users"]),
        metric!(experiment::sample_ratio, |metric, given| {
            metric(given.frame("users"), "arm", &ARMS)?
        })
        .adds_up(&["arm"], &["users"]),
        metric!(experiment::cluster_bootstrap, |metric, given| {
            metric(given.frame("users"), "arm", "value", "team", "control", 200, 7)?
        }),
        metric!(experiment::benjamini_hochberg, |metric, given| {
            metric(&given.table("tests"), 0.5)?
        })
        .in_given_order(),
        metric!(experiment::holm, |metric, given| metric(&given.table("tests"), 0.5)?)
            .in_given_order(),
        metric!(experiment::confidence_sequence, |metric, given| {
            metric(given.frame("users"), "arm", "value", "label", "control", 30)?
        }),
        metric!(experiment::planned_looks, |metric, _given| {
            metric(&GroupSequential::equal(3, Spending::OBrienFleming))?
        }),
        metric!(experiment::peeking, |metric, _given| metric(4, 0.05)?),
        metric!(experiment::ratio, |metric, given| {
            metric(given.frame("users"), "arm", "successes", "trials", "control")?
        })
        .adds_up(&["arm"], &["control_users", "users", "numerator", "denominator"]),
        metric!(experiment::non_inferiority, |metric, given| {
            let limit = NonInferiority::rise(3.0);
            metric(given.frame("users"), "arm", "value", "control", &limit)?
        })
        .adds_up(&["arm"], &["control_users", "users"]),
        metric!(experiment::bayes_proportions, |metric, given| {
            metric(given.frame("users"), "arm", "outcome", BetaPrior { a: 0.5, b: 2.0 })?
        })
        .adds_up(&["arm"], &["users", "hits"]),
        metric!(experiment::bayes_means, |metric, given| {
            metric(given.frame("users"), "arm", "value", NormalPrior { mean: 0.0, sd: 900.0 })?
        })
        .adds_up(&["arm"], &["users"]),
        metric!(experiment::cuped_with, |metric, given| {
            metric(given.frame("users"), "arm", "value", &["before", "successes"], "control")?
        })
        .adds_up(&["arm"], &["control_users", "users"]),
        metric!(experiment::regression_adjusted, |metric, given| {
            metric(given.frame("users"), "arm", "value", &["before", "successes"], "control")?
        })
        .adds_up(&["arm"], &["control_users", "users"]),
    ]
}

/// Users with a probability, from one of their numbers.
fn scored(given: &Given) -> LazyFrame {
    let odds = (col("value") / lit(10.0)).exp();
    given.frame("users").clone().with_column((odds.clone() / (lit(1.0) + odds)).alias("score"))
}

fn predictions() -> Vec<Entry> {
    vec![
        metric!(calibration::by_quantile, |metric, given| {
            metric(&scored(given), "score", "bought", 4)?
        }),
        metric!(calibration::by_cuts, |metric, given| {
            metric(&scored(given), "score", "outcome", &[0.3, 0.9])?
        })
        .adds_up(&["bin"], &["n", "hits"]),
        metric!(distribution::summary, |metric, given| {
            metric(given.frame("users"), "plan", "value")?
        }),
        metric!(distribution::summary, |metric, given| {
            metric(given.frame("users"), "arm", "before")?
        })
        .adds_up(&["arm"], &["n"]),
        metric!(distribution::outliers, |metric, given| {
            metric(given.frame("users"), "arm", "value")?
        }),
    ]
}

fn others() -> Vec<Entry> {
    vec![
        metric!(confounding::risk_ratio, |metric, given| {
            metric(given.frame("users"), "exposed", "bought", &["arm", "label"])?
        }),
        metric!(confounding::risk_ratio, |metric, given| {
            metric(given.frame("users"), "exposed", "bought", &[])?
        }),
        metric!(detection::score, |metric, given| {
            metric(given.frame("found"), given.frame("planted"))?
        })
        .adds_up(&["fault"], &["planted", "found", "right"]),
        metric!(concentration::lorenz, |metric, given| {
            metric(given.frame("users"), "value", 7)?
        }),
        metric!(concentration::summary, |metric, given| {
            metric(given.frame("users"), "value", &[0.1, 0.5])?
        }),
        metric!(segment::kmeans, |metric, given| {
            metric(given.frame("users"), &FEATURES, &KMeans::default().k(K::Fixed(3)))?
        })
        .in_given_order(),
        metric!(segment::kmeans, |metric, given| {
            let how = KMeans::default().k(K::Silhouette(2, 4)).starts(3).sample(20);
            metric(given.frame("users"), &["value", "successes"], &how)?
        })
        .in_given_order(),
        metric!(segment::components, |metric, given| {
            metric(given.frame("users"), &["value", "before", "successes"])?
        }),
        metric!(segment::silhouette, |metric, given| {
            metric(given.frame("users"), &FEATURES, "label")?
        }),
        metric!(segment::adjusted_rand, |metric, given| {
            metric(given.frame("users"), "label", "arm")?
        }),
    ]
}

/// A panel whose outcome is a share.
fn shares(given: &Given) -> Panel {
    Panel::new(given.frame("panel"), "region", "month", "launch").rates("hits", "trials")
}

fn launches() -> Vec<Entry> {
    vec![
        metric!(panel::Panel::group_time_effects, |metric, given| metric(&shares(given))?),
        metric!(panel::Panel::event_study, |metric, given| {
            metric(&shares(given).adjust(&["other"]), -3..=4)?
        }),
        metric!(panel::Panel::pre_trends, |metric, given| {
            metric(&shares(given).means("value", "error"), 4)?
        }),
        metric!(panel::Panel::difference_in_differences, |metric, given| {
            metric(&shares(given).values("value"))?
        }),
        metric!(panel::Panel::synthetic_control, |metric, given| metric(&shares(given), "0")?),
    ]
}
