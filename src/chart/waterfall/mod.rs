//! Waterfall charts: which ups and downs lead from one total to another.

mod bars;
mod plot;

use polars::prelude::*;

use super::axis::ticks;
use super::canvas::{Canvas, Text};
use super::label::{short, signed};
use super::mark::{Along, Axis, Ground};
use super::{
    Frame, Key, Labels, Values, columns, drawable, extent, labels, left_out, marks, names, numbers,
    theme,
};
use crate::error::{Error, Result};
use crate::figure::Figure;
use bars::{Bar, Kind};
use plot::{lay_sideways, lay_upright};

/// Builds a waterfall chart: see [`waterfall`].
#[derive(Debug, Clone)]
pub struct Waterfall<'f> {
    frame: &'f DataFrame,
    name: String,
    amount: String,
    start: Option<(String, f64)>,
    end: (String, Option<f64>),
    zoom: bool,
    labels: Labels,
}

/// Begins a waterfall chart, or bridge: a floating bar for each `name`, in the frame's order, from the level reached so far
/// up by its `amount`, or down if it is negative, and at the end a bar for the total. Ups are blue, downs orange, totals
/// grey; every label has its sign. Names too long to stand below their bars turn the chart on its side.
///
/// ```
/// use casebook::prelude::*;
///
/// let moves = df!(
///     "what" => ["New", "Expansion", "Contraction", "Churn"],
///     "mrr" => [31_400.0, 12_900.0, -6_100.0, -24_700.0],
/// )?;
/// let bridge = chart::waterfall(&moves, "what", "mrr")
///     .start("January", 182_000.0)
///     .end("June", 195_500.0)
///     .title("Churn eats most of what new customers bring")
///     .labels("", "MRR, US dollars")
///     .unit(Unit::Dollars);
/// assert!(bridge.clone().draw()?.alt().contains("January: $182,000; New: +$31,400;"));
/// // Parts that do not add up are refused.
/// let told = bridge.end("June", 196_000.0).draw().unwrap_err().to_string();
/// assert!(told.contains("a difference of +$500"), "{told}");
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn waterfall<'f>(frame: &'f DataFrame, name: &str, amount: &str) -> Waterfall<'f> {
    Waterfall {
        frame,
        name: name.into(),
        amount: amount.into(),
        start: None,
        end: ("Total".into(), None),
        zoom: false,
        labels: Labels::new(name, amount),
    }
}

labels!(Waterfall);
marks!(Waterfall);

impl Waterfall<'_> {
    /// Begins with a bar for this total; without it, the first part begins at 0.
    pub fn start(mut self, name: &str, value: f64) -> Self {
        self.start = Some((short(name), value));
        self
    }

    /// Ends with this total, and checks that start and parts add up to it.
    pub fn end(mut self, name: &str, value: f64) -> Self {
        self.end = (short(name), Some(value));
        self
    }

    /// Names the bar at the end, which is the sum of start and parts; "Total" if not given.
    pub fn total(mut self, name: &str) -> Self {
        self.end = (short(name), None);
        self
    }

    /// Lets the axis start near the lowest level instead of at 0: small parts of large totals become visible. The totals'
    /// bars are then broken, and a note says where the axis starts.
    pub fn zoom(mut self) -> Self {
        self.zoom = true;
        self
    }

    /// Draws the chart. [`unit`](Waterfall::unit) is the unit of the amounts.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn),
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for an amount that is not a number,
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a start or an end that is not finite, an end that
    /// start and parts do not add up to (with the difference), a size out of range, or more than 200,000 parts.
    pub fn draw(self) -> Result<Figure> {
        let (bars, missing) = self.bars()?;
        let text = |bar: &Bar| format!("{}: {}", bar.name, bar.text);
        let described: Vec<String> = if bars.len() > 16 {
            let more = format!("{} more parts", bars.len() - 15);
            let last = bars.last().map(text);
            bars[..14].iter().map(text).chain([more]).chain(last).collect()
        } else {
            bars.iter().map(text).collect()
        };
        let summary = (!bars.is_empty()).then(|| format!("{}.", described.join("; ")));
        let mut worded = self.labels.clone();
        if worded.x.is_empty() {
            worded.x = short(&self.name);
        }
        worded.figure("Waterfall chart", summary, |canvas| self.paint(canvas, &bars, missing))
    }

    /// Start, parts and end; nothing if there are no parts.
    fn bars(&self) -> Result<(Vec<Bar>, usize)> {
        columns(self.frame, &[&self.name, &self.amount])?;
        let (names, amounts) = (names(self.frame, &self.name)?, numbers(self.frame, &self.amount)?);
        drawable("parts", names.len(), 1)?;
        let ends = [("start", self.start.as_ref().map(|start| start.1)), ("end", self.end.1)];
        for (field, value) in ends {
            if let Some(value) = value.filter(|value| !value.is_finite()) {
                return Err(Error::config(field, value, "a finite number"));
            }
        }
        let missing = amounts.iter().filter(|amount| amount.is_none()).count();
        let unit = self.labels.unit;
        let total = |name: &str, value: f64| Bar {
            name: name.to_owned(),
            from: 0.0,
            to: value,
            kind: Kind::Total,
            text: unit.text(value),
        };
        let mut level = self.start.as_ref().map_or(0.0, |start| start.1);
        // What all the steps of the sum could be off by, in total.
        let mut size = level.abs();
        let mut bars: Vec<Bar> =
            self.start.iter().map(|(name, value)| total(name, *value)).collect();
        for (name, amount) in names.iter().zip(&amounts) {
            let Some(amount) = *amount else { continue };
            let from = level;
            size += amount.abs();
            level = clean((level + amount).clamp(f64::MIN, f64::MAX), size);
            let kind = if amount < 0.0 { Kind::Down } else { Kind::Up };
            bars.push(Bar { name: short(name), from, to: level, kind, text: signed(unit, amount) });
        }
        if let Some(end) = self.end.1 {
            let difference = end - level;
            if difference.abs() > 1e-9 * size.max(end.abs()) {
                let shown = signed(unit, difference);
                let zero = !shown.contains(|c: char| ('1'..='9').contains(&c));
                let shown = if zero { format!("{difference:+e}") } else { shown };
                let sum = unit.text(level);
                let accepted =
                    format!("{sum}, which start and parts add up to: a difference of {shown}");
                return Err(Error::config("end", unit.text(end), accepted));
            }
        }
        if amounts.len() == missing {
            return Ok((vec![], missing));
        }
        bars.push(total(&self.end.0, level));
        Ok((bars, missing))
    }

    fn paint(&self, canvas: &Canvas, bars: &[Bar], missing: usize) -> Result<()> {
        let tick = Text::new(theme::TICK, theme::MUTED);
        let slot = (canvas.width - 28.0 - 60.0) / bars.len() as f64;
        let cut = |bar: &Bar| {
            let words = bar.name.split_whitespace();
            words.map(|word| tick.bold().width(word)).fold(0.0, f64::max) > slot - 8.0
                || tick.bold().wrap(&bar.name, slot - 8.0).len() > 3
                || tick.bold().width(&bar.text) > slot - 2.0
        };
        let sideways = bars.iter().any(cut) && bars.len() <= 30;
        let levels = bars.iter().flat_map(|bar| {
            let from = (bar.kind != Kind::Total).then_some(bar.from);
            [from, Some(bar.to)].into_iter().flatten()
        });
        let marks = &self.labels.marks;
        let (low, high) = extent(levels.chain(marks.numbers(Axis::Y))).unwrap_or((0.0, 1.0));
        // Zoomed in, something is left of the lowest total.
        let room = (high / 2.0 - low / 2.0) * 0.4;
        let range = match self.zoom {
            true if low > 0.0 => ((low - room).max(0.0), high),
            true if high < 0.0 => (low, (high + room).min(0.0)),
            _ => (low.min(0.0), high.max(0.0)),
        };
        let values =
            |count: f64| ticks(range, count.clamp(2.0, 8.0) as usize, self.labels.unit, false);
        // The same ticks on either side, near enough for the note.
        let first = values((canvas.height - 120.0) / 45.0).range;
        let base =
            if first.0 > 0.0 { Some(first.0) } else { Some(first.1).filter(|end| *end < 0.0) };
        let starts = base
            .map(|base| format!("The axis starts at {}, not at 0.", self.labels.unit.text(base)));
        let note: Vec<String> = starts.into_iter().chain(left_out(missing)).collect();
        let note = (!note.is_empty()).then(|| note.join(" "));
        let labels = if sideways {
            // On its side, what was below is beside, and the other way round.
            Labels { x: self.labels.y.clone(), y: self.labels.x.clone(), ..self.labels.clone() }
                .of(Values::Across)
        } else {
            self.labels.clone()
        };
        let mut frame = Frame::new(canvas, &labels, &[], note)?;
        let keys = bars.iter().map(|bar| Key { colour: bar.colour(), ..Key::square(&bar.name, 0) });
        // A bar keeps its colour, up, down or total; those that are not highlighted become grey.
        let keys: Vec<Key> = (marks.keys(keys.collect())?.into_iter().zip(bars))
            .map(|(key, bar)| match marks.is_prominent(&key.name) {
                true => Key { colour: bar.colour(), ..key },
                false => key,
            })
            .collect();
        let ticks = values((canvas.height - 120.0) / 45.0);
        let plot = if sideways {
            lay_sideways(canvas, &mut frame, (bars, &keys), &ticks, marks)?
        } else {
            lay_upright(canvas, &mut frame, (bars, &keys), &ticks, marks)?
        };
        let names: Vec<String> = bars.iter().map(|bar| bar.name.clone()).collect();
        let first = plot.first + plot.slot / 2.0;
        let x = Along::Names { names: &names, first, slot: plot.slot };
        let mut ground = Ground::new(marks, frame, (x, Along::Numbers(plot.scale)), sideways);
        ground.filled = true;
        ground.behind(canvas)?;
        ground.busy = plot.paint(canvas, bars, &keys)?;
        ground.before(canvas)?;
        plot.paint_numbers(canvas, bars, &keys)
    }
}

/// Without the dust that binary fractions leave in a sum of terms that are so large together: 12 + 0.1 - 0.3 + 0.2 is 12.
fn clean(sum: f64, size: f64) -> f64 {
    if sum.abs() <= size * 1e-12 { 0.0 } else { format!("{sum:.12e}").parse().unwrap_or(sum) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::Unit;

    fn moves() -> DataFrame {
        df!("what" => ["New", "Lost", "Back"], "users" => [Some(0.1), Some(-0.3), Some(0.2)])
            .unwrap()
    }

    #[test]
    fn parts_add_up_to_the_end_or_the_difference_is_named() -> Result<()> {
        let frame = moves();
        let chart = waterfall(&frame, "what", "users").start("May", 12.0);
        // 12 + 0.1 - 0.3 + 0.2 is not 12 in binary.
        let figure = chart.clone().end("June", 12.0).title("All is as it was").draw()?;
        assert_eq!(
            figure.alt(),
            "All is as it was. Waterfall chart of users by what. May: 12; New: +0.10; Lost: -0.30; Back: +0.20; June: 12."
        );
        let told = chart.clone().end("June", 12.5).draw().unwrap_err().to_string();
        assert!(
            told.contains("`end` is 12.5; accepted: 12, ")
                && told.contains("a difference of +0.50"),
            "{told}"
        );
        let told = chart.clone().end("June", 11.999_999).draw().unwrap_err().to_string();
        assert!(
            told.contains("difference of -1.00e-6") || told.contains("difference of -1.0000000"),
            "{told}"
        );
        let told = chart.clone().end("June", f64::NAN).draw().unwrap_err().to_string();
        assert!(told.contains("`end` is NaN; accepted: a finite number"), "{told}");
        let total = chart.total("Now").draw()?;
        assert!(total.alt().ends_with("; Now: 12."), "{}", total.alt());
        Ok(())
    }

    #[test]
    fn ups_and_downs_differ_in_colour_and_sign() -> Result<()> {
        let figure = waterfall(&moves(), "what", "users").unit(Unit::Percent).draw()?;
        let text = figure.svg().replace(['\n', '\r'], "");
        assert!(text.contains(">+10.0 pp<") && text.contains(">-30.0 pp<"), "{text}");
        let rects = |colour: &str| {
            figure
                .svg()
                .split("<rect")
                .filter(|tag| tag.split('>').next().is_some_and(|tag| tag.contains(colour)))
                .count()
        };
        assert_eq!((rects("#0072B2"), rects("#D55E00"), rects("#5A5A5A")), (2, 1, 1));
        Ok(())
    }

    #[test]
    fn a_zoomed_axis_says_so() -> Result<()> {
        let frame = df!("what" => ["Won", "Lost"], "users" => [30, -20])?;
        let chart = waterfall(&frame, "what", "users").start("May", 1_000.0);
        assert!(!chart.clone().draw()?.svg().contains("not at 0"));
        let zoomed = chart.zoom().draw()?;
        assert!(zoomed.svg().contains("The axis starts at 990, not at 0."), "{}", zoomed.svg());
        // With levels on both sides of 0, nothing is hidden.
        assert!(!waterfall(&frame, "what", "users").zoom().draw()?.svg().contains("not at 0"));
        Ok(())
    }

    #[test]
    fn long_names_turn_the_chart_on_its_side() -> Result<()> {
        let frame = df!("what" => ["Reactivationssomething", "Lost"], "users" => [30, -20])?;
        let place = |figure: &Figure, name: &str| {
            let head = figure.svg().split(name).next()?.rsplit("<text").next()?.to_owned();
            head.split(" x=\"")
                .nth(1)
                .or(head.split("x=\"").nth(1))?
                .split('"')
                .next()?
                .parse::<f64>()
                .ok()
        };
        let narrow = waterfall(&frame, "what", "users").size(300, 300).draw()?;
        assert!(place(&narrow, "\nLost").is_some(), "{}", narrow.svg());
        assert_eq!(place(&narrow, "\nReact"), place(&narrow, "\nLost"));
        let wide = waterfall(&frame, "what", "users").draw()?;
        assert!(place(&wide, "\nReact") < place(&wide, "\nLost"), "{}", wide.svg());
        Ok(())
    }
}
