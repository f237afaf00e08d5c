//! A checked config, and what chance decides about a user at registration.

use std::ops::Range;

use rand::RngExt;

use super::config::{Config, MONTH};
use super::shop::Shop;
use crate::error::{Error, Result};
use crate::stream::{Stream, stream};

pub(super) fn user_name(id: u32) -> String {
    format!("U{id:06}")
}

/// The most expected events that [`generate`](super::generate) accepts: they fill about 10 gigabytes.
pub const MOST_EVENTS: u64 = 60_000_000;

#[derive(Clone, Copy)]
pub(super) struct Person {
    pub id: u32,
    pub segment: usize,
    /// Days since the first one observed.
    pub registered: u32,
    /// Sessions a day.
    pub rate: f64,
    /// Days from the registration until the user leaves.
    pub stays: f64,
}

/// A checked config, with what follows from it for all users.
pub(super) struct Checked<'c> {
    pub config: &'c Config,
    pub shop: Shop,
    pub first_day: i32,
    /// For each day observed and one more, the weight of all days before it: 1 a day on average.
    pub weights: Vec<f64>,
}

impl<'c> Checked<'c> {
    pub fn new(config: &'c Config) -> Result<Self> {
        config.validate()?;
        let (shop, weights) = (Shop::new(config), config.day_weights());
        Ok(Checked { config, shop, first_day: config.start.number(), weights })
    }

    /// Draws what chance decides at registration; returns it with the stream to continue with.
    pub fn person(&self, id: u32) -> (Person, Stream) {
        let config = self.config;
        let mut rng = stream(config.seed, "ecommerce user", u64::from(id));
        let mut uniform = || rng.random_range(0.0..1.0_f64);
        let (which, when) = (uniform(), uniform());
        let mut sum = 0.0;
        let segment = config.segments.iter().position(|segment| {
            sum += segment.share;
            which < sum
        });
        let segment = segment.unwrap_or(config.segments.len() - 1);
        let recent = config.new_days.min(config.days);
        let registered = if segment == 3 {
            f64::from(config.days - recent) + when * f64::from(recent)
        } else {
            // A shop is discovered once: most register early, at a rate that falls to nothing at the end.
            (1.0 - (1.0 - when).sqrt()) * f64::from(config.days)
        };
        let rules = &config.segments[segment];
        let (low, high) = rules.sessions;
        let rate = (low + (high - low) * uniform()) / MONTH;
        let stays = match rules.churn {
            churn if churn > 0.0 => -(1.0 - uniform()).ln() / (churn / MONTH),
            _ => f64::INFINITY,
        };
        let registered = (registered as u32).min(config.days - 1);
        (Person { id, segment, registered, rate, stays: stays.min(1e6) }, rng)
    }

    /// Returns the first day on which a user is no longer there.
    pub fn gone(&self, person: &Person) -> usize {
        ((f64::from(person.registered) + person.stays) as usize + 1).min(self.config.days as usize)
    }

    /// Returns a user's expected number of sessions within the days observed.
    pub fn expected(&self, person: &Person) -> f64 {
        let weight = self.weights[self.gone(person)] - self.weights[person.registered as usize];
        person.rate * weight
    }

    /// Returns about how many events a user has.
    pub fn events_each(&self) -> f64 {
        let each = self.config.segments.iter().map(|segment| {
            let views = f64::from(segment.views.0 + segment.views.1) / 2.0;
            let sessions = (segment.sessions.0 + segment.sessions.1) / 2.0 / MONTH;
            segment.share * sessions * (2.0 + 1.2 * views + 2.0 * segment.buys)
        });
        (each.sum::<f64>() * f64::from(self.config.days) * 0.6).max(1.0)
    }

    /// Checks that all users fit into memory.
    pub fn fits(&self) -> Result<()> {
        self.fits_with(0)
    }

    /// Checks that all users and so many more fit into memory.
    pub fn fits_with(&self, more: u64) -> Result<()> {
        let most = (MOST_EVENTS as f64 / self.events_each()) as u32;
        if more > 0 && u64::from(self.config.users) + more > u64::from(most) {
            let accepted =
                format!("with {} users there, as many as make {most}", self.config.users);
            return Err(Error::config("users", more, accepted).within("acquire"));
        }
        if self.config.users > most {
            let accepted =
                format!("1 to {most} in memory; `batches` makes more, a slice at a time");
            return Err(Error::config("users", self.config.users, accepted));
        }
        Ok(())
    }

    /// Splits users into slices of about a million events each.
    pub fn slices(&self, ids: Range<u32>) -> impl Iterator<Item = Range<u32>> + use<> {
        let step = (1e6 / self.events_each()).max(1.0) as u32;
        let end = ids.end;
        ids.step_by(step as usize).map(move |first| first..first.saturating_add(step).min(end))
    }
}

pub(super) fn product_name(number: usize) -> String {
    format!("P{number:04}")
}

pub(super) fn dollars(cents: u32) -> f64 {
    f64::from(cents) / 100.0
}
