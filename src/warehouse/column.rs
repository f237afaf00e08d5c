//! One column of a frame, cell by cell, for databases that take rows.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta};
use polars::prelude::*;

use crate::error::{Error, Result};

/// A cell, in the types both databases know.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    Null,
    Int(i64),
    Real(f64),
    Text(&'a str),
    Date(NaiveDate),
    Moment(NaiveDateTime),
}

/// The kinds of columns that can be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Int,
    Real,
    Text,
    Date,
    Moment,
}

/// A column ready to be read by row.
pub struct Cells {
    name: String,
    kind: Kind,
    values: Values,
}

enum Values {
    Int(Int64Chunked),
    Real(Float64Chunked),
    Text(StringChunked),
}

impl Cells {
    /// The columns of a frame.
    pub fn of(frame: &DataFrame) -> Result<Vec<Cells>> {
        frame.columns().iter().map(Cells::new).collect()
    }

    fn new(column: &Column) -> Result<Cells> {
        let (kind, values) = match column.dtype() {
            DataType::String => (Kind::Text, Values::Text(column.str()?.clone())),
            DataType::Date => {
                (Kind::Date, Values::Int(column.cast(&DataType::Int64)?.i64()?.clone()))
            }
            DataType::Datetime(_, None) => {
                let micros = DataType::Datetime(TimeUnit::Microseconds, None);
                let numbers = column.cast(&micros)?.cast(&DataType::Int64)?;
                (Kind::Moment, Values::Int(numbers.i64()?.clone()))
            }
            dtype if dtype.is_integer() => {
                (Kind::Int, Values::Int(column.strict_cast(&DataType::Int64)?.i64()?.clone()))
            }
            dtype if dtype.is_float() => {
                (Kind::Real, Values::Real(column.cast(&DataType::Float64)?.f64()?.clone()))
            }
            other => {
                let problem = format!("is of type {other}, which cannot be loaded into a database");
                return Err(Error::column("loaded", column.name(), problem));
            }
        };
        // One chunk, so that reading by row takes constant time.
        let values = match values {
            Values::Int(v) => Values::Int(v.rechunk().into_owned()),
            Values::Real(v) => Values::Real(v.rechunk().into_owned()),
            Values::Text(v) => Values::Text(v.rechunk().into_owned()),
        };
        Ok(Cells { name: column.name().to_string(), kind, values })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    #[cfg(feature = "postgres")]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn get(&self, row: usize) -> Cell<'_> {
        match &self.values {
            Values::Text(v) => v.get(row).map_or(Cell::Null, Cell::Text),
            Values::Real(v) => v.get(row).map_or(Cell::Null, Cell::Real),
            Values::Int(v) => match (v.get(row), self.kind) {
                (Some(days), Kind::Date) => date(days).map_or(Cell::Null, Cell::Date),
                (Some(micros), Kind::Moment) => DateTime::from_timestamp_micros(micros)
                    .map_or(Cell::Null, |moment| Cell::Moment(moment.naive_utc())),
                (Some(number), _) => Cell::Int(number),
                (None, _) => Cell::Null,
            },
        }
    }
}

fn date(days: i64) -> Option<NaiveDate> {
    NaiveDate::default().checked_add_signed(TimeDelta::try_days(days)?)
}

/// A result column, filled row by row.
pub enum Filling {
    Int(Vec<Option<i64>>),
    Real(Vec<Option<f64>>),
    Text(Vec<Option<String>>),
    /// Days since 1970. SQLite has no dates of its own.
    #[cfg(feature = "postgres")]
    Date(Vec<Option<i32>>),
    /// Microseconds since 1970.
    #[cfg(feature = "postgres")]
    Moment(Vec<Option<i64>>),
}

impl Filling {
    pub fn finish(self, name: &str) -> Result<Column> {
        let name = PlSmallStr::from_str(name);
        let series = match self {
            Filling::Int(values) => Series::new(name, values),
            Filling::Real(values) => Series::new(name, values),
            Filling::Text(values) => Series::new(name, values),
            #[cfg(feature = "postgres")]
            Filling::Date(values) => Series::new(name, values).cast(&DataType::Date)?,
            #[cfg(feature = "postgres")]
            Filling::Moment(values) => {
                Series::new(name, values).cast(&DataType::Datetime(TimeUnit::Microseconds, None))?
            }
        };
        Ok(series.into_column())
    }
}
