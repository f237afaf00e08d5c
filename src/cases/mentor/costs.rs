//! What is assumed about money.

use polars::prelude::*;
use serde::{Deserialize, Serialize};

use crate::cases::assumptions::{self, Assumption};
use crate::error::Result;

/// What is assumed about money, for a decision. None of it is in the brief or in the data.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Costs {
    /// Contribution per dollar paid for a subscription; 0 to 1.
    pub margin: f64,
    /// US dollars to vet an applicant once more for the months ahead; 0 to 10,000.
    pub vetting: f64,
    /// Minutes of a mentor's time that an exchange of messages takes; 0 to 120.
    pub message_minutes: f64,
    /// US dollars per question about the path that is answered sooner; 0 to 10,000. Assumed: twelve minutes of somebody who
    /// costs 40 dollars an hour.
    pub call_back: f64,
    /// US dollars per user who is reminded; 0 to 1,000.
    pub reminder: f64,
    /// US dollars per month in which matches are arranged sooner; 0 to 1,000,000.
    pub faster: f64,
}

impl Default for Costs {
    fn default() -> Self {
        Costs {
            margin: 0.8,
            vetting: 150.0,
            message_minutes: 6.0,
            call_back: 8.0,
            reminder: 0.05,
            faster: 1_500.0,
        }
    }
}

impl Costs {
    fn rows(&self) -> [Assumption; 6] {
        let messages = "minutes of a mentor per exchange";
        let subscription = "dollars per dollar of subscription";
        [
            Assumption::new("margin", subscription, self.margin, (0.0, 1.0), (0.7, 0.9)),
            Assumption::new(
                "vetting",
                "dollars per applicant",
                self.vetting,
                (0.0, 1e4),
                (50.0, 400.0),
            ),
            Assumption::new(
                "message_minutes",
                messages,
                self.message_minutes,
                (0.0, 120.0),
                (3.0, 15.0),
            ),
            Assumption::new(
                "call_back",
                "dollars per question",
                self.call_back,
                (0.0, 1e4),
                (4.0, 20.0),
            ),
            Assumption::new(
                "reminder",
                "dollars per user reminded",
                self.reminder,
                (0.0, 1e3),
                (0.01, 0.5),
            ),
            Assumption::new(
                "faster",
                "dollars per month",
                self.faster,
                (0.0, 1e6),
                (500.0, 5_000.0),
            ),
        ]
    }

    /// Checks every field.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the first field that is out of range, its value and the
    /// range.
    pub fn validate(&self) -> Result<()> {
        assumptions::validate(&self.rows())
    }

    /// Returns the same assumptions with another value for one of them, which is named as in [`Costs::frame`].
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a name that none of them has, and for a value out of range.
    ///
    /// ```
    /// use casebook::cases::mentor::Costs;
    ///
    /// let costs = Costs::default().with("vetting", 100.0)?;
    /// assert_eq!(costs, Costs { vetting: 100.0, ..Costs::default() });
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn with(mut self, assumption: &str, value: f64) -> Result<Costs> {
        let place = assumptions::place(&self.rows(), assumption)?;
        // In the order of the rows.
        let fields = [
            &mut self.margin,
            &mut self.vetting,
            &mut self.message_minutes,
            &mut self.call_back,
            &mut self.reminder,
            &mut self.faster,
        ];
        if let Some(field) = fields.into_iter().nth(place) {
            *field = value;
        }
        self.validate()?;
        Ok(self)
    }

    /// Returns one row per assumption: `assumption`, `unit` (text), `value`, `plausible_low`, `plausible_high` (f64).
    ///
    /// # Errors
    /// Polars' own; none are known.
    pub fn frame(&self) -> Result<DataFrame> {
        assumptions::frame(&self.rows())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_assumption_can_be_changed_by_its_name() {
        let base = Costs::default();
        for (place, one) in base.rows().into_iter().enumerate() {
            let rows = base.with(&one.name, one.value / 2.0).unwrap().rows();
            let changed = rows.iter().zip(base.rows()).map(|(one, other)| one.value != other.value);
            let expected: Vec<bool> = (0..rows.len()).map(|at| at == place).collect();
            assert_eq!(changed.collect::<Vec<_>>(), expected);
        }
        let told = base.with("veting", 1.0).unwrap_err().to_string();
        assert!(told.contains("vetting"), "{told}");
        let told = base.with("margin", 2.0).unwrap_err().to_string();
        assert!(told.contains("`margin`"), "{told}");
    }
}
