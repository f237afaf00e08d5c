//! Metrics of the subscription cases: presence, and what starts from it.

use casebook::Result;
use casebook::cases::saas;
use casebook::polars::prelude::*;

use super::super::entry::{Answer, Entry, metric};
use super::super::given::Given;

pub fn entries() -> Vec<Entry> {
    vec![
        metric!(saas::presence, |metric, given| {
            let [companies, plans, months, sessions] =
                ["companies", "plans", "months", "sessions"].map(|name| given.table(name));
            metric(&companies, &plans, &months, &sessions)?
        })
        .adds_up(&["company_id", "month_no"], &["sessions"]),
        metric!(saas::clients, |metric, given| {
            metric(&given.presence()?, &given.table("months"))?
        })
        .adds_up(&["month_no", "company_size"], &["clients"]),
        metric!(saas::usage, |metric, given| {
            metric(&given.presence()?, &given.table("months"))?
        })
        .adds_up(&["month_no", "company_size"], &["clients", "sessions"]),
        metric!(saas::revenue, |metric, given| {
            metric(&given.presence()?, &given.table("months"))?
        })
        .adds_up(&["month_no", "company_size"], &["clients"]),
        metric!(saas::churn, |metric, given| {
            metric(&given.presence()?, &given.table("months"))?
        })
        .adds_up(&["month_no", "company_size"], &["clients_start", "clients_lost"]),
        metric!(saas::survival, |metric, given| {
            metric(&given.presence()?, &given.table("months"))?
        })
        .adds_up(&["month_no", "company_size"], &["at_risk", "lost"]),
    ]
}
