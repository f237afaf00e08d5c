//! Which of several channels conversions are due to.
//!
//! # Source
//! E. Anderl, I. Becker, F. von Wangenheim and J. H. Schumann (2016), "Mapping the customer journey: lessons learned from graph-based
//! online attribution modeling", International Journal of Research in Marketing 33 (Markov). X. Shao and L. Li (2011), "Data-driven
//! multi-touch attribution models", KDD; L. S. Shapley (1953), "A value for n-person games".

use nalgebra::{DMatrix, DVector};

/// A chain of touches: counts of what comes first and of what follows what.
pub(crate) struct Chain {
    /// By channel: paths that begin there.
    starts: Vec<f64>,
    /// By channel, then the next.
    moves: Vec<Vec<f64>>,
    /// By channel: paths that end there with a conversion, and without.
    wins: Vec<f64>,
    losses: Vec<f64>,
}

impl Chain {
    pub fn new(channels: usize) -> Chain {
        Chain {
            starts: vec![0.0; channels],
            moves: vec![vec![0.0; channels]; channels],
            wins: vec![0.0; channels],
            losses: vec![0.0; channels],
        }
    }

    /// Adds so many paths: their touches in order, and whether they end with a conversion. Empty ones add nothing.
    pub fn add(&mut self, touches: &[usize], converted: bool, many: f64) {
        let (Some(first), Some(last)) = (touches.first(), touches.last()) else { return };
        self.starts[*first] += many;
        for pair in touches.windows(2) {
            self.moves[pair[0]][pair[1]] += many;
        }
        let ends = if converted { &mut self.wins } else { &mut self.losses };
        ends[*last] += many;
    }

    /// Returns the probability that a path converts, if those that come to a channel are lost.
    fn converts(&self, without: Option<usize>) -> f64 {
        let k = self.starts.len();
        let leave =
            |at: usize| self.moves[at].iter().sum::<f64>() + self.wins[at] + self.losses[at];
        let open = |at: usize| without != Some(at) && leave(at) > 0.0;
        // From each channel: x = w + P x.
        let system = DMatrix::from_fn(k, k, |from, to| {
            let own = f64::from(u8::from(from == to));
            if open(from) && open(to) { own - self.moves[from][to] / leave(from) } else { own }
        });
        let wins =
            DVector::from_fn(k, |at, _| if open(at) { self.wins[at] / leave(at) } else { 0.0 });
        let paths: f64 = self.starts.iter().sum();
        let chances = system.lu().solve(&wins).unwrap_or(wins);
        self.starts.iter().zip(chances.iter()).map(|(many, chance)| many * chance).sum::<f64>()
            / paths
    }

    /// Returns each channel's removal effect, the share of conversions that are lost without it; none without conversions.
    pub fn removal_effects(&self) -> Option<Vec<f64>> {
        if self.wins.iter().sum::<f64>() <= 0.0 {
            return None;
        }
        let all = self.converts(None);
        Some((0..self.starts.len()).map(|at| 1.0 - self.converts(Some(at)) / all).collect())
    }
}

/// Users by the set of channels that reached them, one bit a channel: how many there are, and how many converted.
pub(crate) struct Sets {
    channels: usize,
    users: Vec<f64>,
    hits: Vec<f64>,
}

impl Sets {
    /// Creates a count without users. Memory doubles with each channel.
    pub fn new(channels: usize) -> Sets {
        let all = vec![0.0; 1 << channels];
        Sets { channels, users: all.clone(), hits: all }
    }

    pub fn add(&mut self, set: usize, converted: bool, many: f64) {
        self.users[set] += many;
        self.hits[set] += if converted { many } else { 0.0 };
    }

    /// Returns the conversions due to each channel, and those that are due to none.
    ///
    /// A set is worth its conversion rate; one that nobody had, the best of those within it. Each user's rate is split over the channels
    /// that reached them by the Shapley value.
    pub fn shapley(&self) -> (Vec<f64>, f64) {
        let mut worth: Vec<f64> = Vec::with_capacity(self.users.len());
        for set in 0..self.users.len() {
            let within = (0..self.channels).filter(|at| set >> at & 1 == 1).map(|at| set ^ 1 << at);
            let best = within.map(|less| worth[less]).fold(0.0, f64::max);
            worth.push(if self.users[set] > 0.0 { self.hits[set] / self.users[set] } else { best });
        }
        let mut due = vec![0.0; self.channels];
        let mut none = 0.0;
        for (set, users) in self.users.iter().enumerate().filter(|(_, users)| **users > 0.0) {
            none += users * worth[0];
            let own: Vec<usize> = (0..self.channels).filter(|at| set >> at & 1 == 1).collect();
            for at in &own {
                let others = set ^ 1 << at;
                // All subsets of the others, the set itself first and the empty one last.
                let mut part = others;
                loop {
                    let gain = worth[part | 1 << at] - worth[part];
                    due[*at] += users * gain * order_share(own.len(), part.count_ones() as usize);
                    if part == 0 {
                        break;
                    }
                    part = (part - 1) & others;
                }
            }
        }
        (due, none)
    }
}

/// The share of all orders of `n` in which so many come before a given one: s! (n − 1 − s)! / n!.
fn order_share(n: usize, before: usize) -> f64 {
    let ways = (0..before).map(|k| (n - 1 - k) as f64 / (k + 1) as f64).product::<f64>();
    1.0 / (n as f64 * ways)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removal_effects_are_those_by_hand() {
        // a b +, a −, b +, a b −: from a, 2/3 go on to b; of b's, 2/3 convert.
        let mut chain = Chain::new(3);
        for (touches, converted) in
            [(&[0, 1][..], true), (&[0], false), (&[1], true), (&[0, 1], false), (&[], true)]
        {
            chain.add(touches, converted, 1.0);
        }
        let all = 3.0 / 4.0 * 2.0 / 3.0 * 2.0 / 3.0 + 1.0 / 4.0 * 2.0 / 3.0;
        assert!((chain.converts(None) - all).abs() < 1e-12);
        let effects = chain.removal_effects().unwrap();
        // Without a, only those who begin with b convert; without b nobody; the third channel was never touched.
        assert!((effects[0] - (1.0 - 1.0 / 6.0 / all)).abs() < 1e-12, "{effects:?}");
        assert!((effects[1] - 1.0).abs() < 1e-12 && effects[2].abs() < 1e-12, "{effects:?}");
        // Back and forth between two: of each visit to a, half convert; from b all go back.
        let mut chain = Chain::new(2);
        chain.add(&[0, 1, 0], true, 1.0);
        assert!((chain.converts(None) - 1.0).abs() < 1e-12);
        assert!(Chain::new(2).removal_effects().is_none());
    }

    #[test]
    fn a_set_is_split_by_what_its_channels_add() {
        let mut sets = Sets::new(2);
        // Nobody: 1 of 10; a: 3 of 10; b: 2 of 10; both: 6 of 10.
        for (set, hits) in [(0, 1), (1, 3), (2, 2), (3, 6)] {
            (0..10).for_each(|user| sets.add(set, user < hits, 1.0));
        }
        let (due, none) = sets.shapley();
        // Of both: a adds (0.2 + 0.4) / 2, b (0.1 + 0.3) / 2.
        assert!((due[0] - (2.0 + 3.0)).abs() < 1e-12 && (due[1] - (1.0 + 2.0)).abs() < 1e-12);
        assert!((none - 4.0).abs() < 1e-12 && (due[0] + due[1] + none - 12.0).abs() < 1e-12);
        // Never alone: a set that nobody had is worth the best within it, here nothing.
        let mut sets = Sets::new(2);
        (0..4).for_each(|user| sets.add(3, user < 2, 1.0));
        assert_eq!(sets.shapley(), (vec![1.0, 1.0], 0.0));
        assert!(
            (order_share(4, 0) - 0.25).abs() < 1e-15
                && (order_share(4, 2) - 1.0 / 12.0).abs() < 1e-15
        );
    }
}
