//! The beta–binomial model of repeated tries.
//!
//! # Source
//! J. G. Skellam (1948), "A probability distribution derived from the binomial distribution by regarding the
//! probability of success as variable between the sets of trials", Journal of the Royal Statistical Society B 10.

use statrs::function::gamma::ln_gamma;

use super::bg_nbd::positive;
use super::maximum::{maximise, sum_over};
use crate::error::Result;

/// Describes how often tries succeed if each user has a probability of their own, such as visits that end in an order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BetaBinomial {
    /// First parameter of the probabilities' Beta distribution.
    pub a: f64,
    /// Its second: the mean probability is a / (a + b).
    pub b: f64,
    /// The log-likelihood of the users it was fitted to.
    pub log_likelihood: f64,
}

impl BetaBinomial {
    /// Checks every parameter.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for one that is not above 0.
    pub fn validate(&self) -> Result<()> {
        positive("a", self.a)?;
        positive("b", self.b)
    }

    /// Finds the parameters that make trials and successes most likely, whatever their order. The error is the search's
    /// own message.
    pub(crate) fn most_likely(mut counts: Vec<(f64, f64)>) -> Result<BetaBinomial, String> {
        counts.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let found = maximise([0.0; 2], |[a, b]| {
            sum_over(&counts, |(n, k)| {
                ln_gamma(a + k) + ln_gamma(b + n - k)
                    - ln_gamma(a + b + n)
                    - ln_gamma(a)
                    - ln_gamma(b)
                    + ln_gamma(a + b)
            })
        })?;
        let [a, b] = found.parameters;
        Ok(BetaBinomial { a, b, log_likelihood: found.value })
    }

    /// Returns the probability that someone with these counts succeeds.
    pub(crate) fn expected(&self, (trials, successes): (f64, f64)) -> f64 {
        (self.a + successes) / (self.a + self.b + trials)
    }
}
