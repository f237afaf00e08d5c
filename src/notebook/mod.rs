//! How values appear in a notebook.
//!
//! A cell's last value is shown through the trait [`Show`], which the prelude brings in: frames become
//! tables, [`Figure`]s images, and everything else plain text.

mod figure;
mod show;

pub use figure::Figure;
pub use show::{Markdown, Show, Table, table};
pub(crate) use show::{decimal, decimals, grouped};
