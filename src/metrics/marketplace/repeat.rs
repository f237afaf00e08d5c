//! Repeat bookings.

use polars::prelude::*;

use super::{counts, grouped, span};
use crate::error::Result;
use crate::events::{EventSource, Window};
use crate::frame::full;
use crate::metrics::{labelled, share_columns, texts, warnings};

/// Computes the share of first-time users who book again.
///
/// Reads `bookings`, each an event, and the column `by` if given (of a user's first booking; of several at the same
/// moment, the first in the alphabet). Only users whose first booking of all lies in the window, `within` days or more
/// before its end, count. Returns one row per group:
/// `by`'s column (text), `users`, `repeated` (i64: with another booking within `within` days after the first, at
/// another moment), `rate`, `low`, `high` (f64, 95% Wilson), `warning` (text).
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty values; `within` outside 1 to 100,000.
///
/// ```
/// use casebook::prelude::*;
///
/// let config = mentor::Config::default();
/// let held = mentor::generate(&config)?.calls.lazy().filter(col("held"));
/// let calls = Events::new(&held, "user_id", "started_at")?;
/// let window = Window::until(config.start.plus(config.months).midnight());
/// let again = marketplace::repeat_rate(&calls, 30, window, None)?;
/// assert!(again.column("rate")?.f64()?.get(0) > Some(0.5));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn repeat_rate(
    bookings: &dyn EventSource,
    within: u32,
    window: Window,
    by: Option<&str>,
) -> Result<DataFrame> {
    let span = span(within)?;
    let events = bookings.events(by.as_slice())?;
    let (at, users) = (events.moments().calendar_time(), events.numbered());
    let range = window.calendar_range(events.moments(), events.day_range()).unwrap_or_default();
    let groups = match by {
        None => vec![None; at.len()],
        Some(by) => texts(full(events.frame(), "events", by)?)?,
    };
    let seen = || users.codes.iter().enumerate().filter(|(row, _)| at[*row] < range.end);
    // Each user's first booking and its row, and the next at another moment.
    let mut first: Vec<Option<usize>> = vec![None; users.count()];
    for (row, user) in seen() {
        let earliest = &mut first[*user as usize];
        let key = |row: usize| (at[row], &groups[row]);
        if earliest.is_none_or(|known| key(row) < key(known)) {
            *earliest = Some(row);
        }
    }
    let mut again = vec![false; users.count()];
    for (row, user) in seen() {
        let Some(known) = first[*user as usize] else { continue };
        again[*user as usize] |= at[row] > at[known] && at[row] - at[known] <= span;
    }
    // Who came in the window, and with which booking.
    let came: Vec<(usize, bool)> = first
        .iter()
        .zip(again)
        .filter_map(|(row, again)| {
            row.filter(|row| at[*row] >= range.start).map(|row| (row, again))
        })
        .collect();
    let of: Vec<Option<String>> = came.iter().map(|(row, _)| groups[*row].clone()).collect();
    let groups = grouped(&of);
    let observed = |user: usize| range.end - at[came[user].0] >= span;
    let all = counts(&groups, observed);
    let repeated = counts(&groups, |user| observed(user) && came[user].1);
    let mut columns =
        vec![Column::new("users".into(), &all), Column::new("repeated".into(), &repeated)];
    columns.extend(share_columns(["rate", "low", "high"], &repeated, &all));
    columns.push(warnings(&all, "users"));
    labelled(by, groups.keys().map(|name| (*name).clone()).collect(), columns)
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    #[test]
    fn simultaneous_first_bookings_count_alike_in_any_order() {
        let day = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap();
        let until = Window::until(NaiveDate::from_ymd_opt(2024, 6, 1).unwrap());
        let bookings =
            df!("user_id" => [1, 1], "timestamp" => [day; 2], "kind" => ["b", "a"]).unwrap();
        let of = |rows: &DataFrame| repeat_rate(rows, 7, until, Some("kind")).unwrap();
        let (one, other) = (of(&bookings), of(&bookings.reverse()));
        assert!(one.equals_missing(&other), "{one} {other}");
        for within in [0, 100_001, u32::MAX] {
            let error = repeat_rate(&bookings, within, until, None).unwrap_err().to_string();
            assert!(error.contains("`within`"), "{error}");
        }
    }

    #[test]
    fn only_who_comes_in_the_window_counts() {
        let day = |day| NaiveDate::from_ymd_opt(2024, 1, day).unwrap();
        let bookings = df!(
            "user_id" => [1, 1, 2, 2, 3], "kind" => ["old", "a", "a", "a", "late"],
            "timestamp" => [day(1), day(12), day(11), day(14), day(25)],
        );
        let window = Window::new(day(10), day(20)).unwrap();
        let found = repeat_rate(&bookings.unwrap(), 5, window, Some("kind")).unwrap();
        let expected = df!("kind" => ["a"], "users" => [1_i64], "repeated" => [1_i64]).unwrap();
        let found = found.select(["kind", "users", "repeated"]).unwrap();
        assert!(found.equals(&expected), "{found}");
    }
}
