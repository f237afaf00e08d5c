//! Survival.

use casebook::Result;
use casebook::metrics::survival;
use casebook::polars::prelude::*;

use super::super::entry::{Answer, Entry, metric};
use super::super::given::Given;
use super::observed;

pub fn entries() -> Vec<Entry> {
    vec![
        metric!(survival::from_activity, |metric, given| {
            metric(given.users(), given.events(), 7, observed())?
        })
        .in_given_order()
        .adds_up(&["user_id"], &["events", "duration"]),
        metric!(survival::kaplan_meier, |metric, given| metric(given.frame("subjects"), None)?)
            .adds_up(&["time"], &["events", "censored"]),
        metric!(survival::kaplan_meier, |metric, given| {
            metric(given.frame("subjects"), Some("plan"))?
        })
        .adds_up(&["plan", "time"], &["events", "censored"]),
        metric!(survival::median, |metric, given| metric(given.frame("subjects"), Some("plan"))?)
            .adds_up(&["plan"], &["subjects", "events"]),
        metric!(survival::restricted_mean, |metric, given| {
            metric(given.frame("subjects"), Some("plan"), 11.0)?
        })
        .adds_up(&["plan"], &["subjects"]),
        metric!(survival::hazard, |metric, given| {
            metric(given.frame("subjects"), Some("plan"), 6.5)?
        })
        .adds_up(&["plan", "from"], &["at_risk", "events", "censored"]),
        metric!(survival::hazard, |metric, given| {
            let lives = given
                .frame("subjects")
                .clone()
                .with_column((col("duration") * lit(3.7)).alias("duration"));
            metric(&lives, None, 15.0)?
        })
        .adds_up(&["from"], &["at_risk", "events", "censored"]),
        metric!(survival::log_rank, |metric, given| metric(given.frame("subjects"), "plan")?)
            .adds_up(&["plan"], &["subjects", "events"]),
    ]
}
