//! Activity: how many users are active, how often, and whether they are new, retained or back.
//!
//! A user with at least one event is active. The caller decides which events count: leave out sign-ups and whatever a
//! system did. Days are calendar days in the time zone of the `timestamp` column (UTC if it has none).
//!
//! ```
//! use casebook::events::Window;
//! use casebook::metrics::activity;
//! use casebook::polars::prelude::*;
//!
//! let days: Vec<i64> = [0, 0, 1, 9].iter().map(|day| day * 86_400_000).collect();
//! let events = df!("user_id" => ["ann", "bob", "ann", "ann"], "timestamp" => days)?
//!     .lazy()
//!     .with_column(col("timestamp").cast(DataType::Datetime(TimeUnit::Milliseconds, None)));
//! let daily = activity::daily(&events, Window::default())?;
//! assert_eq!(daily.height(), 10);
//! assert_eq!(daily.column("dau")?.i64()?.get(0), Some(2));
//! assert_eq!(daily.column("wau")?.i64()?.get(6), Some(2)); // the first full week
//! assert_eq!(daily.column("wau")?.i64()?.get(5), None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! DAU, WAU, MAU and stickiness as product-analytics tools define them, with trailing windows of 7 and 30
//! days; L7 and L28 count the days active of the last 7 and 28; new, retained, resurrected and dormant
//! users are known as growth accounting (J. Hsu, "Accounting for User Growth", 2015).

use polars::prelude::*;

use super::{Period, dates, share_columns};
use crate::error::{Error, Result};
use crate::events::period::{date, day};
use crate::events::{EventSource, Grouped, NOBODY, Window, distinct};

/// Users and the days on which each was active, up to the end of the window.
struct Days {
    /// Includes days before the window: they show who is new and who was active a month ago.
    active: Grouped<i32>,
    /// The first day with any data.
    known: i32,
    /// The first and the last day of the window.
    from: i32,
    to: i32,
}

/// More days than this are a mistake in the data.
const MOST_DAYS: i32 = 1_000_000;

fn active_days(events: &dyn EventSource, window: Window) -> Result<Option<Days>> {
    let events = events.events(&[])?;
    let days = events.days();
    let range = events.day_range();
    let given = |moment: Option<chrono::NaiveDateTime>| moment.map(|moment| day(moment.date()));
    let bounds = window.bounds(events.moments(), range);
    let from = given(window.start()).or(range.map(|(first, _)| first));
    let to = window.end().map(|_| bounds.last_day).or(range.map(|(_, last)| last));
    let (Some(from), Some(to)) = (from, to) else { return Ok(None) };
    if from > to {
        let value = format!("{} to {}", date(from), date(to));
        return Err(Error::config("window", value, "a first day no later than the last"));
    }
    let known = range.map_or(from, |(first, _)| first.min(from));
    if to - known > MOST_DAYS {
        let value = format!("{} to {}", date(known), date(to));
        return Err(Error::config("window", value, format!("at most {MOST_DAYS} days")));
    }
    let numbered = events.numbered();
    let at = &events.moments().micros;
    let active = match at.iter().any(|at| *at >= bounds.until) {
        false => distinct(&numbered.codes, numbered.count(), days),
        true => {
            let within = |(code, at): (&u32, &i64)| if *at < bounds.until { *code } else { NOBODY };
            let codes: Vec<u32> = numbered.codes.iter().zip(at.iter()).map(within).collect();
            distinct(&codes, numbered.count(), days)
        }
    };
    Ok(Some(Days { active, known, from, to }))
}

impl Days {
    fn users(&self) -> impl Iterator<Item = &[i32]> {
        self.active
            .starts
            .windows(2)
            .map(|bounds| &self.active.items[bounds[0]..bounds[1]])
            .filter(|days| !days.is_empty())
    }

    /// Distinct users active in the `width` days that end on each day of the window; none if those days begin before
    /// the data do.
    fn trailing(&self, width: i32) -> Vec<Option<i64>> {
        let length = (self.to - self.known + 1) as usize;
        // A user active on day d counts from d to d + width − 1, or until active again.
        let mut change = vec![0_i64; length + 1];
        for days in self.users() {
            for (place, day) in days.iter().enumerate() {
                let until = (day + width).min(days.get(place + 1).copied().unwrap_or(i32::MAX));
                change[(day - self.known) as usize] += 1;
                change[((until - self.known) as usize).min(length)] -= 1;
            }
        }
        let mut now = 0;
        let counts = change[..length].iter().enumerate().map(|(at, change)| {
            now += change;
            (at >= width as usize - 1).then_some(now)
        });
        counts.skip((self.from - self.known) as usize).collect()
    }
}

/// Counts daily, weekly and monthly active users, and their ratio, stickiness.
///
/// Returns one row per day of the window, without gaps: `date` (Date), `dau`, `wau`, `mau` (i64: distinct users active
/// on that day, and in the 7 and the 30 days that end with it), `stickiness` (f64: dau / mau, the share of those 30
/// days' users who are active on this day), `low`, `high` (f64, 95% Wilson). `wau` is null if its 7 days begin before
/// the data do, `mau` and stickiness if their 30 days do. Events before the window count for the days that trail into
/// it. Without events there are no rows.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn); [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn)
/// for empty values or invalid times; [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a window that
/// ends before it begins.
///
/// ```
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let daily = activity::daily(&events, Window::default())?;
/// assert_eq!(daily.height(), 120); // days
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn daily(events: &dyn EventSource, window: Window) -> Result<DataFrame> {
    let days = active_days(events, window)?;
    let dated: Vec<i32> = days.as_ref().map_or(vec![], |days| (days.from..=days.to).collect());
    let of = |width: i32| days.as_ref().map_or(vec![], |days| days.trailing(width));
    let (dau, wau, mau) = (of(1), of(7), of(30));
    let mut columns = vec![
        dates("date", dated)?,
        Column::new("dau".into(), &dau),
        Column::new("wau".into(), wau),
        Column::new("mau".into(), &mau),
    ];
    columns.extend(share_columns(["stickiness", "low", "high"], &dau, &mau));
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Counts users by their number of active days in a window: L7 and L28.
///
/// `window` has at most 366 days; [`Window::last_days`] makes one. Returns one row per number of days: `active_days` (i64,
/// 1 to the days of the window), `users` (i64), `of` (i64: users active at all in the window), `share`, `low`, `high` (f64,
/// 95% Wilson).
///
/// # Errors
/// As [`daily`]; a window of more than 366 days.
///
/// ```
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let until = chrono::NaiveDate::from_ymd_opt(2024, 4, 30).unwrap_or_default();
/// let l28 = activity::frequency(&events, Window::last_days(28, until))?;
/// assert_eq!(l28.height(), 28);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn frequency(events: &dyn EventSource, window: Window) -> Result<DataFrame> {
    let days = active_days(events, window)?;
    let length = days.as_ref().map_or(0, |days| days.to - days.from + 1);
    if length > 366 {
        return Err(Error::config("window", window, "at most 366 days"));
    }
    let mut counts = vec![0_i64; length as usize];
    if let Some(days) = &days {
        for mine in days.users() {
            let within = mine.len() - mine.partition_point(|day| *day < days.from);
            if within > 0 {
                counts[within - 1] += 1;
            }
        }
    }
    let users: Vec<Option<i64>> = counts.iter().copied().map(Some).collect();
    let of = vec![Some(counts.iter().sum::<i64>()); counts.len()];
    let mut table = df!(
        "active_days" => (1..=i64::from(length)).collect::<Vec<_>>(), "users" => &users, "of" => &of,
    )?;
    for column in share_columns(["share", "low", "high"], &users, &of) {
        table.with_column(column)?;
    }
    Ok(table)
}

/// What happened before the first period of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Before {
    /// Nothing: the data begin with the business, so everyone's first activity makes them new.
    #[default]
    Nothing,
    /// A time that was not observed: in the first period, new users cannot be told from returning ones.
    Unobserved,
}

/// Counts new, retained, resurrected and dormant users of each period ("growth accounting").
///
/// New: active for the first time. Retained: also active in the period before. Resurrected: active earlier, but not in
/// the period before. Dormant: active in the period before, but not in this one. So new + retained + resurrected =
/// active, and active − new − resurrected + dormant is the period before's active. Events before the window are taken
/// into account: a user who was active then is not new.
///
/// Returns one row per period of the window, without gaps: `period` (Date, its first day), `active`, `new`, `retained`,
/// `resurrected`, `dormant` (i64), `retention`, `low`, `high` (f64: retained of the period before's active, 95% Wilson),
/// `in_progress` (bool: the window ends before the period does). With [`Before::Unobserved`] the kinds are null in the
/// data's first period.
///
/// # Errors
/// As [`daily`].
///
/// ```
/// use casebook::metrics::activity::Before;
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let weeks = activity::lifecycle(&events, Period::Week, Window::default(), Before::Nothing)?;
/// assert_eq!(weeks.column("new")?.i64()?.sum(), Some(240)); // everybody is new once
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn lifecycle(
    events: &dyn EventSource,
    period: Period,
    window: Window,
    before: Before,
) -> Result<DataFrame> {
    let days = active_days(events, window)?;
    // Periods are counted from the first of which anything is known; those before the window are dropped at the end.
    let (first, start, last) = days.as_ref().map_or((0, 0, -1), |days| {
        (period.of(days.known), period.of(days.from), period.of(days.to))
    });
    let length = (last - first + 1) as usize;
    let [mut active, mut new, mut retained, mut resurrected] =
        std::array::from_fn(|_| vec![0_i64; length]);
    for days in days.iter().flat_map(Days::users) {
        let mut previous: Option<i32> = None;
        for now in days.iter().map(|day| period.of(*day)) {
            if previous == Some(now) {
                continue;
            }
            let at = (now - first) as usize;
            active[at] += 1;
            match previous {
                None => new[at] += 1,
                Some(before) if before == now - 1 => retained[at] += 1,
                Some(_) => resurrected[at] += 1,
            }
            previous = Some(now);
        }
    }
    let shown = (start - first) as usize..length;
    let base: Vec<Option<i64>> =
        shown.clone().map(|at| at.checked_sub(1).map(|before| active[before])).collect();
    let dormant: Vec<i64> = (0..length)
        .map(|at| at.checked_sub(1).map_or(0, |before| active[before] - retained[at]))
        .collect();
    let known = |counts: Vec<i64>| -> Vec<Option<i64>> {
        let hidden = before == Before::Unobserved;
        shown.clone().map(|at| Some(counts[at]).filter(|_| at > 0 || !hidden)).collect()
    };
    let to = days.as_ref().map_or(0, |days| days.to);
    let begins = |at: usize| period.start(first + at as i32);
    let in_progress: Vec<bool> = shown.clone().map(|at| begins(at + 1) > to + 1).collect();
    let kept = known(retained);
    let mut columns = vec![
        dates("period", shown.clone().map(begins).collect())?,
        Column::new("active".into(), &active[shown.clone()]),
        Column::new("new".into(), known(new)),
        Column::new("retained".into(), &kept),
        Column::new("resurrected".into(), known(resurrected)),
        Column::new("dormant".into(), known(dormant)),
    ];
    columns.extend(share_columns(["retention", "low", "high"], &kept, &base));
    columns.push(Column::new("in_progress".into(), in_progress));
    Ok(DataFrame::new_infer_height(columns)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    fn events(rows: &[(i64, i64)]) -> LazyFrame {
        let frame = df!(
            "user_id" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            "timestamp" => rows.iter().map(|row| row.1 as i32).collect::<Vec<_>>(),
        );
        frame.unwrap().lazy().with_column(col("timestamp").cast(DataType::Date))
    }

    fn day(n: i64) -> NaiveDate {
        NaiveDate::default() + chrono::TimeDelta::days(n)
    }

    fn counts(frame: &DataFrame, column: &str) -> Vec<Option<i64>> {
        frame.column(column).unwrap().i64().unwrap().to_vec()
    }

    #[test]
    fn who_was_active_before_the_window_is_not_new_in_it() {
        let rows = events(&[(1, 0), (1, 1), (2, 2), (3, 0), (3, 4)]);
        let window = Window::new(day(1), day(5)).unwrap();
        let table = lifecycle(&rows, Period::Day, window, Before::Nothing).unwrap();
        assert_eq!(counts(&table, "new"), [Some(0), Some(1), Some(0), Some(0)]);
        assert_eq!(counts(&table, "retained"), [Some(1), Some(0), Some(0), Some(0)]);
        assert_eq!(counts(&table, "resurrected"), [Some(0), Some(0), Some(0), Some(1)]);
        assert_eq!(counts(&table, "dormant"), [Some(1), Some(1), Some(1), Some(0)]);
        // The window shows part of what there is without it.
        let whole = lifecycle(&rows, Period::Day, Window::default(), Before::Nothing).unwrap();
        assert!(whole.slice(1, 4).equals_missing(&table));
        let active = daily(&rows, Window::default()).unwrap().slice(1, 4);
        assert!(daily(&rows, window).unwrap().equals_missing(&active));
    }

    #[test]
    fn active_days_are_those_of_the_window() {
        let rows = events(&[(1, 0), (1, 1), (1, 3), (2, 3), (3, 9)]);
        let table = frequency(&rows, Window::last_days(3, day(4))).unwrap();
        assert_eq!(counts(&table, "users"), [Some(1), Some(1), Some(0)]);
        assert_eq!(counts(&table, "of")[0], Some(2));
    }
}
