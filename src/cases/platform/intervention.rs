//! The rules that a platform can enforce, and what they cost: plain data, checked field by field.

use polars::prelude::*;
use serde::{Deserialize, Serialize};

use crate::cases::check::within;
use crate::error::Result;

/// A rule that the platform enforces for all teams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Who looks more than once has a limit for each look (O'Brien and Fleming's), so that all looks together are wrong in 5% of
    /// experiments without an effect.
    Sequential,
    /// A sample ratio with p < 0.001 stops an experiment; it is repaired and run again.
    SampleRatio,
    /// Ratios of sums are tested with users as the unit, not sessions.
    RatioMetrics,
    /// The metric that decides is named before the start.
    OneMetric,
    /// Nothing is shipped with a significant fall of users who return.
    Guardrails,
    /// A winner is run again for as long as was planned, with new arms, and shipped if it wins again.
    Replication,
}

impl Rule {
    /// All of them.
    pub const ALL: [Rule; 6] = [
        Rule::Sequential,
        Rule::SampleRatio,
        Rule::RatioMetrics,
        Rule::OneMetric,
        Rule::Guardrails,
        Rule::Replication,
    ];

    /// Returns what readers call it.
    pub fn name(self) -> &'static str {
        match self {
            Rule::Sequential => "sequential tests",
            Rule::SampleRatio => "sample ratio alarm",
            Rule::RatioMetrics => "ratio metrics by user",
            Rule::OneMetric => "one metric named first",
            Rule::Guardrails => "guardrail",
            Rule::Replication => "replication",
        }
    }
}

/// What is assumed about money and time, for a decision. None of it is published.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Costs {
    /// US dollars per hour of somebody's time; 0 to 1,000.
    pub hour: f64,
    /// Hours it takes to build a rule into the platform; 0 to 10,000. It is paid once, in the first year.
    pub build: f64,
    /// Hours per experiment and year that each rule takes from its team, for all but replication; 0 to 100.
    pub experiment: f64,
    /// Hours to find and repair what a sample ratio alarm is about; 0 to 1,000.
    pub alarm: f64,
    /// Hours to run an experiment once more; 0 to 1,000.
    pub replication: f64,
    /// US dollars a year to maintain a change that is shipped; 0 to 1,000,000.
    pub upkeep: f64,
}

impl Default for Costs {
    fn default() -> Self {
        Costs {
            hour: 120.0,
            build: 80.0,
            experiment: 0.5,
            alarm: 16.0,
            replication: 12.0,
            upkeep: 5_000.0,
        }
    }
}

impl Costs {
    /// Checks every field.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the first field that is out of range, its value and the
    /// range.
    pub fn validate(&self) -> Result<()> {
        within("hour", self.hour, 0.0, 1_000.0)?;
        within("build", self.build, 0.0, 10_000.0)?;
        within("experiment", self.experiment, 0.0, 100.0)?;
        within("alarm", self.alarm, 0.0, 1_000.0)?;
        within("replication", self.replication, 0.0, 1_000.0)?;
        within("upkeep", self.upkeep, 0.0, 1_000_000.0)
    }

    /// Returns one row per assumption: `assumption`, `unit` (text), `value`, `plausible_low`, `plausible_high` (f64).
    ///
    /// # Errors
    /// Polars' own; none are known.
    pub fn frame(&self) -> Result<DataFrame> {
        Ok(df!(
            "assumption" => ["hour", "build", "experiment", "alarm", "replication", "upkeep"],
            "unit" => ["dollars per hour", "hours per rule, once", "hours per experiment and rule",
                "hours per alarm", "hours per repeated run", "dollars per shipped change and year"],
            "value" => [self.hour, self.build, self.experiment, self.alarm, self.replication, self.upkeep],
            "plausible_low" => [60.0, 20.0, 0.1, 4.0, 2.0, 0.0],
            "plausible_high" => [250.0, 400.0, 4.0, 80.0, 60.0, 40_000.0],
        )?)
    }

    /// Hours a year of these rules.
    pub(super) fn hours(&self, rules: &[Rule], experiments: u32, alarms: u32, again: u32) -> f64 {
        let build = self.build * rules.len() as f64;
        let asked = rules.iter().filter(|rule| **rule != Rule::Replication).count();
        build
            + self.experiment * asked as f64 * f64::from(experiments)
            + self.alarm * f64::from(alarms)
            + self.replication * f64::from(again)
    }
}
