//! When in the year and in the day people come, how long they stay and how far they get: laws that can be
//! looked at before anything is drawn from them.
//!
//! Each law is plain data with a `density` to plot and a `sample` to draw.
//!
//! ```
//! use casebook::simulate::rhythm::SessionLength;
//! use casebook::simulate::stream::stream;
//!
//! let law = SessionLength::default(); // 1 to 30 minutes, 8 on average
//! law.validate()?;
//! let mut rng = stream(42, "example", 1);
//! let minutes: Vec<f64> = (0..2_000).map(|_| law.sample(&mut rng)).collect();
//! let mean = minutes.iter().sum::<f64>() / 2_000.0;
//! assert!((mean - 8.0).abs() < 0.5);
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! # How
//! Most are drawn by inverting their distribution function. Powers, roots and exponentials may differ in
//! the last bit between machines, so what goes into data is rounded: to whole seconds, to thousandths.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use statrs::function::erf::erfc;

use crate::error::{Error, Result};

fn share(field: &'static str, value: f64) -> Result<()> {
    match (0.0..=1.0).contains(&value) {
        true => Ok(()),
        false => Err(Error::config(field, value, "0 to 1")),
    }
}

/// How long a session lasts: most are short, a few take nearly all the time there is.
///
/// On `shortest` to `longest`, the density falls as (longest − x)^p; p follows from the mean:
/// p = (longest − shortest) / (mean − shortest) − 2.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionLength {
    /// Minutes; 0 or more.
    pub shortest: f64,
    /// Minutes; above `shortest`, up to 1,440.
    pub longest: f64,
    /// Minutes: the exact mean; above `shortest`, and no more than half way to `longest`.
    pub mean: f64,
}

impl Default for SessionLength {
    /// 1 to 30 minutes, 8 on average.
    fn default() -> Self {
        SessionLength { shortest: 1.0, longest: 30.0, mean: 8.0 }
    }
}

impl SessionLength {
    /// That the mean can be had within the bounds.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig), naming the field.
    pub fn validate(&self) -> Result<()> {
        let SessionLength { shortest, longest, mean } = *self;
        if !(0.0..1_440.0).contains(&shortest) {
            return Err(Error::config("shortest", shortest, "0 to below 1,440 minutes"));
        }
        if !(longest > shortest && longest <= 1_440.0) {
            let accepted = format!("above {shortest}, up to 1,440 minutes");
            return Err(Error::config("longest", longest, accepted));
        }
        // Half way, every length is equally likely; beyond it the density would rise.
        let half = (shortest + longest) / 2.0;
        if !(mean > shortest && mean <= half) {
            return Err(Error::config(
                "mean",
                mean,
                format!("above {shortest}, up to {half} minutes"),
            ));
        }
        Ok(())
    }

    /// The exponent p of the density.
    pub fn power(&self) -> f64 {
        (self.longest - self.shortest) / (self.mean - self.shortest) - 2.0
    }

    /// The density at a length, per minute.
    pub fn density(&self, minutes: f64) -> f64 {
        let (width, p) = (self.longest - self.shortest, self.power());
        match (self.shortest..=self.longest).contains(&minutes) {
            true => (p + 1.0) / width * ((self.longest - minutes) / width).powf(p),
            false => 0.0,
        }
    }

    /// Draws a length in minutes.
    pub fn sample(&self, rng: &mut impl Rng) -> f64 {
        let left: f64 = rng.random_range(0.0..1.0);
        let width = self.longest - self.shortest;
        self.longest - width * (1.0 - left).powf(1.0 / (self.power() + 1.0))
    }
}

/// When in the year things happen: more at its start and its end than in its middle.
///
/// A mixture: a share of things falls evenly over the year; the rest follows a U, whose density grows with
/// the square of the distance from mid-year. The U's left half (to the end of June) has its own share.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Season {
    /// Share of things that follow the U; 0 to 1.
    pub strength: f64,
    /// Share of the U that lies in the first half of the year; 0 to 1.
    pub early: f64,
}

impl Default for Season {
    /// Six tenths follow the U, eight tenths of that in the first half of the year.
    fn default() -> Self {
        Season { strength: 0.6, early: 0.8 }
    }
}

impl Season {
    /// That both shares are shares.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig), naming the field.
    pub fn validate(&self) -> Result<()> {
        share("strength", self.strength)?;
        share("early", self.early)
    }

    /// The density at a moment of the year, which runs from 0 to 1.
    pub fn density(&self, moment: f64) -> f64 {
        if !(0.0..=1.0).contains(&moment) {
            return 0.0;
        }
        let half = if moment < 0.5 { self.early } else { 1.0 - self.early };
        (1.0 - self.strength) + self.strength * half * 24.0 * (moment - 0.5).powi(2)
    }

    /// Draws a moment of the year, from 0 to below 1.
    pub fn sample(&self, rng: &mut impl Rng) -> f64 {
        let (which, place): (f64, f64) = (rng.random_range(0.0..1.0), rng.random_range(0.0..1.0));
        if which >= self.strength {
            return place;
        }
        // In the left half the distance from mid-year is half a cube root; the right half mirrors it.
        if which < self.strength * self.early {
            0.5 - 0.5 * (1.0 - place).cbrt()
        } else {
            0.5 + 0.5 * place.cbrt()
        }
    }
}

/// When in the day things happen: a working day and an evening, each rising to its busiest hour and falling
/// from it (a triangle).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DayClock {
    /// Share of things that happen in the working day; 0 to 1. The rest is the evening's.
    pub working: f64,
}

impl Default for DayClock {
    /// Four tenths in the working day; most in the evening.
    fn default() -> Self {
        DayClock { working: 0.4 }
    }
}

/// From, busiest, to: hours of the day.
const WORKING: [f64; 3] = [7.0, 9.0, 18.0];
const EVENING: [f64; 3] = [18.0, 21.5, 24.0];

impl DayClock {
    /// That the share is one.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig), naming the field.
    pub fn validate(&self) -> Result<()> {
        share("working", self.working)
    }

    /// The density at an hour of the day, from 0 to 24, per hour.
    pub fn density(&self, hour: f64) -> f64 {
        self.working * triangle(WORKING, hour) + (1.0 - self.working) * triangle(EVENING, hour)
    }

    /// Draws an hour of the day, from 0 to below 24.
    pub fn sample(&self, rng: &mut impl Rng) -> f64 {
        let (which, place): (f64, f64) = (rng.random_range(0.0..1.0), rng.random_range(0.0..1.0));
        let [from, peak, to] = if which < self.working { WORKING } else { EVENING };
        let rise = (peak - from) / (to - from);
        if place < rise {
            from + (place * (to - from) * (peak - from)).sqrt()
        } else {
            to - ((1.0 - place) * (to - from) * (to - peak)).sqrt()
        }
    }
}

/// How far a session gets through its module: log-normal, so that most get a little way and few reach the
/// end. Progress 1 is the end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Progress {
    /// Half of all sessions get less far; above 0, up to 100.
    pub median: f64,
    /// Standard deviation of the logarithm; above 0, up to 5.
    pub spread: f64,
}

impl Default for Progress {
    /// A third of the module in the median session; 8 in 100 reach its end.
    fn default() -> Self {
        Progress { median: 0.35, spread: 0.75 }
    }
}

impl Progress {
    /// That both are in range.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig), naming the field.
    pub fn validate(&self) -> Result<()> {
        for (field, value, most) in [("median", self.median, 100.0), ("spread", self.spread, 5.0)] {
            if !(value > 0.0 && value <= most) {
                return Err(Error::config(field, value, format!("above 0, up to {most}")));
            }
        }
        Ok(())
    }

    /// The density at a progress, per unit.
    pub fn density(&self, progress: f64) -> f64 {
        if progress <= 0.0 {
            return 0.0;
        }
        let z = (progress / self.median).ln() / self.spread;
        (-z * z / 2.0).exp() / (progress * self.spread * std::f64::consts::TAU.sqrt())
    }

    /// The share of sessions that complete their module: whose progress passes 1.
    pub fn completed(&self) -> f64 {
        // Upper tail of the normal law.
        erfc(-self.median.ln() / self.spread / std::f64::consts::SQRT_2) / 2.0
    }

    /// Draws a progress.
    pub fn sample(&self, rng: &mut impl Rng) -> f64 {
        let z: f64 = StandardNormal.sample(rng);
        self.median * (self.spread * z).exp()
    }
}

fn triangle([from, peak, to]: [f64; 3], at: f64) -> f64 {
    let height = 2.0 / (to - from);
    if at < from || at > to {
        0.0
    } else if at < peak {
        height * (at - from) / (peak - from)
    } else {
        height * (to - at) / (to - peak)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::stream;
    use proptest::prelude::*;

    /// The area under a density up to a point, by the trapezoid rule.
    fn area(density: &dyn Fn(f64) -> f64, from: f64, to: f64) -> f64 {
        const STEPS: usize = 20_000;
        let step = (to - from) / STEPS as f64;
        let inner: f64 = (1..STEPS).map(|k| density(from + k as f64 * step)).sum();
        step * (inner + (density(from) + density(to)) / 2.0)
    }

    /// Kolmogorov–Smirnov: the largest gap between drawn and stated distribution, against chance.
    fn fits(density: &dyn Fn(f64) -> f64, from: f64, to: f64, mut drawn: Vec<f64>) {
        drawn.sort_by(f64::total_cmp);
        let n = drawn.len() as f64;
        assert!((area(density, from, to) - 1.0).abs() < 1e-3, "the density's area is not 1");
        assert!(from <= drawn[0] && drawn[drawn.len() - 1] <= to);
        let gap = (1..40)
            .map(|k| from + (to - from) * f64::from(k) / 40.0)
            .map(|at| {
                let share = drawn.partition_point(|value| *value <= at) as f64 / n;
                (share - area(density, from, at)).abs()
            })
            .fold(0.0, f64::max);
        // 1.95 / √n is passed once in a thousand times.
        assert!(gap < 1.95 / n.sqrt() + 1e-3, "a gap of {gap}");
    }

    #[test]
    fn what_is_drawn_follows_the_density() {
        let mut rng = stream(1, "rhythm", 0);
        for mean in [3.0, 8.0, 15.5] {
            let law = SessionLength { mean, ..SessionLength::default() };
            law.validate().unwrap();
            fits(
                &|x| law.density(x),
                1.0,
                30.0,
                (0..20_000).map(|_| law.sample(&mut rng)).collect(),
            );
            let exact = area(&|x| x * law.density(x), 1.0, 30.0);
            assert!((exact - mean).abs() < 2e-3, "the mean is {exact}, not {mean}");
        }
        for (strength, early) in [(0.0, 0.5), (0.5, 0.7), (1.0, 0.0), (1.0, 1.0)] {
            let law = Season { strength, early };
            fits(
                &|x| law.density(x),
                0.0,
                1.0,
                (0..20_000).map(|_| law.sample(&mut rng)).collect(),
            );
        }
        for working in [0.0, 0.4, 1.0] {
            let law = DayClock { working };
            fits(
                &|x| law.density(x),
                0.0,
                24.0,
                (0..20_000).map(|_| law.sample(&mut rng)).collect(),
            );
        }
        let law = Progress::default();
        let drawn: Vec<f64> = (0..400_000).map(|_| law.sample(&mut rng).min(20.0)).collect();
        let reached = drawn.iter().filter(|progress| **progress > 1.0).count() as f64 / 400_000.0;
        assert!((reached - law.completed()).abs() < 0.0015, "{reached}, not {}", law.completed());
        assert!((area(&|x| law.density(x), 0.0, 1.0) - (1.0 - law.completed())).abs() < 1e-5);
        fits(&|x| law.density(x), 0.0, 20.0, drawn);
    }

    /// The brief's own numbers: a mean of exactly 8 takes p = 15/7; p = 2 would give 8.25.
    #[test]
    fn the_briefs_session_has_its_power() {
        assert!((SessionLength::default().power() - 15.0 / 7.0).abs() < 1e-12);
        let with_two = SessionLength { mean: 8.25, ..SessionLength::default() };
        assert!((with_two.power() - 2.0).abs() < 1e-12);
    }

    #[test]
    fn the_year_starts_busier_than_it_ends_and_both_than_its_middle() {
        let law = Season::default();
        assert!(law.density(0.05) > law.density(0.95) && law.density(0.95) > law.density(0.5));
        let evening = DayClock::default();
        assert!(evening.density(21.5) > evening.density(9.0) && evening.density(3.0) == 0.0);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let says = |result: Result<()>, text: &str| {
            let message = result.unwrap_err().to_string();
            assert!(message.contains(text), "{message}");
        };
        let law = SessionLength::default();
        says(
            SessionLength { mean: 31.0, ..law }.validate(),
            "`mean` is 31; accepted: above 1, up to 15.5",
        );
        says(SessionLength { mean: 1.0, ..law }.validate(), "`mean`");
        says(SessionLength { longest: 0.5, ..law }.validate(), "`longest`");
        says(SessionLength { shortest: f64::NAN, ..law }.validate(), "`shortest`");
        says(
            Season { strength: 1.2, early: 0.5 }.validate(),
            "`strength` is 1.2; accepted: 0 to 1",
        );
        says(Season { strength: 0.2, early: -0.5 }.validate(), "`early`");
        says(DayClock { working: 2.0 }.validate(), "`working`");
        let law = Progress::default();
        says(
            Progress { median: 0.0, ..law }.validate(),
            "`median` is 0; accepted: above 0, up to 100",
        );
        says(Progress { spread: f64::NAN, ..law }.validate(), "`spread`");
    }

    proptest! {
        #[test]
        fn draws_stay_within_bounds(
            shortest in 0.0..20.0_f64, width in 0.1..600.0_f64, place in 0.01..0.5_f64, seed in any::<u64>(),
        ) {
            let law = SessionLength { shortest, longest: shortest + width, mean: shortest + place * width };
            prop_assert!(law.validate().is_ok());
            let mut rng = stream(seed, "bounds", 0);
            for _ in 0..20 {
                let drawn = law.sample(&mut rng);
                prop_assert!((law.shortest..=law.longest).contains(&drawn));
            }
        }
    }
}
