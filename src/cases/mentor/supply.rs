//! The mentors, and how they are matched: plain data, checked field by field.

use serde::{Deserialize, Serialize};

use crate::cases::check::{pair, within};
use crate::error::{Error, Result};

/// The mentors, and how they are matched.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Market {
    /// People who apply to be mentors, before the first month; 1 to 5,000,000.
    pub mentors: u32,
    /// Share of applicants that vetting accepts: those with the best scores. Above 0, up to 1.
    pub accepted: f64,
    /// Share of mentors with a second field; 0 to 1.
    pub two_fields: f64,
    /// Fewest and most mentees at a time, all numbers in between equally likely; 1 to 100.
    pub capacity: (u32, u32),
    /// Lowest and highest price of half an hour of a mentor in US cents; 0 to 100,000,000.
    pub price_cents: (u32, u32),
    /// Shortest and longest time from finding a free mentor to the match, in hours; 0 to 720.
    pub processing_hours: (u32, u32),
    /// How many free mentors are considered for a request, which gets the best of them; 1 to 100.
    pub shortlist: u32,
    /// Weeks after which mentor and mentee part; 1 to 520.
    pub weeks: u32,
    /// Share of matches with a weekly call; the others exchange messages. 0 to 1.
    pub calls: f64,
    /// How much more a mentor with a better vetting score helps: the log of the hazard ratio is multiplied by 1 + this ×
    /// (score − 75) / 25, but never by less than 0; −1 to 1. By default 0: the score predicts ratings, and not who stays,
    /// as ratings of teachers don't predict what is learned (B. Uttl and others, Studies in Educational Evaluation 54,
    /// 2017).
    pub vetting_helps: f64,
}

impl Default for Market {
    fn default() -> Self {
        Market {
            mentors: 80,
            accepted: 0.5,
            two_fields: 0.3,
            capacity: (1, 5),
            price_cents: (3_000, 12_000),
            processing_hours: (4, 48),
            shortlist: 3,
            weeks: 12,
            calls: 0.6,
            vetting_helps: 0.0,
        }
    }
}

impl Market {
    pub(super) fn validate(&self) -> Result<()> {
        within("mentors", self.mentors, 1, 5_000_000)?;
        if !(self.accepted > 0.0 && self.accepted <= 1.0) {
            return Err(Error::config("accepted", self.accepted, "above 0, up to 1"));
        }
        within("two_fields", self.two_fields, 0.0, 1.0)?;
        pair("capacity", self.capacity, 1, 100)?;
        pair("price_cents", self.price_cents, 0, 100_000_000)?;
        pair("processing_hours", self.processing_hours, 0, 720)?;
        within("shortlist", self.shortlist, 1, 100)?;
        within("weeks", self.weeks, 1, 520)?;
        within("calls", self.calls, 0.0, 1.0)?;
        within("vetting_helps", self.vetting_helps, -1.0, 1.0)
    }
}

impl Market {
    /// Returns the factor of the log of the hazard ratio of a mentor with this score.
    pub(super) fn quality(&self, score: u32) -> f64 {
        (1.0 + self.vetting_helps * (f64::from(score) - 75.0) / 25.0).max(0.0)
    }
}
