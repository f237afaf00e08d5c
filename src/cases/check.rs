//! What every configuration checks.

use std::fmt::Display;

use crate::error::{Error, Result};

/// A number in a range, both ends included; not a number is in none.
pub(super) fn within<T: PartialOrd + Display>(
    field: &str,
    value: T,
    low: T,
    high: T,
) -> Result<()> {
    match value >= low && value <= high {
        true => Ok(()),
        false => Err(Error::config(field, value, format!("{low} to {high}"))),
    }
}

/// A pair in rising order, in a range.
pub(super) fn pair<T>(field: &str, (low, high): (T, T), least: T, most: T) -> Result<()>
where
    T: PartialOrd + Display,
{
    match least <= low && low <= high && high <= most {
        true => Ok(()),
        false => Err(Error::config(
            field,
            format!("({low}, {high})"),
            format!("two numbers from {least} to {most}, the first not above the second"),
        )),
    }
}

/// Shares that sum to 1.
pub(super) fn whole(field: &str, shares: impl Iterator<Item = f64>) -> Result<()> {
    let sum: f64 = shares.sum();
    if (sum - 1.0).abs() > 1e-9 {
        let found = format!("shares that sum to {}", (sum * 1e9).round() / 1e9);
        return Err(Error::config(field, found, "shares that sum to 1"));
    }
    Ok(())
}

/// How busy some days are, compared with each other. Nothing closer to 0: where nearly all weight lies on a few days,
/// sums of the rest are lost beside theirs, and nobody can be active on others.
pub(super) fn busyness(field: &str, weights: &[f64]) -> Result<()> {
    weights.iter().try_for_each(|weight| within(field, *weight, 0.001, 10.0))
}
