//! Who was there, and how much they did.

use polars::prelude::*;

use super::{require, spine};
use crate::error::Result;

/// One row per company and month it was there at the end of: a month with at least one session.
///
/// A company just acquired counts as there at the end of the month before. So one that never had a
/// session is lost in its first month; counted by sessions alone, it would appear nowhere.
///
/// Reads
/// - `companies`: `company_id`, `company_size`, `acquired_on` (Date);
/// - `plans`: `company_size`, `monthly_price_cents`;
/// - `months`, every month observed: `month_no` (integer, consecutive), `month_start` (Date);
/// - `sessions`: `company_id`, `created_at` (Datetime, UTC). Sessions outside the months are ignored.
///
/// Returns `company_id`, `company_size`, `monthly_price_cents`, `month_no` (i64), `sessions` (i64; 0 in
/// the row that stands for acquisition), by company and month.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), or polars' own for a wrong type.
///
/// ```
/// use casebook::metrics::activity;
/// use casebook::simulate::saas;
///
/// let t = saas::generate(&saas::Config::default())?;
/// let presence = activity::presence(&t.companies, &t.plans, &t.months, &t.sessions)?;
/// let clients = activity::clients(&presence, &t.months)?;
/// assert_eq!(clients.get_column_names(), ["month_no", "month", "company_size", "clients"]);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn presence(
    companies: &DataFrame,
    plans: &DataFrame,
    months: &DataFrame,
    sessions: &DataFrame,
) -> Result<DataFrame> {
    require(companies, "companies", &["company_id", "company_size", "acquired_on"])?;
    require(plans, "plans", &["company_size", "monthly_price_cents"])?;
    require(months, "months", &["month_no", "month_start"])?;
    require(sessions, "sessions", &["company_id", "created_at"])?;

    let calendar = months
        .clone()
        .lazy()
        .select([col("month_no").cast(DataType::Int64), col("month_start").cast(DataType::Date)]);
    let in_month = |frame: LazyFrame, moment: &str| {
        frame
            .with_column(
                col(moment).dt().truncate(lit("1mo")).cast(DataType::Date).alias("month_start"),
            )
            .join(
                calendar.clone(),
                [col("month_start")],
                [col("month_start")],
                JoinArgs::new(JoinType::Inner),
            )
    };
    let active = in_month(
        sessions.clone().lazy().select([col("company_id"), col("created_at")]),
        "created_at",
    )
    .group_by([col("company_id"), col("month_no")])
    .agg([len().cast(DataType::Int64).alias("sessions")]);
    let acquired = in_month(companies.clone().lazy(), "acquired_on").select([
        col("company_id"),
        (col("month_no") - lit(1_i64)).alias("month_no"),
        lit(0_i64).cast(DataType::Int64).alias("sessions"),
    ]);
    let left = || JoinArgs::new(JoinType::Left);
    Ok(concat([active, acquired], UnionArgs::default())?
        .join(companies.clone().lazy(), [col("company_id")], [col("company_id")], left())
        .join(plans.clone().lazy(), [col("company_size")], [col("company_size")], left())
        .select([
            col("company_id"),
            col("company_size"),
            col("monthly_price_cents"),
            col("month_no"),
            col("sessions"),
        ])
        .sort(["company_id", "month_no"], SortMultipleOptions::default())
        .collect()?)
}

/// Companies with at least one session in the month, by size.
///
/// Reads `presence` as from [`presence`] and `months` as given to it. Returns `month_no`, `month` (such
/// as "2021-01"), `company_size`, `clients` (i64), by month and size; a month without any is 0.
///
/// # Errors
/// As [`presence`].
pub fn clients(presence: &DataFrame, months: &DataFrame) -> Result<DataFrame> {
    Ok(usage(presence, months)?.select(["month_no", "month", "company_size", "clients"])?)
}

/// Sessions of an average client in the month, by size.
///
/// Reads `presence` as from [`presence`] and `months` as given to it. Returns `month_no`, `month`,
/// `company_size`, `clients` (i64), `sessions` (i64), `sessions_per_client` (f64, null without
/// clients), by month and size. Only companies with a session count.
///
/// # Errors
/// As [`presence`].
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
