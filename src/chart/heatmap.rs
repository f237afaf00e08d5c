//! Heat maps: a value for each pair of two things.

use plotters::style::text_anchor::{HPos, VPos};
use polars::prelude::*;

use super::canvas::{Canvas, Text};
use super::{
    Frame, Labels, Unit, columns, drawable, extent, labels, left_out, names, numbers, places, theme,
};
use crate::error::Result;
use crate::figure::Figure;

/// A heat map in the making: see [`heatmap`].
#[derive(Debug, Clone)]
pub struct Heatmap<'f> {
    frame: &'f DataFrame,
    x: String,
    y: String,
    value: String,
    labels: Labels,
}

/// A cell for each `x` and `y`, darker the higher `value` is; columns and rows in the frame's order. Values
/// on both sides of 0 get two colours, blue above and orange below, white at 0. A pair that is missing or
/// without a value stays grey. Where there is room, values stand in their cells.
pub fn heatmap<'f>(frame: &'f DataFrame, x: &str, y: &str, value: &str) -> Heatmap<'f> {
    Heatmap { frame, x: x.into(), y: y.into(), value: value.into(), labels: Labels::new(x, y) }
}

labels!(Heatmap);

impl Heatmap<'_> {
    /// Draws the chart. [`unit`](Heatmap::unit) is that of the values.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn),
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a value that is no number, or a size
    /// out of range, or more than 200,000 cells.
    pub fn draw(self) -> Result<Figure> {
        columns(self.frame, &[&self.x, &self.y, &self.value])?;
        let (xs, x_of) = places(&names(self.frame, &self.x)?);
        let (ys, y_of) = places(&names(self.frame, &self.y)?);
        let values = numbers(self.frame, &self.value)?;
        drawable("cells", ys.len(), xs.len())?;
        let mut cells = vec![vec![None; xs.len()]; ys.len()];
        for (row, value) in values.iter().enumerate() {
            cells[y_of[row]][x_of[row]] = *value;
        }
        let grid = Grid { xs, ys, cells, missing: values.iter().filter(|v| v.is_none()).count() };
        let summary = grid.summary(&self.value, self.labels.unit);
        self.labels.figure("Heat map", summary, |canvas| self.paint(canvas, &grid))
    }

    fn paint(&self, canvas: &Canvas, grid: &Grid) -> Result<()> {
        let Some((low, high)) = grid.extent() else { return Ok(()) };
        let unit = self.labels.unit;
        let shades = Shades { low, high };
        let mut frame = Frame::new(canvas, &self.labels, &[], left_out(grid.missing))?;
        let tick = Text::new(theme::TICK, theme::MUTED);
        let widest = grid.ys.iter().map(|name| tick.width(name)).fold(0.0, f64::max);
        let room = widest.min(canvas.width * 0.3);
        frame.left += room + 8.0;
        // The key on the right: a bar from the lowest to the highest value.
        let key: Vec<String> = [high, low].into_iter().map(|value| unit.text(value)).collect();
        let key_width = key.iter().map(|text| tick.width(text)).fold(12.0, f64::max) + 6.0;
        frame.right -= key_width + 12.0;

        let wide = (frame.right - frame.left) / grid.xs.len() as f64;
        let tall = (frame.bottom - frame.top) / grid.ys.len() as f64;
        let gap = if wide.min(tall) > 8.0 { 1.0 } else { 0.0 };
        let texts: Vec<Vec<Option<String>>> = (grid.cells.iter())
            .map(|row| row.iter().map(|cell| cell.map(|value| unit.text(value))).collect())
            .collect();
        let longest =
            texts.iter().flatten().flatten().map(|text| tick.width(text)).fold(0.0, f64::max);
        let readable = longest + 3.0 <= wide && tall >= 16.0;
        for (row, cells) in grid.cells.iter().enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                let a = (frame.left + wide * column as f64, frame.top + tall * row as f64);
                let b = (a.0 + wide - gap, a.1 + tall - gap);
                let colour = cell.map_or(theme::EMPTY, |value| shades.colour(value));
                canvas.rect(a, b, colour)?;
                if let (true, Some(value), Some(text)) = (readable, cell, &texts[row][column]) {
                    let ink = if shades.dark(*value) { theme::PAPER } else { theme::INK };
                    let style = Text::new(theme::TICK, ink).at(HPos::Center, VPos::Center);
                    canvas.text(text, ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0), style)?;
                }
            }
        }
        let beside = tick.at(HPos::Right, VPos::Center);
        let every = (14.0 / tall).ceil().max(1.0) as usize;
        for (index, name) in grid.ys.iter().enumerate().step_by(every) {
            let at = (frame.left - 8.0, frame.top + tall * (index as f64 + 0.5));
            canvas.text(&tick.fit(name, room), at, beside)?;
        }
        let labels: Vec<(f64, String)> = (grid.xs.iter().enumerate())
            .map(|(index, name)| (frame.left + wide * (index as f64 + 0.5), name.clone()))
            .collect();
        frame.x_labels(canvas, &labels, false)?;
        Self::paint_key(canvas, &frame, &key, &shades)
    }

    fn paint_key(canvas: &Canvas, frame: &Frame, ends: &[String], shades: &Shades) -> Result<()> {
        const STEPS: i32 = 40;
        let x = frame.right + 12.0;
        let (top, bottom) = (frame.top + 16.0, frame.bottom - 16.0);
        let step = (bottom - top) / f64::from(STEPS);
        for i in 0..STEPS {
            let y = top + step * f64::from(i);
            let colour = shades.colour(shades.at(1.0 - f64::from(i) / f64::from(STEPS - 1)));
            canvas.rect((x, y), (x + 12.0, y + step + 0.5), colour)?;
        }
        let style = Text::new(theme::TICK, theme::MUTED);
        canvas.text(&ends[0], (x, frame.top + 6.0), style)?;
        canvas.text(&ends[1], (x, frame.bottom - 6.0), style)
    }
}

/// The colours of values from the lowest to the highest.
struct Shades {
    low: f64,
    high: f64,
}

impl Shades {
    /// The value so far up from the lowest, from 0 to 1. Halves, because the whole may overflow.
    fn at(&self, share: f64) -> f64 {
        2.0 * (self.low / 2.0 + share * (self.high / 2.0 - self.low / 2.0))
    }

    /// How far up, from 0 to 1; with values on both sides of 0, from −1 to 1 with 0 at 0.
    fn share(&self, value: f64) -> f64 {
        if self.both_sides() {
            value / self.high.max(-self.low)
        } else if self.high > self.low {
            (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)
        } else {
            0.5
        }
    }

    fn both_sides(&self) -> bool {
        self.low < 0.0 && self.high > 0.0
    }

    fn colour(&self, value: f64) -> plotters::style::RGBColor {
        let share = self.share(value);
        if self.both_sides() { theme::signed_shade(share) } else { theme::shade(share) }
    }

    /// Whether text on it must be light.
    fn dark(&self, value: f64) -> bool {
        self.share(value).abs() > 0.5
    }
}

struct Grid {
    xs: Vec<String>,
    ys: Vec<String>,
    /// By row, then column.
    cells: Vec<Vec<Option<f64>>>,
    missing: usize,
}

impl Grid {
    fn extent(&self) -> Option<(f64, f64)> {
        extent(self.cells.iter().flatten().flatten().copied())
    }

    /// In words: size of the grid, and where the lowest and highest values are. `None` without data.
    fn summary(&self, value: &str, unit: Unit) -> Option<String> {
        let (low, high) = self.extent()?;
        let place = |wanted: f64| {
            self.cells.iter().enumerate().find_map(|(row, cells)| {
                let column = cells.iter().position(|cell| *cell == Some(wanted))?;
                Some(format!("{} at {} and {}", unit.text(wanted), self.xs[column], self.ys[row]))
            })
        };
        Some(format!(
            "{} columns by {} rows of {value}: from {} to {}.",
            self.xs.len(),
            self.ys.len(),
            place(low)?,
            place(high)?
        ))
    }
}
