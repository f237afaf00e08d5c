//! What a line chart draws: series of points, and what their horizontal axis is.

use polars::prelude::*;

use crate::chart::axis::{Scale, Ticks, date_ticks, decades, ticks};
use crate::chart::canvas::Canvas;
use crate::chart::label::short;
use crate::chart::mark::{Along, Axis};
use crate::chart::{Frame, Labels, Unit, columns, extent, names, numbers, places};
use crate::error::Result;

/// The columns of a line chart, and how their points are joined.
#[derive(Debug, Clone)]
pub struct Source<'f> {
    pub frame: &'f DataFrame,
    pub x: String,
    pub y: String,
    pub by: Option<String>,
    pub band: Option<(String, String)>,
    pub observed: Option<String>,
    pub at_risk: Option<String>,
    pub steps: bool,
    pub log: bool,
}

#[derive(Debug, Clone, Copy)]
pub struct Point {
    pub x: f64,
    pub y: Option<f64>,
    pub band: Option<(f64, f64)>,
}

pub struct Series {
    pub name: String,
    pub points: Vec<Point>,
    /// Drawn as dots, not as a line.
    pub dots: bool,
    /// How many are at risk from which place on.
    pub at_risk: Vec<(f64, f64)>,
}

impl Series {
    /// Splits the points into unbroken stretches of those for which `has` is true.
    pub fn runs(&self, has: impl Fn(&Point) -> bool) -> Vec<&[Point]> {
        self.points.split(|point| !has(point)).filter(|run| !run.is_empty()).collect()
    }
}

pub enum XKind {
    Number { whole: bool },
    Date,
    Category(Vec<String>),
}

pub struct Data {
    pub series: Vec<Series>,
    x: XKind,
    pub left_out: usize,
}

impl Data {
    /// Tells whether the horizontal axis has numbers.
    pub fn is_numeric(&self) -> bool {
        matches!(self.x, XKind::Number { .. })
    }

    /// Reads the points. Without a column of series they are one, called `name`, or like `y` beside what was observed.
    pub fn new(source: &Source, name: &str) -> Result<Data> {
        let frame = source.frame;
        let mut needed = vec![source.x.as_str(), &source.y];
        needed.extend(source.by.as_deref());
        needed.extend(source.observed.as_deref());
        needed.extend(source.at_risk.as_deref());
        needed.extend(source.band.iter().flat_map(|(low, high)| [low.as_str(), high.as_str()]));
        columns(frame, &needed)?;

        let dtype = frame.column(&source.x)?.dtype();
        let (xs, x) = match dtype {
            DataType::String => {
                let (seen, rows) = places(&names(frame, &source.x)?);
                (rows.into_iter().map(|row| Some(row as f64)).collect(), XKind::Category(seen))
            }
            DataType::Date | DataType::Datetime(_, _) => (numbers(frame, &source.x)?, XKind::Date),
            dtype => (numbers(frame, &source.x)?, XKind::Number { whole: dtype.is_integer() }),
        };
        let has_place = |value: &f64| !source.log || *value > 0.0;
        let number = matches!(x, XKind::Number { .. });
        let xs: Vec<Option<f64>> =
            xs.into_iter().map(|x| x.filter(|x| !number || has_place(x))).collect();
        let positive = |column: &str| -> Result<Vec<Option<f64>>> {
            Ok(numbers(frame, column)?.into_iter().map(|y| y.filter(has_place)).collect())
        };
        let ys = positive(&source.y)?;
        let bands = match &source.band {
            Some((low, high)) => {
                let pairs = positive(low)?.into_iter().zip(positive(high)?);
                pairs.map(|(low, high)| low.zip(high)).collect()
            }
            None => vec![None; ys.len()],
        };
        let owner = match &source.by {
            Some(column) => names(frame, column)?,
            None if source.observed.is_some() => vec![source.y.replace('_', " "); ys.len()],
            None => vec![name.to_owned(); ys.len()],
        };
        let (series_names, owners) = places(&owner);
        let mut series: Vec<Series> = series_names
            .into_iter()
            .map(|name| Series { name, points: vec![], dots: false, at_risk: vec![] })
            .collect();
        let at_risk = match &source.at_risk {
            Some(column) => numbers(frame, column)?,
            None => vec![None; ys.len()],
        };
        let mut left_out = 0;
        for row in 0..ys.len() {
            left_out += usize::from(xs[row].is_none() || ys[row].is_none());
            if let Some(x) = xs[row] {
                let mine = &mut series[owners[row]];
                mine.points.push(Point { x, y: ys[row], band: bands[row] });
                mine.at_risk.extend(at_risk[row].map(|n| (x, n)));
            }
        }
        if let Some(column) = &source.observed {
            let seen = xs.iter().zip(positive(column)?);
            let points =
                seen.filter_map(|(x, y)| Some(Point { x: (*x)?, y, band: None })).collect();
            let name = short(&column.replace('_', " "));
            series.push(Series { name, points, dots: true, at_risk: vec![] });
        }
        series.retain(|one| one.points.iter().any(|point| point.y.is_some()));
        for one in &mut series {
            one.points.sort_by(|a, b| a.x.total_cmp(&b.x));
            one.at_risk.sort_by(|a, b| a.0.total_cmp(&b.0));
            if source.steps && !one.dots {
                // A corner before each point but the first: what was there until now.
                let corners = one.points.windows(2).map(|pair| Point { x: pair[1].x, ..pair[0] });
                let corners: Vec<Point> = corners.collect();
                let rest = one.points.iter().skip(1);
                let stairs =
                    corners.into_iter().zip(rest).flat_map(|(corner, point)| [corner, *point]);
                one.points = one.points.first().copied().into_iter().chain(stairs).collect();
            }
        }
        Ok(Data { series, x, left_out })
    }

    fn points(&self) -> impl Iterator<Item = &Point> {
        self.series.iter().flat_map(|one| &one.points)
    }

    /// Returns the range that the vertical axis has to span, marks included.
    pub fn y_range(&self, zoom: bool, labels: &Labels) -> (f64, f64) {
        let values = self
            .points()
            .flat_map(|point| [point.y, point.band.map(|b| b.0), point.band.map(|b| b.1)])
            .flatten();
        let (low, high) = extent(values.chain(labels.marks.numbers(Axis::Y))).unwrap_or((0.0, 1.0));
        if zoom { (low, high) } else { (low.min(0.0), high.max(0.0)) }
    }

    /// Returns the horizontal axis between two pixels: its ticks, if it has any, and its scale.
    pub fn x_axis(&self, span: (f64, f64), log: bool, labels: &Labels) -> XAxis<'_> {
        if let XKind::Category(names) = &self.x {
            let last = names.len().saturating_sub(1).max(1) as f64;
            return XAxis::Names { names, scale: Scale::new((0.0, last), span), last };
        }
        let marked = labels.marks.numbers(Axis::X);
        let marked = marked.filter(|at| *at > 0.0 || !log || matches!(self.x, XKind::Date));
        let range = extent(self.points().map(|point| point.x).chain(marked)).unwrap_or((0.0, 1.0));
        let count = ((span.1 - span.0 + 12.0) / 80.0).clamp(2.0, 12.0) as usize;
        let ticks = match (&self.x, labels.x_ticks) {
            (XKind::Date, _) => date_ticks(range, count),
            (_, Some(people)) if !log => people.ticks(range, count, labels.x_unit),
            (XKind::Number { whole }, _) => {
                // Whole numbers are short: more of them fit.
                let count = if *whole { count * 2 } else { count };
                let mut ticks = if log {
                    decades(range, count, labels.x_unit)
                } else {
                    ticks(range, count, labels.x_unit, *whole)
                };
                if range.0 < range.1 {
                    ticks.range = range; // the data's own ends: no empty margins
                }
                ticks
            }
            (XKind::Category(_), _) => unreachable!("handled above"),
        };
        let scale = Scale::of(&ticks, span);
        XAxis::Ticks { ticks, scale, dates: matches!(self.x, XKind::Date) }
    }

    fn x_text(&self, x: f64, unit: Unit) -> String {
        match &self.x {
            XKind::Category(names) => names.get(x as usize).cloned().unwrap_or_default(),
            XKind::Date => chrono::NaiveDate::default()
                .checked_add_signed(chrono::TimeDelta::try_days(x as i64).unwrap_or_default())
                .map_or_else(|| x.to_string(), |day| day.format("%-d %b %Y").to_string()),
            XKind::Number { .. } => unit.text(x),
        }
    }

    /// Describes in words where each series begins and ends, and its range. `None` without data.
    pub fn summary(&self, labels: &Labels) -> Option<String> {
        let unit = labels.unit;
        let x_text = |x: f64| self.x_text(x, labels.x_unit);
        let described: Vec<String> = self
            .series
            .iter()
            .take(8)
            .filter_map(|one| {
                let shown: Vec<(f64, f64)> =
                    one.points.iter().filter_map(|p| Some((p.x, p.y?))).collect();
                let ((x0, y0), (x1, y1)) = (*shown.first()?, *shown.last()?);
                let (low, high) = extent(shown.iter().map(|(_, y)| *y))?;
                let (low, high) = (unit.text(low), unit.text(high));
                let ends = [unit.text(y0), unit.text(y1)];
                let range = if ends.contains(&low) && ends.contains(&high) {
                    String::new()
                } else {
                    format!(", between {low} and {high}")
                };
                Some(if shown.len() == 1 {
                    format!("{}: {} at {}", one.name, unit.text(y0), x_text(x0))
                } else {
                    format!(
                        "{}: {} at {}, {} at {}{range}",
                        one.name,
                        unit.text(y0),
                        x_text(x0),
                        unit.text(y1),
                        x_text(x1)
                    )
                })
            })
            .collect();
        let more = self.series.len().saturating_sub(8);
        let rest = if more > 0 { format!("; and {more} more series") } else { String::new() };
        (!described.is_empty()).then(|| format!("{}{rest}.", described.join("; ")))
    }
}

/// A horizontal axis in its place.
pub enum XAxis<'a> {
    Ticks { ticks: Ticks, scale: Scale, dates: bool },
    Names { names: &'a [String], scale: Scale, last: f64 },
}

impl XAxis<'_> {
    pub fn scale(&self) -> Scale {
        match self {
            XAxis::Ticks { scale, .. } | XAxis::Names { scale, .. } => *scale,
        }
    }

    /// Returns the axis as marks know it.
    pub fn along(&self) -> Along<'_> {
        match self {
            XAxis::Ticks { scale, dates: true, .. } => Along::Dates(*scale),
            XAxis::Ticks { scale, .. } => Along::Numbers(*scale),
            XAxis::Names { names, scale, last } => {
                let first = scale.at(0.0);
                Along::Names { names, first, slot: (scale.at(*last) - first) / last }
            }
        }
    }

    /// Returns the ticks inside the plot: their values and their pixels. None for categories.
    pub fn ticked(&self) -> Vec<(f64, f64)> {
        let XAxis::Ticks { ticks, scale, .. } = self else { return vec![] };
        let inside = |at: &&f64| (ticks.range.0..=ticks.range.1).contains(*at);
        ticks.at.iter().filter(inside).map(|at| (*at, scale.at(*at))).collect()
    }

    /// Draws its labels below the plot.
    pub fn paint(&self, canvas: &Canvas, frame: &Frame, labels: &Labels) -> Result<()> {
        let texts: Vec<(f64, String)> = match self {
            XAxis::Ticks { ticks, scale, .. } => (ticks.at.iter().zip(&ticks.text))
                .filter(|(at, _)| (ticks.range.0..=ticks.range.1).contains(*at))
                .map(|(at, text)| (scale.at(*at), text.clone()))
                .collect(),
            XAxis::Names { names, scale, .. } => (names.iter().enumerate())
                .map(|(place, name)| (scale.at(place as f64), name.clone()))
                .collect(),
        };
        let count = ((frame.right - frame.left) / 30.0).max(1.0) as usize;
        let texts = match (self, labels.x_ticks) {
            (XAxis::Names { .. }, Some(people)) => people.of_names(texts, count),
            _ => texts,
        };
        frame.x_labels(canvas, &texts, false)
    }
}
