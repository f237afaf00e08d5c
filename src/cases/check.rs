//! Checks that every configuration uses.

use std::fmt::Display;

use crate::error::{Error, Result};

/// Checks that a number is in a range, both ends included; a NaN never is.
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

/// Checks that a pair is in ascending order and in a range.
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

/// Checks that shares sum to 1.
pub(super) fn whole(field: &str, shares: impl Iterator<Item = f64>) -> Result<()> {
    let sum: f64 = shares.sum();
    if (sum - 1.0).abs() > 1e-9 {
        let found = format!("shares that sum to {}", (sum * 1e9).round() / 1e9);
        return Err(Error::config(field, found, "shares that sum to 1"));
    }
    Ok(())
}

/// Checks how busy some days are compared with each other. Weights closer to 0 are refused: if nearly all weight lies
/// on a few days, rounding swallows the sums of the rest, and nobody can be active on other days.
pub(super) fn busyness(field: &str, weights: &[f64]) -> Result<()> {
    weights.iter().try_for_each(|weight| within(field, *weight, 0.001, 10.0))
}
