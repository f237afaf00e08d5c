//! A result for people, or for programs.

use std::io::{self, BufWriter, Write};

use casebook::polars::prelude::*;
use casebook::{ErrorKind, Result};
use clap::ValueEnum;

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

/// Prints a result. A reader that stops reading, such as `head`, is no trouble.
pub fn print(frame: &DataFrame, format: Format, rows: usize) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let done = match format {
        Format::Table => table(frame, rows, &mut out)?,
        Format::Json => json(frame, &mut out)?,
        Format::Csv => csv(frame, &mut out)?,
    };
    match done.and_then(|()| out.flush()) {
        Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => Err(ErrorKind::File {
            action: "write to",
            path: "standard output".into(),
            cause: cause.to_string(),
        }
        .into()),
        _ => Ok(()),
    }
}

/// A value as text; null is empty.
fn text(value: &AnyValue, exact: bool) -> String {
    match value {
        AnyValue::Null => String::new(),
        AnyValue::String(text) => (*text).to_owned(),
        AnyValue::StringOwned(text) => text.to_string(),
        AnyValue::Boolean(flag) => flag.to_string(),
        AnyValue::Float64(number) if exact => number.to_string(),
        AnyValue::Float64(number) => rounded(*number),
        AnyValue::Date(days) => casebook::chrono::NaiveDate::from_epoch_days(*days)
            .map(|date| date.to_string())
            .unwrap_or_default(),
        AnyValue::Datetime(micros, TimeUnit::Microseconds, _) => {
            casebook::chrono::DateTime::from_timestamp_micros(*micros)
                .map(|moment| moment.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string())
                .unwrap_or_default()
        }
        other => other.to_string(),
    }
}

/// Four digits that count, and no more decimals than that takes.
fn rounded(number: f64) -> String {
    let size = number.abs();
    if size > 0.0 && size < 1e-5 {
        return format!("{number:.2e}");
    }
    let digits = if size == 0.0 { 0.0 } else { size.log10().floor() + 1.0 };
    let decimals = (4.0 - digits).clamp(0.0, 9.0) as usize;
    let shown = format!("{number:.decimals$}");
    match shown.contains('.') {
        true => shown.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => shown,
    }
}

/// Estimates that are shares, shown as percentages.
const SHARES: [&str; 9] = [
    "rate",
    "step_rate",
    "overall_rate",
    "control_rate",
    "stickiness",
    "retention",
    "survival",
    "share",
    "logo_churn",
];

/// A number as people read it: a share in percent, seconds in the units of a clock.
fn human(name: &str, value: &AnyValue) -> String {
    let shares = SHARES.contains(&name);
    match value {
        AnyValue::Float64(share) if shares => match 100.0 * share {
            percent if percent == 0.0 || percent.abs() >= 0.1 => format!("{percent:.1} %"),
            percent => format!("{} %", rounded(percent)),
        },
        AnyValue::Float64(seconds) if name.ends_with("seconds") => clock(*seconds),
        other => text(other, false),
    }
}

/// "45s", "8m 13s", "3h 20m", "2d 4h": two units are enough.
fn clock(seconds: f64) -> String {
    const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
    let whole = seconds.round() as u64;
    let Some(first) = UNITS.iter().position(|(_, length)| whole >= *length) else {
        return format!("{}s", rounded(seconds));
    };
    let (unit, length) = UNITS[first];
    match UNITS.get(first + 1).map(|(smaller, size)| (whole % length / size, smaller)) {
        Some((rest, smaller)) if rest > 0 => format!("{}{unit} {rest}{smaller}", whole / length),
        _ => format!("{}{unit}", whole / length),
    }
}

/// A column of the printed table: its header, its cells, and whether they stand on the right.
struct Shown {
    cells: Vec<String>,
    right: bool,
}

/// A frame's columns as people read them: an estimate and the interval after it are one.
fn columns(frame: &DataFrame, rows: usize) -> Result<Vec<Shown>> {
    let mut shown = vec![];
    let mut rest = frame.columns();
    while let [column, others @ ..] = rest {
        let name = column.name().as_str();
        let interval = match others {
            [low, high, ..]
                if name != "se" && low.name().ends_with("low") && high.name().ends_with("high") =>
            {
                Some((low, high))
            }
            _ => None,
        };
        let header = name.strip_suffix("_seconds").unwrap_or(name);
        let mut cells = vec![match interval {
            Some(_) => format!("{header} (95 % interval)"),
            None => header.to_owned(),
        }];
        for row in 0..rows {
            let mut cell = human(name, &column.get(row)?);
            if let Some((low, high)) = interval {
                let bounds = [low.get(row)?, high.get(row)?].map(|bound| human(name, &bound));
                if bounds.iter().any(|bound| !bound.is_empty()) {
                    let [low, high] =
                        bounds.map(|bound| if bound.is_empty() { "?".into() } else { bound });
                    cell = format!("{cell} ({} to {high})", low.trim_end_matches(" %"));
                }
            }
            cells.push(cell);
        }
        // A column of warnings that never had to warn is left out.
        if name != "warning" || cells[1..].iter().any(|cell| !cell.is_empty()) {
            shown.push(Shown {
                cells,
                right: column.dtype().is_primitive_numeric() && interval.is_none(),
            });
        }
        rest = if interval.is_some() { &others[2..] } else { others };
    }
    Ok(shown)
}

fn table(frame: &DataFrame, rows: usize, out: &mut impl Write) -> Result<io::Result<()>> {
    let shown = frame.height().min(rows);
    let columns: Vec<(Vec<String>, usize, bool)> = columns(frame, shown)?
        .into_iter()
        .map(|Shown { cells, right }| {
            let width = cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0);
            (cells, width, right)
        })
        .collect();
    let write = |out: &mut dyn Write| -> io::Result<()> {
        for row in 0..=shown {
            let mut line = String::new();
            for (place, (cells, width, right)) in columns.iter().enumerate() {
                let pad = " ".repeat(width - cells[row].chars().count());
                let gap = if place == 0 { "" } else { "  " };
                match right {
                    true => line.push_str(&format!("{gap}{pad}{}", cells[row])),
                    false => line.push_str(&format!("{gap}{}{pad}", cells[row])),
                }
            }
            writeln!(out, "{}", line.trim_end())?;
            if row == 0 {
                let widths: Vec<String> =
                    columns.iter().map(|column| "-".repeat(column.1)).collect();
                writeln!(out, "{}", widths.join("  "))?;
            }
        }
        if frame.height() > shown {
            writeln!(
                out,
                "… {} more rows: --rows N, or --format csv for all",
                frame.height() - shown
            )?;
        }
        Ok(())
    };
    Ok(write(out))
}

fn json(frame: &DataFrame, out: &mut impl Write) -> Result<io::Result<()>> {
    let names: Vec<String> = frame.get_column_names().iter().map(|name| name.to_string()).collect();
    // Written row by row: a result may have millions.
    for row in 0..frame.height() {
        let mut fields = vec![];
        for (name, column) in names.iter().zip(frame.columns()) {
            let value = column.get(row)?;
            let json = match &value {
                AnyValue::Null => serde_json::Value::Null,
                AnyValue::Boolean(flag) => (*flag).into(),
                AnyValue::Int64(number) => (*number).into(),
                AnyValue::Float64(number) => (*number).into(),
                other => text(other, true).into(),
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
            cells.push(text(&column.get(row)?, true));
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
