//! A series as trend, season and remainder, by local regression.
//!
//! # Source
//! R. B. Cleveland, W. S. Cleveland, J. E. McRae and I. Terpenning (1990), "STL: a seasonal-trend decomposition procedure based on
//! loess", Journal of Official Statistics 6.

use super::loess::Loess;

/// How a series is taken apart. Spans are odd.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stl {
    /// How many steps a season has: at least 2.
    pub period: usize,
    pub seasonal: usize,
    pub trend: usize,
    pub low_pass: usize,
    /// Rounds in which season and trend are found from each other.
    pub inner: usize,
    /// Rounds in which points far from both lose weight.
    pub outer: usize,
}

/// The parts. They add up to the series.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub trend: Vec<f64>,
    pub seasonal: Vec<f64>,
    pub remainder: Vec<f64>,
    /// What each point weighed at last: 1 without outer rounds.
    pub weights: Vec<f64>,
}

/// Returns the next odd number, or the number itself.
pub(crate) fn odd(number: usize) -> usize {
    number + usize::from(number.is_multiple_of(2))
}

/// Returns the authors' span of the trend: the smallest odd number from 1.5 periods over (1 − 1.5 / seasonal).
pub(crate) fn usual_trend(period: usize, seasonal: usize) -> usize {
    odd((1.5 * period as f64 / (1.0 - 1.5 / seasonal as f64)).ceil() as usize)
}

impl Stl {
    /// Creates a decomposition with the authors' choices, with robustness weights or without.
    pub fn new(period: usize, seasonal: usize, robust: bool) -> Stl {
        Stl {
            period,
            seasonal,
            trend: usual_trend(period, seasonal),
            low_pass: odd(period + 1),
            inner: if robust { 2 } else { 5 },
            outer: if robust { 15 } else { 0 },
        }
    }

    /// Takes a series of at least two periods apart.
    pub fn decompose(&self, y: &[f64]) -> Parts {
        let n = y.len();
        let (mut trend, mut seasonal) = (vec![0.0; n], vec![0.0; n]);
        let mut weights: Option<Vec<f64>> = None;
        for round in 0..=self.outer {
            for _ in 0..self.inner {
                self.step(y, &mut trend, &mut seasonal, weights.as_deref());
            }
            if round < self.outer {
                let off = (0..n).map(|at| (y[at] - trend[at] - seasonal[at]).abs());
                weights = Some(robustness(&off.collect::<Vec<_>>()));
            }
        }
        let remainder = (0..n).map(|at| y[at] - seasonal[at] - trend[at]).collect();
        let weights = weights.unwrap_or_else(|| vec![1.0; n]);
        Parts { trend, seasonal, remainder, weights }
    }

    fn step(&self, y: &[f64], trend: &mut Vec<f64>, seasonal: &mut [f64], own: Option<&[f64]>) {
        let (n, period) = (y.len(), self.period);
        // Each place of the season by itself, one season beyond both ends.
        let mut cycle = vec![0.0; n + 2 * period];
        for place in 0..period {
            let every = |all: &[f64]| -> Vec<f64> {
                all.iter().skip(place).step_by(period).copied().collect()
            };
            let away: Vec<f64> = (place..n).step_by(period).map(|at| y[at] - trend[at]).collect();
            let weights = own.map(every);
            let loess = Loess { span: self.seasonal, line: true };
            let smooth = loess.smooth_beyond(&away, weights.as_deref());
            for (turn, value) in smooth.into_iter().enumerate() {
                cycle[turn * period + place] = value;
            }
        }
        // What of it is no season but level.
        let level = moving(&moving(&moving(&cycle, period), period), 3);
        let level = Loess { span: self.low_pass, line: true }.smooth(&level, None);
        for (at, value) in seasonal.iter_mut().enumerate() {
            *value = cycle[period + at] - level[at];
        }
        let away: Vec<f64> = y.iter().zip(&*seasonal).map(|(y, season)| y - season).collect();
        *trend = Loess { span: self.trend, line: true }.smooth(&away, own);
    }
}

/// The parts of a series with several seasons, a series of each in their order.
#[derive(Debug, Clone)]
pub(crate) struct Several {
    pub trend: Vec<f64>,
    pub seasonal: Vec<Vec<f64>>,
    pub remainder: Vec<f64>,
    pub weights: Vec<f64>,
}

/// Takes a series with several seasons apart, each in what the others leave: the last one's trend is the series'.
///
/// # Source
/// K. Bandara, R. J. Hyndman and C. Bergmeir (2021), "MSTL", arXiv:2107.13462.
pub(crate) fn several(each: &[Stl], rounds: usize, y: &[f64]) -> Several {
    let n = y.len();
    let mut left = y.to_vec();
    let mut found = Several {
        trend: vec![0.0; n],
        seasonal: vec![vec![0.0; n]; each.len()],
        remainder: vec![],
        weights: vec![1.0; n],
    };
    for _ in 0..if each.len() == 1 { 1 } else { rounds } {
        for (stl, own) in each.iter().zip(&mut found.seasonal) {
            left.iter_mut().zip(&*own).for_each(|(left, own)| *left += own);
            let parts = stl.decompose(&left);
            left.iter_mut().zip(&parts.seasonal).for_each(|(left, own)| *left -= own);
            *own = parts.seasonal;
            (found.trend, found.weights) = (parts.trend, parts.weights);
        }
    }
    found.remainder = left.iter().zip(&found.trend).map(|(left, trend)| left - trend).collect();
    found
}

/// Moving averages of so many values.
fn moving(values: &[f64], width: usize) -> Vec<f64> {
    let mut sum: f64 = values[..width].iter().sum();
    let mut all = vec![sum / width as f64];
    for at in width..values.len() {
        sum += values[at] - values[at - width];
        all.push(sum / width as f64);
    }
    all
}

/// Bisquare weights: 1 near 0, and 0 beyond six times the median distance.
fn robustness(off: &[f64]) -> Vec<f64> {
    let mut sorted = off.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    let reach = 3.0 * (sorted[n / 2] + sorted[(n - 1) / 2]);
    let weight = |off: &f64| match *off {
        off if off <= 0.001 * reach => 1.0,
        off if off <= 0.999 * reach => (1.0 - (off / reach).powi(2)).powi(2),
        _ => 0.0,
    };
    off.iter().map(weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series() -> Vec<f64> {
        (0..84)
            .map(|day| {
                let season = [0.0, 1.0, 2.0, 1.5, 3.0, -4.0, -3.5][day % 7];
                100.0 + 0.5 * day as f64 + season
            })
            .collect()
    }

    #[test]
    fn a_line_and_a_season_are_found_exactly() {
        let y = series();
        let parts = Stl::new(7, 7, false).decompose(&y);
        for (day, value) in y.iter().enumerate() {
            // The season sums to 0 here, as STL's does.
            assert!((parts.trend[day] - 100.0 - 0.5 * day as f64).abs() < 1e-6, "{day}");
            assert!(parts.remainder[day].abs() < 1e-6, "{day}: {}", parts.remainder[day]);
            let sum = parts.trend[day] + parts.seasonal[day] + parts.remainder[day];
            assert!((sum - value).abs() < 1e-12);
        }
        assert!(parts.weights.iter().all(|weight| *weight == 1.0));
    }

    #[test]
    fn an_outlier_does_not_bend_what_is_robust() {
        let mut y = series();
        for (day, value) in y.iter_mut().enumerate() {
            *value += ((day * 37) % 11) as f64 / 11.0 - 0.5;
        }
        let before = Stl::new(7, 7, true).decompose(&y);
        y[40] += 60.0;
        let after = Stl::new(7, 7, true).decompose(&y);
        let plain = Stl::new(7, 7, false).decompose(&y);
        assert_eq!(after.weights[40], 0.0);
        assert!((after.trend[40] - before.trend[40]).abs() < 0.5, "{}", after.trend[40]);
        assert!((plain.trend[40] - before.trend[40]).abs() > 2.0, "{}", plain.trend[40]);
    }

    #[test]
    fn spans_are_the_authors() {
        assert_eq!((usual_trend(12, 35), usual_trend(7, 7), odd(8), odd(13)), (19, 15, 9, 13));
    }
}
