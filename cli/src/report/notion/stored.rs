//! Frames by name, in memory and in a folder.

use std::path::Path;

use polars::prelude::*;

use casebook::warehouse::Sink;
use casebook::warehouse::files::{self, Folder, Format};
use casebook::{Error, Result};

/// Frames by name.
pub(crate) type Frames = Vec<(&'static str, DataFrame)>;

/// Finds a frame by its name, one of those that are known.
pub(crate) fn find<'f>(frames: &'f Frames, name: &str, known: &[&str]) -> Result<&'f DataFrame> {
    let found = frames.iter().find(|(its, _)| *its == name);
    found.map(|(_, frame)| frame).ok_or_else(|| Error::config("frame", name, known.join(", ")))
}

/// Writes frames into a folder, as CSV and as Parquet.
pub(crate) fn write<'f>(
    folder: &Path,
    names: &[&'static str],
    frame: impl Fn(&str) -> Result<&'f DataFrame>,
) -> Result<()> {
    for format in [Format::Csv, Format::Parquet] {
        let mut files = Folder::create(folder, format, "")?;
        for name in names {
            files.append(name, frame(name)?)?;
        }
        files.finish()?;
    }
    Ok(())
}

/// Reads the Parquet files of frames from a folder.
pub(crate) fn read(folder: &Path, names: &[&'static str]) -> Result<Frames> {
    let one = |name: &&'static str| {
        Ok((*name, files::read(folder.join(name).with_extension("parquet"))?))
    };
    names.iter().map(one).collect()
}
