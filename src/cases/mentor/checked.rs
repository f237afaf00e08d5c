//! A checked config, with what follows from it for all users.

use super::config::{Config, TYPES, season};
use super::intervention::Intervention;
use super::offer::Design;
use super::person::{DAY, Person};
use super::question;
use crate::cases::draw::{sums, uniform};
use crate::error::Result;
use crate::stream::{Stream, stream};

/// What a person's random numbers are for. Each purpose has a stream of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    User,
    Session,
    Mood,
    Contact,
    Shortlist,
    Question,
    Willingness,
}

const NAMES: [&str; 7] = [
    "mentor user",
    "mentor session",
    "mentor mood",
    "mentor contact",
    "mentor shortlist",
    "mentor question",
    "mentor willingness",
];

/// A checked config, with what follows from it for all users.
pub(super) struct Checked<'c> {
    pub config: &'c Config,
    /// What is done about leaving.
    pub done: &'c [Intervention],
    /// The first day, in days since 1970-01-01, and how many there are.
    pub first_day: i32,
    pub days: usize,
    /// How many of the days are observed: all, unless a team looks before the end.
    pub observed: usize,
    /// For each day, the share of sign-ups up to and including it.
    pub signed_up: Vec<f64>,
    /// For each day, the share of users still there who are active.
    pub active: Vec<f64>,
    /// The days whose sign-ups take part in the experiment: from, to (exclusive).
    pub experiment: (i32, i32),
    /// Cumulative shares of casual and frequent users among those ever active.
    pub kinds: [f64; 2],
    /// Cumulative shares of countries.
    pub countries: Vec<f64>,
    /// Questions to support per unit of hazard.
    pub asking: f64,
    /// Which periods, or which fields, are offered a mentor, if the experiment doesn't draw users.
    clusters: Vec<bool>,
    /// From which day on sign-ups are drawn again, and the names of their streams in that future.
    pub again: Option<(usize, [String; 7])>,
}

impl<'c> Checked<'c> {
    pub fn new(config: &'c Config) -> Result<Self> {
        Checked::with(config, &[])
    }

    /// Checks a config and what is done.
    pub fn with(config: &'c Config, done: &'c [Intervention]) -> Result<Self> {
        config.validate()?;
        done.iter().try_for_each(Intervention::validate)?;
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
        let shares: Vec<f64> = season.iter().map(|weight| weight / total).collect();
        let experiment = (first.first_day(), last.plus(1).first_day());
        Ok(Checked {
            config,
            done,
            first_day,
            days: season.len(),
            observed: season.len(),
            active: season.iter().map(activity).collect(),
            asking: question::rate(config, &shares),
            signed_up: sums(shares.into_iter()),
            experiment,
            kinds: [kinds.casual / ever, (kinds.casual + kinds.frequent) / ever],
            countries: sums(config.people.countries.iter().map(|country| country.share)),
            clusters: clusters(config, (experiment.1 - experiment.0) as usize),
            again: None,
        })
    }

    /// Looks at the first days only.
    pub fn until(self, observed: usize) -> Self {
        Checked { observed: observed.min(self.days), ..self }
    }

    /// Draws sign-ups again from a day on, for a future; future 0 is the one that is generated.
    pub fn from(self, day: usize, future: u64) -> Self {
        let names = || NAMES.map(|name| format!("{name}, future {future}"));
        Checked { again: (future > 0).then(|| (day, names())), ..self }
    }

    /// Returns a person's stream for a purpose.
    pub fn stream(&self, purpose: Purpose, person: &Person) -> Stream {
        self.stream_of(purpose, person.id, person.again)
    }

    pub fn stream_of(&self, purpose: Purpose, id: u32, again: bool) -> Stream {
        let name = match &self.again {
            Some((_, names)) if again => names[purpose as usize].as_str(),
            _ => NAMES[purpose as usize],
        };
        stream(self.config.seed, name, u64::from(id))
    }

    /// Returns the first moment after the observation, in seconds since 1970-01-01.
    pub fn end(&self) -> i64 {
        (i64::from(self.first_day) + self.observed as i64) * DAY
    }

    /// Returns the share of sign-ups on each day.
    pub fn sign_ups(&self) -> impl Iterator<Item = f64> {
        let before = std::iter::once(0.0).chain(self.signed_up.iter().copied());
        self.signed_up.iter().zip(before).map(|(to, from)| to - from)
    }

    /// Returns whether the experiment offers a mentor to somebody of whom a number from 0 to below 1 was drawn.
    pub fn offers(&self, signup_day: i32, field: usize, drawn: f64) -> bool {
        match self.config.offer.design {
            Design::User => drawn < self.config.offer.share,
            Design::Switchback(weeks) => {
                let period = (signup_day - self.experiment.0) / (7 * weeks as i32);
                self.clusters.get(period as usize).copied().unwrap_or(false)
            }
            Design::Field => self.clusters[field],
        }
    }

    /// Returns the hazard ratio of a match.
    pub fn ratio(&self, person: &Person, calls: bool, score: u32) -> f64 {
        let (offer, market) = (&self.config.offer, &self.config.market);
        let factor = offer.gains.factor(person.drive, person.tier(), calls);
        (offer.hazard_ratio.ln() * factor * market.quality(score)).exp()
    }
}

/// Draws which periods of an experiment of so many days, or which fields, are offered a mentor.
fn clusters(config: &Config, days: usize) -> Vec<bool> {
    let share = config.offer.share;
    let mut rng = stream(config.seed, "mentor design", 0);
    match config.offer.design {
        Design::User => vec![],
        Design::Switchback(weeks) => {
            let pairs = days.div_ceil(14 * weeks as usize);
            // Of each pair a share is offered: with one half, exactly one of the two.
            let pair = |_| {
                let start = uniform(&mut rng);
                let steps = [start, share + start, 2.0 * share + start].map(f64::floor);
                [steps[1] > steps[0], steps[2] > steps[1]]
            };
            (0..pairs).flat_map(pair).collect()
        }
        Design::Field => {
            let mut order: Vec<(f64, usize)> =
                (0..TYPES.len()).map(|field| (uniform(&mut rng), field)).collect();
            order.sort_by(|one, other| one.0.total_cmp(&other.0));
            // On average so many as the share says, whatever it is.
            let whole = share * TYPES.len() as f64;
            let chosen = (whole + uniform(&mut rng)).floor() as usize;
            (0..TYPES.len()).map(|field| order[..chosen].iter().any(|one| one.1 == field)).collect()
        }
    }
}
