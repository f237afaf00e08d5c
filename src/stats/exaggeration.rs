//! By how much a significant estimate exaggerates, and how often it has the wrong sign.
//!
//! # Source
//! A. Gelman and J. Carlin (2014), "Beyond power calculations: assessing type S (sign) and type M
//! (magnitude) errors", Perspectives on Psychological Science 9; in closed form: J. Lu, Y. Qiu and
//! A. Deng (2019), "A note on type S/M errors in hypothesis testing", British Journal of
//! Mathematical and Statistical Psychology 72.

use super::distribution::{normal_cdf, normal_quantile};
use crate::error::{Error, Result};

/// What significance does to estimates, where the true effect and the standard error are known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exaggeration {
    /// Probability that the estimate is significant.
    pub power: f64,
    /// Probability that a significant estimate has the wrong sign: type S.
    pub wrong_sign: f64,
    /// Mean size of a significant estimate as a multiple of the true size: type M, the exaggeration
    /// ratio.
    pub ratio: f64,
}

/// Computes what to expect of a significant estimate: its power, type S error and type M error.
///
/// Estimates are normal around the true `effect` with the standard error `error`; the test is
/// two-sided at `alpha`.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for an effect of 0, an error that
/// is not above 0, or an alpha outside 0 to 1.
///
/// ```
/// use casebook::metrics::experiment::exaggeration;
///
/// // The paper's example: a true effect of 0.1 with a standard error of 3.28 is measured 77 times too large.
/// let found = exaggeration(0.1, 3.28, 0.05)?;
/// assert!((found.ratio - 76.7).abs() < 0.5 && (found.wrong_sign - 0.46).abs() < 0.01);
/// // With a power of 80% there is little to fear.
/// assert!(exaggeration(2.8, 1.0, 0.05)?.ratio < 1.13);
/// # Ok::<(), casebook::Error>(())
/// ```
///
/// # Source
/// A. Gelman and J. Carlin (2014), "Beyond power calculations"; in closed form: J. Lu, Y. Qiu and
/// A. Deng (2019).
pub fn exaggeration(effect: f64, error: f64, alpha: f64) -> Result<Exaggeration> {
    if !(effect != 0.0 && effect.is_finite()) {
        return Err(Error::config("effect", effect, "finite and not 0"));
    }
    if !(error > 0.0 && error.is_finite()) {
        return Err(Error::config("error", error, "finite and above 0"));
    }
    if !(alpha > 0.0 && alpha < 1.0) {
        return Err(Error::config("alpha", alpha, "between 0 and 1"));
    }
    let size = effect.abs() / error;
    if !(size.is_normal()) {
        return Err(Error::config("effect", effect, "of a size that compares with the error's"));
    }
    let z = -normal_quantile(alpha / 2.0);
    let (right, wrong) = (normal_cdf(size - z), normal_cdf(-z - size));
    let power = right + wrong;
    let density = |x: f64| (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt();
    // The mean of the estimate's absolute value where it is beyond ±z, times the power.
    let beyond = density(z - size) + density(z + size) + size * (right - wrong);
    Ok(Exaggeration { power, wrong_sign: wrong / power, ratio: beyond / (size * power) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The paper's examples, to their digits.
    #[test]
    fn agrees_with_the_paper() {
        for (effect, error, power, wrong, ratio) in [
            (0.3, 3.28, 0.051, 0.39, 25.6),
            (2.0, 8.1, 0.057, 0.24, 9.7),
            (2.8, 1.0, 0.80, 0.0, 1.12),
        ] {
            let found = exaggeration(effect, error, 0.05).unwrap();
            assert!((found.power - power).abs() < 0.001, "{found:?}");
            assert!((found.wrong_sign - wrong).abs() < 0.01, "{found:?}");
            assert!((found.ratio - ratio).abs() < 0.02 * ratio, "{found:?}");
        }
    }

    #[test]
    fn sign_and_unit_do_not_matter() {
        let found = exaggeration(0.5, 1.0, 0.05).unwrap();
        assert_eq!(exaggeration(-0.5, 1.0, 0.05).unwrap(), found);
        assert_eq!(exaggeration(2_f64.powi(-301), 2_f64.powi(-300), 0.05).unwrap(), found);
        assert!(found.ratio > 1.0);
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        for (effect, error, alpha, named) in [
            (0.0, 1.0, 0.05, "`effect`"),
            (1e-320, 1e300, 0.05, "`effect`"),
            (1.0, 0.0, 0.05, "`error`"),
            (1.0, f64::NAN, 0.05, "`error`"),
            (1.0, 1.0, 1.0, "`alpha`"),
        ] {
            let said = exaggeration(effect, error, alpha).unwrap_err().to_string();
            assert!(said.contains(named), "{said}");
        }
    }
}
