//! Tests that are looked at several times.

use casebook::metrics::experiment::{self, GroupSequential, Spending};
use casebook::polars::prelude::*;
use casebook::rand_distr::{Bernoulli, Distribution, Exp, Normal};
use casebook::stream::Stream;

use super::{arms, draw, real, reals, shares, shifted};

const LOOKS: usize = 5;

/// What each of equally spaced looks shows of a world with this effect.
fn looked(rng: &mut Stream, users: usize, law: impl Distribution<f64>, effect: f64) -> DataFrame {
    let looks: Vec<i64> = (0..2 * users).map(|at| (at * LOOKS / (2 * users)) as i64).collect();
    let values = shifted(draw(rng, 2 * users, law), effect);
    let users = df!("arm" => arms(users), "value" => values, "look" => looks).unwrap();
    experiment::confidence_sequence(&users, "arm", "value", "look", "control", 400).unwrap()
}

/// Whether the intervals hold an effect at every look.
fn holds(frame: &DataFrame, [low, high]: [&str; 2], effect: f64) -> bool {
    let ends = reals(frame, low).into_iter().zip(reals(frame, high));
    ends.into_iter().all(|(low, high)| low <= effect && effect <= high)
}

fn sequence(what: &str, effect: f64, draws: impl Fn(&mut Stream) -> DataFrame) {
    let [valid, fixed] = shares(what, 200, ["always valid, 5 looks", "naive, 5 looks"], |rng| {
        let found = draws(rng);
        [holds(&found, ["low", "high"], effect), holds(&found, ["fixed_low", "fixed_high"], effect)]
    });
    valid.at_least(0.95);
    // As often as peeking is wrong, by integration.
    let rates = experiment::peeking(LOOKS as u32, 0.05).unwrap();
    fixed.is(1.0 - real(&rates, "false_positive_rate", LOOKS - 1), 0.01);
}

#[test]
fn an_always_valid_interval_holds_at_all_looks() {
    sequence("difference of means, normal", 0.3, |rng| {
        looked(rng, 250, Normal::new(5.0, 1.0).unwrap(), 0.3)
    });
    sequence("difference of means, exponential", 0.0, |rng| {
        looked(rng, 500, Exp::new(0.2).unwrap(), 0.0)
    });
    sequence("difference of shares, 20%", 0.0, |rng| {
        let law = Bernoulli::new(0.2).unwrap().map(|hit| f64::from(u8::from(hit)));
        looked(rng, 500, law, 0.0)
    });
}

#[test]
fn planned_looks_keep_their_error_and_their_power() {
    let plans = [Spending::OBrienFleming, Spending::Pocock]
        .map(|spending| GroupSequential::equal(LOOKS as u32, spending));
    let limits =
        plans.clone().map(|plan| reals(&experiment::planned_looks(&plan).unwrap(), "p_limit"));
    let names = ["O'Brien–Fleming", "Pocock"];
    let stops = |found: &DataFrame| {
        limits.clone().map(|limits| {
            reals(found, "fixed_p_value").iter().zip(limits).any(|(p, limit)| *p <= limit)
        })
    };
    let law = Normal::new(5.0, 1.0).unwrap();
    let error = shares("group sequential, no effect: significant", 200, names, |rng| {
        stops(&looked(rng, 500, law, 0.0))
    });
    for share in error {
        share.is(0.05, 0.003);
    }
    for (plan, name) in plans.iter().zip(names) {
        // The drift is the effect in standard errors at the end: √(2 / 500).
        let effect = plan.drift().unwrap() * 0.004_f64.sqrt();
        let what = format!("group sequential, {name}, planned effect: significant");
        let [fleming, pocock] =
            shares(&what, 200, names, |rng| stops(&looked(rng, 500, law, effect)));
        if name == "Pocock" { pocock.is(0.8, 0.005) } else { fleming.is(0.8, 0.005) }
    }
}
