//! Recurring revenue: what came, what was lost of it, what was kept, and what a customer is worth.
//!
//! [`movements`] and [`lifetime_value`] take anybody's subscriptions. [`monthly`] and [`churn`] take the
//! subscription cases' [`presence`](super::activity::presence), where each customer has one plan.
//!
//! ```
//! use casebook::metrics::revenue;
//! use casebook::polars::prelude::*;
//! use chrono::NaiveDate;
//! # use casebook::chrono;
//!
//! let month = |m| NaiveDate::from_ymd_opt(2024, m, 1).unwrap();
//! let paid = df!(
//!     "customer_id" => ["ann", "bob", "ann"],
//!     "month" => [month(1), month(1), month(2)],
//!     "mrr" => [10.0, 20.0, 15.0],
//! )?;
//! let moved = revenue::movements(&paid)?;
//! assert_eq!(moved.column("expansion")?.f64()?.get(1), Some(5.0));
//! assert_eq!(moved.column("churned")?.f64()?.get(1), Some(20.0));
//! assert_eq!(moved.column("nrr")?.f64()?.get(1), Some(0.5));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::BTreeMap;

use polars::prelude::*;

use super::period::Numbers;
use super::timeline::{Moments, Numbered, fetch, full};
use super::{Period, Source, broken_down, dates, finite, require, share_columns, spine, warnings};
use crate::error::{Error, Result};

/// Monthly recurring revenue and its movements.
///
/// Reads `subscriptions`: one row per customer and month paid for: `customer_id`, `month` (Date or
/// Datetime: any day of the month), `mrr` (a number, in any currency, 0 or more; several rows of a month are
/// added up, and 0 in all is the same as no row).
///
/// Returns one row per month from the first to the last, without gaps: `month` (Date), `mrr_start` (f64:
/// the month before's), `new` (customers never seen before), `reactivated` (customers who were away the
/// month before), `expansion`, `contraction`, `churned` (f64, all 0 or more), `mrr` (f64: start + new +
/// reactivated + expansion − contraction − churned), `customers_start`, `customers_lost`, `customers`
/// (i64), `logo_churn`, `low`, `high` (f64: lost / start, 95 % Wilson), `revenue_churn` (f64: (contraction +
/// churned) / start), `grr` (f64: 1 − revenue_churn), `nrr` (f64: what the month before's customers pay now
/// / start), `arpa` (f64: mrr / customers), `warning` (text). In the first month nothing is known of the
/// month before: what needs it is null, and everybody is new.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty values or a negative `mrr`.
///
/// # Source
/// The movements as subscription tools report them (new, expansion, contraction, churn, reactivation); gross
/// and net revenue retention as in public companies' reports.
pub fn movements(subscriptions: &dyn Source) -> Result<DataFrame> {
    let frame = fetch(subscriptions, "subscriptions", &["customer_id", "month", "mrr"])?;
    let mrr = finite(&frame, "subscriptions", "mrr")?;
    if let Some(row) = mrr.iter().position(|mrr| *mrr < 0.0) {
        let problem = format!("is {} in row {}; it must be 0 or more", mrr[row], row + 1);
        return Err(Error::column("subscriptions", "mrr", problem));
    }
    let days = Moments::new(&frame, "subscriptions", "month")?.days();
    let customers = Numbered::new(full(&frame, "subscriptions", "customer_id")?)?;
    let (first, last) = match (days.iter().min(), days.iter().max()) {
        (Some(first), Some(last)) => (*first, *last),
        _ => (0, -1),
    };
    let numbers = Numbers::new(Period::Month, first, last);
    // What each customer pays in each month, in an order that does not depend on that of the rows.
    let mut rows: Vec<(u32, i32, f64)> = customers
        .codes
        .iter()
        .zip(&days)
        .zip(&mrr)
        .filter(|(_, mrr)| **mrr > 0.0)
        .map(|((code, day), mrr)| (*code, numbers.of(*day), *mrr))
        .collect();
    rows.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
    let mut months: BTreeMap<i32, Month> = BTreeMap::new();
    if last >= first {
        for month in numbers.of(first)..=numbers.of(last) {
            months.insert(month, Month::default());
        }
    }
    for mine in rows.chunk_by(|a, b| a.0 == b.0) {
        let mut before: Option<(i32, f64)> = None;
        for same in mine.chunk_by(|a, b| a.1 == b.1) {
            let (month, paid) = (same[0].1, same.iter().map(|row| row.2).sum::<f64>());
            if let Some((then, amount)) = before
                && then + 1 < month
            {
                months.entry(then + 1).or_default().lose(amount);
            }
            let row = months.entry(month).or_default();
            row.paid.push(paid);
            match before {
                None => row.new.push(paid),
                Some((then, _)) if then + 1 < month => row.reactivated.push(paid),
                Some((_, amount)) if paid > amount => row.expansion.push(paid - amount),
                Some((_, amount)) => row.contraction.push(amount - paid),
            }
            before = Some((month, paid));
        }
        if let Some((then, amount)) = before
            && let Some(row) = months.get_mut(&(then + 1))
        {
            row.lose(amount);
        }
    }

    let sums: Vec<[f64; 6]> = months.values_mut().map(Month::sums).collect();
    let paying: Vec<i64> = months.values().map(|month| month.paid.len() as i64).collect();
    let n = sums.len();
    let start = |at: usize| at.checked_sub(1).map(|before| sums[before][0]);
    let column = |name: &str, value: &dyn Fn(usize) -> Option<f64>| {
        Column::new(name.into(), (0..n).map(value).collect::<Vec<_>>())
    };
    let flow = |name: &str, which: usize| column(name, &|at| start(at).map(|_| sums[at][which]));
    let over = |part: &dyn Fn(usize) -> f64, at: usize| {
        start(at).filter(|start| *start > 0.0).map(|start| part(at) / start)
    };
    let gone = |at: usize| sums[at][4] + sums[at][5];
    let base: Vec<Option<i64>> =
        (0..n).map(|at| at.checked_sub(1).map(|before| paying[before])).collect();
    let lost: Vec<Option<i64>> = months
        .values()
        .zip(&base)
        .map(|(month, base)| base.map(|_| month.lost.len() as i64))
        .collect();
    let mut columns = vec![
        dates("month", months.keys().map(|month| Period::Month.start(*month)).collect())?,
        column("mrr_start", &start),
        column("new", &|at| Some(sums[at][1])),
        flow("reactivated", 2),
        flow("expansion", 3),
        flow("contraction", 4),
        flow("churned", 5),
        column("mrr", &|at| Some(sums[at][0])),
        Column::new("customers_start".into(), &base),
        Column::new("customers_lost".into(), &lost),
        Column::new("customers".into(), &paying),
    ];
    columns.extend(share_columns(["logo_churn", "low", "high"], &lost, &base));
    columns.extend([
        column("revenue_churn", &|at| over(&gone, at)),
        column("grr", &|at| over(&gone, at).map(|churn| 1.0 - churn)),
        column("nrr", &|at| over(&|at| sums[at][3] - gone(at), at).map(|more| 1.0 + more)),
        column("arpa", &|at| (paying[at] > 0).then(|| sums[at][0] / paying[at] as f64)),
    ]);
    columns.push(warnings(&base, "users"));
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Amounts of one month, kept apart until all are there, and then added up from the smallest, so that the
/// order of rows does not matter.
#[derive(Default)]
struct Month {
    paid: Vec<f64>,
    new: Vec<f64>,
    reactivated: Vec<f64>,
    expansion: Vec<f64>,
    contraction: Vec<f64>,
    lost: Vec<f64>,
}

impl Month {
    fn lose(&mut self, amount: f64) {
        self.lost.push(amount);
    }

    fn sums(&mut self) -> [f64; 6] {
        [
            &mut self.paid,
            &mut self.new,
            &mut self.reactivated,
            &mut self.expansion,
            &mut self.contraction,
            &mut self.lost,
        ]
        .map(|amounts| {
            amounts.sort_unstable_by(f64::total_cmp);
            amounts.iter().sum()
        })
    }
}

/// What a customer is worth within a horizon: margin a period, times the periods stayed.
///
/// Reads `curve`: a survival curve as from [`survival::kaplan_meier`](super::survival::kaplan_meier), of one
/// group, with durations in the periods that `margin` is earned in; a customer pays at the start of each
/// period it is still there for. `margin`: per customer and period, in any currency. `discount`: per period,
/// such as 0.01.
///
/// Returns one row per period up to the horizon: `period` (i64, from 1), `survival` (f64: at its start),
/// `expected_periods`, `value`, `low`, `high` (f64: sums up to this period; the interval carries the
/// curve's bounds, and no uncertainty of the margin). Null beyond the last time observed: what a customer is
/// worth there is a guess, not a measurement.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a horizon of 0 or above 100,000, a
/// margin that is not finite, or a discount outside 0 to 1.
///
/// ```
/// use casebook::prelude::*;
///
/// let subjects = warehouse::files::read("data/samples/subscriptions.csv")?
///     .lazy()
///     .select([col("months").alias("duration"), col("cancelled").alias("observed"), col("plan")]);
/// let curve = survival::kaplan_meier(&subjects, None)?;
/// let value = revenue::lifetime_value(&curve, 8.0, 0.0, 12)?; // $8 a month, for a year
/// assert!(value.column("value")?.f64()?.get(11) < Some(96.0));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn lifetime_value(
    curve: &DataFrame,
    margin: f64,
    discount: f64,
    horizon: u32,
) -> Result<DataFrame> {
    require(curve, "curve", &["time", "survival", "low", "high"])?;
    if !(1..=100_000).contains(&horizon) {
        return Err(Error::config("horizon", horizon, "1 to 100,000 periods"));
    }
    if !margin.is_finite() {
        return Err(Error::config("margin", margin, "a finite number"));
    }
    if !(0.0..1.0).contains(&discount) {
        return Err(Error::config("discount", discount, "0 to below 1"));
    }
    let sorted = curve.sort(["time"], SortMultipleOptions::default())?;
    let times = finite(&sorted, "curve", "time")?;
    let survival = finite(&sorted, "curve", "survival")?;
    // Where the curve has no interval, at 1 and at 0, its bounds are the curve.
    let bound = |name: &str| -> Result<Vec<f64>> {
        let values = sorted.column(name)?.cast(&DataType::Float64)?;
        Ok(values.f64()?.iter().zip(&survival).map(|(v, s)| v.unwrap_or(*s)).collect())
    };
    let (low, high) = (bound("low")?, bound("high")?);
    let gone = survival.last().is_some_and(|survival| *survival <= 0.0);
    let (mut stayed, mut sums) = (0.0, [0.0; 3]);
    let [mut shares, mut periods, mut value, mut lows, mut highs] =
        [const { Vec::<Option<f64>>::new() }; 5];
    for period in 0..horizon {
        let at = f64::from(period);
        let known = gone || times.last().is_some_and(|last| at <= *last);
        // The curve steps at each time; at a period's start the step there has been taken.
        let place = times.partition_point(|time| *time <= at).checked_sub(1).filter(|_| known);
        let present = (1.0 + discount).powi(-(period as i32));
        if let Some(place) = place {
            stayed += survival[place];
            for (sum, share) in sums.iter_mut().zip([survival[place], low[place], high[place]]) {
                *sum += margin * present * share;
            }
        }
        shares.push(place.map(|place| survival[place]));
        periods.push(place.map(|_| stayed));
        value.push(place.map(|_| sums[0]));
        lows.push(place.map(|_| sums[1].min(sums[2])));
        highs.push(place.map(|_| sums[1].max(sums[2])));
    }
    Ok(df!(
        "period" => (1..=i64::from(horizon)).collect::<Vec<_>>(),
        "survival" => shares,
        "expected_periods" => periods,
        "value" => value,
        "low" => lows,
        "high" => highs,
    )?)
}

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
