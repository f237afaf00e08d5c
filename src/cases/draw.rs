//! Draws that every generator needs: a yes or no, one of several things.

use rand::RngExt;

use crate::stream::Stream;

/// Returns cumulative shares, for [`place`].
pub(super) fn sums(shares: impl Iterator<Item = f64>) -> Vec<f64> {
    let add = |sum: &mut f64, share| {
        *sum += share;
        Some(*sum)
    };
    shares.scan(0.0, add).collect()
}

/// Draws one of several things by their cumulative shares, and returns its index.
pub(super) fn place(sums: &[f64], rng: &mut Stream) -> usize {
    let drawn = uniform(rng);
    sums.partition_point(|sum| *sum <= drawn).min(sums.len() - 1)
}

/// Draws a number from 0 to below 1.
pub(super) fn uniform(rng: &mut Stream) -> f64 {
    rng.random_range(0.0..1.0)
}

/// Returns true with a probability from 0 to 1.
pub(super) fn chance(rng: &mut Stream, probability: f64) -> bool {
    uniform(rng) < probability
}
