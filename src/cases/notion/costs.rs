//! What is assumed about money, for a decision. None of it is in the brief or in the data.

use polars::prelude::*;
use serde::{Deserialize, Serialize};

use super::launch::Lever;
use crate::cases::check::within;
use crate::error::{Result, unknown};

/// The margin, and what it costs to roll a lever out and to run it. The pilots are built: what is left is to adapt a lever to the other
/// regions. Figures are for a product with as many users as the data.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Costs {
    /// Contribution per dollar of revenue; 0 to 1.
    pub margin: f64,
    /// US dollars to roll each lever out, once, in the order of [`Lever::ALL`]; 0 to 100,000,000.
    pub once: [f64; 5],
    /// US dollars a month to run each lever; 0 to 100,000,000.
    pub monthly: [f64; 5],
}

impl Default for Costs {
    fn default() -> Self {
        Costs {
            margin: 0.8,
            once: [1_500.0, 1_000.0, 2_500.0, 5_000.0, 3_000.0],
            monthly: [50.0, 50.0, 250.0, 100.0, 100.0],
        }
    }
}

/// One of the [`Costs`]: name, unit, value, what is accepted and what is plausible.
type Assumption = (String, &'static str, f64, (f64, f64), (f64, f64));

impl Costs {
    fn rows(&self) -> Vec<Assumption> {
        let mut rows = vec![(
            "margin".to_owned(),
            "dollars per dollar of revenue",
            self.margin,
            (0.0, 1.0),
            (0.6, 0.9),
        )];
        for (kind, unit, values) in
            [("once", "dollars, once", self.once), ("monthly", "dollars a month", self.monthly)]
        {
            for (lever, value) in Lever::ALL.into_iter().zip(values) {
                let plausible = (value / 3.0, value * 3.0);
                let name = format!("{}, {kind}", lever.name());
                rows.push((name, unit, value, (0.0, 1e8), plausible));
            }
        }
        rows
    }

    /// Checks every field.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the first field that is out of range, its value and the range.
    pub fn validate(&self) -> Result<()> {
        let mut rows = self.rows().into_iter();
        rows.try_for_each(|(name, _, value, (low, high), _)| within(&name, value, low, high))
    }

    /// Returns the same assumptions with another value for one of them, which is named as in [`Costs::frame`].
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a name that none of them has, and for a value out of range.
    ///
    /// ```
    /// use casebook::cases::notion::Costs;
    ///
    /// let costs = Costs::default().with("seo, once", 9_000.0)?;
    /// assert_eq!(costs.once[2], 9_000.0);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn with(mut self, assumption: &str, value: f64) -> Result<Costs> {
        let names: Vec<String> = self.rows().into_iter().map(|row| row.0).collect();
        let Some(place) = names.iter().position(|name| name == assumption) else {
            return Err(unknown(
                "assumption",
                assumption,
                names.iter().map(|name| &**name),
                "none",
            ));
        };
        match place {
            0 => self.margin = value,
            1..=5 => self.once[place - 1] = value,
            _ => self.monthly[place - 6] = value,
        }
        self.validate()?;
        Ok(self)
    }

    /// Returns what a lever costs that runs for so many months.
    pub(super) fn of(&self, lever: Lever, months: f64) -> f64 {
        self.once[lever as usize] + self.monthly[lever as usize] * months
    }

    /// Returns one row per assumption: `assumption`, `unit` (text), `value`, `plausible_low`, `plausible_high` (f64).
    ///
    /// # Errors
    /// Polars' own; none are known.
    pub fn frame(&self) -> Result<DataFrame> {
        let rows = self.rows();
        Ok(df!(
            "assumption" => rows.iter().map(|row| row.0.as_str()).collect::<Vec<_>>(),
            "unit" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
            "value" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
            "plausible_low" => rows.iter().map(|row| row.4.0).collect::<Vec<_>>(),
            "plausible_high" => rows.iter().map(|row| row.4.1).collect::<Vec<_>>(),
        )?)
    }
}
