//! Metrics: functions from frames to tidy frames, one file per concept.
//!
//! Every function says which columns it reads, returns one row per observation in a stable order, and
//! gives ratios with their numerator and denominator. What cannot be observed is null, never 0.
//! Metrics know nothing of generators: any frames with these columns will do.
//!
//! Subscription metrics start from one frame, [`activity::presence`]: who was there in which month.

pub mod activity;
pub mod interval;
pub mod revenue;
pub mod survival;

use polars::prelude::*;

use crate::error::{ErrorKind, Result};

/// That a frame has the columns a function reads.
pub(crate) fn require(frame: &DataFrame, name: &'static str, columns: &[&str]) -> Result<()> {
    match columns.iter().find(|column| frame.schema().get(column).is_none()) {
        None => Ok(()),
        Some(column) => Err(ErrorKind::MissingColumn {
            frame: name,
            column: (*column).to_owned(),
            present: frame.get_column_names().iter().map(|name| name.to_string()).collect(),
        }
        .into()),
    }
}

/// Every month × every size, so that a month in which nothing happened is a row, not a gap.
///
/// `months` as in [`activity::presence`]; sizes are those of `presence`, and "all" where asked.
/// Returns `month_no`, `month` (such as "2021-01"), `company_size`.
pub(crate) fn spine(presence: &DataFrame, months: &DataFrame, all: bool) -> Result<DataFrame> {
    require(months, "months", &["month_no", "month_start"])?;
    let labelled = months
        .clone()
        .lazy()
        .select([
            col("month_no").cast(DataType::Int64),
            col("month_start").dt().to_string("%Y-%m").alias("month"),
        ])
        .sort(["month_no"], SortMultipleOptions::default())
        .collect()?;
    let sizes = presence.column("company_size")?.unique()?.sort(SortOptions::default())?;
    let mut names: Vec<String> = sizes.str()?.iter().flatten().map(str::to_owned).collect();
    if all {
        names.push("all".into());
        names.sort_unstable();
    }
    let frames = names
        .iter()
        .map(|name| labelled.clone().lazy().with_column(lit(name.as_str()).alias("company_size")));
    Ok(concat(frames.collect::<Vec<_>>(), UnionArgs::default())?
        .sort(["month_no", "company_size"], SortMultipleOptions::default())
        .collect()?)
}

/// `presence` once under each size and once under "all".
pub(crate) fn broken_down(presence: &DataFrame) -> Result<LazyFrame> {
    let one = presence.clone().lazy();
    let all = one.clone().with_column(lit("all").alias("company_size"));
    Ok(concat([one, all], UnionArgs::default())?)
}
