//! Moments, and the calendar on which their days are counted.

use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone as _};
use chrono_tz::Tz;
use polars::prelude::*;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::period::date;
use crate::error::{Error, Result};
use crate::frame::full;

/// A day in microseconds.
pub(crate) const DAY: i64 = 86_400_000_000;

/// Microseconds since 1970-01-01 UTC; shares the column's memory if it already holds them.
#[derive(Clone)]
pub(crate) struct Micros(<Int64Type as PolarsDataType>::Array);

impl std::ops::Deref for Micros {
    type Target = [i64];

    #[inline]
    fn deref(&self) -> &[i64] {
        self.0.values()
    }
}

impl From<Vec<i64>> for Micros {
    fn from(values: Vec<i64>) -> Micros {
        Micros(<Int64Type as PolarsDataType>::Array::from_vec(values))
    }
}

/// Moments, and the time zone in which days are counted.
#[derive(Clone)]
pub(crate) struct Moments {
    pub micros: Micros,
    /// The zone in which days are counted; none means UTC.
    zone: Option<Tz>,
    /// The zone as the column names it.
    named: Option<TimeZone>,
    /// Whether the column holds dates: days without a time zone.
    dates: bool,
}

impl Moments {
    /// Reads a Date or Datetime column. Nanoseconds are truncated to microseconds.
    pub fn new(frame: &DataFrame, name: &'static str, column: &str) -> Result<Moments> {
        let found = full(frame, name, column)?;
        let zone = match found.dtype() {
            DataType::Date => None,
            DataType::Datetime(_, None) => None,
            DataType::Datetime(_, Some(zone)) => {
                let known = Tz::from_str(zone.as_str()).map_err(|_| {
                    Error::column(name, column, format!("has an unknown time zone, {zone}"))
                })?;
                (known != Tz::UTC).then_some(known)
            }
            other => {
                let problem = format!("is {other}; it must be a date or a datetime");
                return Err(Error::column(name, column, problem));
            }
        };
        let named = match found.dtype() {
            DataType::Datetime(_, named) => named.clone(),
            _ => None,
        };
        let series = found.as_materialized_series().to_physical_repr().cast(&DataType::Int64)?;
        let raw = series.i64()?.rechunk();
        let values: &[i64] = raw.downcast_as_array().values();
        let made = |of: fn(i64) -> i64| -> Micros {
            values.par_iter().map(|value| of(*value)).collect::<Vec<i64>>().into()
        };
        let micros = match found.dtype() {
            DataType::Date => made(|day| day.saturating_mul(DAY)),
            DataType::Datetime(TimeUnit::Milliseconds, _) => made(|ms| ms.saturating_mul(1_000)),
            DataType::Datetime(TimeUnit::Nanoseconds, _) => made(|ns| ns.div_euclid(1_000)),
            _ => Micros(raw.downcast_as_array().clone()),
        };
        // Beyond these years the calendar is of no use, and a table of days too long.
        const FIRST: i64 = -719_528 * DAY;
        const LAST: i64 = 2_932_897 * DAY;
        if micros.par_iter().any(|at| !(FIRST..LAST).contains(at)) {
            return Err(Error::column(name, column, "lies outside the years 0 to 9999"));
        }
        Ok(Moments { micros, zone, named, dates: found.dtype() == &DataType::Date })
    }

    /// Puts these moments on the calendar of others, called `whose` in errors. Dates become midnights; a different time
    /// zone is refused, because days would be counted on two calendars.
    pub fn beside(
        &self,
        others: &Moments,
        whose: &str,
        name: &'static str,
        column: &str,
    ) -> Result<Moments> {
        if self.zone == others.zone {
            return Ok(Moments { named: others.named.clone(), ..self.clone() });
        }
        if !self.dates {
            let shown = |zone: Option<Tz>| zone.map_or("UTC", |zone| zone.name());
            let problem = format!(
                "is in {} and {whose} in {}: give both the same time zone",
                shown(self.zone),
                shown(others.zone)
            );
            return Err(Error::column(name, column, problem));
        }
        let midnight = |at: &i64| {
            let day = DateTime::from_timestamp_micros(*at).unwrap_or_default();
            others.at(day.naive_utc())
        };
        Ok(Moments {
            micros: self.micros.iter().map(midnight).collect::<Vec<i64>>().into(),
            zone: others.zone,
            named: others.named.clone(),
            dates: self.dates,
        })
    }

    /// Creates moments in UTC.
    pub fn utc(micros: Vec<i64>) -> Moments {
        Moments { micros: micros.into(), zone: None, named: None, dates: false }
    }

    /// Returns the time zone in which days are counted.
    pub fn zone(&self) -> &str {
        self.zone.map_or("UTC", |zone| zone.name())
    }

    /// Tells whether these are dates, without a time of day.
    pub fn are_days(&self) -> bool {
        self.dates
    }

    /// Makes a column of moments in the same time zone, or without one if these have none.
    pub fn column(&self, name: &str, micros: Vec<Option<i64>>) -> Result<Column> {
        let dtype = DataType::Datetime(TimeUnit::Microseconds, self.named.clone());
        Ok(Column::new(name.into(), micros).cast(&dtype)?)
    }

    /// Makes a column as [`column`](Moments::column) does, of moments that are all known, without a copy.
    pub fn known(&self, name: &str, micros: Vec<i64>) -> Result<Column> {
        let dtype = DataType::Datetime(TimeUnit::Microseconds, self.named.clone());
        Ok(Int64Chunked::from_vec(name.into(), micros).into_column().cast(&dtype)?)
    }

    /// Returns the moment at which clocks in the data's time zone show this. If there are two, returns the earlier; a
    /// time that clocks skip is moved forward hour by hour, up to a day, because whole days have been skipped.
    pub fn at(&self, wall: NaiveDateTime) -> i64 {
        self.zone.map_or(wall.and_utc().timestamp_micros(), |zone| moment(zone, wall))
    }

    /// Returns these moments in calendar time: see [`calendar_time_of`](Moments::calendar_time_of).
    pub fn calendar_time(&self) -> Micros {
        let Some(zone) = self.zone else { return self.micros.clone() };
        let chunks = self.micros.par_chunks(65_536).flat_map_iter(|chunk| {
            let mut calendar = LocalCalendar::new(zone);
            chunk.iter().map(move |at| calendar.time(*at)).collect::<Vec<_>>()
        });
        chunks.collect::<Vec<_>>().into()
    }

    /// Returns a moment in calendar time: microseconds since 1970-01-01 on the zone's calendar, in which every day is
    /// equally long, even one of 23 or 25 hours. Anything counted in days is measured in it.
    pub fn calendar_time_of(&self, at: i64) -> i64 {
        self.zone.map_or(at, |zone| LocalCalendar::new(zone).time(at))
    }

    /// Returns the first and the last day of moments that are counted in UTC, where days follow moments: none in a time zone, whose clocks
    /// may fall back over midnight.
    pub fn utc_range(&self) -> Option<(i32, i32)> {
        let day = |at: Option<&i64>| Some(at?.div_euclid(DAY) as i32);
        if self.zone.is_some() {
            return None;
        }
        let of = || self.micros.par_iter();
        let (first, last) = rayon::join(|| of().min(), || of().max());
        day(first).zip(day(last))
    }

    /// Returns the calendar day of each moment in its time zone, counted from 1970-01-01.
    pub fn days(&self) -> Vec<i32> {
        let Some(zone) = self.zone else {
            return self.micros.par_iter().map(|at| at.div_euclid(DAY) as i32).collect();
        };
        self.micros
            .par_chunks(65_536)
            .flat_map_iter(|chunk| {
                let mut calendar = LocalCalendar::new(zone);
                chunk.iter().map(move |at| calendar.day(*at)).collect::<Vec<_>>()
            })
            .collect()
    }
}

/// Local days of one time zone. A UTC day without a change of the clock has one offset.
struct LocalCalendar {
    zone: Tz,
    offsets: FxHashMap<i64, Option<i64>>,
    /// When days begin and end.
    bounds: FxHashMap<i32, (i64, i64)>,
}

impl LocalCalendar {
    fn new(zone: Tz) -> LocalCalendar {
        LocalCalendar { zone, offsets: FxHashMap::default(), bounds: FxHashMap::default() }
    }

    fn time(&mut self, at: i64) -> i64 {
        let (day, zone) = (self.day(at), self.zone);
        let midnight = |day: i32| moment(zone, date(day).and_time(NaiveTime::MIN));
        let bounds = self.bounds.entry(day).or_insert_with(|| (midnight(day), midnight(day + 1)));
        let length = (bounds.1 - bounds.0).max(1);
        // What a clock that falls back over midnight shows twice is still the day's.
        let since = i128::from((at - bounds.0).clamp(0, length - 1));
        i64::from(day) * DAY + (since * i128::from(DAY) / i128::from(length)) as i64
    }

    fn day(&mut self, at: i64) -> i32 {
        let zone = self.zone;
        let day_number = at.div_euclid(DAY);
        let known = *self.offsets.entry(day_number).or_insert_with(|| {
            let (start, end) =
                (offset(zone, day_number * DAY), offset(zone, (day_number + 1) * DAY));
            (start == end).then_some(start)
        });
        let shift = known.unwrap_or_else(|| offset(zone, at));
        (at + shift).div_euclid(DAY) as i32
    }
}

/// Returns the moment at which clocks in a zone show this, or the next time that they do show.
fn moment(zone: Tz, wall: NaiveDateTime) -> i64 {
    (0..=24)
        .filter_map(|hours| wall.checked_add_signed(TimeDelta::hours(hours)))
        .find_map(|wall| zone.from_local_datetime(&wall).earliest())
        .map_or(wall.and_utc().timestamp_micros(), |moment| moment.timestamp_micros())
}

/// Returns how far a zone is ahead of UTC at a moment, in microseconds.
fn offset(zone: Tz, at: i64) -> i64 {
    let utc = DateTime::from_timestamp_micros(at).unwrap_or_default().naive_utc();
    let ahead = zone.offset_from_utc_datetime(&utc).fix().local_minus_utc();
    i64::from(ahead) * 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_days_follow_the_clock_through_daylight_saving() {
        // Berlin, 2024-03-31: at 01:00 UTC the clock goes from 02:00 to 03:00.
        let hour = 3_600_000_000;
        let midnight_utc = 19_813 * DAY;
        let moments = |at: Vec<i64>, zone| Moments {
            micros: at.into(),
            zone: Some(Tz::from_str(zone).unwrap()),
            named: None,
            dates: false,
        };
        let berlin = moments(
            vec![midnight_utc - hour, midnight_utc - hour - 1, midnight_utc + 22 * hour],
            "Europe/Berlin",
        );
        assert_eq!(berlin.days(), [19_813, 19_812, 19_814]);
        // Samoa left out a whole day, 2011-12-30: its midnight is that of the next, which began at 10:00 UTC.
        let apia = moments(vec![], "Pacific/Apia");
        let gone = chrono::NaiveDate::from_ymd_opt(2011, 12, 30).unwrap();
        let (first, next) = (apia.at(gone.into()), apia.at((gone + chrono::Days::new(1)).into()));
        assert_eq!((first, next), (15_338 * DAY + 10 * hour, 15_338 * DAY + 10 * hour));
        let new_york = moments(vec![midnight_utc, midnight_utc + 4 * hour], "America/New_York");
        assert_eq!(new_york.days(), [19_812, 19_813]);
    }

    /// Days of 23, 24 and 25 hours, one that begins at one o'clock, and one that Samoa skipped.
    #[test]
    fn every_day_is_as_long_in_calendar_time() {
        let days = [
            ("Europe/Berlin", "2024-03-31", 23),
            ("Europe/Berlin", "2024-10-27", 25),
            ("Asia/Beirut", "2024-03-31", 23),
            ("America/Havana", "2024-11-03", 25),
            ("Pacific/Apia", "2011-12-29", 24),
        ];
        let hour = 3_600_000_000;
        for (zone, date, hours) in days {
            let zone = Tz::from_str(zone).unwrap();
            let date: chrono::NaiveDate = date.parse().unwrap();
            let start = moment(zone, date.and_time(NaiveTime::MIN));
            let at = (0..=hours * 4).map(|quarter| start + quarter * hour / 4).collect::<Vec<_>>();
            let moments =
                Moments { micros: at.into(), zone: Some(zone), named: None, dates: false };
            let (times, days) = (moments.calendar_time(), moments.days());
            let first = i64::from(days[0]) * DAY;
            let end = i64::from(days[days.len() - 1]) * DAY;
            assert_eq!((times[0], times[times.len() - 1]), (first, end), "{zone}");
            for (place, time) in times.iter().enumerate().take(times.len() - 1) {
                assert_eq!(*time, first + place as i64 * DAY / (4 * hours), "{zone} {place}");
                assert_eq!(*time, moments.calendar_time_of(moments.micros[place]));
                assert_eq!(days[place], days[0], "{zone} {place}");
            }
        }
    }
}
