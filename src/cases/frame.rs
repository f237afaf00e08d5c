//! Columns of days and moments, as generators make them.

use polars::prelude::*;

use crate::error::Result;

/// Makes a Date column from days since 1970-01-01; null where there is no day.
pub(super) fn dates(
    name: &str,
    days: impl IntoIterator<Item = impl Into<Option<i32>>>,
) -> Result<Series> {
    let days: Int32Chunked = days.into_iter().map(Into::into).collect();
    Ok(days.into_series().with_name(name.into()).cast(&DataType::Date)?)
}

/// Makes a Datetime column (microseconds, no zone) from seconds since 1970-01-01; null where there is no moment.
pub(super) fn moments(
    name: &str,
    seconds: impl IntoIterator<Item = impl Into<Option<i64>>>,
) -> Result<Series> {
    let micros: Int64Chunked =
        seconds.into_iter().map(|second| second.into().map(|second| second * 1_000_000)).collect();
    let kind = DataType::Datetime(TimeUnit::Microseconds, None);
    Ok(micros.into_series().with_name(name.into()).cast(&kind)?)
}
