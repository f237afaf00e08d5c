//! Two-sided marketplaces: demand, supply, and how long it takes them to meet.
//!
//! Demand is a frame of requests, one row each:
//! - `requested_at`: Date or Datetime;
//! - `matched_at`: when a provider was found, null if none was;
//! - `first_session_at`: when both first met, null if they have not;
//! - `withdrawn_at`: when the request was withdrawn, null if it was not.
//!
//! Supply is a frame of providers, one row each: `mentor_id`, and `capacity`: how many requests each can serve at a
//! time. Times are in UTC or have no zone. What has not happened by the end of observation is unknown:
//! rates count only requests observed for long enough, and times to match are censored.
//!
//! ```
//! use casebook::prelude::*;
//!
//! let days = |days: &[Option<i64>]| -> Column {
//!     let micros: Vec<Option<i64>> = days.iter().map(|day| day.map(|day| day * 86_400_000_000)).collect();
//!     Column::new("at".into(), micros).cast(&DataType::Datetime(TimeUnit::Microseconds, None)).unwrap()
//! };
//! let requests = DataFrame::new_infer_height(vec![
//!     days(&[Some(0), Some(0), Some(1), Some(19)]).with_name("requested_at".into()),
//!     days(&[Some(2), None, Some(9), None]).with_name("matched_at".into()),
//!     days(&[Some(5), None, None, None]).with_name("first_session_at".into()),
//!     days(&[None, Some(6), None, None]).with_name("withdrawn_at".into()),
//! ])?;
//! let until = chrono::NaiveDate::from_ymd_opt(1970, 1, 21).unwrap_or_default().and_time(chrono::NaiveTime::MIN);
//! let found = marketplace::liquidity(&requests, 7, until, None)?;
//! assert_eq!(found.column("requests")?.i64()?.get(0), Some(3)); // the fourth was seen for a day
//! assert_eq!(found.column("matched")?.i64()?.get(0), Some(1)); // the third took eight days
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! # Source
//! Fill rate, match rate, time to fill, utilisation and repeat rate as marketplace operators use them
//! (A. Hagiu and S. Rothman, "Network Effects Aren't Enough", Harvard Business Review, 2016; L. Jiang, "How to
//! measure a marketplace", a16z, 2020). The names vary between companies; each function says what it counts.

mod balance;
mod repeat;
mod requests;
mod supply;

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use polars::prelude::*;

use super::timeline::{DAY, Moments, full};
use crate::error::{Error, Result};

pub use balance::balance;
pub use repeat::repeat_rate;
pub use requests::{Goal, liquidity, waiting};
pub use supply::{booking_concentration, by_mentor, utilisation};

const MENTOR: &str = "mentor_id";
const REQUESTED: &str = "requested_at";
const MATCHED: &str = "matched_at";
const FIRST_SESSION: &str = "first_session_at";
const WITHDRAWN: &str = "withdrawn_at";
/// The longest span of observation, in days.
const LONGEST: i64 = 100_000;

/// Moments of a column that may be empty, in microseconds. Only UTC, because `until` is in UTC too.
fn moments(frame: &DataFrame, name: &'static str, column: &str) -> Result<Vec<Option<i64>>> {
    let found = frame.column(column)?;
    if let DataType::Datetime(_, Some(zone)) = found.dtype()
        && zone.as_str() != "UTC"
    {
        let problem = format!("is in {}; give times in UTC, or without a zone", zone.as_str());
        return Err(Error::column(name, column, problem));
    }
    let known = found.is_not_null();
    if found.dtype().is_null() || !known.any() {
        return Ok(vec![None; frame.height()]);
    }
    let moments = Moments::new(&frame.filter(&known)?, name, column)?;
    let mut micros = moments.micros.iter().copied();
    Ok(known.iter().map(|known| if known == Some(true) { micros.next() } else { None }).collect())
}

/// Moments of a column that may not be empty.
fn all_moments(frame: &DataFrame, name: &'static str, column: &str) -> Result<Vec<i64>> {
    full(frame, name, column)?;
    Ok(moments(frame, name, column)?.into_iter().flatten().collect())
}

fn micros(until: NaiveDateTime) -> i64 {
    until.and_utc().timestamp_micros()
}

/// A number of days in microseconds: 1 to 100,000 days, which every calendar and every sum here can hold.
fn span(within: u32) -> Result<i64> {
    match i64::from(within) {
        days @ 1..=LONGEST => Ok(days * DAY),
        _ => Err(Error::config("within", within, "1 to 100,000 days")),
    }
}

fn window(from: NaiveDateTime, until: NaiveDateTime) -> Result<(i64, i64)> {
    let (start, end) = (micros(from), micros(until));
    match start < end && end.saturating_sub(start) <= LONGEST * DAY {
        true => Ok((start, end)),
        false => Err(Error::config("until", until, format!("after {from}, at most 100,000 days"))),
    }
}

/// Groups in rising order, each with its rows.
fn grouped(groups: &[Option<String>]) -> BTreeMap<&Option<String>, Vec<usize>> {
    let mut rows: BTreeMap<&Option<String>, Vec<usize>> = BTreeMap::new();
    for (row, group) in groups.iter().enumerate() {
        rows.entry(group).or_default().push(row);
    }
    rows
}
