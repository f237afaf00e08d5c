//! Planned looks, and looks that nobody planned.

use polars::prelude::*;

use crate::error::Result;
use crate::stats::distribution::normal_two_sided;
use crate::stats::group_sequential::{self, GroupSequential};

/// Returns a group-sequential plan, look by look.
///
/// One row per look: `look` (i64, from 1), `information` (f64: the share of the users who are in), `limit` (f64: the |z|
/// that stops the test), `p_limit` (f64: the two-sided p value of that z), `spent` (f64: the false-positive rate up to
/// this look), `reached` (f64: the power up to this look, if the effect is there that the whole test finds with
/// [`power`](GroupSequential::power)).
///
/// # Errors
/// As [`validate`](GroupSequential::validate).
///
/// # Source
/// K. K. G. Lan and D. L. DeMets (1983), Biometrika 70; P. Armitage, C. K. McPherson and B. C. Rowe (1969), Journal of the
/// Royal Statistical Society A 132.
///
/// ```
/// use casebook::metrics::experiment::{self, GroupSequential, Spending};
///
/// let looks = experiment::planned_looks(&GroupSequential::equal(5, Spending::Pocock))?;
/// assert!((looks.column("limit")?.f64()?.get(0).unwrap() - 2.438).abs() < 0.001);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn planned_looks(plan: &GroupSequential) -> Result<DataFrame> {
    let limits = plan.limits()?;
    let p_limits: Vec<f64> = limits.iter().map(|limit| normal_two_sided(*limit)).collect();
    Ok(df!(
        "look" => (1..=limits.len() as i64).collect::<Vec<_>>(),
        "information" => &plan.looks,
        "limit" => limits,
        "p_limit" => p_limits,
        "spent" => plan.spent()?,
        "reached" => plan.stopped(plan.drift()?)?,
    )?)
}

/// Returns what peeking costs: how often at least one of several equally spaced looks is significant at `alpha` where
/// nothing is.
///
/// One row per number of looks, from 1 to `looks`: `looks` (i64), `false_positive_rate` (f64). The rates are integrals, not
/// simulations.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for an alpha outside 0 to 1, or looks outside 1 to 1,000.
///
/// # Source
/// P. Armitage, C. K. McPherson and B. C. Rowe (1969), "Repeated significance tests on accumulating data", Journal of the
/// Royal Statistical Society A 132.
///
/// ```
/// use casebook::metrics::experiment;
///
/// let rates = experiment::peeking(5, 0.05)?;
/// let rate = rates.column("false_positive_rate")?.f64()?.get(4).unwrap();
/// assert!((rate - 0.142).abs() < 0.0005);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn peeking(looks: u32, alpha: f64) -> Result<DataFrame> {
    let rates = group_sequential::peeking(looks, alpha)?;
    let looks: Vec<i64> = (1..=i64::from(looks)).collect();
    Ok(df!("looks" => looks, "false_positive_rate" => rates)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::experiment::Spending;

    #[test]
    fn a_plan_ends_with_its_alpha_and_its_power() {
        let plan = GroupSequential {
            alpha: 0.1,
            power: 0.9,
            ..GroupSequential::equal(3, Spending::Pocock)
        };
        let looks = planned_looks(&plan).unwrap();
        let real = |column: &str| looks.column(column).unwrap().f64().unwrap().get(2).unwrap();
        assert_eq!((real("information"), real("spent")), (1.0, 0.1));
        assert!((real("reached") - 0.9).abs() < 1e-9 && real("p_limit") < 0.1);
    }

    #[test]
    fn one_look_costs_nothing() {
        let rates = peeking(1, 0.03).unwrap();
        let rate = rates.column("false_positive_rate").unwrap().f64().unwrap().get(0).unwrap();
        assert!((rate - 0.03).abs() < 1e-9, "{rate}");
    }
}
