//! The value of a key: what a row is asked for by.

use std::fmt;

use chrono::{NaiveDate, NaiveDateTime};
use polars::prelude::*;

/// A key: a text, a number, true or false, a day or a moment.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Key {
    /// A text.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A number with a fraction.
    Real(f64),
    /// True or false.
    Flag(bool),
    /// A day.
    Day(NaiveDate),
    /// A moment, on the clock of its column.
    Moment(NaiveDateTime),
}

macro_rules! keys {
    ($($from:ty => $variant:ident)*) => {$(
        impl From<$from> for Key {
            fn from(value: $from) -> Key {
                Key::$variant(value.into())
            }
        }
    )*};
}
keys! {
    &str => Text
    String => Text
    &String => Text
    i8 => Whole
    i16 => Whole
    i32 => Whole
    i64 => Whole
    u8 => Whole
    u16 => Whole
    u32 => Whole
    f32 => Real
    f64 => Real
    bool => Flag
    NaiveDate => Day
    NaiveDateTime => Moment
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Text(text) => write!(f, "\"{text}\""),
            Key::Whole(number) => write!(f, "{number}"),
            Key::Real(number) => write!(f, "{number}"),
            Key::Flag(flag) => write!(f, "{flag}"),
            Key::Day(day) => write!(f, "{day}"),
            Key::Moment(moment) => write!(f, "{moment}"),
        }
    }
}

impl Key {
    /// What it is, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Key::Text(_) => "a text",
            Key::Whole(_) | Key::Real(_) => "a number",
            Key::Flag(_) => "true or false",
            Key::Day(_) => "a day",
            Key::Moment(_) => "a moment",
        }
    }

    /// Whether a column of this type can hold it.
    pub(crate) fn fits(&self, dtype: &DataType) -> bool {
        match self {
            Key::Text(_) => dtype.is_string() || dtype.is_categorical() || dtype.is_enum(),
            Key::Whole(_) | Key::Real(_) => dtype.is_primitive_numeric(),
            Key::Flag(_) => dtype.is_bool(),
            Key::Day(_) => *dtype == DataType::Date,
            Key::Moment(_) => dtype.is_datetime(),
        }
    }

    /// The rows of a column that hold it; the column's type [fits](Key::fits).
    pub(crate) fn rows(&self, column: &Column) -> PolarsResult<Vec<usize>> {
        let held = match self {
            Key::Text(text) => {
                let texts = column.cast(&DataType::String)?;
                return Ok(places(texts.str()?.iter().map(|value| value == Some(text.as_str()))));
            }
            Key::Flag(flag) => {
                return Ok(places(column.bool()?.iter().map(|value| value == Some(*flag))));
            }
            Key::Whole(number) => lit(*number),
            Key::Real(number) => lit(*number),
            Key::Day(day) => lit(*day),
            // On the column's own clock: the same digits, whatever its zone.
            Key::Moment(moment) => lit(*moment).cast(match column.dtype() {
                DataType::Datetime(unit, _) => DataType::Datetime(*unit, None),
                _ => DataType::Datetime(TimeUnit::Microseconds, None),
            }),
        };
        let asked = match self {
            Key::Moment(_) => {
                col("key").dt().replace_time_zone(None, lit("raise"), NonExistent::Raise)
            }
            _ => col("key"),
        };
        let frame = column.clone().with_name("key".into()).into_frame();
        let held = frame.lazy().select([asked.eq(held).alias("held")]).collect()?;
        Ok(places(held.column("held")?.bool()?.iter().map(|value| value == Some(true))))
    }
}

/// Where something holds.
fn places(held: impl Iterator<Item = bool>) -> Vec<usize> {
    held.enumerate().filter(|(_, held)| *held).map(|(row, _)| row).collect()
}
