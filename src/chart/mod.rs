//! Charts: functions from a tidy frame to a [`Figure`].
//!
//! Each kind has a builder that starts with the frame and its columns. At the end of a notebook's cell it shows itself;
//! elsewhere `draw` makes a figure of it:
//!
//! ```
//! use casebook::chart::{self, Unit};
//! use casebook::polars::prelude::*;
//!
//! let frame = df!("month" => [1, 2, 3], "revenue" => [20_188.0, 18_900.0, 17_700.0])?;
//! let figure = chart::line(&frame, "month", "revenue")
//!     .title("Revenue falls every month")
//!     .labels("Month", "Revenue a month")
//!     .unit(Unit::Dollars)
//!     .draw()?;
//! assert!(figure.alt().starts_with("Revenue falls every month."));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The chart shows what its title names: lines and shaded spans at numbers, dates or categories, notes, a series in colour
//! among grey ones.
//!
//! ```
//! use casebook::chart::TickUnit;
//! use casebook::prelude::*;
//!
//! let frame = df!("month" => [0, 6, 12, 0, 6, 12], "plan" => ["free", "free", "free", "pro", "pro", "pro"],
//!     "kept" => [1.0, 0.3, 0.1, 1.0, 0.7, 0.6])?;
//! let figure = chart::line(&frame, "month", "kept").by("plan").highlight("pro").unit(Unit::Percent)
//!     .title("60% of pro customers stay for a year")
//!     .subtitle("Customers still subscribed, share of those who signed up in 2024, by plan")
//!     .x_label("Months since sign-up").x_ticks(TickUnit::Months)
//!     .hline(0.5, "target").vspan(0, 3, "trial").annotate(12, 0.6, "60% after a year")
//!     .draw()?;
//! assert!(figure.alt().contains("A line marks target at 50.0%."));
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! All share one [`theme`]. A title states the finding; units stand on the axes; the description for
//! readers who cannot see the chart is made from the title and the range of the data. Values that are
//! null, infinite or not a number are left out, and the chart says how many; a frame without any
//! value gives a figure that says there is no data.

mod across;
mod apart;
mod area;
mod axis;
mod bar;
mod boxplot;
mod calibration;
mod canvas;
mod dumbbell;
mod frame;
mod funnel;
mod heatmap;
mod histogram;
mod interval;
mod key;
mod label;
mod line;
mod mark;
mod multiples;
mod options;
mod panels;
mod sankey;
mod scatter;
mod schema;
mod slope;
mod transitions;
mod waterfall;

use polars::prelude::*;

pub use area::{Area, area};
pub use axis::TickUnit;
pub use bar::{Bar, bar};
pub use boxplot::{Boxplot, boxplot};
pub use calibration::{Calibration, calibration};
pub use dumbbell::{Dumbbell, dumbbell};
pub use funnel::{Funnel, funnel};
pub use heatmap::{Heatmap, heatmap};
pub use histogram::{Histogram, curve, histogram};
pub use interval::{Interval, interval};
pub use line::{Line, line, survival};
pub use mark::Position;
pub use multiples::{Multiples, multiples};
pub use panels::panels;
pub use sankey::{Sankey, sankey};
pub use scatter::{Scatter, scatter};
pub use schema::schema;
pub use slope::{Slope, slope};
pub use transitions::{Transitions, transitions};
pub use waterfall::{Waterfall, waterfall};

use crate::error::{Error, Result};
pub use crate::figure::theme;
pub use crate::frame::format::Unit;
use crate::frame::require;
use axis::Scale;
use frame::{Frame, Key, LINE, Look, MARGIN};
use label::short;
use mark::marks;
use options::{Labels, Values, labels};

/// Numbers of a column; dates become days since 1970. What is not finite is `None`.
fn numbers(frame: &DataFrame, name: &str) -> Result<Vec<Option<f64>>> {
    let column = frame.column(name)?;
    let per_day = match column.dtype() {
        DataType::Datetime(TimeUnit::Nanoseconds, _) => 86_400e9,
        DataType::Datetime(TimeUnit::Microseconds, _) => 86_400e6,
        DataType::Datetime(TimeUnit::Milliseconds, _) => 86_400e3,
        DataType::Date | DataType::Boolean | DataType::Null => 1.0,
        dtype if dtype.is_primitive_numeric() => 1.0,
        other => {
            let problem = format!("is of type {other}; a number or a date is needed here");
            return Err(Error::column("chart's", name, problem));
        }
    };
    let physical = column.to_physical_repr();
    let values = physical.cast(&DataType::Float64)?;
    Ok(values
        .f64()?
        .iter()
        .map(|value| value.map(|v| v / per_day).filter(|v| v.is_finite()))
        .collect())
}

/// A column as text, for names; null is a name too.
fn names(frame: &DataFrame, name: &str) -> Result<Vec<String>> {
    let column = frame.column(name)?;
    Ok((0..column.len())
        .map(|row| match column.get(row) {
            Ok(AnyValue::Null) | Err(_) => "null".to_owned(),
            Ok(AnyValue::String(text)) => text.to_owned(),
            Ok(AnyValue::StringOwned(text)) => text.to_string(),
            Ok(value) => value.to_string(),
        })
        .collect())
}

/// Different names in order of first appearance, each as a chart can show it, and each row's place among them.
fn places(names: &[String]) -> (Vec<String>, Vec<usize>) {
    let mut seen: Vec<String> = vec![];
    let mut index = std::collections::BTreeMap::new();
    let rows = names
        .iter()
        .map(|name| {
            *index.entry(name.as_str()).or_insert_with(|| {
                seen.push(short(name));
                seen.len() - 1
            })
        })
        .collect();
    (seen, rows)
}

/// Lowest and highest of finite numbers, if there are any.
fn extent(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |range, value| match range {
        None => Some((value, value)),
        Some((low, high)) => Some((low.min(value), high.max(value))),
    })
}

/// What a chart says of values it could not draw.
fn left_out(count: usize) -> Option<String> {
    match count {
        0 => None,
        1 => Some("1 value is missing or not finite and is not drawn.".into()),
        n => Some(format!("{n} values are missing or not finite and are not drawn.")),
    }
}

/// Marks of a picture, at most: no screen has room for more, and few programs open what would hold them.
const MOST_MARKS: usize = 200_000;

/// That so many rows of so many marks can be drawn.
fn drawable(what: &str, rows: usize, each: usize) -> Result<()> {
    match rows.saturating_mul(each) {
        0..=MOST_MARKS => Ok(()),
        marks => Err(Error::config(
            "chart",
            format!("{what} of {marks}"),
            format!("at most {MOST_MARKS}"),
        )),
    }
}

fn columns(frame: &DataFrame, names: &[&str]) -> Result<()> {
    require(frame, "chart's", names)
}
