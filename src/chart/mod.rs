//! Charts: functions from a tidy frame to a [`Figure`](crate::figure::Figure).
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
mod below;
mod boxplot;
mod calibration;
mod canvas;
mod drawing;
mod dumbbell;
mod frame;
mod funnel;
mod heatmap;
mod histogram;
mod interval;
mod key;
mod label;
mod legend;
mod line;
mod mark;
mod multiples;
mod options;
mod panels;
mod read;
mod sankey;
mod scatter;
mod schema;
mod slope;
mod transitions;
mod waterfall;

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

pub use crate::figure::theme;
pub use crate::frame::format::Unit;
use axis::Scale;
use frame::{Frame, LINE, MARGIN};
use legend::{Key, Look};
use mark::marks;
use options::{Labels, Values, labels};
use read::{columns, drawable, extent, left_out, names, numbers, ordinal, places};
