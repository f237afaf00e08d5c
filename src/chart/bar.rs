//! Bar charts: amounts compared, one bar each, side by side or stacked.

use plotters::style::text_anchor::{HPos, VPos};
use polars::prelude::*;

use super::axis::{Scale, ticks};
use super::canvas::{Canvas, Text};
use super::{
    Frame, Labels, columns, drawable, extent, labels, left_out, names, numbers, places, theme,
};
use crate::error::Result;
use crate::figure::Figure;

/// A bar chart in the making: see [`bar`].
#[derive(Debug, Clone)]
pub struct Bar<'f> {
    frame: &'f DataFrame,
    x: String,
    y: String,
    by: Option<String>,
    stacked: bool,
    labels: Labels,
}

/// `y` for each `x`, in the frame's order. Several rows for the same bar add up. Names too long to stand
/// below their bars turn the chart on its side.
pub fn bar<'f>(frame: &'f DataFrame, x: &str, y: &str) -> Bar<'f> {
    Bar { frame, x: x.into(), y: y.into(), by: None, stacked: false, labels: Labels::new(x, y) }
}

labels!(Bar);

impl Bar<'_> {
    /// One bar for each value of this column, side by side.
    pub fn by(mut self, column: &str) -> Self {
        self.by = Some(column.into());
        self
    }

    /// Stacks the series instead: their sum becomes visible. Negative values stack downwards.
    pub fn stacked(mut self) -> Self {
        self.stacked = true;
        self
    }

    /// Draws the chart.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn),
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a `y` that is no number, or a size
    /// out of range, or more than 200,000 bars.
    pub fn draw(self) -> Result<Figure> {
        let data = Data::new(&self)?;
        let summary = data.summary(self.labels.unit, self.stacked);
        self.labels.figure("Bar chart", summary, |canvas| self.paint(canvas, &data))
    }

    fn paint(&self, canvas: &Canvas, data: &Data) -> Result<()> {
        let several = data.series.len() > 1;
        let legend: Vec<(String, usize)> = (data.series.iter().enumerate())
            .filter(|_| several)
            .map(|(index, name)| (name.clone(), index))
            .collect();
        let tick = Text::new(theme::TICK, theme::MUTED);
        let widest = data.categories.iter().map(|name| tick.width(name)).fold(0.0, f64::max);
        let slot = (canvas.width - 80.0) / data.categories.len() as f64;
        let sideways = widest > slot - 4.0 && data.categories.len() <= 30 && widest > 60.0;
        if sideways {
            self.paint_sideways(canvas, data, &legend, widest)
        } else {
            self.paint_upright(canvas, data, &legend)
        }
    }

    fn paint_upright(
        &self,
        canvas: &Canvas,
        data: &Data,
        legend: &[(String, usize)],
    ) -> Result<()> {
        let mut frame = Frame::new(canvas, &self.labels, legend, left_out(data.left_out))?;
        let rows = ((frame.bottom - frame.top) / 45.0).clamp(2.0, 8.0) as usize;
        let y = frame
            .y_axis(canvas, &ticks(data.range(self.stacked), rows, self.labels.unit, false))?;
        let slot = (frame.right - frame.left) / data.categories.len() as f64;
        for bar in self.bars(data) {
            let x = |share: f64| frame.left + slot * (bar.category as f64 + share);
            let (a, b) = ((x(bar.span.0), y.at(bar.from)), (x(bar.span.1), y.at(bar.to)));
            canvas.rect(a, b, theme::colour(bar.series))?;
        }
        canvas.line(&[(frame.left, y.at(0.0)), (frame.right, y.at(0.0))], theme::AXIS, 1.0)?;
        let labels: Vec<(f64, String)> = (data.categories.iter().enumerate())
            .map(|(index, name)| (frame.left + slot * (index as f64 + 0.5), name.clone()))
            .collect();
        frame.x_labels(canvas, &labels, !data.ordinal)
    }

    fn paint_sideways(
        &self,
        canvas: &Canvas,
        data: &Data,
        legend: &[(String, usize)],
        widest: f64,
    ) -> Result<()> {
        // On its side, what was below is beside, and the other way round.
        let turned =
            Labels { x: self.labels.y.clone(), y: self.labels.x.clone(), ..self.labels.clone() };
        let mut frame = Frame::new(canvas, &turned, legend, left_out(data.left_out))?;
        let tick = Text::new(theme::TICK, theme::MUTED);
        let room = widest.min(canvas.width * 0.42);
        frame.left += room + 8.0;
        frame.right -= 10.0;
        let count = ((frame.right - frame.left) / 90.0).clamp(2.0, 8.0) as usize;
        let marks = ticks(data.range(self.stacked), count, self.labels.unit, false);
        let scale = Scale::new(marks.range, (frame.left, frame.right));
        for at in &marks.at {
            let x = scale.at(*at);
            canvas.line(&[(x, frame.top), (x, frame.bottom)], theme::GRID, 1.0)?;
        }
        let slot = (frame.bottom - frame.top) / data.categories.len() as f64;
        for bar in self.bars(data) {
            let y = |share: f64| frame.top + slot * (bar.category as f64 + share);
            let (a, b) = ((scale.at(bar.from), y(bar.span.0)), (scale.at(bar.to), y(bar.span.1)));
            canvas.rect(a, b, theme::colour(bar.series))?;
        }
        canvas.line(
            &[(scale.at(0.0), frame.top), (scale.at(0.0), frame.bottom)],
            theme::AXIS,
            1.0,
        )?;
        let beside = tick.at(HPos::Right, VPos::Center);
        let every = (14.0 / slot).ceil().max(1.0) as usize;
        for (index, name) in data.categories.iter().enumerate().step_by(every) {
            let at = (frame.left - 8.0, frame.top + slot * (index as f64 + 0.5));
            canvas.text(&tick.fit(name, room), at, beside)?;
        }
        let labels: Vec<(f64, String)> = marks
            .at
            .iter()
            .zip(&marks.text)
            .map(|(at, text)| (scale.at(*at), text.clone()))
            .collect();
        frame.x_labels(canvas, &labels, false)
    }

    /// Where each bar begins and ends, in its slot (0 to 1) and in values.
    fn bars(&self, data: &Data) -> Vec<One> {
        const GAP: f64 = 0.14;
        let count = data.series.len() as f64;
        let mut bars = vec![];
        for (category, values) in data.values.iter().enumerate() {
            let (mut above, mut below) = (0.0, 0.0);
            for (series, value) in values.iter().enumerate() {
                let Some(value) = *value else { continue };
                let (span, from, to) = if self.stacked {
                    let base = if value < 0.0 { &mut below } else { &mut above };
                    let from = *base;
                    *base += value;
                    ((GAP, 1.0 - GAP), from, *base)
                } else {
                    let width = (1.0 - 2.0 * GAP) / count;
                    let start = GAP + width * series as f64;
                    ((start, start + width * if count > 1.0 { 0.92 } else { 1.0 }), 0.0, value)
                };
                bars.push(One { category, series, span, from, to });
            }
        }
        bars
    }
}

struct One {
    category: usize,
    series: usize,
    span: (f64, f64),
    from: f64,
    to: f64,
}

struct Data {
    categories: Vec<String>,
    /// Whether categories follow each other (numbers, dates), so that some labels may be left out.
    ordinal: bool,
    series: Vec<String>,
    /// By category, then series.
    values: Vec<Vec<Option<f64>>>,
    left_out: usize,
}

impl Data {
    fn new(chart: &Bar) -> Result<Data> {
        let frame = chart.frame;
        let mut needed = vec![chart.x.as_str(), &chart.y];
        needed.extend(chart.by.as_deref());
        columns(frame, &needed)?;
        let x = names(frame, &chart.x)?;
        let ordinal = frame.column(&chart.x)?.dtype() != &DataType::String
            || x.iter().all(|name| name.chars().all(|c| c.is_ascii_digit() || c == '-'));
        let ys = numbers(frame, &chart.y)?;
        let owner = match &chart.by {
            Some(column) => names(frame, column)?,
            None => vec![chart.labels.y.clone(); ys.len()],
        };
        let (categories, rows) = places(&x);
        let (series, owners) = places(&owner);
        drawable("bars", categories.len(), series.len())?;
        let mut values = vec![vec![None; series.len()]; categories.len()];
        let mut left_out = 0;
        for (row, y) in ys.iter().enumerate() {
            match y {
                Some(y) => *values[rows[row]][owners[row]].get_or_insert(0.0) += y,
                None => left_out += 1,
            }
        }
        if values.iter().flatten().all(Option::is_none) {
            values.clear();
        }
        Ok(Data { categories, ordinal, series, values, left_out })
    }

    /// What the value axis must span: 0, and every bar's end.
    fn range(&self, stacked: bool) -> (f64, f64) {
        let ends = self.values.iter().flat_map(|values| {
            let shown = values.iter().flatten();
            if stacked {
                let above: f64 = shown.clone().filter(|v| **v > 0.0).sum();
                let below: f64 = shown.filter(|v| **v < 0.0).sum();
                vec![above, below]
            } else {
                shown.copied().collect()
            }
        });
        let (low, high) = extent(ends.filter(|end| end.is_finite())).unwrap_or((0.0, 1.0));
        (low.min(0.0), high.max(0.0))
    }

    /// In words: each series' lowest and highest bar. `None` without data.
    fn summary(&self, unit: super::Unit, stacked: bool) -> Option<String> {
        if self.values.is_empty() {
            return None;
        }
        let describe = |name: &str, values: Vec<(usize, f64)>| {
            let low = values.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
            let high = values.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
            let at =
                |one: &(usize, f64)| format!("{} at {}", unit.text(one.1), self.categories[one.0]);
            Some(if values.len() == 1 {
                format!("{name}: {}", at(low))
            } else {
                format!("{name}: from {} to {}", at(low), at(high))
            })
        };
        let of = |series: usize| {
            self.values.iter().enumerate().filter_map(|(i, v)| Some((i, v[series]?))).collect()
        };
        let mut parts: Vec<String> = (self.series.iter().enumerate().take(8))
            .filter_map(|(index, name)| describe(name, of(index)))
            .collect();
        if stacked && self.series.len() > 1 {
            let sums = self.values.iter().map(|values| values.iter().flatten().sum::<f64>());
            parts.extend(describe("together", sums.enumerate().collect()));
        }
        let many = format!("{} bars", self.values.iter().flatten().flatten().count());
        Some(format!("{many}. {}.", parts.join("; ")))
    }
}
