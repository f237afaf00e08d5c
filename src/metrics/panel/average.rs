//! One figure for a launch's effect, three ways.

use nalgebra::DVector;
use polars::prelude::*;

use super::cells::Cells;
use super::estimate::{Adjusted, Estimate, Weights, columns};
use super::outcome::Panel;
use crate::error::{Error, Result};
use crate::stats::pseudo_inverse::Normal;

impl Cells {
    /// The mean of all group-time effects from the launch on; groups weigh their size in each period.
    fn mean_of_groups(&self) -> Option<(Weights, i64)> {
        let (mut sum, mut total, mut used) = (vec![0.0; self.len()], 0.0, 0);
        for group in self.groups() {
            let units = self.launches.iter().filter(|at| **at == Some(group)).count() as i64;
            for period in group..self.periods {
                let Some(weights) = self.group_time(group, period) else { continue };
                let size = self.group_size(group);
                sum.iter_mut().zip(&weights).for_each(|(to, weight)| *to += size * weight);
                total += size;
                used += units;
            }
        }
        sum.iter_mut().for_each(|weight| *weight /= total);
        (used > 0).then_some((sum, used))
    }

    /// Units and periods are estimated on cells before the launch; launched cells are compared with what they predict.
    fn imputed(&self) -> Option<(Weights, i64)> {
        let before = |(_, unit, period): &(usize, usize, usize)| self.before(*unit, *period);
        let places: Vec<(usize, usize, usize)> = self.each().filter(before).collect();
        // What is adjusted for has been taken off before.
        let plain =
            |at: usize| self.design(at, false).rows(0, self.units.len() + self.periods).into();
        let rows: Vec<(DVector<f64>, f64)> =
            places.iter().map(|(at, unit, _)| (plain(*at), self.size[*unit])).collect();
        let normal = Normal::new(self.units.len() + self.periods, &rows);
        let launched = self.each().filter(|cell| !before(cell));
        let known: Vec<(usize, usize, DVector<f64>)> = launched
            .map(|(at, unit, _)| (at, unit, plain(at)))
            .filter(|(_, _, row)| normal.estimable(row))
            .collect();
        let total: f64 = known.iter().map(|(_, unit, _)| self.size[*unit]).sum();
        let mut weights = vec![0.0; self.len()];
        let mut predicted = DVector::zeros(self.units.len() + self.periods);
        for (at, unit, row) in &known {
            let share = self.size[*unit] / total;
            weights[*at] = share;
            predicted += row * share;
        }
        for ((at, ..), share) in places.iter().zip(normal.shares(&predicted, &rows)) {
            weights[*at] -= share;
        }
        (!known.is_empty()).then_some((weights, known.len() as i64))
    }
}

/// A regression on units, periods, what is adjusted for, and whether there has been a launch: the launch's coefficient.
fn two_way(cells: &Cells, adjusted: &Adjusted) -> Option<(Estimate, i64)> {
    let rows: Vec<(DVector<f64>, f64)> = cells
        .each()
        .map(|(at, unit, period)| (cells.design(at, !cells.before(unit, period)), cells.size[unit]))
        .collect();
    let columns = rows[0].0.len();
    let normal = Normal::new(columns, &rows);
    let mut only = DVector::zeros(columns);
    only[columns - 1] = 1.0;
    if !normal.estimable(&only) {
        return None;
    }
    let weights = normal.shares(&only, &rows);
    let mut found = adjusted.estimate(&weights);
    if cells.variance.is_none() {
        found.se = clustered(cells, &normal, &rows, &weights);
        found.df = Some(cells.units.len() as f64 - 1.0);
    }
    let launched = cells.each().filter(|(_, unit, period)| !cells.before(*unit, *period));
    Some((found, launched.count() as i64))
}

/// The usual error of a regression whose units are clusters, with the usual correction for their small number.
fn clustered(
    cells: &Cells,
    normal: &Normal,
    rows: &[(DVector<f64>, f64)],
    weights: &Weights,
) -> Option<f64> {
    let columns = rows[0].0.len();
    let mut coefficients = DVector::zeros(columns);
    for place in 0..columns {
        let mut only = DVector::zeros(columns);
        only[place] = 1.0;
        let shares = normal.shares(&only, rows);
        coefficients[place] = shares.iter().zip(&cells.outcome).map(|(w, y)| w * y).sum();
    }
    let (units, n) = (cells.units.len() as f64, cells.len() as f64);
    let left = n - normal.rank() as f64;
    if left < 1.0 {
        return None;
    }
    let moved = (0..cells.units.len()).map(|unit| {
        let own = cells.at(unit, 0)..cells.at(unit, 0) + cells.periods;
        own.map(|at| weights[at] * (cells.outcome[at] - rows[at].0.dot(&coefficients))).sum::<f64>()
    });
    let variance: f64 = moved.map(|one| one * one).sum();
    Some((variance * units / (units - 1.0) * (n - 1.0) / left).sqrt())
}

impl Panel {
    /// Estimates the launch's effect on launched units, on average over all periods since their launch.
    ///
    /// Returns one row per `method`: "group-time", the mean of [group-time effects](Panel::group_time_effects), which compares with the
    /// one period before the launch; "imputation", which compares with all periods before it, and so is more precise if units changed
    /// alike in all of them; "two-way", the coefficient of a regression on units and periods, for contrast: if effects grow with time
    /// or differ between launches, units that launched earlier serve it as controls, and it's biased. Columns: `effect`, `se`, `low`,
    /// `high`, `p_value` (f64), `cells` (i64: launched units × periods that it rests on).
    ///
    /// # Errors
    /// As [`group_time_effects`](Panel::group_time_effects); [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for launches of all
    /// units in the same period, after which nobody is left to compare with; [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for
    /// more units and periods than a regression takes: 1,500.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let rows = df!(
    ///     "store" => ["a", "a", "a", "b", "b", "b"], "week" => [1, 2, 3, 1, 2, 3],
    ///     "launched" => [Some(3), Some(3), Some(3), None, None, None], "value" => [5.0, 6.0, 9.5, 4.0, 5.0, 6.0],
    /// )?;
    /// let found = panel::Panel::new(&rows, "store", "week", "launched").difference_in_differences()?;
    /// assert_eq!(found.value("effect", "method", "group-time")?, 2.5);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn difference_in_differences(&self) -> Result<DataFrame> {
        let cells = self.cells()?;
        cells.can_be_regressed()?;
        let adjusted = Adjusted::new(&cells)?;
        let nobody = || {
            let problem = "leaves nobody to compare with: all units launch in the same period";
            Error::column("panel", &self.launch, problem)
        };
        let on_cells = |found: Option<(Weights, i64)>| {
            let (weights, used) = found.ok_or_else(nobody)?;
            Ok::<_, Error>((adjusted.estimate(&adjusted.on_cells(weights)), used))
        };
        let found = [
            on_cells(cells.mean_of_groups())?,
            on_cells(cells.imputed())?,
            two_way(&cells, &adjusted).ok_or_else(nobody)?,
        ];
        let mut all = vec![Column::new("method".into(), ["group-time", "imputation", "two-way"])];
        all.extend(columns(&found.map(|one| one.0)));
        all.push(Column::new("cells".into(), found.map(|one| one.1)));
        Ok(DataFrame::new_infer_height(all)?)
    }
}
