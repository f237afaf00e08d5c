//! Small multiples: the same small chart for each value of a column, on shared axes.

use plotters::style::text_anchor::{HPos, VPos};
use polars::prelude::*;

use super::across::{Across, inside};
use super::axis::{Scale, Ticks, ticks};
use super::canvas::{Canvas, Text};
use super::{
    Frame, Labels, Unit, columns, drawable, extent, labels, left_out, names, numbers, places, theme,
};
use crate::error::{Error, Result};
use crate::figure::Figure;

/// Builds small multiples: see [`multiples`].
#[derive(Debug, Clone)]
pub struct Multiples<'f> {
    frame: &'f DataFrame,
    x: String,
    y: String,
    by: String,
    bars: bool,
    others: bool,
    zoom: bool,
    columns: Option<usize>,
    labels: Labels,
}

/// Begins small multiples: `y` over `x` as a small line chart for each value of `by`, in the frame's order. All have
/// the same axes, so that they can be compared; numbers stand only at the outer edges. The grid is the one whose panels
/// have the best shape.
///
/// `x` may be a number, a date or a text (then in order of first appearance).
///
/// ```
/// use casebook::prelude::*;
///
/// let signups = df!(
///     "month" => [1, 2, 3, 1, 2, 3, 1, 2, 3],
///     "channel" => ["Ads", "Ads", "Ads", "Search", "Search", "Search", "Referral", "Referral", "Referral"],
///     "signups" => [410, 300, 190, 250, 260, 270, 60, 140, 330],
/// )?;
/// let figure = chart::multiples(&signups, "month", "signups", "channel")
///     .others()
///     .title("Referrals overtook ads within a quarter")
///     .labels("Month", "Sign-ups a month")
///     .draw()?;
/// assert!(figure.alt().contains("3 panels"));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn multiples<'f>(frame: &'f DataFrame, x: &str, y: &str, by: &str) -> Multiples<'f> {
    Multiples {
        frame,
        x: x.into(),
        y: y.into(),
        by: by.into(),
        bars: false,
        others: false,
        zoom: false,
        columns: None,
        labels: Labels::new(x, y),
    }
}

labels!(Multiples);

impl Multiples<'_> {
    /// Draws bars instead of lines, one for each `x`. Several rows for the same bar add up.
    pub fn bars(mut self) -> Self {
        self.bars = true;
        self
    }

    /// Draws the other series in grey behind each panel's own. Lines only.
    pub fn others(mut self) -> Self {
        self.others = true;
        self
    }

    /// Lets the vertical axis start near the lowest value instead of at 0. Lines only.
    pub fn zoom(mut self) -> Self {
        self.zoom = true;
        self
    }

    /// Sets how many panels are side by side, instead of the number that gives them the best shape.
    pub fn columns(mut self, columns: usize) -> Self {
        self.columns = Some(columns);
        self
    }

    /// Draws the chart.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn)
    /// for a `y` that is not a number; a size out of range, or too small for so many panels; more than 200,000 marks; bars
    /// with [`others`](Multiples::others) or [`zoom`](Multiples::zoom).
    pub fn draw(self) -> Result<Figure> {
        if self.bars && (self.others || self.zoom) {
            let asked = if self.others { "others" } else { "zoom" };
            return Err(Error::config(asked, "asked for with bars", "lines only"));
        }
        let data = Data::new(&self)?;
        let summary = data.summary(self.labels.unit);
        let kind = if self.bars { "Small bar charts" } else { "Small line charts" };
        self.labels.figure(kind, summary, |canvas| self.paint(canvas, &data))
    }

    fn paint(&self, canvas: &Canvas, data: &Data) -> Result<()> {
        let mut frame = Frame::new(canvas, &self.labels, &[], left_out(data.left_out))?;
        let range = data.y_range(self.zoom);
        // The room for numbers depends on them, and how many there are on the panels' height: a guess is enough.
        let guess = ticks(range, 3, self.labels.unit, false);
        let number = Text::new(theme::TICK, theme::MUTED).at(HPos::Right, VPos::Center);
        let widest = guess.text.iter().map(|text| number.width(text)).fold(0.0, f64::max);
        frame.left += widest + 8.0;
        let room = (frame.right - frame.left, frame.bottom - frame.top);
        let grid = Grid::new(data.series.len(), room, self.columns).ok_or_else(|| {
            let found = format!("{} x {}", self.labels.size.0, self.labels.size.1);
            let accepted = format!(
                "room for {} panels of {LEAST_WIDE} x {LEAST_TALL} pixels or more: enlarge the chart, or filter the frame",
                data.series.len()
            );
            Error::config("size", found, accepted)
        })?;
        let y_ticks =
            ticks(range, (grid.tall / 30.0).clamp(1.0, 5.0) as usize, self.labels.unit, false);
        let (left, top) = (frame.left, frame.top);
        for (index, (name, points)) in data.series.iter().enumerate() {
            let (row, column) = (index / grid.columns, index % grid.columns);
            frame.left = left + (grid.wide + GAP) * column as f64;
            frame.right = frame.left + grid.wide;
            frame.top = top + (grid.tall + NAME + GAP / 2.0) * row as f64 + NAME;
            frame.bottom = frame.top + grid.tall;
            let y = Scale::of(&y_ticks, (frame.bottom, frame.top));
            for (at, text) in y_ticks.at.iter().zip(&y_ticks.text) {
                let place = y.at(*at);
                let colour = if *at == 0.0 { theme::AXIS } else { theme::GRID };
                canvas.line(&[(frame.left, place), (frame.right, place)], colour, 1.0)?;
                if column == 0 {
                    canvas.text(text, (frame.left - 8.0, place), number)?;
                }
            }
            let heading = Text::new(theme::TICK, theme::INK).bold();
            let at = (frame.left, frame.top - NAME / 2.0 - 1.0);
            canvas.text(&heading.fit(name, grid.wide), at, heading)?;
            // The lowest panel of each column has the horizontal axis.
            let lowest = index + grid.columns >= data.series.len();
            if self.bars {
                Self::paint_bars(canvas, &frame, data, points, &y, lowest)?;
            } else {
                self.paint_lines(canvas, &frame, data, index, &y, lowest)?;
            }
        }
        Ok(())
    }

    fn paint_lines(
        &self,
        canvas: &Canvas,
        frame: &Frame,
        data: &Data,
        own: usize,
        y: &Scale,
        lowest: bool,
    ) -> Result<()> {
        let all = data.series.iter().flat_map(|(_, points)| points).map(|point| point.0);
        let range = extent(all).unwrap_or((0.0, 1.0));
        let across: Ticks = data.across.ticks(range, frame.right - frame.left, self.labels.x_ticks);
        let x = Scale::of(&across, (frame.left + 3.0, frame.right - 3.0));
        let draw = |points: &[(f64, Option<f64>)], colour, width: f64| -> Result<()> {
            for run in points.split(|point| point.1.is_none()) {
                let run: Vec<(f64, f64)> =
                    run.iter().filter_map(|(at, v)| Some((x.at(*at), y.at((*v)?)))).collect();
                match run[..] {
                    [] => {}
                    [at] => canvas.dot(at, width * 1.3, colour)?,
                    _ => canvas.line(&run, colour, width)?,
                }
            }
            Ok(())
        };
        if self.others {
            let others = data.series.iter().enumerate().filter(|(index, _)| *index != own);
            others.into_iter().try_for_each(|(_, (_, points))| draw(points, OTHERS, 1.0))?;
        }
        draw(&data.series[own].1, theme::colour(0), 2.2)?;
        if lowest {
            let texts: Vec<(f64, String)> =
                across.at.iter().zip(&across.text).map(|(at, t)| (x.at(*at), t.clone())).collect();
            inside(canvas, (frame.left, frame.right), frame.bottom + 13.0, &texts)?;
        }
        Ok(())
    }

    fn paint_bars(
        canvas: &Canvas,
        frame: &Frame,
        data: &Data,
        points: &[(f64, Option<f64>)],
        y: &Scale,
        lowest: bool,
    ) -> Result<()> {
        let slots = data.across.places();
        let slot = (frame.right - frame.left) / slots.len().max(1) as f64;
        for (at, value) in points {
            let Some(value) = value else { continue };
            let left = frame.left + slot * slots.partition_point(|other| other < at) as f64;
            let (a, b) = ((left + slot * 0.12, y.at(*value)), (left + slot * 0.88, y.at(0.0)));
            canvas.rect(a, b, theme::colour(0))?;
        }
        canvas.line(&[(frame.left, y.at(0.0)), (frame.right, y.at(0.0))], theme::AXIS, 1.0)?;
        if lowest {
            let texts: Vec<(f64, String)> = (slots.iter().enumerate())
                .map(|(i, at)| (frame.left + slot * (i as f64 + 0.5), data.across.text(*at)))
                .collect();
            inside(canvas, (frame.left, frame.right), frame.bottom + 13.0, &texts)?;
        }
        Ok(())
    }
}

/// Other series, behind: darker than grid lines, lighter than anything that is to be read.
const OTHERS: plotters::style::RGBColor = plotters::style::RGBColor(200, 200, 200);
/// Between panels; half of it between rows.
const GAP: f64 = 16.0;
/// The height of a panel's name.
const NAME: f64 = 18.0;
/// What a panel must have to show anything.
const LEAST_WIDE: f64 = 60.0;
const LEAST_TALL: f64 = 30.0;

struct Grid {
    columns: usize,
    wide: f64,
    tall: f64,
}

impl Grid {
    /// The grid whose panels are closest to half as wide again as tall; `None` if no grid gives them room.
    fn new(panels: usize, (width, height): (f64, f64), columns: Option<usize>) -> Option<Grid> {
        let possible = match columns {
            Some(columns) => columns..=columns,
            None => 1..=panels.min((width / LEAST_WIDE) as usize),
        };
        let grids = possible.filter(|columns| *columns > 0).map(|columns| {
            let rows = panels.div_ceil(columns);
            let wide = (width - GAP * (columns as f64 - 1.0)) / columns as f64;
            let tall = (height - GAP / 2.0 * (rows as f64 - 1.0)) / rows as f64 - NAME;
            let empty = rows * columns - panels;
            (Grid { columns, wide, tall }, empty)
        });
        let fair = |(grid, empty): &(Grid, usize)| {
            (grid.wide / grid.tall / 1.6).ln().abs() + 0.25 * *empty as f64
        };
        grids
            .filter(|(grid, _)| grid.wide >= LEAST_WIDE && grid.tall >= LEAST_TALL)
            .min_by(|a, b| fair(a).total_cmp(&fair(b)))
            .map(|(grid, _)| grid)
    }
}

/// Places across, each with its value, if it has one.
type Points = Vec<(f64, Option<f64>)>;

struct Data {
    /// Each panel's name and points, from left to right.
    series: Vec<(String, Points)>,
    across: Across,
    left_out: usize,
}

impl Data {
    fn new(chart: &Multiples) -> Result<Data> {
        let frame = chart.frame;
        columns(frame, &[&chart.x, &chart.y, &chart.by])?;
        let across = Across::new(frame, &chart.x)?;
        let ys = numbers(frame, &chart.y)?;
        let (series, owners) = places(&names(frame, &chart.by)?);
        drawable("marks", ys.len(), if chart.others { series.len() } else { 1 })?;
        let mut series: Vec<(String, Points)> =
            series.into_iter().map(|name| (name, vec![])).collect();
        let mut left_out = 0;
        for (row, y) in ys.iter().enumerate() {
            left_out += usize::from(y.is_none() || across.at[row].is_none());
            if let Some(x) = across.at[row] {
                series[owners[row]].1.push((x, *y));
            }
        }
        series.retain(|(_, points)| points.iter().any(|point| point.1.is_some()));
        for (_, points) in &mut series {
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            if chart.bars {
                let same = points.chunk_by(|a, b| a.0 == b.0);
                *points = same
                    .filter_map(|rows| {
                        let known: Vec<f64> = rows.iter().filter_map(|row| row.1).collect();
                        let sum = known.iter().sum::<f64>().clamp(f64::MIN, f64::MAX);
                        (!known.is_empty()).then_some((rows[0].0, Some(sum)))
                    })
                    .collect();
            }
        }
        Ok(Data { series, across, left_out })
    }

    fn y_range(&self, zoom: bool) -> (f64, f64) {
        let values = self.series.iter().flat_map(|(_, points)| points).filter_map(|point| point.1);
        let (low, high) = extent(values).unwrap_or((0.0, 1.0));
        if zoom { (low, high) } else { (low.min(0.0), high.max(0.0)) }
    }

    /// In words: where each panel begins and ends. `None` without data.
    fn summary(&self, unit: Unit) -> Option<String> {
        let described: Vec<String> = (self.series.iter().take(8))
            .filter_map(|(name, points)| {
                let shown: Vec<(f64, f64)> =
                    points.iter().filter_map(|(x, y)| Some((*x, (*y)?))).collect();
                let (first, last) = (shown.first()?, shown.last()?);
                let at = |one: &(f64, f64)| {
                    format!("{} at {}", unit.text(one.1), self.across.text(one.0))
                };
                Some(match shown.len() {
                    1 => format!("{name}: {}", at(first)),
                    _ => format!("{name}: {}, {}", at(first), at(last)),
                })
            })
            .collect();
        let (low, high) = self.y_range(true);
        let panels = match self.series.len() {
            0 => return None,
            1 => "1 panel".to_owned(),
            n => format!("{n} panels"),
        };
        let more = self.series.len().saturating_sub(8);
        let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
        let range = format!("All between {} and {}.", unit.text(low), unit.text(high));
        Some(format!("{panels}. {}{rest}. {range}", described.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_fill_the_width_and_keep_their_shape() {
        let grid = |panels, room| Grid::new(panels, room, None).map(|grid| grid.columns);
        assert_eq!(grid(6, (650.0, 290.0)), Some(3));
        assert_eq!(grid(4, (300.0, 290.0)), Some(2));
        assert_eq!(grid(1, (650.0, 290.0)), Some(1));
        assert_eq!(grid(500, (650.0, 290.0)), None);
        assert_eq!(Grid::new(6, (650.0, 290.0), Some(2)).map(|grid| grid.columns), Some(2));
        assert!(Grid::new(6, (650.0, 290.0), Some(0)).is_none());
    }

    #[test]
    fn bars_of_the_same_place_add_up() {
        let frame =
            df!("x" => [2, 1, 2], "y" => [Some(1.0), None, Some(4.0)], "by" => ["a", "a", "a"]);
        let frame = frame.unwrap();
        let data = Data::new(&multiples(&frame, "x", "y", "by").bars()).unwrap();
        assert_eq!(data.series, [("a".to_owned(), vec![(2.0, Some(5.0))])]);
        assert_eq!(data.left_out, 1);
    }

    #[test]
    fn what_has_no_room_or_no_meaning_is_refused() {
        let names: Vec<String> = (0..300).map(|i| format!("channel {i}")).collect();
        let frame = df!("x" => vec![1; 300], "y" => vec![1; 300], "by" => names).unwrap();
        let told = multiples(&frame, "x", "y", "by").draw().unwrap_err().to_string();
        assert!(told.contains("720 x 400") && told.contains("300 panels"), "{told}");
        let told = multiples(&frame, "x", "y", "by").bars().others().draw().unwrap_err();
        assert!(told.to_string().contains("`others`"), "{told}");
    }
}
