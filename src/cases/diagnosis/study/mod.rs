//! What an analyst makes of the tables, and what the truth is told in.

mod estimate;
mod transitions;
mod views;

pub use estimate::{Diagnosis, diagnose};
pub(super) use estimate::{Measured, scaled};
pub(super) use transitions::transitions;
pub use views::{moves, new_users_kept, release_panel, weekly_activity};
