//! Lifetimes from activity, where nobody cancels.

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::events::{EventSource, Observed, UserSource, Window};
use crate::metrics::absent;

/// Takes as lost whoever was inactive for a number of days: how long users stay where nobody cancels.
///
/// Reads `users` with their starts, and `events`. `inactivity`: days without an event after which a user has left.
/// Whoever was seen in the last `inactivity` days of the window may still be there, and counts as observed up to their
/// beginning. Returns `users`' rows, in their order, with all their columns and `events` (i64: from the start to the
/// end of the window), `duration` (i64, calendar days from the start to the first day without the user: 1 for those who
/// came on day 0 only), `observed` (bool: has left): subjects for the functions here. The curve at 7 is then the share
/// seen on day 7 or later. Left out are users without an event, and those who started in the last `inactivity` days or
/// before the window, whether or not they are still there.
///
/// Read shares off the curve, [`curve`](super::curve())`.at(28.0)`, by group with [`curve_by`](super::curve_by()). A share
/// of rows with `duration` ≥ 28 would count late sign-ups as lost; and one among those "observed for 28 days, or gone before" keeps
/// late sign-ups only if they left, which makes it too low.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a user that stands in `users` twice, empty
/// values, values that are not times, and a column of `users` called `events`, `duration` or `observed`; `inactivity` of
/// 0, or longer than the calendar.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/users.csv")?;
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let window = Window::until(Month { year: 2024, month: 5 }.midnight());
/// let stays = survival::from_activity(&users, &events, 28, window)?;
/// let median = survival::median(&stays, Some("plan"))?;
/// assert_eq!(median.height(), 2);
/// # Ok::<(), casebook::Error>(())
/// ```
///
/// # Source
/// Churn by inactivity, as in P. S. Fader and B. G. S. Hardie's non-contractual settings: the rule is a
/// convention, and one that is too short calls people lost who only pause.
pub fn from_activity(
    users: &dyn UserSource,
    events: &dyn EventSource,
    inactivity: u32,
    window: Window,
) -> Result<DataFrame> {
    const LONGEST: u32 = 3_652_059; // days in the years 1 to 9999
    if !(1..=LONGEST).contains(&inactivity) {
        return Err(Error::config("inactivity", inactivity, format!("1 to {LONGEST} days")));
    }
    let (users, events) = (users.whole()?, events.events(&[])?);
    absent(users.frame(), "users", &["events", "duration", "observed"])?;
    let seen = Observed::new(users, events, window)?;
    let (users, days, started) = (&seen.users, seen.events.days(), &seen.start_day);
    let end = seen.bounds.until_day;
    let cut = end - inactivity as i32;
    let mut last = vec![None::<i32>; users.len()];
    let mut counts = vec![0_i64; users.len()];
    // A day that was not observed to its end says nothing of who was not there.
    for (row, user) in seen.rows().filter(|(row, _)| days[*row] < end) {
        last[user] = last[user].max(Some(days[row]));
        counts[user] += 1;
    }
    let within = |user: usize| seen.started(user) && started[user] < cut;
    let kept: BooleanChunked =
        (0..users.len()).map(|user| Some(last[user].is_some() && within(user))).collect();
    let stays: Vec<Option<i64>> = last
        .iter()
        .zip(started)
        .map(|(last, from)| last.map(|last| i64::from((last + 1).min(cut) - from)))
        .collect();
    let gone: Vec<bool> = last.iter().map(|last| last.is_some_and(|last| last < cut)).collect();
    let mut table = users.frame().clone();
    table.with_column(Column::new("events".into(), counts))?;
    table.with_column(Column::new("duration".into(), stays))?;
    table.with_column(Column::new("observed".into(), gone))?;
    Ok(table.filter(&kept)?)
}
