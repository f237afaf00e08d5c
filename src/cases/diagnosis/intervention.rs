//! What a team could do on Monday, and what it costs: plain data, checked field by field.

use polars::prelude::*;
use serde::{Deserialize, Serialize};

use crate::cases::check::within;
use crate::error::Result;

/// Something a team does, so many weeks after the decision.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intervention {
    /// The release is taken back, and goes no further: activity is what it would have been without it.
    RollBack {
        /// Weeks until the older version is in the stores; 0 to 52.
        after: u32,
    },
    /// A new Android version records all its users.
    FixTracking {
        /// Weeks until users have it; 0 to 52.
        after: u32,
    },
    /// The paid channel brings as many users again as it used to.
    Resume {
        /// Weeks until it does; 0 to 52.
        after: u32,
    },
    /// Messages go out each week to everybody who was seen in the eight weeks before the decision.
    Reengage {
        /// Weeks until the first message; 0 to 52.
        after: u32,
        /// Probability that a user who would not have come in a week does, because of the message; 0 to 1.
        back: f64,
    },
}

impl Intervention {
    /// Checks every field.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the first field that is out of range, its value and the
    /// range.
    pub fn validate(&self) -> Result<()> {
        within("after", self.after(), 0, 52)?;
        match self {
            Intervention::Reengage { back, .. } => within("back", *back, 0.0, 1.0),
            _ => Ok(()),
        }
    }

    /// Returns the weeks from the decision until it works.
    pub fn after(&self) -> u32 {
        match self {
            Intervention::RollBack { after }
            | Intervention::FixTracking { after }
            | Intervention::Resume { after }
            | Intervention::Reengage { after, .. } => *after,
        }
    }
}

/// What is assumed about money. None of it can be learned from the data.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Costs {
    /// US dollars of contribution per user and week in which the user is active, without advertising; 0 to 1,000.
    pub active: f64,
    /// US dollars of advertising per user and week that is recorded: advertisers pay for nothing else. 0 to 1,000.
    pub recorded: f64,
    /// US dollars for rolling back: engineers, reviews, and a delay of what was to come next; 0 to 1,000,000.
    pub roll_back: f64,
    /// US dollars for a new version that records its users; 0 to 1,000,000.
    pub fix: f64,
    /// US dollars per user who signs up through the paid channel; 0 to 1,000.
    pub signup: f64,
    /// US dollars per user and week for messages; 0 to 1,000.
    pub message: f64,
    /// US dollars for setting up messages; 0 to 1,000,000.
    pub campaign: f64,
}

impl Default for Costs {
    fn default() -> Self {
        Costs {
            active: 2.0,
            recorded: 0.6,
            roll_back: 4_000.0,
            fix: 2_000.0,
            signup: 5.0,
            message: 0.02,
            campaign: 1_000.0,
        }
    }
}

impl Costs {
    /// Checks every field.
    ///
    /// # Errors
    /// As [`Intervention::validate`].
    pub fn validate(&self) -> Result<()> {
        within("active", self.active, 0.0, 1_000.0)?;
        within("recorded", self.recorded, 0.0, 1_000.0)?;
        within("roll_back", self.roll_back, 0.0, 1_000_000.0)?;
        within("fix", self.fix, 0.0, 1_000_000.0)?;
        within("signup", self.signup, 0.0, 1_000.0)?;
        within("message", self.message, 0.0, 1_000.0)?;
        within("campaign", self.campaign, 0.0, 1_000_000.0)
    }

    /// Returns one row per assumption: `assumption`, `unit` (text), `value`, `plausible_low`, `plausible_high` (f64).
    ///
    /// # Errors
    /// Polars' own; none are known.
    pub fn frame(&self) -> Result<DataFrame> {
        Ok(df!(
            "assumption" => ["active week", "recorded week", "roll back", "fix tracking", "paid sign-up", "message", "campaign"],
            "unit" => [
                "dollars per user and active week", "dollars of advertising per user and recorded week", "dollars", "dollars",
                "dollars per sign-up", "dollars per user and week", "dollars",
            ],
            "value" => [
                self.active, self.recorded, self.roll_back, self.fix, self.signup, self.message, self.campaign,
            ],
            "plausible_low" => [1.0, 0.3, 2_000.0, 1_000.0, 3.0, 0.005, 500.0],
            "plausible_high" => [3.0, 1.0, 10_000.0, 5_000.0, 10.0, 0.05, 3_000.0],
        )?)
    }
}
