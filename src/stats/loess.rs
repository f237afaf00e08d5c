//! Local regression on evenly spaced points.
//!
//! The value at a point is a weighted mean, or a weighted line, of its nearest neighbours. Weights are tricube in the distance, and may
//! be multiplied by others of the points' own. Points are numbered from 1.
//!
//! # Source
//! W. S. Cleveland (1979), "Robust locally weighted regression and smoothing scatterplots", Journal of the American Statistical
//! Association 74.

/// How to smooth.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Loess {
    /// How many neighbours count: an odd number.
    pub span: usize,
    /// Whether a line is fitted, rather than a mean.
    pub line: bool,
}

impl Loess {
    /// Returns smoothed points, each with a weight of its own if there are any.
    pub fn smooth(self, y: &[f64], own: Option<&[f64]>) -> Vec<f64> {
        let n = y.len();
        if n < 2 {
            return y.to_vec();
        }
        let (half, mut first) = (self.span.div_ceil(2), 1);
        let mut weights = vec![];
        (1..=n)
            .map(|at| {
                let last = n.min(first + self.span - 1);
                if self.span < n && at > half && last != n {
                    first += 1;
                }
                let last = n.min(first + self.span - 1);
                let found = self.at(y, own, at as f64, (first, last), &mut weights);
                found.unwrap_or(y[at - 1])
            })
            .collect()
    }

    /// Returns the smoothed points, with one step before the first and one after the last.
    pub fn smooth_beyond(self, y: &[f64], own: Option<&[f64]>) -> Vec<f64> {
        let (n, mut weights) = (y.len(), vec![]);
        let inside = self.smooth(y, own);
        let (right, left) = (self.span.min(n), (n + 1).saturating_sub(self.span).max(1));
        let before = self.at(y, own, 0.0, (1, right), &mut weights).unwrap_or(inside[0]);
        let after = self.at(y, own, n as f64 + 1.0, (left, n), &mut weights);
        let after = after.unwrap_or(inside[n - 1]);
        [vec![before], inside, vec![after]].concat()
    }

    /// The value at `x` from the points `first` to `last`. None if none of them has any weight.
    fn at(
        self,
        y: &[f64],
        own: Option<&[f64]>,
        x: f64,
        (first, last): (usize, usize),
        weights: &mut Vec<f64>,
    ) -> Option<f64> {
        let n = y.len();
        let mut reach = (x - first as f64).max(last as f64 - x);
        if self.span > n {
            reach += ((self.span - n) / 2) as f64;
        }
        weights.clear();
        weights.extend((first..=last).map(|at| {
            let off = (at as f64 - x).abs();
            let tricube = match off {
                off if off <= 0.001 * reach => 1.0,
                off if off <= 0.999 * reach => (1.0 - (off / reach).powi(3)).powi(3),
                _ => 0.0,
            };
            own.map_or(tricube, |own| tricube * own[at - 1])
        }));
        let total: f64 = weights.iter().sum();
        if total <= 0.0 {
            return None;
        }
        weights.iter_mut().for_each(|weight| *weight /= total);
        let places = || (first..=last).map(|at| at as f64);
        if reach > 0.0 && self.line {
            let centre: f64 = weights.iter().zip(places()).map(|(w, at)| w * at).sum();
            let spread: f64 =
                weights.iter().zip(places()).map(|(w, at)| w * (at - centre).powi(2)).sum();
            // Points that lie all but above each other show no slope.
            if spread.sqrt() > 0.001 * (n as f64 - 1.0) {
                let slope = (x - centre) / spread;
                for (weight, at) in weights.iter_mut().zip(places()) {
                    *weight *= slope * (at - centre) + 1.0;
                }
            }
        }
        Some(weights.iter().zip(&y[first - 1..]).map(|(w, y)| w * y).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_a_line_and_goes_on() {
        let y: Vec<f64> = (0..20).map(|at| 3.0 - 0.5 * f64::from(at)).collect();
        for span in [3, 7, 19, 41] {
            let found = Loess { span, line: true }.smooth_beyond(&y, None);
            assert_eq!(found.len(), 22);
            for (place, value) in found.iter().enumerate() {
                let wanted = 3.5 - 0.5 * place as f64;
                assert!((value - wanted).abs() < 1e-12, "{span}: {found:?}");
            }
        }
    }

    #[test]
    fn what_weighs_nothing_does_not_count() {
        let mut y = vec![2.0; 15];
        y[7] = 900.0;
        let own: Vec<f64> = (0..15).map(|at| f64::from(u8::from(at != 7))).collect();
        let found = Loess { span: 5, line: true }.smooth(&y, Some(&own));
        assert!(found.iter().all(|value| (value - 2.0).abs() < 1e-12), "{found:?}");
        // Without any weight, points are left as they are.
        let none = Loess { span: 5, line: false }.smooth(&y, Some(&[0.0; 15]));
        assert_eq!(none, y);
    }

    #[test]
    fn the_middle_of_three_is_their_centre() {
        // With three neighbours, those at the full distance weigh nothing.
        assert_eq!(
            Loess { span: 3, line: false }.smooth(&[1.0, 9.0, 4.0, 7.0], None)[1..3],
            [9.0, 4.0]
        );
        assert_eq!(Loess { span: 3, line: true }.smooth(&[5.0], None), [5.0]);
    }
}
