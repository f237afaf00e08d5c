//! How values appear in a notebook.
//!
//! A cell's last value is shown through the trait [`Show`], which the prelude brings in: frames become
//! tables, [`Figure`]s images, and everything else plain text.

mod cells;
pub mod check;
mod results;
mod send;
pub mod session;
mod show;
mod table;

pub use crate::figure::Figure;
pub use cells::{beside, falling, number, share_of, stacked};
pub use send::plain_text;
pub use session::plain_panics;
#[doc(hidden)]
pub use show::{ByDebug, ByShow, Value};
pub use show::{Markdown, Show};
pub use table::{Table, table};
