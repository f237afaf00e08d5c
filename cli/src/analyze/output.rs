//! Printing a result for people or for programs.

mod number;
mod table;

use std::io::{self, BufWriter, Write};
use std::path::Path;

use casebook::polars::prelude::*;
use casebook::{Error, Result};
use clap::ValueEnum;

pub use casebook::format::percent;
use number::{exact, text};

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns of text
    Table,
    /// An array of objects, one per row
    Json,
    /// Comma-separated values
    Csv,
}

/// Prints a result. A reader that stops reading, such as `head`, causes no error.
pub fn print(frame: &DataFrame, format: Format, rows: usize) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let done = match format {
        Format::Table => table::print(frame, rows, &mut out)?,
        Format::Json => json(frame, &mut out)?,
        Format::Csv => csv(frame, &mut out)?,
    };
    match done.and_then(|()| out.flush()) {
        Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::file("write to", Path::new("standard output"), cause))
        }
        _ => Ok(()),
    }
}

/// Checks that nothing grew beyond what a number can hold: an infinite sum is not a result.
///
/// NaN is different: it is an estimate that does not exist, null in every format.
pub fn check(frame: &DataFrame) -> Result<()> {
    for column in frame.columns() {
        let Ok(numbers) = column.f64() else { continue };
        if let Some(row) = numbers.iter().position(|n| n.is_some_and(f64::is_infinite)) {
            let value = format!("beyond 1.8e308 in row {} of the result", row + 1);
            let accepted = "numbers whose sums and squares stay below that";
            return Err(Error::config(column.name().as_str(), value, accepted));
        }
    }
    Ok(())
}

fn json(frame: &DataFrame, out: &mut impl Write) -> Result<io::Result<()>> {
    let names: Vec<String> = frame.get_column_names().iter().map(|name| name.to_string()).collect();
    // Written row by row: a result may have millions.
    for row in 0..frame.height() {
        let mut fields = vec![];
        for (name, column) in names.iter().zip(frame.columns()) {
            let value = column.get(row)?;
            let json = match &value {
                AnyValue::Null => "null".to_owned(),
                AnyValue::Float64(number) => match exact(*number) {
                    // A whole number of a column that has others too.
                    Some(text) if !text.contains(['.', 'e']) => text + ".0",
                    Some(text) => text,
                    None => "null".to_owned(),
                },
                AnyValue::Boolean(_) => text(&value),
                value if column.dtype().is_primitive_numeric() => text(value),
                other => serde_json::Value::from(text(other)).to_string(),
            };
            fields.push(format!("{}: {json}", serde_json::Value::from(name.as_str())));
        }
        let lead = if row == 0 { "[\n  " } else { ",\n  " };
        if let Err(cause) = write!(out, "{lead}{{{}}}", fields.join(", ")) {
            return Ok(Err(cause));
        }
    }
    Ok(out.write_all(if frame.height() == 0 { b"[]\n" } else { b"\n]\n" }))
}

fn csv(frame: &DataFrame, out: &mut impl Write) -> Result<io::Result<()>> {
    let mut writer = csv::Writer::from_writer(out);
    let mut done = writer.write_record(frame.get_column_names().iter().map(|name| name.as_str()));
    for row in 0..frame.height() {
        let mut cells = vec![];
        for column in frame.columns() {
            cells.push(text(&column.get(row)?));
        }
        done = done.and_then(|()| writer.write_record(&cells));
    }
    let done = done.map_err(|cause| match cause.into_kind() {
        csv::ErrorKind::Io(cause) => cause,
        other => io::Error::other(format!("{other:?}")),
    });
    let flushed = writer.flush();
    Ok(done.and(flushed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(frame: &DataFrame) -> (String, String) {
        let (mut as_json, mut as_csv) = (vec![], vec![]);
        json(frame, &mut as_json).unwrap().unwrap();
        csv(frame, &mut as_csv).unwrap().unwrap();
        (String::from_utf8(as_json).unwrap(), String::from_utf8(as_csv).unwrap())
    }

    #[test]
    fn numbers_are_the_same_and_exact_in_csv_and_json() {
        let numbers = [
            0.1 + 0.2,
            1e308,
            -f64::MAX,
            f64::MIN_POSITIVE,
            5e-324,
            1.0 / 3.0,
            1e16 + 2.0,
            123_456_789.0,
            -0.0,
            1e-7,
        ];
        let (json, csv) = given(&df!("x" => numbers).unwrap());
        for ((number, json), csv) in
            numbers.iter().zip(json.lines().skip(1)).zip(csv.lines().skip(1))
        {
            let json = json.trim_start_matches("  {\"x\": ").trim_end_matches(['}', ',']);
            for text in [json, csv] {
                assert_eq!(
                    text.parse::<f64>().unwrap().to_bits(),
                    (number + 0.0).to_bits(),
                    "{text}"
                );
            }
            assert_eq!(json.trim_end_matches(".0"), csv);
            assert!(json.len() < 30, "{json}");
        }
        assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "{json}");
    }

    #[test]
    fn what_does_not_exist_is_empty_and_what_grew_too_large_is_an_error() {
        let frame = df!("name" => ["a"], "x" => [f64::NAN]).unwrap();
        assert!(check(&frame).is_ok());
        assert_eq!(
            given(&frame),
            ("[\n  {\"name\": \"a\", \"x\": null}\n]\n".into(), "name,x\na,\n".into())
        );
        let frame = df!("x" => [1.0, f64::NEG_INFINITY]).unwrap();
        let told = check(&frame).unwrap_err().to_string();
        assert!(told.starts_with("`x` is beyond 1.8e308 in row 2 of the result"), "{told}");
    }
}
