//! Entries of a legend: a name, and something that looks like what it stands for.

use plotters::style::RGBColor;

use super::canvas::{Canvas, Text};
use super::theme;
use crate::error::Result;

/// What a legend shows beside a name: something that looks like what it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// A short line.
    Line,
    /// A short broken line.
    Dashes,
    Dot,
    /// A square, for bars and areas.
    Square,
    /// A square in two halves, for bars of a series whose colour was used before.
    Halves,
}

/// An entry of a legend.
#[derive(Debug, Clone)]
pub struct Key {
    pub name: String,
    pub colour: RGBColor,
    pub look: Look,
    pub bold: bool,
}

impl Key {
    /// Creates the entry for the bars or areas of series number `index`.
    pub fn square(name: &str, index: usize) -> Key {
        let look = if theme::broken(index) { Look::Halves } else { Look::Square };
        Key { name: name.to_owned(), colour: theme::colour(index), look, bold: false }
    }

    /// Creates the entry for the line of series number `index`.
    pub fn line(name: &str, index: usize) -> Key {
        let look = if theme::broken(index) { Look::Dashes } else { Look::Line };
        Key { look, ..Key::square(name, index) }
    }

    /// Creates the entry for the dots of series number `index`.
    pub fn dot(name: &str, index: usize) -> Key {
        Key { look: Look::Dot, ..Key::square(name, index) }
    }

    /// Returns how its name is written.
    pub fn text(&self) -> Text {
        let colour = if self.bold { theme::INK } else { theme::MUTED };
        Text { bold: self.bold, ..Text::new(theme::LABEL, colour) }
    }

    /// Returns the room for what it looks like, before its name.
    pub fn wide(&self) -> f64 {
        match self.look {
            Look::Line | Look::Dashes => 28.0,
            Look::Dot | Look::Square | Look::Halves => 18.0,
        }
    }

    /// Draws what it looks like, in a line of text whose upper edge is at `y`.
    pub fn draw(&self, canvas: &Canvas, (x, y): (f64, f64)) -> Result<()> {
        let (colour, middle) = (self.colour, y + 9.0);
        match self.look {
            Look::Line => canvas.line(&[(x, middle), (x + 22.0, middle)], colour, 2.2),
            Look::Dashes => [0.0, 8.0, 16.0].into_iter().try_for_each(|from| {
                let dash = [(x + from, middle), (x + from + 6.0, middle)];
                canvas.line(&dash, colour, 2.2)
            }),
            Look::Dot => canvas.dot((x + 6.0, middle), 4.0, colour),
            Look::Square => canvas.rect((x, y + 3.0), (x + 12.0, y + 15.0), colour),
            Look::Halves => {
                canvas.rect((x, y + 3.0), (x + 4.5, y + 15.0), colour)?;
                canvas.rect((x + 7.5, y + 3.0), (x + 12.0, y + 15.0), colour)
            }
        }
    }
}
