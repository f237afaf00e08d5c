//! The effect on those who take an offer.

use polars::prelude::*;

use super::arms::Arms;
use crate::error::{Error, Result};
use crate::metrics::Source;
use crate::stats::interval::Z95;
use crate::stats::sample::{Summary, sum};

/// Estimates the effect on those who take the offer because they get it ("complier average causal effect"):
/// the difference as assigned, divided by the difference in who takes it.
///
/// It is right if assignment is random and changes the outcome only through taking. Comparing takers with
/// others instead mixes the effect with who chooses to take.
///
/// Reads `users`: `arm` (text, as assigned; exactly two), `taken` (boolean, or 1 and 0), `outcome` (a
/// number). Returns one row: `arm`, `control`, `users`, `control_users` (i64), `taken`, `control_taken`
/// (f64: shares), `compliance` (f64: their difference), `intention_to_treat` (f64), `effect`, `se`, `low`,
/// `high` (f64: 95%, robust to unequal variances). The effect is null without compliance.
///
/// # Errors
/// As [`means`](super::means()); more than two arms; `taken` other than 1 and 0.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let found = experiment::complier_effect(&users, "arm", "taken", "spent", "control")?;
/// assert!(found.column("effect")?.f64()?.get(0) > found.column("intention_to_treat")?.f64()?.get(0));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn complier_effect(
    users: &dyn Source,
    arm: &str,
    taken: &str,
    outcome: &str,
    control: &str,
) -> Result<DataFrame> {
    let arms = Arms::new(users, arm, &[outcome, taken], &[])?;
    arms.flags(1, taken)?;
    let (control, others) = arms.control(arm, control)?;
    let [treated] = others[..] else {
        let problem = format!("has {} arms; the effect needs two", arms.names.len());
        return Err(Error::column("users", arm, problem));
    };
    let mean = |arm: usize, column: usize| arms.summary(arm, column).mean;
    let itt = mean(treated, 0) - mean(control, 0);
    let compliance = mean(treated, 1) - mean(control, 1);
    let (all, all_taken) = (Summary::of(&arms.columns[0]), Summary::of(&arms.columns[1]));
    let share = arms.users(treated) as f64 / all.n;
    let effect = (compliance != 0.0).then(|| {
        let effect = itt / compliance;
        let squares = [(1.0 - share, treated), (-share, control)].map(|(z, arm)| {
            let squares: Vec<f64> = arms.rows[arm]
                .iter()
                .map(|row| {
                    let residual = arms.columns[0][*row]
                        - all.mean
                        - effect * (arms.columns[1][*row] - all_taken.mean);
                    (z * residual).powi(2)
                })
                .collect();
            sum(&squares)
        });
        // The covariance of assignment and taking is n · share · (1 − share) · compliance.
        let covariance = all.n * share * (1.0 - share) * compliance;
        (effect, (squares[0] + squares[1]).sqrt() / covariance.abs())
    });
    let mut columns = arms.names_of(control, &[treated]);
    let one = |name: &str, value: Option<f64>| {
        Column::new(name.into(), [value.filter(|value| value.is_finite())])
    };
    columns.extend([
        Column::new("users".into(), [arms.users(treated) as i64]),
        Column::new("control_users".into(), [arms.users(control) as i64]),
        one("taken", Some(mean(treated, 1))),
        one("control_taken", Some(mean(control, 1))),
        one("compliance", Some(compliance)),
        one("intention_to_treat", Some(itt)),
        one("effect", effect.map(|e| e.0)),
        one("se", effect.map(|e| e.1)),
        one("low", effect.map(|e| e.0 - Z95 * e.1)),
        one("high", effect.map(|e| e.0 + Z95 * e.1)),
    ]);
    Ok(DataFrame::new_infer_height(columns)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_is_taken_or_not() {
        let users = df!("arm" => ["a", "b"], "taken" => [0, 2], "x" => [1.0, 2.0]).unwrap();
        let said = complier_effect(&users, "arm", "taken", "x", "a").unwrap_err().to_string();
        assert!(said.contains("`taken`") && said.contains("is 2 in row 2"), "{said}");
    }
}
