//! Marketplaces.

use casebook::Result;
use casebook::events::Window;
use casebook::metrics::Period;
use casebook::metrics::marketplace::{self, Goal};
use casebook::polars::prelude::*;

use super::super::entry::{Answer, Entry, metric};
use super::super::given::Given;
use super::day;

/// From a day to mid-February.
fn between(month: u32, date: u32) -> Window {
    Window::new(day(month, date), day(2, 14)).unwrap()
}

pub fn entries() -> Vec<Entry> {
    vec![
        metric!(marketplace::liquidity, |metric, given| {
            metric(given.frame("requests"), 7, Window::until(day(2, 14)), None)?
        })
        .adds_up(&[], &["requests", "matched", "filled"]),
        metric!(marketplace::liquidity, |metric, given| {
            metric(given.frame("requests"), 3, Window::until(day(1, 30)), Some("field"))?
        })
        .adds_up(&["field"], &["requests", "matched", "filled"]),
        metric!(marketplace::waiting, |metric, given| {
            metric(
                given.frame("requests"),
                Goal::FirstSession,
                Window::until(day(2, 5)),
                Some("field"),
            )?
        })
        .in_given_order()
        .adds_up(&["field"], &["observed"]),
        metric!(marketplace::repeat_rate, |metric, given| {
            metric(given.events(), 5, Window::until(day(2, 14)), Some("device"))?
        })
        .adds_up(&["device"], &["users", "repeated"]),
        metric!(marketplace::utilisation, |metric, given| {
            let (mentors, matches) = (given.frame("mentors"), given.frame("matches"));
            metric(mentors, matches, "mentor_id", Period::Week, between(1, 4))?
        }),
        metric!(marketplace::by_provider, |metric, given| {
            metric(given.frame("mentors"), given.frame("matches"), "mentor_id", between(1, 4))?
        })
        .in_given_order()
        .adds_up(&["mentor_id"], &["matches"]),
        metric!(marketplace::booking_concentration, |metric, given| {
            metric(given.frame("mentors"), given.frame("matches"), "mentor_id", &[0.2])?
        }),
        metric!(marketplace::balance, |metric, given| {
            metric(given.frame("demand"), given.frame("supply"), &["field"])?
        })
        .adds_up(&["field"], &["demand"]),
    ]
}
