//! Notes on a result: where the data begin or end in a way that changes what a number means.

use casebook::chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime};
use casebook::metrics::Period;
use casebook::polars::prelude::*;
use casebook::{Error, Result};

use crate::say::many;

pub fn tell(note: impl std::fmt::Display) {
    crate::say::complain!("casebook: {note}");
}

/// Returns the first and the last moment of a column, on the clock of its time zone.
pub fn extent(frame: &DataFrame, column: &str) -> Result<Option<(NaiveDateTime, NaiveDateTime)>> {
    let clock = col(column).dt().replace_time_zone(None, lit("earliest"), NonExistent::Null);
    let moment = DataType::Datetime(TimeUnit::Microseconds, None);
    let clock = clock.cast(moment).cast(DataType::Int64);
    let bounds = frame
        .clone()
        .lazy()
        .select([clock.clone().min().alias("first"), clock.max().alias("last")])
        .collect()?;
    let at = |name: &str| -> Result<Option<NaiveDateTime>> {
        let micros = bounds.column(name)?.i64()?.get(0);
        Ok(micros.and_then(DateTime::from_timestamp_micros).map(|moment| moment.naive_utc()))
    };
    Ok(at("first")?.zip(at("last")?))
}

/// Notes if the given end of observation lies outside the data.
pub fn end(option: &str, end: NaiveDateTime, events: &DataFrame) -> Result<()> {
    let Some((first, last)) = extent(events, "timestamp")? else { return Ok(()) };
    let over = next(last.date()).and_time(NaiveTime::MIN);
    if end <= first {
        tell(format!(
            "{option} {} lies before the first event, of {}: nothing was observed",
            shown(end),
            first.date()
        ));
    } else if end > over {
        let days = (end - over).num_days().max(1);
        tell(format!(
            "{option} {} lies {} after the last event, of {}: that time counts as observed, with nobody there",
            shown(end),
            many(days, "day"),
            last.date()
        ));
    }
    Ok(())
}

/// Checks the day of a score: notes orders after it, and fails if there are none before it.
pub fn as_of(as_of: NaiveDateTime, orders: &DataFrame) -> Result<()> {
    let Some((first, last)) = extent(orders, "timestamp")? else { return Ok(()) };
    let over = next(last.date()).and_time(NaiveTime::MIN);
    if as_of <= first {
        let accepted = format!("a date after {}, the date of the first row", first.date());
        return Err(Error::config("as_of", shown(as_of), accepted));
    }
    if as_of > over {
        let days = (as_of - over).num_days().max(1);
        tell(format!(
            "--as-of {} is {} after the last row, of {}: everyone counts as absent since then",
            shown(as_of),
            many(days, "day"),
            last.date()
        ));
    }
    Ok(())
}

/// Notes if the data do not reach the given first and last day observed.
pub fn span(from: Option<NaiveDate>, to: Option<NaiveDate>, events: &DataFrame) -> Result<()> {
    let Some((first, last)) = extent(events, "timestamp")? else { return Ok(()) };
    let (first, last) = (first.date(), last.date());
    if from.is_some_and(|from| from > last) || to.is_some_and(|to| to < first) {
        tell(format!("--from and --to leave no events: the data run from {first} to {last}"));
        return Ok(());
    }
    if let Some(from) = from.filter(|from| *from < first) {
        tell(format!(
            "--from {from} is before the first event, of {first}: the days in between count as \
             days without activity"
        ));
    }
    if let Some(to) = to.filter(|to| *to > last) {
        tell(format!(
            "--to {to} is after the last event, of {last}: the days in between count as days without activity"
        ));
    }
    Ok(())
}

/// Notes if the data do not cover the first or the last period.
pub fn periods(period: Period, first: NaiveDate, last: NaiveDate) {
    let start = start(period, first);
    if start < first {
        tell(format!("the first {period} (from {start}) is incomplete: the data begin on {first}"));
    }
    let end = next(last);
    if self::start(period, end) < end {
        tell(format!(
            "the last {period} (from {}) is incomplete: the data end on {last}",
            self::start(period, last)
        ));
    }
}

/// Returns the first day of the period that contains a day.
fn start(period: Period, day: NaiveDate) -> NaiveDate {
    let back = match period {
        Period::Day => 0,
        Period::Week => day.weekday().num_days_from_monday(),
        Period::Month => day.day0(),
    };
    day.checked_sub_days(Days::new(u64::from(back))).unwrap_or(day)
}

fn next(day: NaiveDate) -> NaiveDate {
    day.succ_opt().unwrap_or(day)
}

/// Formats a moment; midnight is shown as the date.
fn shown(moment: NaiveDateTime) -> String {
    match moment.time() == NaiveTime::MIN {
        true => moment.date().to_string(),
        false => moment.format("%Y-%m-%d %H:%M").to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_begin_on_mondays_and_firsts() {
        let day = |d| NaiveDate::from_ymd_opt(2024, 5, d).unwrap();
        assert_eq!(start(Period::Week, day(5)), NaiveDate::from_ymd_opt(2024, 4, 29).unwrap());
        assert_eq!(start(Period::Week, day(6)), day(6));
        assert_eq!(start(Period::Month, day(31)), day(1));
        assert_eq!(start(Period::Day, day(31)), day(31));
    }
}
