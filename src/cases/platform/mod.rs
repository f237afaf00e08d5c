//! A platform that has run two hundred experiments: which rules should it enforce?
//!
//! Teams test ideas, most of which do nothing, and ship what has p < 0.05. Some look every day and stop at the first significant
//! result, some take the best of twenty metrics, and a ratio of sums is tested as if sessions were independent. A few experiments have a
//! [`Flaw`]: a redirect that loses users, an outage of logging in one arm, arms that were used before, novelty, an effect in one
//! segment only, and harm that the primary metric likes.
//!
//! A [`Rule`] changes what teams decide. [`World`] runs the year again with rules in force, with the same ideas and the same users.
//!
//! ```
//! use casebook::cases::platform::{self, Rule};
//!
//! let config = platform::Config { experiments: 20, ..Default::default() };
//! let tables = platform::generate(&config)?;
//! assert_eq!(tables.experiments.height(), 20);
//! let twin = platform::generate_with(&config, &[Rule::Sequential])?;
//! assert!(twin.daily.height() >= tables.daily.height()); // nobody stops earlier
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! # How
//! An idea has a [stream](crate::stream) of its own, and so has each day of a run in each arm and segment: what users do on
//! day 9 is the same, whether or not the team stopped on day 3.

mod belief;
mod config;
mod decide;
mod drawn;
mod effects;
mod flaw;
mod idea;
mod intervention;
mod metric;
mod options;
mod panel;
mod reading;
mod rows;
mod run;
mod seen;
mod truth;
mod world;

use polars::prelude::*;

use crate::error::{Error, Result};

pub use config::{Config, Looks, Team};
pub use effects::Effects;
pub use flaw::{Flaw, Planted};
pub use intervention::{Costs, Rule};
pub use metric::{Metric, Metrics};
pub use options::{Terms, rule_options};
pub use seen::{one_row_each, results};
pub use truth::{Truth, truth};
pub use world::{World, Year};

/// The generated year.
#[derive(Debug, Clone, PartialEq)]
pub struct Tables {
    /// `team`, `looks` ("once", "five times", "daily"; text), `metrics` (i64: how many it looks at): one row per team, as configured.
    pub teams: DataFrame,
    /// One row per experiment, by id: `experiment_id` (i64, from 1), `team`, `metric` ("conversion", "revenue per user", "clicks per
    /// session"), `started_on`, `planned_end_on`, `stopped_on` (Date), `days`, `looks` (i64: until it stopped), `decision` ("shipped",
    /// "not shipped"), `deciding_metric` (i64: 1 is the primary one), `p_value` (f64: of the deciding metric, as the team saw it),
    /// `lift` (f64: the relative difference of the primary metric when it stopped).
    pub experiments: DataFrame,
    /// Sums by experiment, day, arm and segment, in this order, until the experiment stopped: `experiment_id`, `day` (i64, from 1),
    /// `date` (Date), `arm` ("control", "treatment"), `segment` ("returning", "new"), `users` (i64: who came for the first time on
    /// that day), `bought_before`, `returned` (i64: of these users, who bought in the week before, who returned within a week),
    /// `numerator`, `denominator` of the primary metric, `numerator_squares`, `denominator_squares`, `products` (f64: sums of users'
    /// squares and products). Of a mean per user the denominator is the number of users. Squares of orders, and of sessions and clicks,
    /// are what so many of them have on average.
    pub daily: DataFrame,
    /// What the team saw at each look: `experiment_id`, `look`, `day`, `metric_no` (i64: 1 is the primary metric), `lift` (f64; null for
    /// other metrics), `z`, `p_value` (f64, by the test that the team uses).
    pub looks: DataFrame,
    /// Users of five experiments, until these stopped: `user_id`, `experiment_id`, `day` (i64), `arm`, `segment` (text),
    /// `bought_before`, `returned` (i64, 0 or 1), `numerator`, `denominator` (f64).
    pub users: DataFrame,
    /// Users of the first experiment with novelty who were followed for ten days: `experiment_id`, `user_id` (i64, its own
    /// numbering), `arm`, `day` (i64, 0 is the first visit), `bought` (i64, 0 or 1).
    pub holdback: DataFrame,
}

impl Tables {
    /// Returns the tables with the names they have in files and databases, parents before children.
    pub fn named(&self) -> [(&'static str, &DataFrame); 6] {
        [
            ("teams", &self.teams),
            ("experiments", &self.experiments),
            ("daily", &self.daily),
            ("looks", &self.looks),
            ("users", &self.users),
            ("holdback", &self.holdback),
        ]
    }
}

/// Generates the year as it was: teams decide as they like.
///
/// # Errors
/// Those of [`Config::validate`].
pub fn generate(config: &Config) -> Result<Tables> {
    generate_with(config, &[])
}

/// Generates the twin of the year in which the platform enforces rules: the same ideas, and the same users on the same days.
///
/// Tables show first runs; what an alarm or a replication runs again is in the decision only.
///
/// # Errors
/// Those of [`Config::validate`]; a rule that is named twice.
pub fn generate_with(config: &Config, rules: &[Rule]) -> Result<Tables> {
    config.validate()?;
    for (place, rule) in rules.iter().enumerate() {
        if rules[..place].contains(rule) {
            return Err(Error::config("rules", rule.name(), "each rule once"));
        }
    }
    rows::tables(config, rules)
}
