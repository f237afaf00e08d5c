//! The growth study's analyses of what was observed, on anyone's files: one config names the tables, the columns and
//! the events.
//!
//! ```no_run
//! use casebook_cli::report::study::{Config, Study, panels, written};
//!
//! let config = Config::read("study.json".as_ref())?;
//! let study = Study::new(&config)?;
//! println!("{}", written::markdown(&config, &study, &panels(&config, &study)?)?);
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! Definitions are those of the growth study on generated data (`casebook::cases::notion::study`), and so are the names
//! of most frames. What the config doesn't name is left out, and the frame `left_out` says why.

mod charts;
pub mod config;
mod growth;
mod inputs;
mod key_metrics;
mod money;
mod people;
pub mod written;

use std::path::Path;

use casebook::Result;
use casebook::metrics::Period;
use casebook::polars::prelude::*;

use super::notion::panels::text;
use super::notion::stored::{self, Frames};
use inputs::Inputs;

pub use charts::panels;
pub use config::{Config, EXAMPLE};

/// The frames that a study may have, in the order in which they are made, which is that of their files.
const FRAMES: [&str; 24] = [
    "key_metrics",
    "left_out",
    "signups",
    "engagement",
    "north_star",
    "funnel_metrics",
    "segment_funnel",
    "event_funnel",
    "segment_event_funnel",
    "activation",
    "fast_activation",
    "retention_days",
    "cohort_retention",
    "retention_matrix",
    "retention_curve",
    "feature_adoption",
    "power_users",
    "concentration",
    "revenue",
    "rfm",
    "lifetime_value",
    "recurring",
    "paid_by_segment",
    "observed",
];

/// Every frame of a study, by name.
#[derive(Debug, Clone)]
pub struct Study {
    frames: Frames,
}

/// A study in the making.
struct Making {
    frames: Frames,
    /// Sections that are left out, and why.
    left_out: Vec<(&'static str, String)>,
}

impl Making {
    fn add(&mut self, name: &'static str, frame: DataFrame) {
        self.frames.push((name, frame));
    }

    /// Leaves a section out. The reason is a sentence without its end.
    fn leave(&mut self, section: &'static str, why: impl Into<String>) {
        self.left_out.push((section, why.into()));
    }
}

impl Study {
    /// Reads the files and computes everything that they allow.
    ///
    /// # Errors
    /// [`ErrorKind::File`](casebook::ErrorKind::File) for a file that cannot be read, naming the row, and for a missing
    /// column; [`ErrorKind::InvalidConfig`](casebook::ErrorKind::InvalidConfig) for a name that no event has; those of
    /// the metrics.
    pub fn new(config: &Config) -> Result<Study> {
        let inputs = Inputs::read(config)?;
        let mut making = Making { frames: vec![], left_out: vec![] };
        people::measure(config, &inputs, &mut making)?;
        growth::measure(config, &inputs, &mut making)?;
        money::measure(config, &inputs, &mut making)?;
        let Making { frames, left_out } = making;
        let mut study = Study { frames };
        study.frames.push(("observed", observed(config, &inputs)?));
        let (sections, reasons): (Vec<&str>, Vec<String>) = left_out.into_iter().unzip();
        study.frames.push(("left_out", df!("section" => sections, "reason" => reasons)?));
        let key = key_metrics::key_metrics(&study, &inputs)?;
        study.frames.push(("key_metrics", key));
        Ok(study)
    }

    /// Returns the period of cohorts.
    fn period(&self) -> Result<Period> {
        match self.frame("observed") {
            Some(observed) => text(observed, "cohorts", 0)?.parse(),
            None => Ok(Period::default()),
        }
    }

    /// Returns a frame, if the study has it.
    pub fn frame(&self, name: &str) -> Option<&DataFrame> {
        self.frames.iter().find(|(its, _)| *its == name).map(|(_, frame)| frame)
    }

    /// Returns the names of the frames that the study has, in the order of their files.
    pub fn names(&self) -> Vec<&'static str> {
        FRAMES.into_iter().filter(|name| self.frame(name).is_some()).collect()
    }

    /// Writes the frames into a folder, as CSV for people and as Parquet for [`read`](Study::read).
    ///
    /// # Errors
    /// [`ErrorKind::File`](casebook::ErrorKind::File), naming the file.
    pub fn write(&self, folder: &Path) -> Result<()> {
        stored::write(folder, &self.names(), |name| stored::find(&self.frames, name, &FRAMES))
    }

    /// Reads what [`write`](Study::write) wrote.
    ///
    /// # Errors
    /// [`ErrorKind::File`](casebook::ErrorKind::File), naming the file.
    pub fn read(folder: &Path) -> Result<Study> {
        let there = |name: &&str| folder.join(name).with_extension("parquet").exists();
        let names: Vec<&'static str> = FRAMES.into_iter().filter(there).collect();
        Ok(Study { frames: stored::read(folder, &names)? })
    }
}

/// Says what was observed: `first`, `until` (Date), `users`, `earlier`, `events`, `counted` (i64), `cohorts` (text: the
/// period of cohorts).
fn observed(config: &Config, inputs: &Inputs) -> Result<DataFrame> {
    Ok(df!(
        "cohorts" => [people::period(config, inputs)?.to_string()],
        "first" => [inputs.first],
        "until" => [inputs.until],
        "users" => [inputs.users.len() as i64],
        "earlier" => [inputs.earlier as i64],
        "events" => [inputs.recorded as i64],
        "counted" => [inputs.events.len() as i64],
    )?)
}
