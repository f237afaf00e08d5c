//! Calendar periods: days, weeks that start on Monday, months.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};

use crate::error::{Error, Result};

/// A calendar period.
///
/// ```
/// use casebook::metrics::Period;
///
/// assert_eq!("week".parse::<Period>()?, Period::Week);
/// # Ok::<(), casebook::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Period {
    /// Midnight to midnight.
    Day,
    /// Monday to Sunday.
    Week,
    /// A calendar month.
    #[default]
    Month,
}

/// 1970-01-01, counted from 0001-01-01 as chrono does.
const EPOCH: i32 = 719_163;
/// 1970-01-01 was a Thursday: the Monday before it starts week 0.
const MONDAY: i32 = -3;

/// Returns the date of a day counted from 1970-01-01.
pub(crate) fn date(day: i32) -> NaiveDate {
    NaiveDate::from_num_days_from_ce_opt(day.saturating_add(EPOCH)).unwrap_or_default()
}

/// Returns the day of a date, counted from 1970-01-01.
pub(crate) fn day(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - EPOCH
}

impl Period {
    /// Returns the number of the period that contains a day (days counted from 1970-01-01). Consecutive periods have
    /// consecutive numbers.
    pub(crate) fn of(self, day: i32) -> i32 {
        match self {
            Period::Day => day,
            Period::Week => (day - MONDAY).div_euclid(7),
            Period::Month => {
                let date = date(day);
                12 * date.year() + date.month0() as i32
            }
        }
    }

    /// Returns the first day of a period.
    pub(crate) fn start(self, number: i32) -> i32 {
        match self {
            Period::Day => number,
            Period::Week => 7 * number + MONDAY,
            Period::Month => {
                let (year, month0) = (number.div_euclid(12), number.rem_euclid(12) as u32);
                NaiveDate::from_ymd_opt(year, month0 + 1, 1).map(day).unwrap_or_default()
            }
        }
    }

    /// Returns its length in days when periods are counted from each user's own start: 1, 7 or 30.
    pub(crate) fn days(self) -> i64 {
        match self {
            Period::Day => 1,
            Period::Week => 7,
            Period::Month => 30,
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Period::Day => "day",
            Period::Week => "week",
            Period::Month => "month",
        })
    }
}

impl FromStr for Period {
    type Err = Error;

    fn from_str(text: &str) -> Result<Period> {
        match text {
            "day" => Ok(Period::Day),
            "week" => Ok(Period::Week),
            "month" => Ok(Period::Month),
            _ => Err(Error::config("period", format!("\"{text}\""), "day, week or month")),
        }
    }
}

/// Period numbers by table: one calendar computation per day, not per event.
pub(crate) struct Numbers {
    first: i32,
    of: Vec<i32>,
}

impl Numbers {
    pub fn new(period: Period, first: i32, last: i32) -> Numbers {
        Numbers { first, of: (first..=last).map(|day| period.of(day)).collect() }
    }

    pub fn of(&self, day: i32) -> i32 {
        self.of[(day - self.first) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn leap_day_year_end_and_mondays() {
        let at = |y, m, d| day(NaiveDate::from_ymd_opt(y, m, d).unwrap());
        assert_eq!(Period::Month.of(at(2024, 2, 29)) + 1, Period::Month.of(at(2024, 3, 1)));
        assert_eq!(Period::Month.of(at(2023, 12, 31)) + 1, Period::Month.of(at(2024, 1, 1)));
        assert_eq!(Period::Week.of(at(2024, 12, 30)), Period::Week.of(at(2025, 1, 5)));
        assert_eq!(Period::Week.start(Period::Week.of(at(2025, 1, 5))), at(2024, 12, 30));
    }

    proptest! {
        #[test]
        fn a_day_lies_in_its_period(day in -700_000..2_900_000_i32) {
            for period in [Period::Day, Period::Week, Period::Month] {
                let number = period.of(day);
                prop_assert!(period.start(number) <= day && day < period.start(number + 1));
            }
        }
    }
}
