//! How often users are resampled for an interval.

use crate::error::{Error, Result};

/// Draws of users, with replacement, from which an interval is made.
///
/// ```
/// use casebook::metrics::experiment::Bootstrap;
///
/// let plenty = Bootstrap { draws: 5_000, ..Bootstrap::default() };
/// assert!(plenty.validate().is_ok());
/// assert!(Bootstrap { draws: 10, seed: 1 }.validate().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Bootstrap {
    /// How many resamples; 100 to 1,000,000.
    pub draws: u32,
    /// The same seed gives the same interval, whatever the thread count and the order of rows.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Bootstrap {
        Bootstrap { draws: 1_000, seed: 42 }
    }
}

impl Bootstrap {
    /// Checks the number of draws.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig), naming the field.
    pub fn validate(&self) -> Result<()> {
        match self.draws {
            100..=1_000_000 => Ok(()),
            draws => Err(Error::config("draws", draws, "100 to 1,000,000")),
        }
    }
}
