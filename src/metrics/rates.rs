//! Rates: the share of rows for which a condition is true, each with its interval.
//!
//! ```
//! use casebook::prelude::*;
//!
//! let users = df!(
//!     "segment" => ["startup", "startup", "enterprise", "enterprise"],
//!     "paid_since" => [None, Some(3), Some(1), Some(5)],
//! )?;
//! let paid = rate_by(&users, "segment", col("paid_since").is_not_null())?;
//! assert_eq!(paid.value("rate", "segment", "enterprise")?, 1.0);
//! assert_eq!(rate(&users, col("paid_since").is_not_null())?.hits, 3);
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! # Source
//! E. B. Wilson (1927), "Probable inference, the law of succession, and statistical inference", Journal of the American
//! Statistical Association 22.

use std::fmt;

use polars::prelude::*;

use super::{Source, absent, share_columns};
use crate::error::{Error, Result};
use crate::frame::{Columns, Verbs, is_condition, known, names, pct};

/// The columns of counts and of what is computed from them.
const COLUMNS: [&str; 5] = ["hits", "trials", "rate", "low", "high"];

/// Computes the share of rows for which a condition is true, in each group.
///
/// Returns one row per group: the groups' keys (names or expressions, in their own types), `hits`, `trials` (i64),
/// `rate`, `low`, `high` (f64, 95% Wilson), sorted by the keys, ascending, null last. A condition that is null does not
/// hold, but its row is still a trial, as in SQL's `avg(case when … then 1 else 0 end)`.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn); a condition that is not true or false;
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a key with the name of a column of the result.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let rates = rate_by(&users, "arm", col("converted").eq(1))?;
/// assert_eq!(rates.get_column_names(), ["arm", "hits", "trials", "rate", "low", "high"]);
/// assert!(rates.value("low", "arm", "offer")? < rates.value("rate", "arm", "offer")?);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn rate_by(
    rows: &dyn Source,
    by: impl Columns,
    condition: impl Into<Expr>,
) -> Result<DataFrame> {
    rates(rows.scan(), by.expressions(), condition.into())
}

fn rates(mut rows: LazyFrame, by: Vec<Expr>, condition: Expr) -> Result<DataFrame> {
    known(&mut rows, "given", &by)?;
    known(&mut rows, "given", std::slice::from_ref(&condition))?;
    is_condition(&rows, "condition", &condition)?;
    let keys = rows.clone().select(&by).limit(0).collect()?;
    absent(&keys, "given", &COLUMNS)?;
    let keys: Vec<Expr> = names(&rows, &by)?.into_iter().map(col).collect();
    // Evaluated over all rows, so that one that compares with everybody, or is the same for all, means the same in each
    // group.
    let holds = condition.cast(DataType::Boolean).fill_null(false).alias("hits");
    // Beside the frame's columns, so that what is the same for all is there for each row.
    let mut read = by;
    read.push(holds);
    let counted = rows.with_columns(read).agg_by(
        keys,
        [
            col("hits").cast(DataType::Int64).sum().alias("hits"),
            len().cast(DataType::Int64).alias("trials"),
        ],
    )?;
    with_shares(counted)
}

fn with_shares(mut counted: DataFrame) -> Result<DataFrame> {
    let counts = |name: &str| -> Result<Vec<Option<i64>>> {
        Ok(counted.column(name)?.i64()?.iter().collect())
    };
    let columns = share_columns(["rate", "low", "high"], &counts("hits")?, &counts("trials")?);
    counted.hstack_mut(&columns)?;
    Ok(counted)
}

/// A share of a population with its 95% Wilson interval.
///
/// Formatted as text, it fits into a sentence: `51.8% (50.1% to 53.5%)`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Rate {
    /// The number of rows for which the condition is true.
    pub hits: u64,
    /// The number of all rows.
    pub trials: u64,
    /// `hits / trials`.
    pub rate: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

/// Computes the share of all rows for which a condition is true. Where it is null, it does not hold, as in [`rate_by`].
///
/// # Errors
/// As [`rate_by`]; a frame without rows, which has no rate.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = df!("age" => [20, 30, 40, 50])?;
/// let young = rate(&users, col("age").lt(25))?;
/// assert_eq!((young.hits, young.trials, young.rate), (1, 4, 0.25));
/// assert_eq!(young.to_string(), "25.0% (4.6% to 69.9%)");
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn rate(rows: &dyn Source, condition: impl Into<Expr>) -> Result<Rate> {
    whole(rows.scan(), condition.into())
}

fn whole(rows: LazyFrame, condition: Expr) -> Result<Rate> {
    // One group: everybody.
    let all = rates(rows, vec![lit(0).alias("everybody")], condition)?;
    if all.height() == 0 {
        return Err(Error::config("rows", "none", "at least one row"));
    }
    let real = |name: &str| all.scalar(name);
    Ok(Rate {
        hits: real("hits")? as u64,
        trials: real("trials")? as u64,
        rate: real("rate")?,
        low: real("low")?,
        high: real("high")?,
    })
}

impl Rate {
    /// Returns the rate as a frame of one row: `hits`, `trials` (i64), `rate`, `low`, `high` (f64).
    ///
    /// # Errors
    /// Polars' own.
    pub fn frame(&self) -> Result<DataFrame> {
        Ok(df!(
            "hits" => [self.hits as i64], "trials" => [self.trials as i64],
            "rate" => [self.rate], "low" => [self.low], "high" => [self.high],
        )?)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} to {})", pct(self.rate), pct(self.low), pct(self.high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::interval::wilson;

    fn users() -> DataFrame {
        df!(
            "segment" => [Some("b"), Some("a"), None, Some("b"), Some("a"), Some("b")],
            "month" => [2, 10, 1, 2, 9, 10],
            "paid" => [Some(5), None, Some(1), Some(0), Some(3), None],
        )
        .unwrap()
    }

    #[test]
    fn groups_have_their_counts_and_what_is_null_is_no_hit() {
        let found = rate_by(&users(), "segment", col("paid").gt(0)).unwrap();
        let counts = |name: &str| -> Vec<i64> {
            found.column(name).unwrap().i64().unwrap().into_no_null_iter().collect()
        };
        // a, b, and those of no segment.
        assert_eq!((counts("hits"), counts("trials")), (vec![1, 1, 1], vec![2, 3, 1]), "{found}");
        let (low, high) = wilson(1, 3).unwrap();
        assert_eq!(found.value("low", "segment", "b").unwrap(), low);
        assert_eq!(found.value("high", "segment", "b").unwrap(), high);
    }

    #[test]
    fn keys_keep_their_types_and_their_order() {
        let found = rate_by(&users().lazy(), ("month", "segment"), col("paid").gt(0)).unwrap();
        let months: Vec<i32> =
            found.column("month").unwrap().i32().unwrap().into_no_null_iter().collect();
        assert_eq!(months, [1, 2, 9, 10, 10]);
    }

    #[test]
    fn a_condition_means_the_same_in_every_group() {
        // More than everybody's mean, 2.25.
        let found = rate_by(&users(), "segment", col("paid").gt(col("paid").mean())).unwrap();
        assert_eq!(found.total("hits").unwrap(), 2.0, "{found}");
        let found = rate_by(&users(), "segment", lit(true)).unwrap();
        assert_eq!(found.total("hits").unwrap(), 6.0, "{found}");
    }

    #[test]
    fn what_is_no_condition_or_would_be_overwritten_is_refused() {
        for (by, condition, said) in [
            ("segment", col("paid"), "`condition` is an expression of type i32"),
            ("segmnet", col("paid").gt(0), "did you mean `segment`?"),
            ("segment", col("payd").gt(0), "did you mean `paid`?"),
        ] {
            let message = rate_by(&users(), by, condition).unwrap_err().to_string();
            assert!(message.contains(said), "{message}");
        }
        let message =
            rate_by(&users(), col("segment").alias("rate"), lit(true)).unwrap_err().to_string();
        assert!(
            message.contains("`rate`") && message.contains("column of the result"),
            "{message}"
        );
        let message = rate(&users().clear(), lit(true)).unwrap_err().to_string();
        assert!(message.contains("at least one row"), "{message}");
    }

    #[test]
    fn everybody_is_one_group() {
        let found = rate(&users(), col("paid").gt(0)).unwrap();
        assert_eq!((found.hits, found.trials, found.rate), (3, 6, 0.5));
        assert_eq!(found.frame().unwrap().scalar("low").unwrap(), found.low);
    }
}
