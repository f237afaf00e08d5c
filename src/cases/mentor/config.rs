//! The rules of the marketplace: plain data, checked field by field.

use serde::{Deserialize, Serialize};

use super::offer::Offer;
use super::supply::Market;
use super::willingness::Willingness;
use crate::cases::check::{pair, whole, within};
use crate::cases::clock::Month;
use crate::cases::rhythm::{DayClock, Progress, Season, SessionLength};
use crate::error::{Error, Result};

/// The subjects of learning paths.
pub const TYPES: [&str; 4] = ["fundraising", "product development", "design", "team-building"];
/// The tiers of learning paths.
pub const TIERS: [&str; 3] = ["bronze", "silver", "gold"];
/// The number of modules of a path, by tier.
pub const MODULES: [u8; 3] = [6, 9, 12];

/// The rules of the business. `Default` is the brief, with our readings where it is open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// People who sign up; 1 to 20,000,000.
    pub users: u32,
    /// Months observed; 1 to 120.
    pub months: u32,
    /// The first month.
    pub start: Month,
    /// Who signs up.
    pub people: People,
    /// How often they come back.
    pub activity: Activity,
    /// How long a session lasts.
    pub session_length: SessionLength,
    /// At what time of year people sign up; how often they come follows it too.
    pub season: Season,
    /// At what time of day people come, on their own clock.
    pub clock: DayClock,
    /// How far a session gets through its module.
    pub progress: Progress,
    /// Who asks for help, and why.
    pub support: Support,
    /// How people leave.
    pub drop_off: DropOff,
    /// The mentor offer, as an experiment.
    pub offer: Offer,
    /// The mentors.
    pub market: Market,
    /// What people would pay for a mentor.
    pub willingness: Willingness,
    /// The seed of all random numbers.
    pub seed: u64,
}

/// Who signs up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct People {
    /// Lowest and highest age in years, all ages in between equally likely; 13 to 120.
    pub ages: (u8, u8),
    /// Share of women; 0 to 1. The rest are men.
    pub women: f64,
    /// Where they live; shares that sum to 1.
    pub countries: Vec<Country>,
    /// Share who pay for a subscription; 0 to the share of users who are ever active.
    pub paying: f64,
    /// Price of a subscription in US cents, for 30 days; 0 to 100,000,000.
    pub price_cents: u32,
}

/// A country, and the share of people who live there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Country {
    /// Its name, as in the column `location`.
    pub name: String,
    /// Share of people; 0 to 1.
    pub share: f64,
    /// Minutes its clocks are ahead of UTC, the same all year; −840 to 840.
    pub utc_offset: i32,
}

/// How often people come until they leave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Activity {
    /// Share of people who sign up and never have a session; 0 to 1.
    pub inactive: f64,
    /// Share of the others who have two sessions on an active day; 0 to 1.
    pub frequent: f64,
    /// Mean number of sessions beyond three on a power user's active day; 0 to 5.
    pub beyond_three: f64,
    /// Mean sessions on an active day, over all who are ever active. The shares of casual (one) and power users (three
    /// or more) follow from it.
    pub sessions: f64,
    /// Share of days on which a user who has not left is active; above 0, up to 1.
    pub days: f64,
    /// How much that share follows the season; 0 (not at all) to 1.
    pub seasonal: f64,
}

/// The shares of the four kinds of users.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kinds {
    /// No session, ever.
    pub inactive: f64,
    /// One session on an active day.
    pub casual: f64,
    /// Two sessions on an active day.
    pub frequent: f64,
    /// Three or more sessions on an active day.
    pub power: f64,
}

impl Activity {
    /// Returns the shares of the four kinds, solved for the mean number of sessions on an active day.
    ///
    /// If c, f and p are the shares of casual, frequent and power users among those ever active, they have
    /// c + 2f + (3 + e)p sessions on average, where e is [`beyond_three`](Activity::beyond_three). With c + f + p = 1 and
    /// f given, that is one equation for p.
    ///
    /// ```
    /// let kinds = casebook::cases::mentor::Activity::default().kinds();
    /// assert!((kinds.casual - 0.324).abs() < 1e-12);
    /// assert!((kinds.inactive + kinds.casual + kinds.frequent + kinds.power - 1.0).abs() < 1e-12);
    /// ```
    pub fn kinds(&self) -> Kinds {
        let ever = 1.0 - self.inactive;
        let power = (self.sessions - 1.0 - self.frequent) / (2.0 + self.beyond_three);
        Kinds {
            inactive: self.inactive,
            casual: ever * (1.0 - self.frequent - power),
            frequent: ever * self.frequent,
            power: ever * power,
        }
    }
}

/// Who asks support for help, and why.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Support {
    /// Share of people who ask at least once; 0 to the share of users who are ever active.
    pub share: f64,
    /// Share of them who have a question about their path; the others have technical trouble. 0 to 1.
    pub path_question: f64,
    /// Multiplies the hazard of leaving from a question about the path until support answers; 0.01 to 100. Technical
    /// trouble has no effect. No published size is known to us: six times the risk for a day or two is an assumption.
    pub unanswered: f64,
}

/// How people leave: a hazard by week since sign-up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DropOff {
    /// The hazard in each week, per week; the last value applies to all later weeks. 1 to 520 values, 0 to 10.
    pub weekly: Vec<f64>,
    /// Multiplies the hazard, by [type of path](TYPES); 0.01 to 100.
    pub types: [f64; 4],
    /// Multiplies the hazard, by [tier of path](TIERS); 0.01 to 100.
    pub tiers: [f64; 3],
    /// Drive is a difference between people that no table shows: a standard normal variable. Each unit of it multiplies
    /// the hazard by exp(−this); 0 to 3.
    pub drive: f64,
    /// Multiplies the hazard of people who are reminded automatically, from the first reminder on; 0.01 to 10. Nobody is
    /// reminded until an [intervention](super::Remind) does it. Small: nudges at scale move behaviour by about a
    /// percentage point (S. DellaVigna and E. Linos, Econometrica 90, 2022).
    pub reminded: f64,
}

impl DropOff {
    /// Returns the cumulative hazard after `days` from sign-up, for a multiplier of 1. Of people with multiplier m, the
    /// share still there is exp(−m × this).
    ///
    /// ```
    /// let law = casebook::cases::mentor::DropOff::default();
    /// let left = (-law.cumulative(7.0)).exp();
    /// assert!((left - (-law.weekly[0]).exp()).abs() < 1e-12);
    /// ```
    pub fn cumulative(&self, days: f64) -> f64 {
        let weeks = (days / 7.0).max(0.0);
        let whole = (weeks as usize).min(self.weekly.len() - 1);
        self.weekly[..whole].iter().sum::<f64>() + (weeks - whole as f64) * self.weekly[whole]
    }

    /// Returns the day at which the cumulative hazard reaches a value: the inverse of
    /// [`cumulative`](DropOff::cumulative). Infinite if it never does.
    pub(super) fn day_of(&self, mut sum: f64) -> f64 {
        let last = self.weekly.len() - 1;
        for (week, hazard) in self.weekly[..last].iter().enumerate() {
            if sum < *hazard {
                return 7.0 * (week as f64 + sum / hazard);
            }
            sum -= hazard;
        }
        match self.weekly[last] {
            hazard if hazard > 0.0 => 7.0 * (last as f64 + sum / hazard),
            _ => f64::INFINITY,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Config {
            users: 1_000,
            months: 12,
            start: Month { year: 2024, month: 1 },
            people: People::default(),
            activity: Activity::default(),
            session_length: SessionLength::default(),
            season: Season::default(),
            clock: DayClock::default(),
            progress: Progress::default(),
            support: Support::default(),
            drop_off: DropOff::default(),
            offer: Offer::default(),
            market: Market::default(),
            willingness: Willingness::default(),
            seed: 42,
        }
    }
}

impl Default for People {
    fn default() -> Self {
        let country =
            |name: &str, share, utc_offset| Country { name: name.into(), share, utc_offset };
        People {
            ages: (18, 65),
            women: 0.14,
            countries: vec![
                country("United States", 0.37, -300),
                country("United Kingdom", 0.09, 0),
                country("India", 0.07, 330),
                country("Canada", 0.06, -300),
                country("Germany", 0.05, 60),
                country("Other", 0.36, 60),
            ],
            paying: 0.035,
            price_cents: 2_900,
        }
    }
}

impl Default for Activity {
    fn default() -> Self {
        Activity {
            inactive: 0.10,
            frequent: 0.40,
            beyond_three: 0.5,
            sessions: 2.0,
            days: 0.25,
            seasonal: 0.8,
        }
    }
}

impl Default for Support {
    fn default() -> Self {
        Support { share: 0.20, path_question: 0.75, unanswered: 6.0 }
    }
}

impl Default for DropOff {
    /// Most leave in the second and third week; 30% are still there after eight.
    fn default() -> Self {
        DropOff {
            weekly: vec![0.22, 0.30, 0.24, 0.12, 0.08, 0.07, 0.06, 0.06, 0.05, 0.045],
            types: [0.90, 0.95, 1.15, 1.00],
            tiers: [1.2, 1.0, 0.8],
            drive: 0.5,
            reminded: 0.97,
        }
    }
}

impl Config {
    /// Checks every field.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the first field that is out
    /// of range, its value and the range.
    pub fn validate(&self) -> Result<()> {
        within("users", self.users, 1, 20_000_000)?;
        within("months", self.months, 1, 120)?;
        self.start.validate()?;
        self.activity.validate().map_err(|error| error.within("activity"))?;
        self.people
            .validate(1.0 - self.activity.inactive)
            .map_err(|error| error.within("people"))?;
        // A day has to have room for them.
        within("session_length.longest", self.session_length.longest(), 0.0, 120.0)?;
        if !season(self).iter().any(|weight| *weight > 0.0) {
            let accepted = "another share: with this one, nobody signs up in the months observed";
            return Err(Error::config("season.early", self.season.early(), accepted));
        }
        within("support.share", self.support.share, 0.0, 1.0 - self.activity.inactive)?;
        within("support.path_question", self.support.path_question, 0.0, 1.0)?;
        within("support.unanswered", self.support.unanswered, 0.01, 100.0)?;
        self.drop_off.validate().map_err(|error| error.within("drop_off"))?;
        self.market.validate().map_err(|error| error.within("market"))?;
        self.check_offer()
    }

    fn check_offer(&self) -> Result<()> {
        self.offer.validate().map_err(|error| error.within("offer"))?;
        self.willingness.validate().map_err(|error| error.within("willingness"))?;
        let (first, last) = self.offered();
        let end = self.start.plus(self.months - 1);
        for (field, month, from) in
            [("offer.first", first, self.start), ("offer.last", last, first)]
        {
            within(field, month, from, end)?;
            within(field, month.month, 1, 12)?;
        }
        Ok(())
    }

    /// Returns the business in which a decision is taken: 12,000 users in two years, and the experiment in the first.
    ///
    /// ```
    /// let config = casebook::cases::mentor::Config::two_years();
    /// assert_eq!((config.months, config.offered().1.to_string()), (24, "2024-12".to_owned()));
    /// ```
    pub fn two_years() -> Config {
        let mut config = Config { users: 12_000, months: 24, ..Config::default() };
        config.offer.last = Some(config.start.plus(11));
        config
    }

    /// Returns the first and the last month whose sign-ups take part in the experiment.
    pub fn offered(&self) -> (Month, Month) {
        let first = self.offer.first.unwrap_or(self.start);
        (first, self.offer.last.unwrap_or(self.start.plus(self.months.saturating_sub(1))))
    }
}

impl People {
    fn validate(&self, active: f64) -> Result<()> {
        pair("ages", self.ages, 13, 120)?;
        within("women", self.women, 0.0, 1.0)?;
        within("paying", self.paying, 0.0, active)?;
        within("price_cents", self.price_cents, 0, 100_000_000)?;
        if self.countries.is_empty() || self.countries.len() > 250 {
            return Err(Error::config("countries", self.countries.len(), "1 to 250 of them"));
        }
        for country in &self.countries {
            within("countries.share", country.share, 0.0, 1.0)?;
            within("countries.utc_offset", country.utc_offset, -840, 840)?;
        }
        whole("countries", self.countries.iter().map(|country| country.share))
    }
}

impl Activity {
    fn validate(&self) -> Result<()> {
        within("inactive", self.inactive, 0.0, 1.0)?;
        within("frequent", self.frequent, 0.0, 1.0)?;
        within("beyond_three", self.beyond_three, 0.0, 5.0)?;
        // With no power users at one end, with no casual ones at the other.
        let least = 1.0 + self.frequent;
        let most = least + (2.0 + self.beyond_three) * (1.0 - self.frequent);
        within("sessions", self.sessions, least, most)?;
        if !(self.days > 0.0 && self.days <= 1.0) {
            return Err(Error::config("days", self.days, "above 0, up to 1"));
        }
        within("seasonal", self.seasonal, 0.0, 1.0)
    }
}

impl DropOff {
    fn validate(&self) -> Result<()> {
        within("weekly", self.weekly.len(), 1, 520).map_err(|_| {
            Error::config("weekly", format!("{} values", self.weekly.len()), "1 to 520 values")
        })?;
        self.weekly.iter().try_for_each(|hazard| within("weekly", *hazard, 0.0, 10.0))?;
        self.types.iter().try_for_each(|factor| within("types", *factor, 0.01, 100.0))?;
        self.tiers.iter().try_for_each(|factor| within("tiers", *factor, 0.01, 100.0))?;
        within("drive", self.drive, 0.0, 3.0)?;
        within("reminded", self.reminded, 0.01, 10.0)
    }
}

/// Returns the weight of each day observed: 1 on average over a year.
pub(super) fn season(config: &Config) -> Vec<f64> {
    let months = (0..config.months).map(|n| config.start.plus(n));
    months.flat_map(|month| year_shares(month, config)).collect()
}

/// Returns the weight of each day of a month: 1 on average over a year.
fn year_shares(month: Month, config: &Config) -> impl Iterator<Item = f64> + use<> {
    let january = Month { year: month.year, month: 1 }.first_day();
    let length = Month { year: month.year + 1, month: 1 }.first_day() - january;
    let (season, from) = (config.season, month.first_day() - january);
    (0..month.days() as i32)
        .map(move |day| season.density((f64::from(from + day) + 0.5) / f64::from(length)))
}
