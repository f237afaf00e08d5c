//! What several subcommands ask for, and how they read it.

use std::path::PathBuf;

use casebook::chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use casebook::metrics::Period;
use casebook::notebook::Figure;
use casebook::polars::prelude::*;
use casebook::{Error, Result};
use clap::Args;

use super::input::{Column, Kind, Source, Table, readings};
use super::output::{self, Format};
use super::steps;

/// How the result is output.
#[derive(Args)]
pub(super) struct Output {
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(super) format: Format,
    /// The most rows to print in a table
    #[arg(long, default_value_t = 50)]
    pub(super) rows: usize,
    /// Also draw a chart into this file, which must end in .svg or .png
    #[arg(long, value_name = "FILE")]
    pub(super) chart: Option<PathBuf>,
}

impl Output {
    /// Checks before any work that the chart can be written.
    pub(super) fn check(&self) -> Result<()> {
        let Some(path) = &self.chart else { return Ok(()) };
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("svg" | "png") => Ok(()),
            _ => Err(Error::config("chart", path.display(), "a name that ends in .svg or .png")),
        }
    }

    pub(super) fn give(
        &self,
        frame: &DataFrame,
        draw: impl FnOnce() -> Result<Figure>,
    ) -> Result<()> {
        output::check(frame)?;
        if let Some(path) = &self.chart {
            draw()?.save(path)?;
        }
        output::print(frame, self.format, self.rows)
    }
}

/// Reads "90m", "24h", "7d", "2w".
pub(super) fn duration(text: &str) -> Result<TimeDelta, String> {
    let wrong = || format!("\"{text}\" is not a length of time; write 90s, 30m, 24h, 7d or 2w");
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

/// Reads "2024-01-31" or "2024-01-31 12:00".
pub(super) fn until(text: &str) -> Result<NaiveDateTime, String> {
    match readings::read(text) {
        Some(written) if written.offset.is_none() && written.micros().is_some() => {
            Ok(written.clock)
        }
        _ => Err(format!("\"{text}\" is not a date; write 2024-01-31 or 2024-01-31 12:00")),
    }
}

/// Reads "2024-01-31", in the years 0 to 9999.
pub(super) fn day(text: &str) -> Result<NaiveDate, String> {
    let midnight = until(text).ok().filter(|moment| moment.time() == NaiveTime::MIN);
    let date = midnight.map(|moment| moment.date());
    date.ok_or_else(|| format!("\"{text}\" is not a day; write 2024-01-31"))
}

pub(super) fn period(text: &str) -> Result<Period, String> {
    text.parse().map_err(|error: Error| error.to_string())
}

/// The columns of users and their events.
#[derive(Args)]
pub(super) struct Events {
    #[command(flatten)]
    pub(super) source: Source,
    /// The user ID column
    #[arg(long, default_value = "user_id", value_name = "COLUMN")]
    pub(super) user: String,
    /// The timestamp column
    #[arg(long, default_value = "timestamp", value_name = "COLUMN")]
    pub(super) time: String,
}

impl Events {
    pub(super) fn columns(&self) -> Vec<Column> {
        vec![
            Column::new(&self.user, "user_id", Kind::Id).said_by("--user"),
            Column::new(&self.time, "timestamp", Kind::Time).said_by("--time"),
        ]
    }
}

/// The selection of events by name.
#[derive(Args)]
pub(super) struct Named {
    /// The event name column; needed only with --only
    #[arg(long, default_value = "event", value_name = "COLUMN")]
    pub(super) event: String,
    /// Count only events with these names; put a name with commas in double quotes
    #[arg(long, value_name = "NAMES")]
    pub(super) only: Vec<String>,
}

impl Named {
    pub(super) fn read(&self, events: &Events) -> Result<Table> {
        self.read_with(events, events.columns())
    }

    pub(super) fn read_with(&self, events: &Events, mut columns: Vec<Column>) -> Result<Table> {
        if self.only.is_empty() {
            return events.source.read(&columns);
        }
        columns.push(Column::new(&self.event, "event", Kind::Name).said_by("--event"));
        let mut table = events.source.read(&columns)?;
        let only = steps::names("only", &self.only)?;
        occur(&table, only.iter().map(String::as_str))?;
        let named = only.iter().map(|name| col("event").eq(lit(name.as_str())));
        let kept = named.reduce(Expr::or).unwrap_or_else(|| lit(true));
        table.frame = table.frame.lazy().filter(kept).collect()?;
        Ok(table)
    }
}

/// Checks that each name is the name of some event.
pub(super) fn occur<'n>(events: &Table, names: impl Iterator<Item = &'n str>) -> Result<()> {
    let mut known: Vec<&str> = events.names("event").iter().map(String::as_str).collect();
    known.sort_unstable();
    for name in names {
        if known.binary_search(&name).is_err() {
            let mut list: Vec<String> =
                known.iter().take(20).map(|name| format!("\"{name}\"")).collect();
            if known.len() > list.len() {
                list.push("…".to_owned());
            }
            let problem = format!("\"{name}\" never occurs; events are {}", list.join(", "));
            return Err(events.trouble(problem));
        }
    }
    Ok(())
}

pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
