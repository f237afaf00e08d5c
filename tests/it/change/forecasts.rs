//! How often forecasts' intervals hold what came, on series of several kinds.

use casebook::metrics::change::{Forecast, Intervals};
use casebook::polars::prelude::*;
use casebook::rand::RngExt as _;
use casebook::stream::Stream;

use super::series::{noise, series};
use super::{at, holds, normal, told, worlds};

/// Half a year is known, four weeks are forecast.
const KNOWN: usize = 182;
const AHEAD: usize = 28;

/// A week, a trend, and what else there is: how much of a day's noise is left the next day, how far the level and each weekday go at
/// random, and whether one day in twenty is far off.
struct Kind {
    name: &'static str,
    keeps: f64,
    level: f64,
    week: f64,
    odd: bool,
    /// How often 95% intervals hold, over all steps: conformal, and the model's.
    held: [(f64, f64); 2],
}

const KINDS: [Kind; 6] = [
    kind("noise", 0.0, 0.0, 0.0, false, [(0.95, 0.98), (0.92, 0.95)]),
    kind("noise that keeps 0.3", 0.3, 0.0, 0.0, false, [(0.95, 0.98), (0.93, 0.96)]),
    kind("noise that keeps 0.6", 0.6, 0.0, 0.0, false, [(0.93, 0.97), (0.97, 1.0)]),
    kind("a level that walks", 0.0, 0.5, 0.0, false, [(0.92, 0.96), (0.91, 0.95)]),
    kind("a week that changes", 0.0, 0.1, 0.3, false, [(0.95, 0.99), (0.90, 0.94)]),
    kind("odd days", 0.3, 0.1, 0.0, true, [(0.94, 0.98), (0.92, 0.96)]),
];

const fn kind(
    name: &'static str,
    keeps: f64,
    level: f64,
    week: f64,
    odd: bool,
    held: [(f64, f64); 2],
) -> Kind {
    Kind { name, keeps, level, week, odd, held }
}

impl Kind {
    fn draw(&self, rng: &mut Stream) -> Vec<f64> {
        let mut week = [3.0, 2.0, 2.0, 3.0, 0.0, -6.0, -4.0];
        let mut level = 100.0;
        let off = noise(rng, KNOWN + AHEAD, self.keeps);
        let each = off.into_iter().enumerate().map(|(day, off)| {
            level += 0.02 + self.level * normal(rng);
            week[day % 7] += self.week * normal(rng);
            let odd = self.odd && rng.random_range(0.0..1.0) < 0.05;
            level + week[day % 7] + off + if odd { 3.0 * normal(rng) } else { 0.0 }
        });
        each.collect()
    }
}

#[test]
fn forecast_intervals_hold() {
    for kind in KINDS {
        let worlds = worlds("forecasts");
        let of = worlds.len();
        let mut held = [[0; AHEAD]; 2];
        let mut width = [0.0; 2];
        for mut rng in worlds {
            let values = kind.draw(&mut rng);
            let rows = series(values[..KNOWN].to_vec());
            for (place, intervals) in
                [Intervals::Conformal, Intervals::Model].into_iter().enumerate()
            {
                let forecast = Forecast::new(7, AHEAD).intervals(intervals);
                let found = forecast.predict(&rows, "day", "users").unwrap();
                for (step, held) in held[place].iter_mut().enumerate() {
                    *held += usize::from(holds(&found, step, values[KNOWN + step]));
                }
                let last = AHEAD - 1;
                width[place] += (at(&found, "high", last) - at(&found, "low", last)) / of as f64;
            }
        }
        for (place, intervals) in ["conformal", "the model's"].iter().enumerate() {
            let (name, [first, .., last]) = (kind.name, held[place]);
            let share = |held: usize| 100.0 * held as f64 / of as f64;
            println!(
                "{name}, {intervals}: {:.1}% at the first step, {:.1}% at the last, which is {:.1} wide",
                share(first),
                share(last),
                width[place]
            );
            // A world's steps go together: they count as one.
            let mean = held[place].iter().sum::<usize>() / AHEAD;
            told(&format!("{name}, {intervals}, held"), mean, of, kind.held[place]);
        }
    }
}
