//! Levers over time, on the schedule of their launches.

use polars::prelude::*;
use rayon::prelude::*;

use super::model::{Model, World};
use crate::error::{Error, Result};
use crate::metrics::quantile;

impl Model {
    /// Additional revenue, month by month.
    fn more(&self, world: &World, months: u32) -> Vec<f64> {
        let base = self.earns(world, |_| 0.0) / 12.0;
        (1..=months)
            .map(|month| self.earns(world, |n| self.levers[n].strength(month)) / 12.0 - base)
            .collect()
    }

    pub(super) fn total(&self, world: &World, months: u32) -> f64 {
        self.more(world, months).iter().sum()
    }

    /// Projects revenue month by month, with each lever launched on its schedule.
    ///
    /// Returns `month` (i64, from 1), `baseline`, `with_levers` (f64: new revenue of the month), `additional` (f64:
    /// the difference), `cumulative` (f64: all months so far), `low`, `median`, `high` (f64: the 90% interval of
    /// `cumulative`). Revenue is booked when a customer signs, for a year, so no month counts another month's customers.
    ///
    /// # Errors
    /// As [`validate`](Model::validate); `months` outside 1 to 120.
    ///
    /// ```
    /// use casebook::metrics::lever::{Lever, Model, Rate};
    ///
    /// let mut model = Model { visitors: 1e6, rates: vec![Rate::new("paid", 12, 1_000)], ..Model::default() };
    /// model.levers = vec![Lever::new("search", 0, 0.25), Lever::new("price page", 1, 0.10).launch(3.0, 2.0)];
    /// assert_eq!(model.projection(12)?.height(), 12);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn projection(&self, months: u32) -> Result<DataFrame> {
        self.validate()?;
        check_months(months)?;
        let worlds = self.worlds();
        let base = self.revenue() / 12.0;
        let additional = self.more(&self.central(), months);
        let sums = |values: &[f64]| -> Vec<f64> {
            let mut sum = 0.0;
            values
                .iter()
                .map(|value| {
                    sum += value;
                    sum
                })
                .collect()
        };
        let drawn: Vec<Vec<f64>> =
            worlds.par_iter().map(|world| sums(&self.more(world, months))).collect();
        let bounds = |q: f64| -> Vec<Option<f64>> {
            (0..months as usize)
                .map(|month| {
                    let mut values: Vec<f64> = drawn.iter().map(|all| all[month]).collect();
                    values.sort_unstable_by(f64::total_cmp);
                    quantile(&values, q)
                })
                .collect()
        };
        Ok(df!(
            "month" => (1..=i64::from(months)).collect::<Vec<_>>(),
            "baseline" => vec![base; months as usize],
            "with_levers" => additional.iter().map(|more| base + more).collect::<Vec<_>>(),
            "additional" => &additional,
            "cumulative" => sums(&additional),
            "low" => bounds(0.05),
            "median" => bounds(0.5),
            "high" => bounds(0.95),
        )?)
    }
}

/// Checks that a projection covers 1 to 120 months.
pub(super) fn check_months(months: u32) -> Result<()> {
    match months {
        1..=120 => Ok(()),
        _ => Err(Error::config("months", months, "1 to 120")),
    }
}

#[cfg(test)]
mod tests {
    use crate::metrics::lever::tests::{three, values};

    #[test]
    fn a_projection_is_a_flow() {
        let mut model = three();
        let at_once = model.projection(12).unwrap();
        let year = values(&at_once, "cumulative")[11];
        assert!((year / model.revenue() - (1.25 * 1.156 * 1.124 - 1.0)).abs() < 1e-12);
        let base = values(&at_once, "baseline");
        assert!((base.iter().sum::<f64>() - model.revenue()).abs() < 1e-6);
        for lever in &mut model.levers {
            *lever = lever.clone().launch(3.0, 2.0);
        }
        let late = values(&model.projection(12).unwrap(), "additional");
        assert!(late[..3].iter().all(|more| more.abs() < 1e-9) && late[3] > 0.0);
        assert!((late[5] - year / 12.0).abs() < 1e-6, "full effect after launch and ramp");
        let ends = model.projection(12).unwrap();
        let (low, high) = (values(&ends, "low")[11], values(&ends, "high")[11]);
        let middle = values(&ends, "cumulative")[11];
        assert!(low < middle && middle < high);
    }
}
