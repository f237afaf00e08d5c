//! Verbs: what an analysis does with frames again and again, one call each.
//!
//! Every verb takes a frame, collected or lazy, by reference, and returns a collected frame, so that one follows another
//! with `?`. What polars' own methods do as shortly is left to them. The names are those of dplyr and tidyr where polars
//! has methods of the better-known names with other arguments.

use polars::prelude::*;

use super::list::{FRAME, is_condition, known, names};
use super::{Columns, Key, Source, shape, values};
use crate::error::{Error, Result};

/// Verbs on frames, collected or lazy.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = df!(
///     "user_id" => [1, 2, 3, 4], "plan" => ["free", "pro", "free", "team"], "country" => ["UK", "UK", "US", "US"],
/// )?;
/// let visits = df!("user_id" => [1, 1, 2, 3, 3, 3], "minutes" => [4, 9, 30, 1, 2, 2])?;
/// let by_plan = visits
///     .left_join_on(&users, "user_id")?
///     .keep(col("country").eq(lit("UK")))?
///     .agg_by("plan", [len().alias("visits"), col("minutes").sum()])?
///     .sort_desc("minutes")?;
/// assert_eq!(by_plan.value("minutes", "plan", "free")?, 13.0);
/// # Ok::<(), casebook::Error>(())
/// ```
///
/// # Errors
/// A column that is not there is [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), and names the columns that
/// are; what polars itself refuses, such as the sum of texts, is [`ErrorKind::Frame`](crate::ErrorKind::Frame).
pub trait Verbs: Source {
    /// Keeps the rows for which a condition is true, in their order. Where it is null it does not hold, as in SQL's `WHERE`.
    ///
    /// # Errors
    /// As for all [`Verbs`]; an expression that is not true or false.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let months = df!("month_no" => [1, 2, 3], "clients" => [10, 12, 9])?;
    /// assert_eq!(months.keep(col("month_no").gt(1))?.height(), 2);
    /// let error = months.keep(col("mnth_no").gt(1)).unwrap_err().to_string();
    /// assert!(error.contains("no column `mnth_no`; did you mean `month_no`?"), "{error}");
    /// # Ok::<(), casebook::Error>(())
    /// ```
    fn keep(&self, rows: impl Into<Expr>) -> Result<DataFrame> {
        keep(self.scan(), rows.into())
    }

    /// Adds columns. One with the name of a column that is there takes its place.
    ///
    /// # Errors
    /// As for all [`Verbs`].
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let lines = df!("price" => [10.0, 4.0], "quantity" => [1, 3])?;
    /// let lines = lines.add_columns((col("price") * col("quantity")).alias("amount"))?;
    /// assert_eq!(lines.total("amount")?, 22.0);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    fn add_columns(&self, columns: impl Columns) -> Result<DataFrame> {
        add_columns(self.scan(), columns.expressions())
    }

    /// Returns these columns only, in this order: names, or expressions, which may rename or compute.
    ///
    /// # Errors
    /// As for all [`Verbs`].
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let sessions = df!("session_id" => [7, 8], "user_id" => [1, 1], "device" => ["phone", "desktop"])?;
    /// let orders = sessions.pick(("user_id", col("session_id").alias("order_id")))?;
    /// assert_eq!(orders.get_column_names(), ["user_id", "order_id"]);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    fn pick(&self, columns: impl Columns) -> Result<DataFrame> {
        pick(self.scan(), columns.expressions())
    }

    /// Sorts the rows by columns, ascending. Equal rows stay in their order; empty values come last.
    ///
    /// # Errors
    /// As for all [`Verbs`].
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let weeks = df!("week" => [3, 1, 2], "left" => [Some(7), None, Some(9)])?;
    /// assert_eq!(weeks.sort_asc("left")?.column("week")?.i32()?.get(2), Some(1));
    /// # Ok::<(), casebook::Error>(())
    /// ```
    fn sort_asc(&self, by: impl Columns) -> Result<DataFrame> {
        sort(self.scan(), by.expressions(), false)
    }

    /// Sorts the rows by columns, descending. Equal rows stay in their order; empty values come last.
    ///
    /// # Errors
    /// As for all [`Verbs`].
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let weeks = df!("week" => [1, 2, 3], "left" => [Some(7), None, Some(9)])?;
    /// assert_eq!(weeks.sort_desc("left")?.column("week")?.i32()?.get(0), Some(3)); // the worst week
    /// # Ok::<(), casebook::Error>(())
    /// ```
    fn sort_desc(&self, by: impl Columns) -> Result<DataFrame> {
        sort(self.scan(), by.expressions(), true)
    }

    /// Adds what another frame knows of each row's key: a left join, many to one. Rows and their order stay; where the key
    /// is not in the other frame, or null, the new columns are null.
    ///
    /// # Errors
    /// As for all [`Verbs`]; [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a key that the other frame holds
    /// twice, as rows would multiply silently, and for a column other than the key that both frames have.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let visits = df!("user_id" => [2, 2, 3])?;
    /// let users = df!("user_id" => [1, 2], "plan" => ["free", "pro"])?;
    /// let known = visits.left_join_on(&users, "user_id")?;
    /// assert_eq!((known.height(), known.column("plan")?.null_count()), (3, 1));
    /// let twice = users.left_join_on(&visits, "user_id").unwrap_err().to_string();
    /// assert!(twice.contains("holds 2 in 2 rows"), "{twice}");
    /// # Ok::<(), casebook::Error>(())
    /// ```
    fn left_join_on(&self, right: &dyn Source, keys: impl Columns) -> Result<DataFrame> {
        left_join(self.scan(), right.scan(), keys.expressions())
    }

    /// Aggregates the rows of each group: one row per group, sorted by the groups' keys, ascending, null last.
    ///
    /// # Errors
    /// As for all [`Verbs`].
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let orders = df!("user_id" => [2, 1, 2], "amount" => [5.0, 8.0, 7.0])?;
    /// let spent = orders.agg_by("user_id", [len().alias("orders"), col("amount").sum()])?;
    /// assert_eq!(spent.value("amount", "user_id", 2)?, 12.0);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    fn agg_by(&self, keys: impl Columns, columns: impl Columns) -> Result<DataFrame> {
        agg_by(self.scan(), keys.expressions(), columns.expressions())
    }

    /// Counts the rows of each group: the groups' keys and `count` (i64), sorted by the keys, ascending, null last.
    ///
    /// # Errors
    /// As for all [`Verbs`].
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let users = df!("plan" => ["pro", "free", "pro"])?;
    /// assert_eq!(users.count_by("plan")?.value("count", "plan", "pro")?, 2.0);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    fn count_by(&self, keys: impl Columns) -> Result<DataFrame> {
        agg_by(self.scan(), keys.expressions(), vec![len().cast(DataType::Int64).alias("count")])
    }

    /// Sums a column of numbers, or counts the trues of a condition. Nulls are left out, as in SQL.
    ///
    /// # Errors
    /// As for all [`Verbs`]; [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a column that is no number, for one
    /// that holds nothing but nulls, and for a sum that is not finite.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let months = df!("month" => ["May", "June"], "clients" => [10, 12])?;
    /// assert_eq!(months.total("clients")?, 22.0);
    /// assert!(months.total("month").unwrap_err().to_string().contains("must be a number"));
    /// # Ok::<(), casebook::Error>(())
    /// ```
    fn total(&self, column: &str) -> Result<f64> {
        values::total(self.scan(), column)
    }

    /// Returns the number that a column holds in the one row with a key.
    ///
    /// # Errors
    /// As for all [`Verbs`]; [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a key that no row has, or several, and
    /// for a value that is null, not finite, or no number.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let rates = df!("segment" => ["startup", "enterprise"], "rate" => [0.31, 0.52])?;
    /// assert_eq!(rates.value("rate", "segment", "enterprise")?, 0.52);
    /// let error = rates.value("rate", "segment", "enterprises").unwrap_err().to_string();
    /// assert!(error.contains("did you mean \"enterprise\"?"), "{error}");
    /// # Ok::<(), casebook::Error>(())
    /// ```
    fn value(&self, column: &str, by: &str, key: impl Into<Key>) -> Result<f64> {
        values::value(self.scan(), column, by, key.into())
    }

    /// Returns the text that a column holds in the one row with a key: as [`value`](Verbs::value), for any type.
    ///
    /// # Errors
    /// As [`value`](Verbs::value), but any type will do.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let projects = df!("place" => [1, 2], "project" => ["Checkout", "Win back"])?;
    /// assert_eq!(projects.text("project", "place", 1)?, "Checkout");
    /// # Ok::<(), casebook::Error>(())
    /// ```
    fn text(&self, column: &str, by: &str, key: impl Into<Key>) -> Result<String> {
        values::text(self.scan(), column, by, key.into())
    }

    /// Returns the one number that an expression gives: an aggregate, or a column of a single row.
    ///
    /// # Errors
    /// As for all [`Verbs`]; [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for several values or none, and
    /// for a value that is null, not finite, or no number.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let orders = df!("user_id" => [1, 1, 2], "amount" => [3.0, 5.0, 7.0])?;
    /// assert_eq!(orders.scalar(col("amount").mean())?, 5.0);
    /// assert!(orders.scalar("amount").unwrap_err().to_string().contains("3 values"));
    /// # Ok::<(), casebook::Error>(())
    /// ```
    fn scalar(&self, expression: impl Into<Expr>) -> Result<f64> {
        values::scalar(self.scan(), expression.into())
    }

    /// Stacks columns into one: for each of them, one after the other, all rows, with its name in a column `names` and its
    /// values in a column `values`. The other columns stay.
    ///
    /// # Errors
    /// As for all [`Verbs`]; no columns; [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a column that would have
    /// the name of another.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let deciles = df!("decile" => [1, 2], "forecast" => [0.4, 1.1], "actual" => [0.5, 1.0])?;
    /// let long = deciles.pivot_longer(["forecast", "actual"], "what", "orders")?;
    /// assert_eq!(long.get_column_names(), ["decile", "what", "orders"]);
    /// assert_eq!(long.height(), 4);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    fn pivot_longer(&self, columns: impl Columns, names: &str, values: &str) -> Result<DataFrame> {
        shape::longer(self.scan(), columns.expressions(), names, values)
    }

    /// Spreads a column over several: one column for each value of `names`, which holds that of `values`. One row stays for
    /// each combination of the other columns. Rows and new columns come in the order in which they first appear; what
    /// was not there is null.
    ///
    /// # Errors
    /// As for all [`Verbs`]; [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a name that is null, is there twice
    /// for the same other columns, or is the name of one of them.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let long = df!("month" => [1, 1, 2], "plan" => ["free", "pro", "free"], "users" => [10, 4, 11])?;
    /// let wide = long.pivot_wider("plan", "users")?;
    /// assert_eq!(wide.get_column_names(), ["month", "free", "pro"]);
    /// assert_eq!(wide.value("free", "month", 2)?, 11.0);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    fn pivot_wider(&self, names: &str, values: &str) -> Result<DataFrame> {
        shape::wider(self.scan(), names, values)
    }
}

impl<S: Source + ?Sized> Verbs for S {}

fn keep(mut lazy: LazyFrame, rows: Expr) -> Result<DataFrame> {
    known(&mut lazy, FRAME, std::slice::from_ref(&rows))?;
    is_condition(&lazy, "rows", &rows)?;
    Ok(lazy.filter(rows.cast(DataType::Boolean)).collect()?)
}

fn add_columns(mut lazy: LazyFrame, columns: Vec<Expr>) -> Result<DataFrame> {
    known(&mut lazy, FRAME, &columns)?;
    Ok(lazy.with_columns(columns).collect()?)
}

fn pick(mut lazy: LazyFrame, columns: Vec<Expr>) -> Result<DataFrame> {
    known(&mut lazy, FRAME, &columns)?;
    Ok(lazy.select(columns).collect()?)
}

fn sort(mut lazy: LazyFrame, by: Vec<Expr>, descending: bool) -> Result<DataFrame> {
    known(&mut lazy, FRAME, &by)?;
    let order = SortMultipleOptions::default()
        .with_order_descending(descending)
        .with_nulls_last(true)
        .with_maintain_order(true);
    Ok(lazy.sort_by_exprs(by, order).collect()?)
}

fn agg_by(mut lazy: LazyFrame, keys: Vec<Expr>, columns: Vec<Expr>) -> Result<DataFrame> {
    known(&mut lazy, FRAME, &keys)?;
    known(&mut lazy, FRAME, &columns)?;
    let by: Vec<Expr> = names(&lazy, &keys)?.into_iter().map(col).collect();
    // Stable, so that aggregates that depend on the order of rows, such as `first`, are those of the frame's.
    sort(lazy.group_by_stable(keys).agg(columns), by, false)
}

fn left_join(mut left: LazyFrame, mut right: LazyFrame, keys: Vec<Expr>) -> Result<DataFrame> {
    if let Some(computed) = keys.iter().find(|key| !matches!(key, Expr::Column(_))) {
        let accepted = "columns: add a computed key to both frames before";
        return Err(Error::config("keys", computed, accepted));
    }
    known(&mut left, "left", &keys)?;
    known(&mut right, "right", &keys)?;
    let names = names(&left, &keys)?;
    let here = left.collect_schema()?;
    let there = right.collect_schema()?;
    if let Some(column) =
        there.iter_names().find(|name| here.contains(name) && !names.contains(name))
    {
        let problem =
            "is in the left one, too, and is no key; pick the columns to add, or rename it";
        return Err(Error::column("right", column, problem));
    }
    let counted = right
        .clone()
        .select(&keys)
        .drop_nulls(None)
        .group_by_stable(&keys)
        .agg([len().cast(DataType::Int64).alias("rows of this key")])
        .filter(col("rows of this key").gt(1))
        .collect()?;
    if let (Some(key), Some(first)) = (names.first(), counted.get(0)) {
        let (rows, key_values) = first.split_last().unwrap_or((&AnyValue::Null, &[]));
        let values: Vec<String> = key_values.iter().map(ToString::to_string).collect();
        let problem = format!(
            "holds {} in {rows} rows; each key must be there once, or rows of the left frame would multiply",
            values.join(", ")
        );
        return Err(Error::column("right", key, problem));
    }
    let mut how = JoinArgs::new(JoinType::Left);
    how.maintain_order = MaintainOrderJoin::Left;
    Ok(left.join(right, &keys, &keys, how).collect()?)
}
