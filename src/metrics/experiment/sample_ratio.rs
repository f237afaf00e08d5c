//! Whether the arms have the sizes they should.

use polars::prelude::*;

use super::arms::Arms;
use crate::error::{Error, Result};
use crate::metrics::Source;
use crate::stats::distribution::chi_square_sf;
use crate::stats::sample::total;

/// Significance level of the sample-ratio check: below it, assignment or logging is broken.
pub const MISMATCH_ALPHA: f64 = 0.001;

/// Tests whether the arms have the sizes they should: the sample-ratio check. A mismatch makes every other
/// result of the experiment worthless.
///
/// Reads `users`: `arm` (text). `weights`: each arm's name and share, in any unit. Returns one row per arm
/// of `weights`: `arm`, `users` (i64), `expected` (f64), and the chi-square test's `chi_square`, `df` (i64),
/// `p_value`, `mismatch` (bool: p < 0.001), the same in each row. Without users the test is null.
///
/// # Errors
/// As [`proportions`](super::proportions()); an arm in the data that `weights` does not name; weights that are
/// not above 0, fewer than two, or two for one arm.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let sizes = experiment::sample_ratio(&users, "arm", &[("control", 50.0), ("offer", 50.0)])?;
/// assert_eq!(sizes.column("mismatch")?.bool()?.get(0), Some(false));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn sample_ratio(users: &dyn Source, arm: &str, weights: &[(&str, f64)]) -> Result<DataFrame> {
    let twice = (1..weights.len()).any(|at| weights[..at].iter().any(|w| w.0 == weights[at].0));
    let whole = total(weights.iter().map(|(_, weight)| *weight));
    let wrong = weights.iter().any(|(_, weight)| !(*weight > 0.0)) || !whole.is_finite();
    if weights.len() < 2 || wrong || twice {
        let value = format!("{weights:?}");
        return Err(Error::config("weights", value, "two different arms or more, each above 0"));
    }
    let arms = Arms::new(users, arm, &[], &[])?;
    let known = |name: &String| weights.iter().any(|(arm, _)| arm == name);
    if let Some(name) = arms.names.iter().find(|name| !known(name)) {
        let problem = format!("holds \"{name}\", which has no weight");
        return Err(Error::column("users", arm, problem));
    }
    let counts: Vec<i64> = weights
        .iter()
        .map(|(arm, _)| arms.names.iter().position(|name| name == arm))
        .map(|place| place.map_or(0, |place| arms.users(place) as i64))
        .collect();
    let n = counts.iter().sum::<i64>() as f64;
    let expected: Vec<f64> = weights.iter().map(|(_, weight)| n * weight / whole).collect();
    let chi_square = total(
        counts.iter().zip(&expected).map(|(n, expected)| (*n as f64 - expected).powi(2) / expected),
    );
    let (k, df) = (weights.len(), (weights.len() - 1) as i64);
    let p_value = chi_square_sf(chi_square, df as f64);
    let known = n > 0.0;
    Ok(df!(
        "arm" => weights.iter().map(|(arm, _)| *arm).collect::<Vec<_>>(),
        "users" => counts,
        "expected" => expected,
        "chi_square" => vec![known.then_some(chi_square); k],
        "df" => vec![df; k],
        "p_value" => vec![known.then_some(p_value); k],
        "mismatch" => vec![known.then_some(p_value < MISMATCH_ALPHA); k],
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arm_has_one_weight() {
        let users = df!("arm" => ["a", "a", "b"]).unwrap();
        let error = sample_ratio(&users, "arm", &[("a", 1.0), ("b", 1.0), ("a", 1.0)]);
        let said = error.unwrap_err().to_string();
        assert!(said.contains("`weights`") && said.contains("different arms"), "{said}");
    }

    #[test]
    fn nobody_is_no_test() {
        let users = df!("arm" => Vec::<&str>::new()).unwrap();
        let found = sample_ratio(&users, "arm", &[("a", 1.0), ("b", 1.0)]).unwrap();
        for column in ["chi_square", "p_value", "mismatch"] {
            assert_eq!(found.column(column).unwrap().null_count(), 2, "{column}");
        }
    }
}
