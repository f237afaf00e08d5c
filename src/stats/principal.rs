//! Principal components: the directions in which points vary most.

use nalgebra::{DMatrix, SymmetricEigen};

use super::points::Points;

/// A direction, and the share of the variance along it.
pub(crate) struct Component {
    pub explained: f64,
    /// One loading per feature; the largest is positive.
    pub loadings: Vec<f64>,
}

/// Computes all principal components, beginning with those that explain most.
pub(crate) fn components(points: &Points) -> Vec<Component> {
    let d = points.dims;
    let n = points.rows as f64;
    let mean: Vec<f64> =
        (0..d).map(|i| (0..points.rows).map(|row| points.at(row)[i]).sum::<f64>() / n).collect();
    let mut covariance = DMatrix::<f64>::zeros(d, d);
    for row in 0..points.rows {
        let point = points.at(row);
        for i in 0..d {
            for j in 0..=i {
                covariance[(i, j)] += (point[i] - mean[i]) * (point[j] - mean[j]) / n;
            }
        }
    }
    for i in 0..d {
        for j in i + 1..d {
            covariance[(i, j)] = covariance[(j, i)];
        }
    }
    let total = covariance.trace();
    let found = SymmetricEigen::new(covariance);
    let mut order: Vec<usize> = (0..d).collect();
    order.sort_by(|a, b| found.eigenvalues[*b].total_cmp(&found.eigenvalues[*a]));
    order
        .into_iter()
        .map(|at| {
            let mut loadings: Vec<f64> = found.eigenvectors.column(at).iter().copied().collect();
            // A direction has two signs: its largest part is made positive.
            let largest = loadings
                .iter()
                .copied()
                .fold(0.0, |a: f64, b| if b.abs() > a.abs() + 1e-9 { b } else { a });
            if largest < 0.0 {
                loadings.iter_mut().for_each(|x| *x = -*x);
            }
            let explained = if total > 0.0 { found.eigenvalues[at].max(0.0) / total } else { 0.0 };
            Component { explained, loadings }
        })
        .collect()
}

/// Returns each point's coordinate along a component; 0 without one.
pub(crate) fn project(points: &Points, along: Option<&Component>) -> Vec<f64> {
    (0..points.rows)
        .map(|row| {
            along.map_or(0.0, |one| {
                points.at(row).iter().zip(&one.loadings).map(|(x, loading)| x * loading).sum()
            })
        })
        .collect()
}
