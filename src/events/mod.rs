//! Prepared inputs: events, users and orders, made once from any frame and accepted by every metric.
//!
//! A metric needs to know who did something and when, on which calendar. [`Events`], [`Users`] and [`Orders`] settle
//! that once: the frame is collected, types and empty values are checked, users are numbered, and the time zone is
//! known. The caller says what the columns are called. A frame with the usual names (`user_id`, `timestamp`,
//! `signup_at`) can be passed to a metric as it is; it is then prepared for that one call.
//!
//! ```
//! use casebook::prelude::*;
//!
//! let tables = notion::generate(&notion::Config { users: 2_000, ..Default::default() })?;
//! let events = Events::new(&tables.user_events, "user_id", "timestamp")?;
//! let events = events.filter(col("event_type").neq(lit("signup")))?;
//! let weekly = activity::lifecycle(&events, Period::Week, Window::default(), activity::Before::Nothing)?;
//! assert!(weekly.height() > 52);
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! # Calendar
//! Days run from midnight to midnight in the events' time zone: that of the time column, or UTC if it has none. Times
//! of users must be in the same zone, or be dates. Times that a metric returns are in that zone, too.
//!
//! # Start
//! An event before its user's start does not count, not even on the same day. If starts or events are dates without a
//! time, the day decides: everything on the day of the start counts.
//!
//! # Window
//! A [`Window`] says what was observed: from a first moment up to, but not including, an end. Without one, it reaches
//! from the first day with an event to the last, both taken as complete.

mod conditions;
mod grouped;
mod ids;
mod moments;
mod observed;
mod orders;
pub(crate) mod period;
mod prepared;
mod users;
mod window;

pub(crate) use grouped::{Grouped, Part, distinct};
pub(crate) use ids::{Index, NOBODY, Numbered};
pub(crate) use moments::{DAY, Micros, Moments};
pub(crate) use observed::{HOUR, Observed};
pub use orders::{OrderSource, Orders};
pub use period::Period;
pub(crate) use prepared::columns_of;
pub use prepared::{EventSource, Events};
pub use users::{UserSource, Users};
pub(crate) use window::Bounds;
pub use window::Window;

/// What the column of users is called, unless the caller says otherwise.
pub(crate) const USER: &str = "user_id";
/// What the column of times is called.
pub(crate) const TIME: &str = "timestamp";
/// What the column of users' starts is called.
pub(crate) const START: &str = "signup_at";
