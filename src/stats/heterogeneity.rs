//! Whether several estimates are one.
//!
//! # Source
//! W. G. Cochran (1954), "The combination of estimates from different experiments", Biometrics 10;
//! J. P. T. Higgins and S. G. Thompson (2002), "Quantifying heterogeneity in a meta-analysis",
//! Statistics in Medicine 21.

use super::distribution::chi_square_sf;
use super::sample::sum;

/// Cochran's test that estimates differ by chance alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Heterogeneity {
    /// The mean, each estimate weighing the inverse of its variance.
    pub mean: f64,
    pub q: f64,
    pub df: f64,
    pub p_value: f64,
    /// The share of the estimates' variation that chance does not explain.
    pub i_squared: f64,
}

/// Tests pairs of an estimate and its variance, which must be above 0; `None` with fewer than two.
pub(crate) fn cochran(estimates: &[(f64, f64)]) -> Option<Heterogeneity> {
    if estimates.len() < 2 {
        return None;
    }
    // From shares of the smallest variance: the inverse of a tiny one may be too large for a number.
    let least = estimates.iter().map(|one| one.1).fold(f64::INFINITY, f64::min);
    let added = |of: &dyn Fn(f64, f64) -> f64| {
        sum(&estimates.iter().map(|(estimate, v)| of(*estimate, least / v)).collect::<Vec<f64>>())
    };
    let mean = added(&|estimate, weight| weight * estimate) / added(&|_, weight| weight);
    let q = added(&|estimate, weight| weight * (estimate - mean).powi(2)) / least;
    let df = (estimates.len() - 1) as f64;
    let i_squared = if q > df { (q - df) / q } else { 0.0 };
    Some(Heterogeneity { mean, q, df, p_value: chi_square_sf(q, df), i_squared })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_that_agree_are_one() {
        let found = cochran(&[(1.0, 0.5), (1.0, 2.0), (1.0, 0.1)]).unwrap();
        assert_eq!((found.q, found.p_value, found.i_squared, found.mean), (0.0, 1.0, 0.0, 1.0));
        assert!(cochran(&[(1.0, 0.5)]).is_none());
    }

    #[test]
    fn the_unit_does_not_matter() {
        let plain = cochran(&[(1.0, 0.5), (2.0, 2.0), (5.0, 0.25)]).unwrap();
        let unit = 2_f64.powi(-280);
        let tiny = [(1.0, 0.5), (2.0, 2.0), (5.0, 0.25)].map(|(x, v)| (x * unit, v * unit * unit));
        assert_eq!(cochran(&tiny).unwrap().q, plain.q);
    }
}
