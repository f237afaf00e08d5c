//! Columns as plain values.

use polars::prelude::*;
use rayon::prelude::*;
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
    const ROWS: usize = 1 << 18;
    let series = column.as_materialized_series().cast(&DataType::String)?;
    let texts = series.str()?;
    // Each stretch of rows numbers what it meets; then the numbers are made the same.
    let parts: Vec<(Vec<u32>, Vec<Option<String>>)> = (0..texts.len().div_ceil(ROWS))
        .into_par_iter()
        .map(|part| numbered(&texts.slice((part * ROWS) as i64, ROWS)))
        .collect();
    let mut values: Vec<Option<&str>> =
        parts.iter().flat_map(|part| part.1.iter().map(Option::as_deref)).collect();
    values.sort_unstable();
    values.dedup();
    let ranks: FxHashMap<Option<&str>, u32> = values.iter().copied().zip(0..).collect();
    let codes: Vec<Vec<u32>> = parts
        .par_iter()
        .map(|(codes, met)| {
            let ranks: Vec<u32> = met.iter().map(|value| ranks[&value.as_deref()]).collect();
            codes.iter().map(|code| ranks[*code as usize]).collect()
        })
        .collect();
    let values = values.into_iter().map(|value| value.map(str::to_owned)).collect();
    Ok((codes.concat(), values))
}

/// The same in order of appearance.
fn numbered(texts: &StringChunked) -> (Vec<u32>, Vec<Option<String>>) {
    let mut known: FxHashMap<Option<&str>, u32> = FxHashMap::default();
    let mut values: Vec<Option<String>> = vec![];
    let mut codes = Vec::with_capacity(texts.len());
    for value in texts.iter() {
        codes.push(*known.entry(value).or_insert_with(|| {
            values.push(value.map(str::to_owned));
            values.len() as u32 - 1
        }));
    }
    (codes, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_in_rising_order_over_many_rows() {
        let value = |row: u32| {
            (!row.is_multiple_of(7)).then(|| format!("v{}", row.wrapping_mul(7_919) % 40))
        };
        let rows: Vec<Option<String>> = (0..700_000).map(value).collect();
        let (codes, values) = coded(&Column::new("plan".into(), &rows)).unwrap();
        assert!(values.is_sorted() && values.len() == 41 && values[0].is_none());
        assert_eq!(codes.len(), rows.len());
        assert!(codes.iter().zip(&rows).all(|(code, value)| values[*code as usize] == *value));
        let empty = coded(&Column::new("plan".into(), Vec::<String>::new())).unwrap();
        assert!(empty.0.is_empty() && empty.1.is_empty());
    }
}
