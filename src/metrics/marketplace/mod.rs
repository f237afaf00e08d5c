//! Two-sided marketplaces: demand, supply, and how long it takes them to meet.
//!
//! Demand is a frame of requests, one row each:
//! - `requested_at`: Date or Datetime;
//! - `matched_at`: when a provider was found, null if none was;
//! - `first_session_at`: when both first met, null if they have not;
//! - `withdrawn_at`: when the request was withdrawn, null if it was not.
//!
//! Supply is a frame of providers, one row each: a column of the caller's that says who, and `capacity`: how many
//! requests each can serve at a time.
//!
//! Days are counted on the time zone of the times, which must be the same for all times of a frame; dates are its
//! midnights. What has not happened by the end of the [window](crate::events::Window) is unknown: rates count only requests
//! observed for long enough, and times to match are censored. An open window reaches over all days of the times that are
//! read; in a window that holds no time, such as an open one after all of them, nothing was observed, and there are no rows.
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
//! let window = Window::until(chrono::NaiveDate::from_ymd_opt(1970, 1, 21).unwrap_or_default());
//! let found = marketplace::liquidity(&requests, 7, window, None)?;
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
mod times;

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::events::DAY;

pub use balance::balance;
pub use repeat::repeat_rate;
pub use requests::{Goal, liquidity, waiting};
pub use supply::{booking_concentration, by_provider, utilisation};

const REQUESTED: &str = "requested_at";
const MATCHED: &str = "matched_at";
const FIRST_SESSION: &str = "first_session_at";
const WITHDRAWN: &str = "withdrawn_at";
/// The longest span of observation, in days.
const LONGEST: i64 = 100_000;

/// A number of days in microseconds: 1 to 100,000 days, which every calendar and every sum here can hold.
fn span(within: u32) -> Result<i64> {
    match i64::from(within) {
        days @ 1..=LONGEST => Ok(days * DAY),
        _ => Err(Error::config("within", within, "1 to 100,000 days")),
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

/// How many rows of each group something holds for.
fn counts(
    groups: &BTreeMap<&Option<String>, Vec<usize>>,
    holds: impl Fn(usize) -> bool,
) -> Vec<Option<i64>> {
    let count = |rows: &Vec<usize>| rows.iter().filter(|row| holds(**row)).count() as i64;
    groups.values().map(|rows| Some(count(rows))).collect()
}
