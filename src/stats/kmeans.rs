//! K-means: groups of points around their means.
//!
//! # Source
//! S. P. Lloyd (1982), "Least squares quantization in PCM". Starts: D. Arthur and S. Vassilvitskii (2007),
//! "k-means++: the advantages of careful seeding", in the greedy variant of their section 7 (the best of several
//! candidates for each centroid), with as many candidates as scikit-learn tries.

use std::collections::BTreeSet;

use rand::RngExt;
use rayon::prelude::*;

use super::points::{Points, distance};
use crate::stream::{Stream, stream};

/// Points that a thread takes at once. Sums are made per stretch and added in order, so that the thread
/// count does not matter.
const STRETCH: usize = 4_096;

/// Where the algorithm ended.
pub(crate) struct Fit {
    /// The cluster of each point.
    pub labels: Vec<u32>,
    /// Centroid by centroid.
    pub centroids: Vec<f64>,
    /// The sum of squared distances from each point to its centroid.
    pub inertia: f64,
}

/// Draws starting centroids: the first at random; for each further one, some candidates with a probability proportional
/// to the squared distance from the nearest centroid so far, of which the one that lowers the inertia most is kept.
pub(crate) fn plus_plus(points: &Points, k: usize, seed: u64, start: u64) -> Vec<f64> {
    let mut rng = stream(seed, "k-means++", start);
    let candidates = 2 + (k as f64).ln() as usize;
    let mut centroids = points.at(rng.random_range(0..points.rows)).to_vec();
    let mut nearest = vec![f64::INFINITY; points.rows];
    let mut inertia = approach(points, &centroids, &mut nearest);
    while centroids.len() < k * points.dims {
        let drawn: Vec<usize> =
            (0..candidates).map(|_| by_weight(&nearest, inertia, &mut rng)).collect();
        let best = drawn
            .into_iter()
            .map(|place| (place, inertia_with(points, points.at(place), &nearest)))
            .reduce(|best, other| if other.1 < best.1 { other } else { best })
            .map_or(0, |(place, _)| place);
        let chosen = points.at(best).to_vec();
        inertia = approach(points, &chosen, &mut nearest);
        centroids.extend(chosen);
    }
    centroids
}

/// Lowers each point's squared distance to the nearest centroid by one more centroid; returns their sum.
fn approach(points: &Points, centroid: &[f64], nearest: &mut [f64]) -> f64 {
    let sums: Vec<f64> = nearest
        .par_chunks_mut(STRETCH)
        .enumerate()
        .map(|(stretch, nearest)| {
            let mut sum = 0.0;
            for (place, nearest) in nearest.iter_mut().enumerate() {
                let point = points.at(stretch * STRETCH + place);
                *nearest = nearest.min(distance(point, centroid));
                sum += *nearest;
            }
            sum
        })
        .collect();
    sums.iter().sum()
}

/// The sum that [`approach`] would return.
fn inertia_with(points: &Points, centroid: &[f64], nearest: &[f64]) -> f64 {
    let sums: Vec<f64> = nearest
        .par_chunks(STRETCH)
        .enumerate()
        .map(|(stretch, nearest)| {
            let far = |(place, nearest): (usize, &f64)| {
                nearest.min(distance(points.at(stretch * STRETCH + place), centroid))
            };
            nearest.iter().enumerate().map(far).sum()
        })
        .collect();
    sums.iter().sum()
}

/// Draws an index with a probability proportional to its weight.
fn by_weight(weights: &[f64], total: f64, rng: &mut Stream) -> usize {
    let mut left = rng.random_range(0.0..1.0) * total;
    for (place, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 && *weight > 0.0 {
            return place;
        }
    }
    // Rounding may leave a little: the heaviest place.
    let heaviest = weights.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    heaviest.map_or(0, |(place, _)| place)
}

/// Runs Lloyd's algorithm until no point changes its cluster. A cluster that loses its last point takes the one
/// furthest from its centroid.
pub(crate) fn lloyd(points: &Points, mut centroids: Vec<f64>) -> Fit {
    let dims = points.dims;
    let k = centroids.len() / dims.max(1);
    let mut labels = vec![u32::MAX; points.rows];
    let mut distances = vec![0.0; points.rows];
    // Ends by itself: every round lowers the inertia or changes nothing. The limit is for the rounding.
    for _ in 0..10_000 {
        let parts: Vec<Assigned> = labels
            .par_chunks_mut(STRETCH)
            .zip(distances.par_chunks_mut(STRETCH))
            .enumerate()
            .map(|(stretch, (labels, distances))| {
                let rows = &points.values[stretch * STRETCH * dims..];
                assign(rows, dims, &centroids, labels, distances)
            })
            .collect();
        if !parts.iter().any(|part| part.0) {
            break;
        }
        let (mut sums, mut counts) = (vec![0.0; k * dims], vec![0.0; k]);
        for (_, part_sums, part_counts) in &parts {
            sums.iter_mut().zip(part_sums).for_each(|(all, part)| *all += part);
            counts.iter_mut().zip(part_counts).for_each(|(all, part)| *all += part);
        }
        let mut taken: BTreeSet<usize> = BTreeSet::new();
        for cluster in 0..k {
            if counts[cluster] > 0.0 {
                continue;
            }
            let furthest = (0..points.rows)
                .filter(|row| !taken.contains(row) && counts[labels[*row] as usize] > 1.0)
                .max_by(|a, b| distances[*a].total_cmp(&distances[*b]).then(b.cmp(a)));
            let Some(row) = furthest else { continue };
            taken.insert(row);
            let from = labels[row] as usize;
            for dim in 0..dims {
                sums[from * dims + dim] -= points.at(row)[dim];
                sums[cluster * dims + dim] = points.at(row)[dim];
            }
            counts[from] -= 1.0;
            counts[cluster] = 1.0;
        }
        for cluster in (0..k).filter(|cluster| counts[*cluster] > 0.0) {
            for dim in 0..dims {
                centroids[cluster * dims + dim] = sums[cluster * dims + dim] / counts[cluster];
            }
        }
    }
    let inertia = distances.iter().sum();
    Fit { labels, centroids, inertia }
}

/// Whether any row's centroid changed, and the sum and the number of rows of each cluster.
type Assigned = (bool, Vec<f64>, Vec<f64>);

/// Assigns each row to the nearest centroid, or to the first if several are equally near.
fn assign(
    rows: &[f64],
    dims: usize,
    centroids: &[f64],
    labels: &mut [u32],
    distances: &mut [f64],
) -> Assigned {
    // With the number of features known, the compiler unrolls the innermost loop: twice as fast.
    match dims {
        1 => assign_fixed::<1>(rows, centroids, labels, distances),
        2 => assign_fixed::<2>(rows, centroids, labels, distances),
        3 => assign_fixed::<3>(rows, centroids, labels, distances),
        4 => assign_fixed::<4>(rows, centroids, labels, distances),
        5 => assign_fixed::<5>(rows, centroids, labels, distances),
        6 => assign_fixed::<6>(rows, centroids, labels, distances),
        _ => {
            let (rows, centroids) = (rows.chunks_exact(dims), centroids.chunks_exact(dims));
            assign_to(rows, centroids, dims, labels, distances)
        }
    }
}

fn assign_fixed<const D: usize>(
    rows: &[f64],
    centroids: &[f64],
    labels: &mut [u32],
    distances: &mut [f64],
) -> Assigned {
    let (rows, centroids) = (rows.as_chunks::<D>().0, centroids.as_chunks::<D>().0);
    assign_to(rows.iter(), centroids.iter(), D, labels, distances)
}

#[inline(always)]
fn assign_to<'d, P: AsRef<[f64]> + ?Sized + 'd>(
    rows: impl Iterator<Item = &'d P>,
    centroids: impl ExactSizeIterator<Item = &'d P> + Clone,
    dims: usize,
    labels: &mut [u32],
    distances: &mut [f64],
) -> Assigned {
    let k = centroids.len();
    let (mut sums, mut counts) = (vec![0.0; k * dims], vec![0.0; k]);
    let mut changed = false;
    for ((point, label), nearest) in rows.zip(labels).zip(distances) {
        let point = point.as_ref();
        let (mut best, mut least) = (0, f64::INFINITY);
        for (cluster, centroid) in centroids.clone().enumerate() {
            let far = distance(point, centroid.as_ref());
            if far < least {
                (best, least) = (cluster, far);
            }
        }
        changed |= *label != best as u32;
        *label = best as u32;
        *nearest = least;
        counts[best] += 1.0;
        for (sum, x) in sums[best * dims..(best + 1) * dims].iter_mut().zip(point) {
            *sum += x;
        }
    }
    (changed, sums, counts)
}
