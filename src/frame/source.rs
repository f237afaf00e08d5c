//! Frames, collected or lazy, and the columns that are asked of them.

use polars::prelude::*;

use crate::error::{ErrorKind, Result};

/// A frame as metrics take it: collected or lazy. Of a lazy one only the columns needed are computed.
///
/// ```
/// use casebook::events::Window;
/// use casebook::metrics::activity;
/// use casebook::polars::prelude::*;
///
/// let events = df!("user_id" => ["a", "b", "a"], "timestamp" => [0_i64, 0, 86_400_000])?
///     .lazy()
///     .with_column(col("timestamp").cast(DataType::Datetime(TimeUnit::Milliseconds, None)));
/// let lazily = activity::daily(&events, Window::default())?;
/// let collected = activity::daily(&events.collect()?, Window::default())?;
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

impl<S: Source + ?Sized> Source for &S {
    fn scan(&self) -> LazyFrame {
        S::scan(self)
    }
}

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

/// The columns asked for, and no others, collected. Nothing else is read or computed.
pub(crate) fn fetch(
    source: &dyn Source,
    name: &'static str,
    columns: &[&str],
) -> Result<DataFrame> {
    let mut lazy = source.scan();
    require_in(&*lazy.collect_schema()?, name, columns)?;
    let wanted: Vec<Expr> = columns.iter().map(|column| col(*column)).collect();
    Ok(lazy.select(wanted).collect()?)
}
