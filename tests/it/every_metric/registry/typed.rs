//! Results with fields, and what they are made by.

use casebook::Result;
use casebook::metrics::experiment::{self, Experiment};
use casebook::metrics::funnel::{self, Funnel, Step};
use casebook::metrics::{confounding, mix, rates, survival};
use casebook::polars::prelude::*;

use super::super::entry::{Answer, Entry, metric};
use super::super::given::Given;

const ARMS: [(&str, f64); 2] = [("control", 1.0), ("treated", 1.0)];

fn experiment(given: &Given) -> Experiment {
    Experiment::new(given.frame("users")).arm("arm").control("control")
}

fn shop() -> Funnel {
    Funnel::new(["visit", "search", "cart"].map(Step::event))
}

pub fn entries() -> Vec<Entry> {
    [experiments(), others()].into_iter().flatten().collect()
}

fn experiments() -> Vec<Entry> {
    vec![
        metric!(experiment::Experiment::proportions, |metric, given| {
            metric(&experiment(given), "outcome")?.frame().clone()
        })
        .adds_up(&["arm"], &["control_users", "control_hits", "users", "hits"]),
        metric!(experiment::Experiment::means, |metric, given| {
            metric(&experiment(given), "value")?.frame().clone()
        })
        .adds_up(&["arm"], &["control_users", "users"]),
        metric!(experiment::Experiment::cuped, |metric, given| {
            metric(&experiment(given), "value", "before")?.frame().clone()
        })
        .adds_up(&["arm"], &["control_users", "users"]),
        metric!(experiment::Experiment::cuped_with, |metric, given| {
            metric(&experiment(given), "value", &["before"])?.frame().clone()
        })
        .adds_up(&["arm"], &["control_users", "users"]),
        metric!(experiment::Experiment::regression_adjusted, |metric, given| {
            metric(&experiment(given), "value", &["before"])?.frame().clone()
        })
        .adds_up(&["arm"], &["control_users", "users"]),
        metric!(experiment::Experiment::ratio, |metric, given| {
            metric(&experiment(given), "successes", "trials")?.frame().clone()
        }),
        metric!(experiment::Experiment::clusters, |metric, given| {
            metric(&experiment(given), "value", "team", 200, 7)?.frame().clone()
        }),
        metric!(experiment::Experiment::compliers, |metric, given| {
            metric(&experiment(given), "taken", "value")?.frame().clone()
        })
        .adds_up(&["arm"], &["users", "control_users"]),
        metric!(experiment::Experiment::sample_ratio, |metric, given| {
            metric(&experiment(given), &ARMS)?
        })
        .adds_up(&["arm"], &["users"]),
    ]
}

fn others() -> Vec<Entry> {
    vec![
        metric!(rates::rate_by, |metric, given| {
            metric(given.frame("users"), "plan", col("outcome").eq(1))?
        })
        .adds_up(&["plan"], &["hits", "trials"]),
        metric!(rates::rate, |metric, given| {
            metric(given.frame("users"), col("outcome").eq(1))?.frame()?
        })
        .adds_up(&[], &["hits", "trials"]),
        metric!(mix::decompose, |metric, given| {
            let of = |column| rates::rate_by(given.frame("users"), "plan", col(column).eq(1));
            metric(&of("outcome")?, &of("taken")?, "plan")?
        }),
        metric!(confounding::risk_ratios, |metric, given| {
            metric(given.frame("users"), "exposed", "bought", &["arm", "label"])?.frame().clone()
        }),
        metric!(funnel::Funnel::measure, |metric, given| {
            metric(&shop(), given.events())?.frame().clone()
        })
        .adds_up(&["step", "name"], &["users", "previous", "entered", "dropped"]),
        metric!(survival::curve, |metric, given| {
            metric(given.frame("subjects"))?.frame().clone()
        })
        .adds_up(&["time"], &["events", "censored"]),
        metric!(survival::curve_by, |metric, given| {
            metric(given.frame("subjects"), "plan")?.frame().clone()
        })
        .adds_up(&["plan", "time"], &["events", "censored"]),
    ]
}
