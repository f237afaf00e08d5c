//! Twenty metrics, and four arms.

use casebook::metrics::experiment;
use casebook::polars::prelude::*;
use casebook::rand::RngExt;
use casebook::rand_distr::{Normal, StandardNormal};
use casebook::stream::Stream;

use super::{draw, shares, shifted};

const METRICS: usize = 20;

/// The p values of twenty metrics, of which the first `moved` are moved.
fn tests(rng: &mut Stream, moved: usize) -> DataFrame {
    let p_values = (0..METRICS).map(|metric| {
        let effect = if metric < moved { 0.6 } else { 0.0 };
        let values = shifted(draw(rng, 120, StandardNormal), effect);
        let (control, offer): (Vec<_>, Vec<_>) =
            values.chunks(2).map(|pair| (pair[0], pair[1])).unzip();
        experiment::compare_means(&control, &offer).unwrap().p_value
    });
    df!("p_value" => p_values.collect::<Vec<_>>()).unwrap()
}

/// Which tests are called significant.
fn called(found: casebook::Result<DataFrame>) -> Vec<bool> {
    found.unwrap().column("significant").unwrap().bool().unwrap().iter().flatten().collect()
}

#[test]
fn twenty_metrics_keep_their_error() {
    let names =
        ["none moved, naive", "none moved, BH", "none moved, Holm", "5 moved, Holm: a false one"];
    let [naive, hochberg, none, some] =
        shares("20 metrics: one or more false", 200, names, |rng| {
            let (still, moved) = (tests(rng, 0), tests(rng, 5));
            let p_values = still.column("p_value").unwrap().f64().unwrap();
            [
                p_values.iter().flatten().any(|p| p < 0.05),
                called(experiment::benjamini_hochberg(&still, 0.05)).contains(&true),
                called(experiment::holm(&still, 0.05)).contains(&true),
                called(experiment::holm(&moved, 0.05))[5..].contains(&true),
            ]
        });
    naive.is(1.0 - 0.95_f64.powi(20), 0.01);
    hochberg.is(0.05, 0.003);
    none.at_most(0.05);
    some.at_most(0.05);
    // Of those that Benjamini and Hochberg call, a false one is drawn as often as their share allows.
    let [false_one] = shares("20 metrics, 5 moved: share false", 200, ["BH"], |rng| {
        let called = called(experiment::benjamini_hochberg(&tests(rng, 5), 0.05));
        let all = called.iter().filter(|called| **called).count();
        let wrong = called[5..].iter().filter(|called| **called).count();
        [all > 0 && rng.random_range(0..all) < wrong]
    });
    false_one.at_most(0.05);
}

#[test]
fn four_arms_keep_their_error() {
    let [naive, holm] =
        shares("4 arms with one control: a false one", 200, ["naive", "Holm"], |rng| {
            let values = draw(rng, 200, Normal::new(3.0, 1.0).unwrap());
            let names = ["a", "b", "c", "control", "d"];
            let arm: Vec<&str> = (0..200).map(|user| names[user % 5]).collect();
            let users = df!("arm" => arm, "value" => values).unwrap();
            let found = experiment::means(&users, "arm", "value", "control").unwrap();
            let p_values = found.column("p_value").unwrap().f64().unwrap();
            let naive = p_values.iter().flatten().any(|p| p < 0.05);
            [naive, called(experiment::holm(&found, 0.05)).contains(&true)]
        });
    naive.at_least(0.12);
    holm.at_most(0.05);
}
