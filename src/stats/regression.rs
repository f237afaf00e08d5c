//! Linear regression on several columns, and errors that hold where the usual ones don't.
//!
//! # Source
//! H. White (1980), "A heteroskedasticity-consistent covariance matrix estimator and a direct test for heteroskedasticity", Econometrica
//! 48. W. K. Newey and K. D. West (1987), "A simple, positive semi-definite, heteroskedasticity and autocorrelation consistent covariance
//! matrix", Econometrica 55.

use nalgebra::{DMatrix, DVector};

/// A fitted regression.
#[derive(Debug, Clone)]
pub(crate) struct Regression {
    pub coefficients: DVector<f64>,
    /// Rows and residuals, both times the root of the row's weight.
    design: DMatrix<f64>,
    residuals: DVector<f64>,
    /// (X'WX)⁻¹.
    inverse: DMatrix<f64>,
}

/// Columns whose part of their own is smaller than this count as made of the others.
const NONE: f64 = 1e-9;

impl Regression {
    /// Fits by weighted least squares. None for columns that the rows can't tell apart, and for numbers that are too large.
    pub fn fit(design: DMatrix<f64>, y: &[f64], weights: Option<&[f64]>) -> Option<Regression> {
        let (n, columns) = design.shape();
        let (mut design, mut y) = (design, DVector::from_column_slice(y));
        if n < columns || columns == 0 {
            return None;
        }
        if let Some(weights) = weights {
            for (row, weight) in weights.iter().enumerate() {
                design.row_mut(row).scale_mut(weight.sqrt());
                y[row] *= weight.sqrt();
            }
        }
        // In units of their own, columns are of one size.
        let sizes: Vec<f64> = design.column_iter().map(|column| column.norm()).collect();
        if sizes.iter().any(|size| !(*size > 0.0 && size.is_finite())) {
            return None;
        }
        let scaled = DMatrix::from_fn(n, columns, |row, at| design[(row, at)] / sizes[at]);
        let parts = scaled.qr();
        let right = parts.r();
        if right.diagonal().iter().any(|own| own.abs() < NONE) {
            return None;
        }
        let mut wanted = parts.q().transpose() * &y;
        let mut back = DMatrix::identity(columns, columns);
        if !right.solve_upper_triangular_mut(&mut wanted)
            || !right.solve_upper_triangular_mut(&mut back)
        {
            return None;
        }
        let coefficients = DVector::from_fn(columns, |at, _| wanted[at] / sizes[at]);
        let inverse = &back * back.transpose();
        let inverse =
            DMatrix::from_fn(columns, columns, |a, b| inverse[(a, b)] / sizes[a] / sizes[b]);
        let residuals = &y - &design * &coefficients;
        let whole = coefficients.iter().chain(&residuals).all(|number| number.is_finite());
        whole.then_some(Regression { coefficients, design, residuals, inverse })
    }

    /// Returns how many rows there are beyond the coefficients.
    pub fn left(&self) -> f64 {
        (self.design.nrows() - self.design.ncols()) as f64
    }

    /// What each row adds to the score.
    fn scores(&self) -> DMatrix<f64> {
        DMatrix::from_fn(self.design.nrows(), self.design.ncols(), |row, at| {
            self.design[(row, at)] * self.residuals[row]
        })
    }

    /// Returns what each row moves the coefficients by: the inverse times its score. A line per row.
    pub fn influence(&self) -> DMatrix<f64> {
        self.scores() * &self.inverse
    }

    fn sandwich(&self, middle: &DMatrix<f64>) -> DMatrix<f64> {
        let few = self.design.nrows() as f64 / self.left();
        &self.inverse * middle * &self.inverse * few
    }

    /// Returns the covariance of the coefficients where each row has a variance of its own: HC1.
    pub fn robust(&self) -> DMatrix<f64> {
        let scores = self.scores();
        self.sandwich(&(scores.transpose() * &scores))
    }

    /// Returns the covariance of the coefficients where rows, in order of time, are correlated over so many steps; with n / (n − k) for
    /// small samples, as in [`robust`](Regression::robust).
    pub fn newey_west(&self, lags: usize) -> DMatrix<f64> {
        let scores = self.scores();
        let n = scores.nrows();
        let mut middle = scores.transpose() * &scores;
        for lag in 1..=lags.min(n - 1) {
            let weight = 1.0 - lag as f64 / (lags as f64 + 1.0);
            let with = scores.rows(lag, n - lag).transpose() * scores.rows(0, n - lag);
            middle += (&with + with.transpose()) * weight;
        }
        self.sandwich(&middle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn design(rows: &[[f64; 2]]) -> DMatrix<f64> {
        DMatrix::from_fn(rows.len(), 2, |row, at| rows[row][at])
    }

    #[test]
    fn errors_are_those_by_hand() {
        // A mean of each half: 2 and 7, with residuals −1, 1 and −2, 0, 2.
        let halves = design(&[[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]]);
        let found = Regression::fit(halves, &[1.0, 3.0, 5.0, 7.0, 9.0], None).unwrap();
        assert!((found.coefficients[0] - 2.0).abs() < 1e-12);
        assert!((found.coefficients[1] - 7.0).abs() < 1e-12);
        let robust = found.robust();
        assert!((robust[(0, 0)] - 5.0 / 3.0 * 2.0 / 4.0).abs() < 1e-12, "{robust}");
        assert!((robust[(1, 1)] - 5.0 / 3.0 * 8.0 / 9.0).abs() < 1e-12, "{robust}");
        assert!(robust[(0, 1)].abs() < 1e-12);
        // With one lag at half weight: −1 × 1 in the first half; 0 in the second; and 1 × −2 across.
        let lagged = found.newey_west(1);
        assert!((lagged[(0, 0)] - 5.0 / 3.0 * (2.0 - 1.0) / 4.0).abs() < 1e-12, "{lagged}");
        assert!((lagged[(1, 1)] - 5.0 / 3.0 * 8.0 / 9.0).abs() < 1e-12, "{lagged}");
        assert!((lagged[(0, 1)] + 5.0 / 18.0).abs() < 1e-12, "{lagged}");
        assert_eq!(found.newey_west(0), robust);
        let influence = found.influence();
        let sum: f64 = influence.column(1).iter().map(|each| each * each).sum();
        assert!((sum * 5.0 / 3.0 - robust[(1, 1)]).abs() < 1e-12, "{influence}");
    }

    #[test]
    fn weights_count_as_rows_would() {
        let rows = [[1.0, 0.5], [1.0, 1.5], [1.0, 4.0], [1.0, 9.0]];
        let y = [2.0, 1.0, 5.0, 4.0];
        let weighted = Regression::fit(design(&rows), &y, Some(&[1.0, 2.0, 3.0, 1.0])).unwrap();
        let times = [0, 1, 1, 2, 2, 2, 3];
        let many: Vec<[f64; 2]> = times.iter().map(|at| rows[*at]).collect();
        let many_y: Vec<f64> = times.iter().map(|at| y[*at]).collect();
        let repeated = Regression::fit(design(&many), &many_y, None).unwrap();
        assert!((&weighted.coefficients - &repeated.coefficients).norm() < 1e-12);
    }

    #[test]
    fn columns_that_are_the_same_are_refused() {
        let same = |off: f64| design(&[[1.0, 2.0], [2.0, 4.0], [3.0, 6.0 + off]]);
        assert!(Regression::fit(same(0.0), &[1.0, 2.0, 3.0], None).is_none());
        assert!(Regression::fit(same(1e-3), &[1.0, 2.0, 3.0], None).is_some());
        assert!(Regression::fit(design(&[[1.0, 2.0]]), &[1.0], None).is_none());
        assert!(Regression::fit(design(&[[0.0, 2.0]; 3]), &[1.0; 3], None).is_none());
    }
}
