//! When things happen: calendar months and moments inside them.
//!
//! Time is UTC throughout, in whole seconds. Frames hold it as polars `Datetime` in microseconds
//! without a time zone, months as `Date` (their first day).

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

const SECONDS_A_DAY: i64 = 86_400;

/// A calendar month, such as 2021-01.
///
/// ```
/// use casebook::cases::clock::Month;
///
/// let january: Month = "2021-01".parse()?;
/// assert_eq!(january.plus(13).to_string(), "2022-02");
/// assert_eq!(january.plus(1).days(), 28);
/// # Ok::<(), casebook::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Month {
    /// The year, 1900 to 2200.
    pub year: i32,
    /// The month of the year, 1 to 12.
    pub month: u32,
}

impl Month {
    /// Checks that both parts are in range.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig), naming the part.
    pub fn validate(self) -> Result<()> {
        if !(1900..=2200).contains(&self.year) {
            return Err(Error::config("start.year", self.year, "1900 to 2200"));
        }
        if !(1..=12).contains(&self.month) {
            return Err(Error::config("start.month", self.month, "1 to 12"));
        }
        Ok(())
    }

    /// Returns the month `n` months later.
    pub fn plus(self, n: u32) -> Month {
        let index = i64::from(self.year) * 12 + i64::from(self.month) - 1 + i64::from(n);
        // Both parts fit: a valid year plus u32::MAX months is below i32::MAX, a remainder below 12.
        Month { year: index.div_euclid(12) as i32, month: index.rem_euclid(12) as u32 + 1 }
    }

    /// Returns how many days it has.
    pub fn days(self) -> u32 {
        let leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        match self.month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    /// Returns the days from 1970-01-01 to its first day: polars' `Date`.
    pub fn first_day(self) -> i32 {
        let epoch = NaiveDate::default().num_days_from_ce();
        // chrono cannot fail on a validated month; one far outside clamps instead of panicking.
        NaiveDate::from_ymd_opt(self.year, self.month, 1)
            .map_or(i32::MAX, |day| day.num_days_from_ce() - epoch)
    }

    /// Returns its first moment, in seconds since 1970-01-01.
    pub fn first_second(self) -> i64 {
        i64::from(self.first_day()) * SECONDS_A_DAY
    }

    /// Returns its first moment, as metrics take it.
    pub fn midnight(self) -> NaiveDateTime {
        // chrono reaches far beyond the years of a validated month.
        DateTime::from_timestamp(self.first_second(), 0).unwrap_or_default().naive_utc()
    }

    /// Returns how many seconds it has.
    pub fn seconds(self) -> i64 {
        i64::from(self.days()) * SECONDS_A_DAY
    }

    /// Draws a moment in it, each second equally likely, in seconds since 1970-01-01.
    pub fn random_second(self, rng: &mut impl rand::Rng) -> i64 {
        self.first_second() + rng.random_range(0..self.seconds())
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = Error;

    fn from_str(text: &str) -> Result<Month> {
        let parsed = text.split_once('-').and_then(|(year, month)| {
            Some(Month { year: year.parse().ok()?, month: month.parse().ok()? })
        });
        let month = parsed.ok_or_else(|| {
            Error::config("start", format!("\"{text}\""), "a month as YYYY-MM, such as 2021-01")
        })?;
        month.validate()?;
        Ok(month)
    }
}

/// A calendar day, such as 2024-01-31, as a configuration holds it.
///
/// ```
/// use casebook::cases::clock::Day;
///
/// let day: Day = "2024-01-31".parse()?;
/// assert_eq!(day.to_string(), "2024-01-31");
/// assert!("2024-02-30".parse::<Day>().is_err());
/// # Ok::<(), casebook::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(NaiveDate);

impl Day {
    /// Returns the days from 1970-01-01: polars' `Date`.
    pub fn number(self) -> i32 {
        self.0.num_days_from_ce() - NaiveDate::default().num_days_from_ce()
    }

    /// Returns its first moment, as metrics take it.
    pub fn midnight(self) -> NaiveDateTime {
        self.0.into()
    }
}

impl From<NaiveDate> for Day {
    fn from(date: NaiveDate) -> Day {
        Day(date)
    }
}

impl From<Day> for NaiveDate {
    fn from(day: Day) -> NaiveDate {
        day.0
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Day {
    type Err = Error;

    fn from_str(text: &str) -> Result<Day> {
        let known = NaiveDate::from_str(text).ok();
        known.filter(|date| (1900..=2200).contains(&date.year())).map(Day).ok_or_else(|| {
            let accepted = "a day as YYYY-MM-DD, such as 2024-01-31, from 1900 to 2200";
            Error::config("start", format!("\"{text}\""), accepted)
        })
    }
}

impl TryFrom<String> for Day {
    type Error = Error;

    fn try_from(text: String) -> Result<Day> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> String {
        day.to_string()
    }
}

/// Moves a day's sessions (second, length and anything else) by as little as needed so that they follow each other:
/// each begins when the one before is over, and the last ends before midnight. Sessions that don't fit into the day are
/// left out.
pub(super) fn one_after_the_other<T: Ord>(sessions: &mut Vec<(i64, i64, T)>) {
    const PAUSE: i64 = 60;
    sessions.sort_unstable();
    let mut free = 0;
    for (start, length, _) in sessions.iter_mut() {
        *start = (*start).max(free);
        free = *start + *length + PAUSE;
    }
    let mut end = SECONDS_A_DAY - 1;
    for (start, length, _) in sessions.iter_mut().rev() {
        *start = (*start).min(end - *length);
        end = *start - PAUSE;
    }
    sessions.retain(|(start, _, _)| *start >= 0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::stream;

    #[test]
    fn months_follow_each_other() {
        let mut month = Month { year: 1999, month: 11 };
        for _ in 0..600 {
            let next = month.plus(1);
            assert_eq!(next.first_second(), month.first_second() + month.seconds(), "{month}");
            month = next;
        }
    }

    #[test]
    fn random_moments_reach_both_ends_and_stay_inside() {
        let february = Month { year: 2024, month: 2 };
        let mut rng = stream(1, "clock", 1);
        let drawn: Vec<i64> = (0..20_000).map(|_| february.random_second(&mut rng)).collect();
        let (first, end) = (february.first_second(), february.plus(1).first_second());
        assert!(drawn.iter().all(|second| (first..end).contains(second)));
        let days: std::collections::BTreeSet<i64> =
            drawn.iter().map(|second| (second - first) / SECONDS_A_DAY).collect();
        assert_eq!(days.len(), 29, "a day of the month was never drawn");
    }

    #[test]
    fn sessions_follow_each_other_within_the_day() {
        let mut sessions =
            vec![(86_000, 600, 'c'), (100, 500, 'a'), (300, 200, 'b'), (86_100, 200, 'd')];
        one_after_the_other(&mut sessions);
        let expected = [(100, 500, 'a'), (660, 200, 'b'), (85_539, 600, 'c'), (86_199, 200, 'd')];
        assert_eq!(sessions, expected);
        let mut full = vec![(0, 50_000, 1), (10, 50_000, 2)];
        one_after_the_other(&mut full);
        assert_eq!(full, [(36_399, 50_000, 2)]);
    }

    #[test]
    fn bad_months_are_named() {
        for text in ["", "2021", "2021-13", "2021-00", "1021-01", "x-1"] {
            assert!(text.parse::<Month>().is_err(), "{text}");
        }
        assert_eq!(
            "2021-13".parse::<Month>().unwrap_err().to_string(),
            "`start.month` is 13; accepted: 1 to 12"
        );
    }
}
