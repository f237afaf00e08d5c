//! Bar charts: amounts compared, one bar each, side by side or stacked.

use plotters::style::text_anchor::{HPos, VPos};
use polars::prelude::*;

use super::axis::{Scale, Ticks, ticks};
use super::canvas::{Canvas, Text};
use super::mark::{Along, Axis, Ground, in_rect};
use super::{
    Frame, Key, Labels, Look, Values, columns, drawable, extent, labels, left_out, marks, names,
    numbers, ordinal, places, theme,
};
use crate::error::Result;
use crate::figure::Figure;

/// Builds a bar chart: see [`bar`].
#[derive(Debug, Clone)]
pub struct Bar<'f> {
    frame: &'f DataFrame,
    x: String,
    y: String,
    by: Option<String>,
    stacked: bool,
    by_value: bool,
    labels: Labels,
}

/// Begins a bar chart: `y` for each `x`, in the frame's order. Rows for the same bar add up. Names too long to stand
/// below their bars turn the chart on its side.
pub fn bar<'f>(frame: &'f DataFrame, x: &str, y: &str) -> Bar<'f> {
    Bar {
        frame,
        x: x.into(),
        y: y.into(),
        by: None,
        stacked: false,
        by_value: false,
        labels: Labels::new(x, y),
    }
}

labels!(Bar);
marks!(Bar);

impl Bar<'_> {
    /// Splits each bar into one for each value of this column, side by side.
    pub fn by(mut self, column: &str) -> Self {
        self.by = Some(column.into());
        self
    }

    /// Stacks the series instead: their sum becomes visible. Negative values stack downwards.
    pub fn stacked(mut self) -> Self {
        self.stacked = true;
        self
    }

    /// Sorts the bars by value, highest first, instead of keeping the frame's order; several for a category by their sum.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let reasons = df!("reason" => ["price", "missing feature", "other"], "customers" => [21, 48, 5])?;
    /// let figure = chart::bar(&reasons, "reason", "customers").by_value().draw()?;
    /// let at = |name| figure.svg().find(name).unwrap();
    /// assert!(at("missing feature") < at("price"));
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn by_value(mut self) -> Self {
        self.by_value = true;
        self
    }

    /// Draws the chart.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn),
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a `y` that is not a number, or a size
    /// out of range, or more than 200,000 bars.
    pub fn draw(self) -> Result<Figure> {
        let data = Data::new(&self)?;
        let summary = data.summary(self.labels.unit, self.stacked);
        self.labels.figure("Bar chart", summary, |canvas| self.paint(canvas, &data))
    }

    fn paint(&self, canvas: &Canvas, data: &Data) -> Result<()> {
        let tick = Text::new(theme::TICK, theme::MUTED);
        let widest = data.categories.iter().map(|name| tick.width(name)).fold(0.0, f64::max);
        let slot = (canvas.width - 80.0) / data.categories.len() as f64;
        let sideways = widest > slot - 4.0 && data.categories.len() <= 30 && widest > 60.0;
        let keys = self.keys(data)?;
        if sideways {
            self.paint_sideways(canvas, data, &keys)
        } else {
            self.paint_upright(canvas, data, &keys)
        }
    }

    /// What colour each series has; each category, where there is one series.
    fn keys(&self, data: &Data) -> Result<Vec<Key>> {
        let names = data.series.iter().enumerate();
        let keys: Vec<Key> = match data.series.len() {
            1 => data.categories.iter().map(|name| Key::square(name, 0)).collect(),
            _ => names.map(|(index, name)| Key::square(name, index)).collect(),
        };
        self.labels.marks.keys(keys)
    }

    /// What the value axis has to span, marks included.
    fn ticks(&self, data: &Data, count: usize) -> Ticks {
        let (low, high) = data.range(self.stacked);
        let all = self.labels.marks.numbers(Axis::Y).chain([low, high]);
        ticks(extent(all).unwrap_or((0.0, 1.0)), count, self.labels.unit, false)
    }

    fn paint_upright(&self, canvas: &Canvas, data: &Data, keys: &[Key]) -> Result<()> {
        let legend = if data.series.len() > 1 { keys } else { &[] };
        let mut frame = Frame::keyed(canvas, &self.labels, legend, left_out(data.left_out))?;
        let rows = ((frame.bottom - frame.top) / 45.0).clamp(2.0, 8.0) as usize;
        let ticks = self.ticks(data, rows);
        let mut plot = Frame { left: frame.left + Frame::y_room(&ticks), ..frame };
        let slot = (plot.right - plot.left) / data.categories.len() as f64;
        let x = Along::Names { names: &data.categories, first: plot.left + slot / 2.0, slot };
        self.labels.marks.head_room(&mut plot, &x, Axis::X)?;
        frame.top = plot.top;
        let y = frame.y_axis(canvas, &ticks)?;
        let marks = &self.labels.marks;
        let along = Along::Numbers(y);
        let mut ground = Ground::new(marks, frame, (x, along), false);
        ground.filled = true;
        ground.behind(canvas)?;
        for bar in self.bars(data) {
            let x = |share: f64| frame.left + slot * (bar.category as f64 + share);
            let (a, b) = ((x(bar.span.0), y.at(bar.from)), (x(bar.span.1), y.at(bar.to)));
            let key = &keys[if data.series.len() > 1 { bar.series } else { bar.category }];
            block(canvas, (a, b), key, false)?;
            if !marks.is_empty() {
                ground.busy.extend(in_rect(a, b));
            }
        }
        canvas.line(&[(frame.left, y.at(0.0)), (frame.right, y.at(0.0))], theme::AXIS, 1.0)?;
        let labels: Vec<(f64, String)> = (data.categories.iter().enumerate())
            .map(|(index, name)| (frame.left + slot * (index as f64 + 0.5), name.clone()))
            .collect();
        let count = ((frame.right - frame.left) / 30.0).max(1.0) as usize;
        match self.labels.x_ticks {
            Some(people) => frame.x_labels(canvas, &people.of_names(labels, count), false)?,
            None => frame.x_labels(canvas, &labels, !data.ordinal)?,
        }
        ground.before(canvas)
    }

    fn paint_sideways(&self, canvas: &Canvas, data: &Data, keys: &[Key]) -> Result<()> {
        let legend = if data.series.len() > 1 { keys } else { &[] };
        // On its side, what was below is beside, and the other way round.
        let turned =
            Labels { x: self.labels.y.clone(), y: self.labels.x.clone(), ..self.labels.clone() };
        let turned = turned.of(Values::Across);
        let mut frame = Frame::keyed(canvas, &turned, legend, left_out(data.left_out))?;
        let style = |index: usize| {
            let bold = data.series.len() == 1 && keys[index].bold;
            let colour = if bold { theme::INK } else { theme::MUTED };
            Text { bold, ..Text::new(theme::TICK, colour) }
        };
        // A name in bold takes more room than the same in regular type.
        let wide = data.categories.iter().enumerate().map(|(at, name)| style(at).width(name));
        let room = wide.fold(0.0, f64::max).min(canvas.width * 0.42);
        frame.left += room + 8.0;
        frame.right -= 10.0;
        let count = ((frame.right - frame.left) / 90.0).clamp(2.0, 8.0) as usize;
        let ticks = self.ticks(data, count);
        let scale = Scale::new(ticks.range, (frame.left, frame.right));
        let marks = &self.labels.marks;
        marks.head_room(&mut frame, &Along::Numbers(scale), Axis::Y)?;
        frame.x_axis(canvas, &ticks, &scale)?;
        let slot = (frame.bottom - frame.top) / data.categories.len() as f64;
        let x = Along::Names { names: &data.categories, first: frame.top + slot / 2.0, slot };
        let y = Along::Numbers(scale);
        let mut ground = Ground::new(marks, frame, (x, y), true);
        ground.filled = true;
        ground.behind(canvas)?;
        for bar in self.bars(data) {
            let y = |share: f64| frame.top + slot * (bar.category as f64 + share);
            let (a, b) = ((scale.at(bar.from), y(bar.span.0)), (scale.at(bar.to), y(bar.span.1)));
            let key = &keys[if data.series.len() > 1 { bar.series } else { bar.category }];
            block(canvas, (a, b), key, true)?;
            if !marks.is_empty() {
                ground.busy.extend(in_rect(a, b));
            }
        }
        canvas.line(
            &[(scale.at(0.0), frame.top), (scale.at(0.0), frame.bottom)],
            theme::AXIS,
            1.0,
        )?;
        let every = (14.0 / slot).ceil().max(1.0) as usize;
        for (index, name) in data.categories.iter().enumerate().step_by(every) {
            let at = (frame.left - 8.0, frame.top + slot * (index as f64 + 0.5));
            let style = style(index);
            canvas.text(&style.fit(name, room), at, style.at(HPos::Right, VPos::Center))?;
        }
        ground.before(canvas)
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

/// A bar between two corners; one in two halves looks different from another one in the same colour.
fn block(
    canvas: &Canvas,
    (a, b): ((f64, f64), (f64, f64)),
    key: &Key,
    sideways: bool,
) -> Result<()> {
    if key.look != Look::Halves {
        return canvas.rect(a, b, key.colour);
    }
    let between = |from: f64, to: f64, share: f64| from + (to - from) * share;
    for (from, to) in [(0.0, 0.38), (0.62, 1.0)] {
        let (one, other) = if sideways {
            ((a.0, between(a.1, b.1, from)), (b.0, between(a.1, b.1, to)))
        } else {
            ((between(a.0, b.0, from), a.1), (between(a.0, b.0, to), b.1))
        };
        canvas.rect(one, other, key.colour)?;
    }
    Ok(())
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
        let ordinal = ordinal(frame, &chart.x)?;
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
        let mut categories = categories;
        if values.iter().flatten().all(Option::is_none) {
            values.clear();
        } else if chart.by_value {
            let sum = |place: &usize| values[*place].iter().flatten().sum::<f64>();
            let mut order: Vec<usize> = (0..categories.len()).collect();
            // Those without any value last.
            let empty = |place: &usize| values[*place].iter().all(Option::is_none);
            order.sort_by(|a, b| empty(a).cmp(&empty(b)).then_with(|| sum(b).total_cmp(&sum(a))));
            categories = order.iter().map(|place| categories[*place].clone()).collect();
            values = order.iter().map(|place| values[*place].clone()).collect();
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
