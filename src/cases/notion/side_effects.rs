//! What each lever does to the figures that a product team watches, in twin worlds.

use chrono::TimeDelta;
use polars::prelude::*;

use super::config::Config;
use super::launch::{Launch, Lever};
use super::regions::{PAID, complete, regions};
use super::world::rollout;
use super::{Tables, generate_with, study};
use crate::cases::check::within;
use crate::error::Result;
use crate::events::Window;

/// Days of the weeks that the North Star is averaged over: twelve weeks.
const WEEKS: i64 = 84;

/// Compares twins: one without levers, and one for each lever, live in all regions from a month on (1 to the months observed, less 5).
///
/// Returns one row per world, "none" first: `lever`, `north_star` (f64: weekly active workspaces in which people work together, the mean
/// of the last twelve full weeks), `signups` (i64: from that month on), and of them `activated`, `month_1`, `month_3` (active in the first
/// and the third month after), `shared`, `paid` (f64, shares; months that are not observed long enough are left out), `dollars` (f64: US
/// dollars a month per sign-up). One world each: differences hold chance only where lives have changed.
///
/// # Errors
/// Those of [`generate_with`]; a month out of range.
pub fn side_effects(config: &Config, from: u32) -> Result<DataFrame> {
    config.validate()?;
    within("from", from, 1, config.months - 5)?;
    let mut rows = vec![measure(config, from, "none", &[])?];
    for lever in Lever::ALL {
        rows.push(measure(config, from, lever.name(), &rollout(lever, from))?);
    }
    Ok(concat(rows, UnionArgs::default())?.collect()?)
}

fn measure(config: &Config, from: u32, name: &str, launches: &[Launch]) -> Result<LazyFrame> {
    let tables = generate_with(config, launches)?;
    let cells = regions(&tables, launches)?;
    let since = || col("month").gt_eq(lit(i64::from(from)));
    let share = |column: &str, after: u32, named: &str| -> Result<LazyFrame> {
        let seen = complete(&cells, after)?.lazy().filter(since());
        let real = |name: &str| col(name).cast(DataType::Float64).sum();
        Ok(seen.select([(real(column) / real("signups")).alias(named)]))
    };
    let signups = || col("signups").cast(DataType::Float64);
    let dollars = (col("dollars") * signups()).sum() / signups().sum();
    let named = df!("lever" => [name], "north_star" => [north_star(config, &tables)?])?;
    let parts = [
        named.lazy(),
        cells.clone().lazy().filter(since()).select([col("signups").sum()]),
        complete(&cells, PAID)?.lazy().filter(since()).select([dollars.alias("dollars")]),
        share("activated", 1, "activated")?,
        share("back", 1, "month_1")?,
        share("back_3", 3, "month_3")?,
        share("shared", 1, "shared")?,
        share("paid", PAID, "paid")?,
    ];
    let mut columns = vec![];
    for part in parts {
        columns.extend(part.collect()?.into_columns());
    }
    let order = [
        "lever",
        "north_star",
        "signups",
        "activated",
        "month_1",
        "month_3",
        "shared",
        "paid",
        "dollars",
    ];
    Ok(DataFrame::new_infer_height(columns)?.lazy().select(order.map(col)))
}

fn north_star(config: &Config, tables: &Tables) -> Result<f64> {
    let until = study::until(config);
    let window = Window::new(until - TimeDelta::days(WEEKS + 7), until)?;
    let weeks = study::north_star(&study::events(&tables.user_events)?, window)?.tail(Some(12));
    let counts = weeks.column("collaborative")?.cast(&DataType::Float64)?;
    Ok(counts.f64()?.mean().unwrap_or(0.0))
}
