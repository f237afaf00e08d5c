//! Histograms: how often which values occur.

use polars::prelude::*;

use super::axis::{Ticks, ticks};
use super::canvas::Canvas;
use super::mark::{Along, Axis, Ground, along_lines, in_rect};
use super::{
    Frame, Key, Labels, Scale, Unit, Values, columns, extent, labels, left_out, marks, numbers,
    theme,
};
use crate::error::{Error, Result};
use crate::figure::Figure;

/// Builds a histogram: see [`histogram`].
#[derive(Debug, Clone)]
pub struct Histogram<'f> {
    frame: &'f DataFrame,
    x: String,
    bins: Option<usize>,
    density: Option<(&'f DataFrame, String, String)>,
    labels: Labels,
}

/// Begins a histogram: the distribution of a numeric column. Whole numbers with few different values get one bar each;
/// otherwise bins follow the rule of Freedman and Diaconis (1981). [`unit`](Histogram::unit) is the unit of the values;
/// bars are counts.
pub fn histogram<'f>(frame: &'f DataFrame, x: &str) -> Histogram<'f> {
    let labels = Labels::new(x, "Count").of(Values::Counted);
    Histogram { frame, x: x.into(), bins: None, density: None, labels }
}

/// Computes a density at even steps, to draw it as a line or to lay it over a histogram: `x` (f64, from `from` to `to`),
/// `density` (f64).
///
/// # Errors
/// Polars' own; none is known.
///
/// ```
/// use casebook::prelude::*;
///
/// let lengths = SessionLength::default();
/// let curve = chart::curve(1.0, 30.0, |minutes| lengths.density(minutes))?;
/// let figure = chart::line(&curve, "x", "density").draw()?;
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn curve(from: f64, to: f64, density: impl Fn(f64) -> f64) -> Result<DataFrame> {
    const STEPS: u32 = 400;
    let x: Vec<f64> =
        (0..=STEPS).map(|k| from + (to - from) * f64::from(k) / f64::from(STEPS)).collect();
    let density: Vec<f64> = x.iter().map(|x| density(*x)).collect();
    Ok(df!("x" => x, "density" => density)?)
}

labels!(Histogram);
marks!(Histogram);

impl<'f> Histogram<'f> {
    /// Sets the number of bins, 1 to 200, instead of the rule's.
    pub fn bins(mut self, bins: usize) -> Self {
        self.bins = Some(bins);
        self
    }

    /// Lays a density over the histogram, as a line: `density` per unit of `x`, one row per point of the curve.
    pub fn density(mut self, curve: &'f DataFrame, x: &str, density: &str) -> Self {
        self.density = Some((curve, x.into(), density.into()));
        self
    }

    /// Draws the chart.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn),
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a column that is not a number, or a size
    /// or number of bins out of range.
    pub fn draw(self) -> Result<Figure> {
        columns(self.frame, &[&self.x])?;
        if let Some(bins) = self.bins.filter(|bins| !(1..=200).contains(bins)) {
            return Err(Error::config("bins", bins, "1 to 200"));
        }
        let all = numbers(self.frame, &self.x)?;
        let mut values: Vec<f64> = all.iter().flatten().copied().collect();
        values.sort_by(f64::total_cmp);
        let missing = all.len() - values.len();
        let bins = Bins::new(&values, self.bins);
        let expected = match (&self.density, &bins) {
            (Some((curve, x, density)), Some(bins)) => {
                columns(curve, &[x, density])?;
                bins.expected(&numbers(curve, x)?, &numbers(curve, density)?, values.len())
            }
            _ => vec![],
        };
        let summary = bins.as_ref().map(|bins| {
            let over =
                if expected.is_empty() { "" } else { " A line shows the density to compare with." };
            bins.summary(&values, self.labels.unit) + over
        });
        self.labels.figure("Histogram", summary, |canvas| match &bins {
            Some(bins) => self.paint(canvas, bins, &expected, missing),
            None => Ok(()),
        })
    }

    fn paint(
        &self,
        canvas: &Canvas,
        bins: &Bins,
        expected: &[(f64, f64)],
        missing: usize,
    ) -> Result<()> {
        let legend = match expected.is_empty() {
            true => vec![],
            false => vec![Key::square("data", 0), Key::line("density", 1)],
        };
        let mut frame = Frame::keyed(canvas, &self.labels, &legend, left_out(missing))?;
        let marks = &self.labels.marks;
        let rows = ((frame.bottom - frame.top) / 45.0).clamp(2.0, 8.0) as usize;
        let counted = bins.counts.iter().map(|count| *count as f64);
        let most = counted.chain(expected.iter().map(|point| point.1)).fold(1.0, f64::max);
        let counts = extent(marks.numbers(Axis::Y).chain([0.0, most])).unwrap_or((0.0, most));
        let counts = ticks(counts, rows, Unit::Number, true);
        let end = bins.low + bins.width * bins.counts.len() as f64;
        let span = extent(marks.numbers(Axis::X).chain([bins.low, end])).unwrap_or((0.0, 1.0));
        let pixels = (frame.left + Frame::y_room(&counts) + 4.0, frame.right - 4.0);
        let x = Scale::new(span, pixels);
        let mut plot = Frame { left: pixels.0 - 4.0, ..frame };
        marks.head_room(&mut plot, &Along::Numbers(x), Axis::X)?;
        frame.top = plot.top;
        let y = frame.y_axis(canvas, &counts)?;
        let (across, up) = (Along::Numbers(x), Along::Numbers(y));
        let mut ground = Ground::new(marks, frame, (across, up), false);
        ground.filled = true;
        ground.behind(canvas)?;
        let gap = if bins.single { 0.08 } else { 0.01 };
        for (index, count) in bins.counts.iter().enumerate() {
            let edge = |share: f64| x.at(bins.low + bins.width * (index as f64 + share));
            let (a, b) = ((edge(gap), y.at(*count as f64)), (edge(1.0 - gap), y.at(0.0)));
            canvas.rect(a, b, theme::colour(0))?;
            if !marks.is_empty() {
                ground.busy.extend(in_rect(a, b));
            }
        }
        canvas.line(&[(frame.left, y.at(0.0)), (frame.right, y.at(0.0))], theme::AXIS, 1.0)?;
        if expected.len() > 1 {
            let points: Vec<(f64, f64)> =
                expected.iter().map(|(at, n)| (x.at(*at), y.at(*n))).collect();
            canvas.line(&points, theme::colour(1), 2.2)?;
            ground.busy.extend(along_lines([points.as_slice()]));
        }
        let ticks = self.x_ticks_of(bins, span, ((frame.right - frame.left) / 70.0) as usize);
        let labels: Vec<(f64, String)> = (ticks.at.iter().zip(&ticks.text))
            .filter(|(at, _)| (span.0..=span.1).contains(at))
            .map(|(at, text)| (x.at(*at), text.clone()))
            .collect();
        frame.x_labels(canvas, &labels, false)?;
        ground.before(canvas)
    }

    /// Ticks of the values, in the middle of bars that stand for a single number.
    fn x_ticks_of(&self, bins: &Bins, (low, high): (f64, f64), count: usize) -> Ticks {
        let count = count.clamp(2, 20);
        let span = if bins.single { (low + 0.5, high - 0.5) } else { (low, high) };
        match self.labels.x_ticks {
            Some(people) => people.ticks(span, count, self.labels.unit),
            None => ticks(span, count, self.labels.unit, bins.single),
        }
    }
}

struct Bins {
    low: f64,
    width: f64,
    counts: Vec<usize>,
    /// One bar per whole number.
    single: bool,
}

impl Bins {
    /// `values` sorted and finite. `None` without any.
    fn new(values: &[f64], bins: Option<usize>) -> Option<Bins> {
        let (low, high) = extent(values.iter().copied())?;
        let whole = values.iter().all(|value| value.fract() == 0.0);
        let (low, width, count, single) = if bins.is_none() && whole && high - low <= 60.0 {
            (low - 0.5, 1.0, (high - low) as usize + 1, true)
        } else if low == high {
            let room = if low == 0.0 { 0.5 } else { low.abs() * 0.05 };
            (low - room, 2.0 * room, 1, false)
        } else {
            let count = bins.unwrap_or_else(|| freedman_diaconis(values, low, high));
            (low, (high / count as f64) - (low / count as f64), count, false)
        };
        let mut counts = vec![0; count];
        for value in values {
            let place = ((value / width) - (low / width)).floor();
            counts[(place.max(0.0) as usize).min(count - 1)] += 1;
        }
        Some(Bins { low, width, counts, single })
    }

    /// A density as counts in bins of this width, within the bins' bounds, in order.
    fn expected(&self, x: &[Option<f64>], density: &[Option<f64>], n: usize) -> Vec<(f64, f64)> {
        let end = self.low + self.width * self.counts.len() as f64;
        let scale = n as f64 * self.width;
        let pairs =
            x.iter().zip(density).filter_map(|(x, density)| Some(((*x)?, (*density)? * scale)));
        let mut points: Vec<(f64, f64)> =
            pairs.filter(|(at, n)| (self.low..=end).contains(at) && n.is_finite()).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points
    }

    fn summary(&self, values: &[f64], unit: Unit) -> String {
        let n = values.len();
        let value = if n == 1 { "value" } else { "values" };
        // Halves first: the sum of two large numbers may be infinite.
        let middle = values[(n - 1) / 2] / 2.0 + values[n / 2] / 2.0;
        let place =
            self.counts.iter().enumerate().max_by_key(|(i, c)| (**c, std::cmp::Reverse(*i)));
        let fullest = place.map_or(0, |(index, _)| index) as f64;
        let most = if self.single {
            format!("most often {}", unit.text(self.low + 0.5 + fullest))
        } else {
            let from = self.low + self.width * fullest;
            format!("most often between {} and {}", unit.text(from), unit.text(from + self.width))
        };
        format!(
            "{n} {value} from {} to {}, median {}, {most}.",
            unit.text(values[0]),
            unit.text(values[n - 1]),
            unit.text(middle)
        )
    }
}

/// D. Freedman and P. Diaconis (1981): a bin is twice the interquartile range over the cube root of
/// the number of values wide.
fn freedman_diaconis(values: &[f64], low: f64, high: f64) -> usize {
    let quartile = |share: f64| values[((values.len() - 1) as f64 * share) as usize];
    let width = 2.0 * (quartile(0.75) - quartile(0.25)) / (values.len() as f64).cbrt();
    let bins = (high - low) / width;
    if bins.is_finite() { bins.ceil().clamp(5.0, 80.0) as usize } else { 20 }
}
