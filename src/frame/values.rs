//! Single values of a frame, by key and not by row number.

use polars::prelude::*;

use super::Key;
use super::list::{FRAME, known, missing};
use crate::error::{Error, Result, meant};

/// More keys than these are counted.
const LISTED: usize = 12;
/// Keys that are compared with a wrong one, in search of the one that was meant.
const COMPARED: usize = 10_000;

pub(super) fn total(mut lazy: LazyFrame, column: &str) -> Result<f64> {
    let schema = lazy.collect_schema()?;
    let dtype = schema.get(column).ok_or_else(|| missing(&schema, FRAME, column))?;
    if !(dtype.is_primitive_numeric() || dtype.is_bool() || dtype.is_null()) {
        let problem = format!("is {dtype}; it must be a number");
        return Err(Error::column(FRAME, column, problem));
    }
    let known = col(column).is_not_null().any(true).or(len().eq(0)).alias("known");
    let sum = col(column).cast(DataType::Float64).sum().alias("sum");
    let found = lazy.select([known, sum]).collect()?;
    if found.column("known")?.bool()?.get(0) != Some(true) {
        return Err(Error::column(FRAME, column, "holds nothing but nulls: there is no total"));
    }
    let sum = found.column("sum")?.f64()?.get(0).unwrap_or(f64::NAN);
    if sum.is_finite() {
        return Ok(sum);
    }
    Err(Error::column(FRAME, column, format!("has the sum {sum}; it must be finite")))
}

pub(super) fn value(lazy: LazyFrame, column: &str, by: &str, key: Key) -> Result<f64> {
    let (found, place) = cell(lazy, column, by, &key)?;
    let problem = match found {
        AnyValue::Null => format!("is null where `{by}` is {key}: there is no value"),
        AnyValue::Boolean(flag) => return Ok(f64::from(u8::from(flag))),
        ref number if number.dtype().is_primitive_numeric() => match number.extract::<f64>() {
            Some(number) if number.is_finite() => return Ok(number),
            _ => format!("is {number} in row {}; it must be finite", place + 1),
        },
        ref other => {
            format!("is {}; it must be a number (`text` reads other values)", other.dtype())
        }
    };
    Err(Error::column(FRAME, column, problem))
}

pub(super) fn text(lazy: LazyFrame, column: &str, by: &str, key: Key) -> Result<String> {
    match cell(lazy, column, by, &key)?.0 {
        AnyValue::Null => {
            let problem = format!("is null where `{by}` is {key}: there is no value");
            Err(Error::column(FRAME, column, problem))
        }
        value => Ok(value.get_str().map_or_else(|| value.to_string(), str::to_owned)),
    }
}

/// The value of a column in the one row with a key, and which row that is.
fn cell(
    mut lazy: LazyFrame,
    column: &str,
    by: &str,
    key: &Key,
) -> Result<(AnyValue<'static>, usize)> {
    let schema = lazy.collect_schema()?;
    let dtype_of = |name: &str| schema.get(name).ok_or_else(|| missing(&schema, FRAME, name));
    dtype_of(column)?;
    let dtype = dtype_of(by)?;
    if !key.fits(dtype) {
        let problem = format!("is {dtype}, and the key {key} is {}", key.kind());
        return Err(Error::column(FRAME, by, problem));
    }
    let two = lazy.select([col(by).alias("key"), col(column).alias("value")]).collect()?;
    let rows = key.rows(two.column("key")?)?;
    match rows[..] {
        [row] => Ok((two.column("value")?.get(row)?.into_static(), row)),
        [] => Err(Error::column(FRAME, by, absent(two.column("key")?, key)?)),
        _ => {
            let places: Vec<String> =
                rows.iter().take(3).map(|row| (row + 1).to_string()).collect();
            let more = if rows.len() > 3 { ", …" } else { "" };
            let problem = format!(
                "is {key} in {} rows ({}{more}): keep one of them, or aggregate",
                rows.len(),
                places.join(", ")
            );
            Err(Error::column(FRAME, by, problem))
        }
    }
}

/// That a key is not in a column, and which are.
fn absent(column: &Column, key: &Key) -> Result<String> {
    let keys = column.unique_stable()?.drop_nulls();
    let shown = |value: AnyValue| match value.get_str() {
        Some(text) => format!("\"{text}\""),
        None => value.to_string(),
    };
    let mut names = vec![];
    for row in 0..keys.len().min(LISTED) {
        names.push(shown(keys.get(row)?));
    }
    let asked = key.to_string();
    let meant = match (key, keys.str()) {
        (Key::Text(text), Ok(texts)) => meant(text, texts.iter().flatten().take(COMPARED)),
        _ => String::new(),
    };
    let listed = match keys.len() {
        0 => "no values".to_owned(),
        n if n > LISTED => format!("{} and {} more", names.join(", "), n - LISTED),
        _ => names.join(", "),
    };
    Ok(if meant.is_empty() {
        format!("has no {asked}; it has {listed}")
    } else {
        format!("has no {asked}{meant} It has {listed}")
    })
}

pub(super) fn scalar(mut lazy: LazyFrame, expression: Expr) -> Result<f64> {
    known(&mut lazy, FRAME, std::slice::from_ref(&expression))?;
    let found = lazy.select([expression.alias("value")]).collect()?;
    let column = found.column("value")?;
    let refused = |value: String, accepted: &str| Err(Error::config("expression", value, accepted));
    if column.len() != 1 {
        let accepted = "one value: aggregate it, as `.sum()` and `.mean()` do, or keep one row";
        return refused(format!("{} values", column.len()), accepted);
    }
    if !(column.dtype().is_primitive_numeric() || column.dtype().is_bool()) {
        return refused(format!("of type {}", column.dtype()), "a number");
    }
    match column.cast(&DataType::Float64)?.f64()?.get(0) {
        None => refused("null".into(), "a value; there is none"),
        Some(number) if !number.is_finite() => refused(number.to_string(), "a finite number"),
        Some(number) => Ok(number),
    }
}
