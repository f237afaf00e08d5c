//! Regression discontinuity and adjusted effects.

use casebook::metrics::change::{RegressionDiscontinuity, treatment_effect};
use casebook::polars::prelude::*;
use casebook::rand::RngExt as _;

use super::{at, holds, normal, told, worlds};

#[test]
fn the_step_at_a_cutoff_lies_within_its_interval() {
    let worlds = worlds("cutoff");
    let of = worlds.len();
    let mut held = [0; 2];
    let mut found_effect = 0.0;
    for mut rng in worlds {
        // A curve that bends at the cutoff, with a step of 1.
        let (x, y): (Vec<f64>, Vec<f64>) = (0..600)
            .map(|_| {
                let x = rng.random_range(-1.0..1.0);
                let curve = if x < 0.0 { 2.0 * x + 1.5 * x * x } else { 1.0 + x - 2.0 * x * x };
                (x, curve + 0.5 * normal(&mut rng))
            })
            .unzip();
        let rows = df!("x" => x, "y" => y).unwrap();
        let found = RegressionDiscontinuity::new(0.0).estimate(&rows, "x", "y").unwrap();
        for (row, held) in held.iter_mut().enumerate() {
            *held += usize::from(holds(&found, row, 1.0));
        }
        found_effect += at(&found, "effect", 1) / of as f64;
    }
    println!("discontinuity of 1: {found_effect:.3} on average, bias-corrected");
    told("discontinuity held, local linear", held[0], of, (0.8, 0.95));
    told("discontinuity held, bias-corrected", held[1], of, (0.92, 0.96));
    assert!((found_effect - 1.0).abs() < 0.15, "{found_effect}");
}

/// Keen users choose it more often and would have stayed anyway. Which models are right: both, only that of the choice, or only
/// that of the outcome.
#[test]
fn a_planted_confounder_is_taken_off() {
    for (name, choice_bends, outcome_bends, allowed) in [
        ("both models right", false, false, [(0.92, 0.96), (0.92, 0.96)]),
        ("the outcome bends", false, true, [(0.9, 0.96), (0.9, 0.96)]),
        ("the choice bends", true, false, [(0.0, 0.97), (0.91, 0.96)]),
    ] {
        let worlds = worlds("confounder");
        let of = worlds.len();
        let mut held = [0; 3];
        let mut mean = [0.0; 3];
        for mut rng in worlds {
            let (mut keen, mut on, mut days) = (vec![], vec![], vec![]);
            for _ in 0..600 {
                let own = normal(&mut rng);
                let bent = own + 0.5 * (own * own - 1.0);
                let odds: f64 = 0.7 * if choice_bends { bent } else { own };
                let takes = rng.random_range(0.0..1.0) < 1.0 / (1.0 + (-odds).exp());
                let base = 10.0 + 2.0 * if outcome_bends { bent } else { own };
                keen.push(own);
                on.push(takes);
                days.push(base + f64::from(u8::from(takes)) + normal(&mut rng));
            }
            let users = df!("keen" => keen, "on" => on, "days" => days).unwrap();
            let found = treatment_effect(&users, "on", "days", &["keen"]).unwrap();
            for (row, (held, mean)) in held.iter_mut().zip(&mut mean).enumerate() {
                *held += usize::from(holds(&found, row, 1.0));
                *mean += at(&found, "effect", row) / of as f64;
            }
        }
        println!("{name}: an effect of 1 is found as {mean:.3?}: crude, weighted, doubly robust");
        told(&format!("{name}: held by the crude difference"), held[0], of, (0.0, 0.05));
        told(&format!("{name}: held by weighting"), held[1], of, allowed[0]);
        told(&format!("{name}: held by the doubly robust"), held[2], of, allowed[1]);
        assert!((mean[2] - 1.0).abs() < 0.1, "{name}: {mean:?}");
        assert!(mean[0] > 1.5, "{name}: {mean:?}");
    }
}
