//! What every reader of frames needs: columns asked for by name, checked, as plain values; and verbs on frames.

mod columns;
mod key;
mod list;
mod say;
mod shape;
mod source;
mod values;
mod verbs;
#[cfg(test)]
mod verbs_tests;

pub(crate) use columns::{coded, dates, finite, full, texts};
pub use key::Key;
pub use list::Columns;
pub(crate) use list::{is_condition, known, names};
pub use say::{Count, count, pct, pp, usd};
pub use shape::stack;
pub use source::Source;
pub(crate) use source::{fetch, require};
pub use verbs::Verbs;
