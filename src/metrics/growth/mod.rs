//! Growth: the North Star, activation and time to value, the stages from sign-up to payment, feature adoption, habit and
//! power users.
//!
//! ```
//! use casebook::prelude::*;
//!
//! let tables = notion::generate(&notion::Config { users: 2_000, ..Default::default() })?;
//! let events = Events::new(&tables.user_events, "user_id", "timestamp")?;
//! let events = events.filter(col("event_type").neq(lit("signup")))?;
//! let observed = Window::until(Month { year: 2025, month: 1 }.midnight());
//! let kind = |name: &str| col("event_type").eq(lit(name));
//! let stages = growth::Stages::new(kind("page_create"), kind("share"), kind("upgrade"));
//! let reached = stages.milestones(&tables.user_profiles, &events, observed)?;
//! let funnel = Funnel::new(growth::STAGES.map(Step::event)).conversion(&reached)?;
//! assert_eq!(funnel.height(), 6);
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! # What counts
//! - `users`: [`Users`](crate::events::Users) with a start, or a frame with `user_id` (unique) and `signup_at`.
//! - `events`: [`Events`](crate::events::Events), or a frame with `user_id`, `timestamp` and the columns that expressions
//!   name. The sign-up itself must not be among them.
//! - The caller says which events count as value, collaboration or payment, as a condition on the events' columns. A
//!   condition that is null does not hold; an expression that isn't boolean is refused.
//! - An event before its user's start does not count, not even on the same day. If starts or events are dates without a
//!   time, the day decides: everything on the day of the start counts.
//! - Only users who started in the [`Window`](crate::events::Window) are counted, and only events in it. A user is eligible
//!   once observed for as long as the metric asks.
//! - Days are calendar days on the clock of the events' zone; the day of the start is day 0. Hours are elapsed hours.
//! - The order of rows does not matter. Simultaneous events come in whichever order leads furthest.
//!
//! # Source
//! A North Star metric measures the value users get, as one number a period (S. Ellis and M. Brown, "Hacking Growth",
//! 2017; Amplitude's North Star playbook). The stages follow D. McClure's "pirate metrics" (2007) with engagement,
//! habit and collaboration as stages of their own. Each function states its windows, because every tool has different
//! ones.

mod activation;
mod adoption;
mod habit;
mod north_star;
mod power_users;
#[cfg(test)]
mod properties;
mod stages;
#[cfg(test)]
mod tests;

pub use activation::{activation, activation_by, time_to_value};
pub use adoption::adoption;
pub use habit::habit;
pub use north_star::north_star;
pub use power_users::{deciles, power_users};
pub use stages::{STAGES, Stages, from_visitors};
