//! Marketplaces.

use casebook::Result;
use casebook::metrics::Period;
use casebook::metrics::marketplace::{self, Goal};
use casebook::polars::prelude::*;

use super::super::entry::{Answer, Entry, metric};
use super::super::given::Given;
use super::day;

pub fn entries() -> Vec<Entry> {
    vec![
        metric!(marketplace::liquidity, |metric, given| {
            metric(given.frame("requests"), 7, day(2, 14), None)?
        })
        .may_refuse_zones()
        .adds_up(&[], &["requests", "matched", "filled"]),
        metric!(marketplace::liquidity, |metric, given| {
            metric(given.frame("requests"), 3, day(1, 30), Some("field"))?
        })
        .may_refuse_zones()
        .adds_up(&["field"], &["requests", "matched", "filled"]),
        metric!(marketplace::waiting, |metric, given| {
            metric(given.frame("requests"), Goal::FirstSession, day(2, 5), Some("field"))?
        })
        .may_refuse_zones()
        .as_given()
        .adds_up(&["field"], &["observed"]),
        metric!(marketplace::repeat_rate, |metric, given| {
            metric(given.frame("events"), 5, day(2, 14), Some("device"))?
        })
        .may_refuse_zones()
        .adds_up(&["device"], &["users", "repeated"]),
        metric!(marketplace::utilisation, |metric, given| {
            let (mentors, matches) = (given.frame("mentors"), given.frame("matches"));
            metric(mentors, matches, Period::Week, day(1, 4), day(2, 14))?
        })
        .may_refuse_zones(),
        metric!(marketplace::by_mentor, |metric, given| {
            metric(given.frame("mentors"), given.frame("matches"), day(1, 4), day(2, 14))?
        })
        .may_refuse_zones()
        .as_given()
        .adds_up(&["mentor_id"], &["matches"]),
        metric!(marketplace::booking_concentration, |metric, given| {
            metric(given.frame("mentors"), given.frame("matches"), &[0.2])?
        }),
        metric!(marketplace::balance, |metric, given| {
            metric(given.frame("demand"), given.frame("supply"), &["field"])?
        })
        .adds_up(&["field"], &["demand"]),
    ]
}
