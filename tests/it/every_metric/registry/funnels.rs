//! Funnels.

use casebook::Result;
use casebook::chrono::TimeDelta;
use casebook::metrics::Period;
use casebook::metrics::funnel::{self, Attribution, Funnel, Order, Step};
use casebook::polars::prelude::*;

use super::super::entry::{Answer, Entry, metric};
use super::super::given::Given;
use super::observed;

fn shop() -> Funnel {
    Funnel::new(["visit", "search", "cart", "purchase"].map(Step::event)).window(TimeDelta::days(7))
}

fn any() -> Funnel {
    shop().order(Order::Any)
}

fn strict() -> Funnel {
    let phone = Step::new("phone", col("device").eq(lit("phone")));
    Funnel::new([phone, Step::event("search")]).order(Order::Strict).window(TimeDelta::days(9))
}

fn optional() -> Funnel {
    let steps = [Step::event("visit"), Step::event("search").optional(), Step::event("cart")];
    let bought = col("event").eq(lit("purchase"));
    Funnel::new(steps).increasing().exclude(bought, 1, 3).window(TimeDelta::days(3))
}

fn sessions() -> Funnel {
    shop().per("workspace_id")
}

const COUNTS: [&str; 4] = ["users", "previous", "entered", "dropped"];

pub fn entries() -> Vec<Entry> {
    vec![
        metric!(funnel::Funnel::conversion, |metric, given| metric(&shop(), given.events())?)
            .adds_up(&["step", "name"], &COUNTS),
        metric!(funnel::Funnel::conversion, |metric, given| metric(&any(), given.events())?)
            .adds_up(&["step", "name"], &COUNTS),
        metric!(funnel::Funnel::conversion, |metric, given| metric(&strict(), given.events())?)
            .adds_up(&["step", "name"], &COUNTS),
        metric!(funnel::Funnel::conversion, |metric, given| metric(&optional(), given.events())?)
            .adds_up(&["step", "name"], &COUNTS),
        metric!(funnel::Funnel::conversion, |metric, given| metric(&sessions(), given.events())?)
            .adds_up(&["step", "name"], &COUNTS),
        metric!(funnel::Funnel::conversion_by, |metric, given| {
            metric(&shop(), given.events(), given.users(), "plan")?
        })
        .adds_up(&["plan", "step"], &COUNTS),
        metric!(funnel::Funnel::walk, |metric, given| {
            let funnel = shop();
            metric(&funnel, given.events())?.conversion()?
        })
        .adds_up(&["step", "name"], &COUNTS),
        metric!(funnel::Walk::conversion, |metric, given| {
            let funnel = any();
            metric(&funnel.walk(given.events())?)?
        })
        .adds_up(&["step", "name"], &COUNTS),
        metric!(funnel::Walk::conversion_by, |metric, given| {
            let funnel = optional();
            metric(&funnel.walk(given.events())?, given.users(), "arm")?
        })
        .adds_up(&["arm", "step"], &COUNTS),
        metric!(funnel::Funnel::conversion_by_property, |metric, given| {
            metric(&shop(), given.events(), "device", Attribution::FirstTouch)?
        })
        .adds_up(&["device", "step"], &COUNTS),
        metric!(funnel::Funnel::conversion_by_property, |metric, given| {
            metric(&shop(), given.events(), "device", Attribution::LastTouch)?
        })
        .adds_up(&["device", "step"], &COUNTS),
        metric!(funnel::Funnel::conversion_by_property, |metric, given| {
            metric(&shop(), given.events(), "mentor_id", Attribution::Step(2))?
        })
        .adds_up(&["mentor_id", "step"], &COUNTS),
        metric!(funnel::Funnel::conversion_by_property, |metric, given| {
            metric(&any(), given.events(), "device", Attribution::AllEvents)?
        })
        .adds_up(&["device", "step"], &COUNTS),
        metric!(funnel::Funnel::times, |metric, given| metric(&shop(), given.events())?)
            .adds_up(&["user_id", "step"], &[]),
        metric!(funnel::Funnel::times, |metric, given| metric(&sessions(), given.events())?)
            .adds_up(&["user_id", "workspace_id", "step"], &[]),
        metric!(funnel::Funnel::distribution, |metric, given| {
            metric(&shop(), given.events(), &[0.0, 3_600.0, 86_400.0])?
        })
        .adds_up(&["step", "from_seconds"], &["users", "of"]),
        metric!(funnel::Funnel::trend, |metric, given| {
            metric(&shop(), given.events(), Period::Week, observed())?
        })
        .adds_up(&["period"], &["entered", "users"]),
        metric!(funnel::Funnel::trend, |metric, given| {
            metric(&any(), given.events(), Period::Day, observed())?
        })
        .adds_up(&["period"], &["entered", "users"]),
    ]
}
