//! The ledger: what a source claims next to what we measured, with a verdict.
//!
//! Verdicts are computed, never typed in, and know chance. A claim about a share, a mean or another estimate carries its
//! standard error. It is missed if chance does not explain how far beyond the tolerance the estimate is, at a level that is
//! corrected for the number of rows; met if the data rules out that the claim is farther off than the tolerance; and undecided
//! if the data is too small to tell. Claims without chance, such as a number of rows, are compared with the tolerance.
//!
//! ```
//! use casebook::claims::{Claim, Ledger, Verdict};
//!
//! let mut ledger = Ledger::new();
//! ledger
//!     .add(Claim::counted("500 companies", "the brief", 500.0, 500.0))
//!     .add(Claim::share("70% of companies are small", "the brief", 0.70, 358, 500)
//!         .within(0.05, "a smaller shift changes no decision"))
//!     .add(Claim::not_defined("plus or minus a uniform integer", "the brief", "uniform from -5 to 5"));
//! assert_eq!(ledger.table()?.height(), 3);
//! assert_eq!(ledger.count(Verdict::Met), 2);
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! # Sources
//! - D. J. Schuirmann (1987), "A comparison of the two one-sided tests procedure and the power approach for assessing the
//!   equivalence of average bioavailability", Journal of Pharmacokinetics and Biopharmaceutics 15.
//! - Y. Benjamini and Y. Hochberg (1995), "Controlling the false discovery rate", JRSS B 57.

mod claim;
mod ledger;
mod verdict;

pub use claim::Claim;
pub use ledger::Ledger;
pub use verdict::{Kind, Verdict};
