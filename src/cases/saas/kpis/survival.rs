//! How long companies stay.

use polars::prelude::*;

use super::presence::checked;
use super::{broken_down, spine};
use crate::error::Result;
use crate::stats::interval::wilson;

/// Returns the share of the companies acquired that are still there at each month's end, and the hazard: the share lost
/// in the month, of those at risk at its start.
///
/// It is meant for a single cohort that all companies entered together and none leaves unobserved: then the survival
/// curve is a plain share, and its interval is Wilson's (95%).
///
/// Reads `presence` as returned by [`presence`](super::presence()) and `months` as given to it. Returns `company_size`
/// (each size, and "all"), `month_no`, `at_risk`, `lost` (i64), `hazard` (f64, null when nobody is at risk),
/// `survival`, `low`, `high` (f64), by size and month.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty values, or a company that is in a month twice;
/// or polars' own for a wrong type.
///
/// ```
/// use casebook::cases::saas;
///
/// let t = saas::generate(&saas::Config::default())?;
/// let presence = saas::presence(&t.companies, &t.plans, &t.months, &t.sessions)?;
/// let curve = saas::survival(&presence, &t.months)?;
/// assert_eq!(curve.height(), 36); // 12 months: small, large, all
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn survival(presence: &DataFrame, months: &DataFrame) -> Result<DataFrame> {
    let presence = checked(presence, &["company_id", "company_size", "month_no", "sessions"])?;
    let keys = || [col("month_no"), col("company_size")];
    let there =
        broken_down(&presence)?.group_by(keys()).agg([len().cast(DataType::Int64).alias("now")]);
    let before = there.clone().select([
        (col("month_no") + lit(1_i64)).alias("month_no"),
        col("company_size"),
        col("now").alias("at_risk"),
    ]);
    let acquired = broken_down(&presence)?
        .filter(col("sessions").eq(lit(0)))
        .group_by([col("company_size")])
        .agg([len().cast(DataType::Int64).alias("acquired")]);
    let left = || JoinArgs::new(JoinType::Left);
    let real = |name: &str| col(name).cast(DataType::Float64);
    let curve = spine(&presence, months, true)?
        .lazy()
        .join(there, keys(), keys(), left())
        .join(before, keys(), keys(), left())
        .join(acquired, [col("company_size")], [col("company_size")], left())
        .with_columns([col("now").fill_null(lit(0_i64)), col("at_risk").fill_null(lit(0_i64))])
        .with_column((col("at_risk") - col("now")).alias("lost"))
        .with_columns([
            when(col("at_risk").gt(lit(0)))
                .then(real("lost") / real("at_risk"))
                .otherwise(lit(NULL))
                .alias("hazard"),
            (real("now") / real("acquired")).alias("survival"),
        ])
        .sort(["company_size", "month_no"], SortMultipleOptions::default())
        .collect()?;
    let bounds: Vec<Option<(f64, f64)>> = curve
        .column("now")?
        .i64()?
        .iter()
        .zip(curve.column("acquired")?.i64()?.iter())
        .map(|(now, of)| wilson(u64::try_from(now?).ok()?, u64::try_from(of?).ok()?))
        .collect();
    let side = |name: &str, pick: fn(&(f64, f64)) -> f64| {
        let values: Vec<Option<f64>> =
            bounds.iter().map(|bound| bound.as_ref().map(pick)).collect();
        Series::new(name.into(), values)
    };
    let mut curve =
        curve.select(["company_size", "month_no", "at_risk", "lost", "hazard", "survival"])?;
    curve.with_column(side("low", |bound| bound.0).into())?;
    curve.with_column(side("high", |bound| bound.1).into())?;
    Ok(curve)
}
