//! A waterfall's bars in the picture, upright or on their side.

use plotters::style::text_anchor::{HPos, VPos};

use super::bars::{Bar, Kind};
use crate::chart::axis::{Scale, Ticks};
use crate::chart::canvas::{Canvas, Text};
use crate::chart::mark::{Along, Axis, Marks, in_rect};
use crate::chart::{Frame, Key, theme};
use crate::error::Result;

pub(super) fn lay_sideways(
    canvas: &Canvas,
    frame: &mut Frame,
    (bars, keys): (&[Bar], &[Key]),
    ticks: &Ticks,
    marks: &Marks,
) -> Result<Plot> {
    let tick = Text::new(theme::TICK, theme::MUTED);
    let widest = |of: &dyn Fn(&Bar) -> f64| bars.iter().map(of).fold(0.0, f64::max);
    let room = widest(&|bar| tick.bold().width(&bar.name)).min(canvas.width * 0.4);
    frame.left += room + 10.0;
    frame.right -= widest(&|bar| tick.bold().width(&bar.text)) + 10.0;
    let scale = Scale::of(ticks, (frame.left, frame.right));
    marks.head_room(frame, &Along::Numbers(scale), Axis::Y)?;
    let slot = (frame.bottom - frame.top) / bars.len() as f64;
    let mut texts = vec![];
    for (at, text) in ticks.at.iter().zip(&ticks.text) {
        let x = scale.at(*at);
        let colour = if *at == 0.0 { theme::AXIS } else { theme::GRID };
        canvas.line(&[(x, frame.top), (x, frame.bottom)], colour, 1.0)?;
        texts.push((x, text.clone()));
    }
    frame.x_labels(canvas, &texts, false)?;
    let every = (14.0 / slot).ceil().max(1.0) as usize;
    for (place, bar) in bars.iter().enumerate().step_by(every) {
        let at = (frame.left - 8.0, frame.top + slot * (place as f64 + 0.5));
        let style = bar.text_of_name(&keys[place], marks);
        canvas.text(&style.fit(&bar.name, room), at, style.at(HPos::Right, VPos::Center))?;
    }
    Ok(Plot { scale, range: ticks.range, first: frame.top, slot, sideways: true })
}

pub(super) fn lay_upright(
    canvas: &Canvas,
    frame: &mut Frame,
    (bars, keys): (&[Bar], &[Key]),
    ticks: &Ticks,
    marks: &Marks,
) -> Result<Plot> {
    let tick = Text::new(theme::TICK, theme::MUTED);
    // As wide as its labels will be, so that names are wrapped as they will stand.
    let beside = ticks.text.iter().map(|text| tick.width(text)).fold(0.0, f64::max) + 8.0;
    let slot = (frame.right - frame.left - beside) / bars.len() as f64;
    let wrapped: Vec<Vec<String>> =
        bars.iter().map(|bar| tick.bold().wrap(&bar.name, slot - 8.0)).collect();
    let lines = wrapped.iter().map(Vec::len).max().unwrap_or(1).clamp(1, 3);
    frame.bottom -= 14.0 * (lines - 1) as f64;
    frame.top += 12.0; // for the label above the highest bar
    let names: Vec<String> = bars.iter().map(|bar| bar.name.clone()).collect();
    let mut plot = Frame { left: frame.left + beside, ..*frame };
    let x = Along::Names { names: &names, first: plot.left + slot / 2.0, slot };
    marks.head_room(&mut plot, &x, Axis::X)?;
    frame.top = plot.top;
    let scale = frame.y_axis(canvas, ticks)?;
    let every = (40.0 / slot).ceil().max(1.0) as usize;
    let every = if bars.len() <= 30 { 1 } else { every };
    for (place, bar) in bars.iter().enumerate().step_by(every) {
        let style = bar.text_of_name(&keys[place], marks).at(HPos::Center, VPos::Center);
        let x = frame.left + slot * (place as f64 + 0.5);
        let text = if every == 1 {
            wrapped[place].clone()
        } else {
            vec![style.fit(&bar.name, slot * every as f64 - 4.0)]
        };
        for (row, line) in text.iter().take(3).enumerate() {
            let line = style.fit(line, slot * every as f64);
            canvas.text(&line, (x, frame.bottom + 13.0 + 14.0 * row as f64), style)?;
        }
    }
    Ok(Plot { scale, range: ticks.range, first: frame.left, slot, sideways: false })
}

/// Where bars stand: along the names, and across by value.
pub(super) struct Plot {
    pub scale: Scale,
    range: (f64, f64),
    pub first: f64,
    pub slot: f64,
    sideways: bool,
}

impl Plot {
    fn at(&self, along: f64, across: f64) -> (f64, f64) {
        if self.sideways { (across, along) } else { (along, across) }
    }

    /// Draws the bars, and returns points in them.
    pub fn paint(&self, canvas: &Canvas, bars: &[Bar], keys: &[Key]) -> Result<Vec<(f64, f64)>> {
        let mut busy = vec![];
        let edge = |place: usize, share: f64| self.edge(place, share);
        let (near, far) = if self.slot > 6.0 { (0.16, 0.84) } else { (0.0, 1.0) };
        for (place, pair) in bars.windows(2).enumerate() {
            // The level that one bar leaves is where the next begins.
            let across = self.value(pair[0].to);
            let ends = [self.at(edge(place, far), across), self.at(edge(place + 1, near), across)];
            canvas.line(&ends, theme::AXIS, 1.0)?;
        }
        for (place, bar) in bars.iter().enumerate() {
            let colour = keys[place].colour;
            let (from, to) = self.ends(bar);
            let (a, b) = (self.at(edge(place, near), from), self.at(edge(place, far), to));
            canvas.rect(a, b, colour)?;
            busy.extend(in_rect(a, b));
            let hidden = bar.kind == Kind::Total && !(self.range.0..=self.range.1).contains(&0.0);
            if hidden {
                // Torn, because it does not begin here.
                let base = from + (to - from).signum() * 10.0;
                for tear in [0.0, 5.0] {
                    let across = base + (to - from).signum() * tear;
                    let ends = [
                        self.at(edge(place, near) - 2.0, across - 2.5),
                        self.at(edge(place, far) + 2.0, across + 2.5),
                    ];
                    canvas.line(&ends, theme::PAPER, 2.0)?;
                }
            }
        }
        busy.extend(
            self.numbers(bars, keys).iter().flat_map(|one| in_rect(one.room.0, one.room.1)),
        );
        Ok(busy)
    }

    /// Draws the bars' numbers, over lines that would run through their digits.
    pub fn paint_numbers(&self, canvas: &Canvas, bars: &[Bar], keys: &[Key]) -> Result<()> {
        self.numbers(bars, keys).iter().try_for_each(|one| {
            let (a, b) = one.room;
            canvas.area(&[a, (b.0, a.1), b, (a.0, b.1)], theme::PAPER, 0.9)?;
            canvas.text(&one.text, one.at, one.style)
        })
    }

    /// Where each bar's number stands; none where bars are too thin.
    fn numbers(&self, bars: &[Bar], keys: &[Key]) -> Vec<Number> {
        if self.slot < if self.sideways { 14.0 } else { 24.0 } {
            return vec![];
        }
        let number = |(place, bar): (usize, &Bar)| {
            let colour = keys[place].colour;
            let ink = match bar.kind {
                _ if colour == theme::FADED => theme::MUTED,
                Kind::Total => theme::INK,
                _ => colour,
            };
            let style = Text::new(theme::TICK, ink).bold();
            let (from, to) = self.ends(bar);
            let middle = self.edge(place, 0.5);
            if self.sideways {
                let at = (from.max(to) + 6.0, middle);
                let end = at.0 + style.width(&bar.text) + 2.0;
                let room = ((at.0 - 2.0, middle - 7.0), (end, middle + 7.0));
                let style = style.at(HPos::Left, VPos::Center);
                Number { text: bar.text.clone(), at, style, room }
            } else {
                let text = style.fit(&bar.text, self.slot.max(40.0));
                let at = (middle, from.min(to) - 8.0);
                let half = style.width(&text) / 2.0 + 2.0;
                let room = ((middle - half, at.1 - 7.0), (middle + half, at.1 + 7.0));
                Number { text, at, style: style.at(HPos::Center, VPos::Center), room }
            }
        };
        bars.iter().enumerate().map(number).collect()
    }

    /// The pixels of a level.
    fn value(&self, level: f64) -> f64 {
        self.scale.at(level.clamp(self.range.0, self.range.1))
    }

    /// The pixel at a share of a bar's slot.
    fn edge(&self, place: usize, share: f64) -> f64 {
        self.first + self.slot * (place as f64 + share)
    }

    /// Where a bar begins and ends: however small, one that is there is seen.
    fn ends(&self, bar: &Bar) -> (f64, f64) {
        let (from, to) = (self.value(bar.from), self.value(bar.to));
        (from, if (to - from).abs() < 1.5 { from + 1.5 } else { to })
    }
}

/// A bar's number, and the room it takes.
struct Number {
    text: String,
    at: (f64, f64),
    style: Text,
    /// Two corners.
    room: ((f64, f64), (f64, f64)),
}
