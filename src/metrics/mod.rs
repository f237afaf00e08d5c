//! Metrics: functions from frames to tidy frames, one file per concept.
//!
//! Every function says which columns it reads, returns one row per observation in a stable order, and
//! gives ratios with their numerator and denominator. What cannot be observed is null, never 0.
//! Metrics know nothing of generators: any frames with these columns will do.
//!
//! Most read two kinds of frames. Events: `user_id`, `timestamp`, often `event`, in any order. Users:
//! `user_id`, unique, and what is known of them. Rename the columns of other data before:
//! `frame.lazy().rename(["who"], ["user_id"], true)`. A frame may be lazy: see [`Source`].
//!
//! [`definitions`] says how each metric is defined here and elsewhere. The subscription cases start from
//! one frame, [`activity::presence`]: who was there in which month.

pub mod activity;
pub mod basket;
pub mod clv;
pub mod concentration;
pub mod confounding;
pub mod definitions {
    #![doc = include_str!("definitions.md")]
}
pub mod detection;
pub mod experiment;
pub mod funnel;
pub mod growth;
pub mod interval;
pub mod lever;
pub mod marketplace;
mod period;
pub mod retention;
pub mod revenue;
pub mod segment;
pub mod survival;
pub(crate) mod timeline;

use polars::prelude::*;
use rustc_hash::FxHashMap;

use crate::error::{Error, ErrorKind, Result};

pub use period::Period;

/// A frame as metrics take it: collected or lazy. Of a lazy one only the columns needed are computed.
///
/// ```
/// use casebook::metrics::{activity, activity::Span};
/// use casebook::polars::prelude::*;
///
/// let events = df!("user_id" => ["a", "b", "a"], "timestamp" => [0_i64, 0, 86_400_000])?
///     .lazy()
///     .with_column(col("timestamp").cast(DataType::Datetime(TimeUnit::Milliseconds, None)));
/// let lazily = activity::daily(&events, Span::default())?;
/// let collected = activity::daily(&events.collect()?, Span::default())?;
/// assert!(lazily.equals_missing(&collected));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Source {
    /// The frame, lazily.
    fn scan(&self) -> LazyFrame;
}

impl Source for DataFrame {
    fn scan(&self) -> LazyFrame {
        self.clone().lazy()
    }
}

impl Source for LazyFrame {
    fn scan(&self) -> LazyFrame {
        self.clone()
    }
}

/// Below this many, a rate says little: the `warning` column says so.
pub const FEW: u64 = 30;

/// That a frame has the columns a function reads.
pub(crate) fn require(frame: &DataFrame, name: &'static str, columns: &[&str]) -> Result<()> {
    require_in(frame.schema(), name, columns)
}

/// [`require`] for a frame that is known by its schema only.
pub(crate) fn require_in(schema: &Schema, name: &'static str, columns: &[&str]) -> Result<()> {
    match columns.iter().find(|column| schema.get(column).is_none()) {
        None => Ok(()),
        Some(column) => Err(ErrorKind::MissingColumn {
            frame: name,
            column: (*column).to_owned(),
            present: schema.iter_names().map(|name| name.to_string()).collect(),
        }
        .into()),
    }
}

/// A Date column from days since 1970-01-01.
pub(crate) fn dates(name: &str, days: Vec<i32>) -> Result<Column> {
    Ok(Column::new(name.into(), days).cast(&DataType::Date)?)
}

/// Makes three columns, named by the caller: `hits / trials`, and the ends of its 95% Wilson interval. Null without
/// trials, and where hits exceed trials, so that it is no share.
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

/// "fewer than 30 users", or of what it is, where it is so.
pub(crate) fn warnings(trials: &[Option<i64>], of: &str) -> Column {
    let texts: Vec<Option<String>> = trials
        .iter()
        .map(|n| n.filter(|n| *n < FEW as i64).map(|_| format!("fewer than {FEW} {of}")))
        .collect();
    Column::new("warning".into(), texts)
}

/// A frame of one row per group: the groups' names, if there are groups, then the columns.
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

/// A column of finite numbers, none of them empty.
pub(crate) fn finite(frame: &DataFrame, name: &'static str, column: &str) -> Result<Vec<f64>> {
    let found = timeline::full(frame, name, column)?;
    if !(found.dtype().is_primitive_numeric() || found.dtype().is_bool()) {
        let problem = format!("is {}; it must be a number", found.dtype());
        return Err(Error::column(name, column, problem));
    }
    let real = found.cast(&DataType::Float64)?;
    let values: Vec<f64> = real.f64()?.into_no_null_iter().collect();
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(values),
        Some(row) => {
            let problem = format!("holds {} in row {}; it must be finite", values[row], row + 1);
            Err(Error::column(name, column, problem))
        }
    }
}

/// The `q`-quantile of sorted values, with linear interpolation: NumPy's default and PostgreSQL's
/// `percentile_cont`.
pub(crate) fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = q * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    Some(sorted[below] + (place - below as f64) * (sorted[above] - sorted[below]))
}

/// Texts of a column, empty where null.
pub(crate) fn texts(column: &Column) -> Result<Vec<Option<String>>> {
    let series = column.as_materialized_series().cast(&DataType::String)?;
    Ok(series.str()?.iter().map(|text| text.map(str::to_owned)).collect())
}

/// The values of an attribute as numbers: each row's, and the value that each number stands for, in rising order, a
/// missing one first.
pub(crate) fn coded(column: &Column) -> Result<(Vec<u32>, Vec<Option<String>>)> {
    let series = column.as_materialized_series().cast(&DataType::String)?;
    let mut known: FxHashMap<Option<&str>, u32> = FxHashMap::default();
    let mut values: Vec<Option<&str>> = vec![];
    let mut codes: Vec<u32> = Vec::with_capacity(column.len());
    for value in series.str()?.iter() {
        codes.push(*known.entry(value).or_insert_with(|| {
            values.push(value);
            values.len() as u32 - 1
        }));
    }
    let mut order: Vec<u32> = (0..values.len() as u32).collect();
    order.sort_unstable_by_key(|code| values[*code as usize]);
    let mut rank = vec![0; order.len()];
    for (place, code) in order.iter().enumerate() {
        rank[*code as usize] = place as u32;
    }
    codes.iter_mut().for_each(|code| *code = rank[*code as usize]);
    let sorted = order.iter().map(|code| values[*code as usize].map(str::to_owned)).collect();
    Ok((codes, sorted))
}

/// Every month × every size, so that a month in which nothing happened is a row, not a gap.
///
/// `months` as in [`activity::presence`]; sizes are those of `presence`, and "all" where asked.
/// Returns `month_no`, `month` (such as "2021-01"), `company_size`.
pub(crate) fn spine(presence: &DataFrame, months: &DataFrame, all: bool) -> Result<DataFrame> {
    require(months, "months", &["month_no", "month_start"])?;
    let labelled = months
        .clone()
        .lazy()
        .select([
            col("month_no").cast(DataType::Int64),
            col("month_start").dt().to_string("%Y-%m").alias("month"),
        ])
        .sort(["month_no"], SortMultipleOptions::default())
        .collect()?;
    let sizes = presence.column("company_size")?.unique()?.sort(SortOptions::default())?;
    let mut names: Vec<String> = sizes.str()?.iter().flatten().map(str::to_owned).collect();
    if all {
        names.push("all".into());
        names.sort_unstable();
    }
    let frames = names
        .iter()
        .map(|name| labelled.clone().lazy().with_column(lit(name.as_str()).alias("company_size")));
    Ok(concat(frames.collect::<Vec<_>>(), UnionArgs::default())?
        .sort(["month_no", "company_size"], SortMultipleOptions::default())
        .collect()?)
}

/// `presence` once under each size and once under "all".
pub(crate) fn broken_down(presence: &DataFrame) -> Result<LazyFrame> {
    let one = presence.clone().lazy();
    let all = one.clone().with_column(lit("all").alias("company_size"));
    Ok(concat([one, all], UnionArgs::default())?)
}
