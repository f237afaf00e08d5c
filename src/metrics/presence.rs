//! The subscription cases' presence, as [`activity::presence`](super::activity::presence) returns it, before it
//! is counted.

use polars::prelude::*;

use super::require;
use super::timeline::full;
use crate::error::{Error, Result};

/// The columns asked for (`company_id` and `month_no` among them) and no others, none of them with empty values,
/// each company once a month.
pub(crate) fn checked(presence: &DataFrame, columns: &[&str]) -> Result<DataFrame> {
    require(presence, "presence", columns)?;
    for column in columns {
        full(presence, "presence", column)?;
    }
    let frame = presence.select(columns.iter().copied())?;
    let keys = [col("company_id"), col("month_no")];
    let months = frame.clone().lazy().group_by(keys).agg([len()]).collect()?;
    if months.height() < frame.height() {
        let problem = "is in one month more than once";
        return Err(Error::column("presence", "company_id", problem));
    }
    Ok(frame)
}
