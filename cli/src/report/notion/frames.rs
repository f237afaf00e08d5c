//! The study's frames, by name.

use std::path::Path;

use polars::prelude::*;

use casebook::Result;
use casebook::notebook::number;

use super::pilots::Pilots;
use super::stored::{Frames, find, read, write};

/// Every frame of the study, by name: what its charts and texts are made of.
#[derive(Debug, Clone)]
pub struct Study {
    pub(super) frames: Frames,
    pub(super) pilots: Option<Pilots>,
}

/// The frames of the business in the order in which they are made, which is that of their files.
const FRAMES: [&str; 13] = [
    "key_metrics",
    "engagement",
    "north_star",
    "funnel_metrics",
    "segment_funnel",
    "activation",
    "cohort_retention",
    "retention_matrix",
    "retention_curve",
    "fast_activation",
    "feature_adoption",
    "power_users",
    "revenue",
];

impl Study {
    /// Returns the names of the business's frames, in the order in which they are made; those of the levers are [`Pilots::names`].
    pub fn names() -> impl Iterator<Item = &'static str> {
        FRAMES.into_iter()
    }

    /// Adds the levers' part. Charts and texts need it.
    #[must_use]
    pub fn with(mut self, pilots: Pilots) -> Study {
        self.pilots = Some(pilots);
        self
    }

    /// Returns a frame by its name.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](casebook::ErrorKind::InvalidConfig) for an unknown name, and for one of the levers' if the study is
    /// [without](Study::with) them.
    pub fn frame(&self, name: &str) -> Result<&DataFrame> {
        match &self.pilots {
            Some(pilots) if Pilots::names().any(|known| known == name) => pilots.frame(name),
            _ => find(&self.frames, name, &FRAMES),
        }
    }

    /// Returns a number of [`key_metrics`](Study::frame), by its name.
    ///
    /// # Errors
    /// As [`frame`](Study::frame).
    pub fn key(&self, metric: &str, column: &str) -> Result<f64> {
        let frame = self.frame("key_metrics")?.clone().lazy().filter(col("metric").eq(lit(metric)));
        number(&frame.collect()?, column, 0)
    }

    /// Writes the business's frames into a folder, as CSV for people and as Parquet for [`read`](Study::read).
    ///
    /// # Errors
    /// [`ErrorKind::File`](casebook::ErrorKind::File), naming the file.
    pub fn write(&self, folder: &Path) -> Result<()> {
        write(folder, &FRAMES, |name| self.frame(name))
    }

    /// Reads what [`write`](Study::write) wrote; [`with`](Study::with) adds the levers' part.
    ///
    /// # Errors
    /// [`ErrorKind::File`](casebook::ErrorKind::File), naming the file.
    pub fn read(folder: &Path) -> Result<Study> {
        Ok(Study { frames: read(folder, &FRAMES)?, pilots: None })
    }
}
