//! What a team could do about leaving, and whom it would reach: plain data, checked field by field.

use serde::{Deserialize, Serialize};

use super::config::TIERS;
use crate::cases::check::within;
use crate::error::Result;

/// Something a team does for everybody who signs up on a day or later. Day 0 is the first one observed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intervention {
    /// Mentors are offered.
    Mentors(Mentors),
    /// Everybody who applied is a mentor.
    DropVetting(DropVetting),
    /// Support answers questions about the path sooner.
    CallBack(CallBack),
    /// Matches are arranged sooner.
    Faster(Faster),
    /// People who haven't come for some days are reminded.
    Remind(Remind),
}

/// For whom something is done: a rule on what can be seen on the day of sign-up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    /// Everybody.
    All,
    /// A share of people, drawn at random; 0 to 1.
    Share(f64),
    /// Those who pay for a subscription.
    Subscribers,
    /// Those whose first path is of one [tier](TIERS), 0 to 2.
    Tier(usize),
    /// Those with at least so many sessions on the day of sign-up; 1 to 100.
    Engaged(u32),
}

/// How mentor and mentee talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// As the mentee asks.
    AsAsked,
    /// Weekly calls.
    Calls,
    /// Messages.
    Messages,
}

/// Who pays the mentor's price.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pays {
    /// The school pays.
    School,
    /// The mentee pays, and the school keeps this share; 0 to 1. Who finds no mentor at a price they would pay withdraws.
    Mentee(f64),
}

/// An offer of mentors. Those who take part in the experiment get what it gives them, whatever is offered to others.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mentors {
    /// The first day; 0 to 3,650.
    pub from: u32,
    /// Whom they are offered to.
    pub whom: Whom,
    /// How mentor and mentee talk.
    pub format: Format,
    /// Who pays.
    pub pays: Pays,
}

/// The end of vetting: from a day on, those it rejected are mentors, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropVetting {
    /// The first day; 0 to 3,650.
    pub from: u32,
}

/// Support that answers questions about the path sooner. Technical trouble takes as long as before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallBack {
    /// The first day; 0 to 3,650.
    pub from: u32,
    /// Who is called back.
    pub whom: Whom,
    /// Hours after the question within which support answers; 0 to 720.
    pub within_hours: f64,
}

/// Matches that are arranged sooner once a mentor is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Faster {
    /// The first day; 0 to 3,650.
    pub from: u32,
    /// Hours it takes at most; 0 to 720.
    pub processing_hours: u32,
}

/// An automated reminder to people who haven't come for some days; once reached, they are reminded for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remind {
    /// The first day; 0 to 3,650.
    pub from: u32,
    /// Days without a session; 1 to 365.
    pub idle_days: u32,
}

impl Whom {
    fn validate(self) -> Result<()> {
        match self {
            Whom::All | Whom::Subscribers => Ok(()),
            Whom::Share(share) => within("whom.share", share, 0.0, 1.0),
            Whom::Tier(tier) => within("whom.tier", tier, 0, TIERS.len() - 1),
            Whom::Engaged(sessions) => within("whom.engaged", sessions, 1, 100),
        }
    }
}

impl Intervention {
    /// Checks every field.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the first field that is out of range, its value and the
    /// range.
    pub fn validate(&self) -> Result<()> {
        self.check().map_err(|error| error.within(self.name()))
    }

    /// Returns the name under which its fields are reported.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Intervention::Mentors(_) => "mentors",
            Intervention::DropVetting(_) => "drop_vetting",
            Intervention::CallBack(_) => "call_back",
            Intervention::Faster(_) => "faster",
            Intervention::Remind(_) => "remind",
        }
    }

    fn check(&self) -> Result<()> {
        within("from", self.from(), 0, 3_650)?;
        match self {
            Intervention::Mentors(offer) => {
                offer.whom.validate()?;
                match offer.pays {
                    Pays::School => Ok(()),
                    Pays::Mentee(share) => within("pays.mentee", share, 0.0, 1.0),
                }
            }
            Intervention::DropVetting(_) => Ok(()),
            Intervention::CallBack(call) => {
                call.whom.validate()?;
                within("within_hours", call.within_hours, 0.0, 720.0)
            }
            Intervention::Faster(faster) => {
                within("processing_hours", faster.processing_hours, 0, 720)
            }
            Intervention::Remind(remind) => within("idle_days", remind.idle_days, 1, 365),
        }
    }

    /// Returns its first day.
    pub fn from(&self) -> u32 {
        match self {
            Intervention::Mentors(offer) => offer.from,
            Intervention::DropVetting(end) => end.from,
            Intervention::CallBack(call) => call.from,
            Intervention::Faster(faster) => faster.from,
            Intervention::Remind(remind) => remind.from,
        }
    }
}
