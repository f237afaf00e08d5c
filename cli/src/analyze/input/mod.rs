//! Reading other people's files: CSV, JSON Lines and Parquet, in parallel, into a small frame, with errors that name
//! the row.
//!
//! Only the requested columns are kept: identifiers as numbers, moments as microseconds, each text once.

mod arrays;
mod blocks;
mod contain;
mod dates;
mod delimited;
mod dictionary;
mod files;
mod finish;
mod footer;
mod gather;
mod header;
mod how;
mod lines;
pub mod moment;
mod numbers;
mod parquet;
mod part;
mod pool;
pub mod readings;
mod table;
mod times;
mod trouble;

use std::path::{Path, PathBuf};
use std::str::FromStr;

use casebook::{Error, Result};
use chrono_tz::Tz;
use clap::Args;

pub use files::expand;
pub use how::{Column, Kind, Missing};
pub use numbers::canonical;
pub use table::Table;

use files::Opened;
use gather::Gathered;
use how::How;
use numbers::Commas;

/// The files, and how to read them.
#[derive(Args, Debug, Clone)]
pub struct Source {
    /// CSV, JSON Lines or Parquet files; text may be compressed (.csv.gz, .csv.zst). Give several files, folders or
    /// patterns such as 'events/*.parquet' to read them one after the other, or - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The format of times, such as "%d/%m/%Y %H:%M", if they are not recognised
    #[arg(long, value_name = "FORMAT", help_heading = READING)]
    pub time_format: Option<String>,
    /// The time zone in which days are counted, such as Europe/Berlin; times without a zone are taken to be in it
    /// [default: the zone that a Parquet file names, otherwise UTC]
    #[arg(long, value_name = "ZONE", help_heading = READING)]
    pub timezone: Option<String>,
    /// The field delimiter of a CSV file, such as ';' or '\t' [default: detected from the first line]
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter, help_heading = READING)]
    pub delimiter: Option<u8>,
    /// Amounts have a decimal comma: 12,50 and 1.234,50
    #[arg(long, conflicts_with = "thousands", help_heading = READING)]
    pub decimal_comma: bool,
    /// Amounts have commas between thousands and a decimal point: 1,234 and 1.5
    #[arg(long, help_heading = READING)]
    pub thousands: bool,
    /// Treat NULL, NaN, None, NA, N/A, NaT and \N as literal text instead of missing
    #[arg(long, help_heading = READING)]
    pub keep_null_words: bool,
    /// What to do with rows without an identifier
    #[arg(long, value_enum, default_value_t = Missing::Skip, help_heading = READING)]
    pub missing_ids: Missing,
    /// What to do with rows that lack a time, number, label or yes/no value that is needed, or whose time cannot be
    /// read
    #[arg(long, value_enum, default_value_t = Missing::Refuse, help_heading = READING)]
    pub missing_values: Missing,
}

const READING: &str = "How files are read";

fn delimiter(text: &str) -> Result<u8, String> {
    match text {
        "\\t" | "tab" => Ok(b'\t'),
        _ => match text.as_bytes() {
            [byte] if !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
            _ => Err(format!(
                "'{text}' cannot stand between values; write one such as ';', '|' or '\\t'"
            )),
        },
    }
}

impl Source {
    /// Returns the same options for another file.
    pub fn other(&self, file: &Path) -> Source {
        Source { files: vec![file.to_owned()], ..self.clone() }
    }

    fn zone(&self) -> Result<Option<Tz>> {
        let Some(name) = &self.timezone else { return Ok(None) };
        match Tz::from_str(name) {
            Ok(zone) => Ok(Some(zone)),
            Err(_) => {
                let accepted = "a name such as Europe/Berlin, America/New_York or UTC";
                Err(Error::config("timezone", format!("\"{name}\""), accepted))
            }
        }
    }

    fn how(&self) -> Result<How> {
        Ok(How {
            time_format: self.time_format.clone(),
            zone: self.zone()?,
            commas: match (self.decimal_comma, self.thousands) {
                (true, _) => Commas::Decimal,
                (_, true) => Commas::Thousands,
                _ => Commas::Plain,
            },
            null_words: self.keep_null_words,
            missing_ids: self.missing_ids,
            missing_values: self.missing_values,
        })
    }

    /// Reads some columns of the files.
    pub fn read(&self, columns: &[Column]) -> Result<Table> {
        let how = self.how()?;
        let mut gathered = Gathered::new(&how, columns);
        for path in files::expand(&self.files)? {
            match files::open(&path)? {
                Opened::Text(files::Form::Lines, reader) => {
                    lines::read(&mut gathered, &path, reader)?
                }
                Opened::Text(_, reader) => {
                    delimited::read(&mut gathered, &path, reader, self.delimiter)?;
                }
                Opened::Parquet => parquet::read(&mut gathered, &path, None)?,
                Opened::ParquetBytes(bytes) => parquet::read(&mut gathered, &path, Some(bytes))?,
            }
        }
        finish::finish(gathered)
    }
}
