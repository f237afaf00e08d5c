//! Drawing in CSS pixels, on plotters' SVG backend.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::label::{beginnings, short};
use crate::error::{Error, Result};
use crate::figure::theme;

/// plotters places things on whole units; a unit of a quarter pixel keeps curves smooth.
const UNITS: f64 = 4.0;
/// plotters' SVG backend writes sizes divided by this.
const EM: f64 = 1.24;
/// plotters measures text as if a size were the font's line height instead. Open Sans' is 2,789 units
/// of which 2,048 make an em; this turns what is measured into what is drawn.
const DRAWN: f64 = 2_789.0 / 2_048.0 / EM;

pub struct Canvas<'b> {
    area: DrawingArea<SVGBackend<'b>, Shift>,
    pub width: f64,
    pub height: f64,
}

/// How a text is set.
#[derive(Clone, Copy)]
pub struct Text {
    pub size: f64,
    pub bold: bool,
    pub colour: RGBColor,
    pub h: HPos,
    pub v: VPos,
}

impl Text {
    pub fn new(size: f64, colour: RGBColor) -> Text {
        Text { size, bold: false, colour, h: HPos::Left, v: VPos::Center }
    }

    pub fn bold(self) -> Text {
        Text { bold: true, ..self }
    }

    pub fn at(self, h: HPos, v: VPos) -> Text {
        Text { h, v, ..self }
    }

    fn style(self) -> TextStyle<'static> {
        let style = if self.bold { FontStyle::Bold } else { FontStyle::Normal };
        FontDesc::new(FontFamily::Name(theme::FONT), self.size * EM * UNITS, style)
            .color(&self.colour)
            .pos(Pos::new(self.h, self.v))
    }

    /// Measures how wide a text is.
    pub fn width(self, text: &str) -> f64 {
        theme::prepare_font();
        let font = self.style().font;
        // Without metrics (a glyph the font does not have), an average character's width.
        let units = font.box_size(text).map(|(width, _)| f64::from(width));
        units.map_or(text.chars().count() as f64 * self.size * 0.55, |units| units / UNITS * DRAWN)
    }

    /// Returns the text, or as much of its beginning as fits, with an ellipsis.
    pub fn fit(self, text: &str, width: f64) -> String {
        let text = short(text);
        // A margin added and taken off again leaves a little less than the text's own width.
        let width = width + 1e-6;
        if self.width(&text) <= width {
            return text;
        }
        beginnings(&text)
            .map(|kept| format!("{kept}…"))
            .find(|candidate| self.width(candidate) <= width)
            .unwrap_or_else(|| "…".into())
    }

    /// Wraps the text into lines that fit; a word that is too long for a line is cut.
    pub fn wrap(self, text: &str, width: f64) -> Vec<String> {
        let mut lines: Vec<String> = vec![];
        for word in text.split_whitespace() {
            match lines.last_mut() {
                Some(line) if self.width(&format!("{line} {word}")) <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(self.fit(word, width)),
            }
        }
        lines
    }

    /// Wraps the text into at most `most` lines; an ellipsis ends the last one if the text goes on.
    pub fn lines(self, text: &str, width: f64, most: usize) -> Vec<String> {
        let mut lines = self.wrap(text, width);
        if lines.len() > most {
            let rest = lines.split_off(most.saturating_sub(1)).join(" ");
            lines.push(self.fit(&rest, width));
        }
        lines
    }
}

/// Draws a picture of a size and returns it as SVG.
pub fn draw(
    (width, height): (u32, u32),
    title: &str,
    picture: impl FnOnce(&Canvas) -> Result<()>,
) -> Result<String> {
    theme::prepare_font();
    let units = UNITS as u32;
    let mut svg = String::new();
    {
        let area =
            SVGBackend::with_string(&mut svg, (width * units, height * units)).into_drawing_area();
        area.fill(&theme::PAPER).map_err(Error::figure)?;
        let canvas = Canvas { area, width: f64::from(width), height: f64::from(height) };
        picture(&canvas)?;
        canvas.area.present().map_err(Error::figure)?;
    }
    // The picture keeps its fine units inside and its size in pixels outside; a name for readers
    // that are not looking at it.
    let outer = format!("width=\"{}\" height=\"{}\"", width * units, height * units);
    let named = named((width, height), title);
    let fonts = format!("font-family=\"{}\"", theme::FONT);
    Ok(svg
        .replacen(&outer, &named, 1)
        .replace(&fonts, &format!("font-family=\"{}, Helvetica, Arial, sans-serif\"", theme::FONT)))
}

/// A drawing's size, and its name for readers that are not looking at it.
fn named((width, height): (u32, u32), title: &str) -> String {
    format!(
        "width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{}\"",
        attribute(title)
    )
}

/// Returns the beginning of an empty drawing.
pub fn root((width, height): (u32, u32), title: &str) -> String {
    let named = named((width, height), title);
    format!("<svg {named} viewBox=\"0 0 {width} {height}\" xmlns=\"http://www.w3.org/2000/svg\">\n")
}

/// XML allows no control characters, and two others.
fn clean(text: &str) -> String {
    let allowed = |c| match c {
        '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        c if c.is_control() => ' ',
        c => c,
    };
    text.chars().map(allowed).collect()
}

fn attribute(text: &str) -> String {
    clean(text).replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

fn units((x, y): (f64, f64)) -> (i32, i32) {
    // Saturates far outside the picture instead of wrapping.
    ((x * UNITS).round() as i32, (y * UNITS).round() as i32)
}

impl Canvas<'_> {
    pub fn text(&self, text: &str, at: (f64, f64), how: Text) -> Result<()> {
        self.area.draw_text(&clean(text), &how.style(), units(at)).map_err(Error::figure)
    }

    /// Draws a text that reads upwards and ends at a place.
    pub fn text_up(&self, text: &str, at: (f64, f64), how: Text) -> Result<()> {
        let style = how.at(HPos::Right, VPos::Center).style();
        let turned = style.transform(FontTransform::Rotate270);
        self.area.draw_text(&clean(text), &turned, units(at)).map_err(Error::figure)
    }

    /// Draws a dot that what lies below it shows through.
    pub fn bubble(
        &self,
        at: (f64, f64),
        radius: f64,
        colour: RGBColor,
        opacity: f64,
    ) -> Result<()> {
        let radius = (radius * UNITS).round() as i32;
        let style = colour.mix(opacity).filled();
        self.area.draw(&Circle::new(units(at), radius, style)).map_err(Error::figure)
    }

    pub fn line(&self, points: &[(f64, f64)], colour: RGBColor, width: f64) -> Result<()> {
        let style = ShapeStyle {
            color: colour.to_rgba(),
            filled: false,
            stroke_width: (width * UNITS).round() as u32,
        };
        let points: Vec<_> = points.iter().copied().map(units).collect();
        self.area.draw(&PathElement::new(points, style)).map_err(Error::figure)
    }

    /// Draws a dashed line: dashes of 7 pixels with gaps of 4.
    pub fn dashes(&self, points: &[(f64, f64)], colour: RGBColor, width: f64) -> Result<()> {
        const DASH: [f64; 2] = [7.0, 4.0];
        let (mut drawing, mut left, mut dash) = (true, DASH[0], vec![]);
        for pair in points.windows(2) {
            let ((mut x, mut y), (x1, y1)) = (pair[0], pair[1]);
            loop {
                if drawing && dash.is_empty() {
                    dash.push((x, y));
                }
                let rest = (x1 - x).hypot(y1 - y);
                if rest <= left {
                    left -= rest;
                    if drawing {
                        dash.push((x1, y1));
                    }
                    break;
                }
                (x, y) = (x + (x1 - x) * left / rest, y + (y1 - y) * left / rest);
                if drawing {
                    dash.push((x, y));
                    self.line(&std::mem::take(&mut dash), colour, width)?;
                }
                drawing = !drawing;
                left = DASH[usize::from(!drawing)];
            }
        }
        if dash.len() > 1 { self.line(&dash, colour, width) } else { Ok(()) }
    }

    /// Draws a filled area.
    pub fn area(&self, outline: &[(f64, f64)], colour: RGBColor, opacity: f64) -> Result<()> {
        let points: Vec<_> = outline.iter().copied().map(units).collect();
        self.area.draw(&Polygon::new(points, colour.mix(opacity))).map_err(Error::figure)
    }

    /// Draws a filled rectangle between two corners.
    pub fn rect(&self, a: (f64, f64), b: (f64, f64), colour: RGBColor) -> Result<()> {
        let low = units((a.0.min(b.0), a.1.min(b.1)));
        let high = units((a.0.max(b.0), a.1.max(b.1)));
        self.area.draw(&Rectangle::new([low, high], colour.filled())).map_err(Error::figure)
    }

    pub fn dot(&self, at: (f64, f64), radius: f64, colour: RGBColor) -> Result<()> {
        let radius = (radius * UNITS).round() as i32;
        self.area.draw(&Circle::new(units(at), radius, colour.filled())).map_err(Error::figure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_measured_with_the_bundled_font() {
        let text = Text::new(100.0, theme::INK);
        let (narrow, wide) = (text.width("iiii"), text.width("MMMM"));
        assert!(wide > 2.5 * narrow, "{narrow} {wide}");
        // Open Sans: an M is 0.90 em wide.
        assert!((wide - 4.0 * 90.0).abs() < 4.0, "{wide}");
    }

    #[test]
    fn what_does_not_fit_is_cut() {
        let text = Text::new(12.0, theme::INK);
        let cut = text.fit("a rather long label for a small place", 80.0);
        let own = text.width("SEO, then templates");
        assert_eq!(text.fit("SEO, then templates", own - 1e-12), "SEO, then templates");
        assert!(cut.ends_with('…') && text.width(&cut) <= 80.0, "{cut}");
        assert_eq!(text.fit("short", 80.0), "short");
        let lines = text.wrap("one two three four five six seven eight nine ten", 80.0);
        assert!(lines.len() > 2 && lines.iter().all(|line| text.width(line) <= 80.0), "{lines:?}");
    }
}
