//! Users ranked by a score of how much a treatment helps them, and what treating the first of them
//! gains.
//!
//! # Source
//! N. J. Radcliffe (2007), "Using control groups to target on predicted lift: building and
//! assessing uplift models", Direct Marketing Analytics Journal; the percentile bootstrap: A. C.
//! Davison and D. V. Hinkley (1997).

use rand::RngExt;
use rayon::prelude::*;

use crate::stream::stream;

/// A user: whether treated, the outcome, and whether the next has another score.
#[derive(Debug, Clone, Copy)]
struct Place {
    treated: bool,
    outcome: f64,
    last: bool,
}

/// Users from the highest score to the lowest.
pub(crate) struct Ranking {
    places: Vec<Place>,
    treated: Vec<usize>,
    controls: Vec<usize>,
    /// Outcomes are 1 and 0 only.
    binary: bool,
}

/// A corner of the curve: the share of users treated, and the outcome gained per user.
type Corner = (f64, f64);

/// What one pass over the users finds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Gains {
    corners: Vec<Corner>,
    /// Area between the curve and the straight line to its end.
    pub area: f64,
    /// That area as a share of the best ranking's; not a number unless outcomes are 1 and 0.
    pub qini: f64,
}

impl Gains {
    /// Returns the gain from treating a share of the users; those of equal scores in any order.
    pub fn at(&self, share: f64) -> f64 {
        let after = self.corners.partition_point(|corner| corner.0 < share);
        let Some((x, y)) = self.corners.get(after).copied() else {
            return self.corners.last().map_or(f64::NAN, |corner| corner.1);
        };
        let (from, start) = if after == 0 { (0.0, 0.0) } else { self.corners[after - 1] };
        if x > from { start + (y - start) * (share - from) / (x - from) } else { y }
    }
}

impl Ranking {
    /// Ranks users by score; equal users are interchangeable, so the order of rows does not matter.
    pub fn new(users: impl IntoIterator<Item = (f64, bool, f64)>) -> Ranking {
        // 0 and -0 are one score.
        let mut users: Vec<(f64, bool, f64)> = users
            .into_iter()
            .map(|(score, treated, outcome)| (score + 0.0, treated, outcome))
            .collect();
        users.sort_unstable_by(|a, b| {
            b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.total_cmp(&b.2))
        });
        let binary = users.iter().all(|user| user.2 == 0.0 || user.2 == 1.0);
        let last = |at: usize| users.get(at + 1).is_none_or(|next| next.0 != users[at].0);
        let place = |(at, user): (usize, &(f64, bool, f64))| Place {
            treated: user.1,
            outcome: user.2,
            last: last(at),
        };
        let places: Vec<Place> = users.iter().enumerate().map(place).collect();
        let of =
            |treated: bool| (0..places.len()).filter(|at| places[*at].treated == treated).collect();
        Ranking { treated: of(true), controls: of(false), binary, places }
    }

    /// Counts the users of control and of treatment.
    pub fn users(&self) -> [usize; 2] {
        [self.controls.len(), self.treated.len()]
    }

    /// Computes the gains, everybody counted once; `None` if an arm has nobody.
    pub fn gains(&self) -> Option<Gains> {
        self.counted(&vec![1; self.places.len()])
    }

    /// Draws users with replacement within each arm, so many times.
    pub fn resampled(&self, draws: u32, seed: u64) -> Vec<Gains> {
        let counts = |draw: u64| {
            let mut counts = vec![0_u32; self.places.len()];
            for (of, name) in
                [(&self.treated, "uplift treatment"), (&self.controls, "uplift control")]
            {
                let mut rng = stream(seed, name, draw);
                for _ in 0..of.len() {
                    counts[of[rng.random_range(0..of.len())]] += 1;
                }
            }
            counts
        };
        let drawn = (0..u64::from(draws)).into_par_iter();
        drawn.filter_map(|draw| self.counted(&counts(draw))).collect()
    }

    fn counted(&self, counts: &[u32]) -> Option<Gains> {
        if self.treated.is_empty() || self.controls.is_empty() {
            return None;
        }
        let all = self.places.len() as f64;
        let per = self.treated.len() as f64;
        let (mut n, mut outcome) = ([0.0; 2], [0.0; 2]);
        // How many have each outcome, 0 or 1, by arm.
        let mut cells = [[0.0; 2]; 2];
        let mut corners = vec![];
        for (place, count) in self.places.iter().zip(counts) {
            let (arm, count) = (usize::from(place.treated), f64::from(*count));
            n[arm] += count;
            outcome[arm] += count * place.outcome;
            if self.binary {
                cells[arm][usize::from(place.outcome == 1.0)] += count;
            }
            if place.last {
                corners.push(corner(n, outcome, all, per));
            }
        }
        let area = area(&corners);
        let qini = if self.binary { area / best(cells, all, per) } else { f64::NAN };
        Some(Gains { corners, area, qini })
    }
}

/// The treated users' outcome beyond that of as many users of control.
fn corner(n: [f64; 2], outcome: [f64; 2], all: f64, per: f64) -> Corner {
    let expected = if n[0] > 0.0 { outcome[0] * n[1] / n[0] } else { 0.0 };
    ((n[0] + n[1]) / all, (outcome[1] - expected) / per)
}

fn area(corners: &[Corner]) -> f64 {
    let (mut area, mut before) = (0.0, (0.0, 0.0));
    for corner in corners {
        area += (corner.0 - before.0) * (corner.1 + before.1) / 2.0;
        before = *corner;
    }
    area - before.1 / 2.0
}

/// The area of the best ranking: treated users with the outcome first, users of control with it
/// last. By arm and outcome.
fn best(cells: [[f64; 2]; 2], all: f64, per: f64) -> f64 {
    let [[without, with], [treated_without, treated_with]] = cells;
    let first = corner([0.0, treated_with], [0.0, treated_with], all, per);
    let second = corner([without, treated_with + treated_without], [0.0, treated_with], all, per);
    let n = [without + with, treated_with + treated_without];
    area(&[first, second, corner(n, [with, treated_with], all, per)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranking(users: &[(f64, bool, f64)]) -> Gains {
        Ranking::new(users.iter().copied()).gains().unwrap()
    }

    #[test]
    fn a_score_that_says_nothing_gains_nothing() {
        let users: Vec<(f64, bool, f64)> =
            (0..40).map(|user| (1.0, user % 2 == 0, f64::from(user % 3 == 0))).collect();
        let found = ranking(&users);
        assert!(found.area.abs() < 1e-15 && found.qini.abs() < 1e-12, "{found:?}");
        assert!((found.at(0.5) - found.at(1.0) / 2.0).abs() < 1e-15);
    }

    #[test]
    fn the_best_ranking_has_a_coefficient_of_one() {
        let (mut users, mut worst) = (vec![], vec![]);
        for (treated, outcome) in [(true, 1.0), (true, 0.0), (false, 1.0), (false, 0.0)] {
            for _ in 0..[3, 5, 2, 6][2 * usize::from(treated) + usize::from(outcome == 0.0)] {
                let score = outcome * if treated { 1.0 } else { -1.0 };
                users.push((score, treated, outcome));
                worst.push((-score, treated, outcome));
            }
        }
        assert!((ranking(&users).qini - 1.0).abs() < 1e-12);
        assert!(ranking(&worst).qini < 0.0);
    }

    /// Two treated, two of control; the outcome is the score's only among the treated.
    #[test]
    fn gains_are_what_they_are_by_hand() {
        let found =
            ranking(&[(2.0, true, 1.0), (2.0, false, 0.0), (1.0, true, 0.0), (1.0, false, 0.0)]);
        assert_eq!(
            (found.at(0.0), found.at(0.25), found.at(0.5), found.at(1.0)),
            (0.0, 0.25, 0.5, 0.5)
        );
        // A triangle of 0.125 and a rectangle of 0.25, less 0.25.
        assert_eq!(found.area, 0.125);
    }

    #[test]
    fn an_arm_without_users_has_no_gain() {
        assert!(Ranking::new([(1.0, true, 1.0)]).gains().is_none());
        assert!(Ranking::new([(1.0, true, 1.0)]).resampled(3, 1).is_empty());
    }
}
