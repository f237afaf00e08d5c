//! Distribution functions behind intervals, tests and power.

use statrs::distribution::{
    Binomial, ChiSquared, ContinuousCDF, DiscreteCDF, FisherSnedecor, StudentsT,
};
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

/// With more degrees of freedom than this, statrs is slow and eventually wrong.
const MANY: f64 = 1e4;

/// Probability that Student's t is further from 0 than `t`.
pub(crate) fn t_two_sided(t: f64, df: f64) -> f64 {
    if df > MANY {
        return normal_two_sided(as_normal(t.abs(), df));
    }
    StudentsT::new(0.0, 1.0, df).map_or(f64::NAN, |law| 2.0 * law.cdf(-t.abs()))
}

/// Student's t's `p`-quantile.
pub(crate) fn t_quantile(p: f64, df: f64) -> f64 {
    // At a million degrees of freedom statrs is off in the third decimal. Abramowitz and Stegun, 26.7.5, whose error is
    // below 1e-12 here.
    if df > MANY {
        let z = normal_quantile(p);
        let odd = |coefficients: [f64; 5]| {
            coefficients.iter().rev().fold(0.0, |sum, each| sum * z * z + each) * z
        };
        let first = odd([1.0, 1.0, 0.0, 0.0, 0.0]) / 4.0;
        let second = odd([3.0, 16.0, 5.0, 0.0, 0.0]) / 96.0;
        let third = odd([-15.0, 17.0, 19.0, 3.0, 0.0]) / 384.0;
        let fourth = odd([-945.0, -1_920.0, 1_482.0, 776.0, 79.0]) / 92_160.0;
        return z + (first + (second + (third + fourth / df) / df) / df) / df;
    }
    StudentsT::new(0.0, 1.0, df).map_or(f64::NAN, |law| law.inverse_cdf(p))
}

/// The normal variable that is as unlikely as `t`, 0 or more, with many degrees of freedom: G. W. Hill (1970), Algorithm
/// 395, Communications of the ACM 13.
fn as_normal(t: f64, df: f64) -> f64 {
    if df.is_infinite() || t.is_infinite() {
        return t;
    }
    let a = df - 0.5;
    let b = 48.0 * a * a;
    let y = a * (t / df * t).ln_1p();
    if y.is_infinite() {
        return y;
    }
    let correction = (((-0.4 * y - 3.3) * y - 24.0) * y - 85.5) / (0.8 * y * y + 100.0 + b);
    ((correction + y + 3.0) / b + 1.0) * y.sqrt()
}

/// Probability that chi-square exceeds `x`; rounding may leave an `x` a little below 0.
pub(crate) fn chi_square_sf(x: f64, df: f64) -> f64 {
    if x.is_nan() {
        return f64::NAN;
    }
    ChiSquared::new(df).map_or(f64::NAN, |law| law.sf(x.max(0.0)))
}

/// Probability that a variable of the F distribution exceeds `x`; rounding may leave an `x` a little below 0.
pub(crate) fn f_sf(x: f64, of: f64, left: f64) -> f64 {
    if x.is_nan() {
        return f64::NAN;
    }
    FisherSnedecor::new(of, left).map_or(f64::NAN, |law| law.sf(x.max(0.0)))
}

/// Probability that of so many trials at least `off` more or fewer, as a share, succeed than `middle`, if each does with probability
/// `share`.
pub(crate) fn binomial_beyond(trials: u64, share: f64, middle: f64, off: f64) -> f64 {
    let Ok(law) = Binomial::new(share, trials) else { return f64::NAN };
    // A count that lies on the edge counts, whatever rounding makes of it.
    let n = trials as f64;
    let (low, high) = (((middle - off) * n + 1e-9).floor(), ((middle + off) * n - 1e-9).ceil());
    let below = if low < 0.0 { 0.0 } else { law.cdf(low as u64) };
    let above = if high <= 0.0 { 1.0 } else { law.sf(high as u64 - 1) };
    (below + above).min(1.0)
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
    fn counts_far_off_are_added_up_exactly() {
        let by_hand = |p: f64, k: &[i32]| -> f64 {
            let ways = [1.0, 4.0, 6.0, 4.0, 1.0];
            k.iter().map(|k| ways[*k as usize] * p.powi(*k) * (1.0 - p).powi(4 - k)).sum()
        };
        for (share, off, counts) in
            [(0.5, 0.5, &[0, 4][..]), (0.5, 0.25, &[0, 1, 3, 4]), (0.3, 0.5, &[0, 4])]
        {
            let found = binomial_beyond(4, share, 0.5, off);
            assert!((found - by_hand(share, counts)).abs() < 1e-12, "{share} {off}: {found}");
        }
        assert_eq!(binomial_beyond(4, 0.5, 0.5, 0.0), 1.0);
        assert_eq!(binomial_beyond(4, 0.0, 0.0, 0.25), 0.0);
    }

    /// Where nobody can tell Student's t from the normal distribution, neither can its probabilities.
    #[test]
    fn probabilities_of_t_become_normal_too() {
        for df in [1.1e4, 1e5, 1e6, 1e8, 1e10, 1e15] {
            for p in [0.6, 0.9, 0.975, 0.999_95] {
                let t = t_quantile(p, df);
                let back = 1.0 - t_two_sided(t, df) / 2.0;
                assert!((back - p).abs() < 1e-9, "{p} with {df}: {back}");
            }
            // Far out it is small, not nothing, and never more than with fewer degrees of freedom.
            let (far, fewer) = (t_two_sided(12.0, df), t_two_sided(12.0, 9_000.0));
            assert!(far > 1e-33 && far < fewer, "12 with {df}: {far}, {fewer} with 9,000");
        }
        assert_eq!(t_two_sided(2.0, f64::INFINITY), normal_two_sided(2.0));
        assert_eq!(t_two_sided(f64::INFINITY, 1e6), 0.0);
        assert!(t_two_sided(f64::NAN, 1e6).is_nan());
        assert_eq!(t_two_sided(0.0, 1e6), 1.0);
    }

    #[test]
    fn what_is_no_number_has_no_probability() {
        assert!(chi_square_sf(f64::NAN, 2.0).is_nan());
        assert_eq!(chi_square_sf(-1e-17, 2.0), 1.0);
        assert!(normal_two_sided(f64::NAN).is_nan() && normal_cdf(f64::NAN).is_nan());
    }

    #[test]
    fn t_becomes_normal() {
        // It is the inverse of the probability, on both sides of where the way changes.
        for p in [0.6, 0.9, 0.975, 0.9995] {
            for df in [9_999.0, 10_001.0, 30_000.0] {
                let back = 1.0 - t_two_sided(t_quantile(p, df), df) / 2.0;
                assert!((back - p).abs() < 1e-8, "{p} with {df}: {back}");
            }
        }
        // SciPy: stats.t.ppf(0.975, 1e6).
        assert!((t_quantile(0.975, 1e6) - 1.959_966_357).abs() < 1e-8);
        assert!((t_quantile(0.975, 1e15) - normal_quantile(0.975)).abs() < 1e-12);
    }
}
