//! The log-rank test.

use polars::prelude::*;

use super::subjects::{counts, groups, names, table};
use crate::error::{Error, Result};
use crate::metrics::Source;
use crate::stats::life_table::{LifeTable, LogRank};

/// Tests whether groups leave at the same rate: the log-rank test.
///
/// Reads as [`kaplan_meier`](super::kaplan_meier()); `by` gives two groups or more. Returns one row per group:
/// `by`'s column, `subjects`, `events` (i64), `expected` (f64: events if all groups had the same hazard at each
/// time), and the test's `chi_square`, `df` (i64) and `p_value` (f64), the same in each row. The test is null where
/// fewer than two groups are left to compare.
///
/// A group of which nobody was at risk any more when the first subject left takes no degree of freedom, as in R's
/// `survdiff`: no departure was expected of it and none was seen, so it adds nothing to the statistic, and a degree of
/// freedom for nothing would make the p value too large. lifelines counts it, and has a larger p value there.
///
/// # Errors
/// As [`kaplan_meier`](super::kaplan_meier()); fewer than two groups.
///
/// ```
/// use casebook::prelude::*;
///
/// let subjects = warehouse::files::read("data/samples/subscriptions.csv")?
///     .lazy()
///     .select([col("months").alias("duration"), col("cancelled").alias("observed"), col("plan")]);
/// let test = survival::log_rank(&subjects, "plan")?;
/// assert!(test.column("p_value")?.f64()?.get(0) < Some(0.05));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn log_rank(subjects: &dyn Source, by: &str) -> Result<DataFrame> {
    let groups = groups(subjects, Some(by))?;
    let k = groups.len();
    if k < 2 {
        let problem = format!("holds {k} group(s); the test compares two or more");
        return Err(Error::column("subjects", by, problem));
    }
    let tables: Vec<&LifeTable> = groups.iter().map(|group| &group.table).collect();
    let LogRank { expected, df, test } = LogRank::of(&tables);
    table(
        Some(by),
        names(&groups),
        vec![
            counts("subjects", &groups, |table| table.subjects),
            counts("events", &groups, LifeTable::events),
            Column::new("expected".into(), expected),
            Column::new("chi_square".into(), vec![test.map(|test| test.0); k]),
            Column::new("df".into(), vec![df as i64; k]),
            Column::new("p_value".into(), vec![test.map(|test| test.1); k]),
        ],
    )
}
