//! Estimates as sums of cells, each with a weight; and what they may be off by.

use std::collections::BTreeMap;

use nalgebra::{DMatrix, DVector};
use polars::prelude::*;

use super::cells::Cells;
use crate::error::{Error, Result};
use crate::stats::distribution::{normal_two_sided, t_quantile, t_two_sided};
use crate::stats::interval::Z95;
use crate::stats::pseudo_inverse::Normal;

/// What an estimate adds of each cell.
pub(super) type Weights = Vec<f64>;

/// An estimate; no error where the panel doesn't show one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Estimate {
    pub effect: f64,
    pub se: Option<f64>,
    /// Degrees of freedom of Student's distribution; none for the normal one.
    pub df: Option<f64>,
}

impl Estimate {
    pub fn half(&self) -> Option<f64> {
        let quantile = self.df.map_or(Z95, |df| t_quantile(0.975, df));
        self.se.map(|se| quantile * se)
    }

    pub fn p_value(&self) -> Option<f64> {
        let ratio = self.effect / self.se.filter(|se| *se > 0.0)?;
        Some(self.df.map_or_else(|| normal_two_sided(ratio), |df| t_two_sided(ratio, df)))
    }
}

/// Columns `effect`, `se`, `low`, `high`, `p_value`.
pub(super) fn columns(all: &[Estimate]) -> Vec<Column> {
    let column = |name: &str, of: &dyn Fn(&Estimate) -> Option<f64>| {
        Column::new(name.into(), all.iter().map(of).collect::<Vec<Option<f64>>>())
    };
    vec![
        column("effect", &|one| Some(one.effect)),
        column("se", &|one| one.se),
        column("low", &|one| one.half().map(|half| one.effect - half)),
        column("high", &|one| one.half().map(|half| one.effect + half)),
        column("p_value", &|one| one.p_value()),
    ]
}

/// A panel whose outcome is adjusted: how weights on adjusted cells become weights on cells.
pub(super) struct Adjusted<'c> {
    cells: &'c Cells,
    /// For each column that is adjusted for, what each cell adds to its coefficient.
    coefficients: Vec<Weights>,
    /// By unit: how many launched together with it; and each cell's distance from their mean.
    alike: Vec<usize>,
    distance: Vec<f64>,
}

impl<'c> Adjusted<'c> {
    pub fn new(cells: &'c Cells) -> Result<Adjusted<'c>> {
        let mut coefficients = vec![];
        if !cells.adjusted.is_empty() {
            cells.can_be_regressed()?;
            let places = cells.each().filter(|(_, unit, period)| cells.before(*unit, *period));
            let places: Vec<(usize, usize)> = places.map(|(at, unit, _)| (at, unit)).collect();
            let rows: Vec<(DVector<f64>, f64)> = places
                .iter()
                .map(|(at, unit)| (cells.design(*at, false), cells.size[*unit]))
                .collect();
            let normal = Normal::new(rows[0].0.len(), &rows);
            for (place, name) in cells.names.iter().enumerate() {
                let mut only = DVector::zeros(rows[0].0.len());
                only[cells.units.len() + cells.periods + place] = 1.0;
                if !normal.estimable(&only) {
                    let problem = "can't be told from units and periods before the launch; \
                                   leave it out";
                    return Err(Error::column("panel", name, problem));
                }
                let mut weights = vec![0.0; cells.len()];
                for ((at, _), share) in places.iter().zip(normal.shares(&only, &rows)) {
                    weights[*at] = share;
                }
                coefficients.push(weights);
            }
        }
        let mut together: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
        for (unit, launch) in cells.launches.iter().enumerate() {
            together.entry(*launch).or_default().push(unit);
        }
        let alike = cells.launches.iter().map(|launch| together[launch].len()).collect();
        let distance = cells.each().map(|(at, unit, period)| {
            let group = &together[&cells.launches[unit]];
            let sum: f64 = group.iter().map(|one| cells.outcome[cells.at(*one, period)]).sum();
            cells.outcome[at] - sum / group.len() as f64
        });
        let distance = distance.collect();
        Ok(Adjusted { cells, coefficients, alike, distance })
    }

    /// Weights on cells, from weights on adjusted cells.
    pub fn on_cells(&self, weights: Weights) -> Weights {
        let mut all = weights.clone();
        for (column, coefficient) in self.cells.adjusted.iter().zip(&self.coefficients) {
            let moved: f64 = weights.iter().zip(column).map(|(weight, x)| weight * x).sum();
            all.iter_mut().zip(coefficient).for_each(|(to, share)| *to -= moved * share);
        }
        all
    }

    /// Adds up the cells.
    pub fn estimate(&self, weights: &Weights) -> Estimate {
        let effect = weights.iter().zip(&self.cells.outcome).map(|(w, y)| w * y).sum();
        let only = std::slice::from_ref(weights);
        let variance = self.covariance(only).map(|all| all[(0, 0)]);
        Estimate { effect, se: variance.map(|all| all.max(0.0).sqrt()), df: self.degrees(only) }
    }

    /// Degrees of freedom of the [`covariance`](Adjusted::covariance), where it's a sum of groups' own: those of the smallest group that
    /// counts, a lower bound of Welch's (Mickey and Brown 1966). With two units in a group, an estimate of the degrees themselves would be
    /// too high too often. None if the cells' own variances are known.
    pub fn degrees(&self, many: &[Weights]) -> Option<f64> {
        let counting = self.alike.iter().enumerate().filter(|(unit, _)| self.counts(*unit, many));
        let least = counting.map(|(_, alike)| *alike).min().unwrap_or(2).max(2);
        self.cells.variance.is_none().then_some(least as f64 - 1.0)
    }

    /// Returns how estimates vary together: from the cells' own variances, or from how units that launched together differ. None if
    /// one that launched alone counts.
    pub fn covariance(&self, many: &[Weights]) -> Option<DMatrix<f64>> {
        let cells = self.cells;
        if let Some(variance) = &cells.variance {
            return Some(DMatrix::from_fn(many.len(), many.len(), |a, b| {
                let products = many[a].iter().zip(&many[b]).zip(variance);
                products.map(|((a, b), variance)| a * b * variance).sum()
            }));
        }
        let mut all = DMatrix::zeros(many.len(), many.len());
        for (unit, alike) in self.alike.iter().enumerate() {
            if *alike < 2 && self.counts(unit, many) {
                return None;
            }
            let own = cells.at(unit, 0)..cells.at(unit, 0) + cells.periods;
            let moved = DVector::from_fn(many.len(), |a, _| {
                own.clone().map(|at| many[a][at] * self.distance[at]).sum::<f64>()
            });
            let few = *alike as f64 / (*alike as f64 - 1.0).max(1.0);
            all.ger(few, &moved, &moved, 1.0);
        }
        Some(all)
    }

    /// Tells whether any cell of a unit has a weight.
    fn counts(&self, unit: usize, many: &[Weights]) -> bool {
        let own = self.cells.at(unit, 0)..self.cells.at(unit, 0) + self.cells.periods;
        many.iter().any(|weights| weights[own.clone()].iter().any(|weight| weight.abs() > 1e-12))
    }
}
