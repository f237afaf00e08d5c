//! The cases: one business each, with the data it would have and the truth behind them.
//!
//! Each case has the same four pieces: a `Config` whose `Default` is the brief it comes from,
//! `Config::validate`, `generate`, and `truth`, which says in closed form what an analyst should be able
//! to recover from the data.
//!
//! Generators know nothing about metrics. Every entity has a random [stream](crate::stream) of its own, so the same
//! config gives the same bytes on any number of threads, in any number of parts. The cases share the calendar in
//! [`clock`], the busy hours, days and months in [`rhythm`], and [`Part`].

mod assumptions;
#[cfg(test)]
mod bounded;
mod check;
pub mod clock;
pub mod diagnosis;
mod draw;
pub mod ecommerce;
mod frame;
pub mod mentor;
pub mod notion;
mod part;
pub mod platform;
pub mod rhythm;
pub mod saas;

pub use part::Part;
