//! Paths.

use casebook::Result;
use casebook::chrono::TimeDelta;
use casebook::metrics::paths::{self, Adjustment, Paths, Sequence};
use casebook::polars::prelude::*;

use super::super::entry::{Answer, Entry, metric};
use super::super::given::Given;
use super::observed;

fn day() -> TimeDelta {
    TimeDelta::days(1)
}

fn visits() -> Paths {
    Paths::new("event").timeout(day()).window(observed())
}

fn pattern() -> Result<Sequence> {
    let kind = |name: &str| col("event").eq(lit(name));
    Sequence::new("(?1)(?t<=172800)(?2).*(?3)", ["search", "cart", "purchase"].map(kind))
}

pub fn entries() -> Vec<Entry> {
    vec![
        metric!(paths::sessionise, |metric, given| metric(given.events(), day(), &["event"])?)
            .in_given_order()
            .adds_up(&["user_id", "timestamp", "event"], &["session"]),
        metric!(paths::sessions, |metric, given| metric(given.events(), day(), observed())?)
            .adds_up(&["user_id", "session"], &["events"]),
        metric!(paths::Paths::transitions, |metric, given| metric(&visits(), given.events())?)
            .adds_up(&["from", "to"], &["transitions", "of"]),
        metric!(paths::Paths::steps, |metric, given| metric(&visits(), given.events(), 4)?)
            .adds_up(&["step", "state"], &["paths", "of"]),
        metric!(paths::Paths::flows, |metric, given| {
            metric(&Paths::new("device").merged(), given.events(), 3)?
        })
        .adds_up(&["step", "from", "to"], &["paths"]),
        metric!(paths::Paths::counts, |metric, given| metric(&visits(), given.events(), 3)?)
            .adds_up(&["path", "length"], &["paths"]),
        metric!(paths::Paths::drop_offs, |metric, given| metric(&visits(), given.events(), 2)?)
            .adds_up(&["path", "length"], &["paths"]),
        metric!(paths::Paths::cycles, |metric, given| metric(&visits(), given.events())?)
            .adds_up(&["path", "length"], &["times", "paths"]),
        metric!(paths::Paths::difference, |metric, given| {
            let arms = ["control", "treated"];
            metric(&visits(), given.events(), given.users(), "arm", arms, Adjustment::Holm)?
        })
        .adds_up(&["from", "to"], &["transitions", "base_transitions"]),
        metric!(paths::Sequence::by_user, |metric, given| metric(&pattern()?, given.events())?)
            .adds_up(&["user_id", "matched"], &["matches"]),
        metric!(paths::Sequence::share, |metric, given| metric(&pattern()?, given.events())?)
            .adds_up(&[], &["users", "of", "matches"]),
    ]
}
