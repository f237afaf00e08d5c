//! Other people's files: CSV and Parquet, read row by row into a small frame, with errors that name the
//! row.
//!
//! Only the columns asked for are kept: identifiers as numbers, moments as microseconds, texts once each.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use casebook::polars::prelude::*;
use casebook::{Error, ErrorKind, Result};
use chrono_tz::Tz;
use clap::Args;
use polars_io::SerReader;
use polars_io::parquet::read::ParquetReader;

use super::moment::{self, RECOGNISED};

/// The file, and how to read it.
#[derive(Args, Debug, Clone)]
pub struct Source {
    /// A CSV or Parquet file
    pub file: PathBuf,
    /// How times are written, such as %d/%m/%Y %H:%M, if they are not recognised
    #[arg(long, value_name = "FORMAT")]
    pub time_format: Option<String>,
    /// The time zone in which days are counted, such as Europe/Berlin; times that name no zone are on its
    /// clock [default: UTC]
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,
    /// What stands between a CSV file's values [default: found out from the first line]
    #[arg(long, value_name = "CHARACTER")]
    pub delimiter: Option<char>,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An identifier: never empty. Becomes a number; the texts are kept aside.
    Id,
    /// A moment.
    Time,
    /// A text; empty is null.
    Text,
    /// A number, never empty.
    Number,
    /// A number; empty is null.
    MaybeNumber,
    /// Yes or no.
    Flag,
}

/// A column of the file, and what it is called in the frame.
#[derive(Debug, Clone)]
pub struct Column {
    pub from: String,
    pub to: String,
    pub kind: Kind,
}

impl Column {
    pub fn new(from: &str, to: &str, kind: Kind) -> Column {
        Column { from: from.to_owned(), to: to.to_owned(), kind }
    }
}

/// What was read.
#[derive(Debug)]
pub struct Table {
    pub frame: DataFrame,
    /// The texts of each identifier column, by its name in the frame.
    ids: HashMap<String, Vec<String>>,
}

impl Table {
    /// A result's identifiers as they stand in the file, in their order.
    pub fn named(&self, mut result: DataFrame, column: &str) -> Result<DataFrame> {
        let Some(names) = self.ids.get(column) else { return Ok(result) };
        let codes = result.column(column)?.u32()?.clone();
        let texts: StringChunked = codes
            .iter()
            .map(|code| code.and_then(|code| names.get(code as usize).cloned()))
            .collect();
        result.with_column(texts.with_name(column.into()).into_column())?;
        Ok(result.sort([column], SortMultipleOptions::default().with_maintain_order(true))?)
    }
}

/// A problem with the file, in a sentence.
pub fn trouble(path: &Path, problem: impl std::fmt::Display) -> Error {
    ErrorKind::File { action: "use", path: path.to_owned(), cause: problem.to_string() }.into()
}

impl Source {
    /// The time zone asked for.
    pub fn zone(&self) -> Result<Option<Tz>> {
        let Some(name) = &self.timezone else { return Ok(None) };
        match Tz::from_str(name) {
            Ok(zone) => Ok(Some(zone)),
            Err(_) => Err(ErrorKind::InvalidConfig {
                field: "timezone".into(),
                value: format!("\"{name}\""),
                accepted: "a name such as Europe/Berlin, America/New_York or UTC".into(),
            }
            .into()),
        }
    }

    /// Reads some columns of the file.
    pub fn read(&self, columns: &[Column]) -> Result<Table> {
        let mut file = File::open(&self.file).map_err(|cause| trouble(&self.file, cause))?;
        let mut start = [0; 4];
        let mut known = 0;
        while known < 4 {
            match file.read(&mut start[known..]).map_err(|cause| trouble(&self.file, cause))? {
                0 => break,
                n => known += n,
            }
        }
        if known == 0 {
            return Err(trouble(&self.file, "it is empty"));
        }
        let extension =
            self.file.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
        let really = match start {
            [b'P', b'A', b'R', b'1'] => "a Parquet file",
            [0x1f, 0x8b, ..] => "compressed with gzip; unpack it first",
            [b'P', b'K', ..] => "a zip archive or a spreadsheet; save it as CSV first",
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "text in UTF-16; save it as UTF-8 first",
            start if start[..known].contains(&0) => "binary data",
            _ => "text",
        };
        let mut builder = Builder::new(self, columns)?;
        match (extension.as_str(), really) {
            ("csv" | "tsv" | "txt", "text") => self.csv(&mut builder)?,
            ("parquet", "a Parquet file") => self.parquet(&mut builder)?,
            ("csv" | "tsv" | "txt" | "parquet", really) => {
                return Err(trouble(
                    &self.file,
                    format!("it is called .{extension} and is {really}"),
                ));
            }
            _ => return Err(trouble(&self.file, "the name ends neither in .csv nor in .parquet")),
        }
        builder.finish()
    }

    fn delimiter(&self) -> Result<u8> {
        if let Some(delimiter) = self.delimiter {
            return u8::try_from(delimiter).map_err(|_| {
                trouble(&self.file, format!("'{delimiter}' cannot stand between values"))
            });
        }
        let file = File::open(&self.file).map_err(|cause| trouble(&self.file, cause))?;
        let mut first = vec![];
        BufReader::new(file)
            .take(1 << 16)
            .read_to_end(&mut first)
            .map_err(|cause| trouble(&self.file, cause))?;
        let line = first.split(|byte| *byte == b'\n').next().unwrap_or(&first);
        let often = |byte: &u8| line.iter().filter(|other| *other == byte).count();
        // Of equals the last wins: the comma.
        Ok([b'|', b'\t', b';', b','].into_iter().max_by_key(often).unwrap_or(b','))
    }

    fn csv(&self, builder: &mut Builder) -> Result<()> {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(self.delimiter()?)
            .from_path(&self.file)
            .map_err(|cause| trouble(&self.file, cause))?;
        let header = reader.byte_headers().map_err(|cause| trouble(&self.file, cause))?;
        let names: Vec<String> =
            header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
        let places = builder.places(&names)?;
        let mut record = csv::ByteRecord::new();
        loop {
            match reader.read_byte_record(&mut record) {
                Ok(false) => return Ok(()),
                Ok(true) => {}
                Err(cause) => {
                    let problem = match cause.kind() {
                        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!(
                            "row {} has {len} values where the header has {expected_len}",
                            builder.rows + 1
                        ),
                        _ => format!("row {}: {cause}", builder.rows + 1),
                    };
                    return Err(trouble(&self.file, problem));
                }
            }
            builder.rows += 1;
            for (column, place) in places.iter().enumerate() {
                let value = record.get(*place).unwrap_or_default();
                let Ok(text) = std::str::from_utf8(value) else {
                    let problem = format!(
                        "row {}: `{}` is not UTF-8: \"{}\"",
                        builder.rows,
                        builder.columns[column].from,
                        String::from_utf8_lossy(value)
                    );
                    return Err(trouble(&self.file, problem));
                };
                builder.push(column, text)?;
            }
        }
    }

    /// In slices, so that texts need not all be there at once.
    fn parquet(&self, builder: &mut Builder) -> Result<()> {
        const ROWS: usize = 500_000;
        let open = || File::open(&self.file).map_err(|cause| trouble(&self.file, cause));
        let broken = |cause: PolarsError| trouble(&self.file, format!("it is damaged: {cause}"));
        let schema = ParquetReader::new(open()?).schema().map_err(broken)?;
        let names: Vec<String> = schema.iter_names().map(|name| name.to_string()).collect();
        builder.places(&names)?;
        let wanted: Vec<String> = {
            let mut wanted: Vec<String> = builder.columns.iter().map(|c| c.from.clone()).collect();
            wanted.sort_unstable();
            wanted.dedup();
            wanted
        };
        for column in &builder.columns {
            let field = schema.get(&column.from);
            if let Some(field) = field.filter(|field| !usable(field.dtype())) {
                let problem = format!(
                    "`{}` is of type {:?}, which cannot be used",
                    column.from,
                    field.dtype()
                );
                return Err(trouble(&self.file, problem));
            }
        }
        let mut from = 0;
        loop {
            let slice = ParquetReader::new(open()?)
                .with_columns(Some(wanted.clone()))
                .with_slice(Some((from, ROWS)))
                .finish()
                .map_err(broken)?;
            if slice.height() == 0 {
                return Ok(());
            }
            from += slice.height();
            builder.append(&slice)?;
        }
    }
}

/// Types that hold one value and that this build of polars reads; it panics at others.
fn usable(dtype: &ArrowDataType) -> bool {
    use ArrowDataType::*;
    match dtype {
        Null | Boolean | Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 | UInt64 => true,
        Float32 | Float64 | Date32 | Timestamp(..) => true,
        Utf8 | LargeUtf8 | Utf8View | Binary | LargeBinary | BinaryView => true,
        Dictionary(_, values, _) => usable(values),
        _ => false,
    }
}

/// Columns in the making.
enum Values {
    Ids { codes: Vec<u32>, known: HashMap<Box<str>, u32, rustc_hash::FxBuildHasher> },
    Times(Vec<i64>),
    Texts { codes: Vec<u32>, known: HashMap<Box<str>, u32, rustc_hash::FxBuildHasher> },
    Numbers(Vec<f64>),
    MaybeNumbers(Vec<Option<f64>>),
    Flags(Vec<bool>),
}

struct Builder<'s> {
    source: &'s Source,
    zone: Option<Tz>,
    columns: Vec<Column>,
    values: Vec<Values>,
    rows: usize,
    /// The first row's offset, against which mixed zones are found.
    offset: Option<Option<i32>>,
    /// Whether the data name a zone or an offset themselves.
    zoned: bool,
}

const EMPTY: u32 = u32::MAX;

impl<'s> Builder<'s> {
    fn new(source: &'s Source, columns: &[Column]) -> Result<Builder<'s>> {
        let values = columns
            .iter()
            .map(|column| match column.kind {
                Kind::Id => Values::Ids { codes: vec![], known: HashMap::default() },
                Kind::Time => Values::Times(vec![]),
                Kind::Text => Values::Texts { codes: vec![], known: HashMap::default() },
                Kind::Number => Values::Numbers(vec![]),
                Kind::MaybeNumber => Values::MaybeNumbers(vec![]),
                Kind::Flag => Values::Flags(vec![]),
            })
            .collect();
        Ok(Builder {
            source,
            zone: source.zone()?,
            columns: columns.to_vec(),
            values,
            rows: 0,
            offset: None,
            zoned: false,
        })
    }

    /// Where the columns asked for are.
    fn places(&self, names: &[String]) -> Result<Vec<usize>> {
        self.columns
            .iter()
            .map(|column| {
                if names.iter().filter(|name| **name == column.from).count() > 1 {
                    let problem = format!("two columns are called `{}`", column.from);
                    return Err(trouble(&self.source.file, problem));
                }
                names.iter().position(|name| *name == column.from).ok_or_else(|| {
                    let problem = format!(
                        "there is no column `{}`; there are `{}`",
                        column.from,
                        names.join("`, `")
                    );
                    trouble(&self.source.file, problem)
                })
            })
            .collect()
    }

    fn wrong(&self, column: usize, problem: impl std::fmt::Display) -> Error {
        let name = &self.columns[column].from;
        trouble(&self.source.file, format!("row {}: `{name}` {problem}", self.rows))
    }

    fn push(&mut self, column: usize, text: &str) -> Result<()> {
        let trimmed = text.trim();
        match &mut self.values[column] {
            Values::Ids { codes, known } => {
                if trimmed.is_empty() {
                    return Err(self.wrong(column, "is empty"));
                }
                codes.push(number_of(known, trimmed));
            }
            Values::Texts { codes, known } => {
                codes.push(if trimmed.is_empty() { EMPTY } else { number_of(known, trimmed) });
            }
            Values::Times(_) => {
                let at = self.moment(column, trimmed)?;
                if let Values::Times(times) = &mut self.values[column] {
                    times.push(at);
                }
            }
            Values::Numbers(numbers) => match trimmed.parse::<f64>() {
                Ok(number) if number.is_finite() => numbers.push(number),
                _ => return Err(self.wrong(column, format!("is \"{text}\"; it must be a number"))),
            },
            Values::MaybeNumbers(numbers) => match trimmed.parse::<f64>() {
                _ if trimmed.is_empty() => numbers.push(None),
                Ok(number) if number.is_finite() => numbers.push(Some(number)),
                _ => {
                    return Err(
                        self.wrong(column, format!("is \"{text}\"; it must be a number, or empty"))
                    );
                }
            },
            Values::Flags(flags) => match trimmed.to_ascii_lowercase().as_str() {
                "1" | "true" | "yes" | "t" | "y" | "1.0" => flags.push(true),
                "0" | "false" | "no" | "f" | "n" | "0.0" => flags.push(false),
                _ => {
                    let problem =
                        format!("is \"{text}\"; it must be 1 or 0, true or false, yes or no");
                    return Err(self.wrong(column, problem));
                }
            },
        }
        Ok(())
    }

    fn moment(&mut self, column: usize, text: &str) -> Result<i64> {
        let format = self.source.time_format.as_deref();
        let Some(written) = moment::read(text, format) else {
            let hint = match format {
                Some(format) => format!("it does not follow {format}"),
                None => format!("recognised are {RECOGNISED}; others need --time-format"),
            };
            return Err(self.wrong(column, format!("is \"{text}\", which is no time; {hint}")));
        };
        match self.offset {
            None => self.offset = Some(written.offset),
            Some(first) if first == written.offset => {}
            // Summer and winter differ; with a zone given, days are counted on its clock all the same.
            Some(Some(_)) if written.offset.is_some() && self.zone.is_some() => {}
            Some(first) => {
                let shown = |offset: Option<i32>| match offset {
                    None => "no time zone".to_owned(),
                    Some(0) => "UTC".to_owned(),
                    Some(ahead) => {
                        let sign = if ahead < 0 { '-' } else { '+' };
                        format!("{sign}{:02}:{:02}", ahead.abs() / 3600, ahead.abs() / 60 % 60)
                    }
                };
                let hint = match (first, written.offset) {
                    (Some(_), Some(_)) => "; say in which zone days are counted with --timezone",
                    _ => "",
                };
                let problem = format!(
                    "is \"{text}\", with {}, and earlier rows have {}: time zones are mixed{hint}",
                    shown(written.offset),
                    shown(first)
                );
                return Err(self.wrong(column, problem));
            }
        }
        self.zoned |= written.offset.is_some();
        written
            .micros(self.zone)
            .ok_or_else(|| self.wrong(column, format!("is \"{text}\", which is out of range")))
    }

    /// A slice of a Parquet file.
    fn append(&mut self, slice: &DataFrame) -> Result<()> {
        let start = self.rows;
        for column in 0..self.columns.len() {
            let series = slice.column(&self.columns[column].from)?.as_materialized_series();
            let kind = self.columns[column].kind;
            self.rows = start + 1;
            let missing = || series.is_null().iter().position(|null| null == Some(true));
            let nullable = matches!(kind, Kind::Text | Kind::MaybeNumber);
            if !nullable && let Some(row) = missing() {
                self.rows = start + row + 1;
                return Err(self.wrong(column, "is empty"));
            }
            let unusable = |builder: &Self| {
                builder.wrong(
                    column,
                    format!("is of type {}, which cannot be used here", series.dtype()),
                )
            };
            match (kind, series.dtype()) {
                (Kind::Time, DataType::Date | DataType::Datetime(..)) => {
                    let zone = match series.dtype() {
                        DataType::Datetime(_, zone) => zone.clone(),
                        _ => None,
                    };
                    self.offset = Some(zone.as_ref().map(|_| 0));
                    let naive =
                        series.cast(&DataType::Datetime(TimeUnit::Microseconds, zone.clone()))?;
                    let micros = naive.to_physical_repr().cast(&DataType::Int64)?;
                    let local = self.zone.filter(|_| zone.is_none());
                    self.zoned |= zone.is_some();
                    for (row, at) in micros.i64()?.iter().flatten().enumerate() {
                        let at = match local {
                            None => Some(at),
                            Some(local) => casebook::chrono::DateTime::from_timestamp_micros(at)
                                .map(|moment| moment::Written {
                                    clock: moment.naive_utc(),
                                    offset: None,
                                })
                                .and_then(|written| written.micros(Some(local))),
                        };
                        self.rows = start + row + 1;
                        let Some(at) = at else {
                            return Err(self.wrong(column, "is out of range"));
                        };
                        if let Values::Times(times) = &mut self.values[column] {
                            times.push(at);
                        }
                    }
                }
                (Kind::Number, dtype) if dtype.is_primitive_numeric() => {
                    for (row, number) in
                        series.cast(&DataType::Float64)?.f64()?.iter().flatten().enumerate()
                    {
                        self.rows = start + row + 1;
                        if !number.is_finite() {
                            return Err(
                                self.wrong(column, format!("is {number}; it must be a number"))
                            );
                        }
                        if let Values::Numbers(numbers) = &mut self.values[column] {
                            numbers.push(number);
                        }
                    }
                }
                _ => {
                    let Ok(texts) = series.cast(&DataType::String) else {
                        return Err(unusable(self));
                    };
                    let Ok(texts) = texts.str() else { return Err(unusable(self)) };
                    for (row, text) in texts.iter().enumerate() {
                        self.rows = start + row + 1;
                        match text {
                            None if !nullable => return Err(unusable(self)),
                            text => self.push(column, text.unwrap_or_default())?,
                        }
                    }
                }
            }
        }
        self.rows = start + slice.height();
        Ok(())
    }

    fn finish(self) -> Result<Table> {
        if self.rows == 0 {
            return Err(trouble(&self.source.file, "it has no rows"));
        }
        let zone = self.zone.map(|zone| zone.name()).unwrap_or("UTC");
        let zone = TimeZone::opt_try_new(Some(zone).filter(|_| self.zoned || self.zone.is_some()))?;
        let mut ids = HashMap::new();
        let mut columns = vec![];
        for (column, values) in self.columns.into_iter().zip(self.values) {
            let name = PlSmallStr::from(column.to.as_str());
            columns.push(match values {
                Values::Ids { codes, known } => {
                    ids.insert(column.to, names(known));
                    UInt32Chunked::from_vec(name, codes).into_column()
                }
                Values::Texts { codes, known } => {
                    let names = names(known);
                    let texts =
                        codes.iter().map(|code| names.get(*code as usize).map(String::as_str));
                    StringChunked::from_iter_options(name, texts).into_column()
                }
                Values::Times(micros) => Int64Chunked::from_vec(name, micros)
                    .into_column()
                    .cast(&DataType::Datetime(TimeUnit::Microseconds, zone.clone()))?,
                Values::Numbers(numbers) => Float64Chunked::from_vec(name, numbers).into_column(),
                Values::MaybeNumbers(numbers) => {
                    Float64Chunked::from_slice_options(name, &numbers).into_column()
                }
                Values::Flags(flags) => BooleanChunked::from_slice(name, &flags).into_column(),
            });
        }
        Ok(Table { frame: DataFrame::new_infer_height(columns)?, ids })
    }
}

fn number_of(known: &mut HashMap<Box<str>, u32, rustc_hash::FxBuildHasher>, text: &str) -> u32 {
    if let Some(code) = known.get(text) {
        return *code;
    }
    let code = known.len() as u32;
    known.insert(text.into(), code);
    code
}

fn names(known: HashMap<Box<str>, u32, rustc_hash::FxBuildHasher>) -> Vec<String> {
    let mut names = vec![String::new(); known.len()];
    for (text, code) in known {
        names[code as usize] = text.into_string();
    }
    names
}
