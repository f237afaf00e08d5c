//! Casebook
pub mod chart;
pub mod claims;
pub mod error;
pub mod metrics;
pub mod notebook;
pub mod prelude;
pub mod simulate;
pub mod stamp;
pub mod warehouse;
pub use error::{Error, ErrorKind, Result, Trouble};
pub use {chrono, plotters, polars, rand, rand_chacha, rand_distr};
