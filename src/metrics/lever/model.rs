//! The growth model: its parts, and the worlds simulated from it.

use rand_distr::{Beta, Distribution, StandardNormal};
use rayon::prelude::*;

use super::inputs::{Lever, Rate};
use crate::error::{Error, Result};
use crate::metrics::quantile;
use crate::stats::split_normal::SplitNormal;
use crate::stream::stream;

/// At most this many levers, because all their subsets are computed.
const MOST_LEVERS: usize = 12;
/// A lift above this is a typing error rather than an improvement of a product.
const MOST_LIFT: f64 = 1_000.0;

/// A growth model: a funnel, what it earns, and the levers that could improve it.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Visitors in a year.
    pub visitors: f64,
    /// The standard deviation of the logarithm of visitors: 0.1 is about 10% either way.
    pub visitors_spread: f64,
    /// The stages after the visit, in order.
    pub rates: Vec<Rate>,
    /// What a new customer pays in the first year, in US dollars.
    pub dollars: f64,
    /// The levers.
    pub levers: Vec<Lever>,
    /// The number of simulated worlds.
    pub draws: u32,
    /// The seed of the simulation.
    pub seed: u64,
}

impl Default for Model {
    fn default() -> Self {
        Model {
            visitors: 0.0,
            visitors_spread: 0.0,
            rates: vec![],
            dollars: 96.0,
            levers: vec![],
            draws: 10_000,
            seed: 42,
        }
    }
}

/// One simulated world in which the levers could be pulled.
pub(super) struct World {
    pub visitors: f64,
    pub rates: Vec<f64>,
    pub lifts: Vec<f64>,
}

impl Model {
    /// Checks every field.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the first field out of range.
    pub fn validate(&self) -> Result<()> {
        let check = |field: &str, value: f64, fine: bool, accepted: &str| match fine {
            true => Ok(()),
            false => Err(Error::config(field, value, accepted)),
        };
        let positive = |value: f64| value > 0.0 && value.is_finite();
        check("visitors", self.visitors, positive(self.visitors), "above 0")?;
        let spread = self.visitors_spread;
        check("visitors_spread", spread, (0.0..=2.0).contains(&spread), "0 to 2")?;
        check("dollars", self.dollars, positive(self.dollars), "above 0")?;
        check(
            "draws",
            self.draws.into(),
            (100..=1_000_000).contains(&self.draws),
            "100 to 1,000,000",
        )?;
        if let Some(rate) =
            self.rates.iter().find(|rate| rate.trials == 0 || rate.hits > rate.trials)
        {
            let found = format!("{} of {} ({})", rate.hits, rate.trials, rate.name);
            return Err(Error::config("rates", found, "a share of at least one"));
        }
        if self.levers.len() > MOST_LEVERS {
            return Err(Error::config("levers", self.levers.len(), format!("up to {MOST_LEVERS}")));
        }
        for lever in &self.levers {
            let most = self.rates.len();
            if lever.stage > most {
                let accepted = format!("0 to {most}: the visit, and {most} rates after it");
                return Err(Error::config("stage", lever.stage, accepted).within(&lever.name));
            }
            let (low, high) = lever.range;
            let rising = low <= lever.lift && lever.lift <= high;
            let fine = lever.lift > -1.0 && rising && low >= -1.0 && high <= MOST_LIFT;
            check(
                "lift",
                lever.lift,
                fine,
                "above -1, within its range, which lies in -1 to 1,000",
            )
            .and_then(|()| {
                let sure = lever.confidence;
                check("confidence", sure, (0.0..=1.0).contains(&sure), "0 to 1")
            })
            .and_then(|()| {
                check(
                    "launch",
                    lever.launch,
                    (0.0..=120.0).contains(&lever.launch),
                    "0 to 120 months",
                )
            })
            .and_then(|()| {
                check("ramp", lever.ramp, (0.0..=120.0).contains(&lever.ramp), "0 to 120 months")
            })
            .map_err(|error| error.within(&lever.name))?;
        }
        Ok(())
    }

    /// Computes a year's new revenue without any lever.
    pub fn revenue(&self) -> f64 {
        self.earns(&self.central(), |_| 0.0)
    }

    pub(super) fn central(&self) -> World {
        World {
            visitors: self.visitors,
            rates: self.rates.iter().map(Rate::value).collect(),
            lifts: self.levers.iter().map(|lever| lever.lift).collect(),
        }
    }

    /// New revenue in a year, with each lever at a share of its full effect. Levers on one stage multiply.
    pub(super) fn earns(&self, world: &World, strength: impl Fn(usize) -> f64) -> f64 {
        let lifted = |stage: usize| -> f64 {
            let on = self.levers.iter().enumerate().filter(|(_, lever)| lever.stage == stage);
            on.map(|(n, _)| (1.0 + world.lifts[n] * strength(n)).max(0.0)).product()
        };
        let rates = world.rates.iter().enumerate();
        let through: f64 = rates.map(|(n, rate)| (rate * lifted(n + 1)).min(1.0)).product();
        world.visitors * lifted(0) * through * self.dollars
    }

    /// Simulates worlds, each from its own random stream, so that the thread count does not matter.
    pub(super) fn worlds(&self) -> Vec<World> {
        (0..self.draws)
            .into_par_iter()
            .map(|draw| {
                let mut rng = stream(self.seed, "lever", u64::from(draw));
                let normal: f64 = StandardNormal.sample(&mut rng);
                let visitors = self.visitors * (self.visitors_spread * normal).exp();
                let lifts = self
                    .levers
                    .iter()
                    .map(|lever| {
                        let (low, high) = lever.range;
                        SplitNormal::from_quantiles(low, lever.lift, high)
                            .map_or(lever.lift, |law| law.sample(&mut rng))
                            .max(-1.0)
                    })
                    .collect();
                let rates = self
                    .rates
                    .iter()
                    .map(|rate| {
                        let (hits, misses) = (rate.hits as f64, (rate.trials - rate.hits) as f64);
                        // Both parameters are above 0.
                        Beta::new(hits + 0.5, misses + 0.5)
                            .map_or(rate.value(), |law| law.sample(&mut rng))
                    })
                    .collect();
                World { visitors, rates, lifts }
            })
            .collect()
    }

    /// The 5%, 50% and 95% quantiles of something over all worlds.
    pub(super) fn range(
        &self,
        worlds: &[World],
        of: impl Fn(&World) -> f64 + Sync + Send,
    ) -> [f64; 3] {
        let mut values: Vec<f64> = worlds.par_iter().map(of).collect();
        values.sort_unstable_by(f64::total_cmp);
        [0.05, 0.5, 0.95].map(|q| quantile(&values, q).unwrap_or(f64::NAN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::lever::tests::three;

    /// The quantiles of the simulated lifts are the range and the lift, wherever in its range the lift lies.
    #[test]
    fn a_range_is_the_interval_of_what_is_simulated() {
        for (lift, low, high) in
            [(0.10, 0.05, 0.50), (0.10, 0.05, 0.15), (0.4, -0.2, 0.5), (0.1, 0.1, 0.3)]
        {
            let levers = vec![Lever::new("a", 0, lift).range(low, high)];
            let model = Model { levers, draws: 100_000, ..three() };
            model.validate().unwrap();
            let [from, middle, to] = model.range(&model.worlds(), |world| world.lifts[0]);
            let near = |a: f64, b: f64| (a - b).abs() < 0.02 * (high - low);
            assert!(
                near(from, low) && near(middle, lift) && near(to, high),
                "{from} {middle} {to}"
            );
        }
    }

    #[test]
    fn a_lift_may_be_a_loss() {
        let levers = vec![Lever::new("fewer, better", 0, -0.2), Lever::new("worse", 1, -0.9)];
        assert_eq!(levers[1].range, (-1.0, -0.45));
        Model { levers, ..three() }.validate().unwrap();
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let says = |change: &dyn Fn(&mut Model), text: &str| {
            let mut model = three();
            change(&mut model);
            let message = model.alone().unwrap_err().to_string();
            assert!(message.contains(text), "{message}");
        };
        says(&|model| model.visitors = 0.0, "`visitors` is 0; accepted: above 0");
        says(&|model| model.rates[0].hits = 2_000, "`rates` is 2000 of 1000 (signup)");
        says(&|model| model.levers[0].stage = 4, "`a.stage` is 4; accepted: 0 to 3");
        says(&|model| model.levers[1].range = (0.5, 0.6), "`b.lift`");
        says(&|model| model.levers[0].range.0 = f64::NEG_INFINITY, "`a.lift`");
        says(&|model| model.levers[0].range.1 = f64::INFINITY, "`a.lift`");
        says(&|model| model.levers[0].lift = f64::NAN, "`a.lift`");
        says(&|model| model.draws = 5, "`draws` is 5");
        assert!(three().projection(0).unwrap_err().to_string().contains("`months` is 0"));
    }
}
