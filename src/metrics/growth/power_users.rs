//! Power users: how unequally users are active.

use std::collections::BTreeMap;

use polars::prelude::*;

use crate::error::Result;
use crate::events::{EventSource, NOBODY, Window, distinct};
use crate::frame::{Source, fetch, full};

/// Ranks users by number of events and adds their decile: the first decile holds the power users.
///
/// Reads `events`: users and times as the [module](super) says. Returns one row per user with an event in the window:
/// the column of users, under the name it has there, `events`, `active_days` (i64), `decile` (i64, 1 to 10: like SQL's
/// `ntile(10)`, so sizes differ by at most one and the first deciles are the larger ones), by events (descending), then
/// user.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty users or times.
///
/// # Source
/// Power users are the top decile by volume of events, not by events per day of life, which would put users who were
/// there for one day at the top.
///
/// ```
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let until = Month { year: 2024, month: 5 }.midnight().date();
/// let users = growth::power_users(&events, Window::last_days(90, until))?;
/// assert_eq!(users.column("decile")?.i64()?.get(0), Some(1));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn power_users(events: &dyn EventSource, window: Window) -> Result<DataFrame> {
    let events = events.events(&[])?;
    let bounds = window.bounds(events.moments(), events.day_range());
    let numbered = events.numbered();
    let codes: Vec<u32> = numbered
        .codes
        .iter()
        .zip(events.moments().micros.iter())
        .map(|(code, at)| if bounds.contains(*at) { *code } else { NOBODY })
        .collect();
    let mut counts = vec![0_i64; numbered.count()];
    codes.iter().filter(|code| **code != NOBODY).for_each(|code| counts[*code as usize] += 1);
    let active = distinct(&codes, numbered.count(), events.days());
    let days: Vec<i64> = active.starts.windows(2).map(|ends| (ends[1] - ends[0]) as i64).collect();
    let frame = DataFrame::new_infer_height(vec![
        events.actors()?,
        Column::new("events".into(), counts),
        Column::new("active_days".into(), days),
    ])?;
    let order = SortMultipleOptions::default().with_order_descending_multi([true, false]);
    let mut sorted = frame
        .lazy()
        .filter(col("events").gt(lit(0_i64)))
        .sort(["events", events.user_column()], order)
        .collect()?;
    let n = sorted.height();
    sorted.with_column(Column::new(
        "decile".into(),
        (0..n).map(|row| decile(row, n)).collect::<Vec<_>>(),
    ))?;
    Ok(sorted)
}

/// Returns which of ten groups a row of `n` is in. The first groups hold one more if `n` is not a multiple of ten.
fn decile(row: usize, n: usize) -> i64 {
    let (size, more) = (n / 10, n % 10);
    let large = more * (size + 1);
    let place = if row < large { row / (size + 1) } else { more + (row - large) / size.max(1) };
    place as i64 + 1
}

/// A decile: users, their events, the fewest and the most of one user, and active days.
#[derive(Clone, Copy)]
struct Decile {
    users: i64,
    events: i64,
    fewest: i64,
    most: i64,
    days: i64,
}

/// Sums up the deciles of [`power_users`]: what share of all activity each has.
///
/// Reads `users` as returned by it: `events`, `active_days`, `decile`. Returns one row per decile: `decile`, `users`,
/// `events` (i64), `share` (f64: of all events), `min_events`, `max_events` (i64: of one user), `days_per_user` (f64).
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), or polars' own for a wrong type.
///
/// ```
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let until = Month { year: 2024, month: 5 }.midnight().date();
/// let users = growth::power_users(&events, Window::last_days(90, until))?;
/// assert_eq!(growth::deciles(&users)?.height(), 10);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn deciles(users: &dyn Source) -> Result<DataFrame> {
    let frame = fetch(users, "users", &["events", "active_days", "decile"])?;
    let column = |name: &str| -> Result<Vec<i64>> {
        Ok(full(&frame, "users", name)?.i64()?.into_no_null_iter().collect())
    };
    let (events, days, decile) = (column("events")?, column("active_days")?, column("decile")?);
    let mut deciles: BTreeMap<i64, Decile> = BTreeMap::new();
    for (row, events) in events.iter().copied().enumerate() {
        let none = Decile { users: 0, events: 0, fewest: events, most: events, days: 0 };
        let decile = deciles.entry(decile[row]).or_insert(none);
        decile.users += 1;
        decile.events += events;
        decile.fewest = decile.fewest.min(events);
        decile.most = decile.most.max(events);
        decile.days += days[row];
    }
    let all: i64 = events.iter().sum();
    let whole = |of: fn(&Decile) -> i64| deciles.values().map(of).collect::<Vec<i64>>();
    let share = |decile: &Decile| (all > 0).then(|| decile.events as f64 / all as f64);
    let days = |decile: &Decile| decile.days as f64 / decile.users as f64;
    Ok(df!(
        "decile" => deciles.keys().copied().collect::<Vec<i64>>(),
        "users" => whole(|decile| decile.users),
        "events" => whole(|decile| decile.events),
        "share" => deciles.values().map(share).collect::<Vec<_>>(),
        "min_events" => whole(|decile| decile.fewest),
        "max_events" => whole(|decile| decile.most),
        "days_per_user" => deciles.values().map(days).collect::<Vec<_>>(),
    )?)
}
