//! When in the year and in the day people come, how long they stay and how far they get: distributions that can
//! be looked at before anything is simulated.
//!
//! Each works like the distributions of `rand_distr`: `new` checks the parameters, and [`Distribution`] draws. Each has
//! a `density` to plot.
//!
//! ```
//! use casebook::cases::rhythm::{Distribution, SessionLength};
//! use casebook::stream::stream;
//!
//! let law = SessionLength::new(1.0, 30.0, 8.0)?; // 1 to 30 minutes, 8 on average
//! let mut rng = stream(42, "example", 1);
//! let minutes: Vec<f64> = (0..2_000).map(|_| law.sample(&mut rng)).collect();
//! let mean = minutes.iter().sum::<f64>() / 2_000.0;
//! assert!((mean - 8.0).abs() < 0.5);
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! # How
//! Most are sampled by inverting their distribution function. Powers, roots and exponentials may differ in the last bit
//! between machines, so values in the data are rounded to whole seconds or thousandths.

/// Reads a distribution's parameters from a configuration: missing ones take the default, unknown ones are refused, and
/// `new` checks them.
macro_rules! read_checked {
    ($law:ident { $($field:ident),+ }) => {
        #[derive(serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        struct Fields {
            $($field: f64),+
        }

        impl Default for Fields {
            fn default() -> Self {
                let $law { $($field),+ } = $law::default();
                Fields { $($field),+ }
            }
        }

        impl TryFrom<Fields> for $law {
            type Error = $crate::error::Error;

            fn try_from(fields: Fields) -> $crate::error::Result<$law> {
                $law::new($(fields.$field),+)
            }
        }
    };
}

mod day_clock;
mod progress;
mod season;
mod session_length;

use crate::error::{Error, Result};
pub use day_clock::DayClock;
pub use progress::Progress;
pub use rand_distr::Distribution;
pub use season::Season;
pub use session_length::SessionLength;

fn share(field: &'static str, value: f64) -> Result<()> {
    match (0.0..=1.0).contains(&value) {
        true => Ok(()),
        false => Err(Error::config(field, value, "0 to 1")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::stream;
    use proptest::prelude::*;

    /// Computes the area under a density up to a point, by the trapezoid rule.
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
            let law = SessionLength::new(1.0, 30.0, mean).unwrap();
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
            let law = Season::new(strength, early).unwrap();
            fits(
                &|x| law.density(x),
                0.0,
                1.0,
                (0..20_000).map(|_| law.sample(&mut rng)).collect(),
            );
        }
        for working in [0.0, 0.4, 1.0] {
            let law = DayClock::new(working).unwrap();
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
        let with_two = SessionLength::new(1.0, 30.0, 8.25).unwrap();
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
        fn says<T>(result: Result<T>, text: &str) {
            let message = result.err().unwrap().to_string();
            assert!(message.contains(text), "{message}");
        }
        let long = "`mean` is 31; accepted: above 1, up to 15.5";
        says(SessionLength::new(1.0, 30.0, 31.0), long);
        says(SessionLength::new(1.0, 30.0, 1.0), "`mean`");
        says(SessionLength::new(1.0, 0.5, 8.0), "`longest`");
        says(SessionLength::new(f64::NAN, 30.0, 8.0), "`shortest`");
        says(Season::new(1.2, 0.5), "`strength` is 1.2; accepted: 0 to 1");
        says(Season::new(0.2, -0.5), "`early`");
        says(DayClock::new(2.0), "`working`");
        says(Progress::new(0.0, 0.75), "`median` is 0; accepted: above 0, up to 100");
        says(Progress::new(0.35, f64::NAN), "`spread`");
    }

    /// Parameters read from a file are checked like those set in a program.
    #[test]
    fn parameters_are_checked_when_they_are_read() {
        let read = |text: &str| serde_json::from_str::<SessionLength>(text);
        let nine = SessionLength::new(1.0, 30.0, 9.0).unwrap();
        assert_eq!(read(r#"{"mean": 9}"#).unwrap(), nine);
        assert_eq!(read(&serde_json::to_string(&nine).unwrap()).unwrap(), nine);
        for (text, named) in [(r#"{"mean": 31}"#, "`mean` is 31"), (r#"{"means": 9}"#, "`means`")] {
            let told = read(text).unwrap_err().to_string();
            assert!(told.contains(named), "{told}");
        }
    }

    proptest! {
        #[test]
        fn draws_stay_within_bounds(
            shortest in 0.0..20.0_f64, width in 0.1..600.0_f64, place in 0.01..0.5_f64, seed in any::<u64>(),
        ) {
            let longest = shortest + width;
            let law = SessionLength::new(shortest, longest, shortest + place * width).unwrap();
            let mut rng = stream(seed, "bounds", 0);
            for _ in 0..20 {
                let drawn = law.sample(&mut rng);
                prop_assert!((shortest..=longest).contains(&drawn));
            }
        }
    }
}
