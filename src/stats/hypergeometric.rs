//! Gauss' hypergeometric function.
//!
//! # Source
//! M. Abramowitz and I. A. Stegun (1964), Handbook of Mathematical Functions, chapter 15.

/// (1 − z)^`power` ₂F₁(a, b; c; z) for 0 ≤ z < 1, by the function's series. The power is part of it because the product
/// is moderate where each factor alone is beyond any float. Not a number where ten million terms are not enough, which
/// takes a z above 0.99999.
pub(crate) fn hypergeometric(power: f64, (a, b, c): (f64, f64, f64), z: f64) -> f64 {
    // Euler's transformation: the series converges faster where c is small beside a and b.
    let (power, a, b) = match c < a + b {
        true => (power + c - a - b, c - a, c - b),
        false => (power, a, b),
    };
    (power * (-z).ln_1p()).exp() * series(a, b, c, z)
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
        let logarithm = |z| hypergeometric(0.0, (1.0, 1.0, 2.0), z);
        for z in [0.1_f64, 0.5, 0.9, 0.99] {
            let expected = -(1.0 - z).ln() / z;
            assert!((logarithm(z) / expected - 1.0).abs() < 1e-10, "{z}");
        }
        for z in [1.0 - 1e-4, 1.0 - 1e-5] {
            let (found, expected) = (logarithm(z), -(1.0_f64 - z).ln() / z);
            assert!((found / expected - 1.0).abs() < 1e-9, "{z}: {found}, not {expected}");
        }
        // Not a wrong number.
        assert!(logarithm(1.0 - 1e-8).is_nan());
        // 2F1(a, b; b; z) = (1 − z)^−a.
        let power = hypergeometric(0.0, (3.0, 0.7, 0.7), 0.6);
        assert!((power / 0.4_f64.powi(-3) - 1.0).abs() < 1e-10);
        // (1 − z)^a of it is 1, though either factor is beyond any float.
        let power = hypergeometric(500.0, (500.0, 0.7, 0.7), 0.999);
        assert!((power - 1.0).abs() < 1e-10, "{power}");
    }
}
