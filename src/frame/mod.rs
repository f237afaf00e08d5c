//! What every reader of frames needs: columns asked for by name, checked, as plain values.

mod columns;
mod source;

pub(crate) use columns::{coded, dates, finite, full, texts};
pub use source::Source;
pub(crate) use source::{fetch, require, require_in};
