//! How screens follow each other, as a table.

use polars::prelude::*;

use super::super::screens::{SCREENS, chain};
use crate::error::Result;

/// Lists the probability of each next screen, without a release that costs this share of activity, and with it.
pub(in crate::cases::diagnosis) fn transitions(release: f64) -> Result<DataFrame> {
    let (before, after) = (chain(0.0), chain(release));
    let (mut from, mut to, mut one, mut other) = (vec![], vec![], vec![], vec![]);
    for (row, name) in SCREENS.into_iter().enumerate() {
        let end = |chain: &[[f64; 5]; 5]| 1.0 - chain[row].iter().sum::<f64>();
        for (column, next) in SCREENS.into_iter().chain(["(end)"]).enumerate() {
            from.push(name);
            to.push(next);
            let pick =
                |chain: &[[f64; 5]; 5]| chain[row].get(column).copied().unwrap_or(end(chain));
            one.push(pick(&before));
            other.push(pick(&after));
        }
    }
    Ok(df!("from" => from, "to" => to, "before" => one, "after" => other)?)
}
