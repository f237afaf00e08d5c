//! A chart of the study: described once and drawn twice, for print and interactively.

use polars::prelude::*;
use serde::Serialize;

use casebook::Result;
use casebook::chart::{self, Position, TickUnit, Unit};
use casebook::notebook::Figure;

/// How a chart looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// One number compared with its maximum so far; in print, its course over time.
    Gauge,
    Line,
    /// Users by step.
    Funnel,
    Bars,
    Heat,
    /// Estimates with their intervals.
    Range,
}

/// A place on a horizontal axis.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(crate) enum Place {
    Number(f64),
    /// A date or a category.
    Text(String),
}

impl From<f64> for Place {
    fn from(number: f64) -> Place {
        Place::Number(number)
    }
}

impl From<String> for Place {
    fn from(text: String) -> Place {
        Place::Text(text)
    }
}

impl From<&Place> for Position {
    fn from(place: &Place) -> Position {
        match place {
            Place::Number(number) => Position::from(*number),
            Place::Text(text) => Position::from(text),
        }
    }
}

/// What the title names, shown on the chart.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "mark", rename_all = "lowercase")]
pub(crate) enum Mark {
    Note {
        x: Place,
        y: f64,
        text: String,
    },
    /// A line at a value, across the rows of a chart of ranges.
    Line {
        at: f64,
        text: String,
    },
    /// A category, in colour among grey ones.
    Highlight {
        name: String,
    },
}

impl Mark {
    pub(crate) fn note(x: impl Into<Place>, y: f64, text: String) -> Mark {
        Mark::Note { x: x.into(), y, text }
    }

    pub(crate) fn line(at: f64, text: &str) -> Mark {
        Mark::Line { at, text: text.to_owned() }
    }
}

/// A chart: what it shows, and from which data.
#[derive(Debug, Clone)]
pub struct Panel {
    /// Its name in files.
    pub id: &'static str,
    /// The finding.
    pub title: String,
    /// What is shown, in which unit, of whom.
    pub(crate) subtitle: String,
    pub(crate) kind: Kind,
    pub(crate) frame: DataFrame,
    pub(crate) x: &'static str,
    pub(crate) y: &'static str,
    pub(crate) by: Option<&'static str>,
    /// Columns of an interval.
    pub(crate) bounds: Option<(&'static str, &'static str)>,
    pub(crate) unit: Unit,
    pub(crate) ticks: Option<TickUnit>,
    pub(crate) labels: (&'static str, &'static str),
    pub(crate) marks: Vec<Mark>,
}

/// A panel as the page's script reads it.
#[derive(Serialize)]
struct Spec<'p> {
    id: &'p str,
    title: &'p str,
    subtitle: &'p str,
    alt: &'p str,
    kind: Kind,
    x: &'p str,
    y: &'p str,
    by: Option<&'p str>,
    low: Option<&'p str>,
    high: Option<&'p str>,
    unit: &'static str,
    labels: (&'p str, &'p str),
    marks: &'p [Mark],
    columns: Vec<(String, Vec<serde_json::Value>)>,
}

/// What all kinds of charts are told.
macro_rules! told {
    ($panel:expr, $chart:expr, $across:expr, $up:expr) => {
        $chart
            .title(&$panel.title)
            .subtitle(&$panel.subtitle)
            .labels($across, $up)
            .unit($panel.unit)
    };
}

/// What charts with axes to mark are told, too.
macro_rules! marked {
    ($panel:expr, $chart:expr, $across:expr, $up:expr) => {{
        let mut chart = told!($panel, $chart, $across, $up);
        if let Some(unit) = $panel.ticks {
            chart = chart.x_ticks(unit);
        }
        for mark in &$panel.marks {
            chart = match mark {
                Mark::Note { x, y, text } => chart.annotate(x, *y, text),
                Mark::Line { at, text } => chart.vline(*at, text),
                Mark::Highlight { name } => chart.highlight(name),
            };
        }
        chart.draw()
    }};
}

impl Panel {
    /// Creates a chart of numbers without texts, marks or intervals.
    pub(crate) fn new(
        id: &'static str,
        kind: Kind,
        frame: DataFrame,
        x: &'static str,
        y: &'static str,
    ) -> Panel {
        Panel {
            id,
            title: String::new(),
            subtitle: String::new(),
            kind,
            frame,
            x,
            y,
            by: None,
            bounds: None,
            unit: Unit::Number,
            ticks: None,
            labels: (x, y),
            marks: vec![],
        }
    }

    /// Returns how many rows it shows.
    pub fn rows(&self) -> usize {
        self.frame.height()
    }

    /// Draws the chart for print.
    ///
    /// # Errors
    /// Those of the chart.
    pub fn figure(&self) -> Result<Figure> {
        let (x_label, y_label) = self.labels;
        match self.kind {
            Kind::Gauge | Kind::Line => {
                let mut line = chart::line(&self.frame, self.x, self.y);
                if let Some(by) = self.by {
                    line = line.by(by);
                }
                if let Some((low, high)) = self.bounds {
                    line = line.band(low, high);
                }
                marked!(self, line, x_label, y_label)
            }
            Kind::Funnel => {
                // The step before is the row before: those who visited without signing up are no users.
                let steps = self.frame.drop_many(["previous"]);
                let mut funnel = told!(self, chart::funnel(&steps), y_label, x_label);
                for mark in &self.marks {
                    if let Mark::Highlight { name } = mark {
                        funnel = funnel.highlight(name);
                    }
                }
                funnel.draw()
            }
            Kind::Bars => {
                let bar = chart::bar(&self.frame, self.x, self.y);
                marked!(self, bar, x_label, y_label)
            }
            Kind::Heat => {
                let cells = chart::heatmap(&self.frame, self.x, self.y, self.by.unwrap_or(self.y));
                let rows = self.frame.column(self.y)?.n_unique()? as u32;
                let mut cells = told!(self, cells, x_label, y_label)
                    .value_label("Share active")
                    .size(1_000, 150 + 20 * rows);
                if let Some(unit) = self.ticks {
                    cells = cells.x_ticks(unit);
                }
                cells.draw()
            }
            Kind::Range => {
                let (low, high) = self.bounds.unwrap_or((self.y, self.y));
                let range = chart::interval(&self.frame, self.x, self.y, low, high);
                marked!(self, range, y_label, x_label)
            }
        }
    }

    /// Describes the chart for the page's script, as JSON.
    ///
    /// # Errors
    /// As [`figure`](Panel::figure), which describes the chart in words.
    pub(crate) fn spec(&self) -> Result<serde_json::Value> {
        let figure = self.figure()?;
        let columns = self
            .frame
            .columns()
            .iter()
            .map(|column| Ok((column.name().to_string(), values(column)?)))
            .collect::<Result<Vec<_>>>()?;
        let spec = Spec {
            id: self.id,
            title: &self.title,
            subtitle: &self.subtitle,
            alt: figure.alt(),
            kind: self.kind,
            x: self.x,
            y: self.y,
            by: self.by,
            low: self.bounds.map(|bounds| bounds.0),
            high: self.bounds.map(|bounds| bounds.1),
            unit: match self.unit {
                Unit::Number => "number",
                Unit::Dollars => "dollars",
                Unit::Percent => "percent",
                Unit::Points => "points",
            },
            labels: self.labels,
            marks: &self.marks,
            columns,
        };
        serde_json::to_value(spec).map_err(casebook::Error::figure)
    }
}

/// Returns numbers as numbers, everything else as text, and missing values as null.
fn values(column: &Column) -> Result<Vec<serde_json::Value>> {
    use serde_json::Value;
    if column.dtype().is_primitive_numeric() {
        let numbers = column.cast(&DataType::Float64)?;
        let whole = column.dtype().is_integer();
        let value = |number: f64| match whole {
            true => Value::from(number as i64),
            // Few digits, as a page is to be read; one more than it shows, so that it rounds as the texts do.
            false => format!("{number:.6e}").parse::<f64>().map_or(Value::Null, Value::from),
        };
        return Ok(numbers.f64()?.iter().map(|number| number.map_or(Value::Null, value)).collect());
    }
    let texts = texts(column)?;
    Ok(texts.into_iter().map(|text| text.map_or(Value::Null, Value::from)).collect())
}

pub(crate) use casebook::format::percent;

/// Formats "1,234".
pub(crate) fn whole(number: f64) -> String {
    Unit::Number.text(number.round())
}

/// Formats "$26.5M", or in full below a million.
pub(crate) fn money(dollars: f64) -> String {
    match dollars.abs() {
        large if large >= 1e6 => {
            format!("{}${:.1}M", if dollars < 0.0 { "-" } else { "" }, large / 1e6)
        }
        _ => Unit::Dollars.text(dollars.round()),
    }
}

pub(crate) use casebook::notebook::number as number_at;

/// Returns the row in which a column is largest.
pub(crate) fn largest(frame: &DataFrame, column: &str) -> Result<usize> {
    let values = frame.column(column)?.cast(&DataType::Float64)?;
    let all = values.f64()?.iter().enumerate().filter_map(|(row, value)| Some((row, value?)));
    Ok(all.max_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(row, _)| row))
}

pub(crate) fn text(frame: &DataFrame, column: &str, row: usize) -> Result<String> {
    Ok(texts(frame.column(column)?)?.into_iter().nth(row).flatten().unwrap_or_default())
}

/// Returns the texts of a column; none where null.
fn texts(column: &Column) -> Result<Vec<Option<String>>> {
    let texts = column.cast(&DataType::String)?;
    Ok(texts.str()?.iter().map(|text| text.map(str::to_owned)).collect())
}
