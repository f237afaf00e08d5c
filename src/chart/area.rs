//! Stacked areas: how parts of a whole develop, as amounts or as shares.

use std::ops::Range;

use plotters::style::text_anchor::{HPos, VPos};
use polars::prelude::*;

use super::across::{Across, inside};
use super::apart::apart;
use super::axis::{Scale, ticks};
use super::canvas::{Canvas, Text};
use super::mark::{Along, Axis, Ground, along_lines};
use super::{
    Frame, Key, Labels, Unit, columns, drawable, extent, labels, left_out, marks, names, numbers,
    places, theme,
};
use crate::error::{Error, Result};
use crate::figure::Figure;

/// Builds a stacked area chart: see [`area`].
#[derive(Debug, Clone)]
pub struct Area<'f> {
    frame: &'f DataFrame,
    x: String,
    y: String,
    by: String,
    share: bool,
    labels: Labels,
}

/// Stacks `y` over `x`, one band for each value of `by`: the first in the frame at the bottom, where its course is
/// easiest to see. Several rows for the same band and place add up.
///
/// `x` may be a number, a date or a text (then in order of first appearance). A value that is null is a gap in the whole
/// stack, because nobody knows where the bands above it begin; so is a row that is missing between others of its band.
/// Before its first row and after its last a band is not there.
///
/// ```
/// use casebook::prelude::*;
///
/// let subscribers = df!(
///     "quarter" => ["Q1", "Q1", "Q2", "Q2", "Q3", "Q3"],
///     "plan" => ["Monthly", "Annual", "Monthly", "Annual", "Monthly", "Annual"],
///     "subscribers" => [900, 300, 1_000, 500, 1_050, 900],
/// )?;
/// let figure = chart::area(&subscribers, "quarter", "subscribers", "plan")
///     .share()
///     .title("Annual plans grew from a quarter to almost half of subscribers")
///     .labels("Quarter", "Share of subscribers")
///     .draw()?;
/// assert!(figure.alt().contains("Annual: 25.0% at Q1, 46.2% at Q3"));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn area<'f>(frame: &'f DataFrame, x: &str, y: &str, by: &str) -> Area<'f> {
    Area { frame, x: x.into(), y: y.into(), by: by.into(), share: false, labels: Labels::new(x, y) }
}

labels!(Area);
marks!(Area);

impl Area<'_> {
    /// Shows each band's share of the whole, from 0 to 100%, instead of amounts. Where the whole is 0 there is a gap.
    pub fn share(mut self) -> Self {
        self.share = true;
        self
    }

    /// Draws the chart. [`unit`](Area::unit) is the unit of the amounts; shares are always in percent.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn)
    /// for a `y` that is not a number, or below 0, which is no part of a whole; a size out of range, or more than 200,000
    /// points.
    pub fn draw(self) -> Result<Figure> {
        let data = Data::new(&self)?;
        let summary = data.summary(self.unit_shown(), self.share);
        let kind = if self.share { "Stacked area chart of shares" } else { "Stacked area chart" };
        // Marks are told in the unit that is drawn.
        let labels = Labels { unit: self.unit_shown(), ..self.labels.clone() };
        labels.figure(kind, summary, |canvas| self.paint(canvas, &data))
    }

    fn unit_shown(&self) -> Unit {
        if self.share { Unit::Percent } else { self.labels.unit }
    }

    fn paint(&self, canvas: &Canvas, data: &Data) -> Result<()> {
        let label = Text::new(theme::LABEL, theme::INK).bold();
        let widest = data.series.iter().map(|name| label.width(name)).fold(0.0, f64::max);
        // A few short names stand beside their bands; otherwise there is a legend, in the bands' order.
        let direct = data.series.len() <= 8 && widest <= canvas.width * 0.28;
        let marks = &self.labels.marks;
        let squares = data.series.iter().enumerate().map(|(index, name)| Key::square(name, index));
        let keys = marks.keys(squares.collect())?;
        let legend: Vec<Key> = keys.iter().rev().filter(|_| !direct).cloned().collect();
        let mut frame = Frame::keyed(canvas, &self.labels, &legend, left_out(data.left_out))?;
        if direct {
            frame.right -= widest + 10.0;
        }
        let rows = ((frame.bottom - frame.top) / 45.0).clamp(2.0, 8.0) as usize;
        let most = if self.share { 1.0 } else { data.highest() };
        let up = extent(marks.numbers(Axis::Y).chain([0.0, most])).unwrap_or((0.0, most));
        let up = ticks(up, rows, self.unit_shown(), false);
        let mut plot = Frame { left: frame.left + Frame::y_room(&up), ..frame };
        let range = data.across.range(&data.xs, marks.numbers(Axis::X));
        let span = (plot.left + 2.0, plot.right - 2.0);
        let across = data.across.ticks(range, plot.right - plot.left, self.labels.x_ticks);
        let x = Scale::of(&across, span);
        let along = data.across.along(x);
        marks.head_room(&mut plot, &along, Axis::X)?;
        frame.top = plot.top;
        let y = frame.y_axis(canvas, &up)?;
        let mut ground = Ground::new(marks, frame, (along, Along::Numbers(y)), false);
        ground.filled = true;
        for run in data.runs() {
            for (series, (below, above)) in data.bands(&run).into_iter().enumerate() {
                let at: Vec<f64> = run.clone().map(|place| x.at(data.xs[place])).collect();
                let edge = |values: &[f64]| -> Vec<(f64, f64)> {
                    at.iter().zip(values).map(|(at, value)| (*at, y.at(*value))).collect()
                };
                let (mut upper, mut lower) = (edge(&above), edge(&below));
                if let ([(left, top)], [(_, bottom)]) = (&upper[..], &lower[..]) {
                    // A place between gaps has no width of its own.
                    (upper, lower) = (
                        vec![(left - 3.0, *top), (left + 3.0, *top)],
                        vec![(left - 3.0, *bottom), (left + 3.0, *bottom)],
                    );
                }
                let outline: Vec<(f64, f64)> =
                    upper.iter().copied().chain(lower.into_iter().rev()).collect();
                canvas.area(&outline, keys[series].colour, 0.88)?;
                // Bands of any two colours are told apart by what is between them.
                canvas.line(&upper, theme::PAPER, 1.0)?;
                if !marks.is_empty() {
                    ground.busy.extend(along_lines([upper.as_slice()]));
                }
            }
        }
        // Over the bands, which would hide what is shaded behind them.
        ground.behind(canvas)?;
        canvas.line(&[(frame.left, y.at(0.0)), (frame.right, y.at(0.0))], theme::AXIS, 1.0)?;
        let texts: Vec<(f64, String)> = across
            .at
            .iter()
            .zip(&across.text)
            .map(|(at, text)| (x.at(*at), text.clone()))
            .collect();
        inside(canvas, (frame.left, frame.right + 4.0), frame.bottom + 13.0, &texts)?;
        if direct && let Some(last) = data.runs().last() {
            let middle = |(below, above): &(Vec<f64>, Vec<f64>)| {
                let end = below.len() - 1;
                y.at(below[end] / 2.0 + above[end] / 2.0)
            };
            let ends: Vec<f64> = data.bands(last).iter().map(middle).collect();
            let spread = apart(&ends, 16.0, (frame.top + 7.0, frame.bottom - 6.0));
            for (key, at) in keys.iter().zip(spread) {
                let prominent = marks.is_prominent(&key.name);
                let colour = if prominent { key.colour } else { theme::MUTED };
                let style = Text { colour, bold: prominent, ..label };
                let at = (frame.right + 8.0, at);
                canvas.text(&key.name, at, style.at(HPos::Left, VPos::Center))?;
            }
        }
        ground.before(canvas)
    }
}

struct Data {
    series: Vec<String>,
    across: Across,
    /// Places where there is a stack or a gap, rising.
    xs: Vec<f64>,
    /// At each place, each band's height; `None` where there is a gap.
    stacks: Vec<Option<Vec<f64>>>,
    left_out: usize,
}

impl Data {
    fn new(chart: &Area) -> Result<Data> {
        let frame = chart.frame;
        columns(frame, &[&chart.x, &chart.y, &chart.by])?;
        let across = Across::new(frame, &chart.x)?;
        let ys = numbers(frame, &chart.y)?;
        not_negative(&chart.y, &ys)?;
        let (series, owners) = places(&names(frame, &chart.by)?);
        let xs = across.places();
        drawable("points", xs.len(), series.len())?;
        // By place, then band: what is there, and whether all of it is known.
        let mut cells: Vec<Vec<Option<Option<f64>>>> = vec![vec![None; series.len()]; xs.len()];
        let mut left_out = 0;
        for (row, y) in ys.iter().enumerate() {
            left_out += usize::from(y.is_none() || across.at[row].is_none());
            let Some(x) = across.at[row] else { continue };
            let place = xs.partition_point(|other| *other < x);
            let cell = cells[place][owners[row]].get_or_insert(Some(0.0));
            *cell = cell.zip(*y).map(|(sum, y)| (sum + y).min(f64::MAX));
        }
        // A band's own span: outside it is not there, inside a missing row is a gap.
        let span = |band: usize| {
            let there = |row: &Vec<Option<Option<f64>>>| row[band].is_some();
            let first = cells.iter().position(there);
            first.zip(cells.iter().rposition(there))
        };
        let spans: Vec<Option<(usize, usize)>> = (0..series.len()).map(span).collect();
        let stack = |(place, row): (usize, &Vec<Option<Option<f64>>>)| -> Option<Vec<f64>> {
            let heights: Option<Vec<f64>> = row
                .iter()
                .zip(&spans)
                .map(|(cell, span)| match (cell, span) {
                    (Some(known), _) => *known,
                    (None, Some((first, last))) if (first..=last).contains(&&place) => None,
                    (None, _) => Some(0.0),
                })
                .collect();
            if chart.share { shares(heights?) } else { heights }
        };
        let mut stacks: Vec<Option<Vec<f64>>> = cells.iter().enumerate().map(stack).collect();
        if stacks.iter().all(Option::is_none) {
            stacks.clear();
        }
        Ok(Data { series, across, xs, stacks, left_out })
    }

    /// Unbroken stretches of places with stacks.
    fn runs(&self) -> Vec<Range<usize>> {
        let mut runs: Vec<Range<usize>> = vec![];
        for place in (0..self.stacks.len()).filter(|place| self.stacks[*place].is_some()) {
            match runs.last_mut() {
                Some(run) if run.end == place => run.end += 1,
                _ => runs.push(place..place + 1),
            }
        }
        runs
    }

    /// Each band's lower and upper edge over a stretch.
    fn bands(&self, run: &Range<usize>) -> Vec<(Vec<f64>, Vec<f64>)> {
        let stacks = || self.stacks[run.clone()].iter().flatten();
        let mut base: Vec<f64> = stacks().map(|_| 0.0).collect();
        (0..self.series.len())
            .map(|band| {
                let above: Vec<f64> = (base.iter().zip(stacks()))
                    .map(|(base, stack)| (base + stack[band]).min(f64::MAX))
                    .collect();
                (std::mem::replace(&mut base, above.clone()), above)
            })
            .collect()
    }

    fn highest(&self) -> f64 {
        let total = |stack: &Vec<f64>| stack.iter().sum::<f64>().min(f64::MAX);
        self.stacks.iter().flatten().map(total).fold(0.0, f64::max)
    }

    /// In words: where each band begins and ends, and their sum. `None` without data.
    fn summary(&self, unit: Unit, share: bool) -> Option<String> {
        let shown: Vec<(f64, &Vec<f64>)> =
            self.xs.iter().zip(&self.stacks).filter_map(|(x, s)| Some((*x, s.as_ref()?))).collect();
        let (first, last) = (shown.first()?, shown.last()?);
        let course = |name: &str, from: f64, to: f64| {
            let (x0, x1) = (self.across.text(first.0), self.across.text(last.0));
            match shown.len() {
                1 => format!("{name}: {} at {x0}", unit.text(from)),
                _ => format!("{name}: {} at {x0}, {} at {x1}", unit.text(from), unit.text(to)),
            }
        };
        let mut parts: Vec<String> = (self.series.iter().enumerate().take(8))
            .map(|(band, name)| course(name, first.1[band], last.1[band]))
            .collect();
        let more = self.series.len().saturating_sub(8);
        if more > 0 {
            parts.push(format!("and {more} more series"));
        }
        if !share && self.series.len() > 1 {
            let total = |stack: &Vec<f64>| stack.iter().sum::<f64>().min(f64::MAX);
            parts.push(course("together", total(first.1), total(last.1)));
        }
        let gaps = self.stacks.iter().filter(|stack| stack.is_none()).count();
        let gaps = match gaps {
            0 => String::new(),
            1 => " There is a gap at 1 place.".into(),
            n => format!(" There are gaps at {n} places."),
        };
        Some(format!("{}.{gaps}", parts.join("; ")))
    }
}

/// Parts of their sum; `None` if there is nothing to share. By the largest first: a sum may overflow.
fn shares(heights: Vec<f64>) -> Option<Vec<f64>> {
    let most = heights.iter().copied().fold(0.0, f64::max);
    let scaled = || heights.iter().map(|height| height / most);
    let total: f64 = scaled().sum();
    (most > 0.0).then(|| scaled().map(|part| part / total).collect())
}

/// That no value is below 0: such a one is no part of a whole, and no flow.
pub(super) fn not_negative(column: &str, values: &[Option<f64>]) -> Result<()> {
    let found = values.iter().enumerate().find_map(|(row, v)| Some((row, v.filter(|v| *v < 0.0)?)));
    match found {
        None => Ok(()),
        Some((row, value)) => {
            let problem = format!("holds {value} in row {}; it must be 0 or more", row + 1);
            Err(Error::column("chart's", column, problem))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(share: bool) -> Data {
        let frame = df!(
            "month" => [1, 1, 2, 2, 3, 3, 4, 4, 5],
            "plan" => ["free", "pro", "free", "pro", "free", "pro", "free", "pro", "free"],
            "users" => [Some(3.0), Some(1.0), Some(2.0), None, Some(0.0), Some(0.0), Some(1.0), Some(3.0), Some(2.0)],
        )
        .unwrap();
        let chart = area(&frame, "month", "users", "plan");
        Data::new(&if share { chart.share() } else { chart }).unwrap()
    }

    #[test]
    fn a_null_is_a_gap_and_a_band_ends_with_its_last_row() {
        let data = data(false);
        assert_eq!(data.stacks[0], Some(vec![3.0, 1.0]));
        assert_eq!(data.stacks[1], None);
        assert_eq!(data.stacks[4], Some(vec![2.0, 0.0]));
        assert_eq!((data.runs(), data.left_out), (vec![0..1, 2..5], 1));
        let bands = data.bands(&(2..5));
        assert_eq!(bands[1], (vec![0.0, 1.0, 2.0], vec![0.0, 4.0, 2.0]));
    }

    #[test]
    fn shares_add_up_to_one_and_nothing_has_none() {
        let data = data(true);
        assert_eq!(data.stacks[0], Some(vec![0.75, 0.25]));
        assert_eq!(data.stacks[2], None);
        assert_eq!(shares(vec![f64::MAX, f64::MAX]), Some(vec![0.5, 0.5]));
    }

    #[test]
    fn a_row_missing_within_a_band_is_a_gap() {
        let frame =
            df!("x" => [1, 2, 3, 1, 3], "y" => [1, 1, 1, 1, 1], "by" => ["a", "a", "a", "b", "b"]);
        let data = Data::new(&area(&frame.unwrap(), "x", "y", "by")).unwrap();
        assert_eq!(data.runs(), [0..1, 2..3]);
    }

    #[test]
    fn negative_values_are_refused_by_name() {
        let frame = df!("x" => [1, 2], "y" => [1.0, -2.5], "by" => ["a", "a"]).unwrap();
        let told = area(&frame, "x", "y", "by").draw().unwrap_err().to_string();
        assert!(told.contains("`y`") && told.contains("-2.5 in row 2"), "{told}");
    }
}
