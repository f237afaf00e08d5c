//! The growth study: its definitions, and the frames it is made of.
//!
//! The notebook, the report, its dashboard and the tests all use these definitions, so that activation, a habit or a
//! fast start mean the same everywhere. Metrics know nothing about this case; this module says which of its events are
//! value, collaboration and payment, and how long users have for each.
//!
//! ```
//! use casebook::prelude::*;
//! use casebook::cases::notion::study;
//!
//! let config = notion::Config { users: 2_000, ..Default::default() };
//! let tables = notion::generate(&config)?;
//! let (observed, until) = (study::observed(&config)?, study::until(&config));
//!
//! // Prepared once, shared by all metrics.
//! let users = study::users(&tables.user_profiles)?;
//! let events = study::events(&tables.user_events)?;
//!
//! let weeks = study::north_star(&events, observed)?;
//! let reached = study::stages().milestones(&users, &events, observed)?;
//! let steps = study::funnel().conversion(&reached)?;
//! let visitors = study::visitors(&tables.visitors, study::eligible(until))?;
//! let funnel = growth::from_visitors(visitors, &steps)?;
//! # assert!(weeks.height() > 100);
//! assert_eq!(funnel.height(), 7);
//! # Ok::<(), casebook::Error>(())
//! ```

mod activity;
mod definitions;
mod funnel;
mod retention;
mod revenue;
mod start;

pub use activity::{events_per_user, north_star, of_monthly, windows};
pub use definitions::{
    ACTIVATION_HOURS, EVENT_COLUMNS, FAST_HOURS, STRATA, activates, active, collaborates, eligible,
    events, events_of, funnel, kind, observed, observed_of, pays, quarter, retention, stages,
    until, users,
};
pub use funnel::{adoption, paid_by, segments, visitors};
pub use retention::{finished, matrix};
pub use revenue::{payments, plan_lengths, recurring};
pub use start::{fast_and_back, time_to_value};

#[cfg(test)]
mod tests;
