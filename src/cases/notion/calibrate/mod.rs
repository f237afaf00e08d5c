//! From what the data should show to the rates behind it.
//!
//! Nearly all of it has a closed form: shares are normalised so that segments and channels differ while the totals
//! stay, and a curve is fitted to the claimed retention. Three numbers have none: how often users come, how much they
//! do, and how much they differ. They are found by simulating a small world repeatedly.

mod closed_form;
mod curve;
mod solve;

use polars::prelude::*;
use serde::Serialize;

use super::config::Config;
use crate::error::{Error, Result};

/// Days within which a user activates, engages, forms the habit, collaborates and pays: the windows of the
/// funnel, counted from the day of sign-up.
pub const WINDOWS: [i32; 4] = [7, 30, 60, 90];
/// Different days on which a user is active, from activation on, within 30 days: engagement.
pub const ENGAGED_DAYS: usize = 3;
/// Different days within 60 days: the habit.
pub const HABIT_DAYS: usize = 8;

/// When a user creates the first page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Within 24 hours.
    Fast,
    /// Later, within a week.
    Slow,
    /// Never.
    Never,
}

pub(super) const CLASSES: [Class; 3] = [Class::Fast, Class::Slow, Class::Never];

/// What is solved numerically: see [`Calibration`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Knobs {
    pub visits: f64,
    pub events: f64,
    pub spread: f64,
}

/// The solved rates with which the data shows its [`Targets`](super::Targets).
///
/// ```
/// use casebook::cases::notion::{Calibration, Config};
///
/// let solved = Calibration::solve(&Config::default())?;
/// // Retention in month k is exp(-scale · k^shape): 45, 29 and 19% lie on such a curve.
/// let month = |k: f64| (-solved.scale * k.powf(solved.shape)).exp();
/// assert!((month(3.0) - 0.29).abs() < 0.01);
/// # Ok::<(), casebook::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// Retention in month k is exp(−`scale` · k^`shape`), fitted to the claimed months by least squares.
    pub scale: f64,
    /// See `scale`.
    pub shape: f64,
    /// From the first to the last, cohorts return 1 − this to 1 + this times as often as the average cohort.
    pub cohort_slope: f64,
    /// The share that engages, of users who activate and are there in month 1.
    pub engages: f64,
    /// Probability of paying, by segment.
    pub pays: [f64; 4],
    /// A typical user's visits in an active month, beyond the first.
    pub visits: f64,
    /// A typical user's events in a visit, beyond the first.
    pub events: f64,
    /// Standard deviation of the logarithm of how active users are.
    pub spread: f64,
    /// How many simulations of the small world it took.
    pub rounds: usize,
}

impl Calibration {
    /// Solves for the rates behind a configuration's targets.
    ///
    /// # Errors
    /// Those of [`Config::validate`]; [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for targets that
    /// cannot be met together, naming one of them and what it could be.
    pub fn solve(config: &Config) -> Result<Calibration> {
        let world = World::new(config)?;
        Ok(Calibration {
            scale: world.scale,
            shape: world.shape,
            cohort_slope: world.slope,
            engages: world.engages,
            pays: world.pays,
            visits: world.knobs.visits,
            events: world.knobs.events,
            spread: world.knobs.spread,
            rounds: world.rounds,
        })
    }
}

/// Seats: the share who pay without having upgraded, by whether the user shares.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seats {
    pub sharer: f64,
    pub other: f64,
}

/// A prepared configuration: every probability that a user's life needs.
pub(super) struct World<'c> {
    pub config: &'c Config,
    /// The first day, from 1970-01-01.
    pub first_day: i32,
    /// First days of the months, counted from the first; two months more than are observed.
    pub starts: Vec<i32>,
    /// Cumulative weights of the days, from the first day on.
    pub busy: Vec<f64>,
    pub segment_sums: Vec<f64>,
    pub channel_sums: Vec<f64>,
    pub month_sums: Vec<f64>,
    /// Probability of activating, and of being fast if so, by segment and channel.
    pub activates: [[f64; 6]; 4],
    pub hurries: [[f64; 6]; 4],
    /// How often a user comes back compared with the average user: by segment, channel and class.
    returns: [[[f64; 3]; 6]; 4],
    pub scale: f64,
    pub shape: f64,
    pub slope: f64,
    /// exp(−scale · kˢʰᵃᵖᵉ), by month k: stored because every user needs it.
    curve: Vec<f64>,
    /// A cohort's factor, and its average over the cohorts observed in month k.
    cohorts: Vec<f64>,
    averages: Vec<f64>,
    /// Probability of the habit, by cohort and segment.
    pub habits: Vec<[f64; 4]>,
    pub engages: f64,
    pub collaborates: [f64; 4],
    pub upgrades: [f64; 4],
    /// Share of those without the habit who share, comment or invite.
    pub shares: [f64; 4],
    pub pays: [f64; 4],
    pub knobs: Knobs,
    rounds: usize,
}

impl<'c> World<'c> {
    pub fn new(config: &'c Config) -> Result<World<'c>> {
        config.validate()?;
        let mut world = World::closed_form(config)?;
        world.solve()?;
        Ok(world)
    }

    /// Prepares who people are and what they decide, without how often they come and how much they do.
    pub fn people(config: &'c Config) -> Result<World<'c>> {
        config.validate()?;
        World::closed_form(config)
    }

    /// Checks that no probability of coming back exceeds 1 or rises with time.
    fn possible(&self) -> Result<()> {
        let months = self.config.months as usize;
        for s in 0..4 {
            for c in 0..6 {
                for class in CLASSES {
                    for cohort in 0..months - 1 {
                        let chance = |k| self.there(s, c, class, cohort, k);
                        let most = chance(1);
                        let one = self.config.targets.retention[0];
                        if most > 1.0 {
                            let accepted = format!(
                                "at most {:.3} with this effect of activating fast, or segments and channels that differ less",
                                one / most
                            );
                            return Err(Error::config("retention", one, accepted).within("targets"));
                        }
                        if (2..months - cohort).any(|k| chance(k) > chance(k - 1)) {
                            let accepted =
                                "fewer: with these, a cohort would grow after it had shrunk";
                            return Err(Error::config("pauses", self.config.pauses, accepted));
                        }
                    }
                }
            }
        }
        for s in 0..4 {
            let segment = &self.config.segments[s];
            let habit = self.habits.iter().map(|habits| habits[s]).fold(0.0, f64::max);
            let upgrading = habit * self.collaborates[s] * self.upgrades[s];
            let ratio = self.config.sharers_pay;
            let paying = self.pays[s] / (segment.shares * ratio + 1.0 - segment.shares);
            if paying * ratio * segment.shares < upgrading || paying > 1.0 {
                let accepted = "another ratio: with this one, fewer sharers would pay than \
                                upgrade, or more than everyone else";
                return Err(Error::config("sharers_pay", ratio, accepted));
            }
        }
        Ok(())
    }

    /// Returns the probability that a user has not left by month `k` after sign-up, 1 or more.
    pub fn there(
        &self,
        segment: usize,
        channel: usize,
        class: Class,
        cohort: usize,
        k: usize,
    ) -> f64 {
        let curve = self.curve[k];
        let stays = if k == 1 { 1.0 } else { 1.0 - self.config.pauses };
        let average = self.averages[k.min(self.averages.len() - 1)];
        self.returns[segment][channel][class as usize] * curve * self.cohorts[cohort]
            / (average * stays)
    }

    /// Returns the number of days observed.
    pub fn days(&self) -> i32 {
        self.starts[self.config.months as usize]
    }

    /// Tells whether someone who signed up on a day is observed for the funnel's longest window.
    pub fn observed(&self, day: i32) -> bool {
        day + WINDOWS[3] <= self.days()
    }

    /// Returns who pays for a seat, given how many of a segment upgrade themselves: together they are all who pay, and
    /// sharers pay less often, as configured.
    pub fn seats(&self, segment: usize, upgrading: f64) -> Seats {
        let shares = self.config.segments[segment].shares;
        let ratio = self.config.sharers_pay;
        let other = self.pays[segment] / (shares * ratio + 1.0 - shares);
        let sharer = (other * ratio * shares - upgrading) / (shares - upgrading).max(1e-9);
        Seats { sharer: sharer.clamp(0.0, 1.0), other: other.clamp(0.0, 1.0) }
    }

    /// Returns what a metric should find: see [`truth`](super::truth).
    pub fn truth(&self) -> Result<DataFrame> {
        let t = &self.config.targets;
        let month = |k: f64| (-self.scale * k.powf(self.shape)).exp();
        let rows = [
            ("visitors who sign up", t.signup),
            ("activation", t.activation),
            ("engagement", t.engagement),
            ("habit", t.habit),
            ("collaboration", t.collaboration),
            ("monetization", t.monetization),
            (
                "signup to paid",
                t.activation * t.engagement * t.habit * t.collaboration * t.monetization,
            ),
            ("paid", t.paid),
            ("paid, enterprise over individual", self.pays[2] / self.pays[0]),
            ("monthly churn, individual", self.config.churn[0]),
            ("monthly churn, small team", self.config.churn[1]),
            ("monthly churn, enterprise", self.config.churn[2]),
            ("retention in month 1", month(1.0)),
            ("retention in month 3", month(3.0)),
            ("retention in month 6", month(6.0)),
            ("later over earlier cohorts, month 1", 1.0 + t.improvement),
            ("fast over slow, month 1, stratified", t.fast_effect),
            ("top decile's share of activity", t.top_decile),
            ("events per user", t.events_per_user),
            ("stickiness", t.stickiness),
        ];
        let (what, value): (Vec<&str>, Vec<f64>) = rows.into_iter().unzip();
        Ok(df!("what" => what, "value" => value)?)
    }
}
