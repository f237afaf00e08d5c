//! Lines over the dots: where y equals x, and least squares.

use crate::chart::axis::Scale;
use crate::stats::least_squares::LeastSquares;

/// Returns where y equals x, between the lowest and the highest x, as far as the plot shows it.
pub fn identity(
    (low, high): (f64, f64),
    (x, y): (&Scale, &Scale),
    (log_x, log_y): (bool, bool),
) -> Vec<(f64, f64)> {
    // Straight, unless only one axis is logarithmic.
    let steps = if log_x == log_y { 1 } else { 100 };
    let (from, to) = (x.at(low), x.at(high));
    let at = |step: i32| {
        let share = f64::from(step) / f64::from(steps);
        let value = if log_x {
            10_f64.powf(low.log10() * (1.0 - share) + high.log10() * share)
        } else {
            low * (1.0 - share) + high * share
        };
        (from + (to - from) * share, y.at(value))
    };
    let parts = (0..steps).filter_map(|step| clip(at(step), at(step + 1), y.pixels()));
    parts.flatten().collect()
}

/// A fitted line in pixels.
pub struct Fitted {
    /// Its band: x, the lower and the upper end.
    pub band: Vec<(f64, f64, f64)>,
    /// The line, if the plot shows it.
    pub middle: Option<[(f64, f64); 2]>,
}

impl Fitted {
    /// Computes the line over the dots it was fitted to; both are logarithms on a logarithmic axis.
    pub fn new(line: &LeastSquares, span: (f64, f64), (x, y): (&Scale, &Scale)) -> Fitted {
        let (x, y) = (x.linear(), y.linear());
        let (top, bottom) = y.pixels();
        let inside = |at: f64| at.clamp(top, bottom);
        let edge = |step: i32| {
            let share = f64::from(step) / 60.0;
            let at = span.0 * (1.0 - share) + span.1 * share;
            let (low, _, high) = line.at(at);
            (x.at(at), inside(y.at(low)), inside(y.at(high)))
        };
        let band = (0..=60).map(edge).collect();
        let [from, to] = [span.0, span.1].map(|at| (x.at(at), y.at(line.at(at).1)));
        Fitted { band, middle: clip(from, to, (top, bottom)) }
    }

    /// Returns the band's outline.
    pub fn outline(&self) -> Vec<(f64, f64)> {
        let upper = self.band.iter().map(|(x, _, high)| (*x, *high));
        upper.chain(self.band.iter().rev().map(|(x, low, _)| (*x, *low))).collect()
    }
}

/// What of a line lies between two heights.
fn clip(from: (f64, f64), to: (f64, f64), (top, bottom): (f64, f64)) -> Option<[(f64, f64); 2]> {
    let steep = to.1 - from.1;
    let (mut first, mut last) = (0.0_f64, 1.0_f64);
    for edge in [top, bottom] {
        let crossing = (edge - from.1) / steep;
        if crossing.is_finite() && (0.0..=1.0).contains(&crossing) {
            let enters = (edge == top) == (steep > 0.0);
            if enters { first = first.max(crossing) } else { last = last.min(crossing) }
        }
    }
    let at = |share: f64| (from.0 + (to.0 - from.0) * share, from.1 + steep * share);
    let inside = |y: f64| (top - 0.5..=bottom + 0.5).contains(&y);
    let ends = [at(first), at(last)];
    (first < last && ends.iter().all(|end| inside(end.1))).then_some(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_at_the_plots_edge() {
        let edges = (0.0, 100.0);
        let inside = [(0.0, 10.0), (10.0, 90.0)];
        assert_eq!(clip(inside[0], inside[1], edges), Some(inside));
        assert_eq!(clip((0.0, -100.0), (10.0, 100.0), edges), Some([(5.0, 0.0), (10.0, 100.0)]));
        assert_eq!(clip((0.0, 150.0), (10.0, 50.0), edges), Some([(5.0, 100.0), (10.0, 50.0)]));
        assert_eq!(clip((0.0, 150.0), (10.0, 120.0), edges), None);
        assert_eq!(clip((0.0, 50.0), (10.0, 50.0), edges), Some([(0.0, 50.0), (10.0, 50.0)]));
    }
}
