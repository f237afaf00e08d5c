//! Weights that are not negative and sum to 1, nearest to a target by least squares.
//!
//! Minimises ‖Aw − b‖² by an active-set method: weights enter one at a time, where the gradient is lowest; on those that are in, the
//! problem has a closed form; a weight that would become negative leaves. It ends after finitely many steps, at the optimum.
//!
//! # Source
//! C. L. Lawson and R. J. Hanson (1974), Solving Least Squares Problems, chapter 23, with the constraint that weights sum to 1.

use nalgebra::{DMatrix, DVector};

use super::pseudo_inverse::pseudo;

/// Finds the weights of columns that come nearest to a target. Empty without columns.
pub(crate) fn nearest(columns: &DMatrix<f64>, target: &DVector<f64>) -> Vec<f64> {
    let n = columns.ncols();
    if n == 0 {
        return vec![];
    }
    let scale = columns.iter().chain(target.iter()).fold(0.0_f64, |most, x| most.max(x.abs()));
    let scale = if scale > 0.0 { scale } else { 1.0 };
    let (columns, target) = (columns / scale, target / scale);
    let quadratic = columns.transpose() * &columns;
    let linear = columns.transpose() * &target;
    let cost = |w: &DVector<f64>| (&columns * w - &target).norm_squared();
    let vertex = |place: usize| DVector::from_fn(n, |row, _| f64::from(u8::from(row == place)));
    let first = (0..n).min_by(|a, b| cost(&vertex(*a)).total_cmp(&cost(&vertex(*b)))).unwrap_or(0);
    let (mut weights, mut inside) = (vertex(first), vec![first]);
    // Each round lowers the cost, so no set of weights comes twice; the limit is for rounding.
    for _ in 0..50 * n + 50 {
        let gradient = &quadratic * &weights - &linear;
        let level = inside.iter().map(|at| weights[*at] * gradient[*at]).sum::<f64>();
        let outside = (0..n).filter(|at| !inside.contains(at));
        let Some(enters) = outside.min_by(|a, b| gradient[*a].total_cmp(&gradient[*b])) else {
            break;
        };
        if gradient[enters] >= level - 1e-12 {
            break;
        }
        let before = cost(&weights);
        inside.push(enters);
        settle(&quadratic, &linear, &mut weights, &mut inside);
        if cost(&weights) >= before {
            break;
        }
    }
    weights.iter().copied().collect()
}

/// Moves to the optimum on the weights that are in; those that would become negative leave.
fn settle(
    quadratic: &DMatrix<f64>,
    linear: &DVector<f64>,
    weights: &mut DVector<f64>,
    inside: &mut Vec<usize>,
) {
    while !inside.is_empty() {
        let wanted = optimum(quadratic, linear, inside);
        let leaves = inside.iter().zip(wanted.iter()).filter(|(_, to)| **to < 0.0);
        let step = leaves.map(|(at, to)| weights[*at] / (weights[*at] - to)).fold(1.0, f64::min);
        for (at, to) in inside.iter().zip(wanted.iter()) {
            weights[*at] += step * (to - weights[*at]);
        }
        let gone = |at: &usize, weights: &DVector<f64>| weights[*at] <= 1e-14;
        if step >= 1.0 {
            return;
        }
        for at in inside.iter().filter(|at| gone(at, weights)).copied().collect::<Vec<_>>() {
            weights[at] = 0.0;
            inside.retain(|one| *one != at);
        }
        let total: f64 = weights.sum();
        *weights /= total;
    }
}

/// The optimum with the sum of 1 as the only constraint.
fn optimum(quadratic: &DMatrix<f64>, linear: &DVector<f64>, inside: &[usize]) -> Vec<f64> {
    let k = inside.len();
    // As steps away from the first: the others' weights are free, and the first takes the rest.
    let first = inside[0];
    let q = |a: usize, b: usize| quadratic[(a, b)];
    let rest = &inside[1..];
    let reduced = DMatrix::from_fn(k - 1, k - 1, |a, b| {
        q(rest[a], rest[b]) - q(first, rest[b]) - q(rest[a], first) + q(first, first)
    });
    let slope = DVector::from_fn(k - 1, |a, _| {
        linear[rest[a]] - linear[first] - q(rest[a], first) + q(first, first)
    });
    let found = pseudo(reduced).0 * slope;
    std::iter::once(1.0 - found.sum()).chain(found.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::stream;
    use rand::RngExt;

    fn cost(columns: &DMatrix<f64>, target: &DVector<f64>, weights: &[f64]) -> f64 {
        (columns * DVector::from_row_slice(weights) - target).norm_squared()
    }

    #[test]
    fn a_target_among_the_columns_is_found_exactly() {
        let columns = DMatrix::from_row_slice(3, 3, &[1.0, 0.0, 2.0, 0.0, 1.0, 5.0, 3.0, 4.0, 1.0]);
        let known = [0.25, 0.0, 0.75];
        let target = &columns * DVector::from_row_slice(&known);
        let found = nearest(&columns, &target);
        assert!(found.iter().zip(known).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?}");
        assert_eq!(nearest(&DMatrix::zeros(3, 0), &target), Vec::<f64>::new());
    }

    /// Against every point of a grid, and the condition that holds at an optimum only.
    #[test]
    fn nothing_on_a_grid_is_nearer() {
        let mut rng = stream(3, "simplex", 0);
        for case in 0..200 {
            let rows = 2 + case % 9;
            let columns = DMatrix::from_fn(rows, 4, |_, _| rng.random_range(0.0..1.0) * 10.0 - 3.0);
            let target = DVector::from_fn(rows, |_, _| rng.random_range(0.0..1.0) * 14.0 - 5.0);
            let found = nearest(&columns, &target);
            assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{found:?}");
            assert!(found.iter().all(|weight| *weight >= 0.0), "{found:?}");
            let best = cost(&columns, &target, &found);
            for a in 0..=12 {
                for b in 0..=12 - a {
                    for c in 0..=12 - a - b {
                        let d = 12 - a - b - c;
                        let other = [a, b, c, d].map(|x| f64::from(x) / 12.0);
                        let there = cost(&columns, &target, &other);
                        assert!(best <= there + 1e-9, "case {case}: {found:?} {other:?}");
                    }
                }
            }
            let w = DVector::from_row_slice(&found);
            let gradient = columns.transpose() * (&columns * &w - &target);
            let gap = gradient.dot(&w) - gradient.min();
            assert!(gap < 1e-8, "case {case}: {gap}");
        }
    }

    #[test]
    fn columns_that_are_the_same_are_no_trouble() {
        let columns = DMatrix::from_row_slice(2, 3, &[1.0, 1.0, 0.0, 2.0, 2.0, 0.0]);
        let target = DVector::from_row_slice(&[0.5, 1.0]);
        let found = nearest(&columns, &target);
        assert!(cost(&columns, &target, &found) < 1e-18, "{found:?}");
    }
}
