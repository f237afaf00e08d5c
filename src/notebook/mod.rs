//! How values appear in a notebook.
//!
//! A cell's last value is shown through the trait [`Show`], which the prelude brings in: frames become
//! tables, [`Figure`]s images, and everything else plain text.

mod cells;
mod charts;
pub mod check;
mod finish;
mod memo;
mod panics;
mod record;
mod results;
mod send;
pub mod session;
mod show;
mod show_results;
mod table;

pub use crate::figure::Figure;
pub use cells::{beside, falling, number, share_of, stacked};
pub(crate) use finish::finish;
pub use memo::{Markdown, Memo, memo};
pub use panics::plain_panics;
pub use send::plain_text;
pub use show::Show;
#[doc(hidden)]
pub use show::{ByDebug, ByShow, Value};
pub use table::{Table, table};

#[cfg(test)]
pub(crate) mod tests {
    /// Returns a panic's message.
    pub fn panics(show: impl FnOnce()) -> Option<String> {
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(show)).err()?;
        caught.downcast_ref::<String>().cloned()
    }
}
