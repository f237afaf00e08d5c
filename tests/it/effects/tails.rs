//! Quantiles of rows that go together, and means of capped values.

use casebook::metrics::experiment;
use casebook::polars::prelude::*;
use casebook::rand::RngExt;
use casebook::rand_distr::{Distribution, Exp};
use casebook::stream::Stream;

use super::{arm, coverage, false_alarms, normal, real, share};

/// Users with one to nine rows each; times are log-normal, half of the variance is the user's, and
/// treatment makes them longer.
fn rows(rng: &mut Stream, factor: f64) -> DataFrame {
    let (mut arms, mut user, mut row, mut value) = (vec![], vec![], vec![], vec![]);
    for id in 0..200_i64 {
        let treated = rng.random_bool(0.5);
        let own = normal(rng, 0.0, 0.5);
        for _ in 0..rng.random_range(1..10) {
            arms.push(arm(treated));
            user.push(id);
            row.push(row.len() as i64);
            value.push((own + normal(rng, 0.0, 0.5)).exp() * if treated { factor } else { 1.0 });
        }
    }
    df!("arm" => arms, "user" => user, "row" => row, "value" => value).unwrap()
}

fn effects(rows: &DataFrame, user: &str) -> DataFrame {
    experiment::quantile_effects(rows, "arm", "value", user, &[0.5, 0.9], "old").unwrap()
}

#[test]
fn quantiles_of_users_rows() {
    for (row, q, z) in [(0, "median", 0.0), (1, "90% quantile", 1.281_551_565_544_6)] {
        let truth = 0.2 * (z * 0.5_f64.sqrt()).exp();
        coverage(&format!("{q}, clustered"), |rng| {
            let found = effects(&rows(rng, 1.2), "user");
            (real(&found, "low", row), real(&found, "high", row), truth)
        });
    }
    false_alarms("median, clustered", |rng| real(&effects(&rows(rng, 1.0), "user"), "p_value", 0));
    let (naive, _) = share("coverage", "median, rows taken for independent", |rng| {
        let found = effects(&rows(rng, 1.2), "row");
        real(&found, "low", 0) <= 0.2 && 0.2 <= real(&found, "high", 0)
    });
    assert!(naive < 0.85, "{naive}");
}

#[test]
fn capped_means() {
    // The cap that one in twenty of both arms' values exceeds, by bisection.
    let beyond = |cap: f64| ((-cap).exp() + (-cap / 1.3).exp()) / 2.0;
    let (mut low, mut high) = (0.0, 20.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if beyond(middle) > 0.05 { low = middle } else { high = middle }
    }
    let mean = |scale: f64| scale * (1.0 - (-low / scale).exp());
    let truth = mean(1.3) - mean(1.0);
    let users = |rng: &mut Stream, scale: f64| {
        let law = Exp::new(1.0).unwrap();
        let treated: Vec<bool> = (0..300).map(|_| rng.random_bool(0.5)).collect();
        let value = |treated: &bool| law.sample(rng) * if *treated { scale } else { 1.0 };
        let values: Vec<f64> = treated.iter().map(value).collect();
        df!("arm" => treated.iter().map(|one| arm(*one)).collect::<Vec<_>>(), "value" => values)
            .unwrap()
    };
    let found = |rng: &mut Stream, scale: f64| {
        let users = users(rng, scale);
        experiment::winsorised_means(&users, "arm", "value", (0.0, 0.95), "old").unwrap()
    };
    coverage("winsorised mean", |rng| {
        let found = found(rng, 1.3);
        (real(&found, "low", 0), real(&found, "high", 0), truth)
    });
    false_alarms("winsorised mean", |rng| real(&found(rng, 1.0), "p_value", 0));
}
