//! Many tests at once.
//!
//! # Source
//! Y. Benjamini and Y. Hochberg (1995), "Controlling the false discovery rate: a practical and powerful
//! approach to multiple testing", Journal of the Royal Statistical Society B 57; S. Holm (1979), "A simple
//! sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6.

/// Adjusts p values by the Benjamini–Hochberg procedure, in their order. Each must lie in 0 to 1.
pub(crate) fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut least = 1.0_f64;
    for (rank, place) in order.iter().enumerate().rev() {
        least = least.min(p_values[*place] * order.len() as f64 / (rank + 1) as f64);
        adjusted[*place] = least;
    }
    adjusted
}

/// Adjusts p values by Holm's procedure, in their order. Each must lie in 0 to 1.
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

    /// statsmodels 0.15.0: `multipletests([.01, .04, .03, .2], method="holm")`.
    #[test]
    fn holm_equals_statsmodels() {
        for (found, expected) in holm(&[0.01, 0.04, 0.03, 0.2]).iter().zip([0.04, 0.09, 0.09, 0.2])
        {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }

    /// 0.005 × 4, 0.01 × 3, 0.02 × 2; 0.03 × 1 is not below the one before.
    #[test]
    fn holm_steps_down() {
        let found = holm(&[0.01, 0.02, 0.03, 0.005]);
        for (found, expected) in found.iter().zip([0.03, 0.04, 0.04, 0.02]) {
            assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
        }
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
        assert!(holm(&[]).is_empty());
    }
}
