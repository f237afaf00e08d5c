//! Every metric, called on the common tables. A new one goes into the file of its kind.

mod behaviour;
mod cases;
mod change;
mod comparisons;
mod effects;
mod funnels;
mod lives;
mod market;
mod money;
mod paths;
mod typed;

use casebook::chrono::{NaiveDate, NaiveDateTime};
use casebook::events::Window;

use super::entry::Entry;

/// Public functions that need no entry, and why.
pub const EXEMPT: &[(&str, &str)] = &[
    ("share_columns", "divides counts that its caller has: reads no data"),
    ("change::Alerts::limit", "returns a setting"),
    ("confounding::RiskRatios::frame", MADE),
    ("experiment::Effect::frame", MADE),
    ("experiment::Effects::arm", MADE),
    ("experiment::Effects::effect", MADE),
    ("experiment::Effects::frame", MADE),
    ("experiment::Experiment::new", BEGINS),
    ("funnel::Conversion::frame", MADE),
    ("funnel::Conversion::step", MADE),
    ("funnel::Conversion::steps", MADE),
    ("funnel::Reached::frame", MADE),
    ("panel::Panel::new", BEGINS),
    ("rates::Rate::frame", MADE),
    ("survival::Curve::at", MADE),
    ("survival::Curve::frame", MADE),
    ("survival::Curve::group", MADE),
    ("survival::Curve::median", MADE),
    ("survival::Group::at", MADE),
    ("survival::Group::frame", MADE),
    ("survival::Group::median", MADE),
    ("survival::Point::frame", MADE),
];
const MADE: &str = "a field or a row of a result that an entry makes";
const BEGINS: &str = "computes nothing; what it begins has entries";

/// All entries.
pub fn all() -> Vec<Entry> {
    let kinds = [
        behaviour::entries(),
        cases::entries(),
        change::entries(),
        comparisons::entries(),
        effects::entries(),
        funnels::entries(),
        lives::entries(),
        market::entries(),
        money::entries(),
        paths::entries(),
        typed::entries(),
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
