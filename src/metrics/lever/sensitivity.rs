//! What the result depends on most.

use polars::prelude::*;

use super::model::{Model, World};
use super::projection::check_months;
use crate::error::{Error, Result};

/// An input, the ends it is moved between, and the results there.
struct Moved {
    name: String,
    ends: [f64; 2],
    results: [f64; 2],
}

impl Model {
    /// Computes a tornado: how far the result moves when one uncertain input moves from the low to the high end of
    /// its 90% interval and all others stay as stated.
    ///
    /// The result is what the levers add in `months`, launched on schedule. Returns `input`, `low_value`,
    /// `high_value` (f64: of the input), `low`, `central`, `high` (f64: the result), `swing` (f64: the distance between
    /// `low` and `high`), sorted by swing (descending), then input.
    ///
    /// # Errors
    /// As [`projection`](Model::projection).
    ///
    /// ```
    /// use casebook::metrics::lever::{Lever, Model, Rate};
    ///
    /// let mut model = Model { visitors: 1e6, rates: vec![Rate::new("paid", 12, 1_000)], ..Model::default() };
    /// model.levers = vec![Lever::new("search", 0, 0.25), Lever::new("price page", 1, 0.10).launch(3.0, 2.0)];
    /// assert_eq!(model.tornado(12)?.height(), 4); // two lifts, a rate, visitors
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn tornado(&self, months: u32) -> Result<DataFrame> {
        self.validate()?;
        check_months(months)?;
        let worlds = self.worlds();
        let central = self.total(&self.central(), months);
        let mut rows: Vec<Moved> = vec![];
        let mut push = |name: String, ends: [f64; 2], set: &dyn Fn(&mut World, f64)| {
            let results = ends.map(|end| {
                let mut world = self.central();
                set(&mut world, end);
                self.total(&world, months)
            });
            rows.push(Moved { name, ends, results });
        };
        for (n, lever) in self.levers.iter().enumerate() {
            let (low, high) = lever.range;
            push(format!("lift of {}", lever.name), [low, high], &|world, end| {
                world.lifts[n] = end
            });
        }
        for (n, rate) in self.rates.iter().enumerate() {
            let [low, _, high] = self.range(&worlds, |world| world.rates[n]);
            push(format!("rate of {}", rate.name), [low, high], &|world, end| world.rates[n] = end);
        }
        let [low, _, high] = self.range(&worlds, |world| world.visitors);
        push("visitors".to_owned(), [low, high], &|world, end| world.visitors = end);
        let swing = |row: &Moved| (row.results[1] - row.results[0]).abs();
        rows.sort_by(|a, b| swing(b).total_cmp(&swing(a)).then_with(|| a.name.cmp(&b.name)));
        let column = |of: &dyn Fn(&Moved) -> f64| rows.iter().map(of).collect::<Vec<_>>();
        Ok(df!(
            "input" => rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(),
            "low_value" => column(&|row| row.ends[0]),
            "high_value" => column(&|row| row.ends[1]),
            "low" => column(&|row| row.results[0]),
            "central" => vec![central; rows.len()],
            "high" => column(&|row| row.results[1]),
            "swing" => column(&swing),
        )?)
    }

    /// Computes the result for lifts that fall short of the plan and for launches that are late.
    ///
    /// The result is what the levers add in `months`. Returns one row per pair: `lifts` (f64: share of each lift
    /// achieved, 1 is as planned), `delay` (f64: months), `additional` (f64).
    ///
    /// # Errors
    /// As [`projection`](Model::projection); lifts below 0 or delays outside 0 to 120.
    ///
    /// ```
    /// use casebook::metrics::lever::{Lever, Model, Rate};
    ///
    /// let mut model = Model { visitors: 1e6, rates: vec![Rate::new("paid", 12, 1_000)], ..Model::default() };
    /// model.levers = vec![Lever::new("search", 0, 0.25), Lever::new("price page", 1, 0.10).launch(3.0, 2.0)];
    /// let grid = model.sensitivity(12, &[0.5, 1.0], &[0.0, 3.0, 6.0])?;
    /// assert_eq!(grid.height(), 6);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn sensitivity(&self, months: u32, lifts: &[f64], delays: &[f64]) -> Result<DataFrame> {
        self.validate()?;
        check_months(months)?;
        for (field, values, most) in [("lifts", lifts, 10.0), ("delays", delays, 120.0)] {
            if let Some(value) = values.iter().find(|value| !(0.0..=most).contains(*value)) {
                return Err(Error::config(field, value, format!("0 to {most}")));
            }
        }
        let (mut scales, mut waits, mut results) = (vec![], vec![], vec![]);
        for scale in lifts {
            for delay in delays {
                let mut late = self.clone();
                for lever in &mut late.levers {
                    lever.launch += delay;
                }
                let mut world = self.central();
                world.lifts.iter_mut().for_each(|lift| *lift *= scale);
                scales.push(*scale);
                waits.push(*delay);
                results.push(late.total(&world, months));
            }
        }
        Ok(df!("lifts" => scales, "delay" => waits, "additional" => results)?)
    }
}

#[cfg(test)]
mod tests {
    use crate::metrics::lever::tests::{three, values};

    #[test]
    fn the_tornado_is_ordered_and_holds_every_input() {
        let table = three().tornado(12).unwrap();
        assert_eq!(table.height(), 3 + 3 + 1);
        let swing = values(&table, "swing");
        assert!(swing.is_sorted_by(|a, b| a >= b) && swing[6] > 0.0);
    }
}
