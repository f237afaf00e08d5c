//! What many experiments say about each other, where most effects are small and a few are large.
//!
//! A normal distribution of effects would shrink the few large ones as much as noise. Here effects come from a mixture of normal
//! distributions around 0, one of them with no width, whose shares are fitted.
//!
//! # Source
//! M. Stephens (2017), "False discovery rates: a new deal", Biostatistics 18; on tails: E. M. Azevedo et al. (2020), "A/B testing with
//! fat tails", Journal of Political Economy 128.

use super::run::normal;
use crate::cases::draw::uniform;
use crate::stream::Stream;

/// Steps of the fit; shares change by less than a thousandth long before.
const STEPS: usize = 300;

/// Normal distributions, each with its share, mean and standard deviation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mixture {
    parts: Vec<(f64, f64, f64)>,
}

impl Mixture {
    /// Fits the distribution of true effects to estimates and their standard errors: maximum likelihood.
    pub fn fit(pairs: &[(f64, f64)]) -> Mixture {
        let least = pairs.iter().map(|pair| pair.1).fold(f64::INFINITY, f64::min) / 4.0;
        let most = pairs.iter().map(|pair| pair.0.abs()).fold(0.0, f64::max);
        let mut sds = vec![0.0];
        let mut sd = least;
        while sd.is_finite() && sd > 0.0 && sd <= 2.0 * most && sds.len() < 30 {
            sds.push(sd);
            sd *= std::f64::consts::SQRT_2;
        }
        let share = 1.0 / sds.len() as f64;
        let mut mixture = Mixture { parts: sds.iter().map(|sd| (share, 0.0, *sd)).collect() };
        for _ in 0..STEPS {
            let mut sums = vec![0.0; sds.len()];
            for pair in pairs {
                for (sum, part) in sums.iter_mut().zip(mixture.posterior(*pair).parts) {
                    *sum += part.0;
                }
            }
            let all = sums.iter().sum::<f64>().max(f64::MIN_POSITIVE);
            for (part, sum) in mixture.parts.iter_mut().zip(sums) {
                part.0 = sum / all;
            }
        }
        mixture
    }

    /// Returns what is believed of an effect after an estimate with a standard error.
    pub fn posterior(&self, (estimate, error): (f64, f64)) -> Mixture {
        let one = |&(share, mean, sd): &(f64, f64, f64)| {
            let variance = sd * sd + error * error;
            let density = (-(estimate - mean).powi(2) / (2.0 * variance)).exp() / variance.sqrt();
            let kept = sd * sd / variance;
            (share * density, mean + kept * (estimate - mean), error * kept.sqrt())
        };
        let mut parts: Vec<(f64, f64, f64)> = self.parts.iter().map(one).collect();
        let all = parts.iter().map(|part| part.0).sum::<f64>();
        let known = all > 0.0;
        for (part, prior) in parts.iter_mut().zip(&self.parts) {
            part.0 = if known { part.0 / all } else { prior.0 };
        }
        Mixture { parts }
    }

    /// Draws an effect.
    pub fn draw(&self, rng: &mut Stream) -> f64 {
        let mut place = uniform(rng);
        let z = normal(rng);
        for (share, mean, sd) in &self.parts {
            place -= share;
            if place < 0.0 {
                return mean + sd * z;
            }
        }
        0.0
    }

    /// Returns the mean.
    #[cfg(test)]
    pub fn mean(&self) -> f64 {
        self.parts.iter().map(|part| part.0 * part.1).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::stream;

    /// Of a thousand effects, nine in ten are 0 and the others large: small estimates shrink to nothing, large ones hardly.
    #[test]
    fn large_effects_stay_and_noise_goes() {
        let mut rng = stream(1, "mixture test", 0);
        let pairs: Vec<(f64, f64)> = (0..1_000)
            .map(|place| {
                let effect = if place % 10 == 0 { 10.0 * normal(&mut rng) } else { 0.0 };
                (effect + normal(&mut rng), 1.0)
            })
            .collect();
        let prior = Mixture::fit(&pairs);
        assert!(prior.posterior((1.0, 1.0)).mean().abs() < 0.15);
        assert!(prior.posterior((10.0, 1.0)).mean() > 9.5);
        let posterior = prior.posterior((10.0, 1.0));
        let drawn = (0..4_000).map(|_| posterior.draw(&mut rng)).sum::<f64>() / 4_000.0;
        assert!((drawn - posterior.mean()).abs() < 0.1, "{drawn}");
    }
}
