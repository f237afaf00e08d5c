//! The key figures of the first page.

use casebook::Result;
use casebook::cases::notion::study;
use casebook::metrics::interval::wilson;
use casebook::notebook::number;
use casebook::polars::prelude::*;

use super::frames::Study;
use super::inputs::Inputs;
use crate::report::notion::panels::text;

/// A key figure: name, value, interval, unit.
struct Figure(String, f64, Option<(f64, f64)>, &'static str);

/// Returns the value and the interval in a row of a frame.
fn found(
    name: impl Into<String>,
    frame: &DataFrame,
    row: usize,
    [value, low, high]: [&str; 3],
) -> Result<Option<Figure>> {
    let at = |column: &str| frame.column(column)?.f64().map(|values| values.get(row));
    let bounds = at(low)?.zip(at(high)?);
    Ok(at(value)?.map(|value| Figure(name.into(), value, bounds, "share")))
}

const RATE: [&str; 3] = ["rate", "low", "high"];

/// Computes the key figures that the study's frames have: `metric`, `value`, `low`, `high` (f64; 95%, null where nothing
/// is estimated), `unit` ("number", "share", "number").
pub(super) fn key_metrics(study: &Study, inputs: &Inputs) -> Result<DataFrame> {
    let plain = |name: &str, value: f64| Figure(name.to_owned(), value, None, "number");
    let mut all =
        vec![plain("users", inputs.users.len() as f64), plain("events", inputs.recorded as f64)];
    if let Some(daily) = study.frame("engagement") {
        for column in ["dau", "wau", "mau"] {
            let mean = daily.tail(Some(30)).column(column)?.cast(&DataType::Float64)?;
            all.extend(mean.f64()?.mean().map(|mean| plain(&column.to_uppercase(), mean)));
        }
        for (name, of) in [("stickiness", "dau"), ("weekly over monthly users", "wau")] {
            let ratio = Some(study::of_monthly(daily, of)?).filter(|ratio| ratio.is_finite());
            all.extend(ratio.map(|ratio| Figure(name.to_owned(), ratio, None, "share")));
        }
    }
    if let Some(weeks) = study.frame("north_star") {
        let last = weeks.height().saturating_sub(1);
        let grouped = weeks.column("collaborative").is_ok();
        let column = if grouped { "collaborative" } else { "active_with_value" };
        all.push(plain("north star", number(weeks, column, last)?));
        let of = if grouped { "groups" } else { "users" };
        let name = format!("north star, share of active {of}");
        all.extend(found(name, weeks, last, ["share", "low", "high"])?);
    }
    if let Some(activation) = study.frame("activation") {
        let last = activation.height().saturating_sub(1);
        all.extend(found("activation", activation, last, RATE)?);
    }
    if let Some(funnel) = study.frame("funnel_metrics") {
        let (mut signed, mut last) = (None, None);
        for row in 0..funnel.height() {
            let name = text(funnel, "name", row)?;
            let users = number(funnel, "users", row)?;
            if name == "signup" {
                signed = Some(users);
            }
            last = Some((name.clone(), users));
            let shown = match name.as_str() {
                "awareness" => continue,
                "signup" => "visitors who sign up".to_owned(),
                // The study's own activation has everybody who was observed for its hours.
                "activation" => "activation, of those in the stages".to_owned(),
                _ => name,
            };
            all.extend(found(shown, funnel, row, ["step_rate", "low", "high"])?);
        }
        if let (Some(of), Some((name, users))) = (signed, last)
            && of > 0.0
        {
            let bounds = wilson(users as u64, of as u64);
            all.push(Figure(format!("sign-up to {name}"), users / of, bounds, "share"));
        }
    }
    if let Some(funnel) = study.frame("event_funnel") {
        let last = funnel.height().saturating_sub(1);
        let ends = [text(funnel, "name", 0)?, text(funnel, "name", last)?];
        let overall = ["overall_rate", "overall_low", "overall_high"];
        all.extend(found(format!("{} to {}", ends[0], ends[1]), funnel, last, overall)?);
    }
    if let Some(days) = study.frame("retention_days") {
        for row in 0..days.height() {
            let name = format!("back on day {}", number(days, "day", row)?);
            all.extend(found(name, days, row, RATE)?);
        }
    }
    if let Some(ratios) = study.frame("fast_activation") {
        let ratio =
            found("fast over slow activation, month 1", ratios, 1, ["ratio", "low", "high"])?;
        all.extend(ratio.map(|ratio| Figure(ratio.0, ratio.1, ratio.2, "number")));
    }
    if let Some(spread) = study.frame("concentration") {
        let value = ["value", "low", "high"];
        let gini = found("Gini coefficient of activity", spread, 0, value)?;
        all.extend(gini.map(|gini| Figure(gini.0, gini.1, gini.2, "number")));
        all.extend(found("top decile's share of activity", spread, 1, value)?);
    }
    if let Some(months) = study.frame("revenue") {
        let sum = |column: &str| -> Result<f64> {
            let all = months.column(column)?.cast(&DataType::Float64)?;
            Ok(all.f64()?.sum().unwrap_or(0.0))
        };
        let (revenue, orders) = (sum("revenue")?, sum("orders")?);
        all.push(plain("orders", orders));
        all.push(Figure("revenue".to_owned(), revenue, None, "number"));
        if orders > 0.0 {
            all.push(Figure("revenue per order".to_owned(), revenue / orders, None, "number"));
        }
    }
    if let Some(worth) = study.frame("lifetime_value") {
        let last = worth.height().saturating_sub(1);
        if let Some(value) = worth.column("value")?.f64()?.get(last) {
            all.push(Figure(
                "expected revenue of a buyer, next year".to_owned(),
                value,
                None,
                "number",
            ));
        }
    }
    if let Some(months) = study.frame("recurring").filter(|months| months.height() > 0) {
        let last = months.height() - 1;
        let mrr = number(months, "mrr", last)?;
        all.push(Figure("recurring revenue a month".to_owned(), mrr, None, "number"));
        all.push(plain("paying customers", number(months, "customers", last)?));
        // Who ever paid, whether or not the plan still runs.
        let since = inputs.users.frame().column("paid_since")?;
        let (paid, of) = (since.len() - since.null_count(), inputs.users.len());
        let share = paid as f64 / of.max(1) as f64;
        all.push(Figure("paid".to_owned(), share, wilson(paid as u64, of as u64), "share"));
    }
    let side = |of: fn((f64, f64)) -> f64| -> Vec<Option<f64>> {
        all.iter().map(|figure| figure.2.map(of)).collect()
    };
    let (low, high) = (side(|bounds| bounds.0), side(|bounds| bounds.1));
    Ok(df!(
        "metric" => all.iter().map(|figure| figure.0.as_str()).collect::<Vec<_>>(),
        "value" => all.iter().map(|figure| figure.1).collect::<Vec<_>>(),
        "low" => low,
        "high" => high,
        "unit" => all.iter().map(|figure| figure.3).collect::<Vec<_>>(),
    )?)
}
