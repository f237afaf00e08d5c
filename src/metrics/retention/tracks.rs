//! Users and their events, timed from each user's start on the clock asked for.

use crate::error::Result;
use crate::events::{DAY, EventSource, Observed, UserSource, Window};

/// What a day is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clock {
    /// Midnight to midnight; day 0 is the day of sign-up.
    #[default]
    Calendar,
    /// 24 hours from each user's own sign-up. A week is 7 of them, a month 30.
    Hours24,
}

/// Users and events as every retention metric needs them.
pub(super) struct Tracks {
    pub seen: Observed,
    clock: Clock,
}

impl Tracks {
    pub fn new(
        users: &dyn UserSource,
        events: &dyn EventSource,
        window: Window,
        clock: Clock,
    ) -> Result<Tracks> {
        let seen = Observed::new(users.started(&[])?, events.events(&[])?, window)?;
        Ok(Tracks { seen, clock })
    }

    /// Returns each event's day.
    pub fn event_days(&self) -> &[i32] {
        self.seen.events.days()
    }

    /// Returns how long after its user's start an event was, in microseconds.
    pub fn since(&self, row: usize, user: usize) -> i64 {
        self.seen.at(row, user) - self.seen.start[user]
    }

    /// Returns how many days after the start an event was.
    pub fn day_since(&self, row: usize, user: usize) -> i64 {
        match self.clock {
            Clock::Calendar => i64::from(self.event_days()[row] - self.seen.start_day[user]),
            Clock::Hours24 => self.since(row, user).div_euclid(DAY),
        }
    }

    /// Returns for how long a user was observed, in microseconds.
    pub fn time_observed(&self, user: usize) -> i64 {
        self.seen.bounds.end - self.seen.start[user]
    }

    /// Returns for how many whole days a user was observed; none if the start was not observed.
    pub fn days_observed(&self, user: usize) -> i64 {
        match self.clock {
            _ if !self.seen.started(user) => 0,
            Clock::Calendar => i64::from(self.seen.bounds.until_day - self.seen.start_day[user]),
            Clock::Hours24 => self.time_observed(user).div_euclid(DAY),
        }
    }
}
