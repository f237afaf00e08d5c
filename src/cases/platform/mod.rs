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
mod judged;
mod metric;
mod options;
mod panel;
mod reading;
mod rows;
mod run;
mod seen;
mod tables;
mod truth;
mod world;

use crate::error::{Error, Result};

pub use config::{Config, Looks, Team};
pub use effects::Effects;
pub use flaw::{Flaw, Planted};
pub use intervention::{Costs, Rule};
pub use metric::{Metric, Metrics};
pub use options::{Terms, rule_options};
pub use seen::{one_row_each, results};
pub use tables::Tables;
pub use truth::{Truth, truth};
pub use world::{World, Year};

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
