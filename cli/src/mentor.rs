//! `casebook generate mentor`.

use casebook::Result;
use casebook::cases::Part;
use casebook::cases::clock::Month;
use casebook::cases::mentor::{self, Config};
use casebook::warehouse::Sink;
use casebook::warehouse::queries::Schema;
use clap::Args;

use crate::files::{Case, Slice};

/// The tables written.
const TABLES: [&str; 14] = [
    "learning_paths",
    "modules",
    "mentors",
    "applications",
    "users_info",
    "enrolments",
    "users_events",
    "tickets",
    "subscriptions",
    "assignments",
    "requests",
    "matches",
    "calls",
    "messages",
];

/// The business: as in the brief unless told otherwise.
#[derive(Args)]
pub struct Business {
    /// People who sign up
    #[arg(long, default_value_t = Config::default().users)]
    users: u32,
    /// Months observed
    #[arg(long, default_value_t = Config::default().months)]
    months: u32,
    /// The first month
    #[arg(long, default_value_t = Config::default().start, value_name = "YYYY-MM")]
    start: Month,
    /// People who apply to be mentors
    #[arg(long, default_value_t = Config::default().market.mentors)]
    mentors: u32,
    /// Share of people who are offered a mentor
    #[arg(long, default_value_t = Config::default().offer.share, value_name = "0..1")]
    offered: f64,
    /// The first month whose sign-ups take part in the experiment [default: the first observed]
    #[arg(long, value_name = "YYYY-MM")]
    offered_from: Option<Month>,
    /// The last month whose sign-ups take part in the experiment [default: the last observed]
    #[arg(long, value_name = "YYYY-MM")]
    offered_to: Option<Month>,
    /// The hazard ratio of leaving from the match on: below 1, mentors help
    #[arg(long, default_value_t = Config::default().offer.hazard_ratio)]
    hazard_ratio: f64,
    /// The seed of all random numbers
    #[arg(long, default_value_t = Config::default().seed)]
    seed: u64,
}

impl Case for Business {
    type Config = Config;
    const NAME: &'static str = "mentor";
    const TABLES: &'static [&'static str] = &TABLES;
    const SCHEMA: Option<&'static Schema> = None;
    const ENTITIES: (&'static str, &'static str) = ("users", "users_info");

    fn config(&self) -> Result<Config> {
        let mut config = Config {
            users: self.users,
            months: self.months,
            start: self.start,
            seed: self.seed,
            ..Config::default()
        };
        config.market.mentors = self.mentors;
        config.offer.share = self.offered;
        config.offer.first = self.offered_from;
        config.offer.last = self.offered_to;
        config.offer.hazard_ratio = self.hazard_ratio;
        config.validate()?;
        Ok(config)
    }

    fn entities(config: &Config) -> u32 {
        config.users
    }

    fn shared(config: &Config, sink: &mut dyn Sink) -> Result<()> {
        sink.append("learning_paths", &mentor::learning_paths()?)?;
        sink.append("modules", &mentor::modules()?)?;
        sink.append("mentors", &mentor::mentors(config)?)?;
        sink.append("applications", &mentor::applications(config)?)
    }

    fn slices(
        config: &Config,
        part: Part,
        give: &mut dyn FnMut(&Slice) -> Result<()>,
    ) -> Result<()> {
        mentor::batches(config, part)?.try_for_each(|batch| give(&batch?.named()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_those_of_the_library() {
        let mut config = Config { users: 50, ..Config::default() };
        config.market.mentors = 5;
        let tables = mentor::generate(&config).map(|tables| tables.named().map(|(name, _)| name));
        assert!(tables.is_ok_and(|names| names == TABLES));
    }
}
