//! The key figures of the first page.

use std::fmt::Display;

use polars::prelude::*;

use casebook::cases::notion::study;
use casebook::metrics::interval::wilson;
use casebook::metrics::{concentration, growth};
use casebook::notebook::number;
use casebook::{Error, Result};

use super::frames::Study;
use super::tables::Tables;

/// A key figure: name, value, interval, unit.
type Figure = (&'static str, f64, Option<(f64, f64)>, &'static str);

/// The row of a frame with a key.
fn row(frame: &DataFrame, by: &str, key: impl Literal + Display + Copy) -> Result<DataFrame> {
    let found = frame.clone().lazy().filter(col(by).eq(lit(key))).collect()?;
    match found.height() {
        1 => Ok(found),
        rows => Err(Error::config(by, key, format!("a value of one row; {rows} have it"))),
    }
}

/// The value and the interval that stand in a frame's only row, or in its last.
fn bounds(frame: &DataFrame, [value, low, high]: [&str; 3]) -> Result<(f64, Option<(f64, f64)>)> {
    let at = |column: &str| frame.column(column)?.f64().map(|values| values.last());
    Ok::<_, Error>((at(value)?.unwrap_or(f64::NAN), at(low)?.zip(at(high)?)))
}

/// Computes the key figures of the first page: `metric`, `value`, `low`, `high` (f64; 95%, null where nothing is
/// estimated), `unit` ("number", "share", "dollars").
pub(super) fn key_metrics(study: &Study, tables: &Tables) -> Result<DataFrame> {
    let mut rows: Vec<Figure> = active(study, tables)?;
    rows.extend(stages(study, tables)?);
    rows.extend(returns(study, tables)?);
    let revenue = study.frame("revenue")?;
    let month = revenue.height().saturating_sub(1);
    rows.push(("recurring revenue a month", number(revenue, "mrr", month)?, None, "dollars"));
    rows.push(("paying customers", number(revenue, "customers", month)?, None, "number"));
    let side = |of: fn((f64, f64)) -> f64| -> Vec<Option<f64>> {
        rows.iter().map(|row| row.2.map(of)).collect()
    };
    Ok(df!(
        "metric" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        "value" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
        "low" => side(|bounds| bounds.0),
        "high" => side(|bounds| bounds.1),
        "unit" => rows.iter().map(|row| row.3).collect::<Vec<_>>(),
    )?)
}

/// Computes how many users there are, how many are active, and the North Star.
fn active(study: &Study, tables: &Tables) -> Result<Vec<Figure>> {
    let mut rows: Vec<Figure> = vec![
        ("users", tables.users.len() as f64, None, "number"),
        ("events", tables.recorded as f64, None, "number"),
    ];
    let daily = study.frame("engagement")?;
    for column in ["dau", "wau", "mau"] {
        let mean = daily.tail(Some(30)).column(column)?.cast(&DataType::Float64)?;
        rows.push((column, mean.f64()?.mean().unwrap_or(f64::NAN), None, "number"));
    }
    rows.push(("stickiness", study::of_monthly(daily, "dau")?, None, "share"));
    rows.push(("weekly over monthly users", study::of_monthly(daily, "wau")?, None, "share"));

    let weeks = study.frame("north_star")?;
    let last = weeks.height().saturating_sub(1);
    rows.push(("north star", number(weeks, "collaborative", last)?, None, "number"));
    let (share, interval) = bounds(weeks, ["share", "low", "high"])?;
    rows.push(("north star, share of active workspaces", share, interval, "share"));
    Ok(rows)
}

/// Computes the rates of the funnel, and the two meanings of conversion.
fn stages(study: &Study, tables: &Tables) -> Result<Vec<Figure>> {
    let funnel = study.frame("funnel_metrics")?;
    let mut rows: Vec<Figure> = vec![];
    let stage = |name: &str| row(funnel, "name", name);
    let [signup, .., payment] = growth::STAGES;
    for name in growth::STAGES {
        let (rate, interval) = bounds(&stage(name)?, ["step_rate", "low", "high"])?;
        let shown = if name == signup { "visitors who sign up" } else { name };
        rows.push((shown, rate, interval, "share"));
    }
    let through = |name, hits: f64, trials: f64| {
        (name, hits / trials, wilson(hits as u64, trials as u64), "share")
    };
    let users = |name: &str| number(&stage(name)?, "users", 0);
    let (paying, signed) = (users(payment)?, users(signup)?);
    rows.push(through("sign-up to paid, self-serve", paying, signed));
    let since = tables.users.frame().column("paid_since")?;
    let paid = since.len() - since.null_count();
    rows.push(through("paid", paid as f64, tables.users.len() as f64));
    Ok(rows)
}

/// Computes how many users come back, and how much the most active do.
fn returns(study: &Study, tables: &Tables) -> Result<Vec<Figure>> {
    let mut rows: Vec<Figure> = vec![];
    let curve = study.frame("retention_curve")?;
    for (name, month) in
        [("retention, month 1", 1), ("retention, month 3", 3), ("retention, month 6", 6)]
    {
        let (rate, interval) = bounds(&row(curve, "period", month)?, ["rate", "low", "high"])?;
        rows.push((name, rate, interval, "share"));
    }
    let fast = study.frame("fast_activation")?;
    let stratified = row(fast, "method", "stratified")?;
    let (value, interval) = bounds(&stratified, ["ratio", "low", "high"])?;
    rows.push(("fast over slow activation, month 1", value, interval, "number"));
    let each = study::events_per_user(&tables.users, &tables.events)?;
    let top = concentration::summary(&each, "events", &[0.1])?;
    let decile = row(&top, "measure", "top 10%")?;
    let (value, interval) = bounds(&decile, ["value", "low", "high"])?;
    rows.push(("top decile's share of activity", value, interval, "share"));
    Ok(rows)
}
