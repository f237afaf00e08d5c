//! Revenue and churn, by company size.

use polars::prelude::*;

use super::presence::checked;
use super::{broken_down, spine};
use crate::error::Result;

const PRESENCE: [&str; 5] =
    ["company_id", "company_size", "monthly_price_cents", "month_no", "sessions"];

fn keys() -> [Expr; 2] {
    [col("month_no"), col("company_size")]
}

fn dollars(cents: Expr) -> Expr {
    cents.cast(DataType::Float64) / lit(100.0)
}

/// Computes revenue by month and size, under both answers to "is the month of churn paid for?".
///
/// Reads `presence` as returned by [`presence`](super::presence()) and `months` as given to it. Returns `month_no`,
/// `month`, `company_size`, `clients` (i64), `revenue` (f64, US dollars: companies with a session pay),
/// `revenue_if_churn_billed` (f64: companies there at the month's start pay), by month and size.
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
/// let revenue = saas::revenue(&presence, &t.months)?;
/// assert_eq!(revenue.height(), 24); // 12 months: small, large
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn revenue(presence: &DataFrame, months: &DataFrame) -> Result<DataFrame> {
    let presence = checked(presence, &PRESENCE)?;
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
    Ok(spine(&presence, months, false)?
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

/// Computes churn and retention by month and size, and for all sizes together ("all").
///
/// Logo churn is the share lost of the companies there at the month's start; revenue churn is the share of their
/// monthly price that was lost. Gross retention (GRR) counts no company above what it paid before; net retention (NRR)
/// counts what those same companies pay now.
///
/// Reads `presence` as returned by [`presence`](super::presence()) and `months` as given to it. Returns `month_no`,
/// `month`, `company_size`, `clients_start`, `clients_lost` (i64), `logo_churn`, `mrr_start`, `mrr_lost` (US dollars),
/// `revenue_churn`, `grr`, `nrr` (f64), by month and size. A ratio over nothing is null.
///
/// # Errors
/// As [`revenue`].
pub fn churn(presence: &DataFrame, months: &DataFrame) -> Result<DataFrame> {
    let presence = checked(presence, &PRESENCE)?;
    let now = presence.clone().lazy().select([
        col("company_id"),
        (col("month_no") - lit(1_i64)).alias("month_no"),
        col("monthly_price_cents").alias("now"),
    ]);
    let moves = broken_down(&presence)?
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
    Ok(spine(&presence, months, true)?
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

#[cfg(test)]
mod tests {
    use super::*;

    fn presence() -> DataFrame {
        df!(
            "company_id" => [1_i64, 2, 1], "company_size" => ["small", "large", "small"],
            "monthly_price_cents" => [1_900_i64, 9_900, 1_900], "month_no" => [0_i64, 0, 1],
            "sessions" => [0_i64, 0, 3],
        )
        .unwrap()
    }

    fn months() -> DataFrame {
        let first = chrono::NaiveDate::from_ymd_opt(2024, 1, 1).unwrap();
        df!("month_no" => [1_i64], "month_start" => [first]).unwrap()
    }

    /// The caller's own columns with the same names as computed ones change nothing.
    #[test]
    fn other_columns_are_not_read() -> Result<()> {
        let named = presence()
            .lazy()
            .with_columns([lit(7_i64).alias("now"), lit(1_i64).alias("lost")])
            .collect()?;
        let (plain, named) = (churn(&presence(), &months())?, churn(&named, &months())?);
        assert!(plain.equals_missing(&named), "{plain} {named}");
        let lost: Vec<Option<i64>> = plain.column("clients_lost")?.i64()?.iter().collect();
        assert_eq!(lost, [Some(1), Some(1), Some(0)]); // all, large, small
        Ok(())
    }

    #[test]
    fn a_company_twice_or_without_a_price_is_refused() -> Result<()> {
        let twice =
            concat([presence().lazy(), presence().lazy()], UnionArgs::default())?.collect()?;
        let price =
            when(col("month_no").eq(lit(1))).then(lit(NULL)).otherwise(col("monthly_price_cents"));
        let free = presence().lazy().with_column(price.alias("monthly_price_cents")).collect()?;
        for (presence, word) in [(twice, "more than once"), (free, "empty value")] {
            for error in [churn(&presence, &months()), revenue(&presence, &months())] {
                let said = error.unwrap_err().to_string();
                assert!(said.contains(word), "{said}");
            }
        }
        Ok(())
    }
}
