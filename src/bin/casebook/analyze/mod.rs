//! `casebook analyze`: the metrics on anybody's files.

mod ab;
mod activity;
mod funnel;
mod input;
mod moment;
mod notes;
mod output;
mod retention;
mod rules;
mod segments;
mod steps;
mod survival;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use casebook::chrono::{NaiveDateTime, TimeDelta};
use casebook::metrics::Period;
use casebook::notebook::Figure;
use casebook::polars::prelude::*;
use casebook::{Error, ErrorKind, Result};
use clap::{Args, Subcommand};

use input::{Column, Kind, Source, Table, trouble};
use output::Format;

#[derive(Subcommand)]
pub enum Analyze {
    Funnel(funnel::Funnel),
    Retention(retention::Retention),
    Activity(activity::Activity),
    Cohorts(retention::Cohorts),
    Rfm(segments::Rfm),
    Segments(segments::Segments),
    Survival(survival::Survival),
    Ab(ab::Ab),
}

impl Analyze {
    pub fn run(self) -> Result<()> {
        match self {
            Analyze::Funnel(asked) => asked.run(),
            Analyze::Retention(asked) => asked.run(),
            Analyze::Activity(asked) => asked.run(),
            Analyze::Cohorts(asked) => asked.run(),
            Analyze::Rfm(asked) => asked.run(),
            Analyze::Segments(asked) => asked.run(),
            Analyze::Survival(asked) => asked.run(),
            Analyze::Ab(asked) => asked.run(),
        }
    }
}

/// How the result is given.
#[derive(Args)]
struct Output {
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Rows of a printed table, at most
    #[arg(long, default_value_t = 50)]
    rows: usize,
    /// Also draws a chart into this file, which ends in .svg or .png
    #[arg(long, value_name = "FILE")]
    chart: Option<PathBuf>,
}

impl Output {
    /// Before any work: a chart that cannot be written is no surprise at the end.
    fn check(&self) -> Result<()> {
        let Some(path) = &self.chart else { return Ok(()) };
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("svg" | "png") => Ok(()),
            _ => Err(invalid("chart", path.display(), "a name that ends in .svg or .png")),
        }
    }

    fn give(&self, frame: &DataFrame, draw: impl FnOnce() -> Result<Figure>) -> Result<()> {
        output::check(frame)?;
        if let Some(path) = &self.chart {
            draw()?.save(path)?;
        }
        output::print(frame, self.format, self.rows)
    }
}

fn invalid(
    field: &'static str,
    value: impl std::fmt::Display,
    accepted: impl Into<String>,
) -> Error {
    ErrorKind::InvalidConfig {
        field: field.into(),
        value: value.to_string(),
        accepted: accepted.into(),
    }
    .into()
}

/// "90m", "24h", "7d", "2w".
fn duration(text: &str) -> Result<TimeDelta, String> {
    let wrong = || format!("\"{text}\" is no length of time; write 90s, 30m, 24h, 7d or 2w");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number: i64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    let length = match unit {
        's' => TimeDelta::try_seconds(number),
        'm' => TimeDelta::try_minutes(number),
        'h' => TimeDelta::try_hours(number),
        'd' => TimeDelta::try_days(number),
        'w' => TimeDelta::try_weeks(number),
        _ => None,
    };
    length.filter(|length| *length >= TimeDelta::zero()).ok_or_else(wrong)
}

/// "2024-01-31" or "2024-01-31 12:00".
fn until(text: &str) -> Result<NaiveDateTime, String> {
    match moment::read(text, None) {
        Some(written) if written.offset.is_none() => Ok(written.clock),
        _ => Err(format!("\"{text}\" is no date; write 2024-01-31 or 2024-01-31 12:00")),
    }
}

fn period(text: &str) -> Result<Period, String> {
    text.parse().map_err(|error: Error| error.to_string())
}

/// Where users and their events stand.
#[derive(Args)]
struct Events {
    #[command(flatten)]
    source: Source,
    /// The column that says who
    #[arg(long, default_value = "user_id", value_name = "COLUMN")]
    user: String,
    /// The column that says when
    #[arg(long, default_value = "timestamp", value_name = "COLUMN")]
    time: String,
}

impl Events {
    fn columns(&self) -> Vec<Column> {
        vec![
            Column::new(&self.user, "user_id", Kind::Id),
            Column::new(&self.time, "timestamp", Kind::Time),
        ]
    }
}

/// Only events of some names.
#[derive(Args)]
struct Named {
    /// The column that says what happened; needed only with --only
    #[arg(long, default_value = "event", value_name = "COLUMN")]
    event: String,
    /// Only events of these names count; a name with commas in double quotes
    #[arg(long, value_name = "NAMES")]
    only: Vec<String>,
}

impl Named {
    fn read(&self, events: &Events) -> Result<Table> {
        self.read_with(events, events.columns())
    }

    fn read_with(&self, events: &Events, mut columns: Vec<Column>) -> Result<Table> {
        if self.only.is_empty() {
            return events.source.read(&columns);
        }
        columns.push(Column::new(&self.event, "event", Kind::Text));
        let mut table = events.source.read(&columns)?;
        let only = steps::names("only", &self.only)?;
        occur(&events.source.file, &table.frame, only.iter().map(String::as_str))?;
        let names = Series::new("".into(), only);
        let kept = col("event").is_in(lit(names).implode(true), false);
        table.frame = table.frame.lazy().filter(kept).collect()?;
        Ok(table)
    }
}

/// That each name is the name of some event.
fn occur<'n>(file: &Path, events: &DataFrame, names: impl Iterator<Item = &'n str>) -> Result<()> {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for name in events.column("event")?.str()?.iter().flatten() {
        known.insert(name);
    }
    for name in names {
        if !known.contains(name) {
            let mut list: Vec<&str> = known.iter().copied().take(20).collect();
            if known.len() > list.len() {
                list.push("…");
            }
            let problem = format!("\"{name}\" never occurs; events are {}", list.join(", "));
            return Err(trouble(file, problem));
        }
    }
    Ok(())
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// Identifiers as they stand in the file, none of them twice.
fn unique(file: &Path, table: &Table, hint: &str) -> Result<DataFrame> {
    let frame = table.named(table.frame.clone(), "user_id")?;
    let mut before = None;
    for id in frame.column("user_id")?.str()?.iter().flatten() {
        if before == Some(id) {
            let problem = format!("the user \"{id}\" stands there more than once{hint}");
            return Err(trouble(file, problem));
        }
        before = Some(id);
    }
    Ok(frame)
}
