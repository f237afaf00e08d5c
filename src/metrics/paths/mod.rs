//! Paths: what users do after what.
//!
//! ```
//! use casebook::prelude::*;
//!
//! let events = warehouse::files::read("data/samples/events.csv")?;
//! let visits = paths::Paths::new("event").timeout(chrono::TimeDelta::minutes(30));
//! let next = visits.transitions(&events)?;
//! let after_cart = next.lazy().filter(col("from").eq(lit("cart"))).collect()?;
//! assert_eq!(after_cart.column("probability")?.f64()?.sum(), Some(1.0));
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! # What counts
//! - A path is a user's sequence of states, in order of time: the values of one column, such as the event's name or the
//!   page. With a [timeout](Paths::timeout) each session is a path; without one, a user's whole history is.
//! - A gap strictly longer than the timeout begins a session. Who stays away exactly as long goes on.
//! - Simultaneous events come in order of their states' names, so that the order of rows does not matter.
//! - A session whose timeout is not over when the data end is open: its end is not counted, because nobody saw it.
//! - [`START`] and [`END`] are states: what begins a path comes after the one, what ends it before the other.
//!
//! # Source
//! T. W. Anderson and L. A. Goodman (1957), "Statistical inference about Markov chains", Annals of Mathematical
//! Statistics 28, for transitions; G. F. Lawler (1980), "A self-avoiding random walk", Duke Mathematical Journal 47, for
//! cycles by loop erasure; ClickHouse's `sequenceMatch` and `sequenceCount` for [`Sequence`]. What other tools call these
//! is in [`metrics::definitions`](super::definitions).

mod cycles;
mod definition;
mod difference;
mod sequence;
mod sequences;
mod sessions;
mod steps;
#[cfg(test)]
mod tests;
mod trails;
mod transitions;

pub use definition::{END, MOST_STATES, MOST_STEPS, Paths, START};
pub use difference::Adjustment;
pub use sequence::{MOST_CONDITIONS, Sequence};
pub use sessions::{sessionise, sessions};
