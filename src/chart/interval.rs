//! Interval plots: estimates side by side, each with how sure it is.

use plotters::style::text_anchor::{HPos, VPos};
use polars::prelude::*;

use super::axis::{Scale, ticks};
use super::canvas::{Canvas, Text};
use super::label::short;
use super::mark::{Along, Axis, Ground, in_rect};
use super::{
    Frame, Key, Labels, Unit, Values, columns, drawable, extent, labels, left_out, marks, names,
    numbers, theme,
};
use crate::error::Result;
use crate::figure::Figure;

/// Builds an interval plot: see [`interval`].
#[derive(Debug, Clone)]
pub struct Interval<'f> {
    frame: &'f DataFrame,
    name: String,
    value: String,
    bounds: (String, String),
    by_value: bool,
    labels: Labels,
}

/// Begins a chart of intervals: a row for each `name`, in the frame's order, with a dot at `value` and a line from
/// `low` to `high`. A row without bounds has only its dot. The numbers are written beside it where there is room.
pub fn interval<'f>(
    frame: &'f DataFrame,
    name: &str,
    value: &str,
    low: &str,
    high: &str,
) -> Interval<'f> {
    Interval {
        frame,
        name: name.into(),
        value: value.into(),
        bounds: (low.into(), high.into()),
        by_value: false,
        labels: Labels::new(value, name).of(Values::Across),
    }
}

labels!(Interval);
marks!(Interval);

struct Row {
    name: String,
    value: f64,
    bounds: Option<(f64, f64)>,
}

impl Row {
    /// "8.1% (1.6% to 14.4%)".
    fn text(&self, unit: Unit) -> String {
        match self.bounds {
            Some(bounds) => unit.interval(self.value, bounds),
            None => unit.text(self.value),
        }
    }
}

impl Interval<'_> {
    /// Draws a vertical line to compare with, and says what it is: no effect, or the truth. The same as
    /// [`vline`](Interval::vline) at a number.
    pub fn reference(self, at: f64, what: &str) -> Self {
        self.vline(at, what)
    }

    /// Sorts the rows by value, highest first, instead of keeping the frame's order.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let rates = df!("plan" => ["free", "pro"], "rate" => [0.1, 0.4], "low" => [0.05, 0.3], "high" => [0.2, 0.5])?;
    /// let figure = chart::interval(&rates, "plan", "rate", "low", "high").unit(Unit::Percent).by_value().draw()?;
    /// assert!(figure.alt().contains("pro: 40.0% (30.0% to 50.0%); free: 10.0%"), "{}", figure.alt());
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn by_value(mut self) -> Self {
        self.by_value = true;
        self
    }

    /// Draws the chart. [`unit`](Interval::unit) is the unit of the values.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn),
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a value that is not a number, or a size
    /// out of range, or more than 200,000 rows.
    pub fn draw(self) -> Result<Figure> {
        let (low, high) = (&self.bounds.0, &self.bounds.1);
        columns(self.frame, &[&self.name, &self.value, low, high])?;
        let values = numbers(self.frame, &self.value)?;
        let bounds = numbers(self.frame, low)?.into_iter().zip(numbers(self.frame, high)?);
        let missing = values.iter().filter(|value| value.is_none()).count();
        let mut rows: Vec<Row> = names(self.frame, &self.name)?
            .into_iter()
            .zip(values)
            .zip(bounds)
            .filter_map(|((name, value), (low, high))| {
                Some(Row { name: short(&name), value: value?, bounds: low.zip(high) })
            })
            .collect();
        drawable("intervals", rows.len(), 1)?;
        if self.by_value {
            rows.sort_by(|a, b| b.value.total_cmp(&a.value));
        }
        let unit = self.labels.unit;
        let described: Vec<String> =
            rows.iter().take(12).map(|row| format!("{}: {}", row.name, row.text(unit))).collect();
        let summary = (!rows.is_empty()).then(|| format!("{}.", described.join("; ")));
        self.labels.figure("Interval plot", summary, |canvas| self.paint(canvas, &rows, missing))
    }

    fn paint(&self, canvas: &Canvas, rows: &[Row], missing: usize) -> Result<()> {
        let mut frame = Frame::new(canvas, &self.labels, &[], left_out(missing))?;
        let tick = Text::new(theme::TICK, theme::MUTED);
        let label = Text::new(theme::LABEL, theme::INK);
        let keys =
            self.labels.marks.keys(rows.iter().map(|row| Key::dot(&row.name, 0)).collect())?;
        // A name in bold takes more room than the same in regular type.
        let wide = |key: &Key| Text { bold: key.bold, ..label }.width(&key.name);
        let widest = keys.iter().map(wide).fold(0.0, f64::max);
        frame.left += widest.min(canvas.width * 0.4) + 14.0;
        let numbers: Vec<String> = rows.iter().map(|row| row.text(self.labels.unit)).collect();
        let beside = numbers.iter().map(|text| tick.width(text)).fold(0.0, f64::max) + 14.0;
        let numbered = frame.right - frame.left - beside > 200.0;
        frame.right -= if numbered { beside } else { 10.0 };
        let ends = rows.iter().flat_map(|row| {
            let bounds = row.bounds.unwrap_or((row.value, row.value));
            [row.value, bounds.0, bounds.1]
        });
        let range = extent(ends.chain(self.labels.marks.numbers(Axis::X))).unwrap_or((0.0, 1.0));
        let count = ((frame.right - frame.left) / 80.0).clamp(2.0, 10.0) as usize;
        let ticks = match self.labels.x_ticks {
            Some(people) => people.ticks(range, count, self.labels.unit),
            None => ticks(range, count, self.labels.unit, false),
        };
        let x = Scale::new(ticks.range, (frame.left, frame.right));
        let marks = &self.labels.marks;
        marks.head_room(&mut frame, &Along::Numbers(x), Axis::X)?;
        frame.x_axis(canvas, &ticks, &x)?;
        let slot = (frame.bottom - frame.top) / rows.len().max(1) as f64;
        let names: Vec<String> = rows.iter().map(|row| row.name.clone()).collect();
        let y = Along::Names { names: &names, first: frame.top + slot / 2.0, slot };
        let along = Along::Numbers(x);
        let mut ground = Ground::new(marks, frame, (along, y), false);
        ground.behind(canvas)?;
        // Where rows are closer than a line of text is tall, only some are named.
        let every = (15.0 / slot).ceil().max(1.0) as usize;
        for (place, row) in rows.iter().enumerate() {
            let named = place % every == 0;
            let y = frame.top + slot * (place as f64 + 0.5);
            let key = &keys[place];
            let prominent = marks.is_prominent(&row.name);
            let ink = if prominent { theme::INK } else { theme::MUTED };
            let label = Text { bold: key.bold, colour: ink, ..label };
            let name = label.fit(&row.name, frame.left - 28.0);
            if named {
                canvas.text(&name, (frame.left - 12.0, y), label.at(HPos::Right, VPos::Center))?;
            }
            if numbered && named {
                let at = (frame.right + 14.0, y);
                canvas.text(&numbers[place], at, tick.at(HPos::Left, VPos::Center))?;
            }
            let colour = key.colour;
            if let Some((low, high)) = row.bounds {
                canvas.line(&[(x.at(low), y), (x.at(high), y)], colour, 2.2)?;
                for end in [low, high] {
                    canvas.line(&[(x.at(end), y - 5.0), (x.at(end), y + 5.0)], colour, 2.2)?;
                }
            }
            canvas.dot((x.at(row.value), y), 4.5, colour)?;
            let (low, high) = row.bounds.unwrap_or((row.value, row.value));
            if !marks.is_empty() {
                ground.busy.extend(in_rect((x.at(low), y - 5.0), (x.at(high), y + 5.0)));
            }
        }
        ground.before(canvas)
    }
}
