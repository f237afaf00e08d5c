//! Concentration: how unevenly something is spread over users.
//!
//! ```
//! use casebook::metrics::concentration;
//! use casebook::polars::prelude::*;
//!
//! let users = df!("orders" => [0, 0, 0, 8])?;
//! let found = concentration::summary(&users, "orders", &[0.25])?;
//! let values: Vec<f64> = found.column("value")?.f64()?.into_no_null_iter().collect();
//! assert_eq!(values, [0.75, 1.0]); // Gini; share of the top quarter
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! M. O. Lorenz (1905), "Methods of measuring the concentration of wealth"; C. Gini (1912). The intervals use the
//! estimates' influence functions (F. A. Cowell and E. Flachaire, "Statistical methods for distributional analysis",
//! Handbook of Income Distribution 2A), on the logit scale. They are meant for large samples: with a few hundred users
//! and a heavy tail they cover the truth 91 times in 100, not 95.

use polars::prelude::*;

use super::interval::Z95;
use super::{Source, finite};
use crate::error::{Error, Result};
use crate::frame::fetch;

/// Returns the values, which must be 0 or more, in ascending order, and their sum.
fn sorted(users: &dyn Source, column: &str) -> Result<(Vec<f64>, f64)> {
    let frame = fetch(users, "users", &[column])?;
    let mut values = finite(&frame, "users", column)?;
    if let Some(row) = values.iter().position(|value| *value < 0.0) {
        let problem = format!("is {} in row {}; it must be 0 or more", values[row], row + 1);
        return Err(Error::column("users", column, problem));
    }
    values.sort_unstable_by(f64::total_cmp);
    let total: f64 = values.iter().sum();
    // Room for a weight of each user's rank.
    if !(total * values.len() as f64).is_finite() {
        let problem = "adds up to more than a number can hold; use a larger unit";
        return Err(Error::column("users", column, problem));
    }
    Ok((values, total))
}

/// Computes the Lorenz curve: the share of the total that the users with the lowest values hold.
///
/// Reads `users`: one row per user, and the column named: numbers, 0 or more. Returns `users` (f64: share of users,
/// lowest first), `value` (f64: their share of the total), at `points` + 1 evenly spaced shares from 0 to 1; a user's
/// value is divided if a point falls within it. Values are null if the total is 0.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for values that are empty, negative or not
/// finite, and for a total that is not finite; `points` of 0.
///
/// ```
/// use casebook::prelude::*;
///
/// let customers = warehouse::files::read("data/samples/customers.csv")?;
/// let curve = concentration::lorenz(&customers, "spent", 10)?;
/// assert_eq!(curve.height(), 11);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn lorenz(users: &dyn Source, column: &str, points: u32) -> Result<DataFrame> {
    if points == 0 {
        return Err(Error::config("points", 0, "1 or more"));
    }
    let (values, total) = sorted(users, column)?;
    let mut sums = vec![0.0];
    for value in &values {
        sums.push(sums[sums.len() - 1] + value);
    }
    let shares: Vec<f64> = (0..=points).map(|k| f64::from(k) / f64::from(points)).collect();
    let curve: Vec<Option<f64>> = shares
        .iter()
        .map(|share| {
            let place = share * values.len() as f64;
            let whole = (place as usize).min(values.len().saturating_sub(1));
            let part = values.get(whole).map_or(0.0, |value| (place - whole as f64) * value);
            (total > 0.0).then(|| ((sums[whole] + part) / total).min(1.0))
        })
        .collect();
    Ok(df!("users" => shares, "value" => curve)?)
}

/// Computes the Gini coefficient, and the share that the top users hold.
///
/// Reads as [`lorenz`] does. `tops`: shares of users, such as 0.1 for the top decile. Returns `measure` ("gini", "top
/// 10%"), `users` (i64), `value`, `low`, `high` (f64, 95%, from the influence function), the Gini coefficient first.
/// The coefficient is 0 if all users have the same and approaches 1 if one user has everything (its largest value is 1
/// − 1/n). Values are null if the total is 0.
///
/// # Errors
/// As [`lorenz`]; a top outside 0 to 1.
///
/// ```
/// use casebook::prelude::*;
///
/// let customers = warehouse::files::read("data/samples/customers.csv")?;
/// let found = concentration::summary(&customers, "spent", &[0.1])?;
/// assert_eq!(found.column("measure")?.str()?.get(1), Some("top 10%"));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn summary(users: &dyn Source, column: &str, tops: &[f64]) -> Result<DataFrame> {
    if let Some(top) = tops.iter().find(|top| !(**top > 0.0 && **top <= 1.0)) {
        return Err(Error::config("top", top, "above 0, up to 1"));
    }
    let (values, total) = sorted(users, column)?;
    let mut measures = vec!["gini".to_owned()];
    let mut results = vec![gini(&values, total)];
    for top in tops {
        let percent = (top * 1e10).round() / 1e8;
        measures.push(format!("top {percent}%"));
        results.push(top_share(&values, total, *top));
    }
    let side = |pick: fn((f64, f64)) -> f64| -> Vec<Option<f64>> {
        results.iter().map(|result| result.map(pick)).collect()
    };
    Ok(df!(
        "measure" => measures,
        "users" => vec![values.len() as i64; results.len()],
        "value" => side(|(value, _)| value),
        "low" => side(|result| on_the_logit(result, -Z95)),
        "high" => side(|result| on_the_logit(result, Z95)),
    )?)
}

/// A bound computed on the logit scale, where such shares are less skewed; it always stays within 0 to 1.
fn on_the_logit((value, se): (f64, f64), z: f64) -> f64 {
    let spread = value * (1.0 - value);
    if spread <= 0.0 {
        return value;
    }
    let logit = (value / (1.0 - value)).ln() + z * se / spread;
    1.0 / (1.0 + (-logit).exp())
}

/// The Gini coefficient and its standard error.
fn gini(values: &[f64], total: f64) -> Option<(f64, f64)> {
    if total <= 0.0 {
        return None;
    }
    let n = values.len() as f64;
    let mean = total / n;
    let weighted: f64 = values
        .iter()
        .enumerate()
        .map(|(at, value)| (2.0 * (at as f64 + 1.0) - n - 1.0) * value)
        .sum();
    let gini = (weighted / (n * total)).max(0.0);
    // Influence of x: 2 (x F(x) − ∫ up to x) / mean, centred, less the part through the mean.
    let mut below = 0.0;
    let influence = values.iter().enumerate().map(|(at, value)| {
        below += value;
        let rank = (at as f64 + 0.5) / n;
        2.0 * (value * rank - (below - value / 2.0) / n) / mean - (gini + 1.0) * value / mean
    });
    Some((gini, deviation(&influence.collect::<Vec<f64>>()) / n.sqrt()))
}

/// The share of the top users, and its standard error.
fn top_share(values: &[f64], total: f64, top: f64) -> Option<(f64, f64)> {
    if total <= 0.0 {
        return None;
    }
    let n = values.len() as f64;
    let count = top * n;
    let whole = ((count + 1e-9) as usize).min(values.len());
    let cut = values.len() - whole;
    let part = (count - whole as f64).max(0.0);
    let bound = cut.checked_sub(1).map_or(0.0, |at| values[at]);
    let share = ((values[cut..].iter().sum::<f64>() + part * bound) / total).min(1.0);
    let mean = total / n;
    let bound = values[cut.min(values.len() - 1)];
    let influence: Vec<f64> =
        values.iter().map(|value| ((value - bound).max(0.0) - share * value) / mean).collect();
    Some((share, if whole == values.len() { 0.0 } else { deviation(&influence) / n.sqrt() }))
}

fn deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_that_is_no_number_is_refused() {
        let users = df!("spent" => [1e308, 1e308, 1e308]).unwrap();
        for error in [summary(&users, "spent", &[0.1]), lorenz(&users, "spent", 4)] {
            let error = error.unwrap_err().to_string();
            assert!(error.contains("`spent`") && error.contains("adds up"), "{error}");
        }
    }
}
