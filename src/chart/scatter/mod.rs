//! Scatter plots: how two numbers of each row are related.

mod data;
mod lines;

use std::collections::{BTreeMap, BTreeSet};

use plotters::style::RGBColor;
use polars::prelude::*;

use super::axis::{Scale, Ticks, date_ticks, decades, ticks};
use super::canvas::Canvas;
use super::key::{Mark, key, ring};
use super::label::short;
use super::mark::{Along, Axis, Ground, along_lines, in_band};
use super::{Frame, Key, Labels, Unit, extent, labels, left_out, marks, theme};
use crate::error::Result;
use crate::figure::Figure;
use crate::stats::least_squares::LeastSquares;
use data::{Data, Dot, Source};
use lines::{Fitted, identity};

/// Builds a scatter plot: see [`scatter`].
#[derive(Debug, Clone)]
pub struct Scatter<'f> {
    source: Source<'f>,
    fit: bool,
    identity: Option<String>,
    labels: Labels,
}

/// Begins a scatter plot: a dot for each row, at its `x` (a number or a date) and `y`. The more dots there are, the smaller
/// and the more transparent they are, so that thousands show where they crowd. The axes begin near the lowest values, not
/// at 0.
///
/// ```
/// use casebook::prelude::*;
///
/// let teams = df!(
///     "seats" => [3, 5, 8, 12, 20, 35, 60, 110],
///     "mrr" => [30.0, 48.0, 96.0, 120.0, 260.0, 350.0, 780.0, 1_100.0],
///     "plan" => ["team", "team", "team", "team", "business", "team", "business", "business"],
/// )?;
/// let figure = chart::scatter(&teams, "seats", "mrr")
///     .by("plan")
///     .log_x()
///     .log_y()
///     .title("Revenue grows in step with seats")
///     .labels("Seats", "MRR per company, US dollars")
///     .unit(Unit::Dollars)
///     .draw()?;
/// assert!(figure.alt().contains("Seats from 3 to 110"), "{}", figure.alt());
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn scatter<'f>(frame: &'f DataFrame, x: &str, y: &str) -> Scatter<'f> {
    Scatter {
        source: Source {
            frame,
            x: x.into(),
            y: y.into(),
            by: None,
            size_by: None,
            log: (false, false),
        },
        fit: false,
        identity: None,
        labels: Labels::new(x, y),
    }
}

labels!(Scatter);
marks!(Scatter);

impl Scatter<'_> {
    /// Colours the dots by this column's values.
    pub fn by(mut self, column: &str) -> Self {
        self.source.by = Some(column.into());
        self
    }

    /// Gives each dot an area in proportion to this column: a number of 0 or more.
    pub fn size_by(mut self, column: &str) -> Self {
        self.source.size_by = Some(column.into());
        self
    }

    /// Makes the horizontal axis logarithmic. Values of 0 or less have no place there and are left out; dates stay as they
    /// are.
    pub fn log_x(mut self) -> Self {
        self.source.log.0 = true;
        self
    }

    /// Makes the vertical axis logarithmic. Values of 0 or less have no place there and are left out.
    pub fn log_y(mut self) -> Self {
        self.source.log.1 = true;
        self
    }

    /// Adds the line of ordinary least squares with its 95% band, one for each value of [`by`](Scatter::by).
    ///
    /// With n dots, ŷ(x) = ȳ + b (x − x̄), b = Σ(x − x̄)(y − ȳ) / Sxx, Sxx = Σ(x − x̄)² and s² = Σ(y − ŷ)² / (n − 2), the
    /// band is ŷ(x) ± t s √(1/n + (x − x̄)² / Sxx), with t the 97.5% quantile of Student's t with n − 2 degrees of freedom.
    /// It covers the mean of y at x, not single dots. On a logarithmic axis, x or y is its logarithm to base 10: the line
    /// is straight in the picture. A series of fewer than three dots, or with a single x, has no line.
    pub fn fit(mut self) -> Self {
        self.fit = true;
        self
    }

    /// Adds a dashed line where y equals x, and what it means there: "no change", "as predicted". Two linear, or two
    /// logarithmic axes then span the same values. With dates, there is none.
    pub fn identity(mut self, what: &str) -> Self {
        self.identity = Some(short(what));
        self
    }

    /// Sets how the horizontal axis' values are written; [`unit`](Scatter::unit) is for the vertical axis.
    pub fn x_unit(mut self, unit: Unit) -> Self {
        self.labels.x_unit = unit;
        self
    }

    /// Draws the chart.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn),
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for an `x`, a `y` or a size that is not a number, a picture's
    /// size out of range, or more than 200,000 dots.
    pub fn draw(self) -> Result<Figure> {
        let data = Data::new(&self.source, &self.labels.y)?;
        let summary = data.summary(&self.labels, self.labels.x_unit, &self.lines(&data));
        self.labels.figure("Scatter plot", summary, |canvas| self.paint(canvas, &data))
    }

    fn paint(&self, canvas: &Canvas, data: &Data) -> Result<()> {
        let mut frame = Frame::new(canvas, &self.labels, &[], left_out(data.left_out))?;
        key(canvas, &mut frame, &self.entries(data, &self.keys(data)?))?;
        let rows = ((frame.bottom - frame.top) / 45.0).clamp(2.0, 8.0) as usize;
        // Between a linear and a logarithmic axis, equal spans would show nothing.
        let same = self.identity.is_some() && !data.date && self.source.log.0 == self.source.log.1;
        let (across, down) = self.ranges(data, same);
        let down = axis(down, rows, self.labels.unit, self.source.log.1);
        let mut plot = Frame { left: frame.left + Frame::y_room(&down), ..frame };
        let count = ((plot.right - plot.left) / 80.0).clamp(2.0, 10.0) as usize;
        let people = self.labels.x_ticks.filter(|_| !self.source.log.0);
        let across = match (same, data.date, people) {
            (_, true, _) => date_ticks(across, count),
            (false, _, Some(people)) => people.ticks(across, count, self.labels.x_unit),
            (false, _, None) => axis(across, count, self.labels.x_unit, self.source.log.0),
            // The same span on both sides, and of the ticks those in it.
            (true, ..) => {
                let within = |at: &f64| (down.range.0..=down.range.1).contains(at);
                let fresh = axis(down.range, count, self.labels.x_unit, self.source.log.0);
                let kept = fresh.at.into_iter().zip(fresh.text).filter(|(at, _)| within(at));
                let (at, text) = kept.unzip();
                Ticks { at, text, range: down.range, log: fresh.log }
            }
        };
        // Dots at the ends stay inside.
        let x = Scale::of(&across, (plot.left + 6.0, plot.right - 6.0));
        let along = if data.date { Along::Dates(x) } else { Along::Numbers(x) };
        self.labels.marks.head_room(&mut plot, &along, Axis::X)?;
        frame.top = plot.top;
        let y = frame.y_axis(canvas, &down)?;
        let mut texts = vec![];
        for (at, text) in across.at.iter().zip(&across.text) {
            let place = x.at(*at);
            canvas.line(&[(place, frame.top), (place, frame.bottom)], theme::GRID, 1.0)?;
            texts.push((place, text.clone()));
        }
        frame.x_labels(canvas, &texts, false)?;
        let mut ground = Ground::new(&self.labels.marks, frame, (along, Along::Numbers(y)), false);
        ground.behind(canvas)?;
        if self.identity.is_some() && !data.date {
            let path = identity(across.range, (&x, &y), self.source.log);
            canvas.dashes(&path, theme::AXIS, 1.6)?;
            ground.busy.extend(along_lines([path.as_slice()]));
        }
        let keys = self.keys(data)?;
        ground.busy.extend(self.paint_dots(canvas, &frame, data, (x, y), &keys)?);
        for (index, line) in self.lines(data) {
            let span = extent(data.fitted(index).map(|(x, _)| x)).unwrap_or((0.0, 0.0));
            let fitted = Fitted::new(&line, span, (&x, &y));
            let colour = self.fit_colour(data, &keys, index);
            canvas.area(&fitted.outline(), colour, 0.18)?;
            ground.pale.extend(in_band(&fitted.band));
            if let Some(visible) = fitted.middle {
                canvas.line(&visible, colour, 2.2)?;
                ground.busy.extend(along_lines([visible.as_slice()]));
            }
        }
        ground.before(canvas)
    }

    /// How each series' dots look.
    fn keys(&self, data: &Data) -> Result<Vec<Key>> {
        let keys = data.groups.iter().enumerate().map(|(index, name)| Key::dot(name, index));
        self.labels.marks.keys(keys.collect())
    }

    /// What the axes must span: dots, and the marks that have a place.
    fn ranges(&self, data: &Data, same: bool) -> ((f64, f64), (f64, f64)) {
        let ranges = data.ranges(same);
        let with = |axis: Axis, range: (f64, f64), log: bool| {
            let marked = self.labels.marks.numbers(axis).filter(|at| *at > 0.0 || !log);
            extent(marked.chain([range.0, range.1])).unwrap_or(range)
        };
        let x = with(Axis::X, ranges.0, self.source.log.0 && !data.date);
        let y = with(Axis::Y, ranges.1, self.source.log.1);
        let both = (x.0.min(y.0), x.1.max(y.1));
        if same { (both, both) } else { (x, y) }
    }

    /// The fitted lines that were asked for.
    fn lines(&self, data: &Data) -> Vec<(usize, LeastSquares)> {
        if self.fit { data.lines() } else { vec![] }
    }

    /// A line has a colour of its own where all dots share one.
    fn fit_colour(&self, data: &Data, keys: &[Key], index: usize) -> RGBColor {
        if data.groups.len() > 1 { keys[index].colour } else { theme::colour(1) }
    }

    fn entries(&self, data: &Data, keys: &[Key]) -> Vec<(Mark, String)> {
        let mut entries: Vec<(Mark, String)> = vec![];
        if data.groups.len() > 1 {
            let look = |(index, key): (usize, &Key)| match Mark::of(index) {
                Mark::Ring(_) if !self.labels.marks.highlights() => Mark::Ring(key.colour),
                _ => Mark::Dot(key.colour),
            };
            entries.extend(keys.iter().enumerate().map(|one| (look(one), one.1.name.clone())));
        }
        if let (Some(column), Some((low, high))) = (&self.source.size_by, data.sizes) {
            let (low, high) = (Unit::Number.text(low), Unit::Number.text(high));
            entries.push((
                Mark::Sizes,
                short(&format!("{}, {low} to {high}", column.replace('_', " "))),
            ));
        }
        if let Some((index, _)) = self.lines(data).first() {
            let colour = if data.groups.len() > 1 {
                theme::AXIS
            } else {
                self.fit_colour(data, keys, *index)
            };
            entries.push((Mark::Band(colour), "Least-squares line, 95% band".into()));
        }
        if let Some(what) = self.identity.as_ref().filter(|_| !data.date) {
            entries.push((Mark::Dashes(theme::AXIS), what.clone()));
        }
        entries
    }

    /// Draws the dots, and returns where they are.
    fn paint_dots(
        &self,
        canvas: &Canvas,
        frame: &Frame,
        data: &Data,
        (x, y): (Scale, Scale),
        keys: &[Key],
    ) -> Result<Vec<(f64, f64)>> {
        let marks = &self.labels.marks;
        let count = data.dots.len() as f64;
        let radius = (7.5 - 1.6 * count.log10()).clamp(1.5, 5.0);
        let largest = (80.0 / count.sqrt()).clamp(6.0, 20.0);
        let radius = |dot: &Dot| dot.size.map_or(radius, |share| (largest * share.sqrt()).max(1.5));
        // As transparent as it takes for the plot not to fill up.
        let ink: f64 = data.dots.iter().map(|dot| radius(dot).powi(2) * std::f64::consts::PI).sum();
        let plot = (frame.right - frame.left).max(1.0) * (frame.bottom - frame.top).max(1.0);
        let opacity =
            (0.12 * plot / ink).clamp(0.15, if data.sizes.is_some() { 0.6 } else { 0.85 });
        // Dots in the same place are drawn as one, as dark as they would be together.
        let grid = if count > 5_000.0 { 2.0 } else { 4.0 };
        let mut together: BTreeMap<(i32, i32, i32, usize), i32> = BTreeMap::new();
        for dot in &data.dots {
            let on = |place: f64| (place * grid).round() as i32;
            let at = (on(radius(dot)), on(x.at(dot.x)), on(y.at(dot.y)), dot.group);
            *together.entry(at).or_default() += 1;
        }
        // Large dots lie below small ones, and the series are mixed, so that the last one does not hide the others.
        let mixed = |(_, x, y, group): &(i32, i32, i32, usize)| {
            let place = (*x as u64) << 40 ^ (*y as u64) << 16 ^ *group as u64;
            place.wrapping_mul(0x9E37_79B9_7F4A_7C15)
        };
        let mut dots: Vec<_> = together.into_iter().collect();
        // Those in colour lie over the grey ones.
        let prominent = |group: usize| marks.is_prominent(&keys[group].name);
        dots.sort_by_key(|(at, _)| (prominent(at.3), std::cmp::Reverse(at.0), mixed(at), *at));
        let mut taken = BTreeSet::new();
        for ((radius, x, y, group), many) in dots {
            let [radius, x, y] = [radius, x, y].map(|units| f64::from(units) / grid);
            taken.insert(((x / 4.0) as i32, (y / 4.0) as i32));
            let colour = keys[group].colour;
            if theme::broken(group) && !marks.highlights() {
                ring(canvas, (x, y), radius.max(3.0), colour)?;
            } else {
                let opacity = 1.0 - (1.0 - opacity).powi(many);
                canvas.bubble((x, y), radius, colour, (opacity * 100.0).round() / 100.0)?;
            }
        }
        let middle = |at: i32| f64::from(at) * 4.0 + 2.0;
        Ok(taken.into_iter().map(|(x, y)| (middle(x), middle(y))).collect())
    }
}

/// Ticks of an axis; a logarithmic one of few decades has 1, 2 and 5 of each.
fn axis(range: (f64, f64), count: usize, unit: Unit, log: bool) -> Ticks {
    if !log {
        return ticks(range, count, unit, false);
    }
    let wide = decades(range, count, unit);
    let (low, high) = (range.0.log10().floor() as i32, range.1.log10().ceil() as i32);
    if range.0 < 1e-6 || range.1 > 1e12 || high - low > 2 {
        return wide;
    }
    let each =
        (low..=high).flat_map(|power| [1.0, 2.0, 5.0].map(|times| times * 10_f64.powi(power)));
    let fine: Vec<f64> = each.filter(|at| *at <= 10_f64.powi(high)).collect();
    let first = fine.iter().rposition(|at| *at <= range.0).unwrap_or(0);
    let last = fine.iter().position(|at| *at >= range.1).unwrap_or(fine.len() - 1);
    if last < first + 2 {
        return wide;
    }
    let at = fine[first..=last].to_vec();
    let text = at.iter().flat_map(|at| unit.ticks(&[0.0, *at]).pop()).collect();
    Ticks { range: (at[0], at[at.len() - 1]), text, at, log: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_decades_have_ticks_between() {
        let t = axis((18.0, 340.0), 6, Unit::Number, true);
        assert_eq!(t.text, ["10", "20", "50", "100", "200", "500"]);
        let t = axis((3.0, 2e5), 8, Unit::Number, true);
        assert_eq!(t.text, ["1", "10", "100", "1,000", "10,000", "100,000", "1M"]);
        assert!(t.range.0 < 3.0 && t.range.1 > 2e5);
        // One value: the decade around it.
        assert_eq!(axis((3.0, 3.0), 6, Unit::Dollars, true).text, ["$1", "$10"]);
    }

    fn sessions() -> DataFrame {
        df!(
            "sessions" => [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
            "orders" => [2.1, 3.9, 3.2, 6.8, 5.1, 9.4, 7.7, 8.0],
            "plan" => ["a", "a", "b", "b", "a", "a", "b", "b"],
            "seats" => [0, 1, 4, 9, 2, 2, 3, 100],
        )
        .unwrap()
    }

    /// The numbers are those of `stats::least_squares`' tests.
    #[test]
    fn a_fitted_slope_is_told_with_its_interval() -> Result<()> {
        let figure = scatter(&sessions(), "sessions", "orders").fit().title("It rises").draw()?;
        assert_eq!(
            figure.alt(),
            "It rises. Scatter plot of orders by sessions. 8 dots; sessions from 1 to 8, orders from 2.10 to 9.40. \
             Least-squares line: slope +0.92 (95% +0.40 to +1.44), R² 0.76."
        );
        assert!(figure.svg().contains("Least-squares line, 95% band"));
        let grouped = scatter(&sessions(), "sessions", "orders").by("plan").fit().draw()?;
        assert!(
            grouped.alt().contains("line of a: ") && grouped.alt().contains("line of b: "),
            "{}",
            grouped.alt()
        );
        Ok(())
    }

    #[test]
    fn on_logarithmic_axes_a_power_is_the_slope() -> Result<()> {
        let x: Vec<f64> = (1..=20).map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|x| 3.0 * x.powf(1.5)).collect();
        let frame = df!("x" => x, "y" => y)?;
        let figure = scatter(&frame, "x", "y").log_x().log_y().fit().draw()?;
        assert!(
            figure
                .alt()
                .contains("slope 1.50 on the logarithmic scale (95% 1.50 to 1.50), R² 1.00"),
            "{}",
            figure.alt()
        );
        let zero = df!("x" => [0.0, 1.0, 2.0], "y" => [1.0, 1.0, 2.0])?;
        let figure = scatter(&zero, "x", "y").log_x().draw()?;
        assert!(
            figure.alt().contains("2 dots") && figure.svg().contains("1 value is missing"),
            "{}",
            figure.alt()
        );
        Ok(())
    }

    #[test]
    fn areas_are_in_proportion_and_large_dots_lie_below() -> Result<()> {
        let figure = scatter(&sessions(), "sessions", "orders").size_by("seats").draw()?;
        let radius = |dot: &str| dot.split("r=\"").nth(1)?.split('"').next()?.parse::<f64>().ok();
        let plot = figure.svg().split("<circle").skip(3); // behind the two of the legend
        let radii: Vec<f64> = plot.filter_map(radius).collect();
        assert_eq!(radii.len(), 8);
        assert!(radii.is_sorted_by(|a, b| a >= b), "{radii:?}");
        // 100 seats and 9.
        assert!((radii[0] / radii[1] - 10.0 / 3.0).abs() < 0.05, "{radii:?}");
        Ok(())
    }

    #[test]
    fn an_identity_gives_both_axes_the_same_span() -> Result<()> {
        let frame = df!("forecast" => [10.0, 20.0], "actual" => [90.0, 70.0])?;
        let figure = scatter(&frame, "forecast", "actual").identity("As forecast").draw()?;
        let text = figure.svg().replace(['\n', '\r'], "");
        assert!(text.contains(">As forecast<"));
        assert_eq!(text.matches(">80<").count(), 2, "{text}");
        Ok(())
    }

    /// Dots at the same place are one; the picture stays small however many there are.
    #[test]
    fn two_hundred_thousand_dots_are_drawn_and_more_refused() -> Result<()> {
        let place = |i: i32, steps: i32| f64::from(i.wrapping_mul(7_919).rem_euclid(steps));
        let frame = |rows: i32| {
            df!(
                "x" => (0..rows).map(|i| place(i, 997)).collect::<Vec<_>>(),
                "y" => (0..rows).map(|i| place(i / 997, 991)).collect::<Vec<_>>(),
            )
        };
        let png = scatter(&frame(200_000)?, "x", "y").draw()?.png()?.len();
        assert!(png < 400_000, "{png}");
        let told = scatter(&frame(200_001)?, "x", "y").draw().unwrap_err().to_string();
        assert!(told.contains("dots of 200001"), "{told}");
        Ok(())
    }
}
