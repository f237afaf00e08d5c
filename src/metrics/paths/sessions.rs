//! Sessions by timeout.

use std::borrow::Cow;

use chrono::TimeDelta;
use polars::prelude::*;
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::events::{Bounds, EventSource, Events, Grouped, NOBODY, TIME, Window};
use crate::metrics::free;

/// Returns a timeout in microseconds; one too long for that never passes.
pub(super) fn micros(timeout: TimeDelta) -> Result<i64> {
    if timeout < TimeDelta::zero() {
        return Err(Error::config("timeout", timeout, "no less than 0"));
    }
    Ok(timeout.num_microseconds().unwrap_or(i64::MAX))
}

/// Tells whether an event begins a session.
pub(super) fn begins(before: Option<i64>, at: i64, timeout: i64) -> bool {
    before.is_none_or(|before| at - before > timeout)
}

/// Returns the window on the calendar of the events.
pub(super) fn bounds(events: &Events, window: Window) -> Bounds {
    let range = window.end().is_none().then(|| events.day_range()).flatten();
    window.bounds(events.moments(), range)
}

/// Returns each event's user, or [`NOBODY`] for events outside the window.
pub(super) fn observed<'e>(events: &'e Events, window: Window, bounds: &Bounds) -> Cow<'e, [u32]> {
    let codes = &events.numbered().codes;
    if window == Window::default() {
        return Cow::Borrowed(codes);
    }
    let at = &events.moments().micros;
    let within = |(code, at): (&u32, &i64)| if bounds.contains(*at) { *code } else { NOBODY };
    codes.par_iter().zip(at.par_iter()).map(within).collect()
}

/// Numbers each user's sessions: a gap strictly longer than `timeout` begins one.
///
/// Reads `events`: users, times, and the columns to `keep`. Returns the events in their order: the column of users, under
/// the name it has, `timestamp`, the columns kept, and `session` (i64, from 1 for each user). A funnel counts within
/// sessions with [`Funnel::per`](crate::metrics::funnel::Funnel::per).
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty users or times, or a column kept that is called
/// `session` or `timestamp`; [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a timeout below 0.
///
/// ```
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let numbered = paths::sessionise(&events, chrono::TimeDelta::minutes(30), &["event"])?;
/// let steps = Funnel::new(["visit", "cart", "purchase"].map(Step::event));
/// let within_one = steps.clone().per("session").measure(&numbered)?.step("purchase")?;
/// assert!(within_one.overall_rate < steps.measure(&events)?.step("purchase")?.overall_rate);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn sessionise(
    events: &dyn EventSource,
    timeout: TimeDelta,
    keep: &[&str],
) -> Result<DataFrame> {
    let timeout = micros(timeout)?;
    let events = events.events(keep)?;
    let keys = [events.user_column(), events.time_column()];
    let mut kept: Vec<&str> = vec![];
    for column in keep {
        if !keys.contains(column) && !kept.contains(column) {
            kept.push(column);
        }
    }
    let own = |column: &&str| free("events", column, &[TIME, "session"]);
    kept.iter().chain([&keys[0]]).try_for_each(own)?;
    let session = numbers(&events, timeout);
    let mut table = events.frame().select(keys.into_iter().chain(kept))?;
    table.rename(keys[1], TIME.into())?;
    table.with_column(Column::new("session".into(), session))?;
    Ok(table)
}

/// Each event's session, in the order of events.
fn numbers(events: &Events, timeout: i64) -> Vec<i64> {
    let (at, numbered) = (&events.moments().micros, events.numbered());
    in_order(&numbered.codes, at, numbered.count(), timeout).unwrap_or_else(|| {
        let users = numbered.count();
        let mut grouped = Grouped::new(&numbered.codes, users, |row| (at[row], row as u32));
        let numbers: Vec<i64> = grouped
            .parts()
            .into_par_iter()
            .flat_map_iter(|mut part| {
                let mut numbers = vec![];
                for user in 0..part.users() {
                    let mine = part.of(user);
                    if !mine.is_sorted() {
                        mine.sort_unstable();
                    }
                    let (mut before, mut session) = (None, 0);
                    for (at, _) in mine.iter() {
                        session += i64::from(begins(before, *at, timeout));
                        before = Some(*at);
                        numbers.push(session);
                    }
                }
                numbers
            })
            .collect();
        let mut session = vec![0; events.len()];
        for ((_, row), number) in grouped.items.iter().zip(numbers) {
            session[*row as usize] = number;
        }
        session
    })
}

/// The same in one pass, if each user's events come in order of time, as they mostly do. None if they don't.
fn in_order(codes: &[u32], at: &[i64], users: usize, timeout: i64) -> Option<Vec<i64>> {
    // By user: the latest event, and its session; none yet.
    let mut latest = vec![(i64::MIN, 0_i64); users];
    let mut numbers = Vec::with_capacity(codes.len());
    for (code, at) in codes.iter().zip(at) {
        let (before, session) = &mut latest[*code as usize];
        if *at < *before {
            return None;
        }
        let known = (*session > 0).then_some(*before);
        *session += i64::from(begins(known, *at, timeout));
        *before = *at;
        numbers.push(*session);
    }
    Some(numbers)
}

/// What is known of sessions, a row for each, by user.
struct Table {
    users: Vec<IdxSize>,
    numbers: Vec<i64>,
    first: Vec<i64>,
    last: Vec<i64>,
    events: Vec<i64>,
    seconds: Vec<f64>,
    /// Since the session before; 0 for the first.
    idle: Vec<f64>,
}

impl Table {
    /// Cuts users' moments into sessions. How many each user has is known: so each thread fills its own rows.
    fn new(grouped: &Grouped<i64>, order: &[u32], counts: &[u32], timeout: i64) -> Table {
        let chunks: Vec<&[u32]> = order.chunks(4_096).collect();
        let count = |users: &&[u32]| users.iter().map(|user| counts[*user as usize] as usize).sum();
        let rows: Vec<usize> = chunks.iter().map(count).collect();
        let all: usize = rows.iter().sum();
        let (whole, real) = (|| vec![0_i64; all], || vec![0_f64; all]);
        let mut table = Table {
            users: vec![0; all],
            numbers: whole(),
            first: whole(),
            last: whole(),
            events: whole(),
            seconds: real(),
            idle: real(),
        };
        (
            chunks,
            cut(&mut table.users, &rows),
            cut(&mut table.numbers, &rows),
            cut(&mut table.first, &rows),
            cut(&mut table.last, &rows),
            cut(&mut table.events, &rows),
            cut(&mut table.seconds, &rows),
            cut(&mut table.idle, &rows),
        )
            .into_par_iter()
            .for_each(|(order, users, numbers, first, last, events, seconds, idle)| {
                let mut next = 0;
                for user in order {
                    let place = *user as usize;
                    let (mut before, mut number) = (None, 0);
                    for at in &grouped.items[grouped.starts[place]..grouped.starts[place + 1]] {
                        if begins(before, *at, timeout) {
                            number += 1;
                            (users[next], numbers[next], first[next]) = (*user, number, *at);
                            idle[next] = before.map_or(0.0, |before| of_micros(at - before));
                            next += 1;
                        }
                        (last[next - 1], before) = (*at, Some(*at));
                        events[next - 1] += 1;
                    }
                }
                for (row, seconds) in seconds.iter_mut().enumerate() {
                    *seconds = of_micros(last[row] - first[row]);
                }
            });
        table
    }
}

fn of_micros(micros: i64) -> f64 {
    micros as f64 / 1e6
}

/// Cuts rows into stretches of these lengths.
fn cut<'t, T>(mut all: &'t mut [T], lengths: &[usize]) -> Vec<&'t mut [T]> {
    let each = lengths.iter().map(|length| {
        let (mine, others) = std::mem::take(&mut all).split_at_mut(*length);
        all = others;
        mine
    });
    each.collect()
}

/// Lists sessions: a gap strictly longer than `timeout` begins one.
///
/// Reads `events`: users and times; those outside the window are left out. Returns one row per session, by user and
/// session: the column of users, `session` (i64, from 1 for each user), `first_at`, `last_at` (on the clock of the
/// events), `events` (i64), `seconds` (f64: from the first event to the last, 0 for a single one), `idle_seconds` (f64:
/// since the user's session before; null for the first), `open` (bool: the timeout was not over when the window ended, so
/// that the session may have gone on).
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty users or times;
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a timeout below 0.
///
/// ```
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let half_hour = chrono::TimeDelta::minutes(30);
/// let sessions = paths::sessions(&events, half_hour, Window::default())?;
/// assert_eq!(sessions.column("events")?.i64()?.sum(), Some(events.height() as i64));
/// assert!(sessions.column("idle_seconds")?.f64()?.min() > Some(1_800.0));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn sessions(events: &dyn EventSource, timeout: TimeDelta, window: Window) -> Result<DataFrame> {
    let timeout = micros(timeout)?;
    let events = events.events(&[])?;
    free("events", events.user_column(), &COLUMNS)?;
    let bounds = bounds(&events, window);
    let codes = observed(&events, window, &bounds);
    let at = &events.moments().micros;
    let mut grouped = Grouped::new(&codes, events.numbered().count(), |row| at[row]);
    // Each user's moments in order, and how many sessions they make.
    let counts: Vec<u32> = grouped
        .parts()
        .into_par_iter()
        .flat_map_iter(|mut part| {
            let each = (0..part.users()).map(|user| {
                let mine = part.of(user);
                if !mine.is_sorted() {
                    mine.sort_unstable();
                }
                let pauses = mine.windows(2).filter(|two| begins(Some(two[0]), two[1], timeout));
                pauses.count() as u32 + u32::from(!mine.is_empty())
            });
            each.collect::<Vec<_>>()
        })
        .collect();
    // Users are put in order before their sessions are listed: there are fewer of them.
    let actors = events.actors()?;
    let order = actors.as_materialized_series().arg_sort(SortOptions::default());
    let order: Vec<u32> = order.into_no_null_iter().collect();
    let table = Table::new(&grouped, &order, &counts, timeout);
    let open = table.last.iter().map(|last| last.saturating_add(timeout) >= bounds.end);
    let open = BooleanChunked::from_iter_values(COLUMNS[6].into(), open);
    let again = table.numbers.iter().map(|number| *number > 1);
    let again = BooleanChunked::from_iter_values("again".into(), again).rechunk().into_owned();
    let again = again.downcast_as_array().values().clone();
    let idle = Float64Chunked::from_vec_validity(COLUMNS[5].into(), table.idle, Some(again));
    Ok(DataFrame::new_infer_height(vec![
        actors.take(&IdxCa::from_vec("row".into(), table.users))?,
        Column::new(COLUMNS[0].into(), table.numbers),
        events.moments().known(COLUMNS[1], table.first)?,
        events.moments().known(COLUMNS[2], table.last)?,
        Column::new(COLUMNS[3].into(), table.events),
        Column::new(COLUMNS[4].into(), table.seconds),
        idle.into_column(),
        open.into_column(),
    ])?)
}

const COLUMNS: [&str; 7] =
    ["session", "first_at", "last_at", "events", "seconds", "idle_seconds", "open"];

#[cfg(test)]
mod tests {
    use super::*;

    fn events(rows: &[(&str, i64)]) -> DataFrame {
        df!(
            "user_id" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            "timestamp" => rows.iter().map(|row| row.1 * 1_000).collect::<Vec<_>>(),
            "page" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
        )
        .unwrap()
        .lazy()
        .with_column(col("timestamp").cast(DataType::Datetime(TimeUnit::Milliseconds, None)))
        .collect()
        .unwrap()
    }

    fn whole(frame: &DataFrame, name: &str) -> Vec<i64> {
        frame.column(name).unwrap().i64().unwrap().into_no_null_iter().collect()
    }

    const ROWS: [(&str, i64); 7] =
        [("bob", 5), ("ann", 120), ("ann", 0), ("ann", 60), ("bob", 5), ("ann", 181), ("ann", 0)];

    #[test]
    fn a_gap_of_the_timeout_goes_on_and_a_longer_one_begins() {
        let minute = TimeDelta::seconds(60);
        let table = sessionise(&events(&ROWS), minute, &["page"]).unwrap();
        assert_eq!(whole(&table, "session"), [1, 1, 1, 1, 1, 2, 1]);
        assert_eq!(whole(&table, "page"), [5, 120, 0, 60, 5, 181, 0]);
        let none = sessionise(&events(&ROWS), TimeDelta::zero(), &[]).unwrap();
        assert_eq!(whole(&none, "session"), [1, 3, 1, 2, 1, 4, 1]);
        assert_eq!(none.get_column_names(), ["user_id", "timestamp", "session"]);
        // In order of time it's one pass, and the same.
        let sorted = events(&ROWS).sort(["timestamp"], Default::default()).unwrap();
        let table = sessionise(&sorted, minute, &["page"]).unwrap();
        assert_eq!(whole(&table, "session"), [1, 1, 1, 1, 1, 1, 2]);
        let never = sessionise(&events(&ROWS), TimeDelta::MAX, &[]).unwrap();
        assert_eq!(whole(&never, "session"), [1; 7]);
    }

    #[test]
    fn sessions_are_listed_by_user_with_what_came_before() {
        let frame = events(&ROWS);
        let table = sessions(&frame, TimeDelta::seconds(60), Window::default()).unwrap();
        assert_eq!(whole(&table, "session"), [1, 2, 1]);
        assert_eq!(whole(&table, "events"), [4, 1, 2]);
        let real = |name: &str| table.column(name).unwrap().f64().unwrap().iter().collect();
        let (lasted, idle): (Vec<Option<f64>>, Vec<Option<f64>>) =
            (real("seconds"), real("idle_seconds"));
        assert_eq!(lasted, [Some(120.0), Some(0.0), Some(0.0)]);
        assert_eq!(idle, [None, Some(61.0), None]);
        assert_eq!(table.column("open").unwrap().bool().unwrap().sum(), Some(0));
    }

    #[test]
    fn who_could_still_come_back_has_an_open_session() {
        let until = |second: i64| {
            Window::until(chrono::DateTime::from_timestamp(second, 0).unwrap().naive_utc())
        };
        let open = |second: i64| -> Vec<Option<bool>> {
            let found = sessions(&events(&ROWS), TimeDelta::seconds(60), until(second)).unwrap();
            found.column("open").unwrap().bool().unwrap().iter().collect()
        };
        // ann until 120, then at 181; bob at 5. What comes at the window's end is not in it.
        assert_eq!(open(180), [Some(true), Some(false)]);
        assert_eq!(open(181), [Some(false), Some(false)]);
        assert_eq!(open(242), [Some(false), Some(false), Some(false)]);
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        let frame = events(&ROWS);
        let told = sessionise(&frame, TimeDelta::seconds(-1), &[]).unwrap_err().to_string();
        assert!(told.contains("timeout") && told.contains("no less than 0"), "{told}");
        let named = frame.lazy().with_column(lit(1).alias("session")).collect().unwrap();
        let told = sessionise(&named, TimeDelta::zero(), &["session"]).unwrap_err().to_string();
        assert!(told.contains("`session`") && told.contains("rename"), "{told}");
        assert!(sessionise(&named, TimeDelta::zero(), &["seite"]).is_err());
        let other = Events::new(&named, "page", "timestamp").unwrap();
        let found = sessionise(&other, TimeDelta::zero(), &["timestamp", "user_id"]).unwrap();
        assert_eq!(found.get_column_names(), ["page", "timestamp", "user_id", "session"]);
    }
}
