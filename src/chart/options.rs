//! What every chart is told: texts, units, size, ticks and marks.

use super::axis::TickUnit;
use super::label::short;
use super::mark::Marks;
use crate::frame::format::Unit;

/// Which label names the values, and so stands under the title of a chart without a subtitle.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// The label of the vertical axis.
    Up,
    /// The label of the vertical axis, which counts; the unit belongs to the horizontal axis.
    Counted,
    /// The label of the horizontal axis: rows of names, with values across.
    Across,
    /// This one: both axes are categories, and values are colours.
    Colour(String),
}

#[derive(Debug, Clone)]
pub struct Labels {
    pub title: String,
    pub subtitle: Option<String>,
    pub x: String,
    pub y: String,
    /// The unit of the values.
    pub unit: Unit,
    /// The unit of the other axis, where it has numbers.
    pub x_unit: Unit,
    pub x_ticks: Option<TickUnit>,
    pub values: Values,
    /// The size asked for; otherwise the kind of chart decides.
    pub asked_size: Option<(u32, u32)>,
    pub size: (u32, u32),
    pub alt: Option<String>,
    pub marks: Marks,
}

impl Labels {
    pub fn new(x: &str, y: &str) -> Labels {
        Labels {
            title: String::new(),
            subtitle: None,
            x: short(x),
            y: short(y),
            unit: Unit::Number,
            x_unit: Unit::Number,
            x_ticks: None,
            values: Values::Up,
            asked_size: None,
            size: (720, 400),
            alt: None,
            marks: Marks::default(),
        }
    }

    /// Names the values, if they aren't on a vertical axis.
    pub fn of(self, values: Values) -> Labels {
        Labels { values, ..self }
    }

    /// Returns the line under the title.
    pub fn under_title(&self) -> &str {
        self.subtitle.as_deref().unwrap_or(match &self.values {
            Values::Up | Values::Counted => &self.y,
            Values::Across => &self.x,
            Values::Colour(what) => what,
        })
    }

    /// Returns the label under the horizontal axis: empty if it stands under the title already.
    pub fn below(&self) -> &str {
        if self.subtitle.is_none() && self.values == Values::Across { "" } else { &self.x }
    }
}

/// The setters that all builders share.
macro_rules! labels {
    ($builder:ident) => {
        impl $builder<'_> {
            /// Sets the title: the finding, as a sentence.
            pub fn title(mut self, title: impl Into<String>) -> Self {
                self.labels.title = $crate::chart::label::short(&title.into());
                self
            }

            /// Sets the line under the title: what is shown, in which unit, for whom and when. Without one, the label of
            /// the values stands there: the vertical axis' label for lines and bars, the horizontal one's for intervals,
            /// and what colour stands for in a heat map.
            pub fn subtitle(mut self, subtitle: impl Into<String>) -> Self {
                self.labels.subtitle = Some($crate::chart::label::short(&subtitle.into()));
                self
            }

            /// Sets what the horizontal axis shows, with its unit; the column's name if not given.
            pub fn x_label(mut self, label: impl Into<String>) -> Self {
                self.labels.x = $crate::chart::label::short(&label.into());
                self
            }

            /// Sets what the vertical axis shows, with its unit; the column's name if not given.
            pub fn y_label(mut self, label: impl Into<String>) -> Self {
                self.labels.y = $crate::chart::label::short(&label.into());
                self
            }

            /// Sets what both axes show, with their units, the horizontal one first.
            pub fn labels(self, x: impl Into<String>, y: impl Into<String>) -> Self {
                self.x_label(x).y_label(y)
            }

            /// Sets how values are written.
            pub fn unit(mut self, unit: $crate::chart::Unit) -> Self {
                self.labels.unit = unit;
                self
            }

            /// Puts the ticks of the horizontal axis where people count in this unit: months in threes or twelves, hours
            /// in sixes, days in sevens.
            pub fn x_ticks(mut self, unit: $crate::chart::TickUnit) -> Self {
                self.labels.x_ticks = Some(unit);
                self
            }

            /// Sets width and height in CSS pixels; 720 × 400 if not given.
            pub fn size(mut self, width: u32, height: u32) -> Self {
                self.labels.asked_size = Some((width, height));
                self.labels.size = (width, height);
                self
            }

            /// Sets a description of your own for readers who cannot see the chart, instead of the one
            /// made from the title, the subtitle, the range of the data and the marks.
            pub fn alt(mut self, alt: impl Into<String>) -> Self {
                self.labels.alt = Some(alt.into());
                self
            }
        }
    };
}
pub(super) use labels;
