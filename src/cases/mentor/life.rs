//! One person: what is decided at sign-up, and when they leave.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::config::{Config, TIERS, season};
use crate::cases::draw::{chance, place, sums, uniform};
use crate::error::Result;
use crate::stream::stream;

pub(super) const DAY: i64 = 86_400;

/// A checked config, with what follows from it for all users.
pub(super) struct Checked<'c> {
    pub config: &'c Config,
    /// The first day observed, in days since 1970-01-01, and how many there are.
    pub first_day: i32,
    pub days: usize,
    /// For each day observed, the share of sign-ups up to and including it.
    signed_up: Vec<f64>,
    /// For each day observed, the share of users still there who are active.
    pub active: Vec<f64>,
    /// The days whose sign-ups take part in the experiment: from, to (exclusive).
    pub experiment: (i32, i32),
    /// Cumulative shares of casual and frequent users among those ever active.
    kinds: [f64; 2],
    /// Cumulative shares of countries.
    countries: Vec<f64>,
}

impl<'c> Checked<'c> {
    pub fn new(config: &'c Config) -> Result<Self> {
        config.validate()?;
        let first_day = config.start.first_day();
        let season = season(config);
        let total: f64 = season.iter().sum();
        let seasonal = config.activity.seasonal;
        let activity = |weight: &f64| {
            (config.activity.days * (1.0 + seasonal * (weight - 1.0))).clamp(0.0, 1.0)
        };
        let kinds = config.activity.kinds();
        let ever = (1.0 - kinds.inactive).max(f64::MIN_POSITIVE);
        let (first, last) = config.offered();
        Ok(Checked {
            config,
            first_day,
            days: season.len(),
            active: season.iter().map(activity).collect(),
            signed_up: sums(season.iter().map(|weight| weight / total)),
            experiment: (first.first_day(), last.plus(1).first_day()),
            kinds: [kinds.casual / ever, (kinds.casual + kinds.frequent) / ever],
            countries: sums(config.people.countries.iter().map(|country| country.share)),
        })
    }

    /// Returns the first moment after the observation, in seconds since 1970-01-01.
    pub fn end(&self) -> i64 {
        (i64::from(self.first_day) + self.days as i64) * DAY
    }

    /// Returns the share of sign-ups on each day observed.
    pub fn sign_ups(&self) -> impl Iterator<Item = f64> {
        let before = std::iter::once(0.0).chain(self.signed_up.iter().copied());
        self.signed_up.iter().zip(before).map(|(to, from)| to - from)
    }

    /// Draws everything about a person that chance decides at sign-up. Numbers are drawn whether or not they are
    /// needed, so that a change of the offer changes nothing else about anyone.
    pub fn person(&self, id: u32) -> Person {
        let config = self.config;
        let mut rng = stream(config.seed, "mentor user", u64::from(id));
        let rng = &mut rng;
        let signup_day = self.first_day + place(&self.signed_up, rng) as i32;
        let age = rng.random_range(config.people.ages.0..=config.people.ages.1);
        let woman = chance(rng, config.people.women);
        let country = place(&self.countries, rng);
        let path = rng.random_range(0..12_u8);
        let kind = match (chance(rng, config.activity.inactive), uniform(rng)) {
            (true, _) => Kind::Inactive,
            (_, drawn) if drawn < self.kinds[0] => Kind::Casual,
            (_, drawn) if drawn < self.kinds[1] => Kind::Frequent,
            _ => Kind::Power,
        };
        // Shares of all, had only by those who are ever active.
        let active = 1.0 - config.activity.inactive;
        let of_active = |share: f64| if active > 0.0 { (share / active).min(1.0) } else { 0.0 };
        let pays = chance(rng, of_active(config.people.paying)) && kind != Kind::Inactive;
        let asks = chance(rng, of_active(config.support.share)) && kind != Kind::Inactive;
        let path_question = chance(rng, config.support.path_question);
        let drive: f64 = StandardNormal.sample(rng);
        let threshold = -(1.0 - uniform(rng)).ln();
        let drop_off = &config.drop_off;
        let factor = drop_off.types[usize::from(path) / TIERS.len()]
            * drop_off.tiers[usize::from(path) % TIERS.len()]
            * (-drop_off.drive * drive).exp();

        let offered = chance(rng, config.offer.share);
        let wants = chance(rng, config.offer.wants(drive));
        let day = i64::from(signup_day) + rng.random_range(1..=i64::from(config.offer.days));
        let second = (config.clock.sample(rng) * 3_600.0) as i64;
        let hours = config.market.processing_hours;
        let processing = rng.random_range(i64::from(hours.0) * 60..=i64::from(hours.1) * 60) * 60;
        let calls = chance(rng, config.market.calls);
        let signup_second = (config.clock.sample(rng) * 3_600.0) as i64;

        let mut person = Person {
            id,
            age,
            woman,
            country,
            path,
            kind,
            pays,
            asks: asks.then_some(if path_question { Reason::Path } else { Reason::Technical }),
            signup_day,
            signup_second,
            drive,
            threshold: threshold / factor,
            arm: (self.experiment.0..self.experiment.1)
                .contains(&signup_day)
                .then_some(if offered { Arm::Offered } else { Arm::Control }),
            request: None,
        };
        let at = day * DAY + second;
        if person.arm == Some(Arm::Offered)
            && wants
            && kind != Kind::Inactive
            && at < self.leaves(&person, None).min(self.end())
        {
            let offset = i64::from(config.people.countries[country].utc_offset);
            let hour = ((second / 60 - offset).rem_euclid(1_440) / 60) as u8;
            person.request = Some(Request { at, hour, processing, calls });
        }
        person
    }

    /// Returns when a person who is ever active leaves, in seconds since 1970-01-01, given the moment of the match, if
    /// any.
    pub fn leaves(&self, person: &Person, matched: Option<i64>) -> i64 {
        let law = &self.config.drop_off;
        let midnight = i64::from(person.signup_day) * DAY;
        let mut sum = person.threshold;
        if let Some(matched) = matched {
            let before = law.cumulative((matched - midnight) as f64 / DAY as f64);
            // From here on the hazard is lower, so what is left of the threshold lasts longer.
            sum = before + (sum - before).max(0.0) / self.config.offer.hazard_ratio;
        }
        // Whoever stays a million days stays for ever.
        midnight + (law.day_of(sum).min(1e6) * DAY as f64) as i64
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Inactive,
    Casual,
    Frequent,
    Power,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Inactive => "inactive",
            Kind::Casual => "casual",
            Kind::Frequent => "frequent",
            Kind::Power => "power",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arm {
    Control,
    Offered,
}

impl Arm {
    pub fn name(self) -> &'static str {
        match self {
            Arm::Control => "control",
            Arm::Offered => "offered",
        }
    }
}

/// Why someone asks for support.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Path,
    Technical,
}

impl Reason {
    pub fn name(self) -> &'static str {
        match self {
            Reason::Path => "path question",
            Reason::Technical => "technical",
        }
    }
}

pub(super) struct Person {
    pub id: u32,
    pub age: u8,
    pub woman: bool,
    /// The index in the config's list.
    pub country: usize,
    /// The first path, from 0: type × 3 + tier.
    pub path: u8,
    pub kind: Kind,
    pub pays: bool,
    pub asks: Option<Reason>,
    /// Days since 1970-01-01.
    pub signup_day: i32,
    /// The second of that day, for people without a session; others sign up with their first.
    pub signup_second: i64,
    /// What makes people stay, and ask for mentors.
    pub drive: f64,
    /// The cumulative hazard, for a multiplier of 1, at which the person leaves.
    pub threshold: f64,
    /// None if the experiment was not running.
    pub arm: Option<Arm>,
    pub request: Option<Request>,
}

/// A request for a mentor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    /// Seconds since 1970-01-01.
    pub at: i64,
    /// The hour that suits, in UTC.
    pub hour: u8,
    /// Seconds from finding a mentor to the match.
    pub processing: i64,
    /// A weekly call; otherwise messages.
    pub calls: bool,
}
