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
        metric!(survival::cumulative_incidence, |metric, given| {
            let early = when(col("duration").lt(lit(15))).then(lit("match"));
            let ended = when(col("observed")).then(early.otherwise(lit("withdrawn")));
            let lives = given
                .frame("subjects")
                .clone()
                .with_column(ended.otherwise(lit(NULL)).alias("outcome"));
            metric(&lives, Some("plan"))?
        })
        .adds_up(&["plan", "outcome", "time"], &["events"]),
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
