//! A test statistic that is looked at several times: the probabilities to leave its limits, look by look.
//!
//! With information shares t₁ < … < t_K = 1, the score B(t) = Z(t) √t of a test is a Brownian motion: its steps are
//! independent, normal, with mean θ Δt and variance Δt, where θ is the mean of the final z. The density of B at look k on
//! the paths that have not left the limits before is the one of look k − 1, convolved with the step's. It is kept
//! at the points of an integration rule.
//!
//! # Source
//! P. Armitage, C. K. McPherson and B. C. Rowe (1969), "Repeated significance tests on accumulating data", Journal of the
//! Royal Statistical Society A 132.

use std::f64::consts::PI;

use super::distribution::normal_cdf;
use super::quadrature::even_points;

/// So many standard deviations from its mean, a normal variable is never found.
const FAR: f64 = 9.0;

/// A walk at its latest look, and the limits it has kept so far.
pub(crate) struct Walk {
    drift: f64,
    time: f64,
    /// Where it may be, with the probability of each place: density times the rule's weight.
    inside: Vec<(f64, f64)>,
}

/// The probabilities to leave at a look: above and below.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Left {
    pub above: f64,
    pub below: f64,
}

impl Left {
    /// Returns the probability to leave on either side.
    pub fn either(self) -> f64 {
        self.above + self.below
    }
}

impl Walk {
    /// Begins a walk whose final z has the mean `drift`.
    pub fn new(drift: f64) -> Walk {
        Walk { drift, time: 0.0, inside: vec![(0.0, 1.0)] }
    }

    /// Returns the probability to be found beyond ± `z` at the next look, without having been before.
    pub fn beyond(&self, time: f64, z: f64) -> Left {
        let (mean, sd, limit) = self.step(time, z);
        self.inside.iter().fold(Left { above: 0.0, below: 0.0 }, |left, (at, probability)| Left {
            above: left.above + probability * normal_cdf((at + mean - limit) / sd),
            below: left.below + probability * normal_cdf((-limit - at - mean) / sd),
        })
    }

    /// Moves the walk to the next look, on the paths within ± `z`. `narrow` is the shortest time between two looks.
    pub fn go(&mut self, time: f64, z: f64, narrow: f64) {
        let (mean, sd, limit) = self.step(time, z);
        let (middle, reach) = (self.drift * time, FAR * time.sqrt());
        let (from, to) = ((middle - reach).max(-limit), (middle + reach).min(limit));
        let mut next = vec![];
        if from < to {
            let scale = 1.0 / (sd * (2.0 * PI).sqrt());
            for (at, weight) in even_points(from, to, 1.25 * narrow.sqrt()) {
                // Only places within the step's reach; they are in order.
                let near = |off: f64| {
                    self.inside.partition_point(|(place, _)| *place < at - mean + off * sd)
                };
                let density: f64 = self.inside[near(-FAR)..near(FAR)]
                    .iter()
                    .map(|(place, probability)| {
                        let off = (at - place - mean) / sd;
                        probability * (-off * off / 2.0).exp()
                    })
                    .sum();
                next.push((at, weight * scale * density));
            }
        }
        (self.time, self.inside) = (time, next);
    }

    fn step(&self, time: f64, z: f64) -> (f64, f64, f64) {
        let step = time - self.time;
        (self.drift * step, step.sqrt(), z * time.sqrt())
    }
}

/// Returns the probabilities to leave limits of z at each look: `looks` are information shares that grow.
pub(crate) fn crossing(looks: &[f64], limits: &[f64], drift: f64) -> Vec<Left> {
    let narrow = narrowest(looks);
    let mut walk = Walk::new(drift);
    looks
        .iter()
        .zip(limits)
        .map(|(time, z)| {
            let left = walk.beyond(*time, *z);
            walk.go(*time, *z, narrow);
            left
        })
        .collect()
}

/// Returns the shortest time between two looks, or before the first.
pub(crate) fn narrowest(looks: &[f64]) -> f64 {
    let before = [0.0].into_iter().chain(looks.iter().copied());
    looks.iter().zip(before).map(|(time, before)| time - before).fold(f64::INFINITY, f64::min)
}

/// Returns the probability that at least one of 1, 2, … equally spaced looks finds z beyond ± `z`, where nothing is.
pub(crate) fn peeking(looks: u32, z: f64) -> Vec<f64> {
    // The first k of K equally spaced looks are k equally spaced looks, in another unit of time.
    let times: Vec<f64> = (1..=looks).map(|look| f64::from(look) / f64::from(looks)).collect();
    let mut rate = 0.0;
    let limits = vec![z; times.len()];
    crossing(&times, &limits, 0.0)
        .into_iter()
        .map(|left| {
            rate += left.either();
            rate
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::interval::Z95;
    use super::*;

    fn equal(looks: u32) -> Vec<f64> {
        (1..=looks).map(|look| f64::from(look) / f64::from(looks)).collect()
    }

    fn error(limits: impl Fn(f64) -> f64) -> f64 {
        let looks = equal(5);
        let limits: Vec<f64> = looks.iter().map(|time| limits(*time)).collect();
        crossing(&looks, &limits, 0.0).iter().map(|left| left.either()).sum()
    }

    /// Armitage, McPherson and Rowe (1969), table 2, two-sided 5%; as printed in C. Jennison and B. W. Turnbull (2000),
    /// Group Sequential Methods, table 2.1.
    #[test]
    fn the_published_rates_of_peeking_are_found() {
        let rates = peeking(200, Z95);
        for (looks, published) in [
            (1, 0.050),
            (2, 0.083),
            (3, 0.107),
            (4, 0.126),
            (5, 0.142),
            (10, 0.193),
            (20, 0.248),
            (50, 0.320),
        ] {
            assert!((rates[looks - 1] - published).abs() < 0.0006, "{looks}: {}", rates[looks - 1]);
        }
        assert!((peeking(5, Z95)[4] - rates[4]).abs() < 1e-9, "{}", peeking(5, Z95)[4] - rates[4]);
    }

    /// S. J. Pocock (1977) and P. C. O'Brien and T. R. Fleming (1979): five looks at 5%; Jennison and Turnbull's tables
    /// 2.1 and 2.3.
    #[test]
    fn the_classical_limits_keep_five_percent() {
        assert!((error(|_| 2.413) - 0.05).abs() < 1e-4);
        assert!((error(|time| 2.040 / time.sqrt()) - 0.05).abs() < 1e-4);
    }

    #[test]
    fn whoever_has_not_left_is_inside() {
        for drift in [0.0, 2.8, -4.0] {
            let looks = [0.1, 0.35, 0.4, 1.0];
            let mut walk = Walk::new(drift);
            let mut left = 0.0;
            for time in looks {
                left += walk.beyond(time, 2.2).either();
                walk.go(time, 2.2, narrowest(&looks));
            }
            let inside: f64 = walk.inside.iter().map(|place| place.1).sum();
            assert!((left + inside - 1.0).abs() < 1e-9, "{drift}: {left} + {inside}");
        }
    }
}
