//! Guardrails: metrics that must not get much worse.

use polars::prelude::*;

use super::arms::Arms;
use super::means::welch_columns;
use crate::error::Result;
use crate::metrics::Source;
use crate::stats::distribution::{t_quantile, t_two_sided};
use crate::stats::non_inferiority::{Harm, NonInferiority};

/// Tests whether a mean got worse by less than a margin (non-inferiority): that a difference is not significant doesn't
/// show it.
///
/// Reads `users`: `arm` (text) and `value` (a number; a share is the mean of 1 and 0). Returns one row per other arm, by
/// arm: `arm`, `control`, `control_users` (i64), `control_mean` (f64), `users` (i64), `mean`, `difference`, `low`,
/// `high` (f64: Welch's interval of 1 − 2 [`alpha`](NonInferiority::alpha), 95% by default), `margin` (f64: with its sign),
/// `t`, `df`, `p_value` (f64: one-sided, of a difference at the margin), `verdict` (text): "non-inferior" if the whole
/// interval is on the good side of the margin, "inferior" if it is on the other side, "inconclusive" if the margin is
/// within. Interval, test and verdict are null with fewer than two users in an arm, or if nothing varies.
///
/// # Errors
/// As [`means`](super::means()) and [`NonInferiority::validate`].
///
/// # Source
/// G. Piaggio et al. (2012), "Reporting of noninferiority and equivalence randomized trials", JAMA 308.
///
/// ```
/// use casebook::metrics::experiment::NonInferiority;
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let limit = NonInferiority::drop(1.0);
/// let found = experiment::non_inferiority(&users, "arm", "spent", "control", &limit)?;
/// assert_eq!(found.column("verdict")?.str()?.get(0), Some("non-inferior"));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn non_inferiority(
    users: &dyn Source,
    arm: &str,
    value: &str,
    control: &str,
    limit: &NonInferiority,
) -> Result<DataFrame> {
    limit.validate()?;
    let arms = Arms::new(users, arm, &[value], &[])?;
    let welch = DataFrame::new_infer_height(welch_columns(&arms, arm, control)?)?;
    let drop = limit.harm == Harm::Drop;
    let margin = if drop { -limit.margin } else { limit.margin };
    let real = |name: &str| -> Result<Vec<Option<f64>>> {
        Ok(welch.column(name)?.f64()?.iter().collect())
    };
    let (differences, dfs) = (real("difference")?, real("df")?);
    let low_95 = real("low")?;
    let found: Vec<Option<Found>> = differences
        .iter()
        .zip(dfs)
        .zip(low_95)
        .map(|((difference, df), low)| {
            let (difference, df) = ((*difference)?, df?);
            let se = (difference - low?) / t_quantile(0.975, df);
            Some(Found::new(difference, se, df, margin, limit))
        })
        .collect();
    let column = |name: &str, pick: fn(&Found) -> f64| {
        let values = found.iter().map(|one| one.as_ref().map(pick).filter(|x| x.is_finite()));
        Column::new(name.into(), values.collect::<Vec<_>>())
    };
    let kept = ["arm", "control", "control_users", "control_mean", "users", "mean", "difference"];
    let mut columns: Vec<Column> =
        kept.iter().map(|name| welch.column(name).cloned()).collect::<PolarsResult<_>>()?;
    let verdicts: Vec<Option<&str>> =
        found.iter().map(|one| one.as_ref().map(|one| one.verdict)).collect();
    columns.extend([
        column("low", |one| one.low),
        column("high", |one| one.high),
        Column::new("margin".into(), vec![margin; found.len()]),
        column("t", |one| one.t),
        column("df", |one| one.df),
        column("p_value", |one| one.p_value),
        Column::new("verdict".into(), verdicts),
    ]);
    Ok(DataFrame::new_infer_height(columns)?)
}

struct Found {
    low: f64,
    high: f64,
    t: f64,
    df: f64,
    p_value: f64,
    verdict: &'static str,
}

impl Found {
    fn new(difference: f64, se: f64, df: f64, margin: f64, limit: &NonInferiority) -> Found {
        let half = t_quantile(1.0 - limit.alpha, df) * se;
        let (low, high) = (difference - half, difference + half);
        let t = (difference - margin) / se;
        let (good, passed, failed) = match limit.harm {
            Harm::Drop => (t, low > margin, high < margin),
            Harm::Rise => (-t, high < margin, low > margin),
        };
        let beyond = t_two_sided(good, df) / 2.0;
        let verdict = match (passed, failed) {
            (true, _) => "non-inferior",
            (_, true) => "inferior",
            _ => "inconclusive",
        };
        let p_value = if good > 0.0 { beyond } else { 1.0 - beyond };
        Found { low, high, t, df, p_value, verdict }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(limit: NonInferiority) -> (f64, String) {
        let users = df!(
            "arm" => ["a", "a", "a", "a", "b", "b", "b", "b"],
            "x" => [1.0, 2.0, 3.0, 4.0, 0.5, 1.5, 2.5, 3.5],
        )
        .unwrap();
        let found = non_inferiority(&users, "arm", "x", "a", &limit).unwrap();
        let p_value = found.column("p_value").unwrap().f64().unwrap().get(0).unwrap();
        (p_value, found.column("verdict").unwrap().str().unwrap().get(0).unwrap().to_owned())
    }

    /// The difference is −0.5, with a standard error of 0.913.
    #[test]
    fn the_margin_decides() {
        for (limit, verdict) in [
            (NonInferiority::drop(3.0), "non-inferior"),
            (NonInferiority::drop(1.0), "inconclusive"),
            (NonInferiority::rise(2.0), "non-inferior"),
            (NonInferiority::rise(0.1), "inconclusive"),
        ] {
            let (p_value, said) = found(limit);
            assert_eq!(said, verdict, "{limit:?}");
            assert_eq!(p_value < 0.025, verdict == "non-inferior", "{limit:?}");
        }
        let strict = NonInferiority { alpha: 0.45, ..NonInferiority::drop(0.1) };
        assert_eq!(found(strict).1, "inferior");
    }
}
