//! How far a session gets through its module.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use statrs::function::erf::erfc;

use crate::error::{Error, Result};

/// How far a session gets through its module: log-normal, so that most get a little way and few reach the
/// end. Progress 1 is the end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Fields")]
pub struct Progress {
    /// The median: half of all sessions get less far; above 0, up to 100.
    median: f64,
    /// Standard deviation of the logarithm; above 0, up to 5.
    spread: f64,
}

impl Default for Progress {
    /// Creates a distribution with a third of the module in the median session; 8 in 100 sessions reach its end.
    fn default() -> Self {
        Progress { median: 0.35, spread: 0.75 }
    }
}

impl Progress {
    /// Creates a log-normal distribution with this median (above 0, up to 100) and this standard deviation of the
    /// logarithm (above 0, up to 5).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig), naming the parameter.
    pub fn new(median: f64, spread: f64) -> Result<Progress> {
        for (field, value, most) in [("median", median, 100.0), ("spread", spread, 5.0)] {
            if !(value > 0.0 && value <= most) {
                return Err(Error::config(field, value, format!("above 0, up to {most}")));
            }
        }
        Ok(Progress { median, spread })
    }

    /// Returns the median: half of all sessions get less far.
    pub fn median(&self) -> f64 {
        self.median
    }

    /// Returns the standard deviation of the logarithm.
    pub fn spread(&self) -> f64 {
        self.spread
    }

    /// Returns the density at a progress, per unit.
    pub fn density(&self, progress: f64) -> f64 {
        if progress <= 0.0 {
            return 0.0;
        }
        let z = (progress / self.median).ln() / self.spread;
        (-z * z / 2.0).exp() / (progress * self.spread * std::f64::consts::TAU.sqrt())
    }

    /// Returns the share of sessions that complete their module: those whose progress passes 1.
    pub fn completed(&self) -> f64 {
        // Upper tail of the normal law.
        erfc(-self.median.ln() / self.spread / std::f64::consts::SQRT_2) / 2.0
    }
}

impl Distribution<f64> for Progress {
    /// Draws a progress.
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        let z: f64 = StandardNormal.sample(rng);
        self.median * (self.spread * z).exp()
    }
}

read_checked!(Progress { median, spread });
