//! How values appear in a notebook.
//!
//! A cell's last value is shown through the trait [`Show`], which the prelude brings in: frames become
//! tables, [`Figure`]s images, and everything else plain text.

mod cells;
pub mod check;
mod figure;
mod show;

pub use cells::{beside, falling, number, share_of, stacked};
pub use figure::Figure;
#[doc(hidden)]
pub use show::{ByDebug, ByShow, Value};
pub use show::{Markdown, Show, Table, plain_text, table};
pub(crate) use show::{decimal, decimals, grouped};

/// Lets a panic print its message and its place, without a backtrace.
///
/// The kernel calls this when a session starts: evcxr asks for backtraces, which in a lesson are noise.
pub fn plain_panics() {
    std::panic::set_hook(Box::new(|panic| eprintln!("{panic}")));
}
