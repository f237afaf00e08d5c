//! Reading files that were written here.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use polars::prelude::*;
use polars_io::SerReader;
use polars_io::csv::read::{CsvParseOptions, CsvReadOptions};
use polars_io::parquet::read::ParquetReader;

use super::Format;
use crate::error::{Error, Result};

/// Reads a file this module wrote, by its extension; dates and moments in CSV are recognised. Moments of a time zone come
/// from CSV in UTC: the text tells their offset, but no zone. Cast them to count days on another zone's calendar.
///
/// # Errors
/// [`ErrorKind::File`](crate::ErrorKind::File) if it does not exist or is not what its extension says.
pub fn read(path: impl AsRef<Path>) -> Result<DataFrame> {
    pick(path.as_ref(), None)
}

/// Reads a file as [`read`] does, but only these columns: others are not decoded.
///
/// # Errors
/// As [`read`]; a column that does not exist.
pub fn read_columns(path: impl AsRef<Path>, columns: &[&str]) -> Result<DataFrame> {
    pick(path.as_ref(), Some(columns))
}

/// Lists a table's files in a folder, in the order of their parts: `table.parquet`, or `table-1-of-4.parquet` to
/// `table-4-of-4.parquet`. In this order, they hold the rows of the whole table. If a table has only a first part while
/// other tables have more, it is taken to be whole, because tables that belong to no user are written with the first
/// part; `casebook doctor` checks precisely.
///
/// # Errors
/// [`ErrorKind::File`](crate::ErrorKind::File) if there is none, or a part is missing: the first one is named.
///
/// ```
/// use casebook::warehouse::{Sink, files};
///
/// # let place = tempfile::tempdir().unwrap();
/// # let place = place.path();
/// for suffix in ["-1-of-2", "-2-of-2"] {
///     let mut folder = files::Folder::create(place, files::Format::Parquet, suffix)?;
///     folder.append("plans", &casebook::cases::notion::plans()?)?;
///     folder.finish()?;
/// }
/// let found = files::parts(place, "plans", files::Format::Parquet)?;
/// assert_eq!(found, [place.join("plans-1-of-2.parquet"), place.join("plans-2-of-2.parquet")]);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn parts(folder: &Path, table: &str, format: Format) -> Result<Vec<PathBuf>> {
    let whole = folder.join(format!("{table}.{format}"));
    if whole.exists() {
        return Ok(vec![whole]);
    }
    let entries = fs::read_dir(folder).map_err(|cause| Error::file("read", folder, cause))?;
    let number = |path: PathBuf| -> Option<(String, u32, u32)> {
        let name = path.file_name()?.to_str()?.strip_suffix(&format!(".{format}"))?;
        let (rest, n) = name.rsplit_once("-of-")?;
        let (table, k) = rest.rsplit_once('-')?;
        Some((table.to_owned(), n.parse().ok()?, k.parse().ok()?))
    };
    let all: Vec<(String, u32, u32)> =
        entries.flatten().filter_map(|entry| number(entry.path())).collect();
    let found: BTreeSet<(u32, u32)> =
        all.iter().filter(|(name, ..)| name == table).map(|(_, of, k)| (*of, *k)).collect();
    let mut missing = whole;
    for of in found.iter().map(|(of, _)| *of).collect::<BTreeSet<u32>>() {
        let path = |k| folder.join(format!("{table}-{k}-of-{of}.{format}"));
        // What belongs to nobody lies with the first part alone, beside the others' tables.
        let parts = found.range((of, 0)..(of + 1, 0));
        let others = all.iter().any(|(_, n, k)| *n == of && *k > 1);
        if others && parts.map(|(_, k)| *k).eq([1]) {
            return Ok(vec![path(1)]);
        }
        match (1..=of).find(|k| !found.contains(&(of, *k))) {
            None => return Ok((1..=of).map(path).collect()),
            Some(k) => missing = path(k),
        }
    }
    let cause = io::Error::new(io::ErrorKind::NotFound, "it is not there");
    Err(Error::file("read", &missing, cause))
}

fn pick(path: &Path, columns: Option<&[&str]>) -> Result<DataFrame> {
    let file = File::open(path).map_err(|cause| Error::file("read", path, cause))?;
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => CsvReadOptions::default()
            .with_infer_schema_length(Some(10_000))
            .with_columns(
                columns.map(|columns| columns.iter().map(|name| (*name).into()).collect()),
            )
            .with_parse_options(CsvParseOptions::default().with_try_parse_dates(true))
            .into_reader_with_file_handle(file)
            .finish(),
        Some("parquet") => ParquetReader::new(file)
            .with_columns(columns.map(|columns| columns.iter().map(ToString::to_string).collect()))
            .finish(),
        _ => {
            let cause = "the name must end in .csv or .parquet";
            return Err(Error::file("read", path, cause));
        }
    }
    .map_err(|cause| Error::file("read", path, cause))
}
