//! Where a series changes: the segments that cost least, with a penalty for each.
//!
//! A segment's cost is −2 times the logarithm of its likelihood under normal noise, without what all segmentations share. Candidates
//! that can never be best again are left out, so that the search is exact and, with many changes, takes linear time.
//!
//! # Source
//! R. Killick, P. Fearnhead and I. A. Eckley (2012), "Optimal detection of changepoints with a linear computational cost", Journal of the
//! American Statistical Association 107. The modified BIC: N. R. Zhang and D. O. Siegmund (2007), "A modified Bayes information criterion
//! with applications to the analysis of comparative genomic hybridization data", Biometrics 63.

/// What changes, and what a segment costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cost {
    /// The mean; all segments have this variance. The sum of squares around the mean, over the variance.
    Mean(f64),
    /// Mean and variance. The length times the logarithm of the variance.
    MeanVariance,
}

/// What segments cost beside their fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Penalty {
    pub each: f64,
    /// Whether the logarithm of a segment's length is added.
    pub by_length: bool,
}

/// To the variance of a segment this share of the whole series' is added: equal values would make it 0, whose logarithm is none.
const ROUNDING: f64 = 1e-6;

/// Sums of a series from its start.
struct Sums {
    cost: Cost,
    by_length: bool,
    /// How large the unit of the sums is.
    unit: f64,
    /// Sums of values and of their squares, both around the mean and in standard deviations.
    sums: Vec<(f64, f64)>,
}

impl Sums {
    fn new(y: &[f64], cost: Cost, by_length: bool) -> Sums {
        let n = y.len() as f64;
        let mean = y.iter().sum::<f64>() / n;
        let variance = y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n;
        let unit = if variance > 0.0 { variance.sqrt() } else { 1.0 };
        let mut sums = vec![(0.0, 0.0)];
        let (mut sum, mut squares) = (0.0, 0.0);
        for y in y {
            let away = (y - mean) / unit;
            sum += away;
            squares += away * away;
            sums.push((sum, squares));
        }
        Sums { cost, by_length, unit, sums }
    }

    /// What the segment from `from` until before `to` costs.
    fn cost(&self, from: usize, to: usize) -> f64 {
        let n = (to - from) as f64;
        let sum = self.sums[to].0 - self.sums[from].0;
        let around = (self.sums[to].1 - self.sums[from].1 - sum * sum / n).max(0.0);
        let fit = match self.cost {
            Cost::Mean(variance) => around * (self.unit * self.unit / variance),
            Cost::MeanVariance => n * ((around / n + ROUNDING).ln() + 2.0 * self.unit.ln()),
        };
        fit + if self.by_length { n.ln() } else { 0.0 }
    }
}

/// Finds the cheapest segments of at least so many points: the place after the end of each, and what all cost without the penalty for
/// each. A series shorter than two segments is one.
pub(crate) fn segments(y: &[f64], cost: Cost, penalty: Penalty, least: usize) -> (Vec<usize>, f64) {
    let n = y.len();
    let sums = Sums::new(y, cost, penalty.by_length);
    // How much splitting a segment may add: the logarithm of the lengths' product over their sum.
    let slack = if penalty.by_length { (n as f64 / 4.0).ln().max(0.0) } else { 0.0 };
    let mut best = vec![(f64::INFINITY, 0); n + 1];
    best[0].0 = -penalty.each;
    // Each candidate with the end from which on it's out.
    let mut candidates: Vec<(usize, usize)> = vec![];
    for end in least..=n {
        let new = end - least;
        if new == 0 || new >= least {
            candidates.push((new, usize::MAX));
        }
        candidates.retain(|(_, out)| end < *out);
        for (start, _) in &candidates {
            let total = best[*start].0 + sums.cost(*start, end) + penalty.each;
            if total < best[end].0 {
                best[end] = (total, *start);
            }
        }
        // A segment from here on would do better, as soon as it's long enough.
        for (start, out) in candidates.iter_mut().filter(|(_, out)| *out == usize::MAX) {
            if best[*start].0 + sums.cost(*start, end) - slack > best[end].0 {
                *out = end + least;
            }
        }
    }
    let (mut ends, mut at) = (vec![n], n);
    if n >= least {
        while best[at].1 > 0 {
            at = best[at].1;
            ends.push(at);
        }
    }
    ends.reverse();
    let starts = std::iter::once(&0).chain(&ends);
    let total = starts.zip(&ends).map(|(from, to)| sums.cost(*from, *to)).sum();
    (ends, total)
}

/// Estimates the variance of a series around a mean that changes now and then, from the median distance of neighbours.
pub(crate) fn noise(y: &[f64]) -> f64 {
    let mut steps: Vec<f64> = y.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    steps.sort_by(f64::total_cmp);
    let n = steps.len();
    if n == 0 {
        return 0.0;
    }
    let median = (steps[n / 2] + steps[(n - 1) / 2]) / 2.0;
    // Where most neighbours are the same, the others say something.
    let (median, mean) =
        (median / 0.674_489_750_196_081_7, steps.iter().map(|s| s * s).sum::<f64>());
    if median > 0.0 { median * median / 2.0 } else { mean / n as f64 / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look like noise with steps in it.
    fn series(seed: u64, n: usize) -> Vec<f64> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut level = 0.0;
        (0..n)
            .map(|at| {
                let mut next = || {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
                };
                if at % 13 == 12 {
                    level += 4.0 * next();
                }
                level + next() + next()
            })
            .collect()
    }

    /// The least cost over all segmentations, without leaving anything out.
    fn exhaustive(y: &[f64], cost: Cost, penalty: Penalty, least: usize) -> f64 {
        let sums = Sums::new(y, cost, penalty.by_length);
        let mut best = vec![f64::INFINITY; y.len() + 1];
        best[0] = -penalty.each;
        for end in least..=y.len() {
            for start in 0..=end - least {
                best[end] = best[end].min(best[start] + sums.cost(start, end) + penalty.each);
            }
        }
        best[y.len()]
    }

    #[test]
    fn leaving_candidates_out_loses_nothing() {
        let mut changes = 0;
        for seed in 1..=60 {
            let y = series(seed, 30 + seed as usize);
            for cost in [Cost::Mean(0.2), Cost::Mean(2.0), Cost::MeanVariance] {
                for (each, by_length) in [(0.5, false), (4.0, false), (4.0, true), (9.0, true)] {
                    for least in [2, 3, 7] {
                        let penalty = Penalty { each, by_length };
                        let (ends, total) = segments(&y, cost, penalty, least);
                        let many = ends.len() - 1;
                        let whole = exhaustive(&y, cost, penalty, least);
                        let found = total + many as f64 * each;
                        assert!(
                            (found - whole).abs() < 1e-9,
                            "{seed} {cost:?} {penalty:?} {least}"
                        );
                        let starts = std::iter::once(&0).chain(&ends);
                        assert!(starts.zip(&ends).all(|(from, to)| to - from >= least));
                        changes += many;
                    }
                }
            }
        }
        assert!(changes > 2_000, "{changes}");
    }

    #[test]
    fn a_step_is_found_where_it_is() {
        let mut y = vec![1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 6.0, 7.0, 6.0, 7.0, 6.0, 7.0];
        let penalty = Penalty { each: 6.0, by_length: false };
        assert_eq!(segments(&y, Cost::Mean(0.5), penalty, 1).0, [8, 14]);
        // The same with more of the mean, and in another unit.
        y.iter_mut().for_each(|y| *y = 1e9 + 1e3 * *y);
        assert_eq!(segments(&y, Cost::Mean(0.5e6), penalty, 1).0, [8, 14]);
        assert_eq!(segments(&y[..3], Cost::Mean(0.5e6), penalty, 2).0, [3]);
        assert_eq!(segments(&y[..3], Cost::Mean(0.5e6), penalty, 9).0, [3]);
        // A mean that stays, a variance that doesn't.
        let calm = |at: i32| f64::from((at * 7) % 5 - 2);
        let y: Vec<f64> = (0..60).map(|at| calm(at) * if at < 40 { 1.0 } else { 9.0 }).collect();
        let penalty = Penalty { each: 12.0, by_length: false };
        assert_eq!(segments(&y, Cost::MeanVariance, penalty, 5).0, [40, 60]);
        assert_eq!(segments(&[3.0; 40], Cost::MeanVariance, penalty, 5).0, [40]);
    }

    #[test]
    fn steps_do_not_count_as_noise() {
        let y: Vec<f64> =
            series(5, 4_000).iter().zip(0..).map(|(y, at)| y + f64::from(at / 500)).collect();
        // Two uniform numbers of variance 1/12 each; sums of two are triangular, not normal.
        assert!((noise(&y) - 1.0 / 6.0).abs() < 0.03, "{}", noise(&y));
        assert_eq!(noise(&[1.0, 1.0, 1.0, 4.0]), 1.5);
        assert_eq!((noise(&[2.0]), noise(&[2.0, 2.0])), (0.0, 0.0));
    }
}
