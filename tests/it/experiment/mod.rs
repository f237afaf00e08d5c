//! Experiments whose truth is known: how often intervals hold it, how often tests cry wolf, how often they find what is
//! there, over 2,000 worlds each.

mod bayes;
mod covariates;
mod guardrail;
mod looks;
mod multiple;
mod ratio;

use casebook::polars::prelude::*;
use casebook::rand_distr::Distribution;
use casebook::stream::{Stream, stream};

use crate::support::seeds;

/// Worlds per claim, when all are taken; the part of chance is half a point.
const WORLDS: u64 = 2_000;

fn real(frame: &DataFrame, column: &str, row: usize) -> f64 {
    reals(frame, column)[row]
}

fn reals(frame: &DataFrame, column: &str) -> Vec<f64> {
    frame.column(column).unwrap().f64().unwrap().iter().map(Option::unwrap).collect()
}

/// The share of worlds in which something is so, for each of several things.
fn shares<const N: usize>(
    what: &str,
    few: u64,
    names: [&str; N],
    world: impl Fn(&mut Stream) -> [bool; N],
) -> [Share; N] {
    let worlds = seeds(few, WORLDS);
    let mut counts = [0_u64; N];
    for seed in 0..worlds {
        for (count, so) in counts.iter_mut().zip(world(&mut stream(9, what, seed))) {
            *count += u64::from(so);
        }
    }
    let mut at = 0;
    counts.map(|count| {
        let share = Share { share: count as f64 / worlds as f64, worlds: worlds as f64 };
        println!("| {what} | {} | {:.1}% | {worlds} |", names[at], 100.0 * share.share);
        at += 1;
        share
    })
}

/// A share of worlds.
#[derive(Debug, Clone, Copy)]
struct Share {
    share: f64,
    worlds: f64,
}

impl Share {
    fn chance(self, expected: f64) -> f64 {
        4.0 * (expected * (1.0 - expected) / self.worlds).sqrt()
    }

    /// That it is what was expected, but for chance and for what an approximation may be off.
    fn is(self, expected: f64, off: f64) {
        let reach = self.chance(expected) + off;
        assert!((self.share - expected).abs() <= reach, "{self:?}, not {expected}");
    }

    fn at_most(self, most: f64) {
        assert!(self.share <= most + self.chance(most), "{self:?}, more than {most}");
    }

    fn at_least(self, least: f64) {
        assert!(self.share >= least - self.chance(least), "{self:?}, less than {least}");
    }
}

fn draw(rng: &mut Stream, n: usize, law: impl Distribution<f64>) -> Vec<f64> {
    (0..n).map(|_| law.sample(rng)).collect()
}

/// So many users in each of two arms, in turns.
fn arms(users: usize) -> Vec<&'static str> {
    (0..2 * users).map(|user| ["control", "offer"][user % 2]).collect()
}

/// Adds an effect for the users of the offer.
fn shifted(mut values: Vec<f64>, effect: f64) -> Vec<f64> {
    values.iter_mut().skip(1).step_by(2).for_each(|value| *value += effect);
    values
}
