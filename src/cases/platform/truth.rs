//! The truth behind the data.

use polars::prelude::*;

use super::config::Config;
use super::decide::LIMIT;
use super::idea::Idea;
use crate::error::Result;
use crate::stats::distribution::normal_two_sided;
use crate::stats::group_sequential;

/// What an analyst should be able to recover.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// One row per experiment of the year seen: `experiment_id` (i64), `flaw` (text), `base` (f64: the relative effect of the idea on
    /// the primary metric), `lasting` (f64: the one that stays, if the change is shipped as it was tested), `returning` (f64: on users
    /// who return), `value` (f64, US dollars a year).
    pub experiments: DataFrame,
    /// How often five equally spaced looks at 5% are significant where nothing is: an integral.
    pub five_looks: f64,
    /// The same for a look on each planned day.
    pub daily_looks: f64,
    /// How often a test of clicks per session that takes sessions for independent is significant where nothing is.
    pub naive_ratio: f64,
    /// By how much the variance of clicks per session exceeds that of independent sessions.
    pub design_effect: f64,
    /// How often the best of twenty independent metrics is a significant rise where nothing is, at one look.
    pub twenty_metrics: f64,
}

/// Computes the truth behind [`generate`](super::generate).
///
/// # Errors
/// Those of [`Config::validate`].
///
/// ```
/// use casebook::cases::platform;
///
/// let truth = platform::truth(&platform::Config::default())?;
/// assert!((truth.five_looks - 0.1417).abs() < 0.0001);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn truth(config: &Config) -> Result<Truth> {
    config.validate()?;
    let ideas = Idea::year(config, 0);
    let numbers = |pick: &dyn Fn(&Idea) -> f64| ideas.iter().map(pick).collect::<Vec<f64>>();
    let experiments = df!(
        "experiment_id" => ideas.iter().map(|idea| i64::from(idea.id)).collect::<Vec<_>>(),
        "flaw" => ideas.iter().map(|idea| idea.flaw.name()).collect::<Vec<_>>(),
        "base" => numbers(&|idea| idea.base),
        "lasting" => numbers(&|idea| idea.lasting(config, false)),
        "returning" => numbers(&|idea| idea.returning(config)),
        "value" => numbers(&|idea| idea.value(config, false)),
    )?;
    let looks = group_sequential::peeking(config.days.max(5), 0.05)?;
    let design_effect = config.metrics.design_effect();
    Ok(Truth {
        experiments,
        five_looks: looks[4],
        daily_looks: looks[config.days as usize - 1],
        naive_ratio: normal_two_sided(LIMIT / design_effect.sqrt()),
        design_effect,
        twenty_metrics: 1.0 - 0.975_f64.powi(20),
    })
}
