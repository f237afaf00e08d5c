//! Silhouettes: how much closer points lie to their own cluster than to the next.
//!
//! # Source
//! P. J. Rousseeuw (1987), "Silhouettes: a graphical aid to the interpretation and validation of cluster
//! analysis", Journal of Computational and Applied Mathematics 20.

use rayon::prelude::*;

use super::points::{Points, distance};

/// Returns the mean silhouette of the points at some indices; `labels` (below `k`) are those points' clusters. `None`
/// for a single cluster. The cost grows with the square of their number.
pub(crate) fn mean(points: &Points, places: &[usize], labels: &[usize], k: usize) -> Option<f64> {
    let mut counts = vec![0.0; k];
    for label in labels {
        counts[*label] += 1.0;
    }
    if counts.iter().filter(|count| **count > 0.0).count() < 2 {
        return None;
    }
    let mut scores: Vec<f64> = places
        .par_iter()
        .zip(labels)
        .map(|(place, own)| {
            if counts[*own] <= 1.0 {
                return 0.0;
            }
            let mut sums = vec![0.0; k];
            for (other, label) in places.iter().zip(labels) {
                sums[*label] += distance(points.at(*place), points.at(*other)).sqrt();
            }
            let inside = sums[*own] / (counts[*own] - 1.0);
            let outside = (0..k)
                .filter(|cluster| cluster != own && counts[*cluster] > 0.0)
                .map(|cluster| sums[cluster] / counts[cluster])
                .fold(f64::INFINITY, f64::min);
            let widest = inside.max(outside);
            if widest > 0.0 { (outside - inside) / widest } else { 0.0 }
        })
        .collect();
    // Equal points may have different labels, and stand in any order: their scores are summed in one of our own.
    scores.sort_unstable_by(f64::total_cmp);
    Some(scores.iter().sum::<f64>() / scores.len() as f64)
}
