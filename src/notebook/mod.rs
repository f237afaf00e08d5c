//! How values appear in a notebook.
//!
//! A cell's last value is shown through the trait [`Show`], which the prelude brings in: frames become
//! tables, [`Figure`]s images, and everything else plain text.

mod cells;
pub mod check;
mod figure;
mod memo;
pub mod session;
mod show;
mod show_results;

pub use cells::{beside, falling, number, share_of, stacked};
pub use figure::Figure;
pub use memo::{Markdown, Memo, memo};
pub use session::plain_panics;
#[doc(hidden)]
pub use show::{ByDebug, ByShow, Value};
pub use show::{Show, Table, plain_text, table};
pub(crate) use show::{decimal, decimals, grouped};
pub(crate) use show_results::finish;

#[cfg(test)]
pub(crate) mod tests {
    /// What a panic said.
    pub fn panics(show: impl FnOnce()) -> Option<String> {
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(show)).err()?;
        caught.downcast_ref::<String>().cloned()
    }
}
