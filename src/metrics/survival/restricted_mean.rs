//! The mean lifetime within a horizon.

use polars::prelude::*;

use super::subjects::{counts, groups, names, table};
use crate::error::{Error, Result};
use crate::metrics::Source;
use crate::stats::interval::Z95;

/// Estimates the mean time until `horizon`: how long a subject stays on average within the first `horizon`
/// units.
///
/// Reads as [`kaplan_meier`](super::kaplan_meier()). Returns one row per group: `by`'s column, `subjects`
/// (i64), `horizon`, `mean` (f64: the area under the curve up to the horizon), `se`, `low`, `high` (f64, 95%,
/// normal). All null if observation ends before the horizon with somebody still there: the area is not
/// observed.
///
/// # Errors
/// As [`kaplan_meier`](super::kaplan_meier()); a horizon that is not above 0.
///
/// ```
/// use casebook::prelude::*;
///
/// let subjects = warehouse::files::read("data/samples/subscriptions.csv")?
///     .lazy()
///     .select([col("months").alias("duration"), col("cancelled").alias("observed"), col("plan")]);
/// let first_year = survival::restricted_mean(&subjects, None, 12.0)?;
/// assert!(first_year.column("mean")?.f64()?.get(0) < Some(12.0));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn restricted_mean(subjects: &dyn Source, by: Option<&str>, horizon: f64) -> Result<DataFrame> {
    if !(horizon > 0.0 && horizon.is_finite()) {
        return Err(Error::config("horizon", horizon, "above 0"));
    }
    let groups = groups(subjects, by)?;
    let areas: Vec<Option<(f64, f64)>> =
        groups.iter().map(|group| group.table.area(horizon)).collect();
    let column = |name: &str, pick: fn((f64, f64)) -> f64| {
        let values: Vec<Option<f64>> = areas.iter().map(|area| area.map(pick)).collect();
        Column::new(name.into(), values)
    };
    table(
        by,
        names(&groups),
        vec![
            counts("subjects", &groups, |table| table.subjects),
            Column::new("horizon".into(), vec![horizon; groups.len()]),
            column("mean", |(mean, _)| mean),
            column("se", |(_, se)| se),
            column("low", |(mean, se)| mean - Z95 * se),
            column("high", |(mean, se)| mean + Z95 * se),
        ],
    )
}
