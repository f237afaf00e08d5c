//! Means adjusted by covariates.

use casebook::Result;
use casebook::metrics::experiment;
use casebook::polars::prelude::*;
use casebook::rand::RngExt;
use casebook::rand_distr::{Normal, StandardNormal};
use casebook::stream::Stream;

use super::{draw, real, shares};

const BEFORE: [&str; 2] = ["spent_before", "visits_before"];

/// Users, a third of them offered, whose offer is worth 1 on average and `slope` more per unit of what they spent before.
fn users(rng: &mut Stream, users: usize, slope: f64) -> DataFrame {
    let (first, second) = (draw(rng, users, StandardNormal), draw(rng, users, StandardNormal));
    let noise = draw(rng, users, Normal::new(0.0, 1.0).unwrap());
    let offered: Vec<bool> = (0..users).map(|_| rng.random_bool(1.0 / 3.0)).collect();
    let visits: Vec<f64> = first.iter().zip(&second).map(|(a, b)| 0.6 * a + 0.8 * b).collect();
    let spent = (0..users).map(|at| {
        let gain = if offered[at] { 1.0 + slope * first[at] } else { 0.0 };
        2.0 * first[at] + visits[at] + noise[at] + gain
    });
    let arm = offered.iter().map(|offered| if *offered { "offer" } else { "control" });
    df!("arm" => arm.collect::<Vec<_>>(), "spent" => spent.collect::<Vec<_>>(),
        "spent_before" => first, "visits_before" => visits)
    .unwrap()
}

#[test]
fn adjusted_intervals_hold_and_are_narrower() {
    for (what, slope) in [("covariates, one slope", 0.0), ("covariates, slopes by arm", 1.5)] {
        let names = ["plain", "CUPED, 1", "CUPED, 2", "regression by arm", "at most half as wide"];
        let [plain, one, two, by_arm, narrow] = shares(what, 200, names, |rng| {
            let users = users(rng, 300, slope);
            let holds = |found: Result<DataFrame>| {
                let (low, high) =
                    found.map(|found| (real(&found, "low", 0), real(&found, "high", 0))).unwrap();
                (low <= 1.0 && 1.0 <= high, high - low)
            };
            let plain = holds(experiment::means(&users, "arm", "spent", "control"));
            let one = holds(experiment::cuped(&users, "arm", "spent", BEFORE[0], "control"));
            let two = holds(experiment::cuped_with(&users, "arm", "spent", &BEFORE, "control"));
            let by_arm =
                experiment::regression_adjusted(&users, "arm", "spent", &BEFORE, "control");
            let by_arm = holds(by_arm);
            [plain.0, one.0, two.0, by_arm.0, 2.0 * by_arm.1 < plain.1]
        });
        for found in [plain, one, two, by_arm] {
            found.is(0.95, 0.01);
        }
        narrow.at_least(0.9);
    }
}
