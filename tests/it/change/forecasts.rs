//! How often forecasts' intervals hold what came, on series of several kinds.

use casebook::metrics::change::{Forecast, Intervals};
use casebook::rand::RngExt as _;
use casebook::stream::Stream;
use rayon::prelude::*;

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

/// By kind of interval: whether each step's held what came, and how wide the last is.
fn forecast(kind: &Kind, mut rng: Stream) -> [([bool; AHEAD], f64); 2] {
    let values = kind.draw(&mut rng);
    let rows = series(values[..KNOWN].to_vec());
    [Intervals::Conformal, Intervals::Model].map(|intervals| {
        let forecast = Forecast::new(7, AHEAD).intervals(intervals);
        let found = forecast.predict(&rows, "day", "users").unwrap();
        let held = std::array::from_fn(|step| holds(&found, step, values[KNOWN + step]));
        (held, at(&found, "high", AHEAD - 1) - at(&found, "low", AHEAD - 1))
    })
}

#[test]
fn forecast_intervals_hold() {
    for kind in KINDS {
        let worlds = worlds("forecasts");
        let of = worlds.len();
        let found: Vec<_> = worlds.into_par_iter().map(|rng| forecast(&kind, rng)).collect();
        for (place, intervals) in ["conformal", "the model's"].iter().enumerate() {
            let times = |step: usize| found.iter().filter(|one| one[place].0[step]).count();
            let share = |step: usize| 100.0 * times(step) as f64 / of as f64;
            let width = found.iter().map(|one| one[place].1).sum::<f64>() / of as f64;
            println!(
                "{}, {intervals}: {:.1}% at the first step, {:.1}% at the last, which is {width:.1} wide",
                kind.name,
                share(0),
                share(AHEAD - 1),
            );
            // A world's steps go together: they count as one.
            let mean = (0..AHEAD).map(times).sum::<usize>() / AHEAD;
            told(&format!("{}, {intervals}, held", kind.name), mean, of, kind.held[place]);
        }
    }
}
