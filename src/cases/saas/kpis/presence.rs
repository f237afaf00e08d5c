//! Which companies were there in which month.

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::frame::{full, require};

/// Returns one row for each company and month at whose end it was still there: a month with at least one session.
///
/// A company just acquired counts as there at the end of the month before. So a company that never had a session is
/// lost in its first month; counting sessions alone would miss it.
///
/// Reads
/// - `companies`: `company_id`, `company_size`, `acquired_on` (Date);
/// - `plans`: `company_size`, `monthly_price_cents`;
/// - `months`, every month observed: `month_no` (integer, consecutive), `month_start` (Date);
/// - `sessions`: `company_id`, `created_at` (Datetime; a month is one of its zone). Sessions outside the months are ignored.
///
/// Its columns are `company_id`, `company_size`, `monthly_price_cents`, `month_no` (i64), `sessions` (i64; 0
/// in the row that stands for acquisition), by company and month.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), or polars' own for a wrong type.
///
/// ```
/// use casebook::cases::saas;
///
/// let t = saas::generate(&saas::Config::default())?;
/// let presence = saas::presence(&t.companies, &t.plans, &t.months, &t.sessions)?;
/// let clients = saas::clients(&presence, &t.months)?;
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
                // The day on the zone's clock: truncated first, a month of a zone would begin in UTC's month before.
                col(moment).dt().date().dt().truncate(lit("1mo")).alias("month_start"),
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

/// Returns only the requested columns (`company_id` and `month_no` among them), after checking that none has empty
/// values and that each company appears once a month.
pub(super) fn checked(presence: &DataFrame, columns: &[&str]) -> Result<DataFrame> {
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
