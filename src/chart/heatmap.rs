//! Heat maps: a value for each pair of two things.

use plotters::style::text_anchor::{HPos, VPos};
use polars::prelude::*;

use super::below::Below;
use super::canvas::{Canvas, Text};
use super::label::short;
use super::{
    Frame, Key, LINE, Labels, Unit, Values, columns, drawable, extent, labels, left_out, names,
    numbers, ordinal, places, theme,
};
use crate::error::{Error, Result};
use crate::figure::Figure;

/// Builds a heat map: see [`heatmap`].
#[derive(Debug, Clone)]
pub struct Heatmap<'f> {
    frame: &'f DataFrame,
    x: String,
    y: String,
    value: String,
    range: Option<(f64, f64)>,
    muted: Option<(String, String)>,
    labels: Labels,
}

/// Begins a heat map: a cell for each `x` and `y`, darker the higher `value` is; columns and rows in the frame's order.
/// Values on both sides of 0 get two colours, blue above and orange below, white at 0. A pair that is missing or
/// without a value stays grey. Values are written in their cells where there is room. A key explains the colours.
pub fn heatmap<'f>(frame: &'f DataFrame, x: &str, y: &str, value: &str) -> Heatmap<'f> {
    let labels = Labels::new(x, y).of(Values::Colour(short(&value.replace('_', " "))));
    let (x, y, value) = (x.into(), y.into(), value.into());
    Heatmap { frame, x, y, value, range: None, muted: None, labels }
}

labels!(Heatmap);

impl Heatmap<'_> {
    /// Sets what colour stands for, with its unit; the column's name if not given. It stands under the title, or beside
    /// the key if there is a [`subtitle`](Heatmap::subtitle).
    pub fn value_label(mut self, label: impl Into<String>) -> Self {
        self.labels.values = Values::Colour(short(&label.into()));
        self
    }

    /// Colours values from `low` to `high`, whatever the lowest and highest are: differences that are noise stay pale, and
    /// heat maps beside each other compare. What is beyond gets the colour of the end.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let kept = df!("week" => [0, 1], "channel" => ["ads", "ads"], "rate" => [0.31, 0.33])?;
    /// let figure = chart::heatmap(&kept, "week", "channel", "rate").unit(Unit::Percent).range(0.0, 1.0).draw()?;
    /// assert!(figure.svg().contains("100.0%"));
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn range(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }

    /// Leaves cells grey where a column of true and false is true, and says in the key why: cells whose intervals include
    /// the average, or that count too few users.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let kept = df!("week" => [0, 1], "channel" => ["ads", "ads"], "rate" => [0.31, 0.5], "unsure" => [true, false])?;
    /// let cells = chart::heatmap(&kept, "week", "channel", "rate").unit(Unit::Percent);
    /// let figure = cells.muted("unsure", "no clear difference from the average").draw()?;
    /// assert!(figure.alt().contains("1 cell is grey: no clear difference from the average."));
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn muted(mut self, column: &str, why: &str) -> Self {
        self.muted = Some((column.into(), short(why)));
        self
    }

    /// Draws the chart. [`unit`](Heatmap::unit) is the unit of the values.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn),
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a value that is not a number, or a size
    /// or range out of range, or more than 200,000 cells.
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
        let mut muted = vec![vec![false; xs.len()]; ys.len()];
        if let Some((column, _)) = &self.muted {
            columns(self.frame, &[column])?;
            for (row, value) in numbers(self.frame, column)?.iter().enumerate() {
                muted[y_of[row]][x_of[row]] = value.is_some_and(|value| value != 0.0);
            }
        }
        if let Some((low, high)) = self.range
            && !(low < high && low.is_finite() && high.is_finite())
        {
            let found = format!("{low} to {high}");
            return Err(Error::config("range", found, "two finite numbers, the lower one first"));
        }
        let missing = values.iter().filter(|value| value.is_none()).count();
        let ordinal = ordinal(self.frame, &self.x)?;
        let grid = Grid { xs, ys, ordinal, cells, muted, missing };
        let summary = grid.summary(self.labels.unit).map(|summary| match &self.muted {
            Some((_, why)) => summary + &grid.muted_in_words(why),
            None => summary,
        });
        self.labels.figure("Heat map", summary, |canvas| self.paint(canvas, &grid))
    }

    fn paint(&self, canvas: &Canvas, grid: &Grid) -> Result<()> {
        let Some(extent) = grid.extent() else { return Ok(()) };
        let (low, high) = self.range.unwrap_or(extent);
        let unit = self.labels.unit;
        let shades = Shades { low, high };
        let mut frame = Frame::new(canvas, &self.labels, &[], left_out(grid.missing))?;
        self.paint_key(canvas, &frame, extent, &shades)?;
        frame.top += LINE + 6.0;
        let tick = Text::new(theme::TICK, theme::MUTED);
        let widest = grid.ys.iter().map(|name| tick.width(name)).fold(0.0, f64::max);
        let room = widest.min(canvas.width * 0.3);
        frame.left += room + 8.0;

        let wide = (frame.right - frame.left) / grid.xs.len() as f64;
        let below = match grid.ordinal {
            true => None,
            false => Below::new(&grid.xs, wide, canvas.height * 0.3),
        };
        frame.bottom -= below.as_ref().map_or(0.0, |below| below.tall);
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
                let muted = grid.muted[row][column];
                let colour = match cell {
                    None => theme::EMPTY,
                    Some(_) if muted => theme::GRID,
                    Some(value) => shades.colour(*value),
                };
                canvas.rect(a, b, colour)?;
                if let (true, Some(_), Some(text)) = (readable, cell, &texts[row][column]) {
                    let ink = if muted { theme::MUTED } else { theme::ink_on(colour) };
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
        let middle = |index: usize| frame.left + wide * (index as f64 + 0.5);
        if let Some(below) = below {
            return below.draw(canvas, frame.bottom, middle);
        }
        let labels: Vec<(f64, String)> =
            grid.xs.iter().enumerate().map(|(index, name)| (middle(index), name.clone())).collect();
        let labels = match self.labels.x_ticks {
            Some(people) => people.of_names(labels, (wide * grid.xs.len() as f64 / 30.0) as usize),
            None => labels,
        };
        frame.x_labels(canvas, &labels, false)
    }

    /// Above the cells: what the rows are, if it was said; and on the right, a bar from the lowest to the highest value.
    fn paint_key(
        &self,
        canvas: &Canvas,
        frame: &Frame,
        extent: (f64, f64),
        shades: &Shades,
    ) -> Result<()> {
        const STEPS: i32 = 40;
        const GAP: f64 = 6.0;
        let style = Text::new(theme::TICK, theme::MUTED);
        let unit = self.labels.unit;
        let y = frame.top + 8.0;
        let beyond = |sign: &str, is: bool, value: f64| {
            if is { format!("{sign} {}", unit.text(value)) } else { unit.text(value) }
        };
        let low = beyond("≤", extent.0 < shades.low, shades.low);
        let high = beyond("≥", extent.1 > shades.high, shades.high);
        let bar = ((frame.right - frame.left) * 0.3).min(130.0);
        // From the right to the left.
        let mut x = frame.right;
        if let Some((_, why)) = &self.muted {
            let key = Key { colour: theme::GRID, ..Key::square(why, 0) };
            let text = style.fit(why, (frame.right - frame.left) * 0.35);
            x -= style.width(&text);
            canvas.text(&text, (x, y), style)?;
            x -= 18.0;
            key.draw(canvas, (x, y - 9.0))?;
            x -= 16.0;
        }
        x -= style.width(&high);
        canvas.text(&high, (x, y), style)?;
        x -= GAP + bar;
        let step = bar / f64::from(STEPS);
        for i in 0..STEPS {
            let colour = shades.colour(shades.at(f64::from(i) / f64::from(STEPS - 1)));
            let from = x + step * f64::from(i);
            let to = (from + step + 0.5).min(x + bar);
            canvas.rect((from, y - 6.0), (to, y + 6.0), colour)?;
        }
        x -= GAP + style.width(&low);
        canvas.text(&low, (x, y), style)?;
        if let (Some(_), Values::Colour(what)) = (&self.labels.subtitle, &self.labels.values) {
            let text = style.fit(what, (x - frame.left) * 0.6);
            x -= GAP + 4.0 + style.width(&text);
            canvas.text(&text, (x, y), style)?;
        }
        if self.labels.y == short(&self.y) {
            return Ok(());
        }
        let text = style.fit(&self.labels.y, (x - frame.left - 12.0).max(0.0));
        canvas.text(&text, (frame.left, y), style)
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
            (value / self.high.max(-self.low)).clamp(-1.0, 1.0)
        } else if self.high > self.low {
            let share = (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
            share.clamp(0.0, 1.0)
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
}

struct Grid {
    xs: Vec<String>,
    ys: Vec<String>,
    /// Whether columns follow each other, so that some of their names may be left out.
    ordinal: bool,
    /// By row, then column.
    cells: Vec<Vec<Option<f64>>>,
    /// Likewise: cells that stay grey.
    muted: Vec<Vec<bool>>,
    missing: usize,
}

impl Grid {
    fn extent(&self) -> Option<(f64, f64)> {
        extent(self.cells.iter().flatten().flatten().copied())
    }

    /// In words: size of the grid, and where the lowest and highest values are. `None` without data.
    fn summary(&self, unit: Unit) -> Option<String> {
        let (low, high) = self.extent()?;
        let place = |wanted: f64| {
            self.cells.iter().enumerate().find_map(|(row, cells)| {
                let column = cells.iter().position(|cell| *cell == Some(wanted))?;
                Some(format!("{} at {} and {}", unit.text(wanted), self.xs[column], self.ys[row]))
            })
        };
        Some(format!(
            "{} columns by {} rows: from {} to {}.",
            self.xs.len(),
            self.ys.len(),
            place(low)?,
            place(high)?
        ))
    }

    fn muted_in_words(&self, why: &str) -> String {
        match self.muted.iter().flatten().filter(|muted| **muted).count() {
            0 => String::new(),
            1 => format!(" 1 cell is grey: {why}."),
            n => format!(" {n} cells are grey: {why}."),
        }
    }
}
