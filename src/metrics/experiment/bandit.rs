//! A bandit beside a fixed split, simulated: what it saves, and what it does to the estimates.

use polars::prelude::*;
use rand::RngExt;
use rand_distr::{Beta, Distribution};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::metrics::share_columns;
use crate::stats::interval::Z95;
use crate::stats::sample::Summary;
use crate::stream::{Stream, stream};

/// What a bandit and a fixed split did, over many runs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Bandits {
    /// One row per policy ("fixed split", "thompson") and arm, in the order given: `policy` (text),
    /// `arm` (i64, from 1), `true_rate` (f64: the arm's rate), `mean_users` (f64: users sent there,
    /// on average over runs), `mean_rate` (f64: the average of hits / users over runs with users in
    /// that arm), `bias`, `low`, `high` (f64: `mean_rate` less the truth, and its 95% interval).
    pub arms: DataFrame,
    /// One row per policy: `policy` (text), `runs` (i64), `regret`, `regret_low`, `regret_high`
    /// (f64: hits missed because not everybody was sent to the best arm, on average, and its 95%
    /// interval), `hits` (i64: runs whose highest observed rate is the best arm's), `trials` (i64),
    /// `rate`, `low`, `high` (f64: their share and its 95% interval).
    pub policies: DataFrame,
}

/// Simulates Thompson sampling, which sends each next user to the arm that a draw from what is
/// known thinks best, beside a fixed split into equal parts.
///
/// A bandit loses less on the way and learns less about the arms that it leaves: an arm that looks
/// bad early by chance gets no users to correct it, so the naive rates are too low on average, the
/// more the fewer users an arm gets. Each run draws `horizon` users of arms with the given `rates`
/// of a hit; the prior of each rate is uniform.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for fewer than two rates, more
/// than 100 or one outside 0 to 1; a horizon below the number of arms or above 1,000,000; runs
/// outside 2 to 100,000.
///
/// ```
/// use casebook::prelude::*;
///
/// let found = experiment::thompson(&[0.10, 0.20], 500, 100, 42)?;
/// let regret = |policy: &str| found.policies.value("regret", "policy", policy);
/// assert!(regret("thompson")? < regret("fixed split")? / 2.0);
/// // A fixed split sends half of the users to the worse arm: 250 × 0.1 hits.
/// assert!((regret("fixed split")? - 25.0).abs() < 1e-9);
/// # Ok::<(), casebook::Error>(())
/// ```
///
/// # Source
/// W. R. Thompson (1933), "On the likelihood that one unknown probability exceeds another in view
/// of the evidence of two samples", Biometrika 25; X. Nie, X. Tian, J. Taylor and J. Zou (2018),
/// "Why adaptively collected data have negative bias and how to correct for it", AISTATS.
pub fn thompson(rates: &[f64], horizon: u32, runs: u32, seed: u64) -> Result<Bandits> {
    const MOST: u32 = 1_000_000;
    let share = |rate: &f64| (0.0..=1.0).contains(rate);
    if !(2..=100).contains(&rates.len()) || !rates.iter().all(share) {
        return Err(Error::config("rates", format!("{rates:?}"), "2 to 100, each from 0 to 1"));
    }
    let arms = rates.len() as u32;
    if !(arms..=MOST).contains(&horizon) {
        return Err(Error::config("horizon", horizon, format!("{arms} to 1,000,000")));
    }
    if !(2..=100_000).contains(&runs) {
        return Err(Error::config("runs", runs, "2 to 100,000"));
    }
    let policies = [("fixed split", Policy::Fixed), ("thompson", Policy::Thompson)];
    let found: Vec<Vec<Run>> = policies
        .iter()
        .map(|(name, policy)| {
            let run = |run: u32| {
                let rng = &mut stream(seed, &format!("bandit {name}"), u64::from(run));
                Run::new(*policy, rates, horizon, rng)
            };
            (0..runs).into_par_iter().map(run).collect()
        })
        .collect();
    let names: Vec<&str> = policies.iter().map(|policy| policy.0).collect();
    Ok(Bandits {
        arms: by_arm(&names, rates, &found)?,
        policies: by_policy(&names, rates, &found)?,
    })
}

#[derive(Clone, Copy)]
enum Policy {
    Fixed,
    Thompson,
}

/// By arm, hits and users.
struct Run(Vec<(u32, u32)>);

impl Run {
    fn new(policy: Policy, rates: &[f64], horizon: u32, rng: &mut Stream) -> Run {
        let mut arms = vec![(0, 0); rates.len()];
        for user in 0..horizon as usize {
            let arm = match policy {
                Policy::Fixed => user % rates.len(),
                Policy::Thompson => drawn_best(&arms, rng),
            };
            let (hits, users) = &mut arms[arm];
            *hits += u32::from(rng.random_bool(rates[arm]));
            *users += 1;
        }
        Run(arms)
    }

    /// Hits missed on average, given who was sent where.
    fn regret(&self, rates: &[f64]) -> f64 {
        let best = rates.iter().copied().fold(0.0, f64::max);
        self.0.iter().zip(rates).map(|((_, users), rate)| f64::from(*users) * (best - rate)).sum()
    }

    /// Whether the highest observed rate is that of a best arm.
    fn finds(&self, rates: &[f64]) -> bool {
        let best = rates.iter().copied().fold(0.0, f64::max);
        let rate = |arm: usize| {
            let (hits, users) = self.0[arm];
            if users > 0 { f64::from(hits) / f64::from(users) } else { -1.0 }
        };
        let first = |a: usize, b: usize| if rate(b) > rate(a) { b } else { a };
        (0..rates.len()).reduce(first).is_some_and(|arm| rates[arm] == best)
    }
}

/// The arm with the highest draw from the rates' beta distributions.
fn drawn_best(arms: &[(u32, u32)], rng: &mut Stream) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (arm, (hits, users)) in arms.iter().enumerate() {
        let (a, b) = (f64::from(*hits) + 1.0, f64::from(users - hits) + 1.0);
        // Both are 1 or more: there is such a distribution.
        let drawn = Beta::new(a, b).map_or(0.5, |law| law.sample(rng));
        if drawn > best.1 {
            best = (arm, drawn);
        }
    }
    best.0
}

fn by_arm(names: &[&str], rates: &[f64], found: &[Vec<Run>]) -> Result<DataFrame> {
    let known = |value: f64| Some(value).filter(|value| value.is_finite());
    let (mut policies, mut arms, mut truth) = (vec![], vec![], vec![]);
    let (mut users, mut means, mut ends) = (vec![], vec![], vec![]);
    for (name, runs) in names.iter().zip(found) {
        for (arm, rate) in rates.iter().enumerate() {
            let counts: Vec<f64> = runs.iter().map(|run| f64::from(run.0[arm].1)).collect();
            let seen = runs.iter().map(|run| run.0[arm]).filter(|(_, users)| *users > 0);
            let naive: Vec<f64> = seen.map(|(hits, n)| f64::from(hits) / f64::from(n)).collect();
            let naive = Summary::of(&naive);
            let (bias, half) = (naive.mean - rate, Z95 * (naive.variance / naive.n).sqrt());
            policies.push(*name);
            arms.push(arm as i64 + 1);
            truth.push(*rate);
            users.push(Summary::of(&counts).mean);
            means.push(known(naive.mean));
            ends.push([known(bias), known(bias - half), known(bias + half)]);
        }
    }
    let column = |at: usize| ends.iter().map(|row| row[at]).collect::<Vec<Option<f64>>>();
    Ok(df!(
        "policy" => policies,
        "arm" => arms,
        "true_rate" => truth,
        "mean_users" => users,
        "mean_rate" => means,
        "bias" => column(0),
        "low" => column(1),
        "high" => column(2),
    )?)
}

fn by_policy(names: &[&str], rates: &[f64], found: &[Vec<Run>]) -> Result<DataFrame> {
    let trials: Vec<Option<i64>> = found.iter().map(|runs| Some(runs.len() as i64)).collect();
    let hits: Vec<Option<i64>> = found
        .iter()
        .map(|runs| Some(runs.iter().filter(|run| run.finds(rates)).count() as i64))
        .collect();
    let regret: Vec<Summary> = found
        .iter()
        .map(|runs| Summary::of(&runs.iter().map(|run| run.regret(rates)).collect::<Vec<f64>>()))
        .collect();
    let end = |side: f64| -> Vec<f64> {
        regret.iter().map(|one| one.mean + side * Z95 * (one.variance / one.n).sqrt()).collect()
    };
    let mut columns = vec![
        Column::new("policy".into(), names),
        Column::new("runs".into(), &trials),
        Column::new("regret".into(), end(0.0)),
        Column::new("regret_low".into(), end(-1.0)),
        Column::new("regret_high".into(), end(1.0)),
        Column::new("hits".into(), &hits),
        Column::new("trials".into(), &trials),
    ];
    columns.extend(share_columns(["rate", "low", "high"], &hits, &trials));
    Ok(DataFrame::new_infer_height(columns)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn real(frame: &DataFrame, column: &str, row: usize) -> f64 {
        frame.column(column).unwrap().f64().unwrap().get(row).unwrap()
    }

    #[test]
    fn a_bandit_leaves_the_worse_arm_and_underrates_it() {
        let found = thompson(&[0.3, 0.5], 300, 500, 7).unwrap();
        let (arms, policies) = (&found.arms, &found.policies);
        assert_eq!((real(arms, "mean_users", 0), real(arms, "mean_users", 1)), (150.0, 150.0));
        assert!(real(arms, "mean_users", 2) < 60.0, "{arms}");
        // A fixed split's rate is right; the bandit's, of the arm it leaves, too low.
        assert!(real(arms, "low", 0) < 0.0 && 0.0 < real(arms, "high", 0), "{arms}");
        assert!(real(arms, "high", 2) < -0.01, "{arms}");
        assert!((real(policies, "regret", 0) - 30.0).abs() < 1e-9, "{policies}");
        assert!(real(policies, "regret_high", 1) < 15.0, "{policies}");
    }

    #[test]
    fn arms_that_are_sure_are_known_at_once() {
        let found = thompson(&[0.0, 1.0], 50, 20, 7).unwrap();
        assert_eq!(real(&found.policies, "rate", 1), 1.0);
        let again = thompson(&[0.0, 1.0], 50, 20, 7).unwrap();
        assert!(found.arms.equals_missing(&again.arms));
    }

    #[test]
    fn what_cannot_be_simulated_is_named() {
        for (rates, horizon, runs, named) in [
            (&[0.5][..], 10, 10, "`rates`"),
            (&[0.5, 1.5], 10, 10, "`rates`"),
            (&[0.5, f64::NAN], 10, 10, "`rates`"),
            (&[0.5, 0.5], 1, 10, "`horizon`"),
            (&[0.5, 0.5], 10, 1, "`runs`"),
        ] {
            let said = thompson(rates, horizon, runs, 1).unwrap_err().to_string();
            assert!(said.contains(named), "{said}");
        }
    }
}
