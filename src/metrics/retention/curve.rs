//! The average retention curve.

use polars::prelude::*;

use super::{Weight, finish};
use crate::error::Result;
use crate::metrics::{interval, require};
use crate::stats::sample::sum;

/// Averages the retention of cohorts into one curve. Periods in progress are left out.
///
/// `cohorts`: as returned by [`Retention::cohorts`](super::Retention::cohorts), divided by cohorts
/// ([`Base::Cohort`](super::Base::Cohort)), in any order of rows. Returns one row per period: `period` (i64),
/// `cohorts`, `eligible`, `active` (i64), `rate`, `low`, `high` (f64, 95%: Wilson if weighted by size; for a simple
/// average the normal interval of a mean of shares), `warning`.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn).
///
/// ```
/// use casebook::metrics::retention::Weight;
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let users = warehouse::files::read("data/samples/users.csv")?;
/// let matrix = retention::cohorts(&users, &events, Period::Month)?;
/// let curve = retention::curve(&matrix, Weight::Size)?;
/// assert!(curve.height() <= matrix.height());
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn curve(cohorts: &DataFrame, weight: Weight) -> Result<DataFrame> {
    require(cohorts, "cohorts", &["period", "eligible", "active", "in_progress"])?;
    let over = cohorts
        .clone()
        .lazy()
        .filter(col("eligible").is_not_null().and(col("in_progress").not()))
        .sort(["period"], SortMultipleOptions::default())
        .select([col("period"), col("eligible"), col("active")])
        .collect()?;
    let column = |name: &str| -> Result<Vec<i64>> {
        Ok(over.column(name)?.i64()?.into_no_null_iter().collect())
    };
    let (period, eligible, active) = (column("period")?, column("eligible")?, column("active")?);
    let mut groups: std::collections::BTreeMap<i64, Vec<(i64, i64)>> = Default::default();
    for row in 0..period.len() {
        groups.entry(period[row]).or_default().push((active[row], eligible[row]));
    }
    let count = |pick: fn(&(i64, i64)) -> i64| -> Vec<Option<i64>> {
        groups.values().map(|cells| Some(cells.iter().map(pick).sum())).collect()
    };
    let (active, eligible) = (count(|cell| cell.0), count(|cell| cell.1));
    let mut table = df!(
        "period" => groups.keys().copied().collect::<Vec<_>>(),
        "cohorts" => groups.values().map(|cells| cells.len() as i64).collect::<Vec<_>>(),
        "eligible" => &eligible,
        "active" => &active,
    )?;
    finish(&mut table, &active, &eligible)?;
    if weight == Weight::Simple {
        let means: Vec<(f64, f64)> = groups.values().map(|cells| simple(cells)).collect();
        let z = interval::Z95;
        let of = |pick: &dyn Fn(&(f64, f64)) -> f64| means.iter().map(pick).collect::<Vec<f64>>();
        table.with_column(Column::new("rate".into(), of(&|mean| mean.0)))?;
        table.with_column(Column::new("low".into(), of(&|mean| (mean.0 - z * mean.1).max(0.0))))?;
        table
            .with_column(Column::new("high".into(), of(&|mean| (mean.0 + z * mean.1).min(1.0))))?;
    }
    Ok(table)
}

/// The mean of shares, and its standard error.
fn simple(cells: &[(i64, i64)]) -> (f64, f64) {
    let n = cells.len() as f64;
    let rate = |cell: &(i64, i64)| cell.0 as f64 / cell.1 as f64;
    let variance = |cell: &(i64, i64)| rate(cell) * (1.0 - rate(cell)) / cell.1 as f64;
    let all = |of: &dyn Fn(&(i64, i64)) -> f64| sum(&cells.iter().map(of).collect::<Vec<_>>());
    (all(&rate) / n, all(&variance).sqrt() / n)
}
