//! Bayesian A/B tests: the probability to be best, and what a wrong choice costs.

use polars::prelude::*;

use super::arms::Arms;
use crate::error::{Error, Result};
use crate::metrics::Source;
use crate::stats::best_of::{self, Posterior, chances, quantile};
use crate::stats::sample::Summary;

/// What is believed of every arm's share before the data: a Beta distribution, as if `a` users had converted and `b` had
/// not.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct BetaPrior {
    /// 0.1 to 1,000,000,000.
    pub a: f64,
    /// 0.1 to 1,000,000,000.
    pub b: f64,
}

impl Default for BetaPrior {
    /// Every share is as likely as any other.
    fn default() -> BetaPrior {
        BetaPrior { a: 1.0, b: 1.0 }
    }
}

impl BetaPrior {
    /// Checks every field.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig), naming the field.
    pub fn validate(&self) -> Result<()> {
        for (name, value) in [("prior.a", self.a), ("prior.b", self.b)] {
            if !(0.1..=1e9).contains(&value) {
                return Err(Error::config(name, value, "0.1 to 1,000,000,000"));
            }
        }
        Ok(())
    }
}

/// What is believed of every arm's mean before the data: a normal distribution.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct NormalPrior {
    /// The mean expected.
    pub mean: f64,
    /// How far off it may be, as a standard deviation; above 0, infinite if nothing is believed.
    pub sd: f64,
}

impl Default for NormalPrior {
    /// Nothing is believed.
    fn default() -> NormalPrior {
        NormalPrior { mean: 0.0, sd: f64::INFINITY }
    }
}

impl NormalPrior {
    /// Checks every field.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig), naming the field.
    pub fn validate(&self) -> Result<()> {
        if !self.mean.is_finite() {
            return Err(Error::config("prior.mean", self.mean, "a finite number"));
        }
        if self.sd > 0.0 { Ok(()) } else { Err(Error::config("prior.sd", self.sd, "above 0")) }
    }
}

/// Compares the share of users with an outcome in all arms, each with a Beta prior.
///
/// Reads `users`: `arm` (text), `outcome` (boolean, or 1 and 0). Returns one row per arm, by arm: `arm`, `users`, `hits`
/// (i64), `mean` (f64: the posterior's), `low`, `high` (f64: 95% credible, equal tails), `probability_best` (f64: that its
/// share is the largest), `expected_loss` (f64: how far it is below the largest on average: what choosing it costs).
/// Everything is integrated, nothing drawn.
///
/// # Errors
/// As [`proportions`](super::proportions()), but no arm is control; a prior outside its range.
///
/// # Source
/// C. Stucchio (2015), "Bayesian A/B testing at VWO"; E. Miller (2015), "Formulas for Bayesian A/B testing".
///
/// ```
/// use casebook::metrics::experiment::BetaPrior;
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let prior = BetaPrior { a: 3.0, b: 7.0 };
/// let found = experiment::bayes_proportions(&users, "arm", "converted", prior)?;
/// assert!(found.column("probability_best")?.f64()?.get(1) > Some(0.95));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn bayes_proportions(
    users: &dyn Source,
    arm: &str,
    outcome: &str,
    prior: BetaPrior,
) -> Result<DataFrame> {
    prior.validate()?;
    let arms = Arms::new(users, arm, &[outcome], &[])?;
    arms.flags(0, outcome)?;
    let several: Vec<usize> = (0..arms.names.len()).collect();
    let hits: Vec<f64> = several.iter().map(|arm| arms.sum(*arm, 0)).collect();
    let law = |(arm, hits): (&usize, &f64)| {
        let missed = arms.users(*arm) as f64 - hits;
        Some(best_of::Beta { a: prior.a + hits, b: prior.b + missed })
    };
    let laws: Vec<Option<best_of::Beta>> = several.iter().zip(&hits).map(law).collect();
    let mut columns = named(&arms);
    let hits: Vec<i64> = hits.into_iter().map(|hits| hits as i64).collect();
    columns.push(Column::new("hits".into(), hits));
    columns.extend(believed(&laws, |law| law.a / (law.a + law.b)));
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Compares the mean in all arms, each with a normal prior. The mean of an arm's users is taken as normal, with their own
/// variance.
///
/// Reads `users`: `arm` (text), `value` (a number). Returns one row per arm, by arm: `arm`, `users` (i64), `mean` (f64: the
/// posterior's), `low`, `high` (f64: 95% credible), `probability_best`, `expected_loss` (f64), as
/// [`bayes_proportions`]. An arm with fewer than two users, or in which nothing varies, has nulls; then nobody knows who is best.
///
/// # Errors
/// As [`means`](super::means()), but no arm is control; a prior outside its range.
///
/// # Source
/// A. Gelman et al. (2013), Bayesian Data Analysis, 3rd edition, 2.5.
///
/// ```
/// use casebook::metrics::experiment::NormalPrior;
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let open = experiment::bayes_means(&users, "arm", "spent", NormalPrior::default())?;
/// let sure = NormalPrior { mean: 20.0, sd: 0.01 };
/// let sure = experiment::bayes_means(&users, "arm", "spent", sure)?;
/// let loss = |found: &DataFrame| number(found, "expected_loss", 0);
/// assert!(loss(&sure)? < loss(&open)?);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn bayes_means(
    users: &dyn Source,
    arm: &str,
    value: &str,
    prior: NormalPrior,
) -> Result<DataFrame> {
    prior.validate()?;
    let arms = Arms::new(users, arm, &[value], &[])?;
    let laws: Vec<Option<best_of::Normal>> =
        (0..arms.names.len()).map(|arm| posterior(arms.summary(arm, 0), prior)).collect();
    let mut columns = named(&arms);
    columns.extend(believed(&laws, |law| law.mean));
    Ok(DataFrame::new_infer_height(columns)?)
}

fn posterior(arm: Summary, prior: NormalPrior) -> Option<best_of::Normal> {
    let variance = arm.variance / arm.n;
    if !(variance > 0.0 && variance.is_finite()) {
        return None;
    }
    // The weight of the prior; it is 0 if nothing is believed.
    let share = variance / (variance + prior.sd * prior.sd);
    let mean = arm.mean + share * (prior.mean - arm.mean);
    let sd = (variance * (1.0 - share)).sqrt();
    (sd > 0.0 && mean.is_finite()).then_some(best_of::Normal { mean, sd })
}

fn named(arms: &Arms) -> Vec<Column> {
    let users: Vec<i64> = (0..arms.names.len()).map(|arm| arms.users(arm) as i64).collect();
    vec![Column::new("arm".into(), &arms.names), Column::new("users".into(), users)]
}

fn believed<P: Posterior + Copy>(laws: &[Option<P>], mean: fn(&P) -> f64) -> Vec<Column> {
    let known: Option<Vec<P>> = laws.iter().copied().collect();
    let chances: Vec<_> = match known {
        Some(known) => chances(&known).into_iter().map(Some).collect(),
        None => vec![None; laws.len()],
    };
    let real = |name: &str, of: &dyn Fn(&P) -> f64| {
        let values = laws.iter().map(|law| law.as_ref().map(of).filter(|x| x.is_finite()));
        Column::new(name.into(), values.collect::<Vec<_>>())
    };
    let best: Vec<Option<f64>> = chances.iter().map(|one| one.map(|one| one.best)).collect();
    let loss: Vec<Option<f64>> =
        chances.iter().map(|one| one.map(|one| one.loss).filter(|x| x.is_finite())).collect();
    vec![
        real("mean", &mean),
        real("low", &|law| quantile(law, 0.025)),
        real("high", &|law| quantile(law, 0.975)),
        Column::new("probability_best".into(), best),
        Column::new("expected_loss".into(), loss),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strong_prior_holds_the_shares_together() {
        let users = df!("arm" => ["a", "a", "b", "b"], "hit" => [0, 0, 1, 1]).unwrap();
        let best = |prior: BetaPrior| {
            let found = bayes_proportions(&users, "arm", "hit", prior).unwrap();
            found.column("probability_best").unwrap().f64().unwrap().get(1).unwrap()
        };
        // Beta(1, 3) and Beta(3, 1): 1 − P(a > b) = 1 − 1/20.
        assert!((best(BetaPrior::default()) - 0.95).abs() < 1e-10);
        assert!((0.5..0.52).contains(&best(BetaPrior { a: 5_000.0, b: 5_000.0 })));
    }

    #[test]
    fn a_prior_moves_a_mean_by_its_weight() {
        // Variance 2 of two users: 1. The prior's is 3: a quarter of the way.
        let arm = Summary { n: 2.0, mean: 8.0, variance: 2.0 };
        let found = posterior(arm, NormalPrior { mean: 0.0, sd: 3.0_f64.sqrt() }).unwrap();
        assert!((found.mean - 6.0).abs() < 1e-12 && (found.sd - 0.75_f64.sqrt()).abs() < 1e-12);
        let open = posterior(arm, NormalPrior::default()).unwrap();
        assert_eq!((open.mean, open.sd), (8.0, 1.0));
    }

    #[test]
    fn who_is_best_is_not_known_if_one_is_not() {
        let users = df!("arm" => ["a", "a", "b", "b"], "x" => [1.0, 2.0, 3.0, 3.0]).unwrap();
        let found = bayes_means(&users, "arm", "x", NormalPrior::default()).unwrap();
        assert_eq!(found.column("mean").unwrap().null_count(), 1);
        assert_eq!(found.column("probability_best").unwrap().null_count(), 2);
    }

    #[test]
    fn priors_are_named() {
        let users = df!("arm" => ["a", "b"], "x" => [1, 0]).unwrap();
        let said = bayes_proportions(&users, "arm", "x", BetaPrior { a: 0.0, b: 1.0 }).unwrap_err();
        assert!(said.to_string().contains("`prior.a` is 0"), "{said}");
        let said = bayes_means(&users, "arm", "x", NormalPrior { mean: 0.0, sd: 0.0 }).unwrap_err();
        assert!(said.to_string().contains("`prior.sd` is 0"), "{said}");
    }
}
