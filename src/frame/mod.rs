//! What every reader of frames needs: columns asked for by name, checked, as plain values; [`format`](mod@format), how their
//! numbers are written; and verbs on frames.

mod columns;
pub mod format;
mod key;
mod list;
mod say;
mod shape;
mod source;
#[cfg(test)]
mod tests;
mod values;
mod verbs;

pub(crate) use columns::{coded, dates, finite, full, number_or_null, reals, texts};
pub use key::Key;
pub use list::Columns;
pub(crate) use list::{is_condition, known, names};
pub use say::{count, pct, pp, usd};
pub use shape::stack;
pub use source::Source;
pub(crate) use source::{fetch, require};
pub use verbs::Verbs;
