//! How long plans are paid for.
//!
//! Every month, on the day of the month on which it began, a plan is renewed or ends: a geometric number of months, whose rate
//! depends on the segment alone. Each plan draws it from a stream of its own, so that nothing else depends on it.
//!
//! # Source
//! T. Tunguz (2014), The Innovator's Dilemma for SaaS Startups: 3 to 7% of small customers leave in a month, 1 to 2% of
//! mid-sized ones, and 0.5 to 1% of enterprises.

use chrono::{Months, NaiveDate, TimeDelta};
use polars::prelude::*;

use super::calibrate::World;
use super::config::{Config, Segment};
use crate::cases::draw::uniform;
use crate::error::Result;
use crate::stream::stream;

/// Nobody is followed for so many months.
const FOR_EVER: f64 = 1_200.0;

/// Returns how many months a plan is paid for, of which a number from 0 to below 1 decides: more than n with a probability of
/// (1 - churn)ⁿ. The same number decides for fewer months where churn is higher.
pub(super) fn months(churn: f64, drawn: f64) -> f64 {
    if churn <= 0.0 {
        return FOR_EVER;
    }
    (1.0 + ((1.0 - drawn).ln() / (1.0 - churn).ln()).floor()).min(FOR_EVER)
}

/// Returns how many months are paid for on average, of those left: the sum of the probabilities of being there.
pub(super) fn mean_months(churn: f64, left: f64) -> f64 {
    let left = left.max(0.0);
    if churn <= 0.0 {
        return left;
    }
    let whole = left.floor();
    let stays = (1.0 - churn).powi(whole as i32);
    (1.0 - stays) / churn + (left - whole) * stays
}

/// Returns the day on which a user's plan ends that began on a day, both counted from the first; none if it isn't observed.
pub(super) fn end(world: &World, id: u32, segment: usize, began: i32) -> Option<i32> {
    let drawn = uniform(&mut stream(world.config.seed, "notion plan", u64::from(id)));
    let months = months(world.config.churn[segment], drawn);
    let first = NaiveDate::default() + TimeDelta::days(i64::from(world.first_day));
    let began = first + TimeDelta::days(i64::from(began));
    let ends = began.checked_add_months(Months::new(months as u32))?;
    let day = (ends - first).num_days();
    (day < i64::from(world.days())).then_some(day as i32)
}

/// Computes how long plans are paid for: exact, by segment.
///
/// Returns one row per segment and month from 0 to the months observed: `segment`, `month` (i64: since the plan began), `still_paid` (f64:
/// the share still paid for after the renewal that is due), `paid_months` (f64: how many months were paid for by then, on average).
///
/// # Errors
/// Those of [`Config::validate`].
///
/// ```
/// use casebook::prelude::*;
///
/// let expected = notion::plan_survival(&notion::Config::default())?;
/// let enterprise = expected.keep(col("segment").eq(lit("enterprise")))?;
/// assert!((enterprise.value("still_paid", "month", 12)? - 0.99_f64.powi(12)).abs() < 1e-12);
/// assert!(enterprise.value("paid_months", "month", 12)? < 12.0);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn plan_survival(config: &Config) -> Result<DataFrame> {
    config.validate()?;
    let rows = || (0..4).flat_map(|segment| (0..=config.months).map(move |month| (segment, month)));
    let each = |of: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
        rows().map(|(segment, month)| of(config.churn[segment], f64::from(month))).collect()
    };
    Ok(df!(
        "segment" => rows().map(|row| Segment::name(row.0)).collect::<Vec<_>>(),
        "month" => rows().map(|row| i64::from(row.1)).collect::<Vec<_>>(),
        "still_paid" => each(&|churn, month| (1.0 - churn).powf(month)),
        "paid_months" => each(&mean_months),
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_the_sum_over_numbers_drawn() {
        for churn in [0.0, 0.01, 0.05, 0.3, 0.9] {
            for left in [0.0, 0.4, 1.0, 2.7, 11.5, 36.0] {
                let drawn = (0..200_000).map(|step| (f64::from(step) + 0.5) / 200_000.0);
                let paid = drawn.map(|drawn| months(churn, drawn).min(left)).sum::<f64>() / 2e5;
                let exact = mean_months(churn, left);
                assert!((paid - exact).abs() < 1e-3, "{churn}, {left}: {paid}, {exact}");
            }
        }
        assert_eq!(mean_months(0.05, -1.0), 0.0);
    }

    #[test]
    fn every_plan_is_paid_for_once_and_higher_churn_ends_it_earlier() {
        for drawn in [0.0, 0.2, 0.5, 0.999_999] {
            let each = [0.9, 0.05, 0.01, 0.0].map(|churn| months(churn, drawn));
            assert!(each[0] >= 1.0 && each.is_sorted(), "{each:?}");
        }
        assert_eq!(months(0.05, 0.0), 1.0);
        assert_eq!(months(0.05, 0.06), 2.0);
    }
}
