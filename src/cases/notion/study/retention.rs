//! Who comes back, by month of sign-up.

use polars::prelude::*;

use crate::error::Result;
use crate::frame::{Source, require};

/// The columns that [`finished`] and [`matrix`] read.
const COLUMNS: [&str; 4] = ["cohort", "period", "size", "rate"];

/// Returns cohorts as text: months as "2024-02", others by their first day.
fn named() -> Expr {
    let cohort = || col("cohort").dt();
    let months = cohort().day().eq(lit(1)).all(true);
    when(months).then(cohort().to_string("%Y-%m")).otherwise(cohort().to_string("%Y-%m-%d"))
}

/// Keeps the cells of a cohort table that can be compared: after the month of sign-up, observed, and over.
///
/// Reads `cohorts` as returned by [`Retention::cohorts`](crate::metrics::retention::Retention::cohorts). Returns the same
/// columns, `cohort` as text (a month, "2024-02", or the first day of a week), by cohort and period.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn).
pub fn finished(cohorts: &dyn Source) -> Result<DataFrame> {
    let cohorts = cohorts.scan().collect()?;
    require(&cohorts, "cohorts", &[&COLUMNS[..], &["in_progress"]].concat())?;
    let over = col("rate").is_not_null().and(col("in_progress").not());
    Ok(cohorts
        .lazy()
        .with_column(named())
        .filter(over.and(col("period").gt(lit(0_i64))))
        .sort(["cohort", "period"], Default::default())
        .collect()?)
}

/// Turns a cohort table into a matrix: `cohort` (text), `size`, then a column of rates for each period: "0", "1", … (f64).
///
/// Reads `cohorts` as [`finished`] does, but also shows months in progress.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn).
pub fn matrix(cohorts: &dyn Source) -> Result<DataFrame> {
    let cohorts = cohorts.scan().collect()?;
    require(&cohorts, "cohorts", &COLUMNS)?;
    let months = cohorts.column("period")?.i64()?.max().unwrap_or(-1);
    let cell = |month: i64| {
        let here = when(col("period").eq(lit(month))).then(col("rate"));
        here.otherwise(lit(NULL)).max().alias(month.to_string())
    };
    let mut columns = vec![col("size").max()];
    columns.extend((0..=months).map(cell));
    Ok(cohorts
        .lazy()
        .group_by([col("cohort")])
        .agg(columns)
        .sort(["cohort"], Default::default())
        .with_column(named())
        .collect()?)
}
