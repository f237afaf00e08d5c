//! The mentor offer as an experiment: who takes part, who is offered a mentor, and whom mentors help.

use serde::{Deserialize, Serialize};

use crate::cases::check::within;
use crate::cases::clock::Month;
use crate::error::{Error, Result};

/// The mentor offer: a randomised experiment among those who sign up while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Offer {
    /// Share of people who are offered a mentor; the others are the control group. 0 to 1.
    pub share: f64,
    /// The first month whose sign-ups take part; the first observed if not given.
    pub first: Option<Month>,
    /// The last month whose sign-ups take part; the last observed if not given.
    pub last: Option<Month>,
    /// Share of people of average drive who want a mentor; between 0 and 1.
    pub take_up: f64,
    /// How strongly the wish for a mentor depends on drive: the log odds rise by this per unit of drive; −5 to 5. 0 is
    /// no self-selection.
    pub selection: f64,
    /// They ask within this many days after sign-up, if they are still there; 1 to 60.
    pub days: u32,
    /// Multiplies the hazard from the match on, permanently; 0.01 to 10. Below 1, mentors help. It is that of people of
    /// average drive on a silver path; [`Gains`] says how others differ.
    pub hazard_ratio: f64,
    /// Whom mentors help more.
    pub gains: Gains,
    /// What is drawn at random: users, weeks or fields.
    pub design: Design,
    /// The experiment's outcome is a session on this day after sign-up or later; 1 to 365.
    pub outcome_day: u32,
}

impl Offer {
    /// Returns the probability that someone with this drive wants a mentor.
    pub fn wants(&self, drive: f64) -> f64 {
        let odds = (self.take_up / (1.0 - self.take_up)).ln() + self.selection * drive;
        1.0 / (1.0 + (-odds).exp())
    }
}

/// Whom mentors help more: factors of the log of the [hazard ratio](Offer::hazard_ratio). 1 is as configured, 2 the squared
/// ratio, 0 no effect.
///
/// Mentoring programmes help those at risk more than others (D. L. DuBois and others, Psychological Science in the Public
/// Interest 12, 2011). How much more is assumed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gains {
    /// The factor falls by this per unit of drive, from 1 at average drive, and stays within 0 to 2; −2 to 2.
    pub drive: f64,
    /// The factor by [tier](super::TIERS) of the first path; 0 to 5.
    pub tiers: [f64; 3],
    /// The factor of weekly calls; 0 to 5.
    pub calls: f64,
    /// The factor of messages; 0 to 5.
    pub messages: f64,
}

impl Gains {
    /// Gains that are the same for everybody.
    pub const SAME: Gains = Gains { drive: 0.0, tiers: [1.0; 3], calls: 1.0, messages: 1.0 };

    /// Returns the factor for somebody of this drive on a path of this tier, with weekly calls or messages.
    pub(super) fn factor(&self, drive: f64, tier: usize, calls: bool) -> f64 {
        let format = if calls { self.calls } else { self.messages };
        (1.0 - self.drive * drive).clamp(0.0, 2.0) * self.tiers[tier] * format
    }
}

/// What an experiment draws at random. The share offered a mentor is the same in all designs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Design {
    /// Each user.
    User,
    /// Everybody who signs up within so many weeks gets the same; of each two such periods one is drawn. 1 to 52.
    Switchback(u32),
    /// Everybody whose first path is of the same [type](super::TYPES) gets the same.
    Field,
}

impl Design {
    /// Returns its name: "by user", "switchback, 4 weeks", "by field".
    pub fn name(self) -> String {
        match self {
            Design::User => "by user".into(),
            Design::Switchback(1) => "switchback, 1 week".into(),
            Design::Switchback(weeks) => format!("switchback, {weeks} weeks"),
            Design::Field => "by field".into(),
        }
    }
}

impl Default for Offer {
    fn default() -> Self {
        Offer {
            share: 0.5,
            first: None,
            last: None,
            take_up: 0.4,
            selection: 1.2,
            days: 14,
            hazard_ratio: 0.55,
            gains: Gains::default(),
            design: Design::User,
            outcome_day: 56,
        }
    }
}

impl Default for Gains {
    fn default() -> Self {
        Gains { drive: 0.4, tiers: [1.2, 1.0, 0.8], calls: 1.15, messages: 0.8 }
    }
}

impl Offer {
    pub(super) fn validate(&self) -> Result<()> {
        within("share", self.share, 0.0, 1.0)?;
        if !(self.take_up > 0.0 && self.take_up < 1.0) {
            return Err(Error::config("take_up", self.take_up, "between 0 and 1"));
        }
        within("selection", self.selection, -5.0, 5.0)?;
        within("days", self.days, 1, 60)?;
        within("hazard_ratio", self.hazard_ratio, 0.01, 10.0)?;
        within("gains.drive", self.gains.drive, -2.0, 2.0)?;
        let Gains { tiers: [bronze, silver, gold], calls, messages, .. } = self.gains;
        let factors = [bronze, silver, gold, calls, messages];
        factors.iter().try_for_each(|factor| within("gains", *factor, 0.0, 5.0))?;
        if let Design::Switchback(weeks) = self.design {
            within("design.switchback", weeks, 1, 52)?;
        }
        within("outcome_day", self.outcome_day, 1, 365)
    }
}
