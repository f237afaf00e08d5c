//! Logistic regression by maximum likelihood.
//!
//! # Source
//! P. McCullagh and J. A. Nelder (1989), Generalized Linear Models, 2nd edition, chapters 2 and 4.

use nalgebra::{DMatrix, DVector};

/// A probability closer to 0 or 1 than this is as good as certain: the two groups can be told apart, and there is no maximum.
const CERTAIN: f64 = 1e-9;

/// Columns whose part of their own is smaller than this count as made of the others.
const NONE: f64 = 1e-9;

/// A fitted regression.
#[derive(Debug, Clone)]
pub(crate) struct Logistic {
    /// The probability of each row.
    pub probabilities: Vec<f64>,
    /// What each row moves the coefficients by: the inverse information times the row's score. A line per row.
    pub influence: DMatrix<f64>,
}

impl Logistic {
    /// Fits a chance of `hits` by Newton's method. None without a maximum: columns that the rows can't tell apart, or that tell hits from
    /// the others.
    pub fn fit(design: &DMatrix<f64>, hits: &[bool]) -> Option<Logistic> {
        let (n, columns) = design.shape();
        let hit = |row: usize| f64::from(u8::from(hits[row]));
        let chances = |coefficients: &DVector<f64>| -> Vec<f64> {
            (design * coefficients).iter().map(|eta| 1.0 / (1.0 + (-eta).exp())).collect()
        };
        let likelihood = |chances: &[f64]| -> f64 {
            chances
                .iter()
                .zip(hits)
                .map(|(chance, hit)| if *hit { chance.ln() } else { (-chance).ln_1p() })
                .sum()
        };
        let scores = |chances: &[f64]| {
            DMatrix::from_fn(n, columns, |row, at| design[(row, at)] * (hit(row) - chances[row]))
        };
        let information = |chances: &[f64]| {
            let weighted = DMatrix::from_fn(n, columns, |row, at| {
                design[(row, at)] * chances[row] * (1.0 - chances[row])
            });
            design.transpose() * weighted
        };
        // Columns that are made of the others leave the information without an inverse, or nearly.
        let sizes: Vec<f64> = design.column_iter().map(|column| column.norm()).collect();
        let unit = DMatrix::from_fn(n, columns, |row, at| design[(row, at)] / sizes[at]);
        let own = unit.qr().r();
        if n < columns || !own.diagonal().iter().all(|own| own.abs() > NONE) {
            return None;
        }
        let mut coefficients = DVector::zeros(columns);
        let mut now = chances(&coefficients);
        for _ in 0..60 {
            let score: DVector<f64> = scores(&now).row_sum_tr();
            let step = information(&now).cholesky()?.solve(&score);
            let gain = step.dot(&score);
            // Halved until it's uphill, but for rounding.
            let mut size = 1.0;
            let before = likelihood(&now) - 1e-12 * n as f64;
            loop {
                let next = &coefficients + &step * size;
                let found = chances(&next);
                if likelihood(&found) >= before || size < 1e-6 {
                    (coefficients, now) = (next, found);
                    break;
                }
                size /= 2.0;
            }
            // Each step doubles the digits: after this one they are exact.
            if gain < 1e-12 * n as f64 {
                break;
            }
        }
        if now.iter().any(|chance| !(CERTAIN..=1.0 - CERTAIN).contains(chance)) {
            return None;
        }
        let inverse = information(&now).cholesky()?.inverse();
        let all = scores(&now);
        let rest: DVector<f64> = all.row_sum_tr();
        // At the maximum scores sum to nothing.
        if (&inverse * rest.clone()).dot(&rest) > 1e-9 * n as f64 {
            return None;
        }
        Some(Logistic { probabilities: now, influence: all * inverse })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_by_group_is_the_share() {
        // Two groups: 1 of 4 and 3 of 5.
        let hits = [true, false, false, false, true, true, true, false, false];
        let design = DMatrix::from_fn(9, 2, |row, at| if at == 0 || row >= 4 { 1.0 } else { 0.0 });
        let found = Logistic::fit(&design, &hits).unwrap();
        assert!(found.probabilities[..4].iter().all(|chance| (chance - 0.25).abs() < 1e-10));
        assert!(found.probabilities[4..].iter().all(|chance| (chance - 0.6).abs() < 1e-10));
        // The second coefficient's robust variance: 1 / (n p (1 − p)) of both groups.
        let variance: f64 = found.influence.column(1).iter().map(|each| each * each).sum();
        assert!((variance - (1.0 / 0.75 + 1.0 / 1.2)).abs() < 1e-9, "{variance}");
    }

    #[test]
    fn what_can_be_told_apart_has_no_maximum() {
        let design = DMatrix::from_fn(8, 2, |row, at| if at == 0 { 1.0 } else { row as f64 });
        let apart: Vec<bool> = (0..8).map(|row| row > 3).collect();
        assert!(Logistic::fit(&design, &apart).is_none());
        assert!(Logistic::fit(&design, &[true; 8]).is_none());
        let mixed = [false, true, false, false, true, false, true, true];
        assert!(Logistic::fit(&design, &mixed).is_some());
        let twice = DMatrix::from_element(8, 2, 1.0);
        assert!(Logistic::fit(&twice, &mixed).is_none());
    }
}
