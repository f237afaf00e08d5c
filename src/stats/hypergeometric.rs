//! Gauss' hypergeometric function.
//!
//! # Source
//! M. Abramowitz and I. A. Stegun (1964), Handbook of Mathematical Functions, chapter 15.

/// Computes the function for 0 ≤ z < 1 by its series. Returns NaN if ten million terms are not enough, which happens
/// only for z above 0.99999.
pub(crate) fn hypergeometric(a: f64, b: f64, c: f64, z: f64) -> f64 {
    // Euler's transformation: the series converges faster where c is small beside a and b.
    if c < a + b {
        let factor = ((c - a - b) * (1.0 - z).ln()).exp();
        return factor * series(c - a, c - b, c, z);
    }
    series(a, b, c, z)
}

fn series(a: f64, b: f64, c: f64, z: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for n in 0..10_000_000 {
        let n = f64::from(n);
        term *= (a + n) * (b + n) / ((c + n) * (n + 1.0)) * z;
        sum += term;
        // Near 1 the terms fall slowly, and those left are many.
        if term.abs() < 1e-15 * sum.abs() * (10.0 * (1.0 - z)).min(1.0) {
            return sum;
        }
    }
    f64::NAN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_forms() {
        // 2F1(1, 1; 2; z) = −ln(1 − z) / z.
        for z in [0.1_f64, 0.5, 0.9, 0.99] {
            let expected = -(1.0 - z).ln() / z;
            assert!((hypergeometric(1.0, 1.0, 2.0, z) / expected - 1.0).abs() < 1e-10, "{z}");
        }
        for z in [1.0 - 1e-4, 1.0 - 1e-5] {
            let (found, expected) = (hypergeometric(1.0, 1.0, 2.0, z), -(1.0_f64 - z).ln() / z);
            assert!((found / expected - 1.0).abs() < 1e-9, "{z}: {found}, not {expected}");
        }
        // Not a wrong number.
        assert!(hypergeometric(1.0, 1.0, 2.0, 1.0 - 1e-8).is_nan());
        // 2F1(a, b; b; z) = (1 − z)^−a.
        assert!((hypergeometric(3.0, 0.7, 0.7, 0.6) / 0.4_f64.powi(-3) - 1.0).abs() < 1e-10);
    }
}
