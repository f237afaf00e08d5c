//! Levers: what it is worth to improve one stage of a funnel, alone or with others, and how uncertain that is.
//!
//! New revenue in a year is a flow: visitors × the rates of the funnel × dollars per new customer. A lever lifts
//! one factor, and no rate exceeds 1. Uncertain inputs are simulated many times, so results are 90% intervals.
//!
//! ```
//! use casebook::metrics::lever::{Lever, Model, Rate};
//!
//! let model = Model {
//!     visitors: 1_000_000.0,
//!     rates: vec![Rate::new("signup", 150, 1_000), Rate::new("paid", 12, 1_000)],
//!     levers: vec![Lever::new("search", 0, 0.25), Lever::new("onboarding", 2, 0.10)],
//!     ..Model::default()
//! };
//! let overlap = model.overlap()?;
//! // Alone +25% and +10%; together 1.25 · 1.10 − 1 = +37.5%.
//! let base = model.revenue();
//! let together = overlap.column("averaged")?.f64()?.get(2).unwrap();
//! assert!((together / base - 0.375).abs() < 1e-9);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! Each lever's share of their joint effect is its Shapley value (L. S. Shapley, 1953): its contribution averaged over
//! all orders in which the levers could come. Rates are simulated from their posterior with H. Jeffreys' prior. A lift
//! is simulated from a split normal distribution (K. F. Wallis, 2014, "The two-piece normal, binormal, or double
//! Gaussian distribution", Statistical Science 29): its median is the lift stated, and its 5% and 95% quantiles are the
//! ends of the range. With a symmetric range it is the normal distribution.

mod alone;
mod inputs;
mod model;
mod overlap;
mod projection;
mod sensitivity;

pub use inputs::{Lever, Rate};
pub use model::Model;

#[cfg(test)]
mod tests {
    use polars::prelude::*;

    use super::*;

    pub(super) fn three() -> Model {
        Model {
            visitors: 1_000_000.0,
            visitors_spread: 0.1,
            rates: vec![
                Rate::new("signup", 150, 1_000),
                Rate::new("activation", 600, 1_000),
                Rate::new("paid", 20, 1_000),
            ],
            levers: vec![
                Lever::new("a", 0, 0.25),
                Lever::new("b", 2, 0.156),
                Lever::new("c", 3, 0.124),
            ],
            draws: 2_000,
            ..Model::default()
        }
    }

    pub(super) fn values(frame: &DataFrame, column: &str) -> Vec<f64> {
        frame.column(column).unwrap().f64().unwrap().into_no_null_iter().collect()
    }
}
