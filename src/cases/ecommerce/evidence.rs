//! What the tables show up to the day of a decision, one row per user, cart and order.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{NaiveDateTime, TimeDelta};
use polars::prelude::*;

use super::twin::Twin;
use super::{Segment, seasonality};
use crate::error::Result;
use crate::events::Window;
use crate::frame::reals;
use crate::metrics::clv::{BgNbd, Clock};

/// Days looked back for what happens now.
pub(super) const RECENT: f64 = 90.0;

/// A user as the team sees them; days are counted since 1970.
pub(super) struct Seen {
    pub segment: usize,
    pub registered: f64,
    pub last: f64,
    /// The probability of being a customer still, by BG/NBD on sessions; none without sessions.
    pub alive: Option<f64>,
    /// Expected sessions within the horizon, and while a coupon is valid.
    pub sessions: (f64, f64),
    /// How many times as often somebody comes who left after the last session and returns, as somebody who is still there after the
    /// same silence: the silence says nothing about the pace of the former, and much about that of the latter.
    pub faster: f64,
}

/// An order, or a cart left behind.
pub(super) struct Basket {
    pub user: usize,
    pub at: f64,
    pub value: f64,
    pub products: Vec<String>,
}

pub(super) struct Evidence {
    /// For which horizon, and for how many days a coupon is valid.
    pub asked: (f64, f64),
    /// How busy each day is, from the first registration to the horizon, 1 being usual.
    weights: Vec<f64>,
    /// The first of these days.
    first: f64,
    /// How busy the days to the horizon are, on average.
    pub busy: f64,
    /// The first day not seen.
    pub now: f64,
    pub users: Vec<Seen>,
    pub orders: Vec<Basket>,
    /// Carts without an order, with the code of the failed attempt if there was one.
    pub carts: Vec<(Basket, Option<String>)>,
    /// Orders per session, by segment.
    pub buys: [f64; 4],
    /// Sessions in the last 90 days.
    pub recent_sessions: f64,
    pub prices: BTreeMap<String, f64>,
    /// The product viewed right after each more often than its popularity explains, by most.
    pub companions: HashMap<String, String>,
}

fn texts(frame: &DataFrame, name: &str) -> Result<Vec<String>> {
    Ok(frame.column(name)?.str()?.iter().map(|text| text.unwrap_or("").to_owned()).collect())
}

/// Returns moments or dates as days since 1970.
fn days(name: &str) -> Expr {
    let micros = col(name).cast(DataType::Datetime(TimeUnit::Microseconds, None));
    micros.cast(DataType::Int64).cast(DataType::Float64) / lit(86_400e6)
}

impl Evidence {
    /// Reads what was seen before the day `now`, for a horizon and coupons of so many days.
    pub fn read(seen: &Twin, now: f64, horizon: f64, valid: f64) -> Result<Evidence> {
        let tables = &seen.tables;
        let users = tables.users.clone().lazy().with_column(days("registration_date").alias("on"));
        let users = users.collect()?;
        let ids = texts(&users, "user_id")?;
        let place: HashMap<&str, usize> =
            ids.iter().enumerate().map(|(place, id)| (id.as_str(), place)).collect();
        // The model counts orders: each visit poses as one.
        let visits = tables.sessions.clone().lazy().select([
            col("user_id"),
            col("session_id").alias("order_id"),
            col("started_at").alias("timestamp"),
            lit(1.0).alias("amount"),
            days("started_at").alias("at"),
        ]);
        let visits = visits.collect()?;
        let starts = reals(&visits, "at")?;
        let last_seen = starts.iter().copied().fold(0.0, f64::max).floor() + 1.0;
        // The model knows no season: it is told of usual days.
        let usual = seasonality(tables, (now + horizon - last_seen) as u32)?;
        let first = reals(&usual.clone().lazy().select([days("day")]).collect()?, "day")?[0];
        let weights = reals(&usual, "weight")?;
        let clock = Clock::new(&usual)?;
        let moment = |days: f64| NaiveDateTime::default() + TimeDelta::days(days as i64);
        let by_user = clock.customers(&visits, Window::until(moment(now)))?;
        let model = BgNbd::fit(&by_user)?;
        let to_come = |days: f64| clock.between(moment(now), moment(now + days));
        let (ahead, near) = (to_come(horizon)?, to_come(valid.clamp(1.0, horizon))?);
        let (far, near) = (model.forecast(&by_user, ahead)?, model.forecast(&by_user, near)?);
        let segments = users.column("segment")?.str()?.iter().map(Segment::place);
        let registered = reals(&users, "on")?;
        let mut all: Vec<Seen> = segments
            .zip(registered)
            .map(|(segment, registered)| {
                Ok(Seen {
                    segment: segment?,
                    registered,
                    last: registered,
                    alive: None,
                    sessions: (0.0, 0.0),
                    faster: 1.0,
                })
            })
            .collect::<Result<_>>()?;
        for (name, at) in texts(&visits, "user_id")?.iter().zip(&starts) {
            let user = &mut all[place[name.as_str()]];
            user.last = user.last.max(*at);
        }
        let alive = reals(&far, "alive")?;
        let (age, recency) = (reals(&by_user, "age_days")?, reals(&by_user, "recency_days")?);
        let expected = (reals(&far, "expected_orders")?, reals(&near, "expected_orders")?);
        let mut counts = [0.0; 4];
        let repeats = reals(&by_user, "repeats")?;
        for (row, id) in texts(&by_user, "user_id")?.iter().enumerate() {
            let user = &mut all[place[id.as_str()]];
            user.alive = Some(alive[row]);
            user.sessions = (expected.0[row], expected.1[row]);
            user.faster = (model.alpha + age[row]) / (model.alpha + recency[row]);
            counts[user.segment] += repeats[row] + 1.0;
        }
        let orders = baskets(tables, "purchase", &place)?;
        let mut buys = [0.0; 4];
        for (_, order) in &orders {
            buys[all[order.user].segment] += 1.0;
        }
        for (buys, count) in buys.iter_mut().zip(counts) {
            *buys /= f64::max(count, 1.0);
        }
        let bought: HashSet<i64> = orders.iter().map(|order| order.0).collect();
        let failed =
            seen.checkouts.clone().lazy().filter(col("status").eq(lit("failed"))).collect()?;
        let sessions = failed.column("session_id")?.i64()?.iter().flatten();
        let codes: HashMap<i64, String> = sessions.zip(texts(&failed, "failure_code")?).collect();
        let carts = baskets(tables, "add_to_cart", &place)?
            .into_iter()
            .filter(|(session, _)| !bought.contains(session))
            .map(|(session, basket)| (basket, codes.get(&session).cloned()))
            .collect();
        let names = texts(&tables.products, "product_id")?;
        Ok(Evidence {
            asked: (horizon, valid),
            weights,
            first,
            busy: ahead / horizon,
            now,
            users: all,
            orders: orders.into_iter().map(|(_, order)| order).collect(),
            carts,
            buys,
            recent_sessions: starts.iter().filter(|at| **at >= now - RECENT).count() as f64,
            prices: names.into_iter().zip(reals(&tables.products, "price")?).collect(),
            companions: companions(&tables.events)?,
        })
    }

    /// Returns how busy the day of a moment was, 1 being usual.
    pub fn busy_on(&self, at: f64) -> f64 {
        self.weights.get((at - self.first) as usize).copied().unwrap_or(1.0)
    }
}

/// Collects what lies in each session's cart or order, by session.
fn baskets(
    tables: &super::Tables,
    kind: &str,
    place: &HashMap<&str, usize>,
) -> Result<Vec<(i64, Basket)>> {
    let events = tables.events.clone().lazy().filter(col("event_type").eq(lit(kind)));
    let amount = col("price") * col("quantity").cast(DataType::Float64);
    let rows = events
        .select([
            col("session_id"),
            col("user_id"),
            col("product_id"),
            days("timestamp").alias("at"),
            amount.alias("amount"),
        ])
        .collect()?;
    let (users, products) = (texts(&rows, "user_id")?, texts(&rows, "product_id")?);
    let (at, amount) = (reals(&rows, "at")?, reals(&rows, "amount")?);
    let mut all: Vec<(i64, Basket)> = vec![];
    for (row, session) in rows.column("session_id")?.i64()?.iter().flatten().enumerate() {
        if all.last().is_none_or(|last| last.0 != session) {
            let user = place[users[row].as_str()];
            all.push((session, Basket { user, at: at[row], value: 0.0, products: vec![] }));
        }
        if let Some((_, basket)) = all.last_mut() {
            basket.value += amount[row];
            basket.products.push(products[row].clone());
        }
    }
    Ok(all)
}

/// Finds, for each product, the one viewed right after it more often than its popularity explains, by most; of several, the first by
/// name.
fn companions(events: &DataFrame) -> Result<HashMap<String, String>> {
    let next = |name: &str| col(name).shift(lit(-1));
    let pairs = events
        .clone()
        .lazy()
        .filter(col("event_type").eq(lit("product_view")))
        .with_columns([
            next("product_id").alias("next"),
            next("session_id").eq(col("session_id")).alias("same"),
        ])
        .filter(col("same").and(col("next").neq(col("product_id"))))
        .group_by([col("product_id"), col("next")])
        .agg([len().cast(DataType::Int64).alias("times")])
        .collect()?;
    // Often seen together may only mean often seen: compared with how often the second is viewed at all.
    let (first, second) = (texts(&pairs, "product_id")?, texts(&pairs, "next")?);
    let times = reals(&pairs, "times")?;
    let mut totals: HashMap<&str, f64> = HashMap::new();
    for (next, times) in second.iter().zip(&times) {
        *totals.entry(next).or_default() += times;
    }
    let all: f64 = totals.values().sum();
    let mut outgoing: HashMap<&str, f64> = HashMap::new();
    for (product, times) in first.iter().zip(&times) {
        *outgoing.entry(product).or_default() += times;
    }
    let mut best: HashMap<String, (f64, String)> = HashMap::new();
    for ((product, next), times) in first.iter().zip(&second).zip(&times) {
        let excess = times - outgoing[product.as_str()] * totals[next.as_str()] / all;
        let known = best.get(product);
        let better =
            known.is_none_or(|(most, name)| excess > *most || (excess == *most && next < name));
        if better {
            best.insert(product.clone(), (excess, next.clone()));
        }
    }
    Ok(best.into_iter().map(|(product, (_, next))| (product, next)).collect())
}
