//! The questions of the take-home, answered by month and company size.
//!
//! All start from one frame, [`presence()`]: which companies were there in which month. The SQL in `sql/saas/` returns
//! the same.

mod presence;
mod revenue;
mod survival;
mod usage;

use polars::prelude::*;

use crate::error::Result;
use crate::frame::require;

pub use presence::presence;
pub use revenue::{churn, revenue};
pub use survival::survival;
pub use usage::{clients, usage};

/// Returns every month × every size, so that a month in which nothing happened is a row, not a gap.
///
/// `months` as in [`presence()`]; sizes are those of `presence`, and "all" if requested. The columns are `month_no`,
/// `month` (such as "2021-01"), `company_size`.
fn spine(presence: &DataFrame, months: &DataFrame, all: bool) -> Result<DataFrame> {
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
    let of = |frame: &DataFrame, size: &str| {
        frame.clone().lazy().with_column(lit(size.to_owned()).alias("company_size"))
    };
    // Without sizes there are no rows, but the columns.
    let none = of(&labelled.head(Some(0)), "");
    let frames = std::iter::once(none).chain(names.iter().map(|name| of(&labelled, name)));
    Ok(concat(frames.collect::<Vec<_>>(), UnionArgs::default())?
        .sort(["month_no", "company_size"], SortMultipleOptions::default())
        .collect()?)
}

/// Repeats `presence` once under each size and once under "all".
fn broken_down(presence: &DataFrame) -> Result<LazyFrame> {
    let one = presence.clone().lazy();
    let all = one.clone().with_column(lit("all").alias("company_size"));
    Ok(concat([one, all], UnionArgs::default())?)
}
