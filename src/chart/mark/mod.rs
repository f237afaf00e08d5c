//! Marks: what a title names, shown on the chart. Lines, shaded spans, notes, and series in colour among grey ones.
//!
//! A builder that calls `marks!` has the setters. Its `paint` gives the marks' numbers to the axes ([`Marks::numbers`]),
//! leaves [`Marks::head_room`] above the plot, and draws [`Ground::behind`] before its own data, and [`Ground::before`] after.

mod fit;
mod paint;
mod position;

use super::Unit;
use super::label::short;
use super::legend::{Key, Look};
use super::theme;
use crate::error::Result;
use position::unknown;

pub use paint::{Ground, along_lines, in_band, in_rect};
pub use position::{Along, Position};

/// A direction in the data: over a bar chart that lies on its side, `X` runs down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    X,
    Y,
}

#[derive(Debug, Clone, PartialEq)]
enum Mark {
    /// A line at a place of an axis, across the plot.
    Line {
        axis: Axis,
        at: Position,
        label: String,
    },
    /// What lies between two places of an axis.
    Span {
        axis: Axis,
        from: Position,
        to: Position,
        label: String,
    },
    Note {
        x: Position,
        y: Position,
        text: String,
    },
}

/// What a builder was told to mark.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Marks {
    all: Vec<Mark>,
    highlighted: Vec<String>,
}

/// The most marks on a chart: more would not stand out.
const MOST: usize = 50;

impl Marks {
    pub fn line(&mut self, axis: Axis, at: Position, label: &str) {
        self.all.push(Mark::Line { axis, at, label: short(label) });
    }

    pub fn span(&mut self, axis: Axis, from: Position, to: Position, label: &str) {
        self.all.push(Mark::Span { axis, from, to, label: short(label) });
    }

    pub fn note(&mut self, x: Position, y: Position, text: &str) {
        self.all.push(Mark::Note { x, y, text: short(text) });
    }

    pub fn highlight(&mut self, name: &str) {
        self.highlighted.push(short(name));
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns the numbers along an axis, which has to reach all of them.
    pub fn numbers(&self, axis: Axis) -> impl Iterator<Item = f64> {
        let places = self.all.iter().flat_map(move |mark| match mark {
            Mark::Line { axis: of, at, .. } if *of == axis => vec![at],
            Mark::Span { axis: of, from, to, .. } if *of == axis => vec![from, to],
            Mark::Note { x, y, .. } => vec![if axis == Axis::X { x } else { y }],
            _ => vec![],
        });
        places.filter_map(Position::number)
    }

    /// Returns the keys of a legend, or of anything that has a colour: if one is highlighted, only those highlighted
    /// have colours.
    ///
    /// # Errors
    /// A highlighted name that none of them has, or too many marks.
    pub fn keys(&self, mut keys: Vec<Key>) -> Result<Vec<Key>> {
        for name in &self.highlighted {
            if !keys.iter().any(|key| key.name == *name) {
                let names: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
                return Err(unknown("highlight", name, &names));
            }
        }
        if !self.highlighted.is_empty() {
            for key in &mut keys {
                let place = self.highlighted.iter().position(|name| *name == key.name);
                key.colour = place.map_or(theme::FADED, theme::colour);
                key.bold = place.is_some();
                // No colour is used twice any more.
                key.look = match key.look {
                    Look::Dashes => Look::Line,
                    Look::Halves => Look::Square,
                    look => look,
                };
            }
        }
        Ok(keys)
    }

    /// Tells whether anything is highlighted, so that the rest is grey.
    pub fn highlights(&self) -> bool {
        !self.highlighted.is_empty()
    }

    /// Tells whether a series is highlighted, or all are alike.
    pub fn is_prominent(&self, name: &str) -> bool {
        self.highlighted.is_empty() || self.highlighted.iter().any(|one| one == name)
    }

    /// Describes the marks in words, each in a sentence, with a space before it.
    pub fn sentences(&self, (x, y): (Unit, Unit)) -> String {
        let unit = |axis: &Axis| if *axis == Axis::X { x } else { y };
        let mut said: Vec<String> = (self.all.iter().take(MOST))
            .map(|mark| match mark {
                Mark::Line { axis, at, label } if label.is_empty() => {
                    format!("A line marks {}.", at.text(unit(axis)))
                }
                Mark::Line { axis, at, label } => {
                    format!("A line marks {label} at {}.", at.text(unit(axis)))
                }
                Mark::Span { axis, from, to, label } => {
                    let [from, to] = [from, to].map(|end| end.text(unit(axis)));
                    let what = if label.is_empty() { String::new() } else { format!(": {label}") };
                    format!("{from} to {to} is shaded{what}.")
                }
                Mark::Note { x: right, y: up, text } => {
                    format!("A note at {} and {} says: {text}.", right.text(x), up.text(y))
                }
            })
            .collect();
        if !self.highlighted.is_empty() {
            said.push(format!("Highlighted: {}.", self.highlighted.join(", ")));
        }
        said.iter().map(|sentence| format!(" {sentence}")).collect()
    }
}

/// The setters of builders whose charts have axes to mark.
macro_rules! marks {
    ($builder:ident) => {
        impl $builder<'_> {
            /// Draws a dashed line at a place of the horizontal axis, with what it stands for above it: a launch, a
            /// target, no effect. Numbers and dates beyond the data widen the axis; a category that is not there is an
            /// error.
            ///
            /// A place is a number, a date or time, or the text of a category. On a chart that lies on its side, lines
            /// and spans lie with it.
            pub fn vline(mut self, x: impl Into<$crate::chart::Position>, label: &str) -> Self {
                self.labels.marks.line($crate::chart::mark::Axis::X, x.into(), label);
                self
            }

            /// Draws a dashed line at a place of the vertical axis: see [`vline`](Self::vline).
            pub fn hline(mut self, y: impl Into<$crate::chart::Position>, label: &str) -> Self {
                self.labels.marks.line($crate::chart::mark::Axis::Y, y.into(), label);
                self
            }

            /// Shades what lies between two places of the horizontal axis, with a label above it: a season, an
            /// experiment. Between two categories, all from the one to the other are shaded. Places are the same as for
            /// [`vline`](Self::vline).
            pub fn vspan(
                mut self,
                from: impl Into<$crate::chart::Position>,
                to: impl Into<$crate::chart::Position>,
                label: &str,
            ) -> Self {
                self.labels.marks.span($crate::chart::mark::Axis::X, from.into(), to.into(), label);
                self
            }

            /// Shades what lies between two places of the vertical axis, with a label beside it: see
            /// [`vspan`](Self::vspan).
            pub fn hspan(
                mut self,
                from: impl Into<$crate::chart::Position>,
                to: impl Into<$crate::chart::Position>,
                label: &str,
            ) -> Self {
                self.labels.marks.span($crate::chart::mark::Axis::Y, from.into(), to.into(), label);
                self
            }

            /// Writes a note beside a point, with a thin line to it, where it covers least of the data. Places are the
            /// same as for [`vline`](Self::vline).
            pub fn annotate(
                mut self,
                x: impl Into<$crate::chart::Position>,
                y: impl Into<$crate::chart::Position>,
                text: &str,
            ) -> Self {
                self.labels.marks.note(x.into(), y.into(), text);
                self
            }

            /// Draws what has this name in colour with its label in bold, and the rest in grey: a series, or a category
            /// where there is one series. Called again, it highlights another one too. A name that is not there is an
            /// error.
            pub fn highlight(mut self, name: &str) -> Self {
                self.labels.marks.highlight(name);
                self
            }
        }
    };
}
pub(super) use marks;
