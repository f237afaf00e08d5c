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
