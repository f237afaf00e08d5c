//! Orders, customers' value, revenue, baskets, levers.

use casebook::Result;
use casebook::events::Window;
use casebook::metrics::clv::{self, BetaBinomial, BgNbd, Clock, GammaGamma};
use casebook::metrics::lever::{self, Lever, Model, Rate};
use casebook::metrics::{basket, revenue, segment, survival};
use casebook::polars::prelude::*;

use super::super::entry::{Answer, Entry, metric};
use super::super::given::{Given, usual};
use super::day;

pub fn entries() -> Vec<Entry> {
    [orders(), models(), revenues(), levers()].into_iter().flatten().collect()
}

fn customers(given: &Given) -> Result<DataFrame> {
    Ok(given.again(usual(clv::customers(given.orders(), Window::until(day(2, 14)))?)))
}

fn orders() -> Vec<Entry> {
    vec![
        metric!(clv::customers, |metric, given| metric(given.orders(), Window::until(day(2, 14)))?)
            .adds_up(&["user_id"], &["repeats"]),
        metric!(clv::Clock::customers, |metric, given| {
            metric(&Clock::new(given.frame("busy"))?, given.orders(), Window::until(day(2, 14)))?
        })
        .adds_up(&["user_id"], &["repeats"]),
        metric!(clv::Clock::new, |metric, given| {
            metric(given.frame("busy"))?.between(day(1, 2), day(2, 9))?
        }),
        metric!(clv::Clock::between, |metric, given| {
            metric(&Clock::new(given.frame("busy"))?, day(1, 4), day(3, 1))?
        }),
        metric!(segment::rfm, |metric, given| metric(given.orders(), Window::until(day(2, 14)))?)
            .adds_up(&["user_id"], &["frequency"]),
        metric!(basket::pairs, |metric, given| metric(given.frame("orders"), 1)?)
            .adds_up(&["left", "right"], &["together"]),
    ]
}

fn models() -> Vec<Entry> {
    const BG: BgNbd = BgNbd { r: 0.8, alpha: 9.0, a: 0.7, b: 2.5, log_likelihood: 0.0 };
    const GG: GammaGamma = GammaGamma { p: 3.0, q: 4.0, gamma: 900.0, log_likelihood: 0.0 };
    const BB: BetaBinomial = BetaBinomial { a: 1.2, b: 2.1, log_likelihood: 0.0 };
    vec![
        metric!(clv::BgNbd::fit, |metric, given| metric(&customers(given)?)?),
        metric!(clv::BgNbd::forecast, |metric, given| metric(&BG, &customers(given)?, 30.0)?)
            .in_given_order()
            .adds_up(&["user_id"], &[]),
        metric!(clv::BgNbd::total, |metric, given| {
            metric(&BG, &customers(given)?, 30.0, 100, 7)?
        })
        .adds_up(&["days"], &["customers"]),
        metric!(clv::GammaGamma::fit, |metric, given| metric(&customers(given)?)?),
        metric!(clv::GammaGamma::forecast, |metric, given| metric(&GG, &customers(given)?)?)
            .in_given_order()
            .adds_up(&["user_id"], &[]),
        metric!(clv::BetaBinomial::fit, |metric, given| metric(given.frame("users"))?),
        metric!(clv::BetaBinomial::forecast, |metric, given| metric(&BB, given.frame("users"))?)
            .in_given_order()
            .adds_up(&["user_id"], &[]),
    ]
}

fn revenues() -> Vec<Entry> {
    vec![
        metric!(revenue::movements, |metric, given| metric(given.frame("subscriptions"))?)
            .adds_up(&["month"], &["customers"]),
        metric!(revenue::lifetime_value, |metric, given| {
            let curve = survival::kaplan_meier(given.frame("subjects"), None)?;
            metric(&given.again(curve), 7.1, 0.01, 30)?
        }),
    ]
}

/// A model whose rates are counted in the tables.
fn model(given: &Given) -> Result<Model> {
    let users = given.table("users");
    let count =
        |column: &str| users.column(column).unwrap().bool().unwrap().sum().unwrap_or(0).into();
    let all = users.height() as u64;
    Ok(Model {
        visitors: 9_000.0,
        visitors_spread: 0.1,
        rates: vec![
            Rate::new("exposed", count("exposed"), all),
            Rate::new("bought", count("bought"), all),
        ],
        levers: vec![
            Lever::new("search", 0, 0.25).range(0.1, 0.4),
            Lever::new("pages", 2, 0.1).confidence(0.7).launch(2.0, 3.0),
        ],
        draws: 200,
        ..Model::default()
    })
}

fn levers() -> Vec<Entry> {
    vec![
        metric!(lever::Model::alone, |metric, given| metric(&model(given)?)?),
        metric!(lever::Model::overlap, |metric, given| metric(&model(given)?)?),
        metric!(lever::Model::projection, |metric, given| metric(&model(given)?, 12)?),
        metric!(lever::Model::tornado, |metric, given| metric(&model(given)?, 12)?),
        metric!(lever::Model::sensitivity, |metric, given| {
            metric(&model(given)?, 12, &[0.1, 0.3], &[0.0, 3.0])?
        }),
        metric!(lever::Model::revenue, |metric, given| metric(&model(given)?)),
    ]
}
