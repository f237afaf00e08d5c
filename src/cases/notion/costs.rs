//! What is assumed about money, for a decision. None of it is in the brief or in the data.

use polars::prelude::*;
use serde::{Deserialize, Serialize};

use super::launch::Lever;
use crate::cases::assumptions::{self, Assumption};
use crate::error::Result;

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

impl Costs {
    fn rows(&self) -> Vec<Assumption> {
        let revenue = "dollars per dollar of revenue";
        let mut rows =
            vec![Assumption::new("margin", revenue, self.margin, (0.0, 1.0), (0.6, 0.9))];
        let usual = Costs::default();
        for (kind, unit, values, usual) in [
            ("once", "dollars, once", self.once, usual.once),
            ("monthly", "dollars a month", self.monthly, usual.monthly),
        ] {
            for (lever, (value, usual)) in Lever::ALL.into_iter().zip(values.into_iter().zip(usual))
            {
                let name = format!("{}, {kind}", lever.name());
                // Whatever is assumed instead, what is plausible stays.
                let plausible = (usual / 3.0, usual * 3.0);
                rows.push(Assumption::new(name, unit, value, (0.0, 1e8), plausible));
            }
        }
        rows
    }

    /// Checks every field.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the first field that is out of range, its value and the range.
    pub fn validate(&self) -> Result<()> {
        assumptions::validate(&self.rows())
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
        let place = assumptions::place(&self.rows(), assumption)?;
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
            assert_eq!(rows[place].plausible, one.plausible);
        }
        let told = base.with("seo, onse", 1.0).unwrap_err().to_string();
        assert!(told.contains("seo, once"), "{told}");
    }
}
