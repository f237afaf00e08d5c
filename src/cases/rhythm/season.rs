//! The time of year at which things happen.

use rand::{Rng, RngExt};
use rand_distr::Distribution;
use serde::{Deserialize, Serialize};

use super::share;
use crate::error::Result;

/// The distribution of events over a year: more at its start and its end than in its middle.
///
/// It is a mixture: a share of things is spread evenly over the year; the rest follows a U, whose density grows with
/// the square of the distance from mid-year. The U's left half (to the end of June) has its own share.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Fields")]
pub struct Season {
    /// Share of things that follow the U; 0 to 1.
    strength: f64,
    /// Share of the U that lies in the first half of the year; 0 to 1.
    early: f64,
}

impl Default for Season {
    /// Creates a season in which 60% follow the U, 80% of that in the first half of the year.
    fn default() -> Self {
        Season { strength: 0.6, early: 0.8 }
    }
}

impl Season {
    /// Creates a season in which the share `strength` follows the U, the share `early` of that in the first half of the
    /// year; both 0 to 1.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig), naming the parameter.
    pub fn new(strength: f64, early: f64) -> Result<Season> {
        share("strength", strength)?;
        share("early", early)?;
        Ok(Season { strength, early })
    }

    /// Returns the share of things that follow the U.
    pub fn strength(&self) -> f64 {
        self.strength
    }

    /// Returns the share of the U that lies in the first half of the year.
    pub fn early(&self) -> f64 {
        self.early
    }

    /// Returns the density at a moment of the year, which runs from 0 to 1.
    pub fn density(&self, moment: f64) -> f64 {
        if !(0.0..=1.0).contains(&moment) {
            return 0.0;
        }
        let half = if moment < 0.5 { self.early } else { 1.0 - self.early };
        (1.0 - self.strength) + self.strength * half * 24.0 * (moment - 0.5).powi(2)
    }
}

impl Distribution<f64> for Season {
    /// Draws a moment of the year, from 0 to below 1.
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
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

read_checked!(Season { strength, early });
