//! What an analyst reads from what was seen: what the launches did so far, and what is to come without more of them.

use chrono::{NaiveDate, TimeDelta};
use polars::prelude::*;

use super::effects::Live;
use super::launch::{Launch, Lever, Region};
use super::plan;
use super::regions::{PAID, complete, regions};
use super::{Tables, study};
use crate::cases::check::within;
use crate::error::{Result, unknown};
use crate::frame::{Verbs, full};
use crate::metrics::panel::Panel;

/// Outcomes of the panel, and how many months after sign-up must have been observed.
const OUTCOMES: [(&str, u32); 7] = [
    ("signups", 0),
    ("activated", 1),
    ("back", 1),
    ("back_3", 3),
    ("shared", 1),
    ("paid", PAID),
    ("dollars", PAID),
];
/// How an effect is averaged: against all months before the launch.
const METHOD: &str = "imputation";
/// Days in a month, on average.
const MONTH: f64 = 30.44;
/// Who signed up so many months ago has paid by now, if ever.
const SETTLED: i64 = 4;

/// A number with its standard error.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Measured {
    pub value: f64,
    pub se: f64,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Evidence {
    /// By lever: the change of the logarithm of sign-ups, and of dollars a month per sign-up.
    pub signups: [Measured; 5],
    pub dollars: [Measured; 5],
    /// By lever: the change of the share who share.
    pub shared: [Measured; 5],
    pub regions: Vec<Forecast>,
    /// Months from sign-up to the first payment, on average.
    pub wait: f64,
    /// By paid plan: its share of the dollars a month, and the share of plans that end when a month is over.
    pub plans: Vec<(f64, f64)>,
    /// Standard deviation of the dollars a month over sign-ups.
    pub spread: f64,
    /// Where levers are live already.
    pub live: Live,
}

/// A region without further launches.
#[derive(Debug)]
pub(super) struct Forecast {
    pub region: Region,
    /// Sign-ups of the last twelve months, and how many times as many as of the twelve before.
    last_year: Vec<f64>,
    growth: f64,
    /// Dollars a month per sign-up, of the last twelve months that are known.
    pub dollars: f64,
}

impl Forecast {
    /// Returns the sign-ups of a month, 0 for the first that wasn't observed: those of the year before, grown as that had.
    pub fn signups(&self, ahead: u32) -> f64 {
        self.last_year[ahead as usize % 12] * self.growth.powi(ahead as i32 / 12 + 1)
    }
}

/// Estimates what each lever did where it was launched: difference-in-differences by imputation on [`regions`], adjusted for the other
/// levers.
///
/// Returns one row per lever and outcome, as [`lever_truth`](super::lever_truth) does: `lever`, `outcome`, `effect`, `se`, `low`, `high`,
/// `p_value` (f64: see [`Panel::difference_in_differences`]). "signups" is a difference of logarithms, as is its truth.
///
/// # Errors
/// Those of [`regions`] and [`Panel::difference_in_differences`]: for a lever that wasn't launched, or can't be told from another.
///
/// ```
/// use casebook::prelude::*;
///
/// let config = notion::Config { users: 20_000, ..Default::default() };
/// let pilots = notion::pilots();
/// let found = notion::lever_estimates(&notion::generate_with(&config, &pilots)?, &pilots)?;
/// assert_eq!(found.height(), 35);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn lever_estimates(tables: &Tables, launches: &[Launch]) -> Result<DataFrame> {
    estimates(&regions(tables, launches)?)
}

/// Creates the panel in which [`lever_estimates`] looks for what a lever did to an outcome, adjusted for the other levers: for its event
/// study, and for the test of the months before its launches.
///
/// Reads `regions` as returned by [`regions`]. `outcome` is "signups" (as a logarithm), "activated", "back", "back_3", "shared", "paid"
/// or "dollars"; months whose sign-ups aren't observed long enough for it are left out.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for another outcome; the message lists them.
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn).
///
/// ```
/// use casebook::prelude::*;
/// use casebook::cases::notion::Lever;
///
/// let config = notion::Config { users: 12_000, ..Default::default() };
/// let pilots = notion::pilots();
/// let cells = notion::regions(&notion::generate_with(&config, &pilots)?, &pilots)?;
/// let shared = notion::lever_panel(&cells, Lever::Sharing, "shared")?;
/// assert_eq!(shared.event_study(-3..=3)?.height(), 7);
/// assert!(shared.pre_trends(6)?.scalar("p_value")? > 0.001);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn lever_panel(regions: &DataFrame, lever: Lever, outcome: &str) -> Result<Panel> {
    let Some((_, after)) = OUTCOMES.iter().find(|(known, _)| *known == outcome) else {
        return Err(unknown("outcome", outcome, OUTCOMES.map(|(known, _)| known), "none"));
    };
    let others = Lever::ALL.iter().filter(|other| **other != lever);
    let others: Vec<String> = others.map(|other| format!("{}_live", other.name())).collect();
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    let seen = complete(regions, *after)?;
    let panel = Panel::new(&seen, "region", "month", lever.name()).adjust(&others);
    Ok(match outcome {
        "signups" => panel.counts("signups"),
        "dollars" => panel.means("dollars", "dollars_se"),
        share => panel.rates(share, "signups"),
    })
}

fn estimates(cells: &DataFrame) -> Result<DataFrame> {
    let mut parts: Vec<LazyFrame> = vec![];
    for lever in Lever::ALL {
        for (outcome, _) in OUTCOMES {
            let found = lever_panel(cells, lever, outcome)?.difference_in_differences()?;
            let named = [lit(lever.name()).alias("lever"), lit(outcome).alias("outcome")];
            let kept = ["effect", "se", "low", "high", "p_value"].map(col);
            let one = found.lazy().filter(col("method").eq(lit(METHOD)));
            parts.push(one.select([&named[..], &kept[..]].concat()));
        }
    }
    Ok(concat(parts, UnionArgs::default())?.collect()?)
}

impl Evidence {
    /// Returns how many months are paid for on average, of so many from sign-up on.
    pub fn paid_months(&self, left: f64) -> f64 {
        let left = left - self.wait;
        self.plans.iter().map(|(share, churn)| share * plan::mean_months(*churn, left)).sum()
    }

    pub fn read(tables: &Tables, pilots: &[Launch]) -> Result<Evidence> {
        let cells = regions(tables, pilots)?;
        let months = cells.column("month")?.i64()?.max().unwrap_or(-1) + 1;
        within("months", months, 24, 60)?;
        let found = estimates(&cells)?;
        let measured = |lever: Lever, outcome: &str| -> Result<Measured> {
            let own = col("lever").eq(lit(lever.name())).and(col("outcome").eq(lit(outcome)));
            let row = found.keep(own)?;
            Ok(Measured { value: row.scalar("effect")?, se: row.scalar("se")? })
        };
        let (mut signups, mut dollars, mut shared) =
            ([Measured::default(); 5], [Measured::default(); 5], [Measured::default(); 5]);
        for lever in Lever::ALL {
            // The others do something for those who have signed up: by what they are, they bring nobody.
            if matches!(lever, Lever::Seo | Lever::Sharing) {
                signups[lever as usize] = measured(lever, "signups")?;
            }
            dollars[lever as usize] = measured(lever, "dollars")?;
            shared[lever as usize] = measured(lever, "shared")?;
        }
        let forecast = |region: Region| -> Result<Forecast> {
            let own = cells.keep(col("region").eq(lit(region.name())))?.sort_asc("month")?;
            let each = |column: &str| -> Result<Vec<f64>> {
                let real = own.column(column)?.cast(&DataType::Float64)?;
                Ok(real.f64()?.into_no_null_iter().collect())
            };
            let (counts, prices) = (each("signups")?, each("dollars")?);
            let (before, last) = counts.split_at(counts.len() - 12);
            let older = &before[before.len() - 12..];
            let known = counts.len() - 12 - PAID as usize..counts.len() - PAID as usize;
            let (payers, prices) = (&counts[known.clone()], &prices[known]);
            let paid: f64 = payers.iter().zip(prices).map(|(count, price)| count * price).sum();
            Ok(Forecast {
                region,
                last_year: last.to_vec(),
                growth: last.iter().sum::<f64>() / older.iter().sum::<f64>(),
                dollars: paid / payers.iter().sum::<f64>(),
            })
        };
        Ok(Evidence {
            signups,
            dollars,
            shared,
            regions: Region::ALL.into_iter().map(forecast).collect::<Result<_>>()?,
            wait: wait(tables, months)?,
            plans: churn(tables)?,
            spread: spread(&cells)?,
            live: Live::new(pilots),
        })
    }
}

/// Returns the standard deviation of dollars a month over sign-ups, from which the errors of all cells were made.
fn spread(cells: &DataFrame) -> Result<f64> {
    let spread = col("dollars_se") * col("signups").cast(DataType::Float64).sqrt();
    let found = cells.clone().lazy().select([spread.max().alias("spread")]).collect()?;
    Ok(found.column("spread")?.f64()?.get(0).unwrap_or(0.0))
}

/// Returns the months from sign-up to payment of those who pay, weighted with what they pay, as far as all of them are known.
fn wait(tables: &Tables, months: i64) -> Result<f64> {
    let users = tables.user_profiles.clone().lazy();
    let plan = || [col("plan_type")];
    let priced = users.join(tables.plans.clone().lazy(), plan(), plan(), JoinType::Inner.into());
    let month_no = |day: Expr| {
        day.clone().dt().year().cast(DataType::Int64) * lit(12_i64)
            + day.dt().month().cast(DataType::Int64)
    };
    let first = full(&tables.calendar, "calendar", "month_no")?.i64()?.min().unwrap_or(0);
    let settled = month_no(col("signup_date")).lt(lit(first + months - SETTLED));
    let days = (col("paid_since").cast(DataType::Int32) - col("signup_date").cast(DataType::Int32))
        .cast(DataType::Float64);
    let dollars = col("dollars_a_month");
    let found = priced
        .filter(col("paid_since").is_not_null().and(settled))
        .select([(days * dollars.clone()).sum() / dollars.sum() / lit(MONTH)])
        .collect()?;
    Ok(found.columns()[0].f64()?.get(0).filter(|wait| wait.is_finite()).unwrap_or(0.0))
}

/// Returns each paid plan's share of the dollars a month that were ever begun, and the share of its plans that end of those that are due
/// for renewal.
fn churn(tables: &Tables) -> Result<Vec<(f64, f64)>> {
    let until = full(&tables.calendar, "calendar", "date")?.date()?.physical().max().unwrap_or(0);
    let until = NaiveDate::default() + TimeDelta::days(i64::from(until));
    let plan = || [col("plan_type")];
    let found = study::plan_lengths(&tables.user_profiles, until)?
        .lazy()
        .join(tables.plans.clone().lazy(), plan(), plan(), JoinType::Inner.into())
        .group_by(plan())
        .agg([
            col("dollars_a_month").sum().alias("dollars"),
            (col("observed").sum().cast(DataType::Float64)
                / col("duration").sum().cast(DataType::Float64))
            .alias("churn"),
        ])
        .sort(["plan_type"], SortMultipleOptions::default())
        .with_column((col("dollars") / col("dollars").sum()).alias("share"))
        .collect()?;
    let each = found.column("share")?.f64()?.iter().zip(found.column("churn")?.f64()?.iter());
    // Of a plan that hasn't been due yet, nothing is known.
    let known = |churn: Option<f64>| churn.filter(|churn| churn.is_finite()).unwrap_or(0.0);
    Ok(each.map(|(share, churn)| (share.unwrap_or(0.0), known(churn))).collect())
}
