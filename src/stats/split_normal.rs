//! The split normal distribution, given by three of its quantiles.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// The 0.95 quantile of the standard normal distribution: the half-width of a 90% interval.
const Z90: f64 = 1.644_853_626_951_472_2;

/// A normal distribution with a scale of its own on each side of the median.
///
/// Its 5%, 50% and 95% quantiles are the three numbers given, for any that do not fall: with a standard normal
/// Z, it is `median + (median − low) / 1.645 · Z` below the median and `median + (high − median) / 1.645 · Z`
/// above. Half of the probability lies on either side. With a range as wide below as above it is the normal
/// distribution; otherwise its density jumps at the median, which no quantile shows.
///
/// # Source
/// Two halves of normal distributions: G. T. Fechner (1897), as told by K. F. Wallis (2014), "The two-piece
/// normal, binormal, or double Gaussian distribution: its origin and rediscoveries", Statistical Science 29.
/// There they meet at the mode; here at the median, since a median and an interval are what experts are asked for:
/// A. O'Hagan et al. (2006), Uncertain Judgements: Eliciting Experts' Probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SplitNormal {
    median: f64,
    /// Standard deviations of the normal distributions below and above.
    scales: [f64; 2],
}

impl SplitNormal {
    /// Creates the distribution with these 5%, 50% and 95% quantiles. `None` unless they are finite and rising;
    /// some may be equal.
    pub fn from_quantiles(low: f64, median: f64, high: f64) -> Option<SplitNormal> {
        if !(low.is_finite() && high.is_finite() && low <= median && median <= high) {
            return None;
        }
        let (below, above) = (median - low, high - median);
        let both = (high - low) / (2.0 * Z90);
        // As wide below as above, but for rounding: one scale.
        let even = (above - below).abs() <= 1e-9 * (high - low);
        let scales = if even { [both; 2] } else { [below / Z90, above / Z90] };
        Some(SplitNormal { median, scales })
    }
}

impl Distribution<f64> for SplitNormal {
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        let z: f64 = StandardNormal.sample(rng);
        self.median + self.scales[usize::from(z > 0.0)] * z
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::stream;
    use proptest::prelude::*;

    fn sampled(law: SplitNormal, draws: usize) -> Vec<f64> {
        let mut rng = stream(7, "split normal", 0);
        let mut values: Vec<f64> = (0..draws).map(|_| law.sample(&mut rng)).collect();
        values.sort_unstable_by(f64::total_cmp);
        values
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]

        /// The share of draws up to each of the three numbers is what they were given as.
        #[test]
        fn its_quantiles_are_those_given(
            low in -1.0..0.0_f64, below in 0.01..1.0_f64, above in 0.01..5.0_f64,
        ) {
            let (median, high) = (low + below, low + below + above);
            let values = sampled(SplitNormal::from_quantiles(low, median, high).unwrap(), 50_000);
            for (bound, share) in [(low, 0.05), (median, 0.5), (high, 0.95)] {
                let found = values.partition_point(|value| *value <= bound) as f64 / 50_000.0;
                // Five standard errors of 50,000 draws.
                prop_assert!((found - share).abs() < 5.0 * (share * (1.0 - share) / 50_000.0_f64).sqrt());
            }
        }
    }

    #[test]
    fn a_symmetric_range_is_the_normal_distribution() {
        let (low, median, high) = (0.4 * 0.156, 0.156, 1.6 * 0.156);
        let law = SplitNormal::from_quantiles(low, median, high).unwrap();
        let (mut rng, mut same) = (stream(7, "split normal", 0), stream(7, "split normal", 0));
        for _ in 0..1_000 {
            let z: f64 = StandardNormal.sample(&mut same);
            assert_eq!(law.sample(&mut rng), median + (high - low) / (2.0 * Z90) * z);
        }
    }

    #[test]
    fn a_range_may_end_at_its_median() {
        let one_sided = sampled(SplitNormal::from_quantiles(0.1, 0.1, 0.5).unwrap(), 10_000);
        assert_eq!(one_sided[0], 0.1);
        let point = sampled(SplitNormal::from_quantiles(0.1, 0.1, 0.1).unwrap(), 100);
        assert!(point.iter().all(|value| *value == 0.1));
        for [low, median, high] in
            [[0.2, 0.1, 0.3], [0.0, f64::NAN, 1.0], [f64::NEG_INFINITY, 0.0, 1.0], [0.0, 2.0, 1.0]]
        {
            assert_eq!(SplitNormal::from_quantiles(low, median, high), None);
        }
    }
}
