//! Weighted least squares on designs with more columns than directions, by the pseudo-inverse.
//!
//! # Source
//! A. Albert (1972), Regression and the Moore-Penrose Pseudoinverse.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

/// Directions with less than this share of the largest eigenvalue count as none.
const NONE: f64 = 1e-10;

/// The normal equations of a design: (X'WX)⁺, and the directions that it can see.
pub(crate) struct Normal {
    inverse: DMatrix<f64>,
    /// Projects on the directions that the rows span.
    seen: DMatrix<f64>,
    rank: usize,
}

impl Normal {
    /// Takes the design apart: `rows` by their columns, each with its weight.
    pub fn new(columns: usize, rows: &[(DVector<f64>, f64)]) -> Normal {
        let mut product = DMatrix::zeros(columns, columns);
        for (row, weight) in rows {
            product.ger(*weight, row, row, 1.0);
        }
        let (inverse, seen, rank) = pseudo(product);
        Normal { inverse, seen, rank }
    }

    /// Returns how many columns could be told apart.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Tells whether a combination of coefficients is determined by the rows.
    pub fn estimable(&self, combination: &DVector<f64>) -> bool {
        let off = (&self.seen * combination - combination).norm();
        off <= 1e-6 * combination.norm().max(1e-300)
    }

    /// Returns what each row adds, per unit of its outcome, to the estimate of a combination of coefficients.
    pub fn shares(&self, combination: &DVector<f64>, rows: &[(DVector<f64>, f64)]) -> Vec<f64> {
        let along = &self.inverse * combination;
        rows.iter().map(|(row, weight)| weight * row.dot(&along)).collect()
    }
}

/// Returns the pseudo-inverse of a symmetric matrix, the projection on its range, and its rank.
pub(crate) fn pseudo(matrix: DMatrix<f64>) -> (DMatrix<f64>, DMatrix<f64>, usize) {
    let n = matrix.nrows();
    let eigen = SymmetricEigen::new(matrix);
    let largest = eigen.eigenvalues.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    let (mut inverse, mut seen, mut rank) = (DMatrix::zeros(n, n), DMatrix::zeros(n, n), 0);
    for (place, value) in eigen.eigenvalues.iter().enumerate() {
        if value.abs() > NONE * largest {
            let direction = eigen.eigenvectors.column(place);
            inverse.ger(1.0 / value, &direction, &direction, 1.0);
            seen.ger(1.0, &direction, &direction, 1.0);
            rank += 1;
        }
    }
    (inverse, seen, rank)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rows_cannot_tell_is_not_estimable() {
        // Two columns that are always the same, and one of its own: y = 2 (a + b) + 3 c.
        let row = |a: f64, c: f64| (DVector::from_vec(vec![a, a, c]), 1.0 + a.abs());
        let rows = [row(1.0, 0.0), row(2.0, 1.0), row(-1.0, 4.0), row(0.5, 2.0)];
        let normal = Normal::new(3, &rows);
        assert_eq!(normal.rank(), 2);
        let of = |values: [f64; 3]| DVector::from_row_slice(&values);
        assert!(!normal.estimable(&of([1.0, 0.0, 0.0])));
        assert!(normal.estimable(&of([1.0, 1.0, 0.0])) && normal.estimable(&of([0.0, 0.0, 1.0])));
        let outcomes = rows.iter().map(|(row, _)| 2.0 * (row[0] + row[1]) + 3.0 * row[2]);
        let shares = normal.shares(&of([0.0, 0.0, 1.0]), &rows);
        let found: f64 = outcomes.zip(shares).map(|(y, share)| y * share).sum();
        assert!((found - 3.0).abs() < 1e-12, "{found}");
    }
}
