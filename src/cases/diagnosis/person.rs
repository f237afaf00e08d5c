//! A user: where from, how keen, for how long; and what a week of theirs is.

use std::ops::Range;

use rand::{Rng, RngExt};
use rand_distr::{Distribution, Poisson};

use super::config::Config;
use super::effects::{Effects, named, on_new_version};
use super::place::{COUNTRIES, LEAVE, ORGANIC, ORGANIC_SHARE, PAID, PLATFORM_SHARES, WEB, WEEKS};
use crate::cases::draw::{place, sums, uniform};
use crate::error::{Error, Result};
use crate::stream::{Stream, stream};

/// Ids of those who sign up in a week are the week, from 1, times this, plus their number. Below stand those who were there before.
const IDS: u64 = 100_000;
/// Bots come after them, in the week in which they signed up.
const BOTS: u64 = 50_000;
/// How keen users are: the probability that one who stays is active in an ordinary week.
const KEEN: Range<f64> = 0.4..0.9;
/// Probability of each further active day of an active week, from Monday, in 256ths.
const DAYS: [u8; 7] = [72, 69, 69, 72, 82, 97, 92];

/// A user, or a bot.
#[derive(Clone, Copy)]
pub(super) struct Person {
    pub id: u64,
    pub bot: bool,
    pub country: usize,
    pub platform: usize,
    pub channel: usize,
    /// The week of the sign-up; below 0 before the data begin.
    pub signup: i32,
    /// The probability of being active in an ordinary week.
    pub keen: f64,
    /// Weeks after the first one in which the user is still there.
    pub stays: u32,
    /// Signs up although the paid channel is paused if this is at least the share that is lost. For a bot: it's blocked if this is
    /// below the share that is filtered.
    pub keep: f64,
    /// Is on the new version if this is below its share.
    pub adopts: f64,
}

/// A user's week.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Week {
    pub active: bool,
    pub recorded: bool,
    /// Calls the servers, if only in the background.
    pub called: bool,
    /// The active days: bit 0 is Monday.
    pub days: u8,
}

/// A config with its distributions.
pub(super) struct Checked<'c> {
    pub config: &'c Config,
    countries: Vec<f64>,
    platforms: Vec<f64>,
}

/// Weeks, 0 or more, until something happens that does in one of so many.
fn weeks_until(mean: f64, rng: &mut Stream) -> u32 {
    ((1.0 - uniform(rng)).ln() / (1.0 - 1.0 / mean).ln()) as u32
}

/// How many weeks after the first one somebody stays.
pub(super) fn stays(channel: usize, mean: f64, rng: &mut Stream) -> u32 {
    let leaves = uniform(rng) < LEAVE[channel];
    let more = 1 + weeks_until(mean, rng);
    if leaves { 0 } else { more }
}

/// Mean keenness.
pub(super) fn mean_keen() -> f64 {
    f64::midpoint(KEEN.start, KEEN.end)
}

impl<'c> Checked<'c> {
    pub fn new(config: &'c Config) -> Result<Checked<'c>> {
        config.validate()?;
        Ok(Checked {
            config,
            countries: sums(COUNTRIES.iter().map(|it| it.share)),
            platforms: sums(PLATFORM_SHARES.into_iter()),
        })
    }

    /// Returns how many sign up in a week on average, if no channel is paused.
    pub fn arrivals(&self, week: u32) -> f64 {
        self.config.signups * (self.config.growth * f64::from(week)).exp()
    }

    /// Returns the shares of channels among those who sign up in a country.
    pub fn channel_shares(country: usize) -> [f64; 3] {
        let paid = COUNTRIES[country].paid;
        let rest = 1.0 - paid;
        [rest * ORGANIC_SHARE, paid, rest * (1.0 - ORGANIC_SHARE)]
    }

    /// Returns the ids of those who may sign up in a week of a future.
    pub fn ids(&self, week: u32, future: u64) -> Result<Range<u64>> {
        let mean = self.arrivals(week);
        let poisson = Poisson::new(mean)
            .map_err(|error| Error::config("signups", self.config.signups, error.to_string()))?;
        let mut rng = stream(self.config.seed, &named("arrivals", future), u64::from(week));
        let many = (poisson.sample(&mut rng) as u64).min(BOTS - 1);
        let first = (u64::from(week) + 1) * IDS;
        Ok(first..first + many)
    }

    /// Returns all who may have signed up by the day of the decision, bots included, in the order of their ids.
    pub fn past(&self) -> Result<Vec<u64>> {
        // As many as a business that always had this many sign-ups would have.
        let kept: f64 = COUNTRIES
            .iter()
            .enumerate()
            .map(|(at, country)| {
                let of = Self::channel_shares(at).into_iter().zip(LEAVE);
                country.share * of.map(|(share, leave)| share * (1.0 - leave)).sum::<f64>()
            })
            .sum();
        let before = (self.config.signups * kept * self.config.stay).round() as u64;
        let mut ids: Vec<u64> = (1..=before.min(IDS - 1)).collect();
        let mut bots: Vec<u64> = (0..u64::from(self.config.bots))
            .map(|bot| {
                let week = stream(self.config.seed, "diagnosis bot", bot).random_range(20..80);
                (week + 1) * IDS + BOTS + bot
            })
            .collect();
        bots.sort_unstable();
        let mut bots = bots.into_iter().peekable();
        for week in 0..WEEKS {
            ids.extend(self.ids(week, 0)?);
            while let Some(bot) = bots.next_if(|bot| *bot < u64::from(week + 2) * IDS) {
                ids.push(bot);
            }
        }
        Ok(ids)
    }

    /// Draws a person.
    pub fn person(&self, id: u64, future: u64) -> Person {
        let mut rng = stream(self.config.seed, &named("person", future), id);
        let country = place(&self.countries, &mut rng);
        let platform = place(&self.platforms, &mut rng);
        let mut shares = Self::channel_shares(country);
        let (before, bot) = (id < IDS, id >= IDS && id % IDS >= BOTS);
        if before {
            // Only those who stayed are still there.
            shares.iter_mut().zip(LEAVE).for_each(|(share, leave)| *share *= 1.0 - leave);
            let all: f64 = shares.iter().sum();
            shares.iter_mut().for_each(|share| *share /= all);
        }
        let channel = place(&sums(shares.into_iter()), &mut rng);
        let keen = rng.random_range(KEEN);
        let (keep, adopts) = (uniform(&mut rng), uniform(&mut rng));
        let (signup, stays) = if before {
            let age = 1 + weeks_until(self.config.stay, &mut rng).min(400);
            (-(age as i32), age + weeks_until(self.config.stay, &mut rng))
        } else {
            ((id / IDS) as i32 - 1, stays(channel, self.config.stay, &mut rng))
        };
        let person =
            Person { id, bot, country, platform, channel, signup, keen, stays, keep, adopts };
        match bot {
            false => person,
            true => Person { platform: WEB, channel: ORGANIC, stays: 10_000, ..person },
        }
    }
}

impl Person {
    /// Tells whether a user signs up, in spite of a pause.
    pub fn joins(&self, effects: &Effects) -> bool {
        let paid = self.signup >= 0 && self.channel == PAID;
        !paid || self.keep >= effects.paused(self.signup.unsigned_abs())
    }

    /// Tells whether the user is still there in a week, active or not.
    pub fn is_there(&self, week: u32) -> bool {
        let age = i64::from(week) - i64::from(self.signup);
        (0..=i64::from(self.stays)).contains(&age)
    }

    /// Returns the weeks of the data from the sign-up on.
    pub fn weeks(&self) -> Range<u32> {
        self.signup.max(0).unsigned_abs()..WEEKS
    }

    /// Draws how many weeks more somebody stays who has come back after the first one.
    pub fn goes_on(&self, mean: f64, rng: &mut Stream) -> u32 {
        weeks_until(mean, rng)
    }

    /// Returns the stream of a user's weeks from one on. Each takes the same numbers out of it, whatever happens.
    pub fn stream(&self, seed: u64, future: u64, week: u32) -> Stream {
        let mut rng = stream(seed, &named("week", future), self.id);
        // Two numbers of 64 bits a week are four words.
        rng.set_word_pos(4 * u128::from(week));
        rng
    }

    /// Draws a week in which the user is still there. `reached` is the probability that a message brings back who would not have come.
    pub fn week(
        &self,
        effects: &Effects,
        background: f64,
        week: u32,
        reached: f64,
        rng: &mut Stream,
    ) -> Week {
        let (drawn, days) = (rng.next_u64(), rng.next_u64());
        if self.bot {
            let blocked = self.keep < effects.filtered(week);
            return Week { active: true, recorded: !blocked, called: true, days: 0x7f };
        }
        let part = |shift: u32| ((drawn >> shift) & 0xff_ffff) as f64 / f64::from(1 << 24);
        let first = i64::from(week) == i64::from(self.signup);
        let ordinary = self.keen * effects.level(self.country, week);
        let chance = if first { 1.0 } else { ordinary + reached * (1.0 - ordinary) };
        let active = part(40) < chance;
        let new = on_new_version(self.platform, self.adopts, week);
        let recorded = active && !(new && part(16) < effects.lost(week));
        let pinged = self.platform != WEB && ((drawn & 0xffff) as f64) < background * 65_536.0;
        Week { active, recorded, called: active || pinged, days: days_of(days, first) }
    }
}

/// The active days of an active week; those before a sign-up are not.
fn days_of(drawn: u64, first: bool) -> u8 {
    let one = (drawn >> 56) * 7 / 256;
    let more = DAYS
        .iter()
        .enumerate()
        .map(|(day, chance)| u8::from(((drawn >> (8 * day)) & 0xff) < u64::from(*chance)) << day);
    let days = more.fold(1 << one, |days, day| days | day);
    if first { days & (0x7f << one) } else { days }
}
