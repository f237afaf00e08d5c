//! Life tables: who is at risk, leaves, or is censored at each time, and what follows from that.
//!
//! # Source
//! E. L. Kaplan and P. Meier (1958), "Nonparametric estimation from incomplete observations"; Greenwood's
//! variance with the log-log transformation (J. D. Kalbfleisch and R. L. Prentice, The Statistical Analysis of
//! Failure Time Data); the log-rank test (N. Mantel, 1966), with degrees of freedom as in R's `survdiff`; the
//! restricted mean and its variance as in J. P. Klein and M. L. Moeschberger, Survival Analysis, section 4.5.

use nalgebra::{DMatrix, DVector};

use super::distribution::chi_square_sf;
use super::interval::Z95;

/// What happens at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Moment {
    pub time: f64,
    /// Just before.
    pub at_risk: usize,
    pub events: usize,
    pub censored: usize,
}

/// The survival just after a time, and Greenwood's sum up to it (infinite once nobody survives).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Survival {
    pub share: f64,
    greenwood: f64,
}

impl Survival {
    /// Before anybody leaves.
    pub const START: Survival = Survival { share: 1.0, greenwood: 0.0 };

    /// Returns Greenwood's variance; 0 once nobody survives.
    #[cfg(test)]
    pub fn variance(self) -> f64 {
        if self.share > 0.0 { self.share * self.share * self.greenwood } else { 0.0 }
    }

    /// Returns the log-log interval; none if nobody or everyone has left.
    pub fn interval(self) -> Option<(f64, f64)> {
        if self.share <= 0.0 || self.share >= 1.0 {
            return None;
        }
        let spread = Z95 * self.greenwood.sqrt() / self.share.ln();
        Some((self.share.powf((-spread).exp()), self.share.powf(spread.exp())))
    }
}

/// Subjects, summed up at each time that occurs, in ascending order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LifeTable {
    pub subjects: usize,
    pub moments: Vec<Moment>,
}

impl LifeTable {
    /// Creates a table from each subject's duration (finite, 0 or more) and whether it ended then.
    pub fn new(mut subjects: Vec<(f64, bool)>) -> LifeTable {
        subjects.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut left = subjects.len();
        let moments = subjects
            .chunk_by(|a, b| a.0 == b.0)
            .map(|same| {
                let events = same.iter().filter(|subject| subject.1).count();
                // −0 is 0.
                let time = same[0].0 + 0.0;
                let moment = Moment { time, at_risk: left, events, censored: same.len() - events };
                left -= same.len();
                moment
            })
            .collect();
        LifeTable { subjects: subjects.len(), moments }
    }

    pub fn events(&self) -> usize {
        self.moments.iter().map(|moment| moment.events).sum()
    }

    /// Returns the Kaplan–Meier estimate at each moment.
    pub fn curve(&self) -> Vec<Survival> {
        let mut now = Survival::START;
        self.moments
            .iter()
            .map(|moment| {
                let (n, d) = (moment.at_risk as f64, moment.events as f64);
                if moment.events > 0 {
                    now.share *= (n - d) / n;
                    now.greenwood += d / (n * (n - d));
                }
                now
            })
            .collect()
    }

    /// Returns the first time at which a bound of the curve is one half or less.
    pub fn median(&self, bound: impl Fn(Survival) -> Option<f64>) -> Option<f64> {
        // A product of fractions may miss one half by its last digit.
        let at = self
            .curve()
            .into_iter()
            .position(|point| bound(point).is_some_and(|value| value <= 0.5 + 1e-12));
        at.map(|at| self.moments[at].time)
    }

    /// Returns the area under the curve up to the horizon, and its standard error; none if observation ends before the
    /// horizon with someone still there.
    pub fn area(&self, horizon: f64) -> Option<(f64, f64)> {
        let curve = self.curve();
        let end = (self.moments.last()?, curve.last()?);
        if end.0.time < horizon && end.1.share > 0.0 {
            return None;
        }
        // Backwards: the area from each moment to the horizon.
        let (mut area, mut variance, mut to) = (0.0, 0.0, horizon);
        for (place, moment) in self.moments.iter().enumerate().rev() {
            if moment.time >= horizon {
                continue;
            }
            area += curve[place].share * (to - moment.time);
            to = moment.time;
            let (n, d) = (moment.at_risk as f64, moment.events as f64);
            if moment.events > 0 && moment.events < moment.at_risk {
                variance += area * area * d / (n * (n - d));
            }
        }
        Some((area + to, variance.sqrt()))
    }
}

/// The log-rank test of several groups.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LogRank {
    /// Events in each group if all had the same hazard at each time.
    pub expected: Vec<f64>,
    /// Groups that were at risk when someone left, minus one.
    pub df: usize,
    /// The statistic and its p value; none where fewer than two groups could be compared.
    pub test: Option<(f64, f64)>,
}

impl LogRank {
    pub fn of(groups: &[&LifeTable]) -> LogRank {
        let k = groups.len();
        // At each time somebody leaves: at risk and events, by group. One merge over all groups.
        let mut times: Vec<(usize, Moment)> = vec![];
        for (place, group) in groups.iter().enumerate() {
            times.extend(group.moments.iter().map(|moment| (place, *moment)));
        }
        times.sort_by(|a, b| a.1.time.total_cmp(&b.1.time));
        let mut at_risk: Vec<f64> = groups.iter().map(|group| group.subjects as f64).collect();
        let mut expected = vec![0.0; k];
        let mut covariance = DMatrix::<f64>::zeros(k, k);
        for same in times.chunk_by(|a, b| a.1.time == b.1.time) {
            let n: f64 = at_risk.iter().sum();
            let d: f64 = same.iter().map(|(_, moment)| moment.events as f64).sum();
            if d > 0.0 {
                let factor = if n > 1.0 { d * (n - d) / (n - 1.0) } else { 0.0 };
                for i in 0..k {
                    let share = at_risk[i] / n;
                    expected[i] += d * share;
                    for j in 0..k {
                        let same = if i == j { 1.0 } else { 0.0 };
                        covariance[(i, j)] += factor * share * (same - at_risk[j] / n);
                    }
                }
            }
            for (place, moment) in same {
                at_risk[*place] -= (moment.events + moment.censored) as f64;
            }
        }
        // A group that was gone before anybody left cannot be compared, and takes no degree of freedom.
        let compared = expected.iter().filter(|expected| **expected > 0.0).count();
        let df = compared.saturating_sub(1);
        // One group follows from the others.
        let gap =
            DVector::from_fn(k.saturating_sub(1), |i, _| groups[i].events() as f64 - expected[i]);
        let part = covariance.view((0, 0), (gap.len(), gap.len())).into_owned();
        let chi_square = part
            .pseudo_inverse(1e-12)
            .ok()
            .map(|inverse| (gap.transpose() * inverse * &gap)[(0, 0)])
            .filter(|chi_square| df > 0 && chi_square.is_finite());
        let test = chi_square.map(|chi_square| (chi_square, chi_square_sf(chi_square, df as f64)));
        LogRank { expected, df, test }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R: `survdiff(Surv(time, status) ~ group)` gives one degree of freedom here, because nobody of c was at
    /// risk any more when the first one left.
    #[test]
    fn a_group_gone_before_anybody_left_takes_no_degree_of_freedom() {
        let a = LifeTable::new(vec![(2.0, true), (3.0, true), (6.0, false)]);
        let b = LifeTable::new(vec![(4.0, true), (5.0, true), (6.0, true)]);
        let c = LifeTable::new(vec![(1.0, false), (1.0, false)]);
        let (two, three) = (LogRank::of(&[&a, &b]), LogRank::of(&[&a, &b, &c]));
        assert_eq!((three.df, three.expected[2]), (1, 0.0));
        let (two, three) = (two.test.unwrap(), three.test.unwrap());
        assert!(
            (two.0 - three.0).abs() < 1e-9 && (two.1 - three.1).abs() < 1e-9,
            "{two:?} {three:?}"
        );
    }

    #[test]
    fn nothing_to_compare_is_no_test() {
        let stay = LifeTable::new(vec![(2.0, false), (3.0, false)]);
        let found = LogRank::of(&[&stay, &stay]);
        assert_eq!((found.df, found.test), (0, None));
    }
}
