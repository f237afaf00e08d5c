//! Lifetimes from activity, where nobody cancels.

use chrono::NaiveDateTime;
use polars::prelude::*;

use crate::error::{Error, Result};
use crate::metrics::timeline::{Index, Moments, TIME, USER, day_of, fetch, full};
use crate::metrics::{Source, require};

const SIGNUP: &str = "signup_at";

/// How long users stay, when nobody says good-bye: whoever was not seen for so many days has left.
///
/// Reads `users`: `user_id` (unique), `signup_at`; `events`: `user_id`, `timestamp`. `quiet`: days without an
/// event after which a user has left. Observation ends at `until`; whoever was seen in the last `quiet` days
/// before it may still be there, and counts as observed up to their beginning. Returns `users`' rows, in
/// their order, with all their columns and `events` (i64: up to the end of observation), `duration` (i64,
/// calendar days from sign-up to the first day without the user: 1 for who came on day 0 only), `observed`
/// (bool: has left): subjects for the functions here. The curve at 7 is then the share seen on day 7 or
/// later. Left out are users without an event, and those who signed up in the last `quiet` days.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a user that stands in `users` twice, empty
/// values, or times that are none; `quiet` of 0.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/users.csv")?;
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let until = Month { year: 2024, month: 5 }.midnight();
/// let stays = survival::from_activity(&users, &events, 28, until)?;
/// let median = survival::median(&stays, Some("plan"))?;
/// assert_eq!(median.height(), 2);
/// # Ok::<(), casebook::Error>(())
/// ```
///
/// # Source
/// Churn by inactivity, as in P. S. Fader and B. G. S. Hardie's non-contractual settings: the rule is a
/// convention, and too short a `quiet` calls people gone who only pause.
pub fn from_activity(
    users: &dyn Source,
    events: &dyn Source,
    quiet: u32,
    until: NaiveDateTime,
) -> Result<DataFrame> {
    if quiet == 0 {
        return Err(Error::config("quiet", 0, "1 or more days"));
    }
    let users = users.scan().collect()?;
    require(&users, "users", &[USER, SIGNUP])?;
    let index = Index::new("users", full(&users, "users", USER)?)?;
    let events = fetch(events, "events", &[USER, TIME])?;
    let moments = Moments::new(&events, "events", TIME)?;
    let signups = Moments::new(&users, "users", SIGNUP)?.beside(&moments, "users", SIGNUP)?.days();
    let end = day_of(until);
    let cut = end - quiet as i32;
    let mut last = vec![None::<i32>; users.height()];
    let mut counts = vec![0_i64; users.height()];
    let known = index.find("events", full(&events, "events", USER)?)?;
    for (user, day) in known.into_iter().zip(moments.days()) {
        let user = user as usize;
        if user < last.len() && day < end && day >= signups[user] {
            last[user] = last[user].max(Some(day));
            counts[user] += 1;
        }
    }
    let kept: BooleanChunked =
        last.iter().zip(&signups).map(|(last, from)| Some(last.is_some() && *from < cut)).collect();
    let stays: Vec<Option<i64>> = last
        .iter()
        .zip(&signups)
        .map(|(last, from)| last.map(|last| i64::from((last + 1).min(cut) - from)))
        .collect();
    let gone: Vec<bool> = last.iter().map(|last| last.is_some_and(|last| last < cut)).collect();
    let mut table = users;
    table.with_column(Column::new("events".into(), counts))?;
    table.with_column(Column::new("duration".into(), stays))?;
    table.with_column(Column::new("observed".into(), gone))?;
    Ok(table.filter(&kept)?)
}
