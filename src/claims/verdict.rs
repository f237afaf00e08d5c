//! What becomes of a claim, and what that rests on.

use std::fmt;

/// What a row of the ledger rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Measured on this data.
    Measured,
    /// Derived without simulation.
    ClosedForm,
    /// Assumed; nothing here tests it.
    Assumption,
    /// True because the generator was set so: a claim compared with itself is no evidence.
    ByConstruction,
    /// It can be read in more than one way; the note says which reading was adopted.
    NotDefined,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Measured => "measured",
            Kind::ClosedForm => "closed form",
            Kind::Assumption => "assumption",
            Kind::ByConstruction => "by construction",
            Kind::NotDefined => "not defined",
        })
    }
}

/// The verdict on a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The value is within the tolerance; where chance is involved, the data rules out that it is not.
    Met,
    /// The value is not within the tolerance, and chance does not explain it.
    Missed,
    /// The data is too small to tell: chance explains both.
    Undecided,
    /// An identity rules it out.
    Impossible,
    /// It can be read in more than one way; the note says which reading was adopted.
    Undefined,
    /// Nothing was tested: an assumption, or true by construction.
    Untested,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Met => "met",
            Verdict::Missed => "missed",
            Verdict::Undecided => "undecided",
            Verdict::Impossible => "impossible",
            Verdict::Undefined => "undefined",
            Verdict::Untested => "not tested",
        })
    }
}
