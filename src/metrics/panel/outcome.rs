//! What a panel is made of: its rows, and which of their columns is the outcome.

use polars::prelude::*;

use crate::metrics::Source;

/// Which columns hold the outcome.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    Value(String),
    Rate { hits: String, trials: String },
    Mean { mean: String, se: String },
    Count(String),
}

/// A panel: one row for each unit and period, with the period of the unit's launch.
///
/// Its outcome is the column `value`, unless [`rates`](Panel::rates), [`means`](Panel::means), [`counts`](Panel::counts) or
/// [`values`](Panel::values) say otherwise. It keeps a reference-counted handle on the rows.
#[derive(Clone)]
pub struct Panel {
    pub(super) rows: LazyFrame,
    pub(super) unit: String,
    pub(super) period: String,
    pub(super) launch: String,
    pub(super) outcome: Outcome,
    pub(super) adjusted: Vec<String>,
}

impl Panel {
    /// Creates a panel. `unit` names a column of any type, `period` one of whole numbers without a gap (months since the first), and
    /// `launch` one that holds the first period with the launch in every row of the unit, and null where there is none.
    ///
    /// Every unit needs a row for every period. A unit that launches in the first period or before has nothing to be compared with and is
    /// left out; one that launches after the last period has not launched.
    pub fn new(rows: &dyn Source, unit: &str, period: &str, launch: &str) -> Panel {
        Panel {
            rows: rows.scan(),
            unit: unit.into(),
            period: period.into(),
            launch: launch.into(),
            outcome: Outcome::Value("value".into()),
            adjusted: vec![],
        }
    }

    /// Sets the outcome: a number per unit and period, of unknown error. Units count alike. Intervals are Student's, from how much
    /// units that launched at the same time differ, with one degree of freedom less than the smallest such group has units; they are null
    /// where one launched alone.
    pub fn values(mut self, value: &str) -> Panel {
        self.outcome = Outcome::Value(value.into());
        self
    }

    /// Sets the outcome: a share, of `hits` in `trials`. Effects are differences of shares. Units weigh as many trials as they have in
    /// all periods. A cell's variance is that of its share with half a hit and half a miss added, so that it's never 0.
    pub fn rates(mut self, hits: &str, trials: &str) -> Panel {
        self.outcome = Outcome::Rate { hits: hits.into(), trials: trials.into() };
        self
    }

    /// Sets the outcome: a mean with its standard error. Units weigh one over the mean of their squared errors.
    pub fn means(mut self, mean: &str, se: &str) -> Panel {
        self.outcome = Outcome::Mean { mean: mean.into(), se: se.into() };
        self
    }

    /// Sets the outcome: the logarithm of a count, so that effects are differences of logarithms: 0.1 is about 10% more. A count's
    /// variance is its mean (Poisson), so that of its logarithm is one over the count.
    pub fn counts(mut self, count: &str) -> Panel {
        self.outcome = Outcome::Count(count.into());
        self
    }

    /// Adjusts for other things that differ between units and periods, such as other launches: columns of numbers. What they add is
    /// estimated together with units and periods, on cells before the launch, and taken off everywhere.
    pub fn adjust(mut self, columns: &[&str]) -> Panel {
        self.adjusted.extend(columns.iter().map(|column| (*column).to_owned()));
        self
    }
}
