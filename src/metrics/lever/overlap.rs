//! Levers together: what overlaps, and how it is shared.

use polars::prelude::*;
use rayon::prelude::*;

use super::model::{Model, World};
use crate::error::Result;
use crate::metrics::quantile;

impl Model {
    /// Computes what each lever adds when the others are pulled as well, at full effect for a year, and how that
    /// depends on their order.
    ///
    /// Returns one row per lever, as given, and one for "together": `lever`, `alone` (f64: pulled first; in the last
    /// row the sum), `last` (f64: pulled after all others; null in the last row), `averaged` (f64: its Shapley value,
    /// averaged over all orders; in the last row what they add together, which is the sum of the others), `low`, `high`
    /// (f64: the 90% interval of `averaged`).
    ///
    /// # Errors
    /// As [`validate`](Model::validate).
    ///
    /// ```
    /// use casebook::metrics::lever::{Lever, Model, Rate};
    ///
    /// let mut model = Model { visitors: 1e6, rates: vec![Rate::new("paid", 12, 1_000)], ..Model::default() };
    /// model.levers = vec![Lever::new("search", 0, 0.25), Lever::new("price page", 1, 0.10).launch(3.0, 2.0)];
    /// assert_eq!(model.overlap()?.height(), 3); // two levers, and together
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn overlap(&self) -> Result<DataFrame> {
        self.validate()?;
        let n = self.levers.len();
        let subsets = 1_usize << n;
        // How often a lever comes after exactly these others, over all orders: |S|! (n − |S| − 1)! / n!
        let factorial = |k: usize| (1..=k).map(|k| k as f64).product::<f64>();
        let weight: Vec<f64> =
            (0..n).map(|k| factorial(k) * factorial(n - k - 1) / factorial(n)).collect();
        let values = |world: &World| -> Vec<f64> {
            let pulled = |set: usize| move |lever: usize| ((set >> lever) & 1) as f64;
            (0..subsets).map(|set| self.earns(world, pulled(set))).collect()
        };
        let shares = |of: &[f64]| -> Vec<f64> {
            (0..n)
                .map(|lever| {
                    (0..subsets)
                        .filter(|set| (set >> lever) & 1 == 0)
                        .map(|set| {
                            weight[set.count_ones() as usize] * (of[set | 1 << lever] - of[set])
                        })
                        .sum()
                })
                .collect()
        };
        let central = values(&self.central());
        let mut averaged = shares(&central);
        let mut alone: Vec<f64> = (0..n).map(|lever| central[1 << lever] - central[0]).collect();
        let full = subsets - 1;
        let mut last: Vec<Option<f64>> =
            (0..n).map(|lever| Some(central[full] - central[full ^ (1 << lever)])).collect();
        let drawn: Vec<Vec<f64>> = self
            .worlds()
            .par_iter()
            .map(|world| {
                let of = values(world);
                let mut each = shares(&of);
                each.push(of[full] - of[0]);
                each
            })
            .collect();
        let bounds = |q: f64| -> Vec<Option<f64>> {
            (0..=n)
                .map(|lever| {
                    let mut values: Vec<f64> = drawn.iter().map(|each| each[lever]).collect();
                    values.sort_unstable_by(f64::total_cmp);
                    quantile(&values, q)
                })
                .collect()
        };
        alone.push(alone.iter().sum());
        last.push(None);
        averaged.push(central[full] - central[0]);
        let names = self.levers.iter().map(|lever| lever.name.as_str()).chain(["together"]);
        Ok(df!(
            "lever" => names.collect::<Vec<_>>(),
            "alone" => alone,
            "last" => last,
            "averaged" => averaged,
            "low" => bounds(0.05),
            "high" => bounds(0.95),
        )?)
    }
}

#[cfg(test)]
mod tests {
    use crate::metrics::lever::Lever;
    use crate::metrics::lever::tests::{three, values};
    use proptest::prelude::*;

    #[test]
    fn alone_they_sum_and_together_they_compound() {
        let model = three();
        let base = model.revenue();
        assert!((base - 1e6 * 0.15 * 0.6 * 0.02 * 96.0).abs() < 1e-6);
        let overlap = model.overlap().unwrap();
        let (alone, averaged) = (values(&overlap, "alone"), values(&overlap, "averaged"));
        assert!((alone[3] / base - 0.53).abs() < 1e-12);
        assert!((averaged[3] / base - (1.25 * 1.156 * 1.124 - 1.0)).abs() < 1e-12);
        assert!((averaged[..3].iter().sum::<f64>() - averaged[3]).abs() < 1e-6);
        // First, a lever adds less than on top of the others; the average lies between.
        for ((alone, last), share) in
            alone.iter().zip(values(&overlap, "last")).zip(&averaged).take(3)
        {
            assert!(*alone < *share && *share < last);
        }
    }

    proptest! {
        #[test]
        fn shares_sum_to_the_whole(
            lifts in prop::collection::vec((0_usize..4, -0.5..3.0_f64), 1..6),
        ) {
            let mut model = three();
            model.draws = 100;
            model.levers = lifts.iter().enumerate().map(|(n, (stage, lift))| {
                let name = format!("lever {n}");
                Lever::new(&name, *stage, *lift).range(lift - 0.1, lift + 0.1)
            }).collect();
            let overlap = model.overlap().unwrap();
            let averaged = values(&overlap, "averaged");
            let sum: f64 = averaged[..lifts.len()].iter().sum();
            prop_assert!((sum - averaged[lifts.len()]).abs() <= 1e-9 * model.revenue().max(averaged[lifts.len()].abs()));
        }
    }
}
