//! Line charts: how something develops, for one series or several, with bands for uncertainty.

mod data;

use data::{Data, Series, Source};
use plotters::style::text_anchor::{HPos, VPos};
use polars::prelude::*;

use super::apart::apart;
use super::axis::{Scale, decades, ticks};
use super::canvas::{Canvas, Text};
use super::label::short;
use super::mark::{Along, Axis, Ground, along_lines, in_band};
use super::{Frame, Key, Labels, Look, MARGIN, Unit, labels, left_out, marks, theme};
use crate::error::Result;
use crate::figure::Figure;

/// Builds a line chart: see [`line`](fn@line).
#[derive(Debug, Clone)]
pub struct Line<'f> {
    source: Source<'f>,
    zoom: bool,
    diagonal: Option<String>,
    labels: Labels,
}

/// Begins a line chart: `y` over `x`, one row per point, in any order. `x` may be a number, a date or a text (then in
/// order of first appearance).
pub fn line<'f>(frame: &'f DataFrame, x: &str, y: &str) -> Line<'f> {
    Line {
        source: Source {
            frame,
            x: x.into(),
            y: y.into(),
            by: None,
            band: None,
            observed: None,
            at_risk: None,
            steps: false,
            log: false,
        },
        zoom: false,
        diagonal: None,
        labels: Labels::new(x, y),
    }
}

/// Begins a line chart of a survival curve as [`survival::kaplan_meier`](crate::metrics::survival::kaplan_meier)
/// returns it: level until the next time, with its band, and below it how many are at risk. Reads `time`, `survival`,
/// `low`, `high`, `at_risk`; name a column of groups with [`by`](Line::by).
pub fn survival(curve: &DataFrame) -> Line<'_> {
    let mut line = line(curve, "time", "survival").band("low", "high").unit(Unit::Percent).steps();
    line.source.at_risk = Some("at_risk".into());
    line.x_label("Time").y_label("Share still there, with 95% intervals")
}

labels!(Line);
marks!(Line);

impl Line<'_> {
    /// Draws one line for each value of this column.
    pub fn by(mut self, column: &str) -> Self {
        self.source.by = Some(column.into());
        self
    }

    /// Draws a band between two columns behind each line: an interval. Points without bounds have no band.
    pub fn band(mut self, low: &str, high: &str) -> Self {
        self.source.band = Some((low.into(), high.into()));
        self
    }

    /// Adds another column as dots, named after the column: observations beside what was expected.
    pub fn observed(mut self, column: &str) -> Self {
        self.source.observed = Some(column.into());
        self
    }

    /// Lets the vertical axis start near the lowest value instead of at 0.
    pub fn zoom(mut self) -> Self {
        self.zoom = true;
        self
    }

    /// Keeps each value level until the next point, instead of going straight to it.
    pub fn steps(mut self) -> Self {
        self.source.steps = true;
        self
    }

    /// Draws the line where `y` equals `x`, dashed, with what it stands for: equal shares behind a Lorenz curve. Both axes
    /// have to have numbers; on others there is none.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let lorenz = df!("users" => [0.0, 0.5, 1.0], "orders" => [0.0, 0.2, 1.0])?;
    /// let figure = chart::line(&lorenz, "users", "orders").diagonal("equal shares").draw()?;
    /// assert!(figure.alt().contains("A dashed line marks equal shares."));
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn diagonal(mut self, label: &str) -> Self {
        self.diagonal = Some(short(label));
        self
    }

    /// Sets how the numbers of the horizontal axis are written: shares of users in percent, if the other axis has percent.
    pub fn x_unit(mut self, unit: Unit) -> Self {
        self.labels.x_unit = unit;
        self
    }

    /// Makes both axes logarithmic: what grows as a power of `x` is a straight line, as steep as the power. A
    /// horizontal axis of dates or texts stays as it is. Values of 0 or less have no place, and are left out.
    pub fn log(mut self) -> Self {
        self.source.log = true;
        self
    }

    /// Draws the chart.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn),
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a `y` that is not a number, or a size
    /// out of range.
    pub fn draw(self) -> Result<Figure> {
        let data = Data::new(&self.source, &self.labels.y)?;
        let drawn = self.diagonal.as_ref().filter(|_| data.is_numeric());
        let summary = data.summary(&self.labels).map(|summary| match drawn {
            Some(label) => format!("{summary} A dashed line marks {label}."),
            None => summary,
        });
        self.labels.figure("Line chart", summary, |canvas| self.paint(canvas, &data))
    }

    /// What a legend, or a label at a line's end, shows of each series.
    fn keys(&self, data: &Data) -> Result<Vec<Key>> {
        let keys = data.series.iter().enumerate().map(|(index, one)| match one.dots {
            true => Key::dot(&one.name, index),
            false => Key::line(&one.name, index),
        });
        self.labels.marks.keys(keys.collect())
    }

    fn paint(&self, canvas: &Canvas, data: &Data) -> Result<()> {
        let label = Text::new(theme::LABEL, theme::INK).bold();
        let keys = self.keys(data)?;
        let several = data.series.len() > 1;
        let widest = data.series.iter().map(|one| label.width(&one.name)).fold(0.0, f64::max);
        // A few short names stand at their lines' ends; otherwise there is a legend.
        let direct = several && data.series.len() <= 6 && widest <= canvas.width * 0.28;
        let legend = if several && !direct { keys.as_slice() } else { &[] };
        let mut frame = Frame::keyed(canvas, &self.labels, legend, left_out(data.left_out))?;
        if direct {
            frame.right -= widest + 10.0;
        }
        let rows = self.risk_rows(data, canvas.height);
        frame.bottom -= RISK_ROW * rows as f64;
        if rows > 0 {
            frame.left += risk_room(data, canvas.width);
        }
        let rows_of_ticks = ((frame.bottom - frame.top) / 45.0).clamp(2.0, 8.0) as usize;
        let marks = if self.source.log {
            decades(data.y_range(true, &self.labels), rows_of_ticks, self.labels.unit)
        } else {
            ticks(data.y_range(self.zoom, &self.labels), rows_of_ticks, self.labels.unit, false)
        };
        let span = (frame.left + Frame::y_room(&marks) + 6.0, frame.right - 6.0);
        let x_axis = data.x_axis(span, self.source.log, &self.labels);
        let mut plot = Frame { left: span.0 - 6.0, ..frame };
        self.labels.marks.head_room(&mut plot, &x_axis.along(), Axis::X)?;
        frame.top = plot.top;
        let y = frame.y_axis(canvas, &marks)?;
        let x = x_axis.scale();
        x_axis.paint(canvas, &frame, &self.labels)?;
        if rows > 0 {
            self.paint_risk(canvas, data, &keys, (frame.bottom + 31.0, &x_axis.ticked()))?;
        }

        let places = (x_axis.along(), Along::Numbers(y));
        let mut ground = Ground::new(&self.labels.marks, frame, places, false);
        ground.behind(canvas)?;
        if let (Along::Numbers(x), Some(label)) = (ground.x, &self.diagonal) {
            paint_diagonal(canvas, (&x, &y), label)?;
        }
        // Those in colour lie over the grey ones.
        let mut order: Vec<(&Series, &Key)> = data.series.iter().zip(&keys).collect();
        order.sort_by_key(|(one, _)| self.labels.marks.is_prominent(&one.name));
        for (one, key) in &order {
            for run in one.runs(|point| point.band.is_some()) {
                let edge = |pick: fn((f64, f64)) -> f64| {
                    run.iter().filter_map(move |p| Some((p.x, pick(p.band?))))
                };
                let outline: Vec<(f64, f64)> = edge(|band| band.0)
                    .chain(edge(|band| band.1).collect::<Vec<_>>().into_iter().rev())
                    .map(|(px, py)| (x.at(px), y.at(py)))
                    .collect();
                canvas.area(&outline, key.colour, 0.16)?;
                if !self.labels.marks.is_empty() {
                    let edges: Vec<(f64, f64, f64)> = (run.iter())
                        .filter_map(|p| {
                            p.band.map(|(low, high)| (x.at(p.x), y.at(low), y.at(high)))
                        })
                        .collect();
                    ground.pale.extend(in_band(&edges));
                }
            }
        }
        let mut drawn = vec![];
        for (one, key) in &order {
            for run in one.runs(|point| point.y.is_some()) {
                let points: Vec<(f64, f64)> =
                    run.iter().filter_map(|p| Some((x.at(p.x), y.at(p.y?)))).collect();
                // Decades are far apart: it is seen where something was measured.
                let dotted = one.dots || points.len() == 1 || self.source.log;
                if dotted {
                    points.iter().try_for_each(|at| canvas.dot(*at, 3.2, key.colour))?;
                }
                if points.len() > 1 && key.look == Look::Dashes {
                    canvas.dashes(&points, key.colour, 2.2)?;
                } else if points.len() > 1 && !one.dots {
                    canvas.line(&points, key.colour, 2.2)?;
                }
                drawn.push(points);
            }
        }
        if direct {
            self.paint_ends(canvas, data, &keys, (&frame, &y))?;
        }
        if !self.labels.marks.is_empty() {
            ground.busy = along_lines(drawn.iter().map(Vec::as_slice));
        }
        ground.before(canvas)
    }

    /// Names at their lines' ends.
    fn paint_ends(
        &self,
        canvas: &Canvas,
        data: &Data,
        keys: &[Key],
        (frame, y): (&Frame, &Scale),
    ) -> Result<()> {
        let ends: Vec<f64> = data
            .series
            .iter()
            .map(|one| {
                let last = one.points.iter().rev().find_map(|point| point.y);
                last.map_or(frame.bottom, |value| y.at(value))
            })
            .collect();
        let spread = apart(&ends, 16.0, (frame.top, frame.bottom));
        for (key, at) in keys.iter().zip(spread) {
            let prominent = self.labels.marks.is_prominent(&key.name);
            let colour = if prominent { key.colour } else { theme::MUTED };
            let style = Text { bold: prominent, ..Text::new(theme::LABEL, colour) };
            let style = style.at(HPos::Left, VPos::Center);
            canvas.text(&key.name, (frame.right + 8.0, at), style)?;
        }
        Ok(())
    }

    /// Rows of numbers at risk: one for each series, and a heading, between the ticks and the axis' label; none for so
    /// many series that nothing would be left of the plot.
    fn risk_rows(&self, data: &Data, height: f64) -> usize {
        let rows = if data.series.len() > 1 { data.series.len() + 1 } else { 1 };
        let fits = RISK_ROW * rows as f64 <= height * 0.4;
        if self.source.at_risk.is_some() && fits { rows } else { 0 }
    }

    /// The numbers at risk below the ticks (values and pixels), from a height on.
    fn paint_risk(
        &self,
        canvas: &Canvas,
        data: &Data,
        keys: &[Key],
        (mut at, ticked): (f64, &[(f64, f64)]),
    ) -> Result<()> {
        let risk = Text::new(theme::TICK, theme::MUTED);
        let several = data.series.len() > 1;
        canvas.text("At risk", (MARGIN, at), risk.at(HPos::Left, VPos::Center))?;
        for (one, key) in data.series.iter().zip(keys) {
            let faded = !self.labels.marks.is_prominent(&one.name);
            let style = Text { colour: if faded { theme::MUTED } else { key.colour }, ..risk };
            if several {
                at += RISK_ROW;
                let name = risk.fit(&one.name, canvas.width * 0.3);
                canvas.text(&name, (MARGIN, at), style.at(HPos::Left, VPos::Center))?;
            }
            for (time, place) in ticked {
                let left =
                    one.at_risk.iter().find(|(from, _)| from >= time).map_or(0.0, |(_, n)| *n);
                let text = Unit::Number.text(left);
                canvas.text(&text, (*place, at), style.at(HPos::Center, VPos::Center))?;
            }
        }
        Ok(())
    }
}

/// From the lowest value that both axes show to the highest, with a label above its middle.
fn paint_diagonal(canvas: &Canvas, (x, y): (&Scale, &Scale), label: &str) -> Result<()> {
    let (across, up) = (x.range(), y.range());
    let (low, high) = (across.0.max(up.0), across.1.min(up.1));
    if low >= high {
        return Ok(());
    }
    let (from, to) = ((x.at(low), y.at(low)), (x.at(high), y.at(high)));
    canvas.dashes(&[from, to], theme::AXIS, 1.4)?;
    let middle = ((from.0 + to.0) / 2.0 - 8.0, (from.1 + to.1) / 2.0 - 8.0);
    let style = Text::new(theme::TICK, theme::MUTED).at(HPos::Right, VPos::Center);
    canvas.text(label, middle, style)
}

/// The height of a row of numbers at risk.
const RISK_ROW: f64 = 16.0;

/// How much more room the names beside the numbers at risk take than the vertical axis' labels.
fn risk_room(data: &Data, width: f64) -> f64 {
    let risk = Text::new(theme::TICK, theme::MUTED);
    let several = data.series.len() > 1;
    let headings = data.series.iter().map(|one| one.name.as_str()).filter(|_| several);
    let wide = headings.chain(["At risk"]).map(|text| risk.width(text)).fold(0.0, f64::max);
    // The first number is centred below the axis, so half of it reaches to the left.
    (wide.min(width * 0.3) - 6.0).max(0.0)
}
