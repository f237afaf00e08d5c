//! The rules of the business: plain data, checked field by field.

use serde::{Deserialize, Serialize};

use crate::cases::check::within;
use crate::cases::clock::Month;
use crate::error::Result;

/// The rules of the business. `Default` is the take-home's brief.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Companies acquired in month 1; 1 to 50,000,000.
    pub companies: u32,
    /// Months observed; 1 to 600.
    pub months: u32,
    /// The first month.
    pub start: Month,
    /// Probability that a company is small; 0 to 1.
    pub share_small: f64,
    /// Price and usage of a small company.
    pub small: Plan,
    /// Price and usage of a large company.
    pub large: Plan,
    /// How "plus or minus a uniform random integer" is read.
    pub session_rule: SessionRule,
    /// Whether the month of churn is paid for.
    pub billing: Billing,
    /// The seed of all random numbers.
    pub seed: u64,
}

/// What a company of one size pays, and how much it uses the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Price of a month in US cents; 0 to 100,000,000.
    pub monthly_price_cents: u32,
    /// Sessions a month around which the count varies; 1 to 500.
    pub sessions: u32,
    /// The largest deviation from `sessions`; 0 to `sessions`, so that a count is never negative.
    pub spread: u32,
}

/// Two readings of "`sessions`, plus or minus a uniform random integer between 0 and `spread`".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionRule {
    /// A uniform integer from −`spread` to +`spread`: every count is equally likely.
    #[default]
    UniformDeviation,
    /// A fair sign times a uniform integer from 0 to `spread`: no deviation is twice as likely as any
    /// other count, because +0 and −0 are the same.
    SignTimesUniform,
}

/// Whether a company pays for the month in which it churns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Billing {
    /// No: a month without a session brings no revenue. (What the original programs compute.)
    #[default]
    ChurnMonthUnpaid,
    /// Yes: the company was billed at the month's start and leaves at its end.
    ChurnMonthBilled,
}

/// The size of a company, which is also its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// The cheaper plan.
    Small,
    /// The more expensive one.
    Large,
}

impl Size {
    /// Returns its name, as in the column `company_size`.
    pub fn name(self) -> &'static str {
        match self {
            Size::Small => "small",
            Size::Large => "large",
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Config {
            companies: 500,
            months: 12,
            start: Month { year: 2021, month: 1 },
            share_small: 0.7,
            small: Plan { monthly_price_cents: 1_900, sessions: 5, spread: 5 },
            large: Plan { monthly_price_cents: 9_900, sessions: 10, spread: 10 },
            session_rule: SessionRule::default(),
            billing: Billing::default(),
            seed: 42,
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
        within("companies", self.companies, 1, 50_000_000)?;
        within("months", self.months, 1, 600)?;
        self.start.validate()?;
        within("share_small", self.share_small, 0.0, 1.0)?;
        let fields = [
            (&self.small, "small.monthly_price_cents", "small.sessions", "small.spread"),
            (&self.large, "large.monthly_price_cents", "large.sessions", "large.spread"),
        ];
        for (plan, price, sessions, spread) in fields {
            within(price, plan.monthly_price_cents, 0, 100_000_000)?;
            within(sessions, plan.sessions, 1, 500)?;
            within(spread, plan.spread, 0, plan.sessions)?;
        }
        Ok(())
    }

    pub(super) fn plan(&self, size: Size) -> &Plan {
        match size {
            Size::Small => &self.small,
            Size::Large => &self.large,
        }
    }

    pub(super) fn share(&self, size: Size) -> f64 {
        match size {
            Size::Small => self.share_small,
            Size::Large => 1.0 - self.share_small,
        }
    }
}
