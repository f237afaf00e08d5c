//! The normal distribution that true effects come from, estimated from estimates with known errors.
//!
//! # Source
//! R. DerSimonian and N. Laird (1986), "Meta-analysis in clinical trials", Controlled Clinical
//! Trials 7 (moments); B. Efron and C. Morris (1975), "Data analysis using Stein's estimator and
//! its generalizations", and C. N. Morris (1983), "Parametric empirical Bayes inference", both
//! Journal of the American Statistical Association.

use super::sample::sum;

/// An estimate, and its standard error, which is above 0.
pub(crate) type Estimate = (f64, f64);

/// A normal distribution of effects.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct EffectPrior {
    pub mean: f64,
    pub variance: f64,
    /// The variance of `mean` as an estimate.
    pub of_mean: f64,
    /// The variance of `variance` as an estimate, of maximum likelihood.
    pub of_variance: f64,
}

/// What is known of one effect with its estimate and the prior.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Posterior {
    pub mean: f64,
    pub variance: f64,
}

impl EffectPrior {
    fn with(variance: f64, estimates: &[Estimate]) -> EffectPrior {
        let weight = |error: f64| 1.0 / (error * error + variance);
        let whole = sum(&estimates.iter().map(|one| weight(one.1)).collect::<Vec<f64>>());
        let weighed: Vec<f64> = estimates.iter().map(|one| weight(one.1) * one.0).collect();
        let squares: Vec<f64> = estimates.iter().map(|one| weight(one.1).powi(2)).collect();
        let of_variance = 2.0 / sum(&squares);
        EffectPrior { mean: sum(&weighed) / whole, variance, of_mean: 1.0 / whole, of_variance }
    }

    /// Fits by the method of moments: the variance that Cochran's Q has beyond its degrees of freedom.
    pub fn moments(estimates: &[Estimate]) -> EffectPrior {
        let fixed = EffectPrior::with(0.0, estimates);
        let weights: Vec<f64> = estimates.iter().map(|one| 1.0 / (one.1 * one.1)).collect();
        let squares: Vec<f64> = weights.iter().map(|weight| weight * weight).collect();
        let q: Vec<f64> = estimates
            .iter()
            .zip(&weights)
            .map(|(one, weight)| weight * (one.0 - fixed.mean).powi(2))
            .collect();
        let whole = sum(&weights);
        let beyond = sum(&q) - (estimates.len() as f64 - 1.0);
        let variance = beyond / (whole - sum(&squares) / whole);
        EffectPrior::with(if variance > 0.0 { variance } else { 0.0 }, estimates)
    }

    /// Fits by maximum likelihood: the best of a grid of variances, then a golden-section search around it.
    pub fn most_likely(estimates: &[Estimate]) -> EffectPrior {
        let least = estimates.iter().map(|one| one.1).fold(f64::INFINITY, f64::min);
        let values = || estimates.iter().map(|one| one.0);
        let range =
            values().fold(f64::NEG_INFINITY, f64::max) - values().fold(f64::INFINITY, f64::min);
        let height = |sd: f64| EffectPrior::with(sd * sd, estimates).log_likelihood(estimates);
        // Standard deviations from nothing to the whole range, closer where they are small.
        const STEPS: usize = 100;
        let at = |step: usize| {
            let part = step as f64 / STEPS as f64;
            range.max(least) * part * part
        };
        let mut top = 0;
        for step in 1..=STEPS {
            if height(at(step)) > height(at(top)) {
                top = step;
            }
        }
        let (mut low, mut high) = (at(top.saturating_sub(1)), at((top + 1).min(STEPS)));
        let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
        for _ in 0..60 {
            let (a, b) = (high - golden * (high - low), low + golden * (high - low));
            if height(a) >= height(b) { high = b } else { low = a }
        }
        let found = f64::midpoint(low, high);
        let sd = if height(0.0) >= height(found) { 0.0 } else { found };
        EffectPrior::with(sd * sd, estimates)
    }

    fn log_likelihood(&self, estimates: &[Estimate]) -> f64 {
        let terms: Vec<f64> = estimates
            .iter()
            .map(|(estimate, error)| {
                let variance = error * error + self.variance;
                -(variance.ln() + (estimate - self.mean).powi(2) / variance) / 2.0
            })
            .collect();
        sum(&terms)
    }

    /// Moves an estimate towards the prior's mean. Its variance includes what is not known of that
    /// mean and of the prior's variance, as in Morris, by the delta method.
    pub fn posterior(&self, (estimate, error): Estimate) -> Posterior {
        let square = error * error;
        let shrunk = square / (square + self.variance);
        // How much the posterior mean moves with the prior's mean and with its variance.
        let with_variance = shrunk * (estimate - self.mean) / (square + self.variance);
        let unknown =
            shrunk * shrunk * self.of_mean + with_variance * with_variance * self.of_variance;
        Posterior {
            mean: shrunk * self.mean + (1.0 - shrunk) * estimate,
            variance: (1.0 - shrunk) * square + unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ESTIMATES: [Estimate; 6] =
        [(0.1, 0.2), (1.4, 0.3), (-0.6, 0.25), (0.8, 0.4), (0.3, 0.15), (2.1, 0.5)];

    #[test]
    fn estimates_that_agree_have_no_prior_variance() {
        let same = [(1.0, 0.5), (1.1, 0.5), (0.9, 0.4)];
        for found in [EffectPrior::moments(&same), EffectPrior::most_likely(&same)] {
            assert_eq!(found.variance, 0.0);
            assert!((found.posterior(same[1]).mean - found.mean).abs() < 1e-15);
            assert!(found.posterior(same[1]).variance > 0.0);
        }
    }

    #[test]
    fn the_likelihood_is_highest_there() {
        let found = EffectPrior::most_likely(&ESTIMATES);
        let height = found.log_likelihood(&ESTIMATES);
        for factor in [0.98, 0.99, 1.01, 1.02] {
            let other = EffectPrior::with(found.variance * factor, &ESTIMATES);
            assert!(other.log_likelihood(&ESTIMATES) < height, "{factor}");
        }
    }

    #[test]
    fn an_estimate_moves_towards_the_mean_by_its_error() {
        let prior = EffectPrior { mean: 0.0, variance: 1.0, of_mean: 0.0, of_variance: 0.0 };
        assert_eq!(prior.posterior((2.0, 1.0)), Posterior { mean: 1.0, variance: 0.5 });
        let sure = prior.posterior((2.0, 1e-9));
        assert!((sure.mean - 2.0).abs() < 1e-12);
    }
}
