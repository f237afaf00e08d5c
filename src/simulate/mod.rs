//! Generators: a plain `Config` in, named frames out, and the truth behind them.
//!
//! Each business has one file with the same four pieces: a `Config` whose `Default` is the brief it
//! comes from, `Config::validate`, `generate`, and `truth`, which says in closed form what an analyst
//! should be able to recover from the data.
//!
//! Generators know nothing of metrics. Every entity draws from a [stream] of its own, so the same
//! config gives the same bytes on any number of threads, in any number of parts.

#[cfg(test)]
mod bounded;
mod check;
pub mod clock;
mod draw;
pub mod ecommerce;
mod frame;
pub mod mentor;
pub mod notion;
mod part;
pub mod rhythm;
pub mod saas;

pub use crate::stream;
pub use part::Part;
