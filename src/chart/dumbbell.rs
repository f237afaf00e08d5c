//! Dumbbell plots: how far apart two values of each category are.

use plotters::style::text_anchor::{HPos, VPos};
use polars::prelude::*;

use super::axis::{Scale, ticks};
use super::canvas::{Canvas, Text};
use super::key::{Mark, key, ring};
use super::label::{short, signed_alike};
use super::{
    Frame, Labels, Values, columns, drawable, extent, labels, left_out, names, numbers, theme,
};
use crate::error::Result;
use crate::figure::Figure;

/// Builds a dumbbell plot: see [`dumbbell`].
#[derive(Debug, Clone)]
pub struct Dumbbell<'f> {
    frame: &'f DataFrame,
    name: String,
    columns: [String; 2],
    groups: [String; 2],
    sorted: bool,
    labels: Labels,
}

/// Begins a dumbbell plot: a row for each `name`, in the frame's order, with an open dot at its value in the column `first`,
/// a full one at its value in `second`, and a line between them. Where there is room, the difference, second minus first,
/// stands beside. The axis spans the values and need not include 0.
///
/// A frame with a row for each of the two has two such columns after [`pivot_wider`](crate::frame::Verbs::pivot_wider).
///
/// ```
/// use casebook::prelude::*;
///
/// let activation = df!(
///     "channel" => ["Organic search", "Paid social", "Referral", "Partner"],
///     "old" => [0.41, 0.28, 0.55, 0.47],
///     "new" => [0.49, 0.39, 0.58, 0.46],
/// )?;
/// let figure = chart::dumbbell(&activation, "channel", "old", "new")
///     .groups("Old onboarding", "New onboarding")
///     .sort_by_difference()
///     .title("The new onboarding helps most where users know least")
///     .labels("Share activated within a week", "Channel")
///     .unit(Unit::Percent)
///     .draw()?;
/// assert!(figure.alt().contains("Paid social: 28.0% to 39.0%, +11.0 pp"));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn dumbbell<'f>(frame: &'f DataFrame, name: &str, first: &str, second: &str) -> Dumbbell<'f> {
    Dumbbell {
        frame,
        name: name.into(),
        columns: [first.into(), second.into()],
        groups: [short(first), short(second)],
        sorted: false,
        labels: Labels::new(&format!("{first} and {second}"), name).of(Values::Across),
    }
}

labels!(Dumbbell);

struct Row {
    name: String,
    ends: [f64; 2],
}

impl Row {
    fn difference(&self) -> f64 {
        self.ends[1] - self.ends[0]
    }
}

impl Dumbbell<'_> {
    /// Names the two groups or moments, if their columns' names do not.
    pub fn groups(mut self, first: &str, second: &str) -> Self {
        self.groups = [short(first), short(second)];
        self
    }

    /// Sorts the rows by second minus first, the highest difference on top.
    pub fn sort_by_difference(mut self) -> Self {
        self.sorted = true;
        self
    }

    /// Draws the chart. [`unit`](Dumbbell::unit) is the unit of the values.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn),
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a value that is not a number, a size out of range, or more
    /// than 200,000 rows.
    pub fn draw(self) -> Result<Figure> {
        let [first, second] = &self.columns;
        columns(self.frame, &[&self.name, first, second])?;
        let names = names(self.frame, &self.name)?;
        let count = names.len();
        drawable("rows", count, 1)?;
        let ends = numbers(self.frame, first)?.into_iter().zip(numbers(self.frame, second)?);
        let mut rows: Vec<Row> = (names.into_iter().zip(ends))
            .filter_map(|(name, (first, second))| {
                Some(Row { name: short(&name), ends: [first?, second?] })
            })
            .collect();
        let missing = count - rows.len();
        if self.sorted {
            rows.sort_by(|a, b| b.difference().total_cmp(&a.difference()));
        }
        let unit = self.labels.unit;
        let gaps = signed_alike(unit, &rows.iter().map(Row::difference).collect::<Vec<_>>());
        let described: Vec<String> = (rows.iter().zip(gaps).take(10))
            .map(|(row, gap)| {
                let [first, second] = row.ends.map(|value| unit.text(value));
                format!("{}: {first} to {second}, {gap}", row.name)
            })
            .collect();
        let rest = match rows.len().saturating_sub(10) {
            0 => String::new(),
            more => format!("; and {more} more rows"),
        };
        let [first, second] = &self.groups;
        let summary = (!rows.is_empty())
            .then(|| format!("From {first} to {second}. {}{rest}.", described.join("; ")));
        self.labels.figure("Dumbbell plot", summary, |canvas| self.paint(canvas, &rows, missing))
    }

    fn paint(&self, canvas: &Canvas, rows: &[Row], missing: usize) -> Result<()> {
        let mut frame = Frame::new(canvas, &self.labels, &[], left_out(missing))?;
        let colour = theme::colour(0);
        let [first, second] = self.groups.clone();
        key(canvas, &mut frame, &[(Mark::Ring(theme::MUTED), first), (Mark::Dot(colour), second)])?;
        let unit = self.labels.unit;
        let tick = Text::new(theme::TICK, theme::MUTED);
        let label = Text::new(theme::LABEL, theme::INK);
        let widest = rows.iter().map(|row| label.width(&row.name)).fold(0.0, f64::max);
        let room = widest.min(canvas.width * 0.35);
        frame.left += room + 16.0;
        let differences: Vec<String> =
            signed_alike(unit, &rows.iter().map(Row::difference).collect::<Vec<_>>());
        let heading = "Difference";
        let widest = differences.iter().map(|text| label.width(text)).fold(0.0, f64::max);
        let beside = widest.max(tick.width(heading)) + 16.0;
        let numbered = frame.right - frame.left - beside > 110.0;
        let right = frame.right;
        frame.right -= if numbered { beside } else { 10.0 };
        if numbered {
            let style = tick.at(HPos::Right, VPos::Center);
            canvas.text(heading, (right, frame.top - 2.0), style)?;
            frame.top += 8.0;
        }
        let range = extent(rows.iter().flat_map(|row| row.ends)).unwrap_or((0.0, 1.0));
        let count = ((frame.right - frame.left) / 80.0).clamp(2.0, 10.0) as usize;
        let ticks = ticks(range, count, unit, false);
        let x = Scale::new(ticks.range, (frame.left, frame.right));
        let mut texts = vec![];
        for (at, text) in ticks.at.iter().zip(&ticks.text) {
            let place = x.at(*at);
            canvas.line(&[(place, frame.top), (place, frame.bottom)], theme::GRID, 1.0)?;
            texts.push((place, text.clone()));
        }
        frame.x_labels(canvas, &texts, false)?;
        let slot = (frame.bottom - frame.top) / rows.len() as f64;
        let every = (15.0 / slot).ceil().max(1.0) as usize;
        let radius = (slot * 0.4).clamp(1.5, 6.0);
        for (place, row) in rows.iter().enumerate() {
            let y = frame.top + slot * (place as f64 + 0.5);
            if place % every == 0 {
                let name = label.fit(&row.name, room);
                canvas.text(&name, (frame.left - 14.0, y), label.at(HPos::Right, VPos::Center))?;
                if numbered {
                    canvas.text(
                        &differences[place],
                        (right, y),
                        label.at(HPos::Right, VPos::Center),
                    )?;
                }
            }
            let [first, second] = row.ends.map(|value| (x.at(value), y));
            canvas.line(&[first, second], theme::FADED, radius.min(3.0))?;
            if radius > 3.0 {
                ring(canvas, first, radius, theme::MUTED)?;
            } else {
                canvas.dot(first, radius, theme::MUTED)?;
            }
            canvas.dot(second, radius, colour)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_order_or_are_sorted_by_difference() -> Result<()> {
        let frame = df!(
            "plan" => ["free", "team", "pro", "lost"], "a" => [Some(10.0), Some(20.0), Some(30.0), None],
            "b" => [11.0, 15.0, 42.0, 1.0],
        )?;
        let order = |figure: &Figure| {
            let text = figure.svg().replace(['\n', '\r'], "");
            let mut places =
                ["free", "team", "pro"].map(|name| (text.find(&format!(">{name}<")), name));
            places.sort();
            assert!(
                places[0].0.is_some()
                    && !text.contains(">lost<")
                    && text.contains("1 value is missing"),
                "{text}"
            );
            places.map(|(_, name)| name)
        };
        let chart = dumbbell(&frame, "plan", "a", "b").groups("before", "after");
        assert_eq!(order(&chart.clone().draw()?), ["free", "team", "pro"]);
        let sorted = chart.sort_by_difference().title("Pro grows").draw()?;
        assert_eq!(order(&sorted), ["pro", "free", "team"]);
        assert_eq!(
            sorted.alt(),
            "Pro grows. Dumbbell plot of a and b by plan. From before to after. pro: 30 to 42, +12; free: 10 to 11, +1; \
             team: 20 to 15, -5."
        );
        Ok(())
    }

    /// The legend looks like the dots: one open, one full, each as often as in the rows.
    #[test]
    fn the_legend_looks_like_the_dots() -> Result<()> {
        let frame = df!("plan" => ["free", "team"], "a" => [1, 2], "b" => [3, 4])?;
        let figure = dumbbell(&frame, "plan", "a", "b").draw()?;
        let dots = |colour: &str| {
            figure
                .svg()
                .split("<circle")
                .skip(1)
                .filter(|dot| dot.split('>').next().is_some_and(|tag| tag.contains(colour)))
                .count()
        };
        assert_eq!((dots("#5F5F5F"), dots("#FFFFFF"), dots("#0072B2")), (3, 3, 3));
        Ok(())
    }
}
