//! Every metric, called on the common tables. A new one goes into the file of its kind.

mod behaviour;
mod cases;
mod comparisons;
mod funnels;
mod lives;
mod market;
mod money;

use casebook::chrono::{NaiveDate, NaiveDateTime};
use casebook::events::Window;

use super::entry::Entry;

/// Public functions that need no entry, and why.
pub const EXEMPT: [(&str, &str); 1] =
    [("share_columns", "divides counts that its caller has: reads no data")];

/// All entries.
pub fn all() -> Vec<Entry> {
    let kinds = [
        behaviour::entries(),
        cases::entries(),
        comparisons::entries(),
        funnels::entries(),
        lives::entries(),
        market::entries(),
        money::entries(),
    ];
    kinds.into_iter().flatten().collect()
}

fn day(month: u32, day: u32) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2024, month, day).unwrap().into()
}

/// Six weeks of the tables' eight.
fn observed() -> Window {
    Window::new(day(1, 3), day(2, 14)).unwrap()
}
