//! The ledger: what a source claims next to what we measured, with a verdict.
//!
//! Verdicts are computed, never typed in: [`Ledger::measured`] compares with a tolerance; [`Ledger::impossible`] takes
//! the range that an identity allows, and the claim must lie outside it.
//!
//! ```
//! use casebook::claims::Ledger;
//!
//! let mut ledger = Ledger::new();
//! ledger.measured("70% of companies are small", "the brief", 0.70, 0.04, 0.716);
//! ledger.undefined("plus or minus a uniform integer", "the brief", "uniform from -5 to 5");
//! assert_eq!(ledger.table()?.height(), 2);
//! # Ok::<(), casebook::Error>(())
//! ```

use std::fmt;

use polars::prelude::*;

use crate::error::Result;

/// The verdict on a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The measurement is within the tolerance.
    Met,
    /// The measurement is not within the tolerance.
    Missed,
    /// An identity rules it out.
    Impossible,
    /// It can be read in more than one way; the note says which reading was adopted.
    Undefined,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Met => "met",
            Verdict::Missed => "missed",
            Verdict::Impossible => "impossible",
            Verdict::Undefined => "undefined",
        })
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    claim: String,
    source: String,
    expected: Option<f64>,
    tolerance: Option<f64>,
    measured: Option<f64>,
    verdict: Verdict,
    note: Option<String>,
}

/// Claims in the order they were examined.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ledger {
    entries: Vec<Entry>,
}

impl Ledger {
    /// Creates an empty ledger.
    pub fn new() -> Ledger {
        Ledger::default()
    }

    /// Adds a claim about a number: met if our measurement is within `tolerance` of it. A NaN misses.
    pub fn measured(
        &mut self,
        claim: &str,
        source: &str,
        expected: f64,
        tolerance: f64,
        measured: f64,
    ) -> &mut Ledger {
        let met = (measured - expected).abs() <= tolerance;
        self.entries.push(Entry {
            claim: claim.into(),
            source: source.into(),
            expected: Some(expected),
            tolerance: Some(tolerance),
            measured: Some(measured),
            verdict: if met { Verdict::Met } else { Verdict::Missed },
            note: None,
        });
        self
    }

    /// Adds a claim that an identity rules out: the identity allows only values from `low` to `high`. A claim within
    /// that range is not impossible, and counts as missed.
    pub fn impossible(
        &mut self,
        claim: &str,
        source: &str,
        expected: f64,
        (low, high): (f64, f64),
        identity: &str,
    ) -> &mut Ledger {
        let outside = expected < low || expected > high;
        self.entries.push(Entry {
            claim: claim.into(),
            source: source.into(),
            expected: Some(expected),
            tolerance: None,
            measured: Some(if expected < low { low } else { high }),
            verdict: if outside { Verdict::Impossible } else { Verdict::Missed },
            note: Some(identity.into()),
        });
        self
    }

    /// Adds a claim that can be read in more than one way, with the reading we adopted.
    pub fn undefined(&mut self, claim: &str, source: &str, reading: &str) -> &mut Ledger {
        self.entries.push(Entry {
            claim: claim.into(),
            source: source.into(),
            expected: None,
            tolerance: None,
            measured: None,
            verdict: Verdict::Undefined,
            note: Some(reading.into()),
        });
        self
    }

    /// Counts the claims with this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.entries.iter().filter(|entry| entry.verdict == verdict).count()
    }

    /// Returns one row per claim: `claim`, `source`, `expected`, `tolerance`, `measured` (f64), `verdict`, `note`.
    ///
    /// # Errors
    /// Polars' own; none are known.
    pub fn table(&self) -> Result<DataFrame> {
        let texts =
            |pick: fn(&Entry) -> &str| -> Vec<&str> { self.entries.iter().map(pick).collect() };
        let numbers = |pick: fn(&Entry) -> Option<f64>| -> Vec<Option<f64>> {
            self.entries.iter().map(pick).collect()
        };
        let verdicts: Vec<String> =
            self.entries.iter().map(|entry| entry.verdict.to_string()).collect();
        let notes: Vec<Option<&str>> =
            self.entries.iter().map(|entry| entry.note.as_deref()).collect();
        Ok(df!(
            "claim" => texts(|entry| &entry.claim),
            "source" => texts(|entry| &entry.source),
            "expected" => numbers(|entry| entry.expected),
            "tolerance" => numbers(|entry| entry.tolerance),
            "measured" => numbers(|entry| entry.measured),
            "verdict" => verdicts,
            "note" => notes,
        )?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(ledger: &Ledger) -> Vec<Verdict> {
        ledger.entries.iter().map(|entry| entry.verdict).collect()
    }

    #[test]
    fn verdicts_follow_from_the_numbers() {
        let mut ledger = Ledger::new();
        ledger
            .measured("a", "s", 0.7, 0.02, 0.71)
            .measured("b", "s", 0.7, 0.02, 0.73)
            .measured("c", "s", 0.7, 0.02, f64::NAN)
            .impossible("d", "s", 0.35, (0.0, 0.12), "identity")
            .impossible("e", "s", 0.1, (0.0, 0.12), "identity")
            .undefined("f", "s", "reading");
        use Verdict::*;
        assert_eq!(verdicts(&ledger), [Met, Missed, Missed, Impossible, Missed, Undefined]);
        assert_eq!(ledger.count(Missed), 3);
    }
}
