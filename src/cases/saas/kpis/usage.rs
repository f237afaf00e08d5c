//! Clients, and how much they use the product.

use polars::prelude::*;

use super::spine;
use crate::error::Result;
use crate::frame::require;

/// Counts the companies with at least one session in the month, by size.
///
/// Reads `presence` as returned by [`presence`](super::presence()) and `months` as given to it. Returns `month_no`,
/// `month` (such as "2021-01"), `company_size`, `clients` (i64), by month and size; 0 in a month without any.
///
/// # Errors
/// As [`presence`](super::presence()).
pub fn clients(presence: &DataFrame, months: &DataFrame) -> Result<DataFrame> {
    Ok(usage(presence, months)?.select(["month_no", "month", "company_size", "clients"])?)
}

/// Computes the sessions of an average client in the month, by size.
///
/// Reads `presence` as returned by [`presence`](super::presence()) and `months` as given to it. Returns `month_no`,
/// `month`, `company_size`, `clients` (i64), `sessions` (i64), `sessions_per_client` (f64, null without clients), by
/// month and size. Only companies with a session are counted.
///
/// # Errors
/// As [`presence`](super::presence()).
pub fn usage(presence: &DataFrame, months: &DataFrame) -> Result<DataFrame> {
    require(presence, "presence", &["company_size", "month_no", "sessions"])?;
    let counted = presence
        .clone()
        .lazy()
        .filter(col("sessions").gt(lit(0)))
        .group_by([col("month_no"), col("company_size")])
        .agg([len().cast(DataType::Int64).alias("clients"), col("sessions").sum()]);
    let ratio = col("sessions").cast(DataType::Float64) / col("clients").cast(DataType::Float64);
    Ok(spine(presence, months, false)?
        .lazy()
        .join(
            counted.with_column(ratio.alias("sessions_per_client")),
            [col("month_no"), col("company_size")],
            [col("month_no"), col("company_size")],
            JoinArgs::new(JoinType::Left),
        )
        .with_columns([col("clients").fill_null(lit(0_i64)), col("sessions").fill_null(lit(0_i64))])
        .sort(["month_no", "company_size"], SortMultipleOptions::default())
        .collect()?)
}
