//! The Gamma–Gamma model of how much an order is worth.
//!
//! # Source
//! P. S. Fader and B. G. S. Hardie (2013), "The Gamma-Gamma model of monetary value".

use statrs::function::gamma::ln_gamma;

use super::bg_nbd::positive;
use super::maximum::{maximise, sum_over};
use super::sample::total;
use crate::error::Result;

/// Describes how much customers spend per order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GammaGamma {
    /// Shape of one order's amount: the higher, the more alike a customer's orders are.
    pub p: f64,
    /// Shape of the customers' distribution. At 1 or below, the tail is so heavy that there is no mean.
    pub q: f64,
    /// Its scale, in the unit of the amounts.
    pub gamma: f64,
    /// The log-likelihood of the customers it was fitted to.
    pub log_likelihood: f64,
}

impl GammaGamma {
    /// Checks every parameter.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for one that is not above 0.
    pub fn validate(&self) -> Result<()> {
        positive("p", self.p)?;
        positive("q", self.q)?;
        positive("gamma", self.gamma)
    }

    /// Returns the mean order amount over all customers, p γ / (q − 1), or `None` if q is not above 1 and the
    /// distribution has no mean.
    ///
    /// ```
    /// use casebook::metrics::clv::GammaGamma;
    ///
    /// let model = GammaGamma { p: 6.0, q: 4.0, gamma: 15.0, log_likelihood: 0.0 };
    /// assert_eq!(model.mean_amount(), Some(30.0));
    /// assert_eq!(GammaGamma { q: 0.9, ..model }.mean_amount(), None);
    /// ```
    pub fn mean_amount(&self) -> Option<f64> {
        self.expected(0.0, 0.0)
    }

    /// Finds the parameters that make numbers of orders and their mean amounts most likely, whatever their order. The
    /// error is the search's own message.
    pub(crate) fn most_likely(mut known: Vec<(f64, f64)>) -> Result<GammaGamma, String> {
        known.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let unit = total(known.iter().map(|one| one.1)) / known.len() as f64;
        let scaled: Vec<(f64, f64)> = known.iter().map(|(x, mean)| (*x, mean / unit)).collect();
        let found = maximise([1.0; 3], |[p, q, gamma]| {
            sum_over(&scaled, |(x, mean)| {
                let px = p * x;
                ln_gamma(px + q) - ln_gamma(px) - ln_gamma(q) + q * gamma.ln() - mean.ln()
                    + px * (x * mean).ln()
                    - (px + q) * (gamma + x * mean).ln()
            })
        })?;
        let [p, q, gamma] = found.parameters;
        let log_likelihood = found.value - known.len() as f64 * unit.ln();
        Ok(GammaGamma { p, q, gamma: gamma * unit, log_likelihood })
    }

    /// Returns the mean amount of future orders, given this many orders with this mean. The customer's own mean is p /
    /// ν with ν ~ Gamma(p x + q, γ + x m), and 1 / ν has an expectation only where p x + q > 1: otherwise none is
    /// returned, where the formula alone would turn negative.
    pub(crate) fn expected(&self, orders: f64, mean: f64) -> Option<f64> {
        let shape = self.p * orders + self.q - 1.0;
        let value = self.p * (self.gamma + orders * mean) / shape;
        (shape > 0.0 && value.is_finite()).then_some(value)
    }
}
