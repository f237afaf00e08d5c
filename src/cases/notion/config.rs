//! The rules of the business: plain data, checked field by field.

use serde::{Deserialize, Serialize};

use super::launch::Levers;
use crate::cases::check::{busyness, whole, within};
use crate::cases::clock::Month;
use crate::cases::rhythm::DayClock;
use crate::error::{Error, Result};

/// The rules of the business. `Default` is the brief's study, with its claims as [`Targets`].
///
/// ```
/// use casebook::cases::notion::Config;
///
/// let sticky = Config::sticky();
/// assert_eq!(sticky.targets.stickiness, 0.35);
/// assert!(sticky.targets.events_per_user > Config::default().targets.events_per_user);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// People who sign up; 1 to 50,000,000.
    pub users: u32,
    /// The first month.
    pub start: Month,
    /// Months observed; 6 to 60.
    pub months: u32,
    /// Growth of sign-ups from month to month; −0.2 to 0.5.
    pub growth: f64,
    /// The four segments, in the order of [`Segment::name`]; their shares sum to 1.
    pub segments: [Segment; 4],
    /// The six channels, in the order of [`Channel::name`]; their shares sum to 1.
    pub channels: [Channel; 6],
    /// What the data should show.
    pub targets: Targets,
    /// Within each segment, how often sharers pay compared with those who never share; 0.1 to 10. Guests of a free page
    /// need no seat.
    pub sharers_pay: f64,
    /// Share of plans that end with each month, by segment, in the order of [`Segment::name`]; 0 to 0.9. A plan is paid for
    /// at least one month.
    pub churn: [f64; 4],
    /// What the deck's levers do to those they reach, once launched: see [`Launch`](super::Launch).
    pub levers: Levers,
    /// Share of months, from the second after sign-up on, that users skip without having left; 0 to 0.5.
    pub pauses: f64,
    /// At what time of day people work.
    pub clock: DayClock,
    /// How busy each day of the week is, Monday first; 0.001 to 10.
    pub weekdays: [f64; 7],
    /// How busy each month of the year is; 0.001 to 10.
    pub year: [f64; 12],
    /// The seed of all random numbers.
    pub seed: u64,
}

/// What the data should show: the brief's claims. The generator solves for the rates behind them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Targets {
    /// Share of visitors who sign up; above 0, up to 1.
    pub signup: f64,
    /// Share of users who create a page within 7 days; 0.05 to 0.95.
    pub activation: f64,
    /// Share of those who are active on 3 days within 30; 0 to 1.
    pub engagement: f64,
    /// Share of those who are active on 8 days within 60; 0 to 1.
    pub habit: f64,
    /// Share of those who then share, comment or invite within 90 days; 0 to 1.
    pub collaboration: f64,
    /// Share of those who then upgrade themselves within 90 days; 0 to 1.
    pub monetization: f64,
    /// Share of users who come to be on a paid plan, whether or not they upgraded themselves; 0 to 1.
    pub paid: f64,
    /// Share of a cohort active in month 1, 3 and 6; falling, above 0 and below 1.
    pub retention: [f64; 3],
    /// How much better month 1 is in the later half of the cohorts than in the earlier half, as a ratio minus 1; −0.5
    /// to 1.
    pub improvement: f64,
    /// How many times as often users who create a page within 24 hours come back as those who create it later, all else
    /// equal; 1 to 4.
    pub fast_effect: f64,
    /// Share of those who create a page who do so within 24 hours; 0.05 to 0.95.
    pub fast: f64,
    /// Share of all activity that comes from the most active decile of users; 0.2 to 0.9.
    pub top_decile: f64,
    /// Events for each user, the sign-up included; 2 to 100,000, as far as visits of 240 events on average hold them. Who
    /// is more active than anybody among 12,000 users may be cut off there.
    pub events_per_user: f64,
    /// Daily over monthly active users; 0.04 to 0.6.
    pub stickiness: f64,
}

/// How users of one kind differ. `pays`, `activates`, `hurries` and `returns` compare segments with each
/// other: only their ratios count, since the totals are [`Targets`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// Share of users; 0 to 1.
    pub share: f64,
    /// How often they pay; 0.01 to 100.
    pub pays: f64,
    /// How often they create a page; 0.01 to 100.
    pub activates: f64,
    /// How often they do so within 24 hours; 0.01 to 100.
    pub hurries: f64,
    /// How often they come back; 0.01 to 100.
    pub returns: f64,
    /// How often those with the habit go on to collaborate; 0.01 to 100.
    pub collaborates: f64,
    /// Share who share, comment or invite at any time; 0 to 1.
    pub shares: f64,
    /// Fewest and most people in a workspace; 1 to 64.
    pub team: (u32, u32),
}

impl Segment {
    /// Returns the name of segment 0, 1, 2 or 3, as in the column `segment`.
    pub fn name(place: usize) -> &'static str {
        ["individual", "small_team", "enterprise", "education"][place]
    }
}

/// How users from one channel differ: ratios between channels, as in [`Segment`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Share of users; 0 to 1.
    pub share: f64,
    /// How often visitors sign up; 0.01 to 100.
    pub signs_up: f64,
    /// How often users create a page; 0.01 to 100.
    pub activates: f64,
    /// How often they do so within 24 hours; 0.01 to 100.
    pub hurries: f64,
    /// How often they come back; 0.01 to 100.
    pub returns: f64,
}

impl Channel {
    /// Returns the name of channel 0 to 5, as in the column `acquisition_channel`.
    pub fn name(place: usize) -> &'static str {
        ["organic_search", "referral", "direct", "social", "paid_ads", "templates"][place]
    }
}

impl Default for Config {
    fn default() -> Self {
        let segment = |share, pays, hurries, returns, collaborates, shares, team| Segment {
            share,
            pays,
            activates: 1.0,
            hurries,
            returns,
            collaborates,
            shares,
            team,
        };
        let channel = |share, signs_up, activates, hurries, returns| Channel {
            share,
            signs_up,
            activates,
            hurries,
            returns,
        };
        Config {
            users: 50_000,
            start: Month { year: 2023, month: 1 },
            months: 24,
            growth: 0.02,
            segments: [
                segment(0.45, 1.0, 0.95, 0.94, 0.8, 0.2, (1, 1)),
                segment(0.35, 2.5, 1.05, 1.04, 1.2, 0.45, (2, 6)),
                segment(0.15, 6.0, 1.1, 1.1, 1.4, 0.6, (3, 12)),
                segment(0.05, 1.5, 0.9, 0.96, 0.8, 0.25, (1, 4)),
            ],
            channels: [
                channel(0.30, 1.0, 1.0, 1.0, 1.0),
                channel(0.20, 2.0, 1.15, 1.35, 1.15),
                channel(0.18, 1.3, 1.05, 1.1, 1.05),
                channel(0.12, 0.7, 0.9, 0.7, 0.75),
                channel(0.12, 0.6, 0.8, 0.5, 0.6),
                channel(0.08, 0.9, 1.05, 1.0, 1.0),
            ],
            targets: Targets::default(),
            sharers_pay: 0.75,
            churn: [0.05, 0.03, 0.01, 0.05],
            levers: Levers::default(),
            pauses: 0.1,
            clock: DayClock::AT_WORK,
            weekdays: [1.15, 1.2, 1.2, 1.15, 1.0, 0.6, 0.7],
            year: [1.1, 1.05, 1.05, 1.0, 1.0, 0.95, 0.9, 0.88, 1.05, 1.07, 1.02, 0.93],
            seed: 42,
        }
    }
}

impl Default for Targets {
    fn default() -> Self {
        Targets {
            signup: 0.15,
            activation: 0.60,
            engagement: 0.45,
            habit: 0.35,
            collaboration: 0.50,
            monetization: 0.25,
            paid: 0.13,
            retention: [0.45, 0.29, 0.19],
            improvement: 0.08,
            fast_effect: 2.0,
            fast: 0.5,
            top_decile: 0.5,
            events_per_user: 15.0,
            stickiness: 0.08,
        }
    }
}

impl Config {
    /// Returns the second preset: 35% stickiness, and the events it takes. When users come that often, those who stay
    /// longest do most: the top decile accounts for a little more than half.
    pub fn sticky() -> Config {
        let targets = Targets {
            stickiness: 0.35,
            events_per_user: 60.0,
            top_decile: 0.54,
            ..Targets::default()
        };
        Config { targets, ..Config::default() }
    }

    /// Checks every field. Whether the targets can be met together only shows when solving for them: see
    /// [`Calibration`](super::Calibration).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the first field that is out
    /// of range, its value and the range.
    pub fn validate(&self) -> Result<()> {
        within("users", self.users, 1, 50_000_000)?;
        self.start.validate()?;
        within("months", self.months, 6, 60)?;
        within("growth", self.growth, -0.2, 0.5)?;
        for segment in &self.segments {
            segment.validate().map_err(|error| error.within("segments"))?;
        }
        whole("segments", self.segments.iter().map(|segment| segment.share))?;
        for channel in &self.channels {
            channel.validate().map_err(|error| error.within("channels"))?;
        }
        whole("channels", self.channels.iter().map(|channel| channel.share))?;
        self.targets.validate().map_err(|error| error.within("targets"))?;
        within("sharers_pay", self.sharers_pay, 0.1, 10.0)?;
        self.churn.iter().try_for_each(|churn| within("churn", *churn, 0.0, 0.9))?;
        self.levers.validate().map_err(|error| error.within("levers"))?;
        within("pauses", self.pauses, 0.0, 0.5)?;
        for (field, weights) in [("weekdays", &self.weekdays[..]), ("year", &self.year[..])] {
            busyness(field, weights)?;
        }
        Ok(())
    }
}

impl Segment {
    fn validate(&self) -> Result<()> {
        within("share", self.share, 0.0, 1.0)?;
        ratios(&[
            ("pays", self.pays),
            ("activates", self.activates),
            ("hurries", self.hurries),
            ("returns", self.returns),
            ("collaborates", self.collaborates),
        ])?;
        within("shares", self.shares, 0.0, 1.0)?;
        crate::cases::check::pair("team", self.team, 1, 64)
    }
}

impl Channel {
    fn validate(&self) -> Result<()> {
        within("share", self.share, 0.0, 1.0)?;
        ratios(&[
            ("signs_up", self.signs_up),
            ("activates", self.activates),
            ("hurries", self.hurries),
            ("returns", self.returns),
        ])
    }
}

fn ratios(fields: &[(&str, f64)]) -> Result<()> {
    fields.iter().try_for_each(|(field, value)| within(field, *value, 0.01, 100.0))
}

impl Targets {
    fn validate(&self) -> Result<()> {
        within("signup", self.signup, 0.001, 1.0)?;
        within("activation", self.activation, 0.05, 0.95)?;
        for (field, value) in [
            ("engagement", self.engagement),
            ("habit", self.habit),
            ("collaboration", self.collaboration),
            ("monetization", self.monetization),
            ("paid", self.paid),
        ] {
            within(field, value, 0.0, 1.0)?;
        }
        let [one, three, six] = self.retention;
        if !(1.0 > one && one > three && three > six && six > 0.0) {
            let found = format!("{one}, {three}, {six}");
            return Err(Error::config("retention", found, "falling, below 1 and above 0"));
        }
        within("improvement", self.improvement, -0.5, 1.0)?;
        within("fast_effect", self.fast_effect, 1.0, 4.0)?;
        within("fast", self.fast, 0.05, 0.95)?;
        within("top_decile", self.top_decile, 0.2, 0.9)?;
        within("events_per_user", self.events_per_user, 2.0, 100_000.0)?;
        within("stickiness", self.stickiness, 0.04, 0.6)
    }
}
