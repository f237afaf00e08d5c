//! How long subjects stay, when not all of them have left yet.
//!
//! Reads one row per subject: `duration` (a number, 0 or more, in any unit: from the start to the end,
//! or to when we last looked) and `observed` (boolean, or 1 and 0: whether it ended; if not, the subject
//! is censored: it stayed for at least `duration`). A column may split the subjects into groups. Where a subject may end in
//! more ways than one, of which each rules the others out, [`cumulative_incidence()`] reads `outcome` instead of `observed`.
//!
//! ```
//! use casebook::metrics::survival;
//! use casebook::polars::prelude::*;
//!
//! let subjects = df!("duration" => [1, 2, 2, 3], "observed" => [true, true, false, true])?;
//! let curve = survival::kaplan_meier(&subjects, None)?;
//! let shares: Vec<f64> = curve.column("survival")?.f64()?.into_no_null_iter().collect();
//! assert_eq!(shares, [1.0, 0.75, 0.5, 0.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! E. L. Kaplan and P. Meier (1958), "Nonparametric estimation from incomplete observations"; Greenwood's
//! variance with the log-log transformation (J. D. Kalbfleisch and R. L. Prentice, The Statistical Analysis of
//! Failure Time Data); the log-rank test (N. Mantel, 1966); the restricted mean and its variance as in
//! J. P. Klein and M. L. Moeschberger, Survival Analysis, section 4.5.

mod cumulative_incidence;
mod curve;
mod from_activity;
mod hazard;
mod kaplan_meier;
mod log_rank;
mod median;
mod restricted_mean;
mod subjects;
#[cfg(test)]
mod tests;

pub use cumulative_incidence::cumulative_incidence;
pub use curve::{Curve, Group, Point, curve, curve_by};
pub use from_activity::from_activity;
pub use hazard::hazard;
pub use kaplan_meier::kaplan_meier;
pub use log_rank::log_rank;
pub use median::median;
pub use restricted_mean::restricted_mean;
