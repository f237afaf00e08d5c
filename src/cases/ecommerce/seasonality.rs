//! How busy days are, estimated from what a team sees.

use chrono::{Datelike, NaiveDate, TimeDelta};
use polars::prelude::*;

use super::{Segment, Tables};
use crate::cases::check::within;
use crate::cases::frame::dates;
use crate::error::{Error, Result};
use crate::events::Moments;
use crate::frame::fetch;

/// Ages are told apart by this many days.
const AGE: usize = 30;
/// How often ages and months are estimated in turn: three digits no longer change after ten.
const TURNS: usize = 30;

/// Estimates how busy each day is, from weekdays and months observed, and tells it for `ahead` days more (0 to 3,650).
///
/// Returns `day` (Date), `weight` (f64: 1 on average over the days observed), from the first registration on. A month's weight is its
/// sessions over those expected of users of that age and segment in any month: who registered long ago comes less often, since some have
/// left, and that is not the season. A month that was never observed counts as usual.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for `ahead` out of range;
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for tables without sessions.
///
/// ```
/// use casebook::cases::ecommerce;
///
/// let config = ecommerce::Config { users: 300, ..Default::default() };
/// let days = ecommerce::seasonality(&ecommerce::generate(&config)?, 180)?;
/// assert!(days.height() > 500);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn seasonality(tables: &Tables, ahead: u32) -> Result<DataFrame> {
    within("ahead", ahead, 0, 3_650)?;
    let counted = Counted::new(tables)?;
    let weekdays = counted.weekdays();
    let months = counted.months(&weekdays);
    let all = 0..counted.days + ahead as usize;
    let raw = |day: usize| weekdays[counted.weekday(day)] * months[counted.month(day)];
    let mean = (0..counted.days).map(raw).sum::<f64>() / counted.days as f64;
    let weights: Vec<f64> = all.clone().map(|day| raw(day) / mean).collect();
    let days = all.map(|day| counted.first + day as i32);
    Ok(df!("day" => dates("day", days)?, "weight" => weights)?)
}

/// Users and sessions by day, counted from the first registration.
struct Counted {
    first: i32,
    /// Up to the last session.
    days: usize,
    /// Of each user, the segment and the day of registration.
    users: Vec<(usize, usize)>,
    /// Of each session, the user's place and the day.
    sessions: Vec<(usize, usize)>,
}

impl Counted {
    fn new(tables: &Tables) -> Result<Counted> {
        let since = ["user_id", "registration_date", "segment"];
        let users = fetch(&tables.users, "users", &since)?;
        let visits = fetch(&tables.sessions, "sessions", &["user_id", "started_at"])?;
        let registered = Moments::new(&users, "users", "registration_date")?.days();
        let visited = Moments::new(&visits, "sessions", "started_at")?.days();
        let (Some(first), Some(last)) = (registered.iter().min(), visited.iter().max()) else {
            return Err(Error::column("sessions", "started_at", "has no row"));
        };
        let (first, last) = (*first, *last);
        let names = users.column("user_id")?.str()?;
        let place: std::collections::HashMap<&str, usize> =
            names.iter().enumerate().filter_map(|(place, name)| Some((name?, place))).collect();
        let segments = users.column("segment")?.str()?.iter().map(Segment::place);
        let segments: Vec<usize> = segments.collect::<Result<_>>()?;
        let day = |day: i32| usize::try_from(day - first).unwrap_or(0);
        let who = visits.column("user_id")?.str()?.iter();
        let sessions = who
            .zip(&visited)
            .filter_map(|(name, at)| Some((*place.get(name?)?, day(*at))))
            .collect();
        let users = segments
            .into_iter()
            .zip(&registered)
            .map(|(segment, at)| (segment, day(*at)))
            .collect();
        Ok(Counted { first, days: day(last) + 1, users, sessions })
    }

    fn date(&self, day: usize) -> NaiveDate {
        NaiveDate::default() + TimeDelta::days(i64::from(self.first) + day as i64)
    }

    fn weekday(&self, day: usize) -> usize {
        self.date(day).weekday().num_days_from_monday() as usize
    }

    fn month(&self, day: usize) -> usize {
        self.date(day).month0() as usize
    }

    /// Returns sessions per day of each weekday, 1 on average. Months hold all weekdays about equally often.
    fn weekdays(&self) -> [f64; 7] {
        let (mut days, mut sessions) = ([0.0_f64; 7], [0.0_f64; 7]);
        (0..self.days).for_each(|day| days[self.weekday(day)] += 1.0);
        self.sessions.iter().for_each(|(_, day)| sessions[self.weekday(*day)] += 1.0);
        let mean = self.sessions.len() as f64 / self.days as f64;
        std::array::from_fn(|place| match sessions[place] > 0.0 {
            true => sessions[place] / days[place] / mean,
            false => 1.0,
        })
    }

    /// Returns how busy each month is, apart from users' ages: both are estimated in turn until they agree.
    fn months(&self, weekdays: &[f64; 7]) -> [f64; 12] {
        let ages = self.days / AGE + 1;
        let cell = |segment: usize, age: usize, month: usize| (segment * ages + age) * 12 + month;
        let (mut there, mut came) = (vec![0.0; 4 * ages * 12], vec![0.0; 4 * ages * 12]);
        let busy: Vec<(f64, usize)> =
            (0..self.days).map(|day| (weekdays[self.weekday(day)], self.month(day))).collect();
        for (segment, registered) in &self.users {
            for (day, (weekday, month)) in busy.iter().enumerate().skip(*registered) {
                there[cell(*segment, (day - registered) / AGE, *month)] += weekday;
            }
        }
        for (user, day) in &self.sessions {
            let (segment, registered) = self.users[*user];
            came[cell(segment, day.saturating_sub(registered) / AGE, busy[*day].1)] += 1.0;
        }
        let mut months = [1.0; 12];
        for _ in 0..TURNS {
            let (mut seen, mut expected) = ([0.0; 12], [0.0; 12]);
            for row in 0..4 * ages {
                let own = |all: &[f64], month: usize| all[row * 12 + month];
                let time: f64 = (0..12).map(|month| own(&there, month) * months[month]).sum();
                if time <= 0.0 {
                    continue;
                }
                let rate = (0..12).map(|month| own(&came, month)).sum::<f64>() / time;
                for month in 0..12 {
                    seen[month] += own(&came, month);
                    expected[month] += rate * own(&there, month);
                }
            }
            for (month, (seen, expected)) in months.iter_mut().zip(seen.iter().zip(&expected)) {
                if *seen > 0.0 && *expected > 0.0 {
                    *month = seen / expected;
                }
            }
        }
        months
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::ecommerce::{Config, generate, season};
    use crate::frame::reals;

    /// Users leave and arrive all year, so that plain counts would mix age with season.
    #[test]
    fn months_are_recovered() {
        let config = Config { users: 3_000, ..Config::default() };
        let found = seasonality(&generate(&config).unwrap(), 60).unwrap();
        assert_eq!(found.height(), 365 + 60);
        let found = reals(&found, "weight").unwrap();
        let truth = reals(&season(&config).unwrap(), "weight").unwrap();
        let scale = truth.iter().sum::<f64>() / 365.0;
        let off = |day: usize| (found[day] / (truth[day] / scale) - 1.0).abs();
        let worst = (0..365).map(off).fold(0.0, f64::max);
        assert!(worst < 0.06, "{worst}");
        // The January to come is as busy as the last one.
        assert_eq!(found[7], found[7 + 364]);
    }

    #[test]
    fn without_season_all_days_are_alike() {
        let config =
            Config { users: 3_000, months: [1.0; 12], weekdays: [1.0; 7], ..Config::default() };
        let found = seasonality(&generate(&config).unwrap(), 0).unwrap();
        let worst = reals(&found, "weight").unwrap().into_iter().map(|one| (one - 1.0).abs());
        assert!(worst.fold(0.0, f64::max) < 0.06);
    }

    #[test]
    fn what_is_empty_or_too_far_is_refused() {
        let mut tables = generate(&Config { users: 20, ..Config::default() }).unwrap();
        let told = seasonality(&tables, 4_000).unwrap_err().to_string();
        assert!(told.contains("`ahead`") && told.contains("3650"), "{told}");
        tables.sessions = tables.sessions.head(Some(0));
        let told = seasonality(&tables, 10).unwrap_err().to_string();
        assert!(told.contains("`started_at`"), "{told}");
    }
}
