//! Resampling of whole clusters.
//!
//! # Source
//! A. C. Davison and D. V. Hinkley (1997), Bootstrap Methods and their Application, section 3.8.

use rand::RngExt;
use rand_distr::{Binomial, Distribution};
use rayon::prelude::*;

use super::sample::{Summary, quantile, total};
use crate::stream::{Stream, stream};

/// A cluster: the sum of its rows' values, and their number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cluster {
    pub sum: f64,
    pub rows: f64,
}

/// Sorts clusters by their own values, so that the order of rows does not matter.
pub(crate) fn sort(clusters: &mut [Cluster]) {
    clusters.sort_unstable_by(|a, b| a.sum.total_cmp(&b.sum).then(a.rows.total_cmp(&b.rows)));
}

/// The mean of all rows in all clusters.
pub(crate) fn mean(clusters: &[Cluster]) -> f64 {
    total(clusters.iter().map(|one| one.sum)) / total(clusters.iter().map(|one| one.rows))
}

/// What the resamples say about a difference of means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Interval {
    /// 2.5% point.
    pub low: f64,
    /// 97.5% point.
    pub high: f64,
    /// Standard deviation.
    pub se: f64,
}

/// Returns the interval of a difference of means, treatment minus control, from `draws` resamples of sorted clusters.
///
/// `None` with fewer than two clusters in an arm: a single one is drawn every time, so variation between clusters is
/// not observed.
pub(crate) fn difference(
    control: &[Cluster],
    treatment: &[Cluster],
    draws: u32,
    seed: u64,
) -> Option<Interval> {
    if control.len() < 2 || treatment.len() < 2 {
        return None;
    }
    let resampled = |clusters: &[Cluster], table: &str, draw: u64| {
        let mut rng = stream(seed, table, draw);
        let (mut sum, mut rows) = (0.0, 0.0);
        for _ in 0..clusters.len() {
            let one = clusters[rng.random_range(0..clusters.len())];
            sum += one.sum;
            rows += one.rows;
        }
        sum / rows
    };
    let mut drawn: Vec<f64> = (0..u64::from(draws))
        .into_par_iter()
        .map(|draw| {
            resampled(treatment, "bootstrap treatment", draw)
                - resampled(control, "bootstrap control", draw)
        })
        .collect();
    drawn.sort_unstable_by(f64::total_cmp);
    let se = Summary::of(&drawn).variance.sqrt();
    Some(Interval { low: quantile(&drawn, 0.025)?, high: quantile(&drawn, 0.975)?, se })
}

/// Draws as many as there are, with replacement, of things that come in kinds: how many of each kind there are, and how many are drawn.
pub(crate) fn redrawn(kinds: &[f64], rng: &mut Stream) -> Vec<f64> {
    let all: f64 = kinds.iter().sum();
    let (mut kept, mut draws) = (all, all as u64);
    let each = kinds.iter().map(|many| {
        let share = if kept > 0.0 { (many / kept).min(1.0) } else { 0.0 };
        let drawn = Binomial::new(draws, share).map_or(0, |one| one.sample(rng));
        kept -= many;
        draws -= drawn;
        drawn as f64
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_drawn_as_often_as_they_come() {
        let kinds = [50.0, 30.0, 0.0, 1.0, 19.0];
        let mut sums = [[0.0; 2]; 5];
        for draw in 0..4_000 {
            let drawn = redrawn(&kinds, &mut stream(1, "redrawn", draw));
            assert_eq!(drawn.iter().sum::<f64>(), 100.0);
            for (sums, many) in sums.iter_mut().zip(drawn) {
                sums[0] += many / 4_000.0;
                sums[1] += many * many / 4_000.0;
            }
        }
        for ([mean, square], many) in sums.into_iter().zip(kinds) {
            let variance = many * (1.0 - many / 100.0);
            assert!((mean - many).abs() <= 4.0 * (variance / 4_000.0_f64).sqrt(), "{many}: {mean}");
            let found = square - mean * mean;
            assert!((found - variance).abs() <= 0.15 * variance, "{many}: {found}");
        }
    }
}
