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
//! All share one [`theme`]. A title states the finding; units stand on the axes; the description for
//! readers who cannot see the chart is made from the title and the range of the data. Values that are
//! null, infinite or not a number are left out, and the chart says how many; a frame without any
//! value gives a figure that says there is no data.

mod across;
mod area;
mod axis;
mod bar;
mod boxplot;
mod calibration;
mod canvas;
mod heatmap;
mod histogram;
mod interval;
mod label;
mod line;
mod multiples;
mod panels;
mod sankey;
mod schema;
mod transitions;

use plotters::style::text_anchor::{HPos, VPos};
use polars::prelude::*;

pub use area::{Area, area};
pub use bar::{Bar, bar};
pub use boxplot::{Boxplot, boxplot};
pub use calibration::{Calibration, calibration};
pub use heatmap::{Heatmap, heatmap};
pub use histogram::{Histogram, curve, histogram};
pub use interval::{Interval, interval};
pub use line::{Line, line, survival};
pub use multiples::{Multiples, multiples};
pub use panels::panels;
pub use sankey::{Sankey, sankey};
pub use schema::schema;
pub use transitions::{Transitions, transitions};

use crate::error::{Error, Result};
use crate::figure::Figure;
pub use crate::figure::theme;
pub use crate::frame::format::Unit;
use crate::frame::require;
use axis::{Scale, Ticks};
use canvas::{Canvas, Text};
use label::short;

/// What every chart is told: title, labels, unit, size.
#[derive(Debug, Clone)]
struct Labels {
    title: String,
    x: String,
    y: String,
    unit: Unit,
    size: (u32, u32),
    alt: Option<String>,
}

impl Labels {
    fn new(x: &str, y: &str) -> Labels {
        Labels {
            title: String::new(),
            x: short(x),
            y: short(y),
            unit: Unit::Number,
            size: (720, 400),
            alt: None,
        }
    }

    /// Draws, or says that there is nothing to draw.
    fn figure(
        &self,
        kind: &str,
        summary: Option<String>,
        picture: impl FnOnce(&Canvas) -> Result<()>,
    ) -> Result<Figure> {
        let (width, height) = self.size;
        if !(160..=4_000).contains(&width) || !(120..=4_000).contains(&height) {
            let found = format!("{width} x {height}");
            return Err(Error::config("size", found, "160 x 120 to 4000 x 4000 pixels"));
        }
        let title = if self.title.is_empty() {
            format!("{} by {}", self.y, self.x)
        } else {
            self.title.clone()
        };
        let stop = if title.ends_with(['.', '?', '!']) { "" } else { "." };
        let described = match (&self.alt, &summary) {
            (Some(alt), _) => alt.clone(),
            (None, Some(summary)) => {
                format!("{title}{stop} {kind} of {} by {}. {summary}", self.y, self.x)
            }
            (None, None) => format!("{title}{stop} {kind} of {} by {}: no data.", self.y, self.x),
        };
        let svg = canvas::draw(self.size, &described, |canvas| match summary {
            Some(_) => picture(canvas),
            None => {
                Frame::new(canvas, self, &[], None)?;
                let centre = (canvas.width / 2.0, canvas.height / 2.0);
                let text = Text::new(theme::TITLE, theme::MUTED).at(HPos::Center, VPos::Center);
                canvas.text("No data", centre, text)
            }
        })?;
        Ok(Figure::new(svg, self.size, described))
    }
}

/// The setters that all builders share.
macro_rules! labels {
    ($builder:ident) => {
        impl $builder<'_> {
            /// The finding, as a sentence.
            pub fn title(mut self, title: impl Into<String>) -> Self {
                self.labels.title = $crate::chart::label::short(&title.into());
                self
            }

            /// What the horizontal axis shows, with its unit; the column's name if not given.
            pub fn x_label(mut self, label: impl Into<String>) -> Self {
                self.labels.x = $crate::chart::label::short(&label.into());
                self
            }

            /// What the vertical axis shows, with its unit; the column's name if not given.
            pub fn y_label(mut self, label: impl Into<String>) -> Self {
                self.labels.y = $crate::chart::label::short(&label.into());
                self
            }

            /// What both axes show, with their units, the horizontal one first.
            pub fn labels(self, x: impl Into<String>, y: impl Into<String>) -> Self {
                self.x_label(x).y_label(y)
            }

            /// How values are written.
            pub fn unit(mut self, unit: $crate::chart::Unit) -> Self {
                self.labels.unit = unit;
                self
            }

            /// Width and height in CSS pixels; 720 × 400 if not given.
            pub fn size(mut self, width: u32, height: u32) -> Self {
                self.labels.size = (width, height);
                self
            }

            /// A description of your own for readers who cannot see the chart, instead of the one
            /// made from the title and the range of the data.
            pub fn alt(mut self, alt: impl Into<String>) -> Self {
                self.labels.alt = Some(alt.into());
                self
            }
        }
    };
}
use labels;

/// Where things are drawn: title and legend are in place, the rest is the plot's.
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

const MARGIN: f64 = 14.0;
const LINE: f64 = 20.0;

impl Frame {
    /// Sets title, legend, axis labels and the note on values left out, and returns what remains.
    fn new(
        canvas: &Canvas,
        labels: &Labels,
        legend: &[(String, usize)],
        note: Option<String>,
    ) -> Result<Frame> {
        let (left, right) = (MARGIN, canvas.width - MARGIN);
        let mut y = MARGIN + 2.0;
        let title = Text::new(theme::TITLE, theme::INK).bold();
        for line in title.wrap(&labels.title, right - left).iter().take(3) {
            canvas.text(line, (left, y + 8.0), title)?;
            y += LINE + 1.0;
        }
        let label = Text::new(theme::LABEL, theme::MUTED);
        let mut x = left;
        // The plot needs its room too.
        let most = ((canvas.height * 0.4 / LINE) as usize).max(1);
        let mut lines = 1;
        for (place, (name, index)) in legend.iter().enumerate() {
            let name = label.fit(name, right - left - 18.0);
            let wide = 18.0 + label.width(&name) + 16.0;
            if x > left && x + wide > right {
                x = left;
                y += LINE;
                if lines == most {
                    let more = format!("… and {} more", legend.len() - place);
                    canvas.text(&more, (x, y + 9.0), label)?;
                    break;
                }
                lines += 1;
            }
            let colour = theme::colour(*index);
            if theme::broken(*index) {
                canvas.rect((x, y + 3.0), (x + 4.5, y + 15.0), colour)?;
                canvas.rect((x + 7.5, y + 3.0), (x + 12.0, y + 15.0), colour)?;
            } else {
                canvas.rect((x, y + 3.0), (x + 12.0, y + 15.0), colour)?;
            }
            canvas.text(&name, (x + 18.0, y + 9.0), label)?;
            x += wide;
        }
        if !legend.is_empty() {
            y += LINE;
        }
        canvas.text(&label.fit(&labels.y, right - left), (left, y + 9.0), label)?;
        y += LINE + 8.0;
        let mut bottom = canvas.height - MARGIN;
        if let Some(note) = note {
            let small = Text::new(theme::TICK, theme::MUTED);
            canvas.text(&small.fit(&note, right - left), (left, bottom - 6.0), small)?;
            bottom -= LINE;
        }
        let middle = label.at(HPos::Center, VPos::Center);
        let centre = ((left + right) / 2.0, bottom - 6.0);
        canvas.text(&label.fit(&labels.x, right - left), centre, middle)?;
        // Room for the axis label and, above it, the tick labels.
        Ok(Frame { left, right, top: y, bottom: bottom - 2.0 * LINE - 2.0 })
    }

    /// Grid lines and labels of the vertical axis; moves the plot's left edge beside them.
    fn y_axis(&mut self, canvas: &Canvas, ticks: &Ticks) -> Result<Scale> {
        let style = Text::new(theme::TICK, theme::MUTED).at(HPos::Right, VPos::Center);
        let widest = ticks.text.iter().map(|text| style.width(text)).fold(0.0, f64::max);
        self.left += widest + 8.0;
        let scale = Scale::of(ticks, (self.bottom, self.top));
        for (at, text) in ticks.at.iter().zip(&ticks.text) {
            let y = scale.at(*at);
            let colour = if *at == 0.0 { theme::AXIS } else { theme::GRID };
            canvas.line(&[(self.left, y), (self.right, y)], colour, 1.0)?;
            canvas.text(text, (self.left - 8.0, y), style)?;
        }
        Ok(scale)
    }

    /// Labels below the plot, as many as fit side by side. With `every`, none may be left out: those
    /// that are too long are cut instead.
    fn x_labels(&self, canvas: &Canvas, labels: &[(f64, String)], every: bool) -> Result<()> {
        let style = Text::new(theme::TICK, theme::MUTED).at(HPos::Center, VPos::Center);
        let slot = (self.right - self.left) / labels.len().max(1) as f64;
        let widest = labels.iter().map(|(_, text)| style.width(text)).fold(0.0, f64::max);
        let fits = slot >= 8.0 && (every || widest + 8.0 <= slot);
        let step = if fits { 1 } else { ((widest + 12.0) / slot).ceil().max(1.0) as usize };
        for (x, text) in labels.iter().step_by(step) {
            let room = if step == 1 { slot.max(widest.min(slot)) - 4.0 } else { f64::INFINITY };
            let text = if every && step == 1 { style.fit(text, room) } else { text.clone() };
            // The outermost labels stay inside the picture.
            let half = style.width(&text) / 2.0;
            let x = x.clamp(half + 2.0, (canvas.width - half - 2.0).max(half + 2.0));
            canvas.text(&text, (x, self.bottom + 13.0), style)?;
        }
        Ok(())
    }
}

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
