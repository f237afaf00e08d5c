//! Bayesian tests, in worlds drawn from the prior: then what is believed is so as often as believed.

use casebook::metrics::experiment::{self, BetaPrior, NormalPrior};
use casebook::polars::prelude::*;
use casebook::rand::RngExt;
use casebook::rand_distr::{Beta, Distribution, Normal};
use casebook::stream::Stream;

use super::{draw, real, reals, shares};

const ARMS: [&str; 3] = ["a", "b", "c"];

/// The place of the largest.
fn largest(values: &[f64]) -> usize {
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    values.iter().position(|value| *value == most).unwrap()
}

/// What was believed against the truth: whether the first arm's interval holds, and whether the arm that seems best is
/// best, next to a coin that falls as often as believed.
fn believed(rng: &mut Stream, found: &DataFrame, truth: &[f64]) -> [bool; 3] {
    let chances = reals(found, "probability_best");
    let chosen = largest(&chances);
    [
        real(found, "low", 0) <= truth[0] && truth[0] <= real(found, "high", 0),
        chosen == largest(truth),
        rng.random_bool(chances[chosen]),
    ]
}

fn frame(each: [Vec<f64>; 3]) -> DataFrame {
    let arm = ARMS.iter().zip(&each).flat_map(|(arm, users)| vec![*arm; users.len()]);
    df!("arm" => arm.collect::<Vec<_>>(), "value" => each.concat()).unwrap()
}

const NAMES: [&str; 3] = ["interval holds", "choice is best", "choice is best, as believed"];

#[test]
fn what_is_believed_is_so_as_often_as_believed() {
    let [holds, best, claimed] = shares("Bayes, 3 shares of 200 users", 60, NAMES, |rng| {
        let prior = Beta::new(6.0, 14.0).unwrap();
        let truth: Vec<f64> = (0..3).map(|_| prior.sample(rng)).collect();
        let each = [0, 1, 2].map(|arm| {
            (0..200).map(|_| f64::from(u8::from(rng.random_bool(truth[arm])))).collect()
        });
        let prior = BetaPrior { a: 6.0, b: 14.0 };
        let found = experiment::bayes_proportions(&frame(each), "arm", "value", prior).unwrap();
        believed(rng, &found, &truth)
    });
    holds.is(0.95, 0.005);
    best.is(claimed.share, 0.02);
    let [holds, best, claimed] = shares("Bayes, 3 means of 100 users", 60, NAMES, |rng| {
        let prior = Normal::new(10.0, 0.5).unwrap();
        let truth: Vec<f64> = (0..3).map(|_| prior.sample(rng)).collect();
        let each = [0, 1, 2].map(|arm| draw(rng, 100, Normal::new(truth[arm], 4.0).unwrap()));
        let prior = NormalPrior { mean: 10.0, sd: 0.5 };
        let found = experiment::bayes_means(&frame(each), "arm", "value", prior).unwrap();
        believed(rng, &found, &truth)
    });
    holds.is(0.95, 0.005);
    best.is(claimed.share, 0.02);
}
