//! Metrics: functions from frames to tidy frames, one file per concept.
//!
//! Every function says which columns it reads, returns one row per observation in a stable order, and gives ratios with
//! their numerator and denominator. What cannot be observed is null, never 0. Metrics know nothing about the cases: any
//! frame with these columns will do.
//!
//! Most read two kinds of frames. Events: `user_id`, `timestamp`, often `event`, in any order. Users: `user_id`,
//! unique, and what is known about them. Rename the columns of your own data first: `frame.lazy().rename(["who"],
//! ["user_id"], true)`. A frame may be lazy: see [`Source`].
//!
//! [`definitions`] says how each metric is defined here and in other tools.

pub mod activity;
pub mod basket;
pub mod calibration;
pub mod change;
pub mod clv;
pub mod concentration;
pub mod confounding;
pub mod definitions {
    #![doc = include_str!("definitions.md")]
}
pub mod detection;
pub mod distribution;
pub mod experiment;
pub mod funnel;
pub mod growth;
pub mod lever;
pub mod marketplace;
pub mod mix;
pub mod panel;
pub mod paths;
pub mod rates;
pub mod retention;
pub mod revenue;
pub mod segment;
pub mod survival;

use polars::prelude::*;

use crate::error::{Error, Result};
pub(crate) use crate::stats::sample::quantile;

pub use crate::events::Period;
pub use crate::frame::Source;
pub(crate) use crate::frame::{coded, dates, finite, require, texts};
pub use crate::stats::interval;

/// The number below which a rate says little; the `warning` column then says so.
pub const FEW: u64 = 30;

/// Checks that a frame has none of the columns that a function adds to it, so that the caller's columns are not
/// overwritten.
pub(crate) fn absent(frame: &DataFrame, name: &'static str, columns: &[&str]) -> Result<()> {
    frame.schema().iter_names().try_for_each(|column| free(name, column, columns))
}

/// That a column, which the result keeps, has not the name of one of the result's own.
pub(crate) fn free(name: &'static str, column: &str, columns: &[&str]) -> Result<()> {
    match columns.contains(&column) {
        false => Ok(()),
        true => {
            let problem = "has the name of a column of the result; rename it";
            Err(Error::column(name, column, problem))
        }
    }
}

/// Makes three columns, named by the caller: `hits / trials`, and the ends of its 95% Wilson interval. Null without
/// trials, and where hits exceed trials, which is not a share.
///
/// ```
/// use casebook::metrics::share_columns;
///
/// let [rate, low, high] = share_columns(["rate", "low", "high"], &[Some(3), None], &[Some(4), Some(0)]);
/// assert_eq!(rate.f64()?.get(0), Some(0.75));
/// assert!(low.f64()?.get(0) < Some(0.75) && high.f64()?.get(1).is_none());
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn share_columns(
    [rate, low, high]: [&str; 3],
    hits: &[Option<i64>],
    trials: &[Option<i64>],
) -> [Column; 3] {
    let mut values = [vec![], vec![], vec![]];
    for (hits, trials) in hits.iter().zip(trials) {
        let counted = hits.zip(*trials).filter(|(_, trials)| *trials > 0);
        let bounds = counted
            .filter(|(hits, trials)| hits <= trials)
            .and_then(|(hits, trials)| interval::wilson(hits as u64, trials as u64));
        values[0].push(counted.map(|(hits, trials)| hits as f64 / trials as f64));
        values[1].push(bounds.map(|bounds| bounds.0));
        values[2].push(bounds.map(|bounds| bounds.1));
    }
    let [rates, lows, highs] = values;
    [
        Column::new(rate.into(), rates),
        Column::new(low.into(), lows),
        Column::new(high.into(), highs),
    ]
}

/// Returns "fewer than 30 users" (or whatever is counted) where that is so.
pub(crate) fn warnings(trials: &[Option<i64>], of: &str) -> Column {
    let texts: Vec<Option<String>> = trials
        .iter()
        .map(|n| n.filter(|n| *n < FEW as i64).map(|_| format!("fewer than {FEW} {of}")))
        .collect();
    Column::new("warning".into(), texts)
}

/// Creates a frame of one row per group: the groups' names, if there are groups, then the columns.
pub(crate) fn labelled(
    by: Option<&str>,
    names: Vec<Option<String>>,
    mut columns: Vec<Column>,
) -> Result<DataFrame> {
    if let Some(by) = by {
        columns.insert(0, Column::new(by.into(), names));
    }
    Ok(DataFrame::new_infer_height(columns)?)
}
