//! Repeat bookings.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;
use polars::prelude::*;

use super::{all_moments, grouped, micros, span};
use crate::error::Result;
use crate::metrics::timeline::{Numbered, TIME, USER, fetch, full};
use crate::metrics::{Source, labelled, share_columns, texts, warnings};

/// Computes the share of first-time users who book again.
///
/// Reads `bookings`: `user_id`, `timestamp`, and the column `by` if given (of a user's first booking; of
/// several at the same moment, the first in the alphabet). Only users whose first booking was observed for `within`
/// days before `until` count. Returns one row per group:
/// `by`'s column (text), `users`, `repeated` (i64: with another booking within so many days after the first, at
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
/// let calls = mentor::generate(&config)?.calls.lazy()
///     .filter(col("held"))
///     .select([col("user_id"), col("started_at").alias("timestamp")]);
/// let until = config.start.plus(config.months).midnight();
/// let again = marketplace::repeat_rate(&calls, 30, until, None)?;
/// assert!(again.column("rate")?.f64()?.get(0) > Some(0.5));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn repeat_rate(
    bookings: &dyn Source,
    within: u32,
    until: NaiveDateTime,
    by: Option<&str>,
) -> Result<DataFrame> {
    let span = span(within)?;
    let until = micros(until);
    let mut columns = vec![USER, TIME];
    columns.extend(by);
    let frame = fetch(bookings, "bookings", &columns)?;
    let at = all_moments(&frame, "bookings", TIME)?;
    let users = Numbered::new(full(&frame, "bookings", USER)?)?;
    let groups = match by {
        None => vec![None; at.len()],
        Some(by) => texts(full(&frame, "bookings", by)?)?,
    };
    // Each user's first booking and its row, and the next at another moment.
    let mut first: Vec<Option<usize>> = vec![None; users.count()];
    for (row, user) in users.codes.iter().enumerate().filter(|(row, _)| at[*row] < until) {
        let earliest = &mut first[*user as usize];
        let key = |row: usize| (at[row], &groups[row]);
        if earliest.is_none_or(|known| key(row) < key(known)) {
            *earliest = Some(row);
        }
    }
    let mut again = vec![false; users.count()];
    for (row, user) in users.codes.iter().enumerate().filter(|(row, _)| at[*row] < until) {
        let Some(known) = first[*user as usize] else { continue };
        again[*user as usize] |= at[row] > at[known] && at[row] - at[known] <= span;
    }
    let observed: BTreeSet<usize> = (0..users.count())
        .filter(|user| first[*user].is_some_and(|row| at[row] <= until.saturating_sub(span)))
        .collect();
    let of: Vec<Option<String>> =
        first.iter().map(|row| row.and_then(|row| groups[row].clone())).collect();
    let groups = grouped(&of);
    let count = |wanted: &dyn Fn(usize) -> bool| -> Vec<Option<i64>> {
        let counted = |rows: &Vec<usize>| rows.iter().filter(|user| wanted(**user)).count() as i64;
        groups.values().map(|rows| Some(counted(rows))).collect()
    };
    let all = count(&|user| observed.contains(&user));
    let repeated = count(&|user| observed.contains(&user) && again[user]);
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
        let until = NaiveDate::from_ymd_opt(2024, 6, 1).unwrap().into();
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
}
