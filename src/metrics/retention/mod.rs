//! Retention: who comes back, and when.
//!
//! ```
//! use casebook::metrics::retention::{self, Rule};
//! use casebook::polars::prelude::*;
//!
//! let day = |n: i64| n * 86_400_000;
//! let time = DataType::Datetime(TimeUnit::Milliseconds, None);
//! let users = df!("user_id" => ["ann", "bob"], "signup_at" => [day(0), day(1)])?
//!     .lazy().with_column(col("signup_at").cast(time.clone()));
//! let events = df!("user_id" => ["ann", "bob", "ann"], "timestamp" => [day(1), day(1), day(4)])?
//!     .lazy().with_column(col("timestamp").cast(time));
//! let kept = retention::day_n(&users, &events, &[1], Rule::OnDay)?;
//! assert_eq!(kept.column("eligible")?.i64()?.get(0), Some(2));
//! assert_eq!(kept.column("retained")?.i64()?.get(0), Some(1)); // ann; bob's event is of day 0
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What counts
//! - `users`: one row per user: `user_id` (unique), `signup_at` (Date or Datetime). Without sign-ups, [`first_seen`]
//!   makes such a frame from the events, with each user's first event as the start.
//! - `events`: any number per user: `user_id`, `timestamp`. The sign-up itself must not be among them, or
//!   it counts as activity of period 0. Events of people who are not in `users`, before a user's
//!   sign-up or after the end of observation do not count.
//! - Observation is a [`Retention::window`]: users who sign up outside it are not counted. If no end is given, it ends
//!   with the last day on which anything happened, which counts as complete.
//! - A user is eligible for a period once observed to its end. An ineligible user counts neither as retained nor as
//!   lost.
//! - Days are calendar days, in the time zone of the `timestamp` column (UTC if it has none), or 24-hour
//!   periods from each user's own sign-up ([`Clock`]). `signup_at` must be in the same zone, or be a date.

mod cohorts;
mod curve;
#[cfg(test)]
mod tests;
mod tracks;

use std::sync::atomic::{AtomicU64, Ordering};

use polars::prelude::*;
use rayon::prelude::*;

pub use self::tracks::Clock;
use self::tracks::Tracks;
use crate::error::{Error, Result};
use crate::events::period::Numbers;
use crate::events::{EventSource, NOBODY, Period, START, UserSource, Window};
use crate::metrics::{share_columns, warnings};

pub use self::curve::curve;

/// Which activity counts as retained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rule {
    /// Active on day N exactly.
    #[default]
    OnDay,
    /// Active on day N or on any day after it ("unbounded", "rolling").
    OnOrAfter,
    /// Active on at least one of this many days from day N on.
    Bracket(u32),
}

/// What a cohort's activity is divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Base {
    /// The users of the cohort.
    #[default]
    Cohort,
    /// Those active in period 0.
    Period0,
    /// Those active in the period before.
    Previous,
}

/// How cohorts are averaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weight {
    /// By their size: each user counts the same.
    #[default]
    Size,
    /// Each cohort counts the same.
    Simple,
}

/// Settings for measuring retention. `Retention::default()` uses calendar days and observes to the end of the last day
/// in the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    clock: Clock,
    window: Window,
    base: Base,
}

/// Computes [`Retention::day_n`] with calendar days.
///
/// # Errors
/// As there.
pub fn day_n(
    users: &dyn UserSource,
    events: &dyn EventSource,
    days: &[u32],
    rule: Rule,
) -> Result<DataFrame> {
    Retention::default().day_n(users, events, days, rule)
}

/// Computes [`Retention::cohorts`] with calendar periods.
///
/// # Errors
/// As there.
pub fn cohorts(
    users: &dyn UserSource,
    events: &dyn EventSource,
    period: Period,
) -> Result<DataFrame> {
    Retention::default().cohorts(users, events, period)
}

/// Makes users from events, each with their first event as the start.
///
/// Reads `events`: `user_id`, `timestamp`. Returns `user_id`, `signup_at` (the type of `timestamp`), by user. In
/// cohorts made from it, every user is active in period 0, by construction.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), or
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty values.
///
/// ```
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let users = retention::first_seen(&events)?;
/// assert_eq!(users.get_column_names(), ["user_id", "signup_at"]);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn first_seen(events: &dyn EventSource) -> Result<DataFrame> {
    let events = events.events(&[])?;
    let at = &events.moments().micros;
    let mut rows: Vec<IdxSize> = events.numbered().firsts().to_vec();
    for (row, code) in events.numbered().codes.iter().enumerate() {
        let first = &mut rows[*code as usize];
        if at[row] < at[*first as usize] {
            *first = row as IdxSize;
        }
    }
    let (user, time) = (events.user_column(), events.time_column());
    let mut users =
        events.frame().select([user, time])?.take(&IdxCa::from_vec("row".into(), rows))?;
    users.rename(time, START.into())?;
    Ok(users.sort([user], SortMultipleOptions::default())?)
}

/// A count for each row of a result.
type Counts = Vec<Option<i64>>;

impl Retention {
    /// Sets how days are counted.
    pub fn clock(mut self, clock: Clock) -> Retention {
        self.clock = clock;
        self
    }

    /// Sets what was observed. Users who started before or after it are not counted.
    pub fn window(mut self, window: Window) -> Retention {
        self.window = window;
        self
    }

    /// Sets what a cohort's activity is divided by, in [`cohorts`](Retention::cohorts).
    pub fn base(mut self, base: Base) -> Retention {
        self.base = base;
        self
    }

    /// Computes the share of users active again `n` days after sign-up ("day-N retention").
    ///
    /// Reads `users` and `events` as the [module](self) says. Returns one row per requested day, in ascending order:
    /// `day` (i64), `eligible` (i64: observed to the end of that day, or bracket), `retained` (i64), `rate`, `low`,
    /// `high` (f64, 95% Wilson; null if nobody is eligible), `warning` (text, where fewer than 30 are eligible).
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a user who is in `users` twice, empty values, or
    /// invalid times; [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a bracket of 0 days.
    ///
    /// ```
    /// use casebook::metrics::retention::{Clock, Retention, Rule};
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let users = warehouse::files::read("data/samples/users.csv")?;
    /// let how = Retention::default().clock(Clock::Hours24);
    /// let kept = how.day_n(&users, &events, &[1, 7, 28], Rule::OnOrAfter)?;
    /// assert_eq!(kept.height(), 3);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn day_n(
        &self,
        users: &dyn UserSource,
        events: &dyn EventSource,
        days: &[u32],
        rule: Rule,
    ) -> Result<DataFrame> {
        let length = match rule {
            Rule::Bracket(0) => {
                return Err(Error::config("bracket", "0 days", "1 day or more"));
            }
            Rule::Bracket(length) => length,
            _ => 1,
        };
        let mut days = days.to_vec();
        days.sort_unstable();
        days.dedup();
        let spans: Vec<(u32, u32)> = days
            .iter()
            .map(|day| {
                (
                    *day,
                    if rule == Rule::OnOrAfter { u32::MAX } else { day.saturating_add(length - 1) },
                )
            })
            .collect();
        let (eligible, retained) = self.spans(users, events, &spans)?;
        let mut table = df!(
            "day" => days.iter().map(|day| i64::from(*day)).collect::<Vec<_>>(),
            "eligible" => &eligible,
            "retained" => &retained,
        )?;
        finish(&mut table, &retained, &eligible)?;
        Ok(table)
    }

    /// Computes the share of users active in brackets of days of any length, such as days 1 to 3 and 4 to 7.
    ///
    /// As [`day_n`](Retention::day_n), with `from_day` and `to_day` (i64) instead of `day`, in the order
    /// given.
    ///
    /// # Errors
    /// As [`day_n`](Retention::day_n); a bracket that ends before it begins.
    ///
    /// ```
    /// use casebook::metrics::retention::Retention;
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let users = warehouse::files::read("data/samples/users.csv")?;
    /// let kept = Retention::default().brackets(&users, &events, &[(1, 3), (4, 7)])?;
    /// assert_eq!(kept.column("from_day")?.i64()?.get(1), Some(4));
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn brackets(
        &self,
        users: &dyn UserSource,
        events: &dyn EventSource,
        brackets: &[(u32, u32)],
    ) -> Result<DataFrame> {
        if let Some((from, to)) = brackets.iter().find(|(from, to)| from > to || *to == u32::MAX) {
            let value = format!("{from} to {to}");
            return Err(Error::config("bracket", value, "a first day no later than the last"));
        }
        let (eligible, retained) = self.spans(users, events, brackets)?;
        let day = |pick: fn(&(u32, u32)) -> u32| -> Vec<i64> {
            brackets.iter().map(|bracket| i64::from(pick(bracket))).collect()
        };
        let mut table = df!(
            "from_day" => day(|bracket| bracket.0),
            "to_day" => day(|bracket| bracket.1),
            "eligible" => &eligible,
            "retained" => &retained,
        )?;
        finish(&mut table, &retained, &eligible)?;
        Ok(table)
    }

    /// Finds, for each span of days, who was observed to its end, and who of them was active in it.
    fn spans(
        &self,
        users: &dyn UserSource,
        events: &dyn EventSource,
        spans: &[(u32, u32)],
    ) -> Result<(Counts, Counts)> {
        let tracks = Tracks::new(users, events, self.window, self.clock)?;
        // On or after day N asks only whether day N was observed, then for the last activity.
        let last_needed = |span: &(u32, u32)| if span.1 == u32::MAX { span.0 } else { span.1 };
        let observed: Vec<i64> =
            (0..tracks.seen.people()).map(|user| tracks.days_observed(user)).collect();
        // One bit per user and span. Threads share them; setting a bit twice does no harm.
        let words = spans.len().div_ceil(64).max(1);
        let active: Vec<AtomicU64> =
            std::iter::repeat_with(AtomicU64::default).take(words * observed.len()).collect();
        let longest = spans.iter().map(last_needed).max().unwrap_or(0);
        let mut of_day: Vec<Vec<u64>> = vec![];
        for day in 0..=longest.min(100_000) {
            of_day.push(bits_of(day, spans, words));
        }
        let open_ended = bits_of(u32::MAX, spans, words);
        tracks.seen.user.par_iter().enumerate().for_each(|(row, user)| {
            if *user == NOBODY {
                return;
            }
            let user = *user as usize;
            let day = tracks.day_since(row, user);
            let bits = match of_day.get(day as usize) {
                Some(bits) => bits,
                None if day <= i64::from(longest) => &bits_of(day as u32, spans, words),
                None => &open_ended,
            };
            for (mine, bits) in active[user * words..(user + 1) * words].iter().zip(bits) {
                if *bits != 0 {
                    mine.fetch_or(*bits, Ordering::Relaxed);
                }
            }
        });
        let mut eligible = vec![Some(0_i64); spans.len()];
        let mut retained = vec![Some(0_i64); spans.len()];
        for (user, observed) in observed.iter().enumerate() {
            for (place, span) in spans.iter().enumerate() {
                if i64::from(last_needed(span)) < *observed {
                    eligible[place] = eligible[place].map(|n| n + 1);
                    let bits = active[user * words + place / 64].load(Ordering::Relaxed);
                    if bits & (1 << (place % 64)) != 0 {
                        retained[place] = retained[place].map(|n| n + 1);
                    }
                }
            }
        }
        Ok((eligible, retained))
    }

    /// Finds who was active in the `n`-th period after sign-up: what a cohort's cell counts, user by user.
    ///
    /// Reads `users` and `events` as the [module](self) says. Returns one row per user, in the order of `users`:
    /// `user_id`, `eligible` (bool: observed to the end of that period), `active` (bool; null if not eligible).
    ///
    /// # Errors
    /// As [`day_n`](Retention::day_n).
    ///
    /// ```
    /// use casebook::metrics::retention::Retention;
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let users = warehouse::files::read("data/samples/users.csv")?;
    /// let back = Retention::default().by_user(&users, &events, Period::Month, 1)?;
    /// assert_eq!(back.height(), users.height());
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn by_user(
        &self,
        users: &dyn UserSource,
        events: &dyn EventSource,
        period: Period,
        n: u32,
    ) -> Result<DataFrame> {
        let tracks = Tracks::new(users, events, self.window, self.clock)?;
        let ahead = i32::try_from(n).unwrap_or(i32::MAX);
        let length = period.days();
        let (first, last) = tracks.seen.day_range().unwrap_or_default();
        let number = Numbers::new(period, first, last);
        let event_days = tracks.event_days();
        let passed = |row: usize, user: usize| match self.clock {
            Clock::Calendar => {
                i64::from(number.of(event_days[row]) - number.of(tracks.seen.start_day[user]))
            }
            Clock::Hours24 => tracks.day_since(row, user).div_euclid(length),
        };
        let mut active = vec![false; tracks.seen.people()];
        for (row, user) in tracks.seen.user.iter().enumerate().filter(|(_, user)| **user != NOBODY)
        {
            let user = *user as usize;
            active[user] |= passed(row, user) == i64::from(n);
        }
        let eligible: Vec<bool> = (0..active.len())
            .map(|user| match self.clock {
                Clock::Calendar => {
                    let own = period.of(tracks.seen.start_day[user]);
                    let end = period.start(own.saturating_add(ahead).saturating_add(1));
                    tracks.seen.started(user) && end <= tracks.seen.bounds.until_day
                }
                Clock::Hours24 => tracks.days_observed(user) >= (i64::from(n) + 1) * length,
            })
            .collect();
        let shown: Vec<Option<bool>> =
            active.iter().zip(&eligible).map(|(active, seen)| seen.then_some(*active)).collect();
        Ok(DataFrame::new_infer_height(vec![
            tracks.seen.ids()?.clone(),
            Column::new("eligible".into(), eligible),
            Column::new("active".into(), shown),
        ])?)
    }
}

/// Returns a bit for each span that contains the day.
fn bits_of(day: u32, spans: &[(u32, u32)], words: usize) -> Vec<u64> {
    let mut bits = vec![0; words];
    for (place, (from, to)) in spans.iter().enumerate() {
        if *from <= day && day <= *to {
            bits[place / 64] |= 1 << (place % 64);
        }
    }
    bits
}

fn finish(table: &mut DataFrame, retained: &[Option<i64>], eligible: &[Option<i64>]) -> Result<()> {
    for column in share_columns(["rate", "low", "high"], retained, eligible) {
        table.with_column(column)?;
    }
    table.with_column(warnings(eligible, "users"))?;
    Ok(())
}
