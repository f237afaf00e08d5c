//! `casebook generate mentor`.

use casebook::Result;
use casebook::cases::clock::Month;
use casebook::cases::mentor::{self, Config};
use casebook::warehouse::Sink;
use clap::Args;

use crate::files::{Files, Threads, progress};

/// What is written.
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

/// The business: what the brief says unless told otherwise.
#[derive(Args)]
pub struct Generate {
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
    /// Multiplies the hazard of leaving from the match on: below 1, mentors help
    #[arg(long, default_value_t = Config::default().offer.hazard_ratio)]
    hazard_ratio: f64,
    /// Every number drawn follows from it
    #[arg(long, default_value_t = Config::default().seed)]
    seed: u64,
    #[command(flatten)]
    threads: Threads,
    #[command(flatten)]
    files: Files,
}

impl Generate {
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

    pub fn run(self) -> Result<()> {
        let config = self.config()?;
        let (made, tables) = (("mentor", &config), (&TABLES[..], None));
        self.files.write(&self.threads, made, tables, |sink| self.fill(&config, sink))
    }

    /// Generates a part into a sink, slice by slice, with a progress bar.
    fn fill(&self, config: &Config, sink: &mut dyn Sink) -> Result<()> {
        if self.files.part.is_first() {
            sink.append("learning_paths", &mentor::learning_paths()?)?;
            sink.append("modules", &mentor::modules()?)?;
            sink.append("mentors", &mentor::mentors(config)?)?;
            sink.append("applications", &mentor::applications(config)?)?;
        }
        let bar = progress(self.files.part, config.users, "users");
        for batch in mentor::batches(config, self.files.part)? {
            let batch = batch?;
            for (table, rows) in batch.named() {
                sink.append(table, rows)?;
            }
            bar.inc(batch.users_info.height() as u64);
        }
        bar.finish_and_clear();
        Ok(())
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
