//! People who apply to be mentors.

use rand::RngExt;
use rayon::prelude::*;

use super::checked::Checked;
use super::config::TYPES;
use super::person::DAY;
use crate::cases::draw::{chance, uniform};
use crate::stream::stream;

/// How many hours a day a mentor can be called, from [`Mentor::hour`] on.
pub(super) const HOURS: u8 = 4;
/// Hours a mentor's clock is ahead of UTC.
const ZONES: [i32; 6] = [-8, -5, 0, 1, 5, 8];

/// A person who applied to be a mentor.
#[derive(Clone)]
pub(super) struct Mentor {
    /// The first field, and the second if there is one.
    pub fields: (u8, Option<u8>),
    pub capacity: u32,
    pub price_cents: u32,
    /// Minutes ahead of UTC.
    pub utc_offset: i32,
    /// The first hour at which the mentor can be called, in UTC.
    pub hour: u8,
    /// Seconds since 1970-01-01.
    pub applied: i64,
    pub decided: i64,
    /// The vetting score, 0 to 100.
    pub score: u32,
    pub accepted: bool,
}

impl Mentor {
    fn new(checked: &Checked, id: u32) -> Mentor {
        let market = &checked.config.market;
        let mut rng = stream(checked.config.seed, "mentor mentor", u64::from(id));
        let rng = &mut rng;
        let field = rng.random_range(0..TYPES.len() as u8);
        let other = (field + rng.random_range(1..TYPES.len() as u8)) % TYPES.len() as u8;
        let two = chance(rng, market.two_fields);
        let zone = ZONES[rng.random_range(0..ZONES.len())];
        // Most mentors have a job: a few hours at lunch, more in the evening.
        let local = if chance(rng, 0.25) { 12 } else { rng.random_range(17..=20) };
        let start = i64::from(checked.first_day) * DAY;
        let applied = start - rng.random_range(40..120) * DAY + rng.random_range(8..20) * 3_600;
        let score = uniform(rng);
        Mentor {
            fields: (field, two.then_some(other)),
            capacity: rng.random_range(market.capacity.0..=market.capacity.1),
            // Whole dollars: nobody asks for 57.23.
            price_cents: rng.random_range(market.price_cents.0..=market.price_cents.1) / 100 * 100,
            utc_offset: 60 * zone,
            hour: (local - zone).rem_euclid(24) as u8,
            applied,
            decided: applied + rng.random_range(3..30) * DAY + rng.random_range(0..8) * 3_600,
            score: (score * 100.0) as u32,
            accepted: score >= 1.0 - market.accepted,
        }
    }

    /// Tells whether an hour of the day, in UTC, suits.
    pub fn suits(&self, hour: u8) -> bool {
        (hour + 24 - self.hour) % 24 < HOURS
    }
}

/// Returns everyone who applied.
pub(super) fn mentors(checked: &Checked) -> Vec<Mentor> {
    let ids = 1..=checked.config.market.mentors;
    ids.into_par_iter().map(|id| Mentor::new(checked, id)).collect()
}
