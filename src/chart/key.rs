//! Legends whose entries look like the marks that they stand for.

use plotters::style::RGBColor;

use super::canvas::{Canvas, Text};
use super::{Frame, LINE, theme};
use crate::error::Result;

/// What an entry of a legend looks like.
#[derive(Debug, Clone, Copy)]
pub enum Mark {
    Dot(RGBColor),
    Ring(RGBColor),
    /// Dots of two sizes.
    Sizes,
    /// A line in a band.
    Band(RGBColor),
    Dashes(RGBColor),
}

impl Mark {
    /// Returns the mark of series number `index`: a ring once the colours start over.
    pub fn of(index: usize) -> Mark {
        let colour = theme::colour(index);
        if theme::broken(index) { Mark::Ring(colour) } else { Mark::Dot(colour) }
    }

    fn width(self) -> f64 {
        if matches!(self, Mark::Dot(_) | Mark::Ring(_)) { 16.0 } else { 30.0 }
    }

    fn paint(self, canvas: &Canvas, (x, y): (f64, f64)) -> Result<()> {
        match self {
            Mark::Dot(colour) => canvas.dot((x + 5.0, y), 5.0, colour),
            Mark::Ring(colour) => ring(canvas, (x + 5.0, y), 5.0, colour),
            Mark::Sizes => {
                canvas.dot((x + 3.0, y), 2.5, theme::AXIS)?;
                canvas.dot((x + 16.0, y), 7.0, theme::AXIS)
            }
            Mark::Band(colour) => {
                let corners = [(0.0, -6.0), (24.0, -6.0), (24.0, 6.0), (0.0, 6.0)];
                canvas.area(&corners.map(|(right, down)| (x + right, y + down)), colour, 0.16)?;
                canvas.line(&[(x, y), (x + 24.0, y)], colour, 2.2)
            }
            Mark::Dashes(colour) => canvas.dashes(&[(x, y), (x + 25.0, y)], colour, 1.6),
        }
    }
}

/// Draws a dot that is open in the middle.
pub fn ring(canvas: &Canvas, at: (f64, f64), radius: f64, colour: RGBColor) -> Result<()> {
    canvas.dot(at, radius, colour)?;
    canvas.dot(at, radius - 2.0, theme::PAPER)
}

/// Draws a legend at the top of the plot, and moves the plot's upper edge below it.
pub fn key(canvas: &Canvas, frame: &mut Frame, entries: &[(Mark, String)]) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let label = Text::new(theme::LABEL, theme::MUTED);
    // The plot needs its room too.
    let most = ((canvas.height * 0.25 / LINE) as usize).max(1);
    let (mut x, mut lines) = (frame.left, 1);
    for (place, (mark, name)) in entries.iter().enumerate() {
        let name = label.fit(name, frame.right - frame.left - mark.width());
        let wide = mark.width() + label.width(&name) + 16.0;
        if x > frame.left && x + wide - 16.0 > frame.right {
            x = frame.left;
            frame.top += LINE;
            if lines == most {
                let more = format!("… and {} more", entries.len() - place);
                canvas.text(&more, (x, frame.top + 2.0), label)?;
                break;
            }
            lines += 1;
        }
        mark.paint(canvas, (x, frame.top + 2.0))?;
        canvas.text(&name, (x + mark.width(), frame.top + 2.0), label)?;
        x += wide;
    }
    frame.top += LINE + 2.0;
    Ok(())
}
