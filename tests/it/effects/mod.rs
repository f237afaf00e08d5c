//! Effects by day, segment and score, of many experiments, and of quantiles: intervals hold the
//! truth as often as they say, and tests cry wolf no more often; what fails by design is shown
//! beside them.

mod agreement;
mod days;
mod many;
mod parts;
mod scores;
mod tails;

use casebook::polars::prelude::*;
use casebook::rand_distr::{Distribution, Normal};
use casebook::stream::{Stream, stream};
use rayon::prelude::*;

use crate::support::seeds;

/// Worlds per claim, when all are taken.
const WORLDS: u64 = 2_000;

fn real(frame: &DataFrame, column: &str, row: usize) -> f64 {
    known(frame, column, row).unwrap_or_else(|| panic!("`{column}` is null in row {row}: {frame}"))
}

fn known(frame: &DataFrame, column: &str, row: usize) -> Option<f64> {
    frame.column(column).unwrap().f64().unwrap().get(row)
}

/// Something measured in each world, in the order of the worlds.
fn worlds<T: Send>(what: &str, of: impl Fn(&mut Stream) -> T + Sync) -> Vec<T> {
    let count = seeds(WORLDS / 20, WORLDS);
    (0..count).into_par_iter().map(|world| of(&mut stream(17, what, world))).collect()
}

/// The share of worlds in which something is so, and how many worlds there were; prints a row of the
/// table.
fn share(kind: &str, what: &str, of: impl Fn(&mut Stream) -> bool + Sync) -> (f64, f64) {
    let found = worlds(what, of);
    let n = found.len() as f64;
    let share = found.iter().filter(|yes| **yes).count() as f64 / n;
    println!("| {kind} | {what} | {:.1}% | {n} |", 100.0 * share);
    (share, n)
}

/// How often an interval holds the truth: 95%, give or take two points, or what chance takes of
/// fewer worlds.
fn coverage(what: &str, interval: impl Fn(&mut Stream) -> (f64, f64, f64) + Sync) {
    let (share, n) = share("coverage", what, |rng| {
        let (low, high, truth) = interval(rng);
        low <= truth && truth <= high
    });
    let off = 0.02_f64.max(4.0 * (0.95 * 0.05 / n).sqrt());
    assert!((share - 0.95).abs() <= off, "{what}: {share}");
}

/// How often a test at 5% is significant where nothing is.
fn false_alarms(what: &str, p_value: impl Fn(&mut Stream) -> f64 + Sync) {
    let (share, n) = share("false alarms", what, |rng| p_value(rng) < 0.05);
    let off = 0.015_f64.max(4.0 * (0.95 * 0.05 / n).sqrt());
    assert!((share - 0.05).abs() <= off, "{what}: {share}");
}

fn normal(rng: &mut Stream, mean: f64, sd: f64) -> f64 {
    Normal::new(mean, sd).unwrap().sample(rng)
}

fn arm(treated: bool) -> &'static str {
    if treated { "new" } else { "old" }
}
