//! What every reader of frames needs: columns asked for by name, checked, as plain values; and [`format`](mod@format), how their
//! numbers are written.

mod columns;
pub mod format;
mod source;

pub(crate) use columns::{coded, dates, finite, full, texts};
pub use source::Source;
pub(crate) use source::{fetch, require};
