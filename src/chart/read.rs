//! What charts read from a frame: numbers, names and their places, and how many of them a picture can hold.

use std::collections::BTreeMap;

use polars::prelude::*;

use super::label::short;
use crate::error::{Error, Result};
use crate::frame::require;

/// Reads a column as numbers; dates become days since 1970. What is not finite is `None`.
pub fn numbers(frame: &DataFrame, name: &str) -> Result<Vec<Option<f64>>> {
    let column = frame.column(name)?;
    let per_day = match column.dtype() {
        DataType::Datetime(TimeUnit::Nanoseconds, _) => 86_400e9,
        DataType::Datetime(TimeUnit::Microseconds, _) => 86_400e6,
        DataType::Datetime(TimeUnit::Milliseconds, _) => 86_400e3,
        DataType::Date | DataType::Boolean | DataType::Null => 1.0,
        dtype if dtype.is_primitive_numeric() => 1.0,
        other => {
            let problem = format!("is of type {other}; a number or a date is needed here");
            return Err(Error::column("chart's", name, problem));
        }
    };
    let physical = column.to_physical_repr();
    let values = physical.cast(&DataType::Float64)?;
    Ok(values
        .f64()?
        .iter()
        .map(|value| value.map(|v| v / per_day).filter(|v| v.is_finite()))
        .collect())
}

/// Reads a column as text, for names; null is a name too.
pub fn names(frame: &DataFrame, name: &str) -> Result<Vec<String>> {
    let column = frame.column(name)?;
    Ok((0..column.len())
        .map(|row| match column.get(row) {
            Ok(AnyValue::Null) | Err(_) => "null".to_owned(),
            Ok(AnyValue::String(text)) => text.to_owned(),
            Ok(AnyValue::StringOwned(text)) => text.to_string(),
            Ok(value) => value.to_string(),
        })
        .collect())
}

/// Returns the different names in order of first appearance, each as a chart can show it, and each row's place among them.
pub fn places(names: &[String]) -> (Vec<String>, Vec<usize>) {
    let mut seen: Vec<String> = vec![];
    let mut index = BTreeMap::new();
    let rows = names
        .iter()
        .map(|name| {
            *index.entry(name.as_str()).or_insert_with(|| {
                seen.push(short(name));
                seen.len() - 1
            })
        })
        .collect();
    (seen, rows)
}

/// Tells whether a column's values follow each other, as numbers, dates and texts of digits do: of their labels, some say what
/// those between are.
pub fn ordinal(frame: &DataFrame, name: &str) -> Result<bool> {
    let digits = |name: &String| name.chars().all(|c| c.is_ascii_digit() || c == '-');
    Ok(frame.column(name)?.dtype() != &DataType::String || names(frame, name)?.iter().all(digits))
}

/// Returns the lowest and the highest of finite numbers, if there are any.
pub fn extent(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |range, value| match range {
        None => Some((value, value)),
        Some((low, high)) => Some((low.min(value), high.max(value))),
    })
}

/// Says how many values a chart could not draw.
pub fn left_out(count: usize) -> Option<String> {
    match count {
        0 => None,
        1 => Some("1 value is missing or not finite and is not drawn.".into()),
        n => Some(format!("{n} values are missing or not finite and are not drawn.")),
    }
}

/// The most marks in a picture: no screen has room for more, and few programs open what would hold them.
const MOST_MARKS: usize = 200_000;

/// Checks that a picture has room for `rows` rows of `each` marks.
pub fn drawable(what: &str, rows: usize, each: usize) -> Result<()> {
    match rows.saturating_mul(each) {
        0..=MOST_MARKS => Ok(()),
        marks => Err(Error::config(
            "chart",
            format!("{what} of {marks}"),
            format!("at most {MOST_MARKS}"),
        )),
    }
}

/// Checks that a frame has the columns of these names.
pub fn columns(frame: &DataFrame, names: &[&str]) -> Result<()> {
    require(frame, "chart's", names)
}
