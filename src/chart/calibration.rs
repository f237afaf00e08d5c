//! Calibration: what was predicted against what happened.

use plotters::style::text_anchor::{HPos, VPos};
use polars::prelude::*;

use super::axis::{Scale, ticks};
use super::canvas::{Canvas, Text};
use super::{
    Frame, Key, Labels, Unit, columns, drawable, extent, labels, left_out, numbers, theme,
};
use crate::error::Result;
use crate::figure::Figure;

/// Builds a calibration plot: see [`calibration`].
#[derive(Debug, Clone)]
pub struct Calibration<'f> {
    frame: &'f DataFrame,
    labels: Labels,
}

/// Begins a calibration plot: a dot for each bin of predictions, as
/// [`metrics::calibration`](crate::metrics::calibration) returns them, with what was predicted across and what was
/// observed upwards, and its interval. On the dashed diagonal both are the same; a bin whose interval misses it has
/// another colour. Grey bars below show how many predictions each bin holds.
///
/// Reads `predicted`, `observed`, `low`, `high` and `n`, one row per bin; a bin without `low` and `high` has only its dot.
/// Values are shares unless [`unit`](Calibration::unit) says otherwise: they may just as well be orders forecast for each decile.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = df!(
///     "score" => (0..400).map(|i| f64::from(i) / 400.0).collect::<Vec<_>>(),
///     "churned" => (0..400).map(|i| i * i % 400 * 4 < i * 3).collect::<Vec<_>>(),
/// )?;
/// let bins = calibration::by_quantile(&users, "score", "churned", 10)?;
/// let figure = chart::calibration(&bins)
///     .title("Customers churn less often than the model says")
///     .labels("Predicted churn", "Observed churn, with 95% intervals")
///     .draw()?;
/// assert!(figure.alt().contains("10 bins"));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn calibration(bins: &DataFrame) -> Calibration<'_> {
    let labels = Labels { unit: Unit::Percent, ..Labels::new("Predicted", "Observed") };
    Calibration { frame: bins, labels }
}

labels!(Calibration);

struct Bin {
    predicted: f64,
    observed: f64,
    bounds: Option<(f64, f64)>,
    n: Option<f64>,
}

impl Bin {
    /// Whether the interval, if there is one, leaves the prediction out.
    fn misses(&self) -> bool {
        self.bounds.is_some_and(|(low, high)| !(low..=high).contains(&self.predicted))
    }
}

impl Calibration<'_> {
    /// Draws the chart. [`unit`](Calibration::unit) is the unit of both axes: percent if not given.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn)
    /// for a column that is not a number; a size out of range, or more than 200,000 bins.
    pub fn draw(self) -> Result<Figure> {
        columns(self.frame, &["predicted", "observed", "low", "high", "n"])?;
        let column = |name| numbers(self.frame, name);
        let (low, high, n) = (column("low")?, column("high")?, column("n")?);
        let pairs = column("predicted")?.into_iter().zip(column("observed")?);
        let mut bins: Vec<Bin> = pairs
            .enumerate()
            .filter_map(|(row, (predicted, observed))| {
                let bounds = low[row].zip(high[row]);
                Some(Bin { predicted: predicted?, observed: observed?, bounds, n: n[row] })
            })
            .collect();
        drawable("bins", bins.len(), 1)?;
        bins.sort_by(|a, b| a.predicted.total_cmp(&b.predicted));
        let missing = self.frame.height() - bins.len();
        let summary = summary(&bins, self.labels.unit);
        self.labels.figure("Calibration plot", summary, |canvas| self.paint(canvas, &bins, missing))
    }

    fn paint(&self, canvas: &Canvas, bins: &[Bin], missing: usize) -> Result<()> {
        let with_intervals = bins.iter().any(|bin| bin.bounds.is_some());
        let legend: Vec<Key> = ["Interval holds the prediction", "Interval misses it"]
            .into_iter()
            .zip(0..)
            .filter(|_| with_intervals)
            .map(|(text, index)| Key::dot(text, index))
            .collect();
        let mut frame = Frame::keyed(canvas, &self.labels, &legend, left_out(missing))?;
        let floor = frame.bottom;
        let most = bins.iter().filter_map(|bin| bin.n).fold(0.0, f64::max);
        let counted = most > 0.0 && frame.bottom - frame.top > 150.0;
        if counted {
            frame.bottom -= COUNTS;
        }
        let ends = bins.iter().flat_map(|bin| {
            let (low, high) = bin.bounds.unwrap_or((bin.observed, bin.observed));
            [bin.predicted, bin.observed, low, high]
        });
        let (low, high) = extent(ends).unwrap_or((0.0, 1.0));
        let range = (low.min(0.0), high.max(0.0));
        let unit = self.labels.unit;
        let rows = ((frame.bottom - frame.top) / 45.0).clamp(2.0, 8.0) as usize;
        let marks = ticks(range, rows, unit, false);
        let y = frame.y_axis(canvas, &marks)?;
        // The same range across, or the diagonal would not be one.
        let x = Scale::of(&marks, (frame.left, frame.right - 8.0));
        for at in &marks.at {
            let place = x.at(*at);
            canvas.line(&[(place, frame.top), (place, frame.bottom)], theme::GRID, 1.0)?;
        }
        let corner = |value: f64| (x.at(value), y.at(value));
        let (first, last) = marks.range;
        canvas.dashes(&[corner(first), corner(last)], theme::AXIS, 1.4)?;
        for bin in bins {
            let colour = theme::colour(usize::from(bin.misses()));
            let at = x.at(bin.predicted);
            if let Some((low, high)) = bin.bounds {
                canvas.line(&[(at, y.at(low)), (at, y.at(high))], colour, 2.0)?;
                for end in [low, high] {
                    canvas.line(&[(at - 4.0, y.at(end)), (at + 4.0, y.at(end))], colour, 2.0)?;
                }
            }
            canvas.dot((at, y.at(bin.observed)), 4.5, colour)?;
        }
        let small = Text::new(theme::TICK, theme::MUTED);
        let what = "as predicted";
        let wide = small.width(what);
        let end = x.at(last) - 8.0;
        // Below the diagonal's upper end, where the line is as high as the text's left end at most.
        let line = |place: f64| {
            let share = (place - frame.left) / (x.at(last) - frame.left);
            frame.bottom + share * (frame.top - frame.bottom)
        };
        let beside = (end - wide, line(end - wide) + 14.0);
        let hidden = bins.iter().any(|bin| {
            let at = (x.at(bin.predicted), y.at(bin.observed));
            (beside.0 - 8.0..=end + 8.0).contains(&at.0) && (at.1 - beside.1).abs() < 40.0
        });
        if !hidden {
            canvas.text(what, beside, small)?;
        }
        if counted {
            self.paint_counts(canvas, &frame, bins, (floor, most), &x)?;
        }
        frame.bottom = floor;
        let texts: Vec<(f64, String)> =
            marks.at.iter().zip(&marks.text).map(|(at, text)| (x.at(*at), text.clone())).collect();
        frame.x_labels(canvas, &texts, false)
    }

    /// How many predictions each bin holds, as bars below the plot.
    fn paint_counts(
        &self,
        canvas: &Canvas,
        frame: &Frame,
        bins: &[Bin],
        (floor, most): (f64, f64),
        x: &Scale,
    ) -> Result<()> {
        let counts: Vec<f64> = bins.iter().filter_map(|bin| bin.n).collect();
        let (least, most_text) =
            (counts.iter().copied().fold(f64::INFINITY, f64::min), Unit::Number.text(most));
        let text = match Unit::Number.text(least) {
            least if least == most_text => format!("n = {most_text} in each bin"),
            least => format!("n = {least} to {most_text} a bin"),
        };
        let small = Text::new(theme::TICK, theme::MUTED).at(HPos::Left, VPos::Center);
        canvas.text(&text, (frame.left, frame.bottom + 14.0), small)?;
        let tall = COUNTS - 28.0;
        for bin in bins {
            let Some(n) = bin.n.filter(|n| *n > 0.0) else { continue };
            let at = x.at(bin.predicted);
            let top = floor - (n / most * tall).max(1.0);
            canvas.rect((at - 3.0, top), (at + 3.0, floor), BARS)?;
        }
        canvas.line(&[(frame.left, floor), (frame.right, floor)], theme::GRID, 1.0)
    }
}

/// The height of the counts, with their heading.
const COUNTS: f64 = 52.0;
const BARS: plotters::style::RGBColor = plotters::style::RGBColor(170, 170, 170);

/// In words: how many bins, how far they reach, how many miss, and where most. `None` without bins.
fn summary(bins: &[Bin], unit: Unit) -> Option<String> {
    let (first, last) = (bins.first()?, bins.last()?);
    let far = |bin: &&Bin| (bin.observed / 2.0 - bin.predicted / 2.0).abs();
    let worst = bins.iter().max_by(|a, b| far(a).total_cmp(&far(b)))?;
    let many = match bins.len() {
        1 => format!("1 bin, predicted {}", unit.text(first.predicted)),
        n => format!(
            "{n} bins, predicted {} to {}",
            unit.text(first.predicted),
            unit.text(last.predicted)
        ),
    };
    let bounds = worst.bounds.map_or(String::new(), |(low, high)| {
        format!(" ({} to {})", unit.text(low), unit.text(high))
    });
    let gap = format!(
        "Widest gap: predicted {}, observed {}{bounds}",
        unit.text(worst.predicted),
        unit.text(worst.observed)
    );
    let with = bins.iter().filter(|bin| bin.bounds.is_some()).count();
    let missed = bins.iter().filter(|bin| bin.misses()).count();
    let missed = match with {
        0 => String::new(),
        n => format!(" Intervals miss the prediction in {missed} of {n} bins."),
    };
    Some(format!("{many}. {gap}.{missed}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_that_miss_are_counted_and_the_widest_gap_is_named() {
        let frame = df!(
            "predicted" => [0.5, 0.1, 0.9],
            "observed" => [0.3, 0.12, 0.88],
            "low" => [Some(0.2), Some(0.05), None],
            "high" => [Some(0.4), Some(0.2), None],
            "n" => [100, 120, 80],
        )
        .unwrap();
        let figure = calibration(&frame).title("It overstates").draw().unwrap();
        assert_eq!(
            figure.alt(),
            "It overstates. Calibration plot of Observed by Predicted. 3 bins, predicted 10.0% to 90.0%. \
             Widest gap: predicted 50.0%, observed 30.0% (20.0% to 40.0%). Intervals miss the prediction in 1 of 2 bins."
        );
    }
}
