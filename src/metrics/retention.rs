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
//! - `users`: one row per user: `user_id` (unique), `signup_at` (Date or Datetime). Without sign-ups,
//!   [`first_seen`] makes such a frame of the events, with each user's first event as the start.
//! - `events`: any number per user: `user_id`, `timestamp`. The sign-up itself must not be among them, or
//!   it counts as activity of period 0. Events of people who are not in `users`, before a user's
//!   sign-up or after the end of observation do not count.
//! - Observation ends at [`Retention::until`], and who signs up later is not counted. If it is not given,
//!   it ends with the last day on which anything happened, which counts as complete.
//! - A user is eligible for a period once it was observed to its end. Who is not is neither kept nor
//!   lost.
//! - Days are calendar days, in the time zone of the `timestamp` column (UTC if it has none), or 24-hour
//!   periods from each user's own sign-up ([`Clock`]). `signup_at` must be in the same zone, or be a date.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{NaiveDateTime, NaiveTime, Timelike};
use polars::prelude::*;
use rayon::prelude::*;

use super::period::{Numbers, date};
use super::timeline::{
    DAY, Grouped, Index, Micros, Moments, NOBODY, Numbered, TIME, USER, day_of, distinct, fetch,
    full,
};
use super::{Period, Source, dates, require, share_columns, warnings};
use crate::error::{Error, Result};

const SIGNUP: &str = "signup_at";
/// More cells than this in a cohort matrix are of no use to anybody.
const MOST_CELLS: i64 = 20_000_000;

/// Which activity keeps a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rule {
    /// Active on day N exactly.
    #[default]
    OnDay,
    /// Active on day N or on any day after it ("unbounded", "rolling").
    OnOrAfter,
    /// Active on at least one of so many days from day N on.
    Bracket(u32),
}

/// What a day is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clock {
    /// Midnight to midnight; day 0 is the day of sign-up.
    #[default]
    Calendar,
    /// 24 hours from each user's own sign-up. A week is 7 of them, a month 30.
    Hours24,
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

/// How to measure retention. `Retention::default()` uses calendar days and observes to the end of the
/// last day in the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    clock: Clock,
    until: Option<NaiveDateTime>,
    base: Base,
}

/// [`Retention::day_n`] with calendar days.
///
/// # Errors
/// As there.
pub fn day_n(
    users: &dyn Source,
    events: &dyn Source,
    days: &[u32],
    rule: Rule,
) -> Result<DataFrame> {
    Retention::default().day_n(users, events, days, rule)
}

/// [`Retention::cohorts`] with calendar periods.
///
/// # Errors
/// As there.
pub fn cohorts(users: &dyn Source, events: &dyn Source, period: Period) -> Result<DataFrame> {
    Retention::default().cohorts(users, events, period)
}

/// Users from events: each with the first event as the start.
///
/// Reads `events`: `user_id`, `timestamp`. Returns `user_id`, `signup_at` (the type of `timestamp`), by
/// user. Cohorts made of it are active in period 0 to the last user, by construction.
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
pub fn first_seen(events: &dyn Source) -> Result<DataFrame> {
    let frame = fetch(events, "events", &[USER, TIME])?;
    let moments = Moments::new(&frame, "events", TIME)?.micros;
    let numbered = Numbered::new(full(&frame, "events", USER)?)?;
    let mut rows: Vec<IdxSize> = numbered.firsts().to_vec();
    for (row, code) in numbered.codes.iter().enumerate() {
        let first = &mut rows[*code as usize];
        if moments[row] < moments[*first as usize] {
            *first = row as IdxSize;
        }
    }
    let mut users = frame.take(&IdxCa::from_vec("row".into(), rows))?;
    users.rename(TIME, SIGNUP.into())?;
    Ok(users.sort([USER], SortMultipleOptions::default())?)
}

/// A count for each row of a result.
type Counts = Vec<Option<i64>>;

/// Users and their events, counted from each user's start.
struct Tracks {
    /// The calendar day of each user's sign-up.
    signup_day: Vec<i32>,
    /// The microsecond of each user's sign-up.
    signup_at: Micros,
    /// Each event's user.
    user: Vec<u32>,
    event_day: Vec<i32>,
    event_at: Micros,
    /// The first day, and the first microsecond, no longer observed.
    end_day: i32,
    end_at: i64,
}

impl Retention {
    /// What a day is.
    pub fn clock(mut self, clock: Clock) -> Retention {
        self.clock = clock;
        self
    }

    /// When observation ends: the first moment that was not observed, on the clock of the data.
    pub fn until(mut self, moment: NaiveDateTime) -> Retention {
        self.until = Some(moment);
        self
    }

    /// What a cohort's activity is divided by, in [`cohorts`](Retention::cohorts).
    pub fn base(mut self, base: Base) -> Retention {
        self.base = base;
        self
    }

    /// Share of users active again `n` days after sign-up ("day-N retention").
    ///
    /// Reads `users` and `events` as the [module](self) says. Returns one row per day asked, in rising
    /// order: `day` (i64), `eligible` (i64: observed to the end of that day, or bracket), `retained`
    /// (i64), `rate`, `low`, `high` (f64, 95 % Wilson; null if nobody is eligible), `warning` (text,
    /// where fewer than 30 are eligible).
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a user that stands in `users` twice,
    /// empty values, or times that are none;
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a bracket of no days.
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
        users: &dyn Source,
        events: &dyn Source,
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

    /// Share of users active in brackets of days of any length, such as days 1 to 3 and 4 to 7.
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
        users: &dyn Source,
        events: &dyn Source,
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

    /// Of each span of days: who was observed to its end, and who of them was active in it.
    fn spans(
        &self,
        users: &dyn Source,
        events: &dyn Source,
        spans: &[(u32, u32)],
    ) -> Result<(Counts, Counts)> {
        let tracks = self.tracks(users, events)?;
        // On or after day N asks only whether day N was observed, then for the last activity.
        let last_needed = |span: &(u32, u32)| if span.1 == u32::MAX { span.0 } else { span.1 };
        let observed: Vec<i64> = (0..tracks.signup_at.len())
            .map(|user| match self.clock {
                Clock::Calendar => i64::from(tracks.end_day - tracks.signup_day[user]),
                Clock::Hours24 => (tracks.end_at - tracks.signup_at[user]).div_euclid(DAY),
            })
            .collect();
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
        tracks.user.par_iter().enumerate().for_each(|(row, user)| {
            if *user == NOBODY {
                return;
            }
            let user = *user as usize;
            let day = match self.clock {
                Clock::Calendar => i64::from(tracks.event_day[row] - tracks.signup_day[user]),
                Clock::Hours24 => (tracks.event_at[row] - tracks.signup_at[user]).div_euclid(DAY),
            };
            if day < 0 || tracks.event_at[row] < tracks.signup_at[user] {
                return;
            }
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

    /// Who was active in the `n`-th period after the one of sign-up: what a cohort's cell counts, by user.
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
        users: &dyn Source,
        events: &dyn Source,
        period: Period,
        n: u32,
    ) -> Result<DataFrame> {
        let ids = fetch(users, "users", &[USER])?;
        let tracks = self.tracks(users, events)?;
        let ahead = i32::try_from(n).unwrap_or(i32::MAX);
        let length = period.days();
        let days = || tracks.event_day.iter().chain(&tracks.signup_day).copied();
        let first = days().min().unwrap_or(0);
        let number = Numbers::new(period, first, days().max().unwrap_or(first));
        let passed = |user: usize, day: i32, at: i64| match self.clock {
            Clock::Calendar => {
                i64::from(number.of(day)) - i64::from(number.of(tracks.signup_day[user]))
            }
            Clock::Hours24 => (at - tracks.signup_at[user]).div_euclid(DAY).div_euclid(length),
        };
        let mut active = vec![false; tracks.signup_at.len()];
        for (row, user) in tracks.user.iter().enumerate().filter(|(_, user)| **user != NOBODY) {
            let user = *user as usize;
            let at = tracks.event_at[row];
            if at >= tracks.signup_at[user] {
                active[user] |= passed(user, tracks.event_day[row], at) == i64::from(n);
            }
        }
        let eligible: Vec<bool> = (0..active.len())
            .map(|user| match self.clock {
                Clock::Calendar => {
                    let own = period.of(tracks.signup_day[user]);
                    period.start(own.saturating_add(ahead).saturating_add(1)) <= tracks.end_day
                }
                Clock::Hours24 => {
                    let observed = (tracks.end_at - tracks.signup_at[user]).div_euclid(DAY);
                    observed >= (i64::from(n) + 1) * length
                }
            })
            .collect();
        let shown: Vec<Option<bool>> =
            active.iter().zip(&eligible).map(|(active, seen)| seen.then_some(*active)).collect();
        Ok(DataFrame::new_infer_height(vec![
            ids.column(USER)?.clone(),
            Column::new("eligible".into(), eligible),
            Column::new("active".into(), shown),
        ])?)
    }

    fn tracks(&self, users: &dyn Source, events: &dyn Source) -> Result<Tracks> {
        let users = fetch(users, "users", &[USER, SIGNUP])?;
        let events = fetch(events, "events", &[USER, TIME])?;
        let index = Index::new("users", full(&users, "users", USER)?)?;
        let event = Moments::new(&events, "events", TIME)?;
        let signup = Moments::new(&users, "users", SIGNUP)?.beside(&event, "users", SIGNUP)?;
        let signup_day = signup.days();
        let event_day = event.days();
        let mut user = index.find("events", full(&events, "events", USER)?)?;
        let (end_day, end_at) = match self.until {
            Some(until) => (day_of(until), event.at(until)),
            None => {
                let last = event_day.iter().chain(&signup_day).max().copied();
                let end = last.map_or(0, |day| day + 1);
                (end, event.at(date(end).and_time(NaiveTime::MIN)))
            }
        };
        if self.until.is_some() {
            for (user, at) in user.iter_mut().zip(event.micros.iter()) {
                if *at >= end_at {
                    *user = NOBODY;
                }
            }
        }
        // A calendar day that observation ends within was not observed to its end.
        Ok(Tracks {
            signup_day,
            signup_at: signup.micros,
            user,
            event_day,
            event_at: event.micros,
            end_day,
            end_at,
        })
    }

    /// The cohort matrix: who of those that signed up together is active how many periods later.
    ///
    /// Reads `users` and `events` as the [module](self) says. Returns one row per cohort and period:
    /// `cohort` (Date, its first day), `period` (i64, from 0), `size` (i64: users of the cohort),
    /// `eligible` (i64: observed to the end of the period; with calendar periods all, or in a period in
    /// progress all so far), `active` (i64, of the eligible), `base` (i64: what `active` is divided by),
    /// `rate`, `low`, `high` (f64; 95 % Wilson, null where the base is another period's activity, of
    /// which this one's is no part), `in_progress` (bool: observation ends within the period), `warning`
    /// (text, where fewer than 30 are eligible), by cohort and period. Every cohort has a row for every
    /// period that some cohort has; what was not observed is null.
    ///
    /// # Errors
    /// As [`day_n`](Retention::day_n); a matrix of more than 20 million cells.
    ///
    /// ```
    /// use casebook::metrics::retention::{Base, Retention};
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let users = warehouse::files::read("data/samples/users.csv")?;
    /// let matrix = Retention::default().base(Base::Previous).cohorts(&users, &events, Period::Week)?;
    /// assert_eq!(matrix.column("base")?.i64()?.get(0), None); // nothing is before period 0
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn cohorts(
        &self,
        users: &dyn Source,
        events: &dyn Source,
        period: Period,
    ) -> Result<DataFrame> {
        let tracks = self.tracks(users, events)?;
        let people = tracks.signup_day.len();
        let (Some(first), Some(last)) =
            (tracks.signup_day.iter().min().copied(), tracks.signup_day.iter().max().copied())
        else {
            return matrix(&[]);
        };
        let last_event = tracks.event_day.iter().max().copied().unwrap_or(last);
        let span = Numbers::new(
            period,
            first.min(tracks.event_day.iter().min().copied().unwrap_or(first)),
            last.max(last_event).max(tracks.end_day),
        );
        let cohort: Vec<i32> = tracks.signup_day.iter().map(|day| span.of(*day)).collect();
        let (from, to) = (span.of(first), span.of(last));
        // The last period that began before observation ended.
        let end = tracks.end_day;
        let partly = self.until.is_some_and(|until| until.num_seconds_from_midnight() != 0);
        let last_day = if partly { end } else { end - 1 };
        let last_period = period.of(last_day);
        let length = period.days() * DAY;
        let width = match self.clock {
            Clock::Calendar => i64::from(last_period - from) + 1,
            Clock::Hours24 => tracks
                .signup_at
                .iter()
                .min()
                .map_or(0, |at| (tracks.end_at - at + length - 1).div_euclid(length)),
        }
        .max(0);
        let height = i64::from(to - from) + 1;
        if width.saturating_mul(height) > MOST_CELLS {
            let value = format!("{period}, which makes {height} cohorts of {width} periods");
            let accepted = format!("a longer one: at most {MOST_CELLS} cells");
            return Err(Error::config("period", value, accepted));
        }

        // Which periods each user was active in, counted from the user's own.
        let numbers: Vec<i32> = tracks
            .user
            .iter()
            .enumerate()
            .map(|(row, user)| {
                if *user == NOBODY {
                    return -1;
                }
                let user = *user as usize;
                if tracks.event_at[row] < tracks.signup_at[user] {
                    return -1;
                }
                match self.clock {
                    Clock::Calendar => span.of(tracks.event_day[row]) - cohort[user],
                    Clock::Hours24 => {
                        let since = tracks.event_at[row] - tracks.signup_at[user];
                        i32::try_from(since.div_euclid(length)).unwrap_or(-1)
                    }
                }
            })
            .collect();
        let codes: Vec<u32> = tracks
            .user
            .iter()
            .zip(&numbers)
            .map(|(user, number)| if *number < 0 { NOBODY } else { *user })
            .collect();
        let active: Grouped<i32> = distinct(&codes, people, &numbers);

        let (width, height) = (width as usize, height as usize);
        let mut cells = vec![Cell::default(); width * height];
        let mut size = vec![0_i64; height];
        for user in (0..people).filter(|user| tracks.signup_at[*user] < tracks.end_at) {
            let row = (cohort[user] - from) as usize;
            size[row] += 1;
            let (complete, begun) = match self.clock {
                // The periods whose last day is observed.
                Clock::Calendar => {
                    let begun = i64::from(last_period - cohort[user]) + 1;
                    let over = !partly && period.start(last_period + 1) <= end;
                    (begun - i64::from(!over), begun)
                }
                Clock::Hours24 => {
                    let observed = tracks.end_at - tracks.signup_at[user];
                    (observed.div_euclid(length), (observed + length - 1).div_euclid(length))
                }
            };
            let (complete, begun) =
                (complete.clamp(0, width as i64) as usize, begun.clamp(0, width as i64) as usize);
            let row = &mut cells[row * width..(row + 1) * width];
            for cell in &mut row[..complete] {
                cell.eligible += 1;
            }
            for cell in &mut row[complete.min(begun)..begun] {
                cell.begun += 1;
            }
            let mine = &active.items[active.starts[user]..active.starts[user + 1]];
            for number in mine.iter().map(|number| *number as usize).filter(|n| *n < begun) {
                if number < complete {
                    row[number].active += 1;
                } else {
                    row[number].active_so_far += 1;
                }
            }
        }
        let rows: Vec<Row> = (0..height)
            .filter(|row| size[*row] > 0)
            .flat_map(|row| {
                let start = period.start(from + row as i32);
                let cells = &cells[row * width..(row + 1) * width];
                let size = size[row];
                (0..width).map(move |period| (start, period, size, cells))
            })
            .map(|(cohort, period, size, cells)| {
                let values = |period: usize| cells[period].values(self.clock);
                let (eligible, active) = values(period);
                let base = match self.base {
                    Base::Cohort => eligible,
                    Base::Period0 => active.and(values(0).1),
                    Base::Previous if period == 0 => None,
                    Base::Previous => active.and(values(period - 1).1),
                };
                let in_progress = (eligible.is_some()).then(|| cells[period].begun > 0);
                Row { cohort, period: period as i64, size, eligible, active, base, in_progress }
            })
            .collect();
        let mut table = matrix(&rows)?;
        if self.base != Base::Cohort {
            for side in ["low", "high"] {
                table.with_column(Column::full_null(
                    side.into(),
                    rows.len(),
                    &DataType::Float64,
                ))?;
            }
        }
        Ok(table)
    }
}

/// A bit for each span that holds the day.
fn bits_of(day: u32, spans: &[(u32, u32)], words: usize) -> Vec<u64> {
    let mut bits = vec![0; words];
    for (place, (from, to)) in spans.iter().enumerate() {
        if *from <= day && day <= *to {
            bits[place / 64] |= 1 << (place % 64);
        }
    }
    bits
}

#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    /// Users whose period is over, and who of them was active.
    eligible: i64,
    active: i64,
    /// Users whose period has begun and is not over, and who of them was active so far.
    begun: i64,
    active_so_far: i64,
}

impl Cell {
    /// Eligible and active. A calendar period in progress is shown as it stands; a period that is over
    /// for some users and not for others counts those for whom it is.
    fn values(&self, clock: Clock) -> (Option<i64>, Option<i64>) {
        match clock {
            Clock::Calendar if self.eligible == 0 && self.begun > 0 => {
                (Some(self.begun), Some(self.active_so_far))
            }
            _ if self.eligible > 0 => (Some(self.eligible), Some(self.active)),
            _ => (None, None),
        }
    }
}

struct Row {
    cohort: i32,
    period: i64,
    size: i64,
    eligible: Option<i64>,
    active: Option<i64>,
    base: Option<i64>,
    in_progress: Option<bool>,
}

fn matrix(rows: &[Row]) -> Result<DataFrame> {
    let eligible: Vec<Option<i64>> = rows.iter().map(|row| row.eligible).collect();
    let active: Vec<Option<i64>> = rows.iter().map(|row| row.active).collect();
    let base: Vec<Option<i64>> = rows.iter().map(|row| row.base).collect();
    let progress: Vec<Option<bool>> = rows.iter().map(|row| row.in_progress).collect();
    let mut columns = vec![
        dates("cohort", rows.iter().map(|row| row.cohort).collect())?,
        Column::new("period".into(), rows.iter().map(|row| row.period).collect::<Vec<_>>()),
        Column::new("size".into(), rows.iter().map(|row| row.size).collect::<Vec<_>>()),
        Column::new("eligible".into(), &eligible),
        Column::new("active".into(), &active),
        Column::new("base".into(), &base),
    ];
    columns.extend(share_columns(["rate", "low", "high"], &active, &base));
    columns.push(Column::new("in_progress".into(), progress));
    columns.push(warnings(&eligible, "users"));
    Ok(DataFrame::new_infer_height(columns)?)
}

fn finish(table: &mut DataFrame, retained: &[Option<i64>], eligible: &[Option<i64>]) -> Result<()> {
    for column in share_columns(["rate", "low", "high"], retained, eligible) {
        table.with_column(column)?;
    }
    table.with_column(warnings(eligible, "users"))?;
    Ok(())
}

/// The average retention curve over cohorts. Periods in progress are left out.
///
/// `cohorts`: as from [`Retention::cohorts`], divided by cohorts ([`Base::Cohort`]). Returns one row per
/// period: `period` (i64), `cohorts`, `eligible`, `active` (i64), `rate`, `low`, `high` (f64, 95 %:
/// Wilson if weighted by size; for a simple average the normal interval of a mean of shares), `warning`.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn).
///
/// ```
/// use casebook::metrics::retention::Weight;
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let users = warehouse::files::read("data/samples/users.csv")?;
/// let matrix = retention::cohorts(&users, &events, Period::Month)?;
/// let curve = retention::curve(&matrix, Weight::Size)?;
/// assert!(curve.height() <= matrix.height());
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn curve(cohorts: &DataFrame, weight: Weight) -> Result<DataFrame> {
    require(cohorts, "cohorts", &["period", "eligible", "active", "in_progress"])?;
    let over = cohorts
        .clone()
        .lazy()
        .filter(col("eligible").is_not_null().and(col("in_progress").not()))
        .sort(["period"], SortMultipleOptions::default())
        .select([col("period"), col("eligible"), col("active")])
        .collect()?;
    let column = |name: &str| -> Result<Vec<i64>> {
        Ok(over.column(name)?.i64()?.into_no_null_iter().collect())
    };
    let (period, eligible, active) = (column("period")?, column("eligible")?, column("active")?);
    let mut groups: std::collections::BTreeMap<i64, Vec<(i64, i64)>> = Default::default();
    for row in 0..period.len() {
        groups.entry(period[row]).or_default().push((active[row], eligible[row]));
    }
    let sum = |pick: fn(&(i64, i64)) -> i64| -> Vec<Option<i64>> {
        groups.values().map(|cells| Some(cells.iter().map(pick).sum())).collect()
    };
    let (active, eligible) = (sum(|cell| cell.0), sum(|cell| cell.1));
    let mut table = df!(
        "period" => groups.keys().copied().collect::<Vec<_>>(),
        "cohorts" => groups.values().map(|cells| cells.len() as i64).collect::<Vec<_>>(),
        "eligible" => &eligible,
        "active" => &active,
    )?;
    finish(&mut table, &active, &eligible)?;
    if weight == Weight::Simple {
        let means: Vec<(f64, f64)> = groups.values().map(|cells| simple(cells)).collect();
        let z = super::interval::Z95;
        let of = |pick: &dyn Fn(&(f64, f64)) -> f64| means.iter().map(pick).collect::<Vec<f64>>();
        table.with_column(Column::new("rate".into(), of(&|mean| mean.0)))?;
        table.with_column(Column::new("low".into(), of(&|mean| (mean.0 - z * mean.1).max(0.0))))?;
        table
            .with_column(Column::new("high".into(), of(&|mean| (mean.0 + z * mean.1).min(1.0))))?;
    }
    Ok(table)
}

/// The mean of shares, and its standard error.
fn simple(cells: &[(i64, i64)]) -> (f64, f64) {
    let n = cells.len() as f64;
    let rate = |cell: &(i64, i64)| cell.0 as f64 / cell.1 as f64;
    let variance: f64 =
        cells.iter().map(|cell| rate(cell) * (1.0 - rate(cell)) / cell.1 as f64).sum();
    (cells.iter().map(rate).sum::<f64>() / n, variance.sqrt() / n)
}
