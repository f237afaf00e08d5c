//! From what a chart is told to its figure: the picture, and the chart in words.

use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{self, Canvas, Text};
use super::frame::Frame;
use super::options::{Labels, Values};
use super::{Unit, theme};
use crate::error::{Error, Result};
use crate::figure::Figure;

impl Labels {
    /// What is shown, and by what.
    fn subject(&self) -> (String, String) {
        match &self.values {
            Values::Up | Values::Counted => (self.y.clone(), self.x.clone()),
            Values::Across => (self.x.clone(), self.y.clone()),
            Values::Colour(what) => (what.clone(), format!("{} and {}", self.x, self.y)),
        }
    }

    /// Draws, or says that there is nothing to draw.
    pub fn figure(
        &self,
        kind: &str,
        summary: Option<String>,
        picture: impl FnOnce(&Canvas) -> Result<()>,
    ) -> Result<Figure> {
        let (width, height) = self.size;
        if !(160..=4_000).contains(&width) || !(120..=4_000).contains(&height) {
            let found = format!("{width} x {height}");
            return Err(Error::config("size", found, "160 x 120 to 4000 x 4000 pixels"));
        }
        let described = self.describe(kind, summary.as_deref());
        let svg = canvas::draw(self.size, &described, |canvas| match summary {
            Some(_) => picture(canvas),
            None => {
                Frame::new(canvas, self, &[], None)?;
                let centre = (canvas.width / 2.0, canvas.height / 2.0);
                let text = Text::new(theme::TITLE, theme::MUTED).at(HPos::Center, VPos::Center);
                canvas.text("No data", centre, text)
            }
        })?;
        Ok(Figure::new(svg, self.size, described))
    }

    /// The chart in words: the title, the subtitle if there is one, what is in it, and what is marked.
    fn describe(&self, kind: &str, summary: Option<&str>) -> String {
        if let Some(alt) = &self.alt {
            return alt.clone();
        }
        let (what, by) = self.subject();
        let shown = if by.is_empty() { what } else { format!("{what} by {by}") };
        let mut said = match self.title.as_str() {
            "" => sentence(&shown),
            title => sentence(title),
        };
        if let Some(subtitle) = self.subtitle.as_deref().filter(|subtitle| !subtitle.is_empty()) {
            said = format!("{said} {}", sentence(subtitle));
        }
        match summary {
            Some(summary) => {
                let marked = self.marks.sentences(self.mark_units());
                format!("{said} {kind} of {shown}. {summary}{marked}")
            }
            None => format!("{said} {kind} of {shown}: no data."),
        }
    }

    /// The units in which places on the horizontal and on the vertical axis are written.
    fn mark_units(&self) -> (Unit, Unit) {
        match self.values {
            Values::Across | Values::Counted => (self.unit, Unit::Number),
            Values::Up | Values::Colour(_) => (self.x_unit, self.unit),
        }
    }
}

/// With the full stop that ends a sentence.
fn sentence(text: &str) -> String {
    let stop = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{text}{stop}")
}
