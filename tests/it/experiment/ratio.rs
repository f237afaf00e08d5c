//! A ratio of sums, where users differ.

use casebook::metrics::experiment;
use casebook::polars::prelude::*;
use casebook::rand::RngExt;
use casebook::rand_distr::{Beta, Distribution};
use casebook::stream::Stream;

use super::{arms, real, shares};

/// Users who see 1 to 39 pages, and click as often as they are inclined to: 20% of the pages on average, and more often
/// the more they see. `gain` more of them click in the offer.
fn clicks(rng: &mut Stream, users: usize, gain: f64) -> DataFrame {
    let inclined = Beta::new(1.0, 4.0).unwrap();
    let (mut clicks, mut views) = (vec![], vec![]);
    for user in 0..2 * users {
        let often: f64 = inclined.sample(rng);
        let seen = 1 + (rng.random_range(0.0..20.0) * (0.5 + 2.5 * often).min(1.95)) as i64;
        let rate = often + gain * (user % 2) as f64 * (1.0 - often);
        clicks.push((0..seen).filter(|_| rng.random_bool(rate)).count() as i64);
        views.push(seen);
    }
    df!("arm" => arms(users), "clicks" => clicks, "views" => views).unwrap()
}

#[test]
fn the_delta_method_holds_what_the_naive_interval_misses() {
    for (what, users) in
        [("ratio of sums, 100 users an arm", 100), ("ratio of sums, 500 users an arm", 500)]
    {
        let [delta, naive, false_alarm] =
            shares(what, 200, ["delta method", "naive", "naive, significant"], |rng| {
                let users = clicks(rng, users, 0.0);
                let found = experiment::ratio(&users, "arm", "clicks", "views", "control").unwrap();
                let holds = |low, high| real(&found, low, 0) <= 0.0 && 0.0 <= real(&found, high, 0);
                [
                    holds("low", "high"),
                    holds("naive_low", "naive_high"),
                    real(&found, "naive_p_value", 0) < 0.05,
                ]
            });
        delta.is(0.95, 0.01);
        naive.at_most(0.85);
        false_alarm.at_least(0.15);
    }
}

#[test]
fn the_delta_method_finds_what_is_there() {
    // The truth, from very many users.
    let many = clicks(&mut casebook::stream::stream(9, "ratio, truth", 0), 400_000, 0.05);
    let found = experiment::ratio(&many, "arm", "clicks", "views", "control").unwrap();
    let truth = real(&found, "difference", 0);
    let [holds] = shares("ratio of sums, an effect", 200, ["delta method"], |rng| {
        let users = clicks(rng, 200, 0.05);
        let found = experiment::ratio(&users, "arm", "clicks", "views", "control").unwrap();
        [real(&found, "low", 0) <= truth && truth <= real(&found, "high", 0)]
    });
    holds.is(0.95, 0.01);
}
