//! How causes and decisions change what a user does in a week.

use rand::RngExt;

use super::config::{Cause, Config, Planted};
use super::intervention::Intervention;
use super::place::{
    ANDROID, CONTESTED, CONTESTED_FROM, COUNTRIES, FILTER_FROM, PAUSED_FROM, VERSION_FROM, WEEKS,
    adoption, feast, on_holiday,
};
use crate::error::Result;
use crate::stream::stream;

/// Weeks after the decision that can be looked at.
pub(super) const FARTHEST: u32 = 52;

/// What has been planted and done, and the weather that all users share.
pub(super) struct Effects {
    pub planted: Planted,
    /// The first week in which something done works; none if it isn't done.
    roll_back: Option<u32>,
    fix: Option<u32>,
    pub resume: Option<u32>,
    pub reengage: Option<(u32, f64)>,
    /// By week, then country: what is left of ordinary activity, whatever happens.
    weather: Vec<[f64; 12]>,
}

/// The name of a stream in a future: 0 is the one that goes on as the past was.
pub(super) fn named(table: &str, future: u64) -> String {
    match future {
        0 => format!("diagnosis {table}"),
        _ => format!("diagnosis {table}, future {future}"),
    }
}

impl Effects {
    pub fn new(
        config: &Config,
        planted: Planted,
        done: &[Intervention],
        future: u64,
    ) -> Result<Effects> {
        done.iter().try_for_each(Intervention::validate)?;
        let from = |pick: fn(&Intervention) -> bool| {
            done.iter().filter(|it| pick(it)).map(|it| WEEKS + it.after()).min()
        };
        let reengage = done.iter().find_map(|it| match it {
            Intervention::Reengage { after, back } => Some((WEEKS + after, *back)),
            _ => None,
        });
        let weather = (0..WEEKS + FARTHEST).map(|week| {
            let name = named("shock", if week < WEEKS { 0 } else { future });
            let mut rng = stream(config.seed, &name, u64::from(week));
            let mut off = |size: f64| 1.0 + size * rng.random_range(-1.0..1.0);
            let common = off(config.shock) * feast(week);
            std::array::from_fn(|_| common * off(config.country_shock))
        });
        Ok(Effects {
            planted,
            roll_back: from(|it| matches!(it, Intervention::RollBack { .. })),
            fix: from(|it| matches!(it, Intervention::FixTracking { .. })),
            resume: from(|it| matches!(it, Intervention::Resume { .. })),
            reengage,
            weather: weather.collect(),
        })
    }

    /// Leaves out what no team can foresee: for expectations.
    pub fn calm(mut self) -> Effects {
        for (week, weather) in self.weather.iter_mut().enumerate().skip(WEEKS as usize) {
            *weather = [feast(week as u32); 12];
        }
        self
    }

    /// Returns the same weather with other causes.
    pub fn with(&self, planted: Planted) -> Effects {
        Effects { planted, weather: self.weather.clone(), ..*self }
    }

    /// Returns what is left of returning users' activity.
    pub fn level(&self, country: usize, week: u32) -> f64 {
        let mut left = self.weather[week as usize][country];
        if on_holiday(week) {
            left *= 1.0 - self.planted.of(Cause::Season);
        }
        if self.released(country, week) {
            left *= 1.0 - self.planted.of(Cause::Release);
        }
        if country == CONTESTED && week >= CONTESTED_FROM {
            left *= 1.0 - self.planted.of(Cause::Competitor);
        }
        left
    }

    /// Tells whether the release is live.
    pub fn released(&self, country: usize, week: u32) -> bool {
        week >= COUNTRIES[country].release && self.roll_back.is_none_or(|from| week < from)
    }

    /// Returns the share of paid sign-ups that a week loses.
    pub fn paused(&self, week: u32) -> f64 {
        let resumed = self.resume.is_some_and(|from| week >= from);
        if week >= PAUSED_FROM && !resumed { self.planted.of(Cause::Pause) } else { 0.0 }
    }

    /// Returns the share of active users on the new Android version who are not recorded.
    pub fn lost(&self, week: u32) -> f64 {
        let fixed = self.fix.is_some_and(|from| week >= from);
        if week >= VERSION_FROM && !fixed { self.planted.of(Cause::Tracking) } else { 0.0 }
    }

    /// Returns the share of bots that are not counted.
    pub fn filtered(&self, week: u32) -> f64 {
        if week >= FILTER_FROM { self.planted.of(Cause::Bots) } else { 0.0 }
    }
}

/// Tells whether a user is on the new version of the Android app.
pub(super) fn on_new_version(platform: usize, adopts: f64, week: u32) -> bool {
    platform == ANDROID && adopts < adoption(week)
}
