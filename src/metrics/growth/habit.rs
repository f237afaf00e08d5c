//! Habit: on how many days users are active soon after sign-up.

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::events::Observed;
use crate::events::{EventSource, UserSource, Window, distinct};
use crate::metrics::share_columns;

/// A hundred years.
const MOST_DAYS: u32 = 36_525;

/// Counts users by how many days they were active soon after sign-up: on at least n different days of the first `within`,
/// for each n from 1 to `most`.
///
/// Reads `users` and `events` as the [module](super) says. Returns `days` (i64: n), `eligible` (i64: started in the
/// window and observed for `within` days), `users` (i64: those of them active on at least n days), `rate`, `low`,
/// `high` (f64, 95% Wilson).
///
/// # Errors
/// As [`time_to_value`](super::time_to_value); [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a
/// `within` of no days or more than a hundred years, or a `most` that is not among its days.
///
/// ```
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let users = warehouse::files::read("data/samples/users.csv")?;
/// let observed = Window::until(Month { year: 2024, month: 5 }.midnight());
/// let days = growth::habit(&users, &events, 30, 10, observed)?;
/// assert_eq!(days.height(), 10);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn habit(
    users: &dyn UserSource,
    events: &dyn EventSource,
    within: u32,
    most: u32,
    window: Window,
) -> Result<DataFrame> {
    for (field, value, highest) in [("within", within, MOST_DAYS), ("most", most, within)] {
        if !(1..=highest).contains(&value) {
            return Err(Error::config(field, value, format!("1 to {highest}")));
        }
    }
    let observed = Observed::new(users.started(&[])?, events.events(&[])?, window)?;
    let active = distinct(&observed.user, observed.people(), observed.events.days());
    let mut counts = vec![0_i64; most as usize];
    let mut eligible = 0;
    for user in (0..observed.people()).filter(|user| observed.eligible(*user, within)) {
        eligible += 1;
        let days = &active.items[active.starts[user]..active.starts[user + 1]];
        let end = observed.day(user, within);
        let seen = days.partition_point(|day| i64::from(*day) < end);
        counts.iter_mut().take(seen).for_each(|count| *count += 1);
    }
    let hits: Vec<Option<i64>> = counts.into_iter().map(Some).collect();
    let of = vec![Some(eligible); hits.len()];
    let mut columns = vec![
        Column::new("days".into(), (1..=i64::from(most)).collect::<Vec<_>>()),
        Column::new("eligible".into(), &of),
        Column::new("users".into(), &hits),
    ];
    columns.extend(share_columns(["rate", "low", "high"], &hits, &of));
    Ok(DataFrame::new_infer_height(columns)?)
}
