//! One claim, and the evidence for or against it.

use super::verdict::{Kind, Verdict};
use crate::stats::distribution::{binomial_beyond, normal_cdf, normal_quantile};
use crate::stats::interval::wilson_at;

/// An estimate with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Chance {
    pub n: u64,
    pub standard_error: f64,
    /// Whether it is a share, whose standard error depends on the share.
    pub share: bool,
}

/// What speaks for or against a claim.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Evidence {
    /// A value, with its standard error if chance is involved.
    Value { value: f64, chance: Option<Chance> },
    /// The values that an identity allows.
    Bounds(f64, f64),
    /// None.
    Nothing,
}

/// A claim of a source, what we hold against it, and how far off it may be.
///
/// Built with a constructor for what it rests on, and given to [`Ledger::add`](super::Ledger::add).
///
/// ```
/// use casebook::claims::{Claim, Ledger, Verdict};
///
/// let mut ledger = Ledger::new();
/// ledger
///     .add(Claim::share("70% of companies are small", "the brief", 0.70, 358, 500)
///         .within(0.05, "the smallest shift that changes revenue by a tenth"))
///     .add(Claim::by_construction("a small company pays $19", "the brief", 19.0));
/// assert_eq!(ledger.count(Verdict::Met), 1);
/// assert_eq!(ledger.count(Verdict::Untested), 1);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    pub(super) claim: String,
    pub(super) source: String,
    pub(super) kind: Kind,
    pub(super) expected: Option<f64>,
    pub(super) tolerance: Option<f64>,
    pub(super) evidence: Evidence,
    pub(super) note: Option<String>,
}

impl Claim {
    fn new(
        claim: &str,
        source: &str,
        kind: Kind,
        expected: Option<f64>,
        evidence: Evidence,
    ) -> Claim {
        Claim {
            claim: claim.into(),
            source: source.into(),
            kind,
            expected,
            tolerance: None,
            evidence,
            note: None,
        }
    }

    /// Builds a claim about a number that was counted on this data and has no sampling error, such as the number of rows.
    pub fn counted(claim: &str, source: &str, expected: f64, measured: f64) -> Claim {
        let evidence = Evidence::Value { value: measured, chance: None };
        Claim::new(claim, source, Kind::Measured, Some(expected), evidence)
    }

    /// Builds a claim about a share, measured as `hits` of `trials`. Its standard error is that of the claimed share.
    pub fn share(claim: &str, source: &str, expected: f64, hits: u64, trials: u64) -> Claim {
        let spread = (expected * (1.0 - expected) / trials as f64).sqrt();
        let value = hits as f64 / trials as f64;
        let chance = Chance { n: trials, standard_error: spread, share: true };
        let evidence = Evidence::Value { value, chance: Some(chance) };
        Claim::new(claim, source, Kind::Measured, Some(expected), evidence)
    }

    /// Builds a claim about a mean, measured on `n` values with this standard deviation.
    pub fn mean(claim: &str, source: &str, expected: f64, (mean, sd): (f64, f64), n: u64) -> Claim {
        Claim::estimate(claim, source, expected, mean, sd / (n as f64).sqrt(), n)
    }

    /// Builds a claim about a quantity that was estimated from `n` observations with a standard error.
    pub fn estimate(
        claim: &str,
        source: &str,
        expected: f64,
        measured: f64,
        standard_error: f64,
        n: u64,
    ) -> Claim {
        let chance = Chance { n, standard_error, share: false };
        let evidence = Evidence::Value { value: measured, chance: Some(chance) };
        Claim::new(claim, source, Kind::Measured, Some(expected), evidence)
    }

    /// Builds a claim that a formula answers, without data.
    pub fn closed_form(claim: &str, source: &str, expected: f64, value: f64) -> Claim {
        let evidence = Evidence::Value { value, chance: None };
        Claim::new(claim, source, Kind::ClosedForm, Some(expected), evidence)
    }

    /// Builds a claim that an identity rules out: the identity allows only values from `low` to `high`. A claim within that
    /// range is not impossible, and counts as missed.
    pub fn impossible(
        claim: &str,
        source: &str,
        expected: f64,
        (low, high): (f64, f64),
        identity: &str,
    ) -> Claim {
        Claim::new(claim, source, Kind::ClosedForm, Some(expected), Evidence::Bounds(low, high))
            .note(identity)
    }

    /// Builds a row for a number that is assumed here, not tested, with the reason.
    pub fn assumption(claim: &str, source: &str, assumed: f64, reason: &str) -> Claim {
        Claim::new(claim, source, Kind::Assumption, Some(assumed), Evidence::Nothing).note(reason)
    }

    /// Builds a row for a number that the generator was set to: to measure it would compare the claim with itself.
    pub fn by_construction(claim: &str, source: &str, value: f64) -> Claim {
        Claim::new(claim, source, Kind::ByConstruction, Some(value), Evidence::Nothing)
    }

    /// Builds a row for a claim that can be read in more than one way, with the reading adopted.
    pub fn not_defined(claim: &str, source: &str, reading: &str) -> Claim {
        Claim::new(claim, source, Kind::NotDefined, None, Evidence::Nothing).note(reading)
    }

    /// Says how far off the claim may be and still be met, and why; without it, not at all.
    #[must_use]
    pub fn within(mut self, tolerance: f64, reason: &str) -> Claim {
        self.tolerance = Some(tolerance);
        self.note(reason)
    }

    /// Adds a note.
    #[must_use]
    pub fn note(mut self, note: &str) -> Claim {
        self.note = Some(match self.note {
            Some(before) => format!("{before}; {note}"),
            None => note.into(),
        });
        self
    }

    fn chance(&self) -> Option<(f64, Chance)> {
        match self.evidence {
            Evidence::Value { value, chance: Some(chance) } => Some((value, chance)),
            _ => None,
        }
    }

    /// Computes how many standard errors the value is above the claim, and the probability of one as far beyond the
    /// tolerance if the claim just held: the greater of the two at its edges. None if chance is not involved.
    pub(super) fn test(&self) -> Option<(f64, f64)> {
        let (value, Chance { standard_error, n, share }) = self.chance()?;
        let (expected, tolerance) = (self.expected?, self.tolerance.unwrap_or(0.0));
        let off = value - expected;
        if standard_error.is_nan() || off.is_nan() {
            return Some((f64::NAN, f64::NAN));
        }
        let z = match standard_error > 0.0 || off == 0.0 {
            true => off / standard_error.max(f64::MIN_POSITIVE),
            false => off.signum() * f64::INFINITY,
        };
        let p = match share {
            // If the claim just held, the share would be as far off as it may be. Few hits are far from normal: the exact count.
            true => {
                let edge = (expected + off.signum() * tolerance).clamp(0.0, 1.0);
                binomial_beyond(n, edge, expected, off.abs())
            }
            false if standard_error > 0.0 => {
                let (off, tolerance) = (off.abs() / standard_error, tolerance / standard_error);
                normal_cdf(tolerance - off) + normal_cdf(-tolerance - off)
            }
            // Without any spread there is no chance either.
            false => f64::from(off.abs() <= tolerance),
        };
        Some((z, p))
    }

    /// Whether all values that the data does not rule out are within the tolerance.
    fn within_reach(&self, value: f64, chance: Chance, level: f64) -> bool {
        let (z, tolerance) = (normal_quantile(1.0 - level), self.tolerance.unwrap_or(0.0));
        let Some(expected) = self.expected else { return false };
        let ends = match chance.share {
            // Wilson's has a width for a share of 0 or 1, too.
            true => wilson_at(z, (value * chance.n as f64).round() as u64, chance.n),
            false => Some((value - z * chance.standard_error, value + z * chance.standard_error)),
        };
        ends.is_some_and(|(low, high)| low >= expected - tolerance && high <= expected + tolerance)
    }

    /// Returns the verdict; `adjusted` is the test's p value, corrected for the number of rows.
    pub(super) fn verdict(&self, adjusted: Option<f64>, level: f64) -> Verdict {
        let tolerance = self.tolerance.unwrap_or(0.0);
        match (&self.evidence, self.kind) {
            (_, Kind::NotDefined) => Verdict::Undefined,
            (Evidence::Nothing, _) => Verdict::Untested,
            (Evidence::Bounds(low, high), _) => {
                let outside = self.expected.is_some_and(|claim| claim < *low || claim > *high);
                if outside { Verdict::Impossible } else { Verdict::Missed }
            }
            (Evidence::Value { value, chance }, _) => {
                let off = self.expected.map_or(f64::NAN, |claim| (value - claim).abs());
                match (chance, adjusted) {
                    // One value has no standard deviation, and no trial no share: too little to tell. Another NaN misses.
                    (Some(chance), Some(p)) if p.is_nan() => match value.is_nan() && chance.n > 0 {
                        true => Verdict::Missed,
                        false => Verdict::Undecided,
                    },
                    (Some(_), Some(p)) if p <= level => Verdict::Missed,
                    // That it is farther off than the tolerance is ruled out, too.
                    (Some(chance), Some(_)) if self.within_reach(*value, *chance, level) => {
                        Verdict::Met
                    }
                    (Some(_), Some(_)) => Verdict::Undecided,
                    // A NaN misses.
                    _ if off <= tolerance => Verdict::Met,
                    _ => Verdict::Missed,
                }
            }
        }
    }
}
