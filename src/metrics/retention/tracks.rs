//! Users and their events, counted from each user's start.

use polars::prelude::*;
use rayon::prelude::*;

use super::{Clock, Retention};
use crate::error::Result;
use crate::events::{Bounds, DAY, EventSource, Events, Moments, NOBODY, UserSource, Users};

/// What every question about retention starts from.
pub(super) struct Tracks {
    users: Users,
    events: Events,
    /// When each user started, and on which day.
    pub start: Moments,
    pub start_day: Vec<i32>,
    /// The user of each event that counts: observed, and not before its user's start.
    pub user: Vec<u32>,
    pub bounds: Bounds,
    clock: Clock,
}

impl Tracks {
    pub fn new(
        how: &Retention,
        users: &dyn UserSource,
        events: &dyn EventSource,
    ) -> Result<Tracks> {
        let (users, events) = (users.started(&[])?, events.events(&[])?);
        let start = users.starts(&events)?;
        let start_day = start.days();
        let mut user = events.rows_in(&users)?;
        let last = start_day.iter().chain(events.days()).max().copied();
        let first = start_day.iter().chain(events.days()).min().copied();
        let bounds = how.window.bounds(events.moments(), first.zip(last));
        // Where only the days are known, the day of the start counts.
        let by_day = start.are_days() || events.moments().are_days();
        let (at, days) = (&events.moments().micros, events.days());
        user.par_iter_mut().enumerate().for_each(|(row, user)| {
            let Some(started) = start.micros.get(*user as usize) else { return };
            let early = match by_day {
                true => days[row] < start_day[*user as usize],
                false => at[row] < *started,
            };
            if early || !bounds.contains(at[row]) {
                *user = NOBODY;
            }
        });
        Ok(Tracks { users, start, start_day, user, bounds, clock: how.clock, events })
    }

    /// How many users there are, counted or not.
    pub fn people(&self) -> usize {
        self.start_day.len()
    }

    /// The column of users.
    pub fn ids(&self) -> Result<&Column> {
        self.users.ids()
    }

    /// Whether a user started while observation went on.
    pub fn started_within(&self, user: usize) -> bool {
        let at = self.start.micros[user];
        at >= self.bounds.from && at < self.bounds.end
    }

    /// Each event's day.
    pub fn event_days(&self) -> &[i32] {
        self.events.days()
    }

    /// The first and the last day on which anything happened.
    pub fn day_range(&self) -> Option<(i32, i32)> {
        let days = || self.start_day.iter().chain(self.event_days()).copied();
        days().min().zip(days().max())
    }

    /// How long after its user's start an event was, in microseconds.
    pub fn since(&self, row: usize, user: usize) -> i64 {
        (self.events.moments().micros[row] - self.start.micros[user]).max(0)
    }

    /// How many days after the start an event was.
    pub fn day_since(&self, row: usize, user: usize) -> i64 {
        match self.clock {
            Clock::Calendar => i64::from(self.event_days()[row] - self.start_day[user]),
            Clock::Hours24 => self.since(row, user).div_euclid(DAY),
        }
    }

    /// For how many whole days a user was observed; none if the start was not.
    pub fn observed(&self, user: usize) -> i64 {
        if !self.started_within(user) {
            return 0;
        }
        match self.clock {
            Clock::Calendar => i64::from(self.bounds.until_day - self.start_day[user]),
            Clock::Hours24 => (self.bounds.end - self.start.micros[user]).div_euclid(DAY),
        }
    }

    /// Whether observation ends within a day.
    pub fn ends_within_a_day(&self) -> bool {
        self.bounds.last_day == self.bounds.until_day
    }
}
