//! What users pay: by month, by segment of buyers, and what a buyer may still be worth.

use casebook::cases::notion::study;
use casebook::events::Orders;
use casebook::metrics::clv::{self, BgNbd, GammaGamma};
use casebook::metrics::segment;
use casebook::polars::prelude::*;
use casebook::{Error, Result};

use super::config::Config;
use super::inputs::{Inputs, segment as segment_column, segments};
use super::making::Making;
use crate::say::many;

/// Days ahead for which orders are forecast.
pub(super) const AHEAD: f64 = 365.0;
/// Futures that are simulated, and their seed.
const DRAWS: u32 = 2_000;
const SEED: u64 = 42;

pub(super) fn measure(config: &Config, inputs: &Inputs, making: &mut Making) -> Result<()> {
    match &inputs.payments {
        Some(orders) if orders.events().is_empty() => {
            making.leave("Revenue", "none of the payments is one of the users'");
        }
        Some(orders) => {
            making.add("revenue", by_month(orders)?);
            let days = (inputs.until - inputs.first).num_days();
            let short =
                |least: i64| format!("{} observed, and it takes {least}", many(days, "day"));
            match days {
                28.. => making.add("rfm", buyers(orders, inputs)?),
                _ => making.leave("Segments of buyers", short(28)),
            }
            match days {
                180.. => match lifetime_value(orders, inputs) {
                    Ok(frame) => making.add("lifetime_value", frame),
                    Err(error) => making.leave("Lifetime value", unfitted(&error)),
                },
                _ => making.leave("Lifetime value", short(180)),
            }
        }
        None => making.leave("Revenue", "the config has no `payments`"),
    }
    match &inputs.prices {
        Some(prices) => {
            making.add("recurring", study::recurring(inputs.users.frame(), prices)?);
            let mut parts = vec![];
            for (place, name) in segments(config).iter().enumerate() {
                let column = segment_column(place);
                let mut part = study::paid_by(inputs.users.frame(), &column)?;
                part.rename(&column, "group".into())?;
                part.insert_column(
                    0,
                    Column::new("attribute".into(), vec![name.as_str(); part.height()]),
                )?;
                parts.push(part.lazy());
            }
            if !parts.is_empty() {
                making.add("paid_by_segment", concat(parts, UnionArgs::default())?.collect()?);
            }
        }
        None => making.leave("Recurring revenue", "the config has no `plans`"),
    }
    Ok(())
}

/// Rephrases why a model could not be fitted.
fn unfitted(error: &Error) -> String {
    let text = error.to_string();
    format!("the model of repeat orders does not fit: {}", text.trim_end_matches('.'))
}

/// Sums in rising order, so that the order of rows does not change the last digit.
fn total(column: &str) -> Expr {
    col(column).sort(SortOptions::default()).sum()
}

/// Adds up payments by month: `month` (text), `orders`, `buyers` (i64), `revenue`, `per_buyer` (f64).
fn by_month(orders: &Orders) -> Result<DataFrame> {
    let whole = |count: Expr, name: &str| count.cast(DataType::Int64).alias(name);
    let months = orders
        .events()
        .frame()
        .clone()
        .lazy()
        .group_by([col("timestamp").dt().to_string("%Y-%m").alias("month")])
        .agg([
            whole(as_struct(vec![col("user_id"), col("order_id")]).n_unique(), "orders"),
            whole(col("user_id").n_unique(), "buyers"),
            total("amount").alias("revenue"),
        ])
        .sort(["month"], Default::default())
        .with_column((col("revenue") / col("buyers").cast(DataType::Float64)).alias("per_buyer"));
    Ok(months.collect()?)
}

/// Groups buyers by recency, frequency and money: `segment`, `users` (i64), `share`, `monetary`, `money_share` (f64), the
/// most money first.
fn buyers(orders: &Orders, inputs: &Inputs) -> Result<DataFrame> {
    let scores = segment::rfm(orders, inputs.observed)?;
    let share = |column: &str| {
        let real = || col(column).cast(DataType::Float64);
        real() / real().sum()
    };
    let order = SortMultipleOptions::default().with_order_descending_multi([true, false]);
    let groups = scores
        .lazy()
        .group_by([col("segment")])
        .agg([len().cast(DataType::Int64).alias("users"), total("monetary")])
        .sort(["monetary", "segment"], order)
        .with_columns([share("users").alias("share"), share("monetary").alias("money_share")]);
    Ok(groups.collect()?)
}

/// Forecasts the next year of those who have bought: `measure`, `value`, `low`, `high` (f64).
fn lifetime_value(orders: &Orders, inputs: &Inputs) -> Result<DataFrame> {
    // Free orders and refunds are not what the models are about.
    let paid = orders.events().frame().clone().lazy().filter(col("amount").gt(lit(0.0)));
    let paid = Orders::new(&paid.collect()?, "user_id", "timestamp", "amount")?.per("order_id")?;
    let customers = clv::customers(&paid, inputs.observed)?;
    let (rate, amount) = (BgNbd::fit(&customers)?, GammaGamma::fit(&customers)?);
    let total = rate.total(&customers, AHEAD, DRAWS, SEED)?;
    let ahead = rate.forecast(&customers, AHEAD)?;
    let amounts = amount.forecast(&customers)?;
    let reals = |frame: &DataFrame, column: &str| -> Result<Vec<f64>> {
        Ok(frame.column(column)?.f64()?.iter().map(|value| value.unwrap_or(f64::NAN)).collect())
    };
    let (expected, each) = (reals(&ahead, "expected_orders")?, reals(&amounts, "expected_amount")?);
    let worth: f64 = expected.iter().zip(&each).map(|(orders, amount)| orders * amount).sum();
    let n = expected.len() as f64;
    let repeats = customers.column("repeats")?.cast(&DataType::Float64)?;
    let again = repeats.f64()?.iter().flatten().filter(|repeats| *repeats > 0.0).count() as f64;
    let alive: f64 = reals(&ahead, "alive")?.iter().sum::<f64>() / n;
    let at = |column: &str| total.column(column)?.f64().map(|values| values.get(0));
    let known = |value: f64| Some(value).filter(|value| value.is_finite());
    Ok(df!(
        "measure" => [
            "customers", "ordered again", "still customers", "orders in the next year",
            "worth in the next year", "worth per customer",
        ],
        "value" => [
            Some(n), known(again / n), known(alive), at("expected_orders")?, known(worth), known(worth / n),
        ],
        "low" => [None, None, None, at("low")?, None, None],
        "high" => [None, None, None, at("high")?, None, None],
    )?)
}
