//! Funnels: how many get from step to step, and how long it takes them.
//!
//! ```
//! use casebook::metrics::funnel::{Funnel, Step};
//! use casebook::polars::prelude::*;
//! use chrono::TimeDelta;
//! # use casebook::chrono;
//!
//! let minutes = [0_i64, 5, 0, 90, 0].map(|minute| minute * 60_000);
//! let events = df!(
//!     "user_id" => ["ann", "ann", "bob", "bob", "cy"],
//!     "event" => ["visit", "buy", "visit", "buy", "buy"],
//!     "timestamp" => minutes.to_vec(),
//! )?
//! .lazy()
//! .with_column(col("timestamp").cast(DataType::Datetime(TimeUnit::Milliseconds, None)));
//! let funnel = Funnel::new([Step::event("visit"), Step::event("buy")]).window(TimeDelta::hours(1));
//! let steps = funnel.conversion(&events)?;
//! let reached: Vec<i64> = steps.column("users")?.i64()?.into_no_null_iter().collect();
//! assert_eq!(reached, [2, 1]); // bob is too late, and cy never visited
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What counts
//! - The funnel is nested: who reaches step 3 has done steps 1 and 2 before, in this order.
//! - Every event of step 1 begins an attempt. The attempt that gets furthest counts; of several, the
//!   one that gets there first, and of those the one that began last.
//! - The window runs from step 1 and includes its end: an event exactly one window later counts.
//! - Within an attempt a step is taken at the earliest event that does. Only where the next step has a
//!   window of its own is it taken at the latest, so that the next can still be reached.
//! - Simultaneous events come in whichever order leads furthest, what is excluded after the steps
//!   ([`Funnel::increasing`]: they cannot follow each other; in [`Order::Strict`] and with
//!   [`Funnel::unrepeated`] they come in the order of the first step that each fits).
//! - One event is never used twice in an attempt, even if it matches two steps.
//! - The order of rows does not matter, nor do events that match nothing (except in [`Order::Strict`]).
//!
//! # Source
//! The questions are those that PostHog answers for its funnels and ClickHouse for `windowFunnel`; where
//! tools differ, [`metrics::definitions`](super::definitions) says which option here matches which.

mod attribution;
mod automaton;
mod conversion;
mod definition;
mod marked;
mod table;
#[cfg(test)]
mod tests;
mod trend;

pub use attribution::Attribution;
pub use conversion::{Conversion, Reached};
pub use definition::{Excluded, Funnel, MOST_OPTIONAL, MOST_STEPS, Mode, Order, Step};
pub use table::Walk;
