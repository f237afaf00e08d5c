//! The platform on the day of a decision, and what each year with its rules brings.

use polars::prelude::*;

use super::config::Config;
use super::idea::YEAR;
use super::intervention::{Costs, Rule};
use super::judged::judged;
use super::rows;
use super::tables::Tables;
use crate::decision::{self, Outcome};
use crate::error::{Error, Result};

/// A company whose teams have run experiments for a year, and go on for another.
///
/// Its [`outcome`](decision::World::outcome) is what the changes shipped in a year bring until 365 days after the start of their
/// experiments, in US dollars, less their upkeep and the hours that rules take. Future 0 is the year that the company has seen, run
/// again with the same ideas and the same users; in any other, the same teams have new ideas.
///
/// ```
/// use casebook::cases::platform::{self, Costs, Rule};
/// use casebook::decision::{self, Choice};
///
/// let config = platform::Config { experiments: 40, ..Default::default() };
/// let world = platform::World::new(&config, Costs::default())?;
/// let options = [Choice::nothing(), Choice::new("guardrail", [Rule::Guardrails])];
/// let found = decision::compare(&world, &options, 4)?;
/// assert!(found.option("guardrail")?.cost > 0.0);
/// # Ok::<(), casebook::Error>(())
/// ```
pub struct World {
    config: Config,
    costs: Costs,
}

/// What a year brought.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Year {
    /// Changes shipped.
    pub shipped: u32,
    /// Of these, those that bring something for good.
    pub real: u32,
    /// Those that bring nothing.
    pub idle: u32,
    /// Those that do harm.
    pub harmful: u32,
    /// What the real ones bring, in US dollars.
    pub gained: f64,
    /// What the harmful ones lose, in US dollars; 0 or more.
    pub lost: f64,
    /// Upkeep of what was shipped, in US dollars.
    pub upkeep: f64,
    /// Hours that the rules took.
    pub hours: f64,
    /// What these hours cost, in US dollars.
    pub discipline: f64,
    /// Runs of experiments, repeated ones included.
    pub runs: u32,
    /// Days of all runs.
    pub days: u32,
    /// Experiments that an alarm stopped.
    pub alarms: u32,
    /// Wins that the guardrail stopped.
    pub blocked: u32,
}

impl Year {
    /// Returns what is left, in US dollars.
    pub fn net(&self) -> f64 {
        self.gained - self.lost - self.upkeep - self.discipline
    }

    /// Returns one row: `shipped`, `real`, `idle`, `harmful` (u32), `real_share` (f64; null if nothing was shipped), `gained`,
    /// `lost`, `upkeep`, `discipline`, `net` (f64, US dollars), `hours` (f64), `runs`, `days`, `alarms`, `blocked` (u32).
    ///
    /// # Errors
    /// Polars' own; none are known.
    pub fn frame(&self) -> Result<DataFrame> {
        let share = (self.shipped > 0).then(|| f64::from(self.real) / f64::from(self.shipped));
        Ok(df!(
            "shipped" => [self.shipped], "real" => [self.real], "idle" => [self.idle],
            "harmful" => [self.harmful], "real_share" => [share], "gained" => [self.gained],
            "lost" => [self.lost], "upkeep" => [self.upkeep], "discipline" => [self.discipline],
            "net" => [self.net()], "hours" => [self.hours], "runs" => [self.runs],
            "days" => [self.days], "alarms" => [self.alarms], "blocked" => [self.blocked],
        )?)
    }
}

impl World {
    /// Makes the company of a config.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the field that is out of range, its value and the range.
    pub fn new(config: &Config, costs: Costs) -> Result<World> {
        config.validate()?;
        costs.validate()?;
        Ok(World { config: config.clone(), costs })
    }

    /// Returns what the analyst sees: the tables of the year without rules.
    ///
    /// # Errors
    /// Those of [`generate`](super::generate).
    pub fn tables(&self) -> Result<Tables> {
        rows::tables(&self.config, &[])
    }

    /// Returns the rules of the business.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Returns what is assumed about money.
    pub fn costs(&self) -> &Costs {
        &self.costs
    }

    /// Runs a year with these rules: 0 is the one that the company has seen.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a rule that is named twice.
    pub fn year(&self, rules: &[Rule], future: u64) -> Result<Year> {
        for (place, rule) in rules.iter().enumerate() {
            if rules[..place].contains(rule) {
                return Err(Error::config("rules", rule.name(), "each rule once"));
            }
        }
        let (ideas, decisions) = judged(&self.config, rules, future)?;
        let mut year = Year::default();
        let mut again = 0;
        for (idea, decision) in ideas.iter().zip(&decisions) {
            let extra = u32::from(decision.alarm) + u32::from(decision.replicated);
            again += extra;
            year.runs += 1 + extra;
            year.days += decision.days;
            year.alarms += u32::from(decision.alarm);
            year.blocked += u32::from(decision.blocked);
            if !decision.shipped {
                continue;
            }
            let there = in_use(decision.days);
            let value = idea.value(&self.config, decision.alarm) * there;
            year.shipped += 1;
            year.upkeep += self.costs.upkeep * there;
            match value {
                it if it > 0.0 => (year.real, year.gained) = (year.real + 1, year.gained + it),
                it if it < 0.0 => (year.harmful, year.lost) = (year.harmful + 1, year.lost - it),
                _ => year.idle += 1,
            }
        }
        year.hours = self.costs.hours(rules, self.config.experiments, year.alarms, again);
        year.discipline = self.costs.hour * year.hours;
        Ok(year)
    }
}

/// The share of the 365 days after an experiment's start in which a change that took so many days to ship is in use.
pub(super) fn in_use(days: u32) -> f64 {
    f64::from(YEAR.saturating_sub(days)) / f64::from(YEAR)
}

impl decision::World for World {
    type Intervention = Rule;

    fn outcome(&self, done: &[Rule], future: u64) -> Result<Outcome> {
        let year = self.year(done, future)?;
        let contribution = year.gained - year.lost - year.upkeep;
        Ok(Outcome { contribution, cost: year.discipline })
    }
}
