//! What moved a metric, over worlds whose truth is planted: how often intervals hold it, and how often a search finds what isn't there.

mod attribution;
mod causes;
mod forecasts;
mod series;

use casebook::polars::prelude::*;
use casebook::rand_distr::{Distribution, StandardNormal};
use casebook::stream::{Stream, stream};

use crate::support::seeds;

/// Few worlds while one works, 2,000 at night.
fn worlds(name: &str) -> Vec<Stream> {
    (0..seeds(40, 2_000)).map(|seed| stream(seed, name, 0)).collect()
}

fn normal(rng: &mut Stream) -> f64 {
    StandardNormal.sample(rng)
}

/// A number of a frame's row.
fn at(frame: &DataFrame, column: &str, row: usize) -> f64 {
    frame.column(column).unwrap().cast(&DataType::Float64).unwrap().f64().unwrap().get(row).unwrap()
}

/// Whether a row's interval holds the truth.
fn holds(frame: &DataFrame, row: usize, truth: f64) -> bool {
    (at(frame, "low", row)..=at(frame, "high", row)).contains(&truth)
}

/// Says how often something came, and that it's as often as it should be, give or take four standard errors.
fn told(what: &str, times: usize, of: usize, (low, high): (f64, f64)) {
    let share = times as f64 / of as f64;
    println!("{what}: {:.1}% of {of}", 100.0 * share);
    let slack = |share: f64| {
        4.0 * (share.clamp(0.01, 0.99) * (1.0 - share.clamp(0.01, 0.99)) / of as f64).sqrt()
    };
    assert!(
        (low - slack(low)..=high + slack(high)).contains(&share),
        "{what}: {times} of {of}; expected {low} to {high}"
    );
}
