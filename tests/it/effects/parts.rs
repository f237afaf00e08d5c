//! Segments, the honest split, post-stratification.

use casebook::metrics::experiment;
use casebook::polars::prelude::*;
use casebook::rand::RngExt;
use casebook::stream::Stream;

use super::{arm, coverage, false_alarms, normal, real, share, worlds};

/// Users in segments, each with a level and an effect; every other user is treated, on average.
fn users(rng: &mut Stream, n: usize, levels: &[f64], effects: &[f64]) -> DataFrame {
    let (mut arms, mut segment, mut value) = (vec![], vec![], vec![]);
    for _ in 0..n {
        let treated = rng.random_bool(0.5);
        let own = rng.random_range(0..effects.len());
        let level = levels[own % levels.len()];
        arms.push(arm(treated));
        segment.push(own as i64);
        value.push(level + if treated { effects[own] } else { 0.0 } + normal(rng, 0.0, 1.0));
    }
    let id: Vec<i64> = (0..n as i64).collect();
    df!("user" => id, "arm" => arms, "segment" => segment, "value" => value).unwrap()
}

const NOTHING: [f64; 8] = [0.0; 8];

fn by_segment(users: &DataFrame) -> DataFrame {
    experiment::segment_effects(users, "arm", "value", "segment", "old").unwrap()
}

#[test]
fn effects_by_segment() {
    coverage("effect in one of three segments", |rng| {
        let found = by_segment(&users(rng, 180, &[0.0, 1.0, 2.0], &[0.0, 0.3, 1.0]));
        (real(&found, "low", 2), real(&found, "high", 2), 1.0)
    });
    false_alarms("Cochran's Q of three equal effects", |rng| {
        let users = users(rng, 400, &[0.0, 1.0, 2.0], &[0.5; 3]);
        let found = experiment::interaction(&users, "arm", "value", "segment", "old").unwrap();
        real(&found, "p_value", 0)
    });
    let any = |of: &'static str| {
        move |rng: &mut Stream| {
            let found = by_segment(&users(rng, 400, &[0.0], &NOTHING));
            (0..8).any(|row| real(&found, of, row) < 0.05)
        }
    };
    let (adjusted, n) = share("false alarms", "any of eight segments, Holm", any("adjusted"));
    let (plain, _) = share("false alarms", "any of eight segments, unadjusted", any("p_value"));
    assert!(adjusted < 0.05 + 3.0 * (0.05 * 0.95 / n).sqrt() && plain > 0.2, "{adjusted} {plain}");
}

#[test]
fn the_segment_that_looks_best() {
    let honest = |rng: &mut Stream| {
        let users = users(rng, 400, &[0.0], &NOTHING);
        experiment::honest_segment(&users, "user", "arm", "value", &["segment"], "old", 5).unwrap()
    };
    coverage("best of eight segments, the other half", |rng| {
        let found = honest(rng);
        (real(&found, "low", 0), real(&found, "high", 0), 0.0)
    });
    let (naive, _) =
        share("coverage", "best of eight segments, chosen and estimated on all", |rng| {
            let found = by_segment(&users(rng, 400, &[0.0], &NOTHING));
            let size = |row: &usize| real(&found, "t", *row).abs();
            let best = (0..8).max_by(|a, b| size(a).total_cmp(&size(b))).unwrap();
            real(&found, "low", best) <= 0.0 && 0.0 <= real(&found, "high", best)
        });
    assert!(naive < 0.8, "{naive}");
    let sizes = worlds("sizes", |rng| {
        let found = honest(rng);
        let sign = real(&found, "chosen_difference", 0).signum();
        [real(&found, "chosen_difference", 0).abs(), sign * real(&found, "difference", 0)]
    });
    let mean = |at: usize| sizes.iter().map(|size| size[at]).sum::<f64>() / sizes.len() as f64;
    println!(
        "| size | no effect: where chosen, and in the other half | {:.3}, {:.3} | {} |",
        mean(0),
        mean(1),
        sizes.len()
    );
    assert!(mean(0) > 0.5 && mean(1).abs() < 0.1, "{} {}", mean(0), mean(1));
}

#[test]
fn post_stratification() {
    let world = |rng: &mut Stream, effect: f64| {
        let users = users(rng, 150, &[0.0, 2.0, 5.0], &[effect; 3]);
        let plain = experiment::means(&users, "arm", "value", "old").unwrap();
        (experiment::post_stratified(&users, "arm", "value", "segment", "old").unwrap(), plain)
    };
    coverage("post-stratified difference", |rng| {
        let (found, _) = world(rng, 1.0);
        (real(&found, "low", 0), real(&found, "high", 0), 1.0)
    });
    false_alarms("post-stratified difference", |rng| real(&world(rng, 0.0).0, "p_value", 0));
    let widths = worlds("widths", |rng| {
        let (found, plain) = world(rng, 1.0);
        let width = |frame: &DataFrame| real(frame, "high", 0) - real(frame, "low", 0);
        width(&found) / width(&plain)
    });
    let mean = widths.iter().sum::<f64>() / widths.len() as f64;
    println!(
        "| width | post-stratified interval, of the plain one's | {:.1}% | {} |",
        100.0 * mean,
        widths.len()
    );
    assert!(mean < 0.5, "{mean}");
}
