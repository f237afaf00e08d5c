//! The time of day at which things happen.

use rand::{Rng, RngExt};
use rand_distr::Distribution;
use serde::{Deserialize, Serialize};

use super::share;
use crate::error::Result;

/// The distribution of events over a day: a working day and an evening, each rising to its busiest hour and falling
/// from it (a triangle).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Fields")]
pub struct DayClock {
    /// Share of things that happen in the working day; 0 to 1. The rest is the evening's.
    working: f64,
}

impl Default for DayClock {
    /// Creates a day with 40% in the working day, and most in the evening.
    fn default() -> Self {
        DayClock { working: 0.4 }
    }
}

/// From, busiest, to: hours of the day.
const WORKING: [f64; 3] = [7.0, 9.0, 18.0];
const EVENING: [f64; 3] = [18.0, 21.5, 24.0];

impl DayClock {
    /// The day of a tool for work: 70% in the working day.
    pub(crate) const AT_WORK: DayClock = DayClock { working: 0.7 };

    /// Creates a day with the share `working` (0 to 1) in the working day.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig), naming the parameter.
    pub fn new(working: f64) -> Result<DayClock> {
        share("working", working)?;
        Ok(DayClock { working })
    }

    /// Returns the share of things that happen in the working day.
    pub fn working(&self) -> f64 {
        self.working
    }

    /// Returns the density at an hour of the day, from 0 to 24, per hour.
    pub fn density(&self, hour: f64) -> f64 {
        self.working * triangle(WORKING, hour) + (1.0 - self.working) * triangle(EVENING, hour)
    }
}

impl Distribution<f64> for DayClock {
    /// Draws an hour of the day, from 0 to below 24.
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
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

read_checked!(DayClock { working });

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
