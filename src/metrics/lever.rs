//! Levers: what moving one stage of a funnel is worth, with its uncertainty, and what several are worth together.
//!
//! New revenue in a year is a flow: visitors × the rates of the funnel × dollars per new customer. A lever lifts
//! one factor; no rate passes 1. What is uncertain is drawn again and again, so results are ranges.
//!
//! ```
//! use casebook::metrics::lever::{Lever, Model, Rate};
//!
//! let model = Model {
//!     visitors: 1_000_000.0,
//!     rates: vec![Rate::new("signup", 150, 1_000), Rate::new("paid", 12, 1_000)],
//!     levers: vec![Lever::new("search", 0, 0.25), Lever::new("onboarding", 2, 0.10)],
//!     ..Model::default()
//! };
//! let overlap = model.overlap()?;
//! // Alone +25 % and +10 %; together 1.25 · 1.10 − 1 = +37.5 %.
//! let base = model.revenue();
//! let together = overlap.column("averaged")?.f64()?.get(2).unwrap();
//! assert!((together / base - 0.375).abs() < 1e-9);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! The share of each lever in what they do together is L. S. Shapley's value (1953): its contribution averaged
//! over all orders in which they could come. Rates are drawn from their posterior with H. Jeffreys' prior, lifts
//! from a normal distribution with the range given as its middle 90 %.

use polars::prelude::*;
use rand_distr::{Beta, Distribution, StandardNormal};
use rayon::prelude::*;

use super::quantile;
use crate::error::{Error, Result};
use crate::stream::stream;

/// Quantile of the standard normal distribution that leaves 5 % on each side.
const Z90: f64 = 1.644_853_626_951_472_2;
/// All subsets of the levers are looked at.
const MOST_LEVERS: usize = 12;

/// A stage's rate, as counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    /// The stage.
    pub name: String,
    /// Who reached it.
    pub hits: u64,
    /// Who reached the stage before.
    pub trials: u64,
}

impl Rate {
    /// `hits` of `trials`.
    pub fn new(name: &str, hits: u64, trials: u64) -> Rate {
        Rate { name: name.to_owned(), hits, trials }
    }

    fn value(&self) -> f64 {
        self.hits as f64 / self.trials as f64
    }
}

/// Something that could be done about one stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Lever {
    /// Its name.
    pub name: String,
    /// What it lifts: 0 is how many visit, 1 the first rate, and so on.
    pub stage: usize,
    /// By how much, relatively: 0.25 is a quarter more.
    pub lift: f64,
    /// The middle 90 % of what the lift could be.
    pub range: (f64, f64),
    /// How sure we are that it can be built as thought; 0 to 1. Ranks, and changes no revenue.
    pub confidence: f64,
    /// Months until it is there.
    pub launch: f64,
    /// Months it then takes to full effect, evenly.
    pub ramp: f64,
}

impl Lever {
    /// A lever that is there at once, with a lift known to within a half either way.
    pub fn new(name: &str, stage: usize, lift: f64) -> Lever {
        let range = (lift * 0.5, lift * 1.5);
        Lever { name: name.to_owned(), stage, lift, range, confidence: 1.0, launch: 0.0, ramp: 0.0 }
    }

    /// The middle 90 % of what the lift could be.
    pub fn range(mut self, low: f64, high: f64) -> Lever {
        self.range = (low, high);
        self
    }

    /// How sure we are that it can be built as thought.
    pub fn confidence(mut self, confidence: f64) -> Lever {
        self.confidence = confidence;
        self
    }

    /// Months until it is there, and months it then takes to full effect.
    pub fn launch(mut self, launch: f64, ramp: f64) -> Lever {
        (self.launch, self.ramp) = (launch, ramp);
        self
    }

    /// The average share of its effect in month `month`, counted from 1.
    fn strength(&self, month: u32) -> f64 {
        let (from, to) = (f64::from(month) - 1.0 - self.launch, f64::from(month) - self.launch);
        // The area below the ramp from 0 to a moment.
        let area = |at: f64| {
            let at = at.max(0.0);
            if at < self.ramp { at * at / (2.0 * self.ramp) } else { at - self.ramp / 2.0 }
        };
        area(to) - area(from)
    }
}

/// A funnel, what it earns, and the levers on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Visitors in a year.
    pub visitors: f64,
    /// The standard deviation of what visitors could be, relatively.
    pub visitors_spread: f64,
    /// The stages after the visit, in order.
    pub rates: Vec<Rate>,
    /// What a new customer pays in the first year, in US dollars.
    pub dollars: f64,
    /// The levers.
    pub levers: Vec<Lever>,
    /// How often everything is drawn.
    pub draws: u32,
    /// Every number drawn follows from it.
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

/// One world in which the levers could be pulled.
struct World {
    visitors: f64,
    rates: Vec<f64>,
    lifts: Vec<f64>,
}

/// A lever by its place, and the middle 90 % and median of what it brings alone.
struct Alone {
    n: usize,
    range: [f64; 3],
}

/// An input, the ends it is moved between, and the results there.
struct Moved {
    name: String,
    ends: [f64; 2],
    results: [f64; 2],
}

impl Model {
    /// That the model makes sense.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the first field that does not.
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
            let fine =
                lever.lift > -1.0 && low <= lever.lift && lever.lift <= high && high.is_finite();
            check("lift", lever.lift, fine, "above -1, within its range")
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
                    check(
                        "ramp",
                        lever.ramp,
                        (0.0..=120.0).contains(&lever.ramp),
                        "0 to 120 months",
                    )
                })
                .map_err(|error| error.within(&lever.name))?;
        }
        Ok(())
    }

    /// New revenue in a year without any lever.
    pub fn revenue(&self) -> f64 {
        self.earns(&self.central(), |_| 0.0)
    }

    fn central(&self) -> World {
        World {
            visitors: self.visitors,
            rates: self.rates.iter().map(Rate::value).collect(),
            lifts: self.levers.iter().map(|lever| lever.lift).collect(),
        }
    }

    /// New revenue in a year, with each lever at a share of its full effect. Levers on one stage multiply.
    fn earns(&self, world: &World, strength: impl Fn(usize) -> f64) -> f64 {
        let lifted = |stage: usize| -> f64 {
            let on = self.levers.iter().enumerate().filter(|(_, lever)| lever.stage == stage);
            on.map(|(n, _)| (1.0 + world.lifts[n] * strength(n)).max(0.0)).product()
        };
        let rates = world.rates.iter().enumerate();
        let through: f64 = rates.map(|(n, rate)| (rate * lifted(n + 1)).min(1.0)).product();
        world.visitors * lifted(0) * through * self.dollars
    }

    /// Worlds drawn: each by its own stream, so that threads do not matter.
    fn worlds(&self) -> Vec<World> {
        (0..self.draws)
            .into_par_iter()
            .map(|draw| {
                let mut rng = stream(self.seed, "lever", u64::from(draw));
                let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
                let visitors = self.visitors * (self.visitors_spread * normal()).exp();
                let lifts = self
                    .levers
                    .iter()
                    .map(|lever| {
                        let (low, high) = lever.range;
                        (lever.lift + (high - low) / (2.0 * Z90) * normal()).max(-1.0)
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

    /// The middle 90 % and the median of something over all worlds.
    fn range(&self, worlds: &[World], of: impl Fn(&World) -> f64 + Sync + Send) -> [f64; 3] {
        let mut values: Vec<f64> = worlds.par_iter().map(of).collect();
        values.sort_unstable_by(f64::total_cmp);
        [0.05, 0.5, 0.95].map(|q| quantile(&values, q).unwrap_or(f64::NAN))
    }

    /// Each lever alone, at full effect for a year.
    ///
    /// Returns one row per lever: `rank` (i64, from 1: by the median times confidence), `lever`, `stage`
    /// ("visitors" or the rate's name), `lift` (f64), `rate`, `improved` (f64: null for visitors), `capped` (bool:
    /// the rate would pass 1), `revenue` (f64: more in a year, as things are thought to be), `low`, `median`,
    /// `high` (f64: the middle 90 % of it), `confidence`, `score` (f64: median × confidence), by rank.
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

    /// What each lever adds when the others are there too, at full effect for a year: order matters.
    ///
    /// Returns one row per lever, as given, and one for "together": `lever`, `alone` (f64: first of all; the sum of
    /// them in the last row), `last` (f64: after all others; null in the last row), `averaged` (f64: over all orders; what they add
    /// together in the last row, which it sums to), `low`, `high` (f64: the middle 90 % of `averaged`).
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

    /// More revenue in a month, and in all months up to it.
    fn more(&self, world: &World, months: u32) -> Vec<f64> {
        let base = self.earns(world, |_| 0.0) / 12.0;
        (1..=months)
            .map(|month| self.earns(world, |n| self.levers[n].strength(month)) / 12.0 - base)
            .collect()
    }

    fn total(&self, world: &World, months: u32) -> f64 {
        self.more(world, months).iter().sum()
    }

    /// Month by month, with the levers launched as they say.
    ///
    /// Returns `month` (i64, from 1), `baseline`, `with_levers` (f64: new revenue of the month), `additional` (f64:
    /// the difference), `cumulative` (f64: all months so far), `low`, `median`, `high` (f64: the middle 90 % of
    /// `cumulative`). Revenue is booked when a customer signs, for a year: a flow, so no month counts another's.
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

    /// The tornado: what the result owes to each thing that is uncertain, moved alone from the low to the high end
    /// of its middle 90 %, all else as thought.
    ///
    /// The result is what the levers add in `months`, launched as they say. Returns `input`, `low_value`,
    /// `high_value` (f64: of the input), `low`, `central`, `high` (f64: the result), `swing` (f64: high − low), by
    /// falling swing.
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

    /// How the result changes when all lifts are a share of what is thought, and all launches are late.
    ///
    /// The result is what the levers add in `months`. Returns `lifts` (f64: 1 is as thought), `delay` (f64: months),
    /// `additional` (f64), for each of both.
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

fn check_months(months: u32) -> Result<()> {
    match months {
        1..=120 => Ok(()),
        _ => Err(Error::config("months", months, "1 to 120")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn three() -> Model {
        Model {
            visitors: 1_000_000.0,
            visitors_spread: 0.1,
            rates: vec![
                Rate::new("signup", 150, 1_000),
                Rate::new("activation", 600, 1_000),
                Rate::new("paid", 20, 1_000),
            ],
            levers: vec![
                Lever::new("a", 0, 0.25),
                Lever::new("b", 2, 0.156),
                Lever::new("c", 3, 0.124),
            ],
            draws: 2_000,
            ..Model::default()
        }
    }

    fn values(frame: &DataFrame, column: &str) -> Vec<f64> {
        frame.column(column).unwrap().f64().unwrap().into_no_null_iter().collect()
    }

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

    #[test]
    fn the_tornado_is_ordered_and_holds_every_input() {
        let table = three().tornado(12).unwrap();
        assert_eq!(table.height(), 3 + 3 + 1);
        let swing = values(&table, "swing");
        assert!(swing.is_sorted_by(|a, b| a >= b) && swing[6] > 0.0);
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
        says(&|model| model.draws = 5, "`draws` is 5");
        assert!(three().projection(0).unwrap_err().to_string().contains("`months` is 0"));
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
