//! `casebook generate notion` and `casebook load notion`.

use std::fmt;

use casebook::Result;
use casebook::simulate::Part;
use casebook::simulate::clock::Month;
use casebook::simulate::notion::{self, Config};
use casebook::warehouse::{Sink, queries};
use clap::{Args, ValueEnum};

use crate::files::{Database, Files, Threads, progress};

/// Which of the claims the data keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// 750,000 events for 50,000 users; a stickiness of 8 %
    Claims,
    /// A stickiness of 35 %, and the events it takes
    Sticky,
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Preset::Claims => "claims",
            Preset::Sticky => "sticky",
        })
    }
}

/// The business: what the study says unless told otherwise.
#[derive(Args)]
pub struct Business {
    /// People who sign up
    #[arg(long, default_value_t = Config::default().users)]
    users: u32,
    /// What the data is calibrated to
    #[arg(long, default_value_t = Preset::Claims)]
    preset: Preset,
    /// Events for each user [default: the preset's]
    #[arg(long)]
    events_per_user: Option<f64>,
    /// Months observed
    #[arg(long, default_value_t = Config::default().months)]
    months: u32,
    /// The first month
    #[arg(long, default_value_t = Config::default().start, value_name = "YYYY-MM")]
    start: Month,
    /// Every number drawn follows from it
    #[arg(long, default_value_t = Config::default().seed)]
    seed: u64,
    #[command(flatten)]
    pub threads: Threads,
}

impl Business {
    pub fn config(&self) -> Result<Config> {
        let preset = match self.preset {
            Preset::Claims => Config::default(),
            Preset::Sticky => Config::sticky(),
        };
        let mut config = Config {
            users: self.users,
            months: self.months,
            start: self.start,
            seed: self.seed,
            ..preset
        };
        if let Some(events) = self.events_per_user {
            config.targets.events_per_user = events;
        }
        config.validate()?;
        Ok(config)
    }
}

/// Generates a part into a sink, slice by slice, with a progress bar.
pub fn fill(config: &Config, part: Part, sink: &mut dyn Sink) -> Result<()> {
    if part.is_first() {
        sink.append("plans", &notion::plans()?)?;
        sink.append("calendar", &notion::calendar(config)?)?;
        sink.append("visitors", &notion::visitors(config)?)?;
    }
    let bar = progress(part, config.users, "users");
    for batch in notion::batches(config, part)? {
        let batch = batch?;
        for (table, rows) in batch.named() {
            sink.append(table, rows)?;
        }
        bar.inc(batch.user_profiles.height() as u64);
    }
    bar.finish_and_clear();
    Ok(())
}

#[derive(Args)]
pub struct Generate {
    #[command(flatten)]
    business: Business,
    #[command(flatten)]
    files: Files,
}

impl Generate {
    pub fn run(self) -> Result<()> {
        let config = self.business.config()?;
        self.files.write(&self.business.threads, Some(&queries::notion::SCHEMA), |sink| {
            fill(&config, self.files.part, sink)
        })
    }
}

#[derive(Args)]
pub struct Load {
    #[command(flatten)]
    business: Business,
    #[command(flatten)]
    database: Database,
}

impl Load {
    pub fn run(self) -> Result<()> {
        let config = self.business.config()?;
        let loaded = format!("{} users", config.users);
        self.database.load(&self.business.threads, &queries::notion::SCHEMA, &loaded, |sink| {
            fill(&config, Part::WHOLE, sink)
        })
    }
}
