//! What is assumed for a decision: named values, each with what is accepted and what is plausible.

use polars::prelude::*;

use super::check::within;
use crate::error::{Result, unknown};

/// A value that nobody measured.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Assumption {
    pub name: String,
    pub unit: &'static str,
    pub value: f64,
    /// The lowest and the highest value that is accepted.
    pub accepted: (f64, f64),
    /// The lowest and the highest value that is plausible.
    pub plausible: (f64, f64),
}

impl Assumption {
    /// Names a value.
    pub fn new(
        name: impl Into<String>,
        unit: &'static str,
        value: f64,
        accepted: (f64, f64),
        plausible: (f64, f64),
    ) -> Assumption {
        Assumption { name: name.into(), unit, value, accepted, plausible }
    }
}

/// Checks every value; the error names the first one that is not accepted, and the range.
pub(super) fn validate(all: &[Assumption]) -> Result<()> {
    let mut all = all.iter();
    all.try_for_each(|one| within(&one.name, one.value, one.accepted.0, one.accepted.1))
}

/// Returns the place of the one with a name.
pub(super) fn place(all: &[Assumption], name: &str) -> Result<usize> {
    let names = || all.iter().map(|one| one.name.as_str());
    let found = names().position(|known| known == name);
    found.ok_or_else(|| unknown("assumption", name, names(), "none"))
}

/// Returns one row per assumption: `assumption`, `unit` (text), `value`, `plausible_low`, `plausible_high` (f64).
pub(super) fn frame(all: &[Assumption]) -> Result<DataFrame> {
    let numbers = |pick: fn(&Assumption) -> f64| -> Vec<f64> { all.iter().map(pick).collect() };
    Ok(df!(
        "assumption" => all.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(),
        "unit" => all.iter().map(|one| one.unit).collect::<Vec<_>>(),
        "value" => numbers(|one| one.value),
        "plausible_low" => numbers(|one| one.plausible.0),
        "plausible_high" => numbers(|one| one.plausible.1),
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> [Assumption; 2] {
        let of =
            |name: &str, value| Assumption::new(name, "dollars", value, (0.0, 1.0), (0.2, 0.8));
        [of("mail", 0.5), of("call", 0.7)]
    }

    #[test]
    fn they_are_found_by_name() {
        assert_eq!(place(&two(), "call").unwrap(), 1);
        let told = place(&two(), "cal").unwrap_err().to_string();
        assert!(told.contains("call"), "{told}");
        assert_eq!(frame(&two()).unwrap().height(), 2);
    }

    #[test]
    fn what_is_not_accepted_is_named_with_its_range() {
        assert!(validate(&two()).is_ok());
        let mut all = two();
        all[1].value = 1.5;
        let told = validate(&all).unwrap_err().to_string();
        assert!(
            told.contains("`call`") && told.contains("1.5") && told.contains("0 to 1"),
            "{told}"
        );
    }
}
