//! Quantiles of rows that go together.
//!
//! # Source
//! A. Deng, U. Knoblich and J. Lu (2018), "Applying the delta method in metric analytics: a
//! practical guide with novel ideas", KDD, section 4: the outer interval, its ranks widened by the
//! delta method.

use super::interval::Z95;
use super::sample::{quantile, sum};

/// Values with their cluster, from the smallest.
pub(crate) struct Clustered {
    values: Vec<f64>,
    clusters: Vec<u32>,
}

/// A quantile and its standard error; none where the interval would need ranks that are not there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Quantile {
    pub value: f64,
    pub error: Option<f64>,
}

impl Clustered {
    /// Takes rows in any order; clusters are numbered from 0.
    pub fn new(mut rows: Vec<(f64, u32)>) -> Clustered {
        rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let (values, clusters) = rows.into_iter().unzip();
        Clustered { values, clusters }
    }

    /// Counts the clusters.
    pub fn count(&self) -> usize {
        let mut clusters = self.clusters.clone();
        clusters.sort_unstable();
        clusters.dedup();
        clusters.len()
    }

    pub fn quantile(&self, q: f64) -> Option<Quantile> {
        let value = quantile(&self.values, q)?;
        let n = self.values.len() as f64;
        let error = self.share_error(value).and_then(|error| {
            // Ranks from 1: outside, nothing bounds the quantile.
            let (low, high) = ((n * (q - Z95 * error)).floor(), (n * (q + Z95 * error)).ceil());
            let inside = low >= 1.0 && high <= n;
            let at = |rank: f64| self.values[rank as usize - 1];
            inside.then(|| (at(high) - at(low)) / (2.0 * Z95))
        });
        Some(Quantile { value, error })
    }

    /// The standard error of the share of rows at most a value: a ratio of sums over clusters.
    fn share_error(&self, value: f64) -> Option<f64> {
        let most = self.clusters.iter().max()?;
        let mut counts = vec![(0.0, 0.0); *most as usize + 1];
        for (found, cluster) in self.values.iter().zip(&self.clusters) {
            let (below, all) = &mut counts[*cluster as usize];
            *below += f64::from(u8::from(*found <= value));
            *all += 1.0;
        }
        counts.retain(|count| count.1 > 0.0);
        let clusters = counts.len() as f64;
        let rows = self.values.len() as f64;
        let below = counts.iter().map(|count| count.0).sum::<f64>();
        let squares: Vec<f64> =
            counts.iter().map(|(k, n)| (k - n * below / rows).powi(2)).collect();
        let variance = sum(&squares) * clusters / (clusters - 1.0) / (rows * rows);
        (clusters >= 2.0).then(|| variance.sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_their_own_have_the_binomial_error() {
        let rows = Clustered::new((0..101).map(|row| (f64::from(row), row)).collect());
        let found = rows.quantile(0.5).unwrap();
        assert_eq!((found.value, rows.count()), (50.0, 101));
        // 51 of 101 are at most 50; the variance is p (1 − p) / (n − 1).
        let p = 51.0 / 101.0;
        let error = (p * (1.0_f64 - p) / 100.0).sqrt();
        assert!((rows.share_error(50.0).unwrap() - error).abs() < 1e-15);
        // Ranks 40 to 61 of values that are one apart.
        let ranks = (101.0 * (0.5 + Z95 * error)).ceil() - (101.0 * (0.5 - Z95 * error)).floor();
        assert_eq!(found.error, Some(ranks / (2.0 * Z95)));
    }

    #[test]
    fn copies_of_a_row_add_nothing() {
        let of = |copies: u32| {
            let rows = (0..101).flat_map(|row| (0..copies).map(move |_| (f64::from(row), row)));
            Clustered::new(rows.collect()).share_error(50.0).unwrap()
        };
        assert!((of(1) - of(7)).abs() < 1e-15);
    }

    #[test]
    fn few_rows_have_no_interval() {
        let rows = Clustered::new((0..20).map(|row| (f64::from(row), row)).collect());
        assert_eq!(rows.quantile(0.99).unwrap().error, None);
        assert_eq!(Clustered::new(vec![(1.0, 0), (2.0, 0)]).quantile(0.5).unwrap().error, None);
        assert_eq!(Clustered::new(vec![]).quantile(0.5), None);
    }
}
