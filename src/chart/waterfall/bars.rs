//! A waterfall's bars: from which level to which, and how they look.

use plotters::style::RGBColor;

use crate::chart::canvas::Text;
use crate::chart::mark::Marks;
use crate::chart::{Key, theme};

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    Total,
    Up,
    Down,
}

pub struct Bar {
    pub name: String,
    pub from: f64,
    pub to: f64,
    pub kind: Kind,
    pub text: String,
}

impl Bar {
    /// Returns its colour: up, down or total.
    pub fn colour(&self) -> RGBColor {
        match self.kind {
            Kind::Total => theme::COLOURS[6],
            Kind::Up => theme::colour(0),
            Kind::Down => theme::colour(1),
        }
    }

    /// Returns how its name is written.
    pub fn text_of_name(&self, key: &Key, marks: &Marks) -> Text {
        let colour = if marks.is_prominent(&key.name) { theme::INK } else { theme::MUTED };
        Text { bold: self.kind == Kind::Total || key.bold, ..Text::new(theme::TICK, colour) }
    }
}
