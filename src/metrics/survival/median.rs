//! The median lifetime.

use polars::prelude::*;

use super::subjects::{counts, groups, names, table};
use crate::error::Result;
use crate::metrics::Source;
use crate::stats::life_table::{LifeTable, Survival};

/// Estimates the time by which half have left.
///
/// Reads as [`kaplan_meier`](super::kaplan_meier()). Returns one row per group: `by`'s column, `subjects`,
/// `events` (i64), `median` (f64: the first time at which the survival is 0.5 or less; null if it never is),
/// `low`, `high` (f64: where the bounds of the curve's 95% interval pass 0.5; null if they never do).
///
/// # Errors
/// As [`kaplan_meier`](super::kaplan_meier()).
///
/// ```
/// use casebook::prelude::*;
///
/// let subjects = warehouse::files::read("data/samples/subscriptions.csv")?
///     .lazy()
///     .select([col("months").alias("duration"), col("cancelled").alias("observed"), col("plan")]);
/// let median = survival::median(&subjects, Some("plan"))?;
/// assert_eq!(median.height(), 2);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn median(subjects: &dyn Source, by: Option<&str>) -> Result<DataFrame> {
    let groups = groups(subjects, by)?;
    let column = |name: &str, bound: fn(Survival) -> Option<f64>| {
        let values: Vec<Option<f64>> =
            groups.iter().map(|group| group.table.median(bound)).collect();
        Column::new(name.into(), values)
    };
    table(
        by,
        names(&groups),
        vec![
            counts("subjects", &groups, |table| table.subjects),
            counts("events", &groups, LifeTable::events),
            column("median", |point| Some(point.share)),
            column("low", |point| point.interval().map(|bounds| bounds.0)),
            column("high", |point| point.interval().map(|bounds| bounds.1)),
        ],
    )
}
