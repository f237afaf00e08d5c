//! Uplift curves and the Qini coefficient.

use casebook::metrics::experiment::{self, Bootstrap};
use casebook::polars::prelude::*;
use casebook::rand::RngExt;
use casebook::stream::Stream;

use super::{arm, coverage, real};

const DRAWS: Bootstrap = Bootstrap { draws: 200, seed: 3 };

/// One user in five buys anyway; treatment adds 0.3 times a trait between 0 and 1, which the score
/// is, or has nothing to do with.
fn users(rng: &mut Stream, informed: bool) -> DataFrame {
    let (mut arms, mut score, mut bought) = (vec![], vec![], vec![]);
    for _ in 0..400 {
        let (own, other): (f64, f64) = (rng.random(), rng.random());
        let treated = rng.random_bool(0.5);
        arms.push(arm(treated));
        score.push(if informed { own } else { other });
        bought.push(rng.random_bool(0.2 + if treated { 0.3 * own } else { 0.0 }));
    }
    df!("arm" => arms, "score" => score, "bought" => bought).unwrap()
}

fn qini(rng: &mut Stream, informed: bool) -> DataFrame {
    let users = users(rng, informed);
    experiment::qini(&users, "arm", "bought", "score", "old", DRAWS).unwrap()
}

#[test]
fn the_area() {
    // The gain of treating a share x is 0.15 (2x − x²), a third of 0.075 above the straight line.
    coverage("area under the uplift curve", |rng| {
        let found = qini(rng, true);
        (real(&found, "area_low", 0), real(&found, "area_high", 0), 0.025)
    });
    coverage("area of a score that says nothing", |rng| {
        let found = qini(rng, false);
        (real(&found, "area_low", 0), real(&found, "area_high", 0), 0.0)
    });
}

#[test]
fn the_coefficient() {
    // The best curve rises to 0.35 at 0.175, stays until 0.9 and falls to 0.15.
    let best = 0.175 * 0.35 / 2.0 + 0.725 * 0.35 + 0.1 * (0.35 + 0.15) / 2.0 - 0.075;
    coverage("Qini coefficient", |rng| {
        let found = qini(rng, true);
        (real(&found, "qini_low", 0), real(&found, "qini_high", 0), 0.025 / best)
    });
}

#[test]
fn the_curve() {
    coverage("uplift curve at one half", |rng| {
        let users = users(rng, true);
        let found =
            experiment::uplift_curve(&users, "arm", "bought", "score", "old", 2, DRAWS).unwrap();
        (real(&found, "low", 1), real(&found, "high", 1), 0.15 * 0.75)
    });
}
