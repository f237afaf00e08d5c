//! Columns as plain values.

use polars::prelude::*;
use rustc_hash::FxHashMap;

use crate::error::{Error, Result};

/// A column without empty values.
pub(crate) fn full<'f>(
    frame: &'f DataFrame,
    name: &'static str,
    column: &str,
) -> Result<&'f Column> {
    let found = frame.column(column)?;
    match found.null_count() {
        0 => Ok(found),
        1 => Err(Error::column(name, column, "has an empty value")),
        n => Err(Error::column(name, column, format!("has {n} empty values"))),
    }
}

/// A Date column from days since 1970-01-01.
pub(crate) fn dates(name: &str, days: Vec<i32>) -> Result<Column> {
    Ok(Column::new(name.into(), days).cast(&DataType::Date)?)
}

/// A column of finite numbers, none of them empty.
pub(crate) fn finite(frame: &DataFrame, name: &'static str, column: &str) -> Result<Vec<f64>> {
    let found = full(frame, name, column)?;
    if !(found.dtype().is_primitive_numeric() || found.dtype().is_bool()) {
        let problem = format!("is {}; it must be a number", found.dtype());
        return Err(Error::column(name, column, problem));
    }
    let real = found.cast(&DataType::Float64)?;
    let values: Vec<f64> = real.f64()?.into_no_null_iter().collect();
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(values),
        Some(row) => {
            let problem = format!("holds {} in row {}; it must be finite", values[row], row + 1);
            Err(Error::column(name, column, problem))
        }
    }
}

/// The numbers of a column, not a number where null.
pub(crate) fn reals(frame: &DataFrame, column: &str) -> Result<Vec<f64>> {
    let numbers = frame.column(column)?.cast(&DataType::Float64)?;
    Ok(numbers.f64()?.iter().map(|number| number.unwrap_or(f64::NAN)).collect())
}

/// A cell of a column of numbers: null where it is not a number.
pub(crate) fn number_or_null(number: f64) -> Option<f64> {
    Some(number).filter(|number| !number.is_nan())
}

/// Texts of a column, empty where null.
pub(crate) fn texts(column: &Column) -> Result<Vec<Option<String>>> {
    let series = column.as_materialized_series().cast(&DataType::String)?;
    Ok(series.str()?.iter().map(|text| text.map(str::to_owned)).collect())
}

/// The values of an attribute as numbers: each row's, and the value that each number stands for, in rising order, a
/// missing one first.
pub(crate) fn coded(column: &Column) -> Result<(Vec<u32>, Vec<Option<String>>)> {
    let series = column.as_materialized_series().cast(&DataType::String)?;
    let mut known: FxHashMap<Option<&str>, u32> = FxHashMap::default();
    let mut values: Vec<Option<&str>> = vec![];
    let mut codes: Vec<u32> = Vec::with_capacity(column.len());
    for value in series.str()?.iter() {
        codes.push(*known.entry(value).or_insert_with(|| {
            values.push(value);
            values.len() as u32 - 1
        }));
    }
    let mut order: Vec<u32> = (0..values.len() as u32).collect();
    order.sort_unstable_by_key(|code| values[*code as usize]);
    let mut rank = vec![0; order.len()];
    for (place, code) in order.iter().enumerate() {
        rank[*code as usize] = place as u32;
    }
    codes.iter_mut().for_each(|code| *code = rank[*code as usize]);
    let sorted = order.iter().map(|code| values[*code as usize].map(str::to_owned)).collect();
    Ok((codes, sorted))
}
