//! Users, and the events that count for each of them.

use polars::prelude::*;
use rayon::prelude::*;

use super::{Bounds, Events, Micros, NOBODY, Users, Window};
use crate::error::Result;

/// An hour in microseconds.
pub(crate) const HOUR: i64 = 3_600_000_000;

/// What every metric that counts from a user's start needs.
pub(crate) struct Observed {
    pub users: Users,
    pub events: Events,
    /// When each user started, and on which day.
    pub start: Micros,
    pub start_day: Vec<i32>,
    /// The user of each event that counts: in the window, of a user who started in it, and not before that start.
    pub user: Vec<u32>,
    pub bounds: Bounds,
    /// Whether a start or an event is only known to its day.
    by_day: bool,
}

impl Observed {
    pub fn new(users: Users, events: Events, window: Window) -> Result<Observed> {
        let start = users.starts(&events)?;
        let by_day = start.are_days() || events.moments().are_days();
        let start_day = start.days();
        let start = start.micros;
        // The data say when observation ended, if nobody does.
        let range = window.end().is_none().then(|| {
            let days = || start_day.iter().chain(events.days()).copied();
            days().min().zip(days().max())
        });
        let bounds = window.bounds(events.moments(), range.flatten());
        let mut user = events.rows_in(&users)?;
        let (at, days) = (&events.moments().micros, events.days());
        user.par_iter_mut().enumerate().for_each(|(row, user)| {
            let Some(started) = start.get(*user as usize) else { return };
            let early = match by_day {
                true => days[row] < start_day[*user as usize],
                false => at[row] < *started,
            };
            if early || !bounds.contains(at[row]) || !started_within(&bounds, *started) {
                *user = NOBODY;
            }
        });
        Ok(Observed { users, start, start_day, user, bounds, by_day, events })
    }

    /// Returns how many users there are, counted or not.
    pub fn people(&self) -> usize {
        self.start_day.len()
    }

    /// Returns the column of users.
    pub fn ids(&self) -> Result<&Column> {
        self.users.ids()
    }

    /// Tells whether a user started in the window.
    pub fn started(&self, user: usize) -> bool {
        started_within(&self.bounds, self.start[user])
    }

    /// Tells whether a user started in the window and was observed for this many days.
    pub fn eligible(&self, user: usize, days: u32) -> bool {
        self.started(user) && self.day(user, days) <= i64::from(self.bounds.until_day)
    }

    /// Returns the first and the last day on which a user started or anything happened.
    pub fn day_range(&self) -> Option<(i32, i32)> {
        let days = || self.start_day.iter().chain(self.events.days()).copied();
        days().min().zip(days().max())
    }

    /// Returns the day this many days after a user's start.
    pub fn day(&self, user: usize, days: u32) -> i64 {
        i64::from(self.start_day[user]) + i64::from(days)
    }

    /// Returns when an event that counts for a user happened. If only its day is known, it may seem earlier than the
    /// start.
    pub fn at(&self, row: usize, user: usize) -> i64 {
        self.events.moments().micros[row].max(self.start[user])
    }

    /// Tells whether a moment on a day lies within this many hours of a user's start, or within the days that they
    /// cover.
    pub fn within_hours(&self, user: usize, at: i64, day: i32, hours: u32) -> bool {
        match self.by_day {
            true => i64::from(day) < self.day(user, hours.div_ceil(24)),
            false => at < self.start[user].saturating_add(i64::from(hours).saturating_mul(HOUR)),
        }
    }

    /// Returns the events that count: their rows and their users.
    pub fn rows(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let counted =
            |(row, user): (usize, &u32)| (*user != NOBODY).then_some((row, *user as usize));
        self.user.iter().enumerate().filter_map(counted)
    }
}

fn started_within(bounds: &Bounds, start: i64) -> bool {
    (bounds.from..bounds.end).contains(&start)
}
