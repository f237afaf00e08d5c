//! Marks in the picture.

use plotters::style::text_anchor::{HPos, VPos};

use super::fit::{self, Obstacles, Rect};
use super::{Along, Axis, Mark, Marks};
use crate::chart::canvas::{Canvas, Text};
use crate::chart::frame::Frame;
use crate::chart::theme;
use crate::error::{Error, Result};

/// The plot that marks are drawn on, and what is in it.
#[derive(Debug, Clone)]
pub struct Ground<'a> {
    pub marks: &'a Marks,
    pub frame: Frame,
    pub x: Along<'a>,
    pub y: Along<'a>,
    /// Whether the axis called `x` runs down, and `y` across.
    pub turned: bool,
    /// Pixels that the data cover: notes keep away from them.
    pub busy: Vec<(f64, f64)>,
    /// Pixels in pale bands: notes keep away from them too if they can, and cut no holes into them.
    pub pale: Vec<(f64, f64)>,
    /// Whether the data are filled areas, over which a thin line needs a white edge to be seen.
    pub filled: bool,
}

/// A row of labels above the plot.
const ROW: f64 = 16.0;
/// The most rows of labels: the plot needs its room too.
const ROWS: usize = 3;

/// A label above the plot.
struct Head {
    text: String,
    /// The place that it names.
    at: f64,
    begins: f64,
    row: usize,
}

/// Labels above the plot, of what stands upright in it: marks of the axis that runs across.
fn heads(marks: &Marks, frame: &Frame, across: &Along, axis: Axis) -> Result<Vec<Head>> {
    let style = Text::new(theme::TICK, theme::MUTED);
    let mut labels = vec![];
    for mark in &marks.all {
        let (middle, label) = match mark {
            Mark::Line { axis: of, at, label } if *of == axis => {
                (across.at(mark.field(), at)?, label)
            }
            Mark::Span { axis: of, from, to, label } if *of == axis => {
                let (low, high) = span(mark.field(), across, from, to)?;
                ((low + high) / 2.0, label)
            }
            _ => continue,
        };
        if !label.is_empty() {
            let text = style.fit(label, frame.right - frame.left);
            labels.push((text.clone(), (middle, style.width(&text))));
        }
    }
    let sizes: Vec<(f64, f64)> = labels.iter().map(|(_, size)| *size).collect();
    let placed = fit::row_of_labels(&sizes, (frame.left, frame.right), ROWS);
    let found = labels.into_iter().zip(placed);
    Ok(found
        .filter_map(|((text, (at, _)), place)| {
            place.map(|(begins, row)| Head { text, at, begins, row })
        })
        .collect())
}

/// Where what lies between two places begins and ends.
fn span(
    field: &str,
    along: &Along,
    from: &super::Position,
    to: &super::Position,
) -> Result<(f64, f64)> {
    let (a, b) = (along.ends(field, from)?, along.ends(field, to)?);
    Ok((a.0.min(a.1).min(b.0).min(b.1), a.0.max(a.1).max(b.0).max(b.1)))
}

impl Mark {
    /// The setter that made it.
    fn field(&self) -> &'static str {
        match self {
            Mark::Line { axis: Axis::X, .. } => "vline",
            Mark::Line { axis: Axis::Y, .. } => "hline",
            Mark::Span { axis: Axis::X, .. } => "vspan",
            Mark::Span { axis: Axis::Y, .. } => "hspan",
            Mark::Note { .. } => "annotate",
        }
    }
}

impl Marks {
    /// Moves the plot's upper edge down, below the labels of what stands upright in it. Call it as soon as the axis
    /// that runs across (`x`, or `y` of a chart on its side) has its pixels, before the other one gets its own.
    ///
    /// # Errors
    /// A place that the axis does not have; more marks than anybody could tell apart.
    pub fn head_room(&self, frame: &mut Frame, across: &Along, axis: Axis) -> Result<()> {
        if self.all.len() > super::MOST {
            return Err(Error::config("marks", self.all.len(), format!("at most {}", super::MOST)));
        }
        let rows = heads(self, frame, across, axis)?.iter().map(|head| head.row + 1).max();
        frame.top += rows.unwrap_or(0) as f64 * ROW;
        Ok(())
    }
}

impl<'a> Ground<'a> {
    /// Creates a plot without data; `turned` if the axis called `x` runs down.
    pub fn new(
        marks: &'a Marks,
        frame: Frame,
        (x, y): (Along<'a>, Along<'a>),
        turned: bool,
    ) -> Self {
        Ground { marks, frame, x, y, turned, busy: vec![], pale: vec![], filled: false }
    }
}

impl Ground<'_> {
    fn area(&self) -> Rect {
        (self.frame.left, self.frame.top, self.frame.right, self.frame.bottom)
    }

    /// The axis that runs across the picture, and what it is called.
    fn across(&self) -> (&Along<'_>, Axis) {
        if self.turned { (&self.y, Axis::Y) } else { (&self.x, Axis::X) }
    }

    fn along(&self, axis: Axis) -> &Along<'_> {
        if axis == Axis::X { &self.x } else { &self.y }
    }

    /// Draws shaded spans: before the data, so that they lie behind them.
    ///
    /// # Errors
    /// A place that an axis does not have.
    pub fn behind(&self, canvas: &Canvas) -> Result<()> {
        for mark in &self.marks.all {
            let Mark::Span { axis, from, to, .. } = mark else { continue };
            let (a, b) = self.shaded(*axis, span(mark.field(), self.along(*axis), from, to)?);
            canvas.area(&[a, (b.0, a.1), b, (a.0, b.1)], theme::AXIS, 0.16)?;
        }
        Ok(())
    }

    /// Draws lines, labels and notes: after the data, so that they lie over them.
    ///
    /// # Errors
    /// A place that an axis does not have.
    pub fn before(&self, canvas: &Canvas) -> Result<()> {
        let (left, top, right, bottom) = self.area();
        let (across, across_axis) = self.across();
        let (mut taken, mut lines) = (vec![], vec![]);
        for mark in &self.marks.all {
            let Mark::Line { axis, at, .. } = mark else { continue };
            let at = self.along(*axis).at(mark.field(), at)?;
            let ends = if *axis == across_axis {
                [(at, top), (at, bottom)]
            } else {
                [(left, at), (right, at)]
            };
            if self.filled {
                canvas.line(&ends, theme::PAPER, 3.4)?;
            }
            canvas.dashes(&ends, theme::AXIS, 1.4)?;
            lines.extend(along_lines([ends.as_slice()]));
        }
        let mut pale = self.pale.clone();
        for mark in &self.marks.all {
            let Mark::Span { axis, from, to, .. } = mark else { continue };
            let (a, b) = self.shaded(*axis, span(mark.field(), self.along(*axis), from, to)?);
            pale.extend(in_rect(a, b));
        }
        let busy: Vec<_> = self.busy.iter().copied().chain(lines).collect();
        let under = Obstacles { taken: &[], busy: &busy, pale: &pale };
        let style = Text::new(theme::TICK, theme::MUTED).at(HPos::Left, VPos::Center);
        let heads = heads(self.marks, &self.frame, across, across_axis)?;
        let rows = heads.iter().any(|head| head.row > 0);
        for head in heads {
            let at = (head.begins, top - 9.0 - ROW * head.row as f64);
            canvas.text(&head.text, at, style)?;
            if rows {
                // In rows, a label stands beside its place: a pole leads there.
                canvas.line(&[(head.at, top), (head.at, at.1 - 6.0)], theme::AXIS, 0.8)?;
            }
        }
        for mark in &self.marks.all {
            self.label(canvas, mark, &under, &mut taken)?;
        }
        for mark in &self.marks.all {
            self.note(canvas, mark, &under, &mut taken)?;
        }
        Ok(())
    }

    /// Returns two corners of a shaded span.
    fn shaded(&self, axis: Axis, (low, high): (f64, f64)) -> ((f64, f64), (f64, f64)) {
        let (left, top, right, bottom) = self.area();
        if axis == self.across().1 {
            ((kept(low, left, right), top), (kept(high, left, right), bottom))
        } else {
            ((left, kept(low, top, bottom)), (right, kept(high, top, bottom)))
        }
    }

    /// The label of what lies across the plot, inside it.
    fn label(
        &self,
        canvas: &Canvas,
        mark: &Mark,
        under: &Obstacles,
        taken: &mut Vec<Rect>,
    ) -> Result<()> {
        let (field, across) = (mark.field(), self.across().1);
        let (low, high, label) = match mark {
            Mark::Line { axis, at, label } if *axis != across => {
                let at = self.along(*axis).at(field, at)?;
                (at, at, label)
            }
            Mark::Span { axis, from, to, label } if *axis != across => {
                let (low, high) = span(field, self.along(*axis), from, to)?;
                (low, high, label)
            }
            _ => return Ok(()),
        };
        if label.is_empty() {
            return Ok(());
        }
        let area = self.area();
        let style = Text::new(theme::TICK, theme::MUTED).at(HPos::Left, VPos::Center);
        let text = style.fit(label, area.2 - area.0 - 8.0);
        let (wide, tall) = (style.width(&text) + 6.0, 15.0);
        let inside = [low + 2.0, high - tall - 2.0];
        let outside = [low - tall - 3.0, high + 3.0];
        let heights = if high - low >= tall + 4.0 { inside } else { outside };
        let shares = [1.0, 0.0, 0.5, 0.75, 0.25];
        let corners = shares.into_iter().flat_map(|share| {
            heights.map(|y| (area.0 + 2.0 + (area.2 - area.0 - 4.0 - wide) * share, y))
        });
        // A span's label lies in what it names; those of lines keep off it.
        let pale = if high > low { &[] } else { under.pale };
        let obstacles = Obstacles { taken, busy: under.busy, pale };
        if let Some(found) = fit::place((wide, tall), corners, area, &obstacles) {
            halo(canvas, found, under)?;
            canvas.text(&text, (found.0 + 3.0, (found.1 + found.3) / 2.0), style)?;
            taken.push(found);
        }
        Ok(())
    }

    /// A note, beside its point.
    fn note(
        &self,
        canvas: &Canvas,
        mark: &Mark,
        under: &Obstacles,
        taken: &mut Vec<Rect>,
    ) -> Result<()> {
        const LINE: f64 = 15.0;
        let Mark::Note { x, y, text } = mark else { return Ok(()) };
        let (x, y) = (self.x.at(mark.field(), x)?, self.y.at(mark.field(), y)?);
        let (x, y) = if self.turned { (y, x) } else { (x, y) };
        let area = self.area();
        let style = Text::new(theme::TICK, theme::INK).at(HPos::Left, VPos::Center);
        let room = ((area.2 - area.0) * 0.4).clamp(80.0, 190.0).min(area.2 - area.0);
        let lines = style.lines(text, room, 4);
        let wide = lines.iter().map(|line| style.width(line)).fold(0.0, f64::max) + 6.0;
        let tall = LINE * lines.len() as f64 + 2.0;
        // Close to the point first; upwards first, since most curves leave room above them.
        let ways = [(1, -1), (-1, -1), (0, -1), (1, 1), (-1, 1), (0, 1), (1, 0), (-1, 0)];
        let corners = [20.0, 36.0, 60.0, 90.0, 130.0].into_iter().flat_map(|far| {
            ways.map(|(right, down)| {
                let beside = |way: i32, size: f64, far: f64| match way {
                    1 => far,
                    -1 => -size - far,
                    _ => -size / 2.0,
                };
                let far = if right != 0 && down != 0 { far * 0.7 } else { far };
                (x + beside(right, wide, far), y + beside(down, tall, far))
            })
        });
        let mut near = taken.clone();
        near.push((x - 6.0, y - 6.0, x + 6.0, y + 6.0));
        let obstacles = Obstacles { taken: &near, ..*under };
        let Some(found) = fit::place((wide, tall), corners, area, &obstacles) else {
            return Ok(());
        };
        halo(canvas, found, under)?;
        let edge = (x.clamp(found.0, found.2), y.clamp(found.1, found.3));
        let far = (edge.0 - x).hypot(edge.1 - y);
        if far > 6.0 {
            // Ends just before the point, which stays visible.
            let stop = (x + (edge.0 - x) * 4.0 / far, y + (edge.1 - y) * 4.0 / far);
            canvas.line(&[edge, stop], theme::MUTED, 0.8)?;
        }
        for (index, line) in lines.iter().enumerate() {
            let middle = found.1 + 1.0 + LINE * (index as f64 + 0.5);
            canvas.text(line, (found.0 + 3.0, middle), style)?;
        }
        taken.push(found);
        Ok(())
    }
}

/// Paper behind a text, through which data can still be seen. In a band or a shaded span it would be a hole: there, only a
/// line below the text is worth one.
fn halo(canvas: &Canvas, (left, top, right, bottom): Rect, under: &Obstacles) -> Result<()> {
    let covered = |points| fit::covered((left, top, right, bottom), points) > 0;
    if covered(under.pale) && !covered(under.busy) {
        return Ok(());
    }
    let outline = [(left, top), (right, top), (right, bottom), (left, bottom)];
    canvas.area(&outline, theme::PAPER, 0.78)
}

/// Returns points along lines, close enough for notes to keep away from the lines.
pub fn along_lines<'p>(lines: impl IntoIterator<Item = &'p [(f64, f64)]>) -> Vec<(f64, f64)> {
    const STEP: f64 = 5.0;
    let mut found = vec![];
    for line in lines {
        found.extend(line.first());
        for pair in line.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let steps = ((b.0 - a.0).hypot(b.1 - a.1) / STEP).ceil().clamp(1.0, 2_000.0) as usize;
            found.extend((1..=steps).map(|step| {
                let share = step as f64 / steps as f64;
                (a.0 + (b.0 - a.0) * share, a.1 + (b.1 - a.1) * share)
            }));
        }
    }
    found
}

/// Returns points between the lower and the upper edge of a band, given as x, low and high, as [`in_rect`] does.
pub fn in_band(edges: &[(f64, f64, f64)]) -> Vec<(f64, f64)> {
    const STEP: f64 = 6.0;
    let (mut found, mut last) = (vec![], f64::NEG_INFINITY);
    for pair in edges.windows(2) {
        let ((x0, low0, high0), (x1, low1, high1)) = (pair[0], pair[1]);
        // Points that are closer than this say nothing new.
        if x1 - last < STEP / 2.0 {
            continue;
        }
        last = x1;
        let steps = ((x1 - x0) / STEP).ceil().clamp(1.0, 1_000.0) as usize;
        for step in 0..=steps {
            let at = |from: f64, to: f64| from + (to - from) * step as f64 / steps as f64;
            let x = at(x0, x1);
            found.extend(along_lines([[(x, at(low0, low1)), (x, at(high0, high1))].as_slice()]));
        }
    }
    found
}

/// Returns points in a rectangle, close enough for notes to keep away from it.
pub fn in_rect(a: (f64, f64), b: (f64, f64)) -> Vec<(f64, f64)> {
    const STEP: f64 = 6.0;
    let places = |from: f64, to: f64| {
        let steps = ((to - from).abs() / STEP).ceil().clamp(1.0, 1_000.0) as usize;
        (0..=steps).map(move |step| from + (to - from) * step as f64 / steps as f64)
    };
    places(a.0, b.0).flat_map(|x| places(a.1, b.1).map(move |y| (x, y))).collect()
}

/// Keeps a place within the plot. A plot without any room, on a small chart, has its ends the wrong way round, and `clamp` panics then.
fn kept(at: f64, low: f64, high: f64) -> f64 {
    at.min(high).max(low)
}
