//! CSV and Parquet.
//!
//! Files are written into a hidden folder next to their destination and moved there when all are complete: see
//! [`output`](crate::output).

mod reading;
#[cfg(test)]
mod tests;
mod writer;

use std::fs;
use std::path::{Path, PathBuf};

use polars::prelude::DataFrame;

use super::Sink;
use crate::error::{Error, Result};
use crate::output::{Claim, Replace};
pub use reading::{parts, read, read_columns};
use writer::Writer;
pub use writer::{Format, Written};

/// A folder that receives one file per table.
///
/// ```
/// use casebook::cases::saas;
/// use casebook::warehouse::{Sink, files::{Folder, Format, read}};
///
/// let tables = saas::generate(&saas::Config { companies: 5, ..Default::default() })?;
/// # let place = tempfile::tempdir().unwrap();
/// # let place = place.path();
/// let mut folder = Folder::create(place, Format::Csv, "")?;
/// folder.append("companies", &tables.companies)?;
/// let written = folder.finish()?;
/// assert_eq!(read(&written[0].path)?, tables.companies);
/// assert_eq!(written[0].rows, 5);
/// # Ok::<(), casebook::Error>(())
/// ```
pub struct Folder {
    place: PathBuf,
    claim: Claim,
    replace: Replace,
    format: Format,
    suffix: String,
    tables: Vec<(&'static str, Writer)>,
}

impl Folder {
    /// Starts writing into a folder, which is created if needed. Files are called table + `suffix` + the format's
    /// extension; existing files with these names are replaced: see [`Folder::replacing`].
    ///
    /// # Errors
    /// [`ErrorKind::File`](crate::ErrorKind::File) if the folder cannot be created or written, or another process is
    /// writing files of this format and suffix there.
    pub fn create(place: &Path, format: Format, suffix: &str) -> Result<Folder> {
        let claim = Claim::take(place, &format!("{format}{suffix}"))?;
        Ok(Folder {
            place: place.to_owned(),
            claim,
            replace: Replace::Any,
            format,
            suffix: suffix.to_owned(),
            tables: vec![],
        })
    }

    /// Sets which earlier files may be replaced, and checks that those of these tables and a seal of this name may be.
    ///
    /// # Errors
    /// [`ErrorKind::Occupied`](crate::ErrorKind::Occupied), naming the files that are in the way.
    pub fn replacing(mut self, replace: Replace, tables: &[&str], seal: &str) -> Result<Folder> {
        self.replace = replace;
        let mut names: Vec<PathBuf> =
            tables.iter().map(|table| self.file_name(table).into()).collect();
        names.push(seal.into());
        self.claim.check(&names, &self.replace)?;
        Ok(self)
    }

    fn file_name(&self, table: &str) -> String {
        format!("{table}{}.{}", self.suffix, self.format.extension())
    }

    /// Completes all files and moves them to their place, replacing earlier ones. Returns them in the order in which
    /// the tables were first written.
    ///
    /// # Errors
    /// [`ErrorKind::File`](crate::ErrorKind::File), naming the file; a full disk shows here at the latest.
    pub fn finish(self) -> Result<Vec<Written>> {
        self.complete(None, |_| Ok(String::new()))
    }

    /// Does what [`Folder::finish`] does, and adds one more file at the end: a text about the others, whose presence
    /// says that all of them are there.
    ///
    /// # Errors
    /// Those of [`Folder::finish`], and those of `text`.
    pub fn seal(
        self,
        name: &str,
        text: impl FnOnce(&[Written]) -> Result<String>,
    ) -> Result<Vec<Written>> {
        self.complete(Some(name), text)
    }

    fn complete(
        mut self,
        seal: Option<&str>,
        text: impl FnOnce(&[Written]) -> Result<String>,
    ) -> Result<Vec<Written>> {
        let mut names: Vec<PathBuf> =
            self.tables.iter().map(|(table, _)| self.file_name(table).into()).collect();
        let mut done = vec![];
        for ((_, writer), name) in self.tables.iter_mut().zip(&names) {
            done.push(writer.finish(self.place.join(name))?);
        }
        if let Some(name) = seal {
            fs::write(self.claim.staging().join(name), text(&done)?)
                .map_err(|cause| Error::file("write", &self.place.join(name), cause))?;
            names.push(name.into());
        }
        self.claim.replace(&names, &[], &self.replace)?;
        Ok(done)
    }
}

impl Sink for Folder {
    fn append(&mut self, table: &'static str, rows: &DataFrame) -> Result<()> {
        let index = match self.tables.iter().position(|(name, _)| *name == table) {
            Some(index) => index,
            None => {
                let name = self.file_name(table);
                let shown = self.place.join(&name);
                let path = self.claim.staging().join(&name);
                self.tables
                    .push((table, Writer::create(&path, shown, self.format, rows.schema())?));
                self.tables.len() - 1
            }
        };
        self.tables[index].1.append(rows)
    }
}
