//! The rules of the checkout: plain data, checked field by field.

use serde::{Deserialize, Serialize};

use crate::cases::check::{whole, within};
use crate::error::Result;

/// Why an attempt fails, in the order of [`Checkout::codes`]. All but the last can be mended by the shop.
pub const CODES: [&str; 4] = ["payment_error", "timeout", "address_rejected", "card_declined"];
/// How many of the [`CODES`] can be mended.
pub(super) const MENDABLE: usize = 3;
/// What goes wrong at the checkout. All sizes are assumptions: surveys count reasons people give, not failures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Checkout {
    /// Share of intended purchases that are lost to failures; 0 to 0.5.
    pub failure: f64,
    /// Shares of the [`CODES`] among failures; they sum to 1.
    pub codes: [f64; 4],
    /// Share of visits with a failure that try again at once and succeed; 0 to 0.5.
    pub retried: f64,
    /// Probability that somebody who fails, and won't succeed, tries once more; at most two further attempts. 0 to 1.
    pub again: f64,
}

impl Default for Checkout {
    fn default() -> Self {
        Checkout { failure: 0.1, codes: [0.3, 0.2, 0.15, 0.35], retried: 0.25, again: 0.3 }
    }
}

impl Checkout {
    pub(super) fn validate(&self) -> Result<()> {
        within("failure", self.failure, 0.0, 0.5)?;
        self.codes.iter().try_for_each(|share| within("codes", *share, 0.0, 1.0))?;
        whole("codes", self.codes.iter().copied())?;
        within("retried", self.retried, 0.0, 0.5)?;
        within("again", self.again, 0.0, 1.0)
    }

    /// Returns lost intended purchases per order.
    pub(super) fn lost_per_order(&self) -> f64 {
        self.failure / (1.0 - self.failure)
    }

    /// Returns the share of failures that the shop could mend.
    pub(super) fn mendable(&self) -> f64 {
        self.codes[..MENDABLE].iter().sum()
    }
}
