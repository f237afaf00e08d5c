//! Intervals and tests of an estimate whose variance is a sum of parts, each estimated by itself.
//!
//! # Source
//! F. E. Satterthwaite (1946), "An approximate distribution of estimates of variance components",
//! Biometrics Bulletin 2.

use super::difference::Difference;
use super::distribution::{t_quantile, t_two_sided};
use super::sample::sum;

/// Tests an estimate by its parts: the variance that each contributes, and its degrees of freedom.
/// Everything but the estimate is not a number if no part varies.
pub(crate) fn compare(estimate: f64, parts: &[(f64, f64)]) -> Difference {
    let variance = sum(&parts.iter().map(|part| part.0).collect::<Vec<f64>>());
    // From shares: the variances' own squares may be too large or small for a number.
    let squares: Vec<f64> = parts.iter().map(|(v, df)| (v / variance).powi(2) / df).collect();
    let df = 1.0 / sum(&squares);
    let se = variance.sqrt();
    let t = estimate / se;
    let half = t_quantile(0.975, df) * se;
    Difference {
        estimate,
        low: estimate - half,
        high: estimate + half,
        statistic: t,
        df,
        p_value: t_two_sided(t, df),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::sample::Summary;

    /// Welch's test by its formulas.
    #[test]
    fn two_parts_are_welchs_test() {
        let (a, b) = (Summary::of(&[1.0, 2.0, 4.0]), Summary::of(&[2.0, 5.0, 9.0, 9.0]));
        let part = |one: Summary| (one.variance / one.n, one.n - 1.0);
        let found = compare(b.mean - a.mean, &[part(a), part(b)]);
        let (v, w) = (7.0_f64 / 9.0, 34.75_f64 / 12.0);
        let df = (v + w).powi(2) / (v.powi(2) / 2.0 + w.powi(2) / 3.0);
        let t = (6.25 - 7.0 / 3.0) / f64::sqrt(v + w);
        assert!((found.df - df).abs() < 1e-12 && (found.statistic - t).abs() < 1e-12, "{found:?}");
        assert!((found.p_value - t_two_sided(t, df)).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn what_does_not_vary_has_no_interval() {
        let found = compare(1.0, &[(0.0, 3.0), (0.0, 4.0)]);
        assert!(found.estimate == 1.0 && found.low.is_nan() && found.p_value.is_nan(), "{found:?}");
    }
}
