//! Change: why a metric moved, whether it moved at all, and what moved it.
//!
//! [`by_group()`] splits the move of a rate over groups, [`MetricTree`] that of a sum or product over its parts: bookkeeping, exact to
//! the last digit, which says where the move is and not why. [`Stl`] takes season and trend off a series, [`Mstl`] several seasons,
//! and [`ChangePoints`] finds where its level moved. [`Forecast`] says where it goes, with intervals that hold. [`Alerts`] compare each value with those before it, at a known rate of false alarms.
//! [`InterruptedSeries`] estimates what happened at a known time, [`RegressionDiscontinuity`] what a rule does at its cutoff, and
//! [`treatment_effect`] what something does that users chose; launches in some regions first are [panels](super::panel). [`attribute`]
//! shares out conversions over channels.
//!
//! ```
//! use casebook::metrics::change::{MetricTree, Split};
//! use casebook::polars::prelude::*;
//!
//! // A fifth fewer visitors; those who come buy a little more often.
//! let before = df!("visitors" => [50_000], "conversion" => [0.020], "order value" => [40.0])?;
//! let after = df!("visitors" => [40_000], "conversion" => [0.022], "order value" => [40.0])?;
//! let revenue = MetricTree::product("revenue", ["visitors", "conversion", "order value"]);
//! let moved = revenue.decompose(&before, &after, Split::LogMean)?;
//! let parts: Vec<f64> = moved.column("contribution")?.f64()?.iter().flatten().collect();
//! assert!((parts[0] + 4_800.0).abs() < 1e-6);
//! assert!((parts[1] + parts[2] + parts[3] - parts[0]).abs() < 1e-6);
//! assert!(parts[1] < -8_000.0 && parts[2] > 3_000.0 && parts[3] == 0.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! E. M. Kitagawa (1955), "Components of a difference between two rates", Journal of the American Statistical Association 50. B. W. Ang
//! (2004), "Decomposition analysis for policymaking in energy: which is the preferred method?", Energy Policy 32.
//! R. B. Cleveland, W. S. Cleveland, J. E. McRae and I. Terpenning (1990), "STL: a seasonal-trend decomposition procedure based on
//! loess", Journal of Official Statistics 6. R. Killick, P. Fearnhead and I. A. Eckley (2012), "Optimal detection of changepoints with a
//! linear computational cost", Journal of the American Statistical Association 107.

mod alerts;
mod attribution;
mod by_group;
mod change_points;
mod discontinuity;
mod forecast;
mod future;
mod interrupted;
mod mstl;
mod seasonal;
mod series;
mod treatment;
mod tree;

pub use alerts::{Alerts, Baseline};
pub use attribution::attribute;
pub use by_group::by_group;
pub use change_points::{ChangePoints, Penalty};
pub use discontinuity::RegressionDiscontinuity;
pub use forecast::{Forecast, Intervals};
pub use interrupted::InterruptedSeries;
pub use mstl::Mstl;
pub use seasonal::Stl;
pub use treatment::treatment_effect;
pub use tree::{MetricTree, Split};

pub use crate::stats::ets::Trend;
