//! Each lever alone.

use polars::prelude::*;

use super::inputs::Lever;
use super::model::{Model, World};
use crate::error::Result;

/// A lever by its place, and the 5%, 50% and 95% quantiles of what it adds alone.
struct Alone {
    n: usize,
    range: [f64; 3],
}

impl Model {
    /// Computes what each lever adds alone, at full effect for a year.
    ///
    /// Returns one row per lever: `rank` (i64, from 1: by the median times confidence), `lever`, `stage`
    /// ("visitors" or the rate's name), `lift` (f64), `rate`, `improved` (f64: null for visitors), `capped` (bool:
    /// the rate would exceed 1), `revenue` (f64: additional revenue in a year, with every input as stated), `low`,
    /// `median`, `high` (f64: its 90% interval), `confidence`, `score` (f64: median × confidence), by rank.
    ///
    /// # Errors
    /// As [`validate`](Model::validate).
    ///
    /// ```
    /// use casebook::metrics::lever::{Lever, Model, Rate};
    ///
    /// let mut model = Model { visitors: 1e6, rates: vec![Rate::new("paid", 12, 1_000)], ..Model::default() };
    /// model.levers = vec![Lever::new("search", 0, 0.25), Lever::new("price page", 1, 0.10).launch(3.0, 2.0)];
    /// assert_eq!(model.alone()?.column("lever")?.str()?.get(0), Some("search"));
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn alone(&self) -> Result<DataFrame> {
        self.validate()?;
        let (central, worlds, base) = (self.central(), self.worlds(), self.revenue());
        let only = |n: usize| move |other: usize| f64::from(u8::from(other == n));
        let gain =
            |world: &World, n: usize| self.earns(world, only(n)) - self.earns(world, |_| 0.0);
        let mut rows: Vec<Alone> = (0..self.levers.len())
            .map(|n| Alone { n, range: self.range(&worlds, |world| gain(world, n)) })
            .collect();
        let lever = |row: &Alone| &self.levers[row.n];
        let score = |row: &Alone| row.range[1] * lever(row).confidence;
        rows.sort_by(|a, b| score(b).total_cmp(&score(a)));
        let rate = |stage: usize| stage.checked_sub(1).map(|n| central.rates[n]);
        let wanted = |lever: &Lever| rate(lever.stage).map(|rate| rate * (1.0 + lever.lift));
        let column = |of: &dyn Fn(&Alone) -> f64| rows.iter().map(of).collect::<Vec<_>>();
        let stage = |stage: usize| match stage {
            0 => "visitors".to_owned(),
            n => self.rates[n - 1].name.clone(),
        };
        Ok(df!(
            "rank" => (1..=rows.len() as i64).collect::<Vec<_>>(),
            "lever" => rows.iter().map(|row| lever(row).name.as_str()).collect::<Vec<_>>(),
            "stage" => rows.iter().map(|row| stage(lever(row).stage)).collect::<Vec<_>>(),
            "lift" => column(&|row| lever(row).lift),
            "rate" => rows.iter().map(|row| rate(lever(row).stage)).collect::<Vec<_>>(),
            "improved" => rows.iter().map(|row| wanted(lever(row)).map(|rate| rate.min(1.0))).collect::<Vec<_>>(),
            "capped" => rows.iter().map(|row| wanted(lever(row)).is_some_and(|rate| rate > 1.0)).collect::<Vec<_>>(),
            "revenue" => column(&|row| self.earns(&central, only(row.n)) - base),
            "low" => column(&|row| row.range[0]),
            "median" => column(&|row| row.range[1]),
            "high" => column(&|row| row.range[2]),
            "confidence" => column(&|row| lever(row).confidence),
            "score" => column(&score),
        )?)
    }
}

#[cfg(test)]
mod tests {
    use crate::metrics::lever::tests::{three, values};
    use crate::metrics::lever::{Lever, Rate};

    #[test]
    fn no_rate_passes_1() {
        let mut model = three();
        model.rates[1] = Rate::new("activation", 99, 100);
        model.levers = vec![Lever::new("more", 2, 0.08)];
        let alone = model.alone().unwrap();
        assert_eq!(alone.column("capped").unwrap().bool().unwrap().get(0), Some(true));
        assert_eq!(values(&alone, "improved"), [1.0]);
        let most = model.revenue() * (1.0 / 0.99 - 1.0);
        assert!((values(&alone, "revenue")[0] - most).abs() < 1e-6);
    }
}
