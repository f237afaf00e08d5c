//! What cells often do with frames.

use polars::prelude::*;

use crate::error::Result;

/// Returns one number of a frame, for a sentence or a title; NaN if there is none.
///
/// # Errors
/// Polars' own for a column that is not there, or holds no numbers.
///
/// ```
/// use casebook::prelude::*;
///
/// let frame = df!("users" => [Some(12), None])?;
/// assert_eq!(number(&frame, "users", 0)?, 12.0);
/// assert!(number(&frame, "users", 1)?.is_nan() && number(&frame, "users", 9)?.is_nan());
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn number(frame: &DataFrame, column: &str, row: usize) -> Result<f64> {
    let numbers = frame.column(column)?.cast(&DataType::Float64)?;
    Ok(numbers.f64()?.iter().nth(row).flatten().unwrap_or(f64::NAN))
}

/// Left-joins two tables: each row of the left one, with the columns of the right one for the same key.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = df!("user_id" => [1, 2], "plan" => ["free", "pro"])?;
/// let visits = df!("user_id" => [2, 2, 3])?;
/// let known = beside(visits.lazy(), &users, "user_id").collect()?;
/// assert_eq!(known.column("plan")?.null_count(), 1);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn beside(left: LazyFrame, right: &DataFrame, key: &str) -> LazyFrame {
    left.join(right.clone().lazy(), [col(key)], [col(key)], JoinArgs::new(JoinType::Left))
}

/// Stacks frames with the same columns.
///
/// # Errors
/// Polars' own for columns that differ, and for no frames.
///
/// ```
/// use casebook::prelude::*;
///
/// let one = df!("x" => [1])?;
/// assert_eq!(stacked([one.clone().lazy(), one.lazy()])?.height(), 2);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn stacked(frames: impl IntoIterator<Item = LazyFrame>) -> Result<DataFrame> {
    Ok(concat(frames.into_iter().collect::<Vec<_>>(), UnionArgs::default())?.collect()?)
}

/// Computes the share of a frame's rows for which a condition is true; NaN without rows.
///
/// # Errors
/// Polars' own for a column that is not there.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = df!("age" => [20, 30, 40, 50])?;
/// assert_eq!(share_of(&users, col("age").lt(lit(25)))?, 0.25);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn share_of(frame: &DataFrame, rows: Expr) -> Result<f64> {
    let mean = rows.cast(DataType::Float64).mean().alias("share");
    number(&frame.clone().lazy().select([mean]).collect()?, "share", 0)
}

/// Sorts a frame's rows by a column in descending order, with empty values last.
///
/// # Errors
/// Polars' own for a column that is not there.
///
/// ```
/// use casebook::prelude::*;
///
/// let weeks = df!("week" => [1, 2, 3], "left" => [5, 9, 7])?;
/// assert_eq!(number(&falling(&weeks, "left")?, "week", 0)?, 2.0); // the worst week
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn falling(frame: &DataFrame, by: &str) -> Result<DataFrame> {
    let order = SortMultipleOptions::default().with_order_descending(true);
    Ok(frame.sort([by], order.with_nulls_last(true).with_maintain_order(true))?)
}
