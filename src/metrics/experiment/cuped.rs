//! Means adjusted by what was measured before the experiment.

use polars::prelude::*;

use super::arms::Arms;
use super::means::welch_columns;
use crate::error::Result;
use crate::metrics::Source;
use crate::stats::sample::{Summary, sum};

/// Compares means less what the time before explains ("CUPED"): a narrower interval around the same
/// difference.
///
/// Reads `users`: `arm` (text), `value` and `before` (numbers; `before` must have been measured before the
/// experiment, or the difference is biased). Returns as [`means`](super::means()), of the adjusted values, and
/// `theta` (f64: adjusted = value − theta × (before − its mean), one theta for all arms) and `variance_kept`
/// (f64: the adjusted values' variance of the values', 1 − correlation²; null if one of the two does not
/// vary).
///
/// # Errors
/// As [`means`](super::means()).
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let found = experiment::cuped(&users, "arm", "spent", "spent_before", "control")?;
/// assert!(found.column("variance_kept")?.f64()?.get(0) < Some(0.3));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn cuped(
    users: &dyn Source,
    arm: &str,
    value: &str,
    before: &str,
    control: &str,
) -> Result<DataFrame> {
    let mut arms = Arms::new(users, arm, &[value, before], &[])?;
    let (y, x) = (Summary::of(&arms.columns[0]), Summary::of(&arms.columns[1]));
    let pairs = || arms.columns[0].iter().zip(&arms.columns[1]);
    let products: Vec<f64> = pairs().map(|(v, b)| (v - y.mean) * (b - x.mean)).collect();
    let covariance = sum(&products) / (y.n - 1.0);
    let theta = if x.variance > 0.0 { covariance / x.variance } else { 0.0 };
    // Where one explains the other completely, rounding may leave a little below 0.
    let kept = (1.0 - covariance / x.variance * (covariance / y.variance)).clamp(0.0, 1.0);
    let adjusted: Vec<f64> = pairs().map(|(v, b)| v - theta * (b - x.mean)).collect();
    arms.columns[0] = adjusted;
    let mut columns = welch_columns(&arms, arm, control)?;
    let rows = columns[0].len();
    let known = |value: f64| vec![Some(value).filter(|value| value.is_finite()); rows];
    columns.push(Column::new("theta".into(), known(theta)));
    columns.push(Column::new("variance_kept".into(), known(kept)));
    Ok(DataFrame::new_infer_height(columns)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_explained_completely_keeps_no_variance() {
        for scale in [1.0, 0.3, 1.7, 123.4, 1e-90] {
            let before: Vec<f64> = (0..50).map(|k| f64::from(k * 37 % 101) / 7.0).collect();
            let value: Vec<f64> = before.iter().map(|x| x * scale).collect();
            let arm: Vec<&str> = (0..50).map(|k| ["a", "b"][k % 2]).collect();
            let users = df!("arm" => arm, "x" => value, "before" => before).unwrap();
            let found = cuped(&users, "arm", "x", "before", "a").unwrap();
            let kept = found.column("variance_kept").unwrap().f64().unwrap().get(0).unwrap();
            assert!((0.0..1e-12).contains(&kept), "{scale}: {kept}");
        }
    }
}
