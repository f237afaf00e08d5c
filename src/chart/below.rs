//! Names below columns that do not follow each other, so that none may be left out.

use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Canvas, Text};
use super::theme;
use crate::error::Result;

/// Names that don't fit side by side in one line: on two lines, cut where even those are too narrow, or, below narrow
/// columns, reading upwards. All of them look alike.
#[derive(Debug, Clone)]
pub struct Below {
    /// Each name's lines.
    names: Vec<Vec<String>>,
    upwards: bool,
    /// How much more room they take than one line of text.
    pub tall: f64,
}

/// The height of a line.
const LINE: f64 = 14.0;
/// Between a name and its neighbour, or the plot.
const GAP: f64 = 6.0;
/// The least width of a column in which the beginning of a name says which one it is.
const CUT: f64 = 64.0;

impl Below {
    /// Sets names below columns of a width, in at most so much height. `None` if they fit as they are, or if columns are
    /// too narrow for any text.
    pub fn new(names: &[String], slot: f64, most: f64) -> Option<Below> {
        let style = style();
        let widest = names.iter().map(|name| style.width(name)).fold(0.0, f64::max);
        if widest + 8.0 <= slot || slot < LINE {
            return None;
        }
        let words = names.iter().flat_map(|name| name.split_whitespace());
        let longest = words.map(|word| style.width(word)).fold(0.0, f64::max);
        let wrapped: Vec<Vec<String>> =
            names.iter().map(|name| style.lines(name, slot - GAP, 2)).collect();
        let whole = longest <= slot - GAP
            && names.iter().all(|name| style.wrap(name, slot - GAP).len() <= 2);
        if whole || slot >= CUT {
            return Some(Below { names: wrapped, upwards: false, tall: LINE });
        }
        let room = widest.min(most);
        let names = names.iter().map(|name| vec![style.fit(name, room)]).collect();
        Some(Below { names, upwards: true, tall: (room - LINE).max(0.0) })
    }

    /// Draws the names below a plot, each below the middle of its column.
    pub fn draw(&self, canvas: &Canvas, bottom: f64, middle: impl Fn(usize) -> f64) -> Result<()> {
        let style = style();
        for (column, lines) in self.names.iter().enumerate() {
            let x = middle(column);
            if self.upwards {
                canvas.text_up(&lines[0], (x, bottom + GAP), style)?;
                continue;
            }
            for (row, line) in lines.iter().enumerate() {
                canvas.text(line, (x, bottom + 13.0 + LINE * row as f64), style)?;
            }
        }
        Ok(())
    }
}

fn style() -> Text {
    Text::new(theme::TICK, theme::MUTED).at(HPos::Center, VPos::Center)
}
