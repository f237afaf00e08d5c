//! Line charts: how something develops, for one series or several, with bands for uncertainty.

use plotters::style::text_anchor::{HPos, VPos};
use polars::prelude::*;

use super::axis::{Scale, Ticks, date_ticks, decades, ticks};
use super::canvas::{Canvas, Text};
use super::label::short;
use super::{
    Frame, Labels, MARGIN, Unit, columns, extent, labels, left_out, names, numbers, places, theme,
};
use crate::error::Result;
use crate::figure::Figure;

/// A line chart in the making: see [`line`](fn@line).
#[derive(Debug, Clone)]
pub struct Line<'f> {
    frame: &'f DataFrame,
    x: String,
    y: String,
    by: Option<String>,
    band: Option<(String, String)>,
    observed: Option<String>,
    zoom: bool,
    steps: bool,
    log: bool,
    at_risk: Option<String>,
    labels: Labels,
}

/// `y` over `x`: one row per point, in any order. `x` may be a number, a date or a text (then in order
/// of first appearance).
pub fn line<'f>(frame: &'f DataFrame, x: &str, y: &str) -> Line<'f> {
    Line {
        frame,
        x: x.into(),
        y: y.into(),
        by: None,
        band: None,
        observed: None,
        zoom: false,
        steps: false,
        log: false,
        at_risk: None,
        labels: Labels::new(x, y),
    }
}

/// A survival curve as [`survival::kaplan_meier`](crate::metrics::survival::kaplan_meier) returns it: level
/// until the next time, with its band, and below it how many are at risk. Reads `time`, `survival`, `low`,
/// `high`, `at_risk`; groups are given to [`by`](Line::by).
pub fn survival(curve: &DataFrame) -> Line<'_> {
    let mut line = line(curve, "time", "survival").band("low", "high").unit(Unit::Percent).steps();
    line.at_risk = Some("at_risk".into());
    line.x_label("Time").y_label("Share still there, with 95% intervals")
}

labels!(Line);

impl Line<'_> {
    /// One line for each value of this column.
    pub fn by(mut self, column: &str) -> Self {
        self.by = Some(column.into());
        self
    }

    /// A band between two columns behind each line: an interval. Points without one have none.
    pub fn band(mut self, low: &str, high: &str) -> Self {
        self.band = Some((low.into(), high.into()));
        self
    }

    /// Adds another column as dots, named after the column: observations beside what was expected.
    pub fn observed(mut self, column: &str) -> Self {
        self.observed = Some(column.into());
        self
    }

    /// Lets the vertical axis start near the lowest value instead of at 0.
    pub fn zoom(mut self) -> Self {
        self.zoom = true;
        self
    }

    /// Keeps each value level until the next point, instead of going straight to it.
    pub fn steps(mut self) -> Self {
        self.steps = true;
        self
    }

    /// Logarithmic axes: what grows as a power of `x` is a straight line, as steep as the power. A horizontal axis of
    /// dates or texts stays as it is. Values of 0 or less have no place, and are left out.
    pub fn log(mut self) -> Self {
        self.log = true;
        self
    }

    /// Draws the chart.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn),
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a `y` that is no number, or a size
    /// out of range.
    pub fn draw(self) -> Result<Figure> {
        let data = Data::new(&self)?;
        let summary = data.summary(self.labels.unit);
        self.labels.figure("Line chart", summary, |canvas| self.paint(canvas, &data))
    }

    fn paint(&self, canvas: &Canvas, data: &Data) -> Result<()> {
        let label = Text::new(theme::LABEL, theme::INK).bold();
        let several = data.series.len() > 1;
        let widest = data.series.iter().map(|one| label.width(&one.name)).fold(0.0, f64::max);
        // A few short names stand at their lines' ends; otherwise there is a legend.
        let direct = several && data.series.len() <= 6 && widest <= canvas.width * 0.28;
        let legend: Vec<_> = data
            .series
            .iter()
            .enumerate()
            .filter(|_| several && !direct)
            .map(|(index, one)| (one.name.clone(), index))
            .collect();
        let mut frame = Frame::new(canvas, &self.labels, &legend, left_out(data.left_out))?;
        if direct {
            frame.right -= widest + 10.0;
        }
        let risk = Text::new(theme::TICK, theme::MUTED);
        // A row of numbers for each series, and a heading, between the ticks and the axis' label; for so many series
        // that nothing would be left of the plot, none.
        let rows = if several { data.series.len() + 1 } else { 1 };
        let at_risk = self.at_risk.is_some() && RISK_ROW * rows as f64 <= canvas.height * 0.4;
        if at_risk {
            frame.bottom -= RISK_ROW * rows as f64;
            let headings = data.series.iter().map(|one| one.name.as_str()).filter(|_| several);
            let wide = headings.chain(["At risk"]).map(|text| risk.width(text)).fold(0.0, f64::max);
            frame.left += (wide.min(canvas.width * 0.3) - 26.0).max(0.0);
        }
        let rows = ((frame.bottom - frame.top) / 45.0).clamp(2.0, 8.0) as usize;
        let marks = if self.log {
            decades(data.y_range(true), rows, self.labels.unit)
        } else {
            ticks(data.y_range(self.zoom), rows, self.labels.unit, false)
        };
        let y = frame.y_axis(canvas, &marks)?;
        let (x, ticked) = data.x_axis(canvas, &frame, self.log)?;
        if at_risk {
            let mut at = frame.bottom + 31.0;
            canvas.text("At risk", (MARGIN, at), risk.at(HPos::Left, VPos::Center))?;
            for (index, one) in data.series.iter().enumerate() {
                at += if several { RISK_ROW } else { 0.0 };
                let style = Text { colour: theme::colour(index), ..risk };
                if several {
                    let name = risk.fit(&one.name, canvas.width * 0.3);
                    canvas.text(&name, (MARGIN, at), style.at(HPos::Left, VPos::Center))?;
                }
                for (time, place) in &ticked {
                    let left =
                        one.at_risk.iter().find(|(from, _)| from >= time).map_or(0.0, |(_, n)| *n);
                    let text = Unit::Number.text(left);
                    canvas.text(&text, (*place, at), style.at(HPos::Center, VPos::Center))?;
                }
            }
        }

        for (index, one) in data.series.iter().enumerate() {
            let colour = theme::colour(index);
            for run in one.runs(|point| point.band.is_some()) {
                let edge = |pick: fn((f64, f64)) -> f64| {
                    run.iter().filter_map(move |p| Some((p.x, pick(p.band?))))
                };
                let outline: Vec<(f64, f64)> = edge(|band| band.0)
                    .chain(edge(|band| band.1).collect::<Vec<_>>().into_iter().rev())
                    .map(|(px, py)| (x.at(px), y.at(py)))
                    .collect();
                canvas.area(&outline, colour, 0.16)?;
            }
        }
        for (index, one) in data.series.iter().enumerate() {
            let colour = theme::colour(index);
            for run in one.runs(|point| point.y.is_some()) {
                let points: Vec<(f64, f64)> =
                    run.iter().filter_map(|p| Some((x.at(p.x), y.at(p.y?)))).collect();
                // Decades are far apart: it is seen where something was measured.
                if self.log && !one.dots {
                    points.iter().try_for_each(|at| canvas.dot(*at, 3.2, colour))?;
                }
                if points.len() > 1 && !one.dots {
                    if theme::broken(index) {
                        canvas.dashes(&points, colour, 2.2)?;
                    } else {
                        canvas.line(&points, colour, 2.2)?;
                    }
                } else {
                    points.iter().try_for_each(|at| canvas.dot(*at, 3.2, colour))?;
                }
            }
        }
        if direct {
            let ends: Vec<f64> = data
                .series
                .iter()
                .map(|one| {
                    let last = one.points.iter().rev().find_map(|point| point.y);
                    last.map_or(frame.bottom, |value| y.at(value))
                })
                .collect();
            let spread = spread(&ends, 16.0, (frame.top, frame.bottom));
            for (index, (one, at)) in data.series.iter().zip(spread).enumerate() {
                let style = Text { colour: theme::colour(index), ..label };
                let style = style.at(HPos::Left, VPos::Center);
                canvas.text(&one.name, (frame.right + 8.0, at), style)?;
            }
        }
        Ok(())
    }
}

/// Moves labels apart until none is closer than `gap` to the next, inside the bounds where possible.
pub(super) fn spread(at: &[f64], gap: f64, (low, high): (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..at.len()).collect();
    order.sort_by(|a, b| at[*a].total_cmp(&at[*b]));
    let mut placed = at.to_vec();
    let mut floor = low;
    for index in &order {
        placed[*index] = placed[*index].max(floor);
        floor = placed[*index] + gap;
    }
    let mut ceiling = high;
    for index in order.iter().rev() {
        placed[*index] = placed[*index].min(ceiling);
        ceiling = placed[*index] - gap;
    }
    placed
}

#[derive(Debug, Clone, Copy)]
struct Point {
    x: f64,
    y: Option<f64>,
    band: Option<(f64, f64)>,
}

struct Series {
    name: String,
    points: Vec<Point>,
    /// Drawn as dots, not as a line.
    dots: bool,
    /// How many are at risk from which place on.
    at_risk: Vec<(f64, f64)>,
}

/// The height of a row of numbers at risk.
const RISK_ROW: f64 = 16.0;

impl Series {
    /// Unbroken stretches of points that have something.
    fn runs(&self, has: impl Fn(&Point) -> bool) -> Vec<&[Point]> {
        self.points.split(|point| !has(point)).filter(|run| !run.is_empty()).collect()
    }
}

enum XKind {
    Number { whole: bool },
    Date,
    Category(Vec<String>),
}

struct Data {
    series: Vec<Series>,
    x: XKind,
    left_out: usize,
}

impl Data {
    fn new(chart: &Line) -> Result<Data> {
        let frame = chart.frame;
        let mut needed = vec![chart.x.as_str(), &chart.y];
        needed.extend(chart.by.as_deref());
        needed.extend(chart.observed.as_deref());
        needed.extend(chart.at_risk.as_deref());
        needed.extend(chart.band.iter().flat_map(|(low, high)| [low.as_str(), high.as_str()]));
        columns(frame, &needed)?;

        let dtype = frame.column(&chart.x)?.dtype();
        let (xs, x) = match dtype {
            DataType::String => {
                let (seen, rows) = places(&names(frame, &chart.x)?);
                (rows.into_iter().map(|row| Some(row as f64)).collect(), XKind::Category(seen))
            }
            DataType::Date | DataType::Datetime(_, _) => (numbers(frame, &chart.x)?, XKind::Date),
            dtype => (numbers(frame, &chart.x)?, XKind::Number { whole: dtype.is_integer() }),
        };
        let has_place = |value: &f64| !chart.log || *value > 0.0;
        let number = matches!(x, XKind::Number { .. });
        let xs: Vec<Option<f64>> =
            xs.into_iter().map(|x| x.filter(|x| !number || has_place(x))).collect();
        let positive = |column: &str| -> Result<Vec<Option<f64>>> {
            Ok(numbers(frame, column)?.into_iter().map(|y| y.filter(has_place)).collect())
        };
        let ys = positive(&chart.y)?;
        let bands = match &chart.band {
            Some((low, high)) => {
                let pairs = positive(low)?.into_iter().zip(positive(high)?);
                pairs.map(|(low, high)| low.zip(high)).collect()
            }
            None => vec![None; ys.len()],
        };
        let owner = match &chart.by {
            Some(column) => names(frame, column)?,
            None if chart.observed.is_some() => vec![chart.y.replace('_', " "); ys.len()],
            None => vec![chart.labels.y.clone(); ys.len()],
        };
        let (series_names, owners) = places(&owner);
        let mut series: Vec<Series> = series_names
            .into_iter()
            .map(|name| Series { name, points: vec![], dots: false, at_risk: vec![] })
            .collect();
        let at_risk = match &chart.at_risk {
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
        if let Some(column) = &chart.observed {
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
            if chart.steps && !one.dots {
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

    fn y_range(&self, zoom: bool) -> (f64, f64) {
        let values = self
            .points()
            .flat_map(|point| [point.y, point.band.map(|b| b.0), point.band.map(|b| b.1)])
            .flatten();
        let (low, high) = extent(values).unwrap_or((0.0, 1.0));
        if zoom { (low, high) } else { (low.min(0.0), high.max(0.0)) }
    }

    /// The scale, and the ticks: their values and their places.
    fn x_axis(
        &self,
        canvas: &Canvas,
        frame: &Frame,
        log: bool,
    ) -> Result<(Scale, Vec<(f64, f64)>)> {
        let span = (frame.left + 6.0, frame.right - 6.0);
        let range = extent(self.points().map(|point| point.x)).unwrap_or((0.0, 1.0));
        let count = ((frame.right - frame.left) / 80.0).clamp(2.0, 12.0) as usize;
        if let XKind::Category(names) = &self.x {
            let last = names.len().saturating_sub(1).max(1) as f64;
            let scale = Scale::new((0.0, last), span);
            let labels: Vec<(f64, String)> = names
                .iter()
                .enumerate()
                .map(|(i, name)| (scale.at(i as f64), name.clone()))
                .collect();
            frame.x_labels(canvas, &labels, false)?;
            return Ok((scale, vec![]));
        }
        let ticks: Ticks = match self.x {
            XKind::Date => date_ticks(range, count),
            XKind::Number { whole } => {
                // Whole numbers are short: more of them fit.
                let count = if whole { count * 2 } else { count };
                let mut ticks = if log {
                    decades(range, count, Unit::Number)
                } else {
                    ticks(range, count, Unit::Number, whole)
                };
                if range.0 < range.1 {
                    ticks.range = range; // the data's own ends: no empty margins
                }
                ticks
            }
            XKind::Category(_) => unreachable!("handled above"),
        };
        let scale = Scale::of(&ticks, span);
        let inside = |at: &f64| (ticks.range.0..=ticks.range.1).contains(at);
        let labels: Vec<(f64, String)> = (ticks.at.iter().zip(&ticks.text))
            .filter(|(at, _)| inside(at))
            .map(|(at, text)| (scale.at(*at), text.clone()))
            .collect();
        frame.x_labels(canvas, &labels, false)?;
        let ticked =
            ticks.at.iter().filter(|at| inside(at)).map(|at| (*at, scale.at(*at))).collect();
        Ok((scale, ticked))
    }

    fn x_text(&self, x: f64) -> String {
        match &self.x {
            XKind::Category(names) => names.get(x as usize).cloned().unwrap_or_default(),
            XKind::Date => chrono::NaiveDate::default()
                .checked_add_signed(chrono::TimeDelta::try_days(x as i64).unwrap_or_default())
                .map_or_else(|| x.to_string(), |day| day.format("%-d %b %Y").to_string()),
            XKind::Number { .. } => Unit::Number.text(x),
        }
    }

    /// In words: where each series begins and ends, and its range. `None` without data.
    fn summary(&self, unit: Unit) -> Option<String> {
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
                    format!("{}: {} at {}", one.name, unit.text(y0), self.x_text(x0))
                } else {
                    format!(
                        "{}: {} at {}, {} at {}{range}",
                        one.name,
                        unit.text(y0),
                        self.x_text(x0),
                        unit.text(y1),
                        self.x_text(x1)
                    )
                })
            })
            .collect();
        let more = self.series.len().saturating_sub(8);
        let rest = if more > 0 { format!("; and {more} more series") } else { String::new() };
        (!described.is_empty()).then(|| format!("{}{rest}.", described.join("; ")))
    }
}
