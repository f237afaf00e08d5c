//! A mix of other units that went as the launched one did until its launch.

use nalgebra::{DMatrix, DVector};
use polars::prelude::*;

use super::cells::Cells;
use super::estimate::{Adjusted, Weights, columns};
use super::outcome::Panel;
use crate::error::{Error, Result};
use crate::stats::simplex::nearest;

/// What [`Panel::synthetic_control`] finds.
#[derive(Debug, Clone)]
pub struct SyntheticControl {
    /// One row: `unit`, `effect` (f64: the mean difference since the launch, less that before it), `se`, `low`, `high`, `p_value`
    /// (f64: of the cells' errors, given the weights; null for [values](Panel::values)), `fit_error` (f64: root mean square of the
    /// differences before the launch), `ratio` (f64: that since the launch, over `fit_error`; null for a perfect fit), `placebo_p_value`
    /// (f64: the share of units, this one included, whose ratio is as large if each donor is treated as if it had launched), `donors`
    /// (i64). With few donors, `placebo_p_value` can't be small: it's at least 1 / (1 + donors).
    pub summary: DataFrame,
    /// `unit`, `weight` (f64): by donor. Weights aren't negative and sum to 1.
    pub weights: DataFrame,
    /// `period`, `relative` (i64), `observed`, `synthetic`, `difference` (f64): by period.
    pub paths: DataFrame,
}

/// One unit against others.
struct Fit {
    shares: Vec<f64>,
    differences: Vec<f64>,
    fit_error: f64,
    ratio: Option<f64>,
}

/// Chooses the donors' shares by the periods before `launch`.
fn fit(cells: &Cells, unit: usize, donors: &[usize], launch: usize) -> Fit {
    let outcome = |unit: usize, period: usize| cells.outcome[cells.at(unit, period)];
    let past = DMatrix::from_fn(launch, donors.len(), |at, donor| outcome(donors[donor], at));
    let shares = nearest(&past, &DVector::from_fn(launch, |at, _| outcome(unit, at)));
    let differences: Vec<f64> = (0..cells.periods)
        .map(|at| {
            let mix = donors.iter().zip(&shares).map(|(donor, share)| share * outcome(*donor, at));
            outcome(unit, at) - mix.sum::<f64>()
        })
        .collect();
    let rms =
        |part: &[f64]| (part.iter().map(|one| one * one).sum::<f64>() / part.len() as f64).sqrt();
    let (fit_error, since) = (rms(&differences[..launch]), rms(&differences[launch..]));
    let ratio = (fit_error > 1e-12).then(|| since / fit_error);
    Fit { shares, differences, fit_error, ratio }
}

impl Panel {
    /// Compares a launched unit with the mix of never-launched units that came nearest to it until its launch.
    ///
    /// Donors are units that don't launch within the periods; their shares aren't negative, sum to 1, and minimise the squared
    /// differences before the launch. [Adjustments](Panel::adjust) are not made.
    ///
    /// # Errors
    /// As [`group_time_effects`](Panel::group_time_effects); [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a unit
    /// that isn't there or doesn't launch, and for a panel in which all units launch.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let rows = df!(
    ///     "store" => ["a", "a", "a", "b", "b", "b", "c", "c", "c"], "week" => [1, 2, 3, 1, 2, 3, 1, 2, 3],
    ///     "launched" => [Some(3), Some(3), Some(3), None, None, None, None, None, None],
    ///     "value" => [5.0, 6.0, 9.5, 4.0, 6.0, 7.0, 6.0, 6.0, 7.0],
    /// )?;
    /// let found = panel::Panel::new(&rows, "store", "week", "launched").synthetic_control("a")?;
    /// assert!((found.weights.value("weight", "unit", "b")? - 0.5).abs() < 1e-9);
    /// assert!((found.summary.scalar("effect")? - 2.5).abs() < 1e-9);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn synthetic_control(&self, unit: &str) -> Result<SyntheticControl> {
        let mut cells = self.cells()?;
        (cells.adjusted, cells.names) = (vec![], vec![]);
        let launched = |at: &usize| cells.launches[*at].is_some();
        let place = cells.units.iter().position(|name| name == unit);
        let Some((place, launch)) = place.and_then(|at| Some((at, cells.launches[at]?))) else {
            let known: Vec<&str> = (0..cells.units.len())
                .filter(launched)
                .map(|at| cells.units[at].as_str())
                .collect();
            return Err(Error::config(
                "unit",
                unit,
                format!("one that launches: {}", known.join(", ")),
            ));
        };
        let donors: Vec<usize> = (0..cells.units.len()).filter(|at| !launched(at)).collect();
        if donors.is_empty() {
            let problem = "leaves no donor: all units launch";
            return Err(Error::column("panel", &self.launch, problem));
        }
        let found = fit(&cells, place, &donors, launch);
        let placebo = donors.iter().map(|donor| {
            let others: Vec<usize> = donors.iter().filter(|one| *one != donor).copied().collect();
            (!others.is_empty()).then(|| fit(&cells, *donor, &others, launch).ratio)
        });
        // A perfect fit before has an infinite ratio: as large as any.
        let size = |ratio: Option<f64>| ratio.unwrap_or(f64::INFINITY);
        let known: Vec<f64> = placebo.flatten().map(size).collect();
        let beyond = known.iter().filter(|ratio| **ratio >= size(found.ratio)).count();
        let p_value = (1 + beyond) as f64 / (1 + known.len()) as f64;

        let weights = cells.contrast(place, &donors, &found.shares, launch);
        let mut estimate = Adjusted::new(&cells)?.estimate(&weights);
        if cells.variance.is_none() {
            estimate.se = None;
        }
        let mut summary = vec![Column::new("unit".into(), [unit])];
        summary.extend(columns(&[estimate]));
        summary.extend([
            Column::new("fit_error".into(), [found.fit_error]),
            Column::new("ratio".into(), [found.ratio]),
            Column::new("placebo_p_value".into(), [p_value]),
            Column::new("donors".into(), [donors.len() as i64]),
        ]);
        let names: Vec<&str> = donors.iter().map(|donor| cells.units[*donor].as_str()).collect();
        let observed: Vec<f64> =
            (0..cells.periods).map(|at| cells.outcome[cells.at(place, at)]).collect();
        let synthetic: Vec<f64> =
            observed.iter().zip(&found.differences).map(|(seen, off)| seen - off).collect();
        let periods = 0..cells.periods as i64;
        Ok(SyntheticControl {
            summary: DataFrame::new_infer_height(summary)?,
            weights: df!("unit" => names, "weight" => &found.shares)?,
            paths: df!(
                "period" => periods.clone().map(|at| cells.first + at).collect::<Vec<_>>(),
                "relative" => periods.map(|at| at - launch as i64).collect::<Vec<_>>(),
                "observed" => observed,
                "synthetic" => synthetic,
                "difference" => &found.differences,
            )?,
        })
    }
}

impl Cells {
    /// Weights of the mean difference since the launch, less that before it.
    fn contrast(&self, unit: usize, donors: &[usize], shares: &[f64], launch: usize) -> Weights {
        let mut weights = vec![0.0; self.len()];
        let (before, since) = (launch as f64, (self.periods - launch) as f64);
        for at in 0..self.periods {
            let share = if at < launch { -1.0 / before } else { 1.0 / since };
            weights[self.at(unit, at)] += share;
            for (donor, weight) in donors.iter().zip(shares) {
                weights[self.at(*donor, at)] -= share * weight;
            }
        }
        weights
    }
}
