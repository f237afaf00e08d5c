//! What a team could do about churn, and what it costs: plain data, checked field by field.

use polars::prelude::*;
use serde::{Deserialize, Serialize};

use super::config::{Config, Size};
use crate::cases::check::within;
use crate::error::Result;

/// Something a team does from a month on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intervention {
    /// Somebody contacts clients that may be about to leave.
    Offer(Offer),
    /// The price of one size changes.
    Price(Price),
}

/// A retention offer: who is contacted, from when on, and how often it helps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// Who is contacted, each month.
    pub to: Audience,
    /// The first month; 1 to 1,200.
    pub from: u32,
    /// Probability that a company that would have churned in the month stays, if it is contacted; 0 to 1.
    pub saves: f64,
}

/// A new price for one size, and who leaves because of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Whose price changes.
    pub size: Size,
    /// The first month; 1 to 1,200.
    pub from: u32,
    /// The new price of a month in US cents; 0 to 100,000,000.
    pub monthly_price_cents: u32,
    /// Probability that a client leaves in a month because of it; 0 to 1.
    pub leaves: f64,
}

/// Whom an offer reaches: a rule over what the team sees at the start of a month.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Every client.
    All,
    /// Clients of one size.
    Size(Size),
    /// Clients whose sessions in the last month were at most this share below those of the month before: 0.5 for half as many. 0
    /// to 1.
    FallingUse(f64),
}

impl Audience {
    /// Returns whether a client is contacted, given its sessions in the last month and in the month before (none if it was not a
    /// client yet).
    pub(super) fn holds(self, size: Size, last: Option<u32>, earlier: Option<u32>) -> bool {
        match self {
            Audience::All => true,
            Audience::Size(of) => of == size,
            Audience::FallingUse(by) => {
                let fell = |(last, earlier)| f64::from(last) <= (1.0 - by) * f64::from(earlier);
                last.zip(earlier).is_some_and(fell)
            }
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
        match self {
            Intervention::Offer(offer) => {
                within("offer.from", offer.from, 1, 1_200)?;
                if let Audience::FallingUse(by) = offer.to {
                    within("offer.to.falling_use", by, 0.0, 1.0)?;
                }
                within("offer.saves", offer.saves, 0.0, 1.0)
            }
            Intervention::Price(price) => {
                within("price.from", price.from, 1, 1_200)?;
                within("price.monthly_price_cents", price.monthly_price_cents, 0, 100_000_000)?;
                within("price.leaves", price.leaves, 0.0, 1.0)
            }
        }
    }

    /// Returns its first month.
    pub fn from(&self) -> u32 {
        match self {
            Intervention::Offer(offer) => offer.from,
            Intervention::Price(price) => price.from,
        }
    }
}

/// What is assumed about money, for a decision. None of it is in the brief.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Costs {
    /// Contribution per dollar of revenue; 0 to 1. Subscription software is usually said to keep between 0.7 and 0.9.
    pub margin: f64,
    /// US dollars per company contacted and month; 0 to 10,000. Assumed: six minutes of somebody who costs 40 dollars an hour.
    pub contact: f64,
    /// US dollars per month in which an offer runs, whoever is contacted; 0 to 1,000,000. Assumed: an hour a month.
    pub program: f64,
}

impl Default for Costs {
    fn default() -> Self {
        Costs { margin: 0.8, contact: 4.0, program: 40.0 }
    }
}

impl Costs {
    /// Checks every field.
    ///
    /// # Errors
    /// As [`Intervention::validate`].
    pub fn validate(&self) -> Result<()> {
        within("margin", self.margin, 0.0, 1.0)?;
        within("contact", self.contact, 0.0, 10_000.0)?;
        within("program", self.program, 0.0, 1_000_000.0)
    }

    /// Returns one row per assumption: `assumption`, `unit` (text), `value`, `plausible_low`, `plausible_high` (f64).
    ///
    /// # Errors
    /// Polars' own; none are known.
    pub fn frame(&self) -> Result<DataFrame> {
        Ok(df!(
            "assumption" => ["contribution margin", "contacting a company", "running the offer"],
            "unit" => ["dollars per dollar of revenue", "dollars per company and month", "dollars per month"],
            "value" => [self.margin, self.contact, self.program],
            "plausible_low" => [0.7, 1.0, 0.0],
            "plausible_high" => [0.9, 20.0, 500.0],
        )?)
    }
}

/// Returns the price of a month, in US dollars: the one that began last, if any has; of two that began together, the one listed last.
pub(super) fn price(config: &Config, done: &[Intervention], size: Size, month: u32) -> f64 {
    let begun = done.iter().filter_map(|intervention| match intervention {
        Intervention::Price(price) if price.size == size && month >= price.from => Some(price),
        _ => None,
    });
    let new = begun.max_by_key(|price| price.from).map(|price| price.monthly_price_cents);
    f64::from(new.unwrap_or(config.plan(size).monthly_price_cents)) / 100.0
}

/// Returns what it costs to run the offers in these months, whoever is contacted.
pub(super) fn program(done: &[Intervention], decided: u32, horizon: u32, costs: &Costs) -> f64 {
    let last = decided + horizon;
    let months = done.iter().map(|intervention| match intervention {
        Intervention::Offer(offer) => (last + 1).saturating_sub(offer.from),
        Intervention::Price(_) => 0,
    });
    costs.program * f64::from(months.sum::<u32>())
}
