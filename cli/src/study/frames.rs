//! The frames of a study, by name.

use std::path::Path;

use casebook::Result;
use casebook::metrics::Period;
use casebook::polars::prelude::*;

use crate::report::notion::panels::text;
use crate::report::notion::stored::{self, Frames};

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
    pub(super) frames: Frames,
}

impl Study {
    /// Returns the period of cohorts.
    pub(super) fn period(&self) -> Result<Period> {
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
