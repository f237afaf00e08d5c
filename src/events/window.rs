//! What was observed.

use std::fmt;
use std::ops::Range;

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::moments::{DAY, Moments};
use crate::error::{Error, Result};
use crate::events::period::{date, day};

/// The time that was observed, on the clock of the data: from a first moment up to, but not including, an end.
///
/// A date stands for its midnight, so `Window::new(first_of_january, first_of_february)` is January. An end left open
/// is taken from the data: the first or the last day with an event, each counted as complete.
///
/// ```
/// use casebook::events::Window;
/// use chrono::NaiveDate;
///
/// let day = |month| NaiveDate::from_ymd_opt(2024, month, 1).unwrap_or_default();
/// let january = Window::new(day(1), day(2))?;
/// assert_eq!(january.to_string(), "2024-01-01 to before 2024-02-01");
/// let message = Window::new(day(2), day(1)).unwrap_err().to_string();
/// assert!(message.contains("an end after the start"));
/// # Ok::<(), casebook::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    from: Option<NaiveDateTime>,
    until: Option<NaiveDateTime>,
}

impl Window {
    /// Observes from one moment up to, but not including, another.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for an end before the start.
    pub fn new(from: impl Into<NaiveDateTime>, until: impl Into<NaiveDateTime>) -> Result<Window> {
        let window = Window { from: Some(from.into()), until: Some(until.into()) };
        if window.from > window.until {
            return Err(Error::config("window", window, "an end after the start"));
        }
        Ok(window)
    }

    /// Observes from a moment to the end of the data.
    pub fn from(from: impl Into<NaiveDateTime>) -> Window {
        Window { from: Some(from.into()), until: None }
    }

    /// Observes from the beginning of the data up to, but not including, a moment.
    pub fn until(until: impl Into<NaiveDateTime>) -> Window {
        Window { from: None, until: Some(until.into()) }
    }

    /// Observes the last `days` days before a day: `Window::last_days(28, day)` for L28.
    pub fn last_days(days: u32, until: NaiveDate) -> Window {
        let from = until.checked_sub_days(Days::new(days.into())).unwrap_or(NaiveDate::MIN);
        Window { from: Some(from.into()), until: Some(until.into()) }
    }

    /// Returns the first moment observed, if it is given.
    pub fn start(&self) -> Option<NaiveDateTime> {
        self.from
    }

    /// Returns the first moment no longer observed, if it is given.
    pub fn end(&self) -> Option<NaiveDateTime> {
        self.until
    }

    /// Returns the window in calendar time, for data with `days` as the first and the last day. Nothing if it is open
    /// and there are no data to close it.
    pub(crate) fn calendar_range(
        &self,
        moments: &Moments,
        days: Option<(i32, i32)>,
    ) -> Option<Range<i64>> {
        let time = |wall: NaiveDateTime| moments.calendar_time_of(moments.at(wall));
        let start = self.from.map(time).or(days.map(|(first, _)| i64::from(first) * DAY));
        let end = self.until.map(time).or(days.map(|(_, last)| (i64::from(last) + 1) * DAY));
        Some(start?..end?)
    }

    /// Returns the window on the calendar of the data; `days` are all days with an event or a start.
    pub(crate) fn bounds(&self, moments: &Moments, days: Option<(i32, i32)>) -> Bounds {
        let start = self.from.or(days.map(|(first, _)| date(first).and_time(NaiveTime::MIN)));
        let start = start.unwrap_or_default();
        let end = self.until.or(days.map(|(_, last)| date(last + 1).and_time(NaiveTime::MIN)));
        let end = end.unwrap_or(start);
        let midnight = |moment: NaiveDateTime| moment.time() == NaiveTime::MIN;
        Bounds {
            from_day: day(start.date()) + i32::from(!midnight(start)),
            until_day: day(end.date()),
            last_day: day(end.checked_sub_signed(TimeDelta::nanoseconds(1)).unwrap_or(end).date()),
            from: if self.from.is_some() { moments.at(start) } else { i64::MIN },
            until: if self.until.is_some() { moments.at(end) } else { i64::MAX },
            end: moments.at(end),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |moment: NaiveDateTime| match moment.time() {
            NaiveTime::MIN => moment.date().to_string(),
            _ => moment.to_string(),
        };
        match self.from {
            Some(from) => f.write_str(&shown(from))?,
            None => f.write_str("the first day of the data")?,
        }
        match self.until {
            Some(until) => write!(f, " to before {}", shown(until)),
            None => f.write_str(" to the last day of the data"),
        }
    }
}

/// A [`Window`] on the calendar of the data at hand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// The first day observed from its beginning.
    pub from_day: i32,
    /// The first day not observed to its end.
    pub until_day: i32,
    /// The last day on which anything was observed.
    pub last_day: i32,
    /// The first microsecond observed; the lowest number if all of the past is.
    pub from: i64,
    /// The first microsecond no longer observed; the highest number if the data end it.
    pub until: i64,
    /// The same, but the end of the data's last day if the data end the window.
    pub end: i64,
}

impl Bounds {
    /// Tells whether a moment was observed.
    pub fn contains(&self, at: i64) -> bool {
        (self.from..self.until).contains(&at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_within_a_day_leaves_that_day_incomplete() {
        let day = |n| NaiveDate::from_ymd_opt(2024, 3, n).unwrap();
        let moments = Moments::utc(vec![]);
        let whole = Window::new(day(1), day(3)).unwrap().bounds(&moments, None);
        assert_eq!(whole.until_day - whole.from_day, 2);
        assert_eq!(whole.last_day, whole.until_day - 1);
        let noon = day(3).and_hms_opt(12, 0, 0).unwrap();
        let partly = Window::new(day(1), noon).unwrap().bounds(&moments, None);
        assert_eq!(partly.until_day, whole.until_day);
        assert_eq!(partly.last_day, whole.until_day);
        let late = Window::new(noon - TimeDelta::days(2), day(3)).unwrap().bounds(&moments, None);
        assert_eq!(late.from_day, whole.from_day + 1);
    }
}
