//! Whether several estimates are one.
//!
//! # Source
//! W. G. Cochran (1954), "The combination of estimates from different experiments", Biometrics 10;
//! J. P. T. Higgins and S. G. Thompson (2002), "Quantifying heterogeneity in a meta-analysis",
//! Statistics in Medicine 21; S. Holm (1979), "A simple sequentially rejective multiple test
//! procedure", Scandinavian Journal of Statistics 6.

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

/// Adjusts p values, in their order, so that any false rejection among those at most `level` has at
/// most that probability.
pub(crate) fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut most = 0.0_f64;
    for (rank, place) in order.iter().enumerate() {
        most = most.max(p_values[*place] * (order.len() - rank) as f64).min(1.0);
        adjusted[*place] = most;
    }
    adjusted
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

    /// statsmodels 0.15.0: `multipletests([.01, .04, .03, .2], method="holm")`.
    #[test]
    fn agrees_with_statsmodels() {
        for (found, expected) in holm(&[0.01, 0.04, 0.03, 0.2]).iter().zip([0.04, 0.09, 0.09, 0.2])
        {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert!(holm(&[]).is_empty());
    }

    #[test]
    fn the_unit_does_not_matter() {
        let plain = cochran(&[(1.0, 0.5), (2.0, 2.0), (5.0, 0.25)]).unwrap();
        let unit = 2_f64.powi(-280);
        let tiny = [(1.0, 0.5), (2.0, 2.0), (5.0, 0.25)].map(|(x, v)| (x * unit, v * unit * unit));
        assert_eq!(cochran(&tiny).unwrap().q, plain.q);
    }
}
