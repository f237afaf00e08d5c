//! How long a session lasts.

use rand::{Rng, RngExt};
use rand_distr::Distribution;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How long a session lasts: most are short, a few take nearly as long as possible.
///
/// From `shortest` to `longest`, the density falls as (longest − x)^p; p follows from the mean: p = (longest −
/// shortest) / (mean − shortest) − 2.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Fields")]
pub struct SessionLength {
    /// Minutes; 0 or more.
    shortest: f64,
    /// Minutes; above `shortest`, up to 1,440.
    longest: f64,
    /// Minutes: the exact mean; above `shortest`, and no more than half way to `longest`.
    mean: f64,
}

impl Default for SessionLength {
    /// Creates sessions of 1 to 30 minutes, 8 on average.
    fn default() -> Self {
        SessionLength { shortest: 1.0, longest: 30.0, mean: 8.0 }
    }
}

impl SessionLength {
    /// Creates a distribution on `shortest` (minutes; 0 or more) to `longest` (above `shortest`, up to 1,440) with this
    /// mean (above `shortest`, and no more than half way to `longest`).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig), naming the parameter.
    pub fn new(shortest: f64, longest: f64, mean: f64) -> Result<SessionLength> {
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
            let accepted = format!("above {shortest}, up to {half} minutes");
            return Err(Error::config("mean", mean, accepted));
        }
        Ok(SessionLength { shortest, longest, mean })
    }

    /// Returns the shortest length, in minutes.
    pub fn shortest(&self) -> f64 {
        self.shortest
    }

    /// Returns the longest length, in minutes.
    pub fn longest(&self) -> f64 {
        self.longest
    }

    /// Returns the exact mean, in minutes.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Returns the exponent p of the density.
    pub fn power(&self) -> f64 {
        (self.longest - self.shortest) / (self.mean - self.shortest) - 2.0
    }

    /// Returns the density at a length, per minute.
    pub fn density(&self, minutes: f64) -> f64 {
        let (width, p) = (self.longest - self.shortest, self.power());
        match (self.shortest..=self.longest).contains(&minutes) {
            true => (p + 1.0) / width * ((self.longest - minutes) / width).powf(p),
            false => 0.0,
        }
    }
}

impl Distribution<f64> for SessionLength {
    /// Draws a length in minutes.
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        let left: f64 = rng.random_range(0.0..1.0);
        let width = self.longest - self.shortest;
        self.longest - width * (1.0 - left).powf(1.0 / (self.power() + 1.0))
    }
}

read_checked!(SessionLength { shortest, longest, mean });
