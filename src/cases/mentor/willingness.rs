//! What people would pay for half an hour of a mentor, and what they say they would.

use rand_distr::{Distribution, LogNormal};
use serde::{Deserialize, Serialize};

use crate::cases::check::within;
use crate::error::Result;
use crate::stream::Stream;

/// How much people would pay for half an hour: log-normal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Willingness {
    /// The median in US cents; 1 to 100,000,000. Assumed.
    pub median_cents: u32,
    /// The standard deviation of its logarithm; 0 to 3. Assumed.
    pub spread: f64,
    /// How many times what they would pay people say they would; 0.1 to 10. In 28 studies the median was 1.35 (J. J. Murphy
    /// and others, Environmental and Resource Economics 30, 2005).
    pub overstated: f64,
}

impl Default for Willingness {
    fn default() -> Self {
        Willingness { median_cents: 2_000, spread: 0.8, overstated: 1.35 }
    }
}

impl Willingness {
    pub(super) fn validate(&self) -> Result<()> {
        within("median_cents", self.median_cents, 1, 100_000_000)?;
        within("spread", self.spread, 0.0, 3.0)?;
        within("overstated", self.overstated, 0.1, 10.0)
    }

    /// Draws what somebody would pay for half an hour, in US cents.
    pub(super) fn sample(&self, rng: &mut Stream) -> u32 {
        let law = LogNormal::new(f64::from(self.median_cents).ln(), self.spread);
        // A checked spread makes no invalid law; nobody pays more than a u32 holds.
        law.map_or(self.median_cents, |law| law.sample(rng).min(1e9) as u32)
    }

    /// Returns what somebody says who would pay this much: whole dollars.
    pub(super) fn stated(&self, cents: u32) -> i64 {
        (f64::from(cents) * self.overstated / 100.0).round() as i64 * 100
    }
}
