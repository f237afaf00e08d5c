//! Sums, means, variances and quantiles with the same bits whatever the order of the values.

use super::exact;

/// Adds values up, in their order. An empty sum is 0; the standard library returns −0.
pub(crate) fn total(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(0.0, |sum, value| sum + value)
}

/// Adds values up, whatever their order.
pub(crate) fn sum(values: &[f64]) -> f64 {
    exact::sum(values.iter().copied())
}

/// The count, mean and variance of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Summary {
    pub n: f64,
    pub mean: f64,
    /// Divided by n − 1; NaN for fewer than two values.
    pub variance: f64,
}

impl Summary {
    pub fn of(values: &[f64]) -> Summary {
        let n = values.len() as f64;
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // Rounding may put the mean of equal values beside them: then they would seem to vary.
        let mean = match values {
            [] => f64::NAN,
            _ => (sum(values) / n).max(least).min(most),
        };
        let squares = exact::sum(values.iter().map(|value| (value - mean).powi(2)));
        Summary { n, mean, variance: squares / (n - 1.0) }
    }
}

/// Returns the `q`-quantile of sorted values, with linear interpolation: NumPy's default and PostgreSQL's
/// `percentile_cont`.
pub(crate) fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = q * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    Some(sorted[below] + (place - below as f64) * (sorted[above] - sorted[below]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn order_does_not_matter(
            (values, shuffled) in prop::collection::vec(-1e9..1e9_f64, 0..60)
                .prop_flat_map(|values| (Just(values.clone()), Just(values).prop_shuffle())),
        ) {
            prop_assert_eq!(sum(&values).to_bits(), sum(&shuffled).to_bits());
            let (a, b) = (Summary::of(&values), Summary::of(&shuffled));
            prop_assert_eq!(a.mean.to_bits(), b.mean.to_bits());
            prop_assert_eq!(a.variance.to_bits(), b.variance.to_bits());
        }
    }

    #[test]
    fn nothing_has_no_mean_and_one_value_no_variance() {
        assert!(Summary::of(&[]).mean.is_nan());
        let one = Summary::of(&[0.1]);
        assert!(one.mean == 0.1 && one.variance.is_nan());
    }

    #[test]
    fn nothing_sums_to_zero() {
        assert!(sum(&[]).is_sign_positive());
    }
}
