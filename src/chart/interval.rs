//! Interval plots: estimates side by side, each with how sure it is.

use plotters::style::text_anchor::{HPos, VPos};
use polars::prelude::*;

use super::axis::{Scale, ticks};
use super::canvas::{Canvas, Text};
use super::label::short;
use super::{
    Frame, Labels, Unit, columns, drawable, extent, labels, left_out, names, numbers, theme,
};
use crate::error::Result;
use crate::figure::Figure;

/// An interval plot in the making: see [`interval`].
#[derive(Debug, Clone)]
pub struct Interval<'f> {
    frame: &'f DataFrame,
    name: String,
    value: String,
    bounds: (String, String),
    reference: Option<(f64, String)>,
    labels: Labels,
}

/// A row for each `name`, in the frame's order: a dot at `value` and a line from `low` to `high`. A row
/// without bounds has only its dot. Where there is room, the numbers stand beside.
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
        reference: None,
        labels: Labels::new(value, name),
    }
}

labels!(Interval);

struct Row {
    name: String,
    value: f64,
    bounds: Option<(f64, f64)>,
}

impl Row {
    /// "8.1% (1.6% to 14.4%)".
    fn text(&self, unit: Unit) -> String {
        let value = unit.text(self.value);
        match self.bounds {
            Some((low, high)) => format!("{value} ({} to {})", unit.text(low), unit.text(high)),
            None => value,
        }
    }
}

impl Interval<'_> {
    /// A vertical line to compare with, and what it is: no effect, or the truth.
    pub fn reference(mut self, at: f64, what: &str) -> Self {
        self.reference = Some((at, short(what)));
        self
    }

    /// Draws the chart. [`unit`](Interval::unit) is that of the values.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn),
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a value that is no number, or a size
    /// out of range, or more than 200,000 rows.
    pub fn draw(self) -> Result<Figure> {
        let (low, high) = (&self.bounds.0, &self.bounds.1);
        columns(self.frame, &[&self.name, &self.value, low, high])?;
        let values = numbers(self.frame, &self.value)?;
        let bounds = numbers(self.frame, low)?.into_iter().zip(numbers(self.frame, high)?);
        let missing = values.iter().filter(|value| value.is_none()).count();
        let rows: Vec<Row> = names(self.frame, &self.name)?
            .into_iter()
            .zip(values)
            .zip(bounds)
            .filter_map(|((name, value), (low, high))| {
                Some(Row { name: short(&name), value: value?, bounds: low.zip(high) })
            })
            .collect();
        drawable("intervals", rows.len(), 1)?;
        let unit = self.labels.unit;
        let described: Vec<String> =
            rows.iter().take(12).map(|row| format!("{}: {}", row.name, row.text(unit))).collect();
        let compared = self.reference.as_ref().map_or(String::new(), |(at, what)| {
            format!(" A line marks {what} at {}.", unit.text(*at))
        });
        let summary = (!rows.is_empty()).then(|| format!("{}.{compared}", described.join("; ")));
        self.labels.figure("Interval plot", summary, |canvas| self.paint(canvas, &rows, missing))
    }

    fn paint(&self, canvas: &Canvas, rows: &[Row], missing: usize) -> Result<()> {
        let mut frame = Frame::new(canvas, &self.labels, &[], left_out(missing))?;
        let tick = Text::new(theme::TICK, theme::MUTED);
        let label = Text::new(theme::LABEL, theme::INK);
        let widest = rows.iter().map(|row| label.width(&row.name)).fold(0.0, f64::max);
        frame.left += widest.min(canvas.width * 0.4) + 14.0;
        let numbers: Vec<String> = rows.iter().map(|row| row.text(self.labels.unit)).collect();
        let beside = numbers.iter().map(|text| tick.width(text)).fold(0.0, f64::max) + 14.0;
        let numbered = frame.right - frame.left - beside > 200.0;
        frame.right -= if numbered { beside } else { 10.0 };
        if self.reference.is_some() {
            frame.top += 16.0; // for what the line is
        }
        let ends = rows.iter().flat_map(|row| {
            let bounds = row.bounds.unwrap_or((row.value, row.value));
            [row.value, bounds.0, bounds.1]
        });
        let all = ends.chain(self.reference.as_ref().map(|(at, _)| *at));
        let range = extent(all).unwrap_or((0.0, 1.0));
        let count = ((frame.right - frame.left) / 80.0).clamp(2.0, 10.0) as usize;
        let ticks = ticks(range, count, self.labels.unit, false);
        let x = Scale::new(ticks.range, (frame.left, frame.right));
        for at in &ticks.at {
            let place = x.at(*at);
            canvas.line(&[(place, frame.top), (place, frame.bottom)], theme::GRID, 1.0)?;
        }
        let texts: Vec<(f64, String)> =
            ticks.at.iter().zip(&ticks.text).map(|(at, text)| (x.at(*at), text.clone())).collect();
        frame.x_labels(canvas, &texts, false)?;
        if let Some((at, what)) = &self.reference {
            let place = x.at(*at);
            canvas.dashes(&[(place, frame.top), (place, frame.bottom)], theme::AXIS, 1.4)?;
            let half = tick.width(what) / 2.0;
            let centre =
                place.clamp(frame.left + half, (frame.right - half).max(frame.left + half));
            canvas.text(what, (centre, frame.top - 9.0), tick.at(HPos::Center, VPos::Center))?;
        }
        let slot = (frame.bottom - frame.top) / rows.len().max(1) as f64;
        for (place, row) in rows.iter().enumerate() {
            let y = frame.top + slot * (place as f64 + 0.5);
            let name = label.fit(&row.name, frame.left - 28.0);
            canvas.text(&name, (frame.left - 12.0, y), label.at(HPos::Right, VPos::Center))?;
            if numbered {
                let at = (frame.right + 14.0, y);
                canvas.text(&numbers[place], at, tick.at(HPos::Left, VPos::Center))?;
            }
            let colour = theme::colour(0);
            if let Some((low, high)) = row.bounds {
                canvas.line(&[(x.at(low), y), (x.at(high), y)], colour, 2.2)?;
                for end in [low, high] {
                    canvas.line(&[(x.at(end), y - 5.0), (x.at(end), y + 5.0)], colour, 2.2)?;
                }
            }
            canvas.dot((x.at(row.value), y), 4.5, colour)?;
        }
        Ok(())
    }
}
