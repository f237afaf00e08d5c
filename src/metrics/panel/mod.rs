//! Panels: units (regions, stores) over periods, in which something is launched at different times, and what the launch did.
//!
//! A unit's change since before its launch is compared with the change, over the same time, of units where nothing has been launched
//! yet. That is the launch's effect if all would have changed alike without it: [`Panel::pre_trends`] tests whether they did before.
//!
//! ```
//! use casebook::metrics::panel::Panel;
//! use casebook::polars::prelude::*;
//!
//! // Two regions, four months; from month 2 on, 10 points more of those who sign up in the north activate.
//! let rows = df!(
//!     "region" => ["north", "north", "north", "north", "south", "south", "south", "south"],
//!     "month" => [0, 1, 2, 3, 0, 1, 2, 3],
//!     "launched" => [Some(2), Some(2), Some(2), Some(2), None, None, None, None],
//!     "activated" => [600, 610, 720, 705, 500, 510, 520, 505],
//!     "signups" => [1_000; 8],
//! )?;
//! let panel = Panel::new(&rows, "region", "month", "launched").rates("activated", "signups");
//! let effects = panel.difference_in_differences()?;
//! assert!((effects.column("effect")?.f64()?.get(0).unwrap() - 0.1).abs() < 1e-9);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How
//! Every estimate here is a sum of the panel's cells, each with a weight, so its error follows from the cells' own errors: with
//! [counts](Panel::rates), from the chance by which people in a cell do one thing or the other. That leaves out shocks that hit a
//! whole unit in a period (a competitor's campaign, a holiday): with a few regions nobody can tell them from the launch, and intervals
//! are too narrow if there are any. [`Panel::values`] without counts takes the spread between units instead, and needs several that
//! launch at the same time.
//!
//! # Source
//! B. Callaway and P. H. C. Sant'Anna (2021), "Difference-in-differences with multiple time periods", Journal of Econometrics 225.
//! K. Borusyak, X. Jaravel and J. Spiess (2024), "Revisiting event-study designs: robust and efficient estimation", Review of Economic
//! Studies 91. A. Goodman-Bacon (2021), "Difference-in-differences with variation in treatment timing", Journal of Econometrics 225.
//! A. Abadie, A. Diamond and J. Hainmueller (2010), "Synthetic control methods for comparative case studies", Journal of the American
//! Statistical Association 105.

mod average;
mod cells;
mod estimate;
mod event_study;
mod outcome;
mod synthetic_control;

pub use outcome::Panel;
pub use synthetic_control::SyntheticControl;

#[cfg(test)]
mod tests;
