//! Writing one file.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Offset as _, TimeZone as _};
use chrono_tz::Tz;
use polars::prelude::*;
use polars_io::SerWriter;
use polars_io::csv::write::{BatchedWriter as CsvBatches, CsvWriter};
use sha2::{Digest, Sha256};

use super::super::column::moment;
use super::super::parquet::Batches as ParquetBatches;
use crate::error::{Error, Result};
use crate::output::hexadecimal;

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Comma-separated, with a header; moments as `2021-01-31 23:59:59`, with a fraction where there is one, and those of a
    /// time zone on its clock, with the offset from UTC: `2021-01-31 23:59:59+01:00`.
    #[default]
    Csv,
    /// Parquet with zstd compression.
    Parquet,
}

impl Format {
    /// Returns the file name's ending.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Parquet => "parquet",
        }
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(text: &str) -> Result<Format> {
        match text {
            "csv" => Ok(Format::Csv),
            "parquet" => Ok(Format::Parquet),
            _ => Err(Error::config("format", format!("\"{text}\""), "csv or parquet")),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.extension())
    }
}

/// A file that was written: see [`Folder::finish`](super::Folder::finish).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Where it is.
    pub path: PathBuf,
    /// How many rows it holds.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// One file being written.
pub struct Writer {
    /// The destination path, for messages.
    shown: PathBuf,
    out: Shared,
    encoder: Encoder,
    rows: u64,
}

enum Encoder {
    Csv(CsvBatches<Shared>),
    Parquet(Box<ParquetBatches<Shared>>),
}

impl Writer {
    pub fn create(path: &Path, shown: PathBuf, format: Format, schema: &Schema) -> Result<Writer> {
        let file = File::create(path).map_err(|cause| Error::file("write", &shown, cause))?;
        let hashed = Hashed { file, hasher: Sha256::new(), bytes: 0 };
        let out = Shared(Arc::new(Mutex::new(BufWriter::with_capacity(1 << 18, hashed))));
        let encoder = match format {
            Format::Csv => CsvWriter::new(out.clone())
                // A fraction of a second stands only where there is one.
                .with_datetime_format(Some("%Y-%m-%d %H:%M:%S%.f".into()))
                .batched(schema)
                .map(Encoder::Csv),
            Format::Parquet => ParquetBatches::new(out.clone(), schema)
                .map(|batches| Encoder::Parquet(Box::new(batches))),
        };
        let encoder = encoder.map_err(|cause| Error::file("write", &shown, cause))?;
        Ok(Writer { shown, out, encoder, rows: 0 })
    }

    pub fn append(&mut self, rows: &DataFrame) -> Result<()> {
        self.rows += rows.height() as u64;
        match &mut self.encoder {
            Encoder::Csv(batches) => offsets(rows).and_then(|rows| batches.write_batch(&rows)),
            Encoder::Parquet(batches) => batches.append(rows),
        }
        .map_err(|cause| Error::file("write", &self.shown, cause))
    }

    /// Flushes the file to disk and returns what was written; `path` is its destination.
    pub fn finish(&mut self, path: PathBuf) -> Result<Written> {
        match &mut self.encoder {
            Encoder::Csv(batches) => batches.finish(),
            Encoder::Parquet(batches) => batches.finish(),
        }
        .map_err(|cause| Error::file("write", &self.shown, cause))?;
        let (bytes, sha256) =
            self.out.complete().map_err(|cause| Error::file("write", &self.shown, cause))?;
        Ok(Written { path, rows: self.rows, bytes, sha256 })
    }
}

/// The rows with moments of a time zone as texts that tell the offset: without it, an hour in autumn is two.
fn offsets(rows: &DataFrame) -> PolarsResult<DataFrame> {
    let mut rows = rows.clone();
    let zoned: Vec<(usize, TimeUnit, TimeZone)> = rows
        .columns()
        .iter()
        .enumerate()
        .filter_map(|(place, column)| match column.dtype() {
            DataType::Datetime(unit, Some(zone)) => Some((place, *unit, zone.clone())),
            _ => None,
        })
        .collect();
    for (place, unit, zone) in zoned {
        let refused = |problem: &str| polars_err!(ComputeError: "`{}` {problem}", rows.columns()[place].name());
        let clock: Tz = zone
            .as_str()
            .parse()
            .map_err(|_| refused(&format!("has an unknown time zone, {zone}")))?;
        let numbers = rows.columns()[place].cast(&DataType::Int64)?;
        let text = |number: i64| -> PolarsResult<String> {
            let at = match unit {
                TimeUnit::Nanoseconds => Some(DateTime::from_timestamp_nanos(number)),
                TimeUnit::Microseconds => DateTime::from_timestamp_micros(number),
                TimeUnit::Milliseconds => DateTime::from_timestamp_millis(number),
            };
            let at = at.ok_or_else(|| refused("holds a moment that no calendar reaches"))?;
            let local = clock.from_utc_datetime(&at.naive_utc());
            let seconds = local.offset().fix().local_minus_utc();
            Ok(match seconds % 60 {
                0 => format!("{}{}", moment(local.naive_local()), local.offset().fix()),
                // Clocks of long ago differ from UTC by seconds, too, which no reader takes.
                _ => format!("{}+00:00", moment(at.naive_utc())),
            })
        };
        let texts: Vec<Option<String>> = numbers
            .i64()?
            .iter()
            .map(|number| number.map(&text).transpose())
            .collect::<PolarsResult<_>>()?;
        let texts = Column::new(rows.columns()[place].name().clone(), texts);
        rows.replace_column(place, texts)?;
    }
    Ok(rows)
}

/// A file whose bytes are counted and hashed as they are written.
struct Hashed {
    file: File,
    hasher: Sha256,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A file that polars writes into and we can still flush afterwards: dropping a buffer would swallow
/// the error of a full disk.
#[derive(Clone)]
struct Shared(Arc<Mutex<BufWriter<Hashed>>>);

impl Shared {
    /// Returns how many bytes are on disk, and their hash.
    fn complete(&self) -> io::Result<(u64, String)> {
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        out.flush()?;
        let hashed = out.get_ref();
        hashed.file.sync_all()?;
        Ok((hashed.bytes, hexadecimal(hashed.hasher.clone())))
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
}
