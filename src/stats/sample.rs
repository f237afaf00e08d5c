//! Sums, means, variances and quantiles with the same bits whatever the order of the values.
//!
//! A sum of floats depends on the order in which they are added. Here values are sorted first, so that
//! shuffled rows give the same result to the last digit.

use std::borrow::Cow;

/// The values from the smallest to the largest; not copied if they are sorted already.
pub(crate) fn sorted(values: &[f64]) -> Cow<'_, [f64]> {
    if values.is_sorted_by(|a, b| a.total_cmp(b).is_le()) {
        return Cow::Borrowed(values);
    }
    let mut own = values.to_vec();
    own.sort_unstable_by(f64::total_cmp);
    Cow::Owned(own)
}

/// Adds values up, in their order. Nothing sums to 0, where the standard library says −0.
pub(crate) fn total(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(0.0, |sum, value| sum + value)
}

/// Adds values up, whatever their order.
pub(crate) fn sum(values: &[f64]) -> f64 {
    total(sorted(values).iter().copied())
}

/// Count, mean and variance of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Summary {
    pub n: f64,
    pub mean: f64,
    /// Over n − 1; not a number for fewer than two values.
    pub variance: f64,
}

impl Summary {
    pub fn of(values: &[f64]) -> Summary {
        let values = sorted(values);
        let n = values.len() as f64;
        let mean = total(values.iter().copied()) / n;
        let squares = total(values.iter().map(|value| (value - mean).powi(2)));
        Summary { n, mean, variance: squares / (n - 1.0) }
    }
}

/// The `q`-quantile of sorted values, with linear interpolation: NumPy's default and PostgreSQL's
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
    fn nothing_sums_to_zero() {
        assert!(sum(&[]).is_sign_positive());
    }
}
