//! The rules of the platform: plain data, checked field by field.

use serde::{Deserialize, Serialize};

use super::effects::Effects;
use super::flaw::Planted;
use super::metric::Metrics;
use crate::cases::check::within;
use crate::cases::clock::Month;
use crate::error::{Error, Result};

/// The rules of the platform. `Default` is the brief.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Experiments in a year; 2 to 5,000.
    pub experiments: u32,
    /// Days for which an experiment is planned; 5 to 60.
    pub days: u32,
    /// Users an arm gets on a day, on average; 100 to 1,000,000.
    pub users_per_day: u32,
    /// The first month of the year.
    pub start: Month,
    /// The teams, which take turns at random, and how each decides; 1 to 100.
    pub teams: Vec<Team>,
    /// What ideas are worth.
    pub effects: Effects,
    /// What is measured.
    pub metrics: Metrics,
    /// What goes wrong in some experiments.
    pub planted: Planted,
    /// US dollars a year that a lasting lift of 1% of the primary metric brings; 0 to 100,000,000. Assumed: each change concerns
    /// a part of the product with three million dollars of revenue a year.
    pub dollars_per_percent: f64,
    /// How many percent of the primary metric make up for one percent fewer users who return; 0 to 10. Assumed.
    pub returning_weight: f64,
    /// The seed of all random numbers.
    pub seed: u64,
}

/// A team, and how it decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// Its name.
    pub name: String,
    /// When it looks at the results. It stops at the first look that is significant.
    pub looks: Looks,
    /// How many metrics it looks at; 1 to 50. With more than one, the best of them decides.
    pub metrics: u32,
}

/// When a team looks at an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Looks {
    /// At the planned end.
    Once,
    /// Five times, equally spaced.
    Five,
    /// Every day.
    Daily,
}

impl Looks {
    /// Returns its name, as in the column `looks`.
    pub fn name(self) -> &'static str {
        match self {
            Looks::Once => "once",
            Looks::Five => "five times",
            Looks::Daily => "daily",
        }
    }

    /// Returns the days at the end of which somebody looks, from 1.
    pub(super) fn days(self, planned: u32) -> Vec<u32> {
        match self {
            Looks::Once => vec![planned],
            Looks::Five => (1..=5).map(|look| (planned * look).div_ceil(5)).collect(),
            Looks::Daily => (1..=planned).collect(),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        let team = |name: &str, looks, metrics| Team { name: name.into(), looks, metrics };
        Config {
            experiments: 200,
            days: 14,
            users_per_day: 3_000,
            start: Month { year: 2024, month: 1 },
            teams: vec![
                team("checkout", Looks::Five, 1),
                team("growth", Looks::Daily, 1),
                team("home", Looks::Once, 20),
                team("messages", Looks::Five, 20),
                team("mobile", Looks::Once, 1),
                team("onboarding", Looks::Daily, 1),
                team("pricing", Looks::Five, 1),
                team("search", Looks::Once, 1),
            ],
            effects: Effects::default(),
            metrics: Metrics::default(),
            planted: Planted::default(),
            dollars_per_percent: 30_000.0,
            returning_weight: 1.5,
            seed: 42,
        }
    }
}

impl Config {
    /// Checks every field.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the first field that is out of range, its value and the
    /// range.
    pub fn validate(&self) -> Result<()> {
        within("experiments", self.experiments, 2, 5_000)?;
        within("days", self.days, 5, 60)?;
        within("users_per_day", self.users_per_day, 100, 1_000_000)?;
        self.start.validate()?;
        within("teams", self.teams.len(), 1, 100)?;
        for (place, team) in self.teams.iter().enumerate() {
            within("teams.metrics", team.metrics, 1, 50)?;
            if team.name.is_empty() || self.teams[..place].iter().any(|it| it.name == team.name) {
                return Err(Error::config("teams.name", &team.name, "a different name for each"));
            }
        }
        self.effects.validate()?;
        self.metrics.validate()?;
        self.planted.validate()?;
        within("dollars_per_percent", self.dollars_per_percent, 0.0, 1e8)?;
        within("returning_weight", self.returning_weight, 0.0, 10.0)
    }

    /// What a change is worth in a year, in US dollars, of its lasting effect and the one on users who return.
    pub(super) fn dollars(&self, lasting: f64, returning: f64) -> f64 {
        100.0 * self.dollars_per_percent * (lasting + self.returning_weight * returning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_end_with_the_plan() {
        assert_eq!(Looks::Five.days(14), [3, 6, 9, 12, 14]);
        assert_eq!(Looks::Five.days(5), [1, 2, 3, 4, 5]);
        for looks in [Looks::Once, Looks::Five, Looks::Daily] {
            assert_eq!(looks.days(14).last(), Some(&14));
        }
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        let told = |change: fn(&mut Config)| {
            let mut config = Config::default();
            change(&mut config);
            config.validate().unwrap_err().to_string()
        };
        assert!(Config::default().validate().is_ok());
        assert!(told(|it| it.days = 4).contains("`days` is 4; accepted: 5 to 60"));
        assert!(told(|it| it.teams[0].metrics = 0).contains("teams.metrics"));
        assert!(told(|it| it.teams[1].name = "checkout".into()).contains("teams.name"));
        assert!(told(|it| it.effects.positive = 0.9).contains("effects"));
        assert!(told(|it| it.planted.share = 0.2).contains("planted.share"));
    }
}
