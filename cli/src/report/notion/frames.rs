//! The study's frames, by name.

use std::path::Path;

use polars::prelude::*;

use casebook::notebook::number;
use casebook::warehouse::Sink;
use casebook::warehouse::files::{self, Folder, Format};
use casebook::{Error, Result};

/// Frames by name.
pub(super) type Frames = Vec<(&'static str, DataFrame)>;

/// Every frame of the study, by name: what its charts and texts are made of.
#[derive(Debug, Clone)]
pub struct Study {
    pub(super) frames: Frames,
}

/// The frames in the order in which they are made, which is that of their files.
const FRAMES: [&str; 18] = [
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
    "growth_levers",
    "lever_overlap",
    "growth_projections",
    "tornado",
    "sensitivity",
];

impl Study {
    /// Returns the names of all frames, in the order in which they are made.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FRAMES.into_iter()
    }

    /// Returns a frame by its name.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](casebook::ErrorKind::InvalidConfig) for an unknown name.
    pub fn frame(&self, name: &str) -> Result<&DataFrame> {
        let found = self.frames.iter().find(|(known, _)| *known == name);
        found.map(|(_, frame)| frame).ok_or_else(|| Error::config("frame", name, FRAMES.join(", ")))
    }

    /// Returns a number of [`key_metrics`](Study::frame), by its name.
    ///
    /// # Errors
    /// As [`frame`](Study::frame).
    pub fn key(&self, metric: &str, column: &str) -> Result<f64> {
        let frame = self.frame("key_metrics")?.clone().lazy().filter(col("metric").eq(lit(metric)));
        number(&frame.collect()?, column, 0)
    }

    /// Writes every frame into a folder, as CSV for people and as Parquet for [`read`](Study::read).
    ///
    /// # Errors
    /// [`ErrorKind::File`](casebook::ErrorKind::File), naming the file.
    pub fn write(&self, folder: &Path) -> Result<()> {
        for format in [Format::Csv, Format::Parquet] {
            let mut files = Folder::create(folder, format, "")?;
            for name in FRAMES {
                files.append(name, self.frame(name)?)?;
            }
            files.finish()?;
        }
        Ok(())
    }

    /// Reads what [`write`](Study::write) wrote.
    ///
    /// # Errors
    /// [`ErrorKind::File`](casebook::ErrorKind::File), naming the file.
    pub fn read(folder: &Path) -> Result<Study> {
        let read = |name: &'static str| {
            Ok((name, files::read(folder.join(name).with_extension("parquet"))?))
        };
        Ok(Study { frames: FRAMES.into_iter().map(read).collect::<Result<_>>()? })
    }
}
