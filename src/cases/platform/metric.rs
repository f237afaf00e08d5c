//! What is measured.

use serde::{Deserialize, Serialize};

use crate::cases::check::within;
use crate::error::Result;

/// An experiment's primary metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// The share of users who buy at their first visit.
    Conversion,
    /// Revenue at the first visit, per user.
    Revenue,
    /// Clicks per session, a ratio of sums.
    Clicks,
}

impl Metric {
    /// Returns its name, as in the column `metric`.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Conversion => "conversion",
            Metric::Revenue => "revenue per user",
            Metric::Clicks => "clicks per session",
        }
    }
}

/// What the metrics are without a change.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// The share of experiments with revenue per user as the primary metric; with `clicks` at most 1.
    pub revenue: f64,
    /// The share with clicks per session. All others have conversion.
    pub clicks: f64,
    /// The share of users who buy; 0.01 to 0.6.
    pub converts: f64,
    /// What an order is worth on average, in US dollars; 1 to 10,000.
    pub order: f64,
    /// The standard deviation of orders, relative to their mean; 0 to 3.
    pub order_spread: f64,
    /// Sessions of a user on average, at least one; 1 to 50.
    pub sessions: f64,
    /// Clicks per session; 0.01 to 0.6.
    pub click: f64,
    /// The correlation of two sessions of one user; 0 to 0.9.
    pub alike: f64,
    /// The share of users who return within a week, the guardrail; 0.01 to 0.9.
    pub returns: f64,
    /// The share of users who are new; 0.01 to 0.99.
    pub new: f64,
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics {
            revenue: 0.25,
            clicks: 0.25,
            converts: 0.2,
            order: 40.0,
            order_spread: 0.6,
            sessions: 4.0,
            click: 0.3,
            alike: 0.2,
            returns: 0.4,
            new: 0.3,
        }
    }
}

impl Metrics {
    pub(super) fn validate(&self) -> Result<()> {
        within("metrics.revenue", self.revenue, 0.0, 1.0)?;
        within("metrics.clicks", self.clicks, 0.0, 1.0)?;
        within("metrics.revenue + metrics.clicks", self.revenue + self.clicks, 0.0, 1.0)?;
        within("metrics.converts", self.converts, 0.01, 0.6)?;
        within("metrics.order", self.order, 1.0, 10_000.0)?;
        within("metrics.order_spread", self.order_spread, 0.0, 3.0)?;
        within("metrics.sessions", self.sessions, 1.0, 50.0)?;
        within("metrics.click", self.click, 0.01, 0.6)?;
        within("metrics.alike", self.alike, 0.0, 0.9)?;
        within("metrics.returns", self.returns, 0.01, 0.9)?;
        within("metrics.new", self.new, 0.01, 0.99)
    }

    /// The mean square of a user's sessions, which are geometric from 1.
    pub(super) fn session_squares(&self) -> f64 {
        2.0 * self.sessions * self.sessions - self.sessions
    }

    /// By how much the variance of clicks per session exceeds the one that independent sessions would have.
    pub(super) fn design_effect(&self) -> f64 {
        1.0 + self.alike * (self.session_squares() / self.sessions - 1.0)
    }

    /// The mean square of a user's clicks, of a mean share.
    pub(super) fn click_squares(&self, share: f64) -> f64 {
        let varies = self.alike * share * (1.0 - share);
        self.sessions * (share - share * share - varies)
            + self.session_squares() * (share * share + varies)
    }
}
