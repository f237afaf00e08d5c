//! Metrics of the subscription cases: presence, and what starts from it.

use casebook::Result;
use casebook::cases::saas;
use casebook::polars::prelude::*;

use super::super::entry::{Answer, Entry, metric};
use super::super::given::Given;

/// Polars refuses, and does not name the frame.
const EMPTY: &str = "no month, or no size, is refused without a name";

/// Sessions are read in UTC only, and one of another zone is in no month instead of being refused.
fn utc_only(entry: Entry) -> Entry {
    entry
        .may_refuse_zones()
        .fault("zones", "sessions of another zone than UTC are lost without a word")
}

pub fn entries() -> Vec<Entry> {
    let all = vec![
        metric!(saas::presence, |metric, given| {
            let [companies, plans, months, sessions] =
                ["companies", "plans", "months", "sessions"].map(|name| given.table(name));
            metric(&companies, &plans, &months, &sessions)?
        })
        .adds_up(&["company_id", "month_no"], &["sessions"]),
        metric!(saas::clients, |metric, given| {
            metric(&given.presence()?, &given.table("months"))?
        })
        .adds_up(&["month_no", "company_size"], &["clients"])
        .fault("empty tables", EMPTY),
        metric!(saas::usage, |metric, given| {
            metric(&given.presence()?, &given.table("months"))?
        })
        .adds_up(&["month_no", "company_size"], &["clients", "sessions"])
        .fault("empty tables", EMPTY),
        metric!(saas::revenue, |metric, given| {
            metric(&given.presence()?, &given.table("months"))?
        })
        .adds_up(&["month_no", "company_size"], &["clients"])
        .fault("empty tables", EMPTY),
        metric!(saas::churn, |metric, given| {
            metric(&given.presence()?, &given.table("months"))?
        })
        .adds_up(&["month_no", "company_size"], &["clients_start", "clients_lost"]),
        metric!(saas::survival, |metric, given| {
            metric(&given.presence()?, &given.table("months"))?
        })
        .adds_up(&["month_no", "company_size"], &["at_risk", "lost"]),
    ];
    all.into_iter().map(utc_only).collect()
}
