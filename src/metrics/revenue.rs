//! Monthly revenue, what was lost of it, and what was kept.

use polars::prelude::*;

use super::{broken_down, require, spine};
use crate::error::Result;

const PRESENCE: [&str; 5] =
    ["company_id", "company_size", "monthly_price_cents", "month_no", "sessions"];

fn keys() -> [Expr; 2] {
    [col("month_no"), col("company_size")]
}

fn dollars(cents: Expr) -> Expr {
    cents.cast(DataType::Float64) / lit(100.0)
}

/// Revenue by month and size, under both answers to "is the month of churn paid for?".
///
/// Reads `presence` as from [`activity::presence`](super::activity::presence) and `months` as given to
/// it. Returns `month_no`, `month`, `company_size`, `clients` (i64), `revenue` (f64, US dollars: who had
/// a session pays), `revenue_if_churn_billed` (f64: who was there at the month's start pays), by month
/// and size.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), or polars' own for a wrong type.
///
/// ```
/// use casebook::metrics::{activity, revenue};
/// use casebook::simulate::saas;
///
/// let t = saas::generate(&saas::Config::default())?;
/// let presence = activity::presence(&t.companies, &t.plans, &t.months, &t.sessions)?;
/// let monthly = revenue::monthly(&presence, &t.months)?;
/// assert_eq!(monthly.height(), 24);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn monthly(presence: &DataFrame, months: &DataFrame) -> Result<DataFrame> {
    require(presence, "presence", &PRESENCE)?;
    let totals = presence.clone().lazy().group_by(keys()).agg([
        len().cast(DataType::Int64).alias("clients"),
        dollars(col("monthly_price_cents").sum()).alias("revenue"),
    ]);
    let before = totals.clone().select([
        (col("month_no") + lit(1_i64)).alias("month_no"),
        col("company_size"),
        col("revenue").alias("revenue_if_churn_billed"),
    ]);
    let left = || JoinArgs::new(JoinType::Left);
    Ok(spine(presence, months, false)?
        .lazy()
        .join(totals, keys(), keys(), left())
        .join(before, keys(), keys(), left())
        .with_columns([
            col("clients").fill_null(lit(0_i64)),
            col("revenue").fill_null(lit(0.0)),
            col("revenue_if_churn_billed").fill_null(lit(0.0)),
        ])
        .sort(["month_no", "company_size"], SortMultipleOptions::default())
        .collect()?)
}

/// Churn and retention by month and size, and for all sizes together ("all").
///
/// Of the companies there at the month's start: how many were lost (logo churn), and how much of their
/// monthly price (revenue churn). Gross retention (GRR) counts no company above what it paid before;
/// net retention (NRR) counts what those same companies pay now.
///
/// Reads `presence` as from [`activity::presence`](super::activity::presence) and `months` as given to
/// it. Returns `month_no`, `month`, `company_size`, `clients_start`, `clients_lost` (i64), `logo_churn`,
/// `mrr_start`, `mrr_lost` (US dollars), `revenue_churn`, `grr`, `nrr` (f64), by month and size. A ratio
/// over nothing is null.
///
/// # Errors
/// As [`monthly`].
pub fn churn(presence: &DataFrame, months: &DataFrame) -> Result<DataFrame> {
    require(presence, "presence", &PRESENCE)?;
    let now = presence.clone().lazy().select([
        col("company_id"),
        (col("month_no") - lit(1_i64)).alias("month_no"),
        col("monthly_price_cents").alias("now"),
    ]);
    let moves = broken_down(presence)?
        .join(
            now,
            [col("company_id"), col("month_no")],
            [col("company_id"), col("month_no")],
            JoinArgs::new(JoinType::Left),
        )
        .with_columns([
            col("now").is_null().cast(DataType::Int64).alias("lost"),
            col("now").fill_null(lit(0_i64)),
            col("monthly_price_cents").alias("before"),
            col("month_no") + lit(1_i64),
        ]);
    let kept = when(col("now").lt(col("before"))).then(col("now")).otherwise(col("before"));
    let over = |part: Expr, whole: &str| {
        when(col(whole).gt(lit(0))).then(part / col(whole)).otherwise(lit(NULL))
    };
    let sums = moves
        .group_by(keys())
        .agg([
            len().cast(DataType::Int64).alias("clients_start"),
            col("lost").sum().alias("clients_lost"),
            dollars(col("before").sum()).alias("mrr_start"),
            dollars(kept.sum()).alias("mrr_kept"),
            dollars(col("now").sum()).alias("mrr_now"),
        ])
        .with_columns([
            (col("clients_lost").cast(DataType::Float64)
                / col("clients_start").cast(DataType::Float64))
            .alias("logo_churn"),
            (col("mrr_start") - col("mrr_kept")).alias("mrr_lost"),
            over(col("mrr_start") - col("mrr_kept"), "mrr_start").alias("revenue_churn"),
            over(col("mrr_kept"), "mrr_start").alias("grr"),
            over(col("mrr_now"), "mrr_start").alias("nrr"),
        ]);
    Ok(spine(presence, months, true)?
        .lazy()
        .join(sums, keys(), keys(), JoinArgs::new(JoinType::Left))
        .with_columns([
            col("clients_start").fill_null(lit(0_i64)),
            col("clients_lost").fill_null(lit(0_i64)),
            col("mrr_start").fill_null(lit(0.0)),
            col("mrr_lost").fill_null(lit(0.0)),
        ])
        .select([
            col("month_no"),
            col("month"),
            col("company_size"),
            col("clients_start"),
            col("clients_lost"),
            col("logo_churn"),
            col("mrr_start"),
            col("mrr_lost"),
            col("revenue_churn"),
            col("grr"),
            col("nrr"),
        ])
        .sort(["month_no", "company_size"], SortMultipleOptions::default())
        .collect()?)
}
