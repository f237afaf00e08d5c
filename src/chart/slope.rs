//! Slope charts: how several things changed between two moments.

use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};
use polars::prelude::*;

use super::apart::apart;
use super::axis::{Scale, ticks};
use super::canvas::{Canvas, Text};
use super::label::short;
use super::{Frame, Labels, columns, drawable, extent, labels, left_out, names, numbers, theme};
use crate::error::{Error, Result, nearest};
use crate::figure::Figure;

/// Builds a slope chart: see [`slope`].
#[derive(Debug, Clone)]
pub struct Slope<'f> {
    frame: &'f DataFrame,
    name: String,
    columns: [String; 2],
    moments: [String; 2],
    highlight: Vec<String>,
    labels: Labels,
}

/// Begins a slope chart: a line for each `name`, from its value in the column `before` on the left to the one in `after` on
/// the right, with name and value at both ends. Best for up to a dozen lines. The scale spans the values and need not
/// include 0; there is no axis, since each value is written out.
///
/// A frame with a row for each moment has two such columns after [`pivot_wider`](crate::frame::Verbs::pivot_wider).
///
/// ```
/// use casebook::prelude::*;
///
/// let retention = df!(
///     "plan" => ["Free", "Team", "Business", "Enterprise"],
///     "2023" => [0.18, 0.44, 0.52, 0.71],
///     "2024" => [0.17, 0.56, 0.54, 0.73],
/// )?;
/// let figure = chart::slope(&retention, "plan", "2023", "2024")
///     .highlight("Team")
///     .title("Only Team keeps clearly more of its users than a year ago")
///     .y_label("Share active 30 days after sign-up")
///     .unit(Unit::Percent)
///     .draw()?;
/// assert!(figure.alt().contains("Team: 44.0% in 2023, 56.0% in 2024"));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn slope<'f>(frame: &'f DataFrame, name: &str, before: &str, after: &str) -> Slope<'f> {
    Slope {
        frame,
        name: name.into(),
        columns: [before.into(), after.into()],
        moments: [short(before), short(after)],
        highlight: vec![],
        labels: Labels::new("", &format!("{before} and {after}")),
    }
}

labels!(Slope);

struct Series {
    name: String,
    ends: [f64; 2],
    /// Its place among the highlighted ones.
    marked: Option<usize>,
}

const GAP: f64 = 15.5;

impl Slope<'_> {
    /// Draws this line in a colour of its own, and those that are not highlighted in grey.
    pub fn highlight(mut self, name: &str) -> Self {
        self.highlight.push(name.to_owned());
        self
    }

    /// Names the two moments, if their columns' names do not.
    pub fn moments(mut self, before: &str, after: &str) -> Self {
        self.moments = [short(before), short(after)];
        self
    }

    /// Draws the chart.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn),
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a value that is not a number,
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a highlighted name that is not there, a size out
    /// of range, or more than 200,000 lines.
    pub fn draw(self) -> Result<Figure> {
        let (series, missing) = self.series()?;
        let unit = self.labels.unit;
        let [before, after] = &self.moments;
        let marked = series.iter().filter(|one| one.marked.is_some());
        let others = series.iter().filter(|one| one.marked.is_none());
        let described: Vec<String> = (marked.chain(others).take(8))
            .map(|one| {
                let [from, to] = one.ends.map(|value| unit.text(value));
                format!("{}: {from} in {before}, {to} in {after}", one.name)
            })
            .collect();
        let more = series.len().saturating_sub(8);
        let range = extent(series.iter().flat_map(|one| one.ends)).map(|(low, high)| {
            let (low, high) = (unit.text(low), unit.text(high));
            let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
            format!("{}{rest}. All between {low} and {high}.", described.join("; "))
        });
        // The horizontal axis shows the moments; what the lines are stands only in words.
        let worded = Labels { x: short(&self.name), ..self.labels.clone() };
        worded.figure("Slope chart", range, |canvas| self.paint(canvas, &series, missing))
    }

    fn series(&self) -> Result<(Vec<Series>, usize)> {
        let [before, after] = &self.columns;
        columns(self.frame, &[&self.name, before, after])?;
        let names = names(self.frame, &self.name)?;
        drawable("lines", names.len(), 1)?;
        if let Some(wanted) = self.highlight.iter().find(|wanted| !names.contains(wanted)) {
            let meant = nearest(wanted, names.iter().map(String::as_str));
            let meant = meant.map_or(String::new(), |name| format!("; did you mean \"{name}\"?"));
            let accepted = format!("names in `{}`{meant}", self.name);
            return Err(Error::config("highlight", format!("\"{}\"", short(wanted)), accepted));
        }
        let count = names.len();
        let ends = numbers(self.frame, before)?.into_iter().zip(numbers(self.frame, after)?);
        let series: Vec<Series> = (names.into_iter().zip(ends))
            .filter_map(|(name, (from, to))| {
                let marked = self.highlight.iter().position(|wanted| *wanted == name);
                Some(Series { name: short(&name), ends: [from?, to?], marked })
            })
            .collect();
        let missing = count - series.len();
        Ok((series, missing))
    }

    fn colours(&self, one: &Series) -> (RGBColor, RGBColor) {
        match one.marked {
            Some(place) => (theme::colour(place), theme::colour(place)),
            None if self.highlight.is_empty() => (theme::colour(0), theme::INK),
            None => (theme::FADED, theme::MUTED),
        }
    }

    fn paint(&self, canvas: &Canvas, series: &[Series], missing: usize) -> Result<()> {
        let mut frame = Frame::new(canvas, &self.labels, &[], left_out(missing))?;
        let style = |one: &Series| {
            let text = Text::new(theme::LABEL, self.colours(one).1);
            if one.marked.is_some() { text.bold() } else { text }
        };
        let unit = self.labels.unit;
        let value = |one: &Series, end: usize| unit.text(one.ends[end]);
        let widest = |of: &dyn Fn(&Series) -> f64| series.iter().map(of).fold(0.0, f64::max);
        let values = [0, 1].map(|end| widest(&|one| style(one).width(&value(one, end))));
        let name = widest(&|one| style(one).width(&one.name)).min(canvas.width * 0.28);
        // Where there is no room for the names on both sides, they stand on the right.
        let room = |left: f64| canvas.width - 28.0 - left - name - values[0] - values[1] - 40.0;
        let both = room(name) >= canvas.width * 0.25;
        let names = [if both { name } else { 0.0 }, name];
        frame.left += values[0] + names[0] + 22.0;
        frame.right -= values[1] + names[1] + 22.0;
        let (low, high) = extent(series.iter().flat_map(|one| one.ends)).unwrap_or((0.0, 1.0));
        let range = if high / 2.0 - low / 2.0 > 0.0 {
            (low, high)
        } else {
            ticks((low, high), 2, unit, false).range
        };
        let y = Scale::new(range, (frame.bottom - 8.0, frame.top + 8.0));
        let sides = [frame.left, frame.right];
        for x in sides {
            canvas.line(&[(x, frame.top), (x, frame.bottom)], theme::GRID, 1.0)?;
        }
        let below: Vec<(f64, String)> =
            sides.into_iter().zip(self.moments.iter().cloned()).collect();
        let tick = Text::new(theme::LABEL, theme::INK).bold().at(HPos::Center, VPos::Center);
        for (x, moment) in below {
            let moment = tick.fit(&moment, canvas.width * 0.45);
            let half = tick.width(&moment) / 2.0;
            let x = x.clamp(half + 2.0, (canvas.width - half - 2.0).max(half + 2.0));
            canvas.text(&moment, (x, frame.bottom + 12.0), tick)?;
        }
        // What is highlighted lies above what is not.
        let mut order: Vec<&Series> = series.iter().collect();
        order.sort_by_key(|one| one.marked.is_some());
        for one in &order {
            let colour = self.colours(one).0;
            let ends = [0, 1].map(|end| (sides[end], y.at(one.ends[end])));
            canvas.line(&ends, colour, if one.marked.is_some() { 2.8 } else { 1.8 })?;
            ends.iter().try_for_each(|end| canvas.dot(*end, 3.6, colour))?;
        }
        for end in [0, 1] {
            let (side, out) = if end == 0 { (HPos::Right, -1.0) } else { (HPos::Left, 1.0) };
            let at = |one: &Series| y.at(one.ends[end]);
            for (one, place) in labelled(series, at, (frame.top, frame.bottom)) {
                let style = style(one).at(side, VPos::Center);
                let from = (sides[end] + out * 5.0, at(one));
                if (place - from.1).abs() > 2.0 {
                    // A label that had to move is tied to its end.
                    let to = (sides[end] + out * 12.0, place);
                    canvas.line(&[from, to], theme::FADED, 1.0)?;
                }
                let x = sides[end] + out * 14.0;
                canvas.text(&value(one, end), (x, place), style)?;
                if names[end] > 0.0 {
                    let name = style.fit(&one.name, names[end]);
                    canvas.text(&name, (x + out * (values[end] + 8.0), place), style)?;
                }
            }
        }
        Ok(())
    }
}

/// Which lines have labels, and where: all, moved apart; if there is no room for all, the highlighted ones, and of the
/// others those that are in nobody's way.
fn labelled(
    series: &[Series],
    at: impl Fn(&Series) -> f64,
    (top, bottom): (f64, f64),
) -> Vec<(&Series, f64)> {
    let room = ((bottom - top) / GAP) as usize + 1;
    let all: Vec<&Series> = series.iter().collect();
    let marked: Vec<&Series> =
        series.iter().filter(|one| one.marked.is_some()).take(room).collect();
    let first = if all.len() <= room { all } else { marked };
    let wanted: Vec<f64> = first.iter().map(|one| at(one)).collect();
    let placed = apart(&wanted, GAP, (top, bottom));
    let mut labels: Vec<(&Series, f64)> = first.into_iter().zip(placed).collect();
    if series.len() > room {
        for one in series.iter().filter(|one| one.marked.is_none()) {
            let place = at(one);
            if labels.len() < room && labels.iter().all(|(_, other)| (other - place).abs() >= GAP) {
                labels.push((one, place));
            }
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[f64], marked: usize) -> Vec<Series> {
        let one = |(place, value): (usize, &f64)| Series {
            name: place.to_string(),
            ends: [*value; 2],
            marked: (place == marked).then_some(0),
        };
        values.iter().enumerate().map(one).collect()
    }

    #[test]
    fn ends_and_highlights_are_told_and_drawn() -> Result<()> {
        let frame = df!(
            "plan" => ["Free", "Team", "Pro"], "q1" => [Some(0.2), Some(0.3), None], "q2" => [0.25, 0.5, 0.4],
        )?;
        let chart = slope(&frame, "plan", "q1", "q2").unit(crate::chart::Unit::Percent);
        let figure = chart.clone().highlight("Team").moments("January", "April").draw()?;
        let told = "Slope chart of q1 and q2 by plan. Team: 30.0% in January, 50.0% in April; \
                    Free: 20.0% in January, 25.0% in April. All between 20.0% and 50.0%.";
        assert!(figure.alt().ends_with(told), "{}", figure.alt());
        let text = figure.svg().replace(['\n', '\r'], "");
        assert_eq!(text.matches(">Team<").count(), 2);
        assert!(text.contains("1 value is missing") && !text.contains(">Pro<"));
        // The others are grey.
        assert_eq!(figure.svg().matches("stroke=\"#B4B4B4\" stroke-width=\"7\"").count(), 1);
        let told = chart.highlight("Teams").draw().unwrap_err().to_string();
        assert!(
            told.contains("`highlight` is \"Teams\"") && told.contains("did you mean \"Team\"?"),
            "{told}"
        );
        Ok(())
    }

    #[test]
    fn labels_do_not_overlap() {
        let close = series(&[50.0, 50.0, 51.0, 52.0, 90.0], 0);
        let crowd = series(&(0..300).map(|i| f64::from(i) / 3.0).collect::<Vec<_>>(), 7);
        for (lines, most) in [(&close, 5), (&crowd, 7)] {
            let labels = labelled(lines, |one| one.ends[0], (0.0, 100.0));
            assert_eq!(labels.len(), most);
            assert!(labels.iter().any(|(one, _)| one.marked.is_some()));
            let mut places: Vec<f64> = labels.iter().map(|(_, place)| *place).collect();
            places.sort_by(f64::total_cmp);
            assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= GAP - 1e-9), "{places:?}");
            assert!(places.iter().all(|place| (0.0..=100.0).contains(place)), "{places:?}");
        }
    }
}
