//! A mean difference between two groups, adjusted for what they differ in.
//!
//! Each estimate comes with its variance from the influence of every row, that on the fitted models included: the sandwich of all
//! equations together.
//!
//! # Source
//! J. M. Robins, A. Rotnitzky and L. P. Zhao (1994), "Estimation of regression coefficients when some regressors are not always observed",
//! Journal of the American Statistical Association 89. J. K. Lunceford and M. Davidian (2004), "Stratification and weighting via the
//! propensity score in estimation of causal treatment effects", Statistics in Medicine 23.

use nalgebra::{DMatrix, DVector};

use super::logistic::Logistic;
use super::regression::Regression;

/// Rows: whether treated, the outcome, and a design whose first column is 1.
pub(crate) struct Study {
    pub treated: Vec<bool>,
    pub outcome: Vec<f64>,
    pub design: DMatrix<f64>,
}

/// An estimate and its standard error.
pub(crate) type Estimated = (f64, f64);

/// Both adjusted estimates, and each row's probability to be treated.
pub(crate) struct Adjusted {
    pub weighted: Estimated,
    pub doubly_robust: Estimated,
    pub propensities: Vec<f64>,
}

impl Study {
    /// Adjusts by weighting, and by weighting and regression. None if the columns can't be told apart in one of the groups, or tell the
    /// groups from each other.
    pub fn adjust(&self) -> Option<Adjusted> {
        let chances = Logistic::fit(&self.design, &self.treated)?;
        let weighted = self.weighted(&chances);
        let doubly_robust = self.doubly_robust(&chances)?;
        Some(Adjusted { weighted, doubly_robust, propensities: chances.probabilities })
    }

    /// Returns the plain difference of means, and Welch's standard error.
    pub fn crude(&self) -> Estimated {
        let [(treated, off), (others, off_others)] = [true, false].map(|group| {
            let rows = self.treated.iter().zip(&self.outcome);
            let own: Vec<f64> = rows.filter(|row| *row.0 == group).map(|row| *row.1).collect();
            let n = own.len() as f64;
            let mean = own.iter().sum::<f64>() / n;
            let around: f64 = own.iter().map(|y| (y - mean).powi(2)).sum();
            (mean, around / (n - 1.0) / n)
        });
        (treated - others, (off + off_others).sqrt())
    }

    /// Each group's rows weigh one over the probability of being in it.
    fn weighted(&self, chances: &Logistic) -> Estimated {
        let n = self.outcome.len();
        let weight = |row: usize, group: bool| {
            let chance = chances.probabilities[row];
            match (self.treated[row] == group, group) {
                (false, _) => 0.0,
                (true, true) => 1.0 / chance,
                (true, false) => 1.0 / (1.0 - chance),
            }
        };
        let mut effect = 0.0;
        let mut influence = vec![0.0; n];
        for (group, sign) in [(true, 1.0), (false, -1.0)] {
            let total: f64 = (0..n).map(|row| weight(row, group)).sum();
            let mean =
                (0..n).map(|row| weight(row, group) * self.outcome[row]).sum::<f64>() / total;
            effect += sign * mean;
            let mut slope = DVector::zeros(self.design.ncols());
            for (row, each) in influence.iter_mut().enumerate() {
                let (off, chance) = (self.outcome[row] - mean, chances.probabilities[row]);
                *each += sign * weight(row, group) * off / total;
                // The weight's derivative: p' = p (1 − p) x.
                let moved = if group { -(1.0 - chance) } else { chance };
                let by = sign * weight(row, group) * moved * off / total;
                slope += self.design.row(row).transpose() * by;
            }
            add(&mut influence, &chances.influence, &slope);
        }
        (effect, root(&influence))
    }

    /// The regressions' predictions, and what they're off by in each group, weighted.
    fn doubly_robust(&self, chances: &Logistic) -> Option<Estimated> {
        let n = self.outcome.len();
        let mut effect = 0.0;
        let mut influence = vec![0.0; n];
        for (group, sign) in [(true, 1.0), (false, -1.0)] {
            let own: Vec<usize> = (0..n).filter(|row| self.treated[*row] == group).collect();
            let y: Vec<f64> = own.iter().map(|row| self.outcome[*row]).collect();
            let fit = Regression::fit(self.design.select_rows(&own), &y, None)?;
            let predicted = &self.design * &fit.coefficients;
            let columns = self.design.ncols();
            let (mut by_chance, mut by_fit) = (DVector::zeros(columns), DVector::zeros(columns));
            let mut values = vec![];
            for row in 0..n {
                let chance = chances.probabilities[row];
                let here = f64::from(u8::from(self.treated[row] == group));
                let weight = here / if group { chance } else { 1.0 - chance };
                let off = self.outcome[row] - predicted[row];
                values.push(predicted[row] + weight * off);
                let moved = if group { -(1.0 - chance) } else { chance };
                let x = self.design.row(row).transpose() / n as f64;
                by_chance += &x * (sign * weight * moved * off);
                by_fit += x * (sign * (1.0 - weight));
            }
            let mean = values.iter().sum::<f64>() / n as f64;
            effect += sign * mean;
            for (each, value) in influence.iter_mut().zip(&values) {
                *each += sign * (value - mean) / n as f64;
            }
            add(&mut influence, &chances.influence, &by_chance);
            let moved = fit.influence() * by_fit;
            own.iter().zip(moved.iter()).for_each(|(row, part)| influence[*row] += part);
        }
        Some((effect, root(&influence)))
    }
}

/// Adds what rows do to an estimate by way of coefficients.
fn add(influence: &mut [f64], rows: &DMatrix<f64>, slope: &DVector<f64>) {
    let moved = rows * slope;
    influence.iter_mut().zip(moved.iter()).for_each(|(each, part)| *each += part);
}

fn root(influence: &[f64]) -> f64 {
    influence.iter().map(|each| each * each).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two kinds of users: of one, 1 in 4 is treated and gains 2; of the other, 3 in 4 and gains 4.
    fn study() -> Study {
        let (mut treated, mut outcome, mut kinds) = (vec![], vec![], vec![]);
        for kind in [0.0, 1.0] {
            for user in 0..40 {
                let on = if kind == 0.0 { user % 4 == 0 } else { user % 4 != 0 };
                let gain = if on { 2.0 + 2.0 * kind } else { 0.0 };
                treated.push(on);
                outcome.push(10.0 + 5.0 * kind + gain + f64::from(user / 4 % 2) - 0.5);
                kinds.push(kind);
            }
        }
        let design = DMatrix::from_fn(80, 2, |row, at| if at == 0 { 1.0 } else { kinds[row] });
        Study { treated, outcome, design }
    }

    #[test]
    fn within_strata_both_are_the_mean_of_their_differences() {
        let study = study();
        let found = study.adjust().unwrap();
        assert!((found.weighted.0 - 3.0).abs() < 1e-9, "{:?}", found.weighted);
        assert!((found.doubly_robust.0 - 3.0).abs() < 1e-9, "{:?}", found.doubly_robust);
        // Half of the difference of kinds more: 5 / 2, and kinds' gains weigh 1 : 3.
        assert!((study.crude().0 - (2.5 + 3.5)).abs() < 1e-9, "{:?}", study.crude());
        // With a level for each stratum both are the stratified estimate, and so is the error.
        assert!((found.weighted.1 - found.doubly_robust.1).abs() < 1e-9);
        assert!((found.propensities[0] - 0.25).abs() < 1e-9);
    }

    #[test]
    fn groups_that_can_be_told_apart_cannot_be_compared() {
        let mut apart = study();
        apart.treated = (0..80).map(|user| user >= 40).collect();
        assert!(apart.adjust().is_none());
    }
}
