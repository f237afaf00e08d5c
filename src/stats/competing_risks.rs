//! Competing risks: one of several things happens to a subject first, and then none of the others can.
//!
//! # Source
//! O. O. Aalen and S. Johansen (1978), "An empirical transition matrix for non-homogeneous Markov chains based on
//! censored observations"; the variance by the delta method and the log-log interval as in D. Collett, Modelling
//! Survival Data in Medical Research, third edition, chapter 12.

use super::interval::Z95;

/// An outcome's cumulative incidence just after a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Incidence {
    pub time: f64,
    /// Just before, whatever happened to the others.
    pub at_risk: usize,
    /// Of this outcome, at this time.
    pub events: usize,
    pub share: f64,
    variance: f64,
}

impl Incidence {
    /// Returns the log-log interval; none at 0 and 1.
    pub fn interval(self) -> Option<(f64, f64)> {
        if self.share <= 0.0 || self.share >= 1.0 {
            return None;
        }
        let spread = Z95 * self.variance.max(0.0).sqrt() / (self.share * self.share.ln());
        Some((self.share.powf((-spread).exp()), self.share.powf(spread.exp())))
    }
}

/// Subjects by how long they were observed, and the place of the outcome that ended it; none if they were still waiting.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CompetingRisks {
    subjects: Vec<(f64, Option<usize>)>,
}

impl CompetingRisks {
    /// Creates the table from durations (finite, 0 or more) and outcomes.
    pub fn new(mut subjects: Vec<(f64, Option<usize>)>) -> CompetingRisks {
        subjects.sort_by(|a, b| a.0.total_cmp(&b.0));
        CompetingRisks { subjects }
    }

    /// Returns the Aalen–Johansen estimate of an outcome at time 0 and at each time that occurs.
    pub fn incidence(&self, outcome: usize) -> Vec<Incidence> {
        let mut left = self.subjects.len();
        let first = self.subjects.first().is_some_and(|subject| subject.0 == 0.0);
        let start = Incidence { time: 0.0, at_risk: left, events: 0, share: 0.0, variance: 0.0 };
        let mut found = if first { vec![] } else { vec![start] };
        // The share to whom nothing has happened yet, and of this outcome.
        let (mut waiting, mut share) = (1.0, 0.0);
        // The sums of the variance, in powers of the incidence that is reached.
        let [mut squares, mut linear, mut constant] = [0.0; 3];
        for same in self.subjects.chunk_by(|a, b| a.0 == b.0) {
            let n = left as f64;
            let any = same.iter().filter(|subject| subject.1.is_some()).count();
            let own = same.iter().filter(|subject| subject.1 == Some(outcome)).count();
            let (all, own_events) = (any as f64, own as f64);
            share += waiting * own_events / n;
            // When everyone at risk has left, the incidence moves no more, and this term stays 0.
            let all_gone = if any < left { all / (n * (n - all)) } else { 0.0 };
            let step = waiting * own_events / (n * n);
            squares += all_gone;
            linear -= 2.0 * (share * all_gone + step);
            constant += share * share * all_gone
                + waiting * step * (n - own_events) / n
                + 2.0 * share * step;
            waiting *= (n - all) / n;
            found.push(Incidence {
                // −0 is 0.
                time: same[0].0 + 0.0,
                at_risk: left,
                events: own,
                share,
                variance: share * share * squares + share * linear + constant,
            });
            left -= same.len();
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::life_table::LifeTable;

    /// Ten subjects with ties, by hand: at 1 (10 at risk) two of 0 and one of 1; at 2 (7) one censored; at 3 (6) three
    /// of 1; at 4 (3) one of 0.
    #[test]
    fn shares_are_those_worked_out_by_hand() {
        let mut subjects = vec![(1.0, Some(0)), (1.0, Some(0)), (1.0, Some(1)), (2.0, None)];
        subjects.extend([(3.0, Some(1)), (3.0, Some(1)), (3.0, Some(1)), (4.0, Some(0))]);
        subjects.extend([(5.0, None), (5.0, None)]);
        let table = CompetingRisks::new(subjects);
        let shares = |outcome| -> Vec<f64> {
            table.incidence(outcome).iter().map(|point| (1e9 * point.share).round() / 1e9).collect()
        };
        // Waiting: 1, 0.7, 0.7, 0.35, 0.35 x 2/3; so the last match adds 0.35 / 3.
        assert_eq!(shares(0), [0.0, 0.2, 0.2, 0.2, 0.316666667, 0.316666667]);
        assert_eq!(shares(1), [0.0, 0.1, 0.1, 0.45, 0.45, 0.45]);
    }

    /// With a single outcome it is what Kaplan and Meier say has left, with the same variance.
    #[test]
    fn one_outcome_is_kaplan_and_meiers_complement() {
        let lives: Vec<(f64, bool)> =
            (0..60).map(|n| (f64::from(n * 37 % 23), n % 4 != 0)).collect();
        let one = CompetingRisks::new(lives.iter().map(|l| (l.0, l.1.then_some(0))).collect());
        let life = LifeTable::new(lives);
        let found = one.incidence(0);
        assert_eq!(found.len(), life.moments.len());
        for (mine, theirs) in found.iter().zip(life.curve()) {
            assert!((mine.share - (1.0 - theirs.share)).abs() < 1e-12);
            assert!((mine.variance - theirs.variance()).abs() < 1e-12, "{mine:?} {theirs:?}");
        }
    }
}
