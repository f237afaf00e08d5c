//! Distribution functions behind intervals, tests and power.

use statrs::distribution::{ChiSquared, ContinuousCDF, StudentsT};
use statrs::function::erf::{erfc, erfc_inv};

/// Probability that a standard normal variable is at most `z`.
pub(crate) fn normal_cdf(z: f64) -> f64 {
    erfc(-z / std::f64::consts::SQRT_2) / 2.0
}

/// Probability that a standard normal variable is further from 0 than `z`.
pub(crate) fn normal_two_sided(z: f64) -> f64 {
    erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// The standard normal variable's `p`-quantile.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    -std::f64::consts::SQRT_2 * erfc_inv(2.0 * p)
}

/// Probability that Student's t is further from 0 than `t`.
pub(crate) fn t_two_sided(t: f64, df: f64) -> f64 {
    StudentsT::new(0.0, 1.0, df).map_or(f64::NAN, |law| 2.0 * law.cdf(-t.abs()))
}

/// Student's t's `p`-quantile.
pub(crate) fn t_quantile(p: f64, df: f64) -> f64 {
    // statrs takes minutes for a billion degrees of freedom. Abramowitz and Stegun, 26.7.5: exact to 1e-16 here.
    if df > 1e6 {
        let z = normal_quantile(p);
        let (first, second) =
            ((z.powi(3) + z) / 4.0, (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0);
        return z + first / df + second / df.powi(2);
    }
    StudentsT::new(0.0, 1.0, df).map_or(f64::NAN, |law| law.inverse_cdf(p))
}

/// Probability that chi-square exceeds `x`.
pub(crate) fn chi_square_sf(x: f64, df: f64) -> f64 {
    ChiSquared::new(df).map_or(f64::NAN, |law| law.sf(x.max(0.0)))
}

/// Chi-square's `p`-quantile.
pub(crate) fn chi_square_quantile(p: f64, df: f64) -> f64 {
    ChiSquared::new(df).map_or(f64::NAN, |law| law.inverse_cdf(p))
}

/// Probability that noncentral t is at most `t`: the normal probability, averaged over the distribution of
/// the scale (Simpson's rule; that distribution's constant cancels).
pub(crate) fn noncentral_t_cdf(t: f64, df: f64, shift: f64) -> f64 {
    const STEPS: usize = 4_000;
    let reach = 12.0 / df.sqrt();
    let (from, to) = ((1.0 - reach).max(0.0), 1.0 + reach);
    let step = (to - from) / STEPS as f64;
    let (mut whole, mut below) = (0.0, 0.0);
    for k in 0..=STEPS {
        let s = from + k as f64 * step;
        let simpson = if k == 0 || k == STEPS { 1.0 } else { 2.0 + 2.0 * (k % 2) as f64 };
        let log = if df == 1.0 { 0.0 } else { (df - 1.0) * s.ln() };
        let weight = simpson * (log - df * (s * s - 1.0) / 2.0).exp();
        whole += weight;
        below += weight * normal_cdf(t * s - shift);
    }
    below / whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_becomes_normal() {
        // Where both ways work, they agree.
        for p in [0.9, 0.975, 0.9995] {
            let expansion = t_quantile(p, 1_000_001.0);
            let exact = StudentsT::new(0.0, 1.0, 1_000_001.0).unwrap().inverse_cdf(p);
            assert!((expansion - exact).abs() < 1e-8, "{p}: {expansion} {exact}");
        }
        assert!((t_quantile(0.975, 1e15) - normal_quantile(0.975)).abs() < 1e-12);
    }
}
