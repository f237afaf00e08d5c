//! Where things are drawn: title, subtitle, legend and axis labels around the plot.

use plotters::style::text_anchor::{HPos, VPos};

use super::axis::{Scale, Ticks};
use super::canvas::{Canvas, Text};
use super::legend::Key;
use super::options::Labels;
use super::theme;
use crate::error::Result;

/// Title and legend are in place; the rest is the plot's.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
}

pub const MARGIN: f64 = 14.0;
pub const LINE: f64 = 20.0;

impl Frame {
    /// Draws title, legend, axis labels and the note on values left out, and returns what remains. The legend gives each
    /// name a square in the colour of its series' number.
    pub fn new(
        canvas: &Canvas,
        labels: &Labels,
        legend: &[(String, usize)],
        note: Option<String>,
    ) -> Result<Frame> {
        let keys: Vec<Key> = legend.iter().map(|(name, index)| Key::square(name, *index)).collect();
        Frame::keyed(canvas, labels, &keys, note)
    }

    /// Draws the same as [`new`](Frame::new), with any entries in the legend: lines, dots, squares.
    pub fn keyed(
        canvas: &Canvas,
        labels: &Labels,
        legend: &[Key],
        note: Option<String>,
    ) -> Result<Frame> {
        let (left, right) = (MARGIN, canvas.width - MARGIN);
        let mut y = MARGIN + 2.0;
        // All texts together leave the plot its room.
        let lines =
            |share: f64, most: usize| ((canvas.height * share / LINE) as usize).clamp(1, most);
        let title = Text::new(theme::TITLE, theme::INK).bold();
        for line in title.lines(&labels.title, right - left, lines(0.25, 3)) {
            canvas.text(&line, (left, y + 8.0), title)?;
            y += LINE + 1.0;
        }
        let label = Text::new(theme::LABEL, theme::MUTED);
        for line in label.lines(labels.under_title(), right - left, lines(0.15, 3)) {
            canvas.text(&line, (left, y + 9.0), label)?;
            y += LINE;
        }
        y = Frame::legend(canvas, legend, lines(0.4, usize::MAX), (left, right), y)?;
        y += 8.0;
        let mut bottom = canvas.height - MARGIN;
        if let Some(note) = note {
            let small = Text::new(theme::TICK, theme::MUTED);
            canvas.text(&small.fit(&note, right - left), (left, bottom - 6.0), small)?;
            bottom -= LINE;
        }
        let middle = label.at(HPos::Center, VPos::Center);
        let below = label.lines(labels.below(), right - left, lines(0.1, 2));
        for line in below.iter().rev() {
            canvas.text(line, ((left + right) / 2.0, bottom - 6.0), middle)?;
            bottom -= LINE;
        }
        // Room for the tick labels.
        Ok(Frame { left, right, top: y, bottom: bottom - LINE - 2.0 })
    }

    /// Returns where the legend ends.
    fn legend(
        canvas: &Canvas,
        keys: &[Key],
        most: usize,
        (left, right): (f64, f64),
        mut y: f64,
    ) -> Result<f64> {
        let mut x = left;
        let mut lines = 1;
        for (place, key) in keys.iter().enumerate() {
            let text = key.text();
            let name = text.fit(&key.name, right - left - key.wide());
            let wide = key.wide() + text.width(&name) + 16.0;
            // The last entry needs no room behind it.
            if x > left && x + wide - 16.0 > right {
                x = left;
                y += LINE;
                if lines == most {
                    let more = format!("… and {} more", keys.len() - place);
                    let label = Text::new(theme::LABEL, theme::MUTED);
                    canvas.text(&more, (x, y + 9.0), label)?;
                    break;
                }
                lines += 1;
            }
            key.draw(canvas, (x, y))?;
            canvas.text(&name, (x + key.wide(), y + 9.0), text)?;
            x += wide;
        }
        Ok(if keys.is_empty() { y } else { y + LINE })
    }

    /// Returns how much of the width the vertical axis' labels take.
    pub fn y_room(ticks: &Ticks) -> f64 {
        let style = Text::new(theme::TICK, theme::MUTED);
        ticks.text.iter().map(|text| style.width(text)).fold(0.0, f64::max) + 8.0
    }

    /// Draws grid lines and labels of the vertical axis, and moves the plot's left edge to the right of them.
    pub fn y_axis(&mut self, canvas: &Canvas, ticks: &Ticks) -> Result<Scale> {
        let style = Text::new(theme::TICK, theme::MUTED).at(HPos::Right, VPos::Center);
        self.left += Frame::y_room(ticks);
        let scale = Scale::of(ticks, (self.bottom, self.top));
        for (at, text) in ticks.at.iter().zip(&ticks.text) {
            let y = scale.at(*at);
            let colour = if *at == 0.0 { theme::AXIS } else { theme::GRID };
            canvas.line(&[(self.left, y), (self.right, y)], colour, 1.0)?;
            canvas.text(text, (self.left - 8.0, y), style)?;
        }
        Ok(scale)
    }

    /// Draws grid lines and labels of a horizontal axis of values, below the plot.
    pub fn x_axis(&self, canvas: &Canvas, ticks: &Ticks, scale: &Scale) -> Result<()> {
        for at in &ticks.at {
            let x = scale.at(*at);
            canvas.line(&[(x, self.top), (x, self.bottom)], theme::GRID, 1.0)?;
        }
        let texts = ticks.at.iter().zip(&ticks.text);
        let texts: Vec<_> = texts.map(|(at, text)| (scale.at(*at), text.clone())).collect();
        self.x_labels(canvas, &texts, false)
    }

    /// Draws labels below the plot, as many as fit side by side. With `every`, none may be left out: those that are too
    /// long are cut instead.
    pub fn x_labels(&self, canvas: &Canvas, labels: &[(f64, String)], every: bool) -> Result<()> {
        let style = Text::new(theme::TICK, theme::MUTED).at(HPos::Center, VPos::Center);
        let slot = (self.right - self.left) / labels.len().max(1) as f64;
        let widest = labels.iter().map(|(_, text)| style.width(text)).fold(0.0, f64::max);
        let fits = slot >= 8.0 && (every || widest + 8.0 <= slot);
        let step = if fits { 1 } else { ((widest + 12.0) / slot).ceil().max(1.0) as usize };
        for (x, text) in labels.iter().step_by(step) {
            let room = if step == 1 { slot.max(widest.min(slot)) - 4.0 } else { f64::INFINITY };
            let text = if every && step == 1 { style.fit(text, room) } else { text.clone() };
            // The outermost labels stay inside the picture.
            let half = style.width(&text) / 2.0;
            let x = x.clamp(half + 2.0, (canvas.width - half - 2.0).max(half + 2.0));
            canvas.text(&text, (x, self.bottom + 13.0), style)?;
        }
        Ok(())
    }
}
