//! Time that passes faster on busy days.

use chrono::NaiveDateTime;
use polars::prelude::*;

use super::customers::on_clock;
use crate::error::{Error, Result};
use crate::events::period::date;
use crate::events::{DAY, Moments, OrderSource, Window};
use crate::frame::fetch;
use crate::metrics::{Source, finite};

/// Measures time as a business lives it: a busy day is longer than a quiet one.
///
/// The models know no season. On a clock on which a day is as long as it is busy, there is none: what they say of
/// such days holds for those of the calendar. A day is a calendar day of the orders' time zone, from midnight to
/// midnight, whether it has 23, 24 or 25 hours.
///
/// ```
/// use casebook::prelude::*;
///
/// let day = |day| chrono::NaiveDate::from_ymd_opt(2024, 5, day).unwrap();
/// let days = df!("day" => [day(1), day(2)], "weight" => [0.5, 1.5])?;
/// let clock = clv::Clock::new(&days)?;
/// let midnight = |at| day(at).and_time(chrono::NaiveTime::MIN);
/// assert_eq!(clock.between(midnight(2), midnight(3))?, 1.5);
/// # Ok::<(), casebook::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Clock {
    /// The first day, counted from 1970-01-01.
    first: i64,
    /// How much time lies before each day, and before the end.
    sums: Vec<f64>,
}

impl Clock {
    /// Creates a clock from how busy each day is.
    ///
    /// Reads `days`: `day` (Date), `weight` (f64: how busy, 1 for a usual day), one row a day, in any order.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for days that are there twice or missing between the
    /// first and the last, or weights that are not above 0.
    pub fn new(days: &dyn Source) -> Result<Clock> {
        let frame = fetch(days, "days", &["day", "weight"])?;
        let days = Moments::new(&frame, "days", "day")?.days();
        let weights = finite(&frame, "days", "weight")?;
        if let Some(row) = weights.iter().position(|weight| *weight <= 0.0) {
            let problem = format!("is {} in row {}; it must be above 0", weights[row], row + 1);
            return Err(Error::column("days", "weight", problem));
        }
        let mut each: Vec<(i32, f64)> = days.into_iter().zip(weights).collect();
        each.sort_unstable_by_key(|day| day.0);
        if let Some(pair) = each.windows(2).find(|pair| pair[1].0 != pair[0].0 + 1) {
            let problem = match pair[1].0 == pair[0].0 {
                true => format!("holds {} more than once", date(pair[0].0)),
                false => format!("has no {}", date(pair[0].0 + 1)),
            };
            return Err(Error::column("days", "day", problem));
        }
        let mut sums = vec![0.0];
        for (_, weight) in &each {
            sums.push(sums[sums.len() - 1] + weight);
        }
        Ok(Clock { first: i64::from(each.first().map_or(0, |day| day.0)), sums })
    }

    /// What the clock shows at a calendar time, in usual days, or nothing outside its days.
    fn reads(&self, time: i64) -> Option<f64> {
        let day = usize::try_from(time.div_euclid(DAY) - self.first).ok()?;
        let (before, since) = (*self.sums.get(day)?, time.rem_euclid(DAY));
        // The end of the last day is still on it.
        if since == 0 {
            return Some(before);
        }
        Some(before + since as f64 / DAY as f64 * (self.sums.get(day + 1)? - before))
    }

    /// Sums up orders as [`customers`](super::customers()) does, with `recency_days` and `age_days` in usual days.
    ///
    /// # Errors
    /// The same as [`customers`](super::customers()); orders, or an end of the window, outside the clock's days.
    pub fn customers(&self, orders: &dyn OrderSource, window: Window) -> Result<DataFrame> {
        on_clock(orders, window, |time| self.reads(time))
    }

    /// Counts the usual days between two moments, as the clock on the wall shows them: the horizon of a forecast.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for moments outside the clock's days.
    pub fn between(&self, from: NaiveDateTime, to: NaiveDateTime) -> Result<f64> {
        let read = |field: &str, wall: NaiveDateTime| {
            self.reads(wall.and_utc().timestamp_micros())
                .ok_or_else(|| Error::config(field, wall, "a moment on the clock's days"))
        };
        Ok(read("to", to)? - read("from", from)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{NaiveDate, NaiveTime, TimeZone as _};

    fn first() -> NaiveDate {
        NaiveDate::from_ymd_opt(2024, 3, 30).unwrap()
    }

    fn midnight(day: u64) -> NaiveDateTime {
        (first() + chrono::Days::new(day)).and_time(NaiveTime::MIN)
    }

    fn until(day: u64) -> Window {
        Window::until(midnight(day))
    }

    fn clock(weights: &[f64]) -> Clock {
        let days: Vec<NaiveDate> =
            (0..weights.len() as u64).map(|day| midnight(day).date()).collect();
        Clock::new(&df!("day" => days, "weight" => weights).unwrap()).unwrap()
    }

    /// Orders of one user at these times on a zone's wall.
    fn orders(zone: &str, at: &[NaiveDateTime]) -> DataFrame {
        let tz: chrono_tz::Tz = zone.parse().unwrap();
        let micros =
            |wall: &NaiveDateTime| tz.from_local_datetime(wall).unwrap().timestamp_micros();
        let zone = TimeZone::opt_try_new(Some(zone)).unwrap();
        let local = DataType::Datetime(TimeUnit::Microseconds, zone);
        df!(
            "user_id" => vec![1; at.len()], "order_id" => (0..at.len() as i64).collect::<Vec<_>>(),
            "timestamp" => at.iter().map(micros).collect::<Vec<_>>(), "amount" => vec![1.0; at.len()],
        )
        .unwrap()
        .lazy()
        .with_column(col("timestamp").cast(local))
        .collect()
        .unwrap()
    }

    #[test]
    fn it_counts_usual_days() {
        let clock = clock(&[0.5, 1.5]);
        assert_eq!(clock.between(midnight(0), midnight(2)).unwrap(), 2.0);
        let noon = midnight(1) + chrono::TimeDelta::hours(12);
        assert_eq!(clock.between(midnight(0), noon).unwrap(), 1.25);
        assert!(clock.between(midnight(0), midnight(3)).unwrap_err().to_string().contains("to"));
    }

    #[test]
    fn days_follow_each_other_in_any_order() {
        let day = |day| midnight(day).date();
        let made = |days: &[NaiveDate]| {
            let weights: Vec<f64> = days.iter().map(|day| f64::from(day.to_epoch_days())).collect();
            Clock::new(&df!("day" => days, "weight" => weights).unwrap())
        };
        assert_eq!(
            made(&[day(0), day(1), day(2)]).unwrap(),
            made(&[day(2), day(0), day(1)]).unwrap()
        );
        let said = made(&[day(2), day(0)]).unwrap_err().to_string();
        assert!(said.contains("has no 2024-03-31"), "{said}");
        let said = made(&[day(1), day(0), day(1)]).unwrap_err().to_string();
        assert!(said.contains("2024-03-31 more than once"), "{said}");
    }

    /// Half past midnight in Berlin is the evening before in UTC.
    #[test]
    fn days_are_the_zones() {
        let early = midnight(0) + chrono::TimeDelta::minutes(30);
        let noon = midnight(2) + chrono::TimeDelta::hours(12);
        for zone in ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland"] {
            let found = clock(&[2.0, 1.0, 4.0]).customers(&orders(zone, &[early, noon]), until(3));
            let found = found.unwrap_or_else(|error| panic!("{zone}: {error}"));
            let value = |name: &str| found.column(name).unwrap().f64().unwrap().get(0).unwrap();
            // The 31st is an hour short in Berlin, and no shorter on this clock.
            assert!((value("age_days") - (7.0 - 2.0 / 48.0)).abs() < 1e-12, "{zone}: {found}");
            assert!((value("recency_days") - (5.0 - 2.0 / 48.0)).abs() < 1e-12, "{zone}: {found}");
        }
    }

    #[test]
    fn what_lies_outside_is_named() {
        let clock = clock(&[1.0, 1.0]);
        let said = |at, day| {
            clock.customers(&orders("Europe/Berlin", &[at]), day).unwrap_err().to_string()
        };
        let early = midnight(0) - chrono::TimeDelta::minutes(30);
        assert!(said(early, until(2)).contains("`timestamp`"));
        assert!(said(midnight(1), until(3)).contains("`window`"));
    }

    /// Where all days are alike, the clock shows what the calendar does: in any zone, through a change of the clock.
    #[test]
    fn a_clock_of_equal_days_is_the_calendar() {
        let hours = [0, 1, 20, 25, 30, 40, 47, 50, 60];
        let at: Vec<_> = hours.map(|hours| midnight(0) + chrono::TimeDelta::hours(hours)).into();
        // In Beirut the 31st begins at one o'clock.
        for zone in ["UTC", "Europe/Berlin", "Asia/Beirut", "Pacific/Auckland"] {
            let orders = orders(zone, &at);
            let clock = clock(&[1.0; 4]).customers(&orders, until(3)).unwrap();
            let calendar = crate::metrics::clv::customers(&orders, until(3)).unwrap();
            for name in ["recency_days", "age_days"] {
                let value = |frame: &DataFrame| frame.column(name).unwrap().f64().unwrap().get(0);
                let (clock, calendar) = (value(&clock).unwrap(), value(&calendar).unwrap());
                assert!((clock - calendar).abs() < 1e-12, "{zone}: {name} {clock} {calendar}");
            }
        }
    }
}
