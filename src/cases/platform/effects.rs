//! What ideas are worth: most nothing, some a little, a few a lot.
//!
//! # Sources
//! - R. Kohavi and S. Thomke (2017), "The surprising power of online experiments", Harvard Business Review: a third of
//!   experiments at Microsoft help, a third harm, a third do neither; at Google and Bing, 10 to 20% help.
//! - E. M. Azevedo, A. Deng, J. L. Montiel Olea, J. Rao and E. G. Weyl (2020), "A/B testing with fat tails", Journal of
//!   Political Economy 128: effects have tails far heavier than a normal distribution's.

use rand_distr::{Distribution, StudentT};
use serde::{Deserialize, Serialize};

use crate::cases::check::within;
use crate::cases::draw::uniform;
use crate::error::{Error, Result};
use crate::stream::Stream;

/// The distribution of true relative effects on the primary metric.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Effects {
    /// The share of ideas that help; with `negative` at most 1.
    pub positive: f64,
    /// The share of ideas that harm. All others do nothing.
    pub negative: f64,
    /// The scale of effects that are there, relative to control; 0 to 0.2.
    pub scale: f64,
    /// Student's degrees of freedom, which say how heavy the tails are; 1 to 100.
    pub df: f64,
    /// Effects beyond this are cut to it; 0.01 to 0.5.
    pub most: f64,
}

impl Default for Effects {
    fn default() -> Self {
        Effects { positive: 0.2, negative: 0.2, scale: 0.02, df: 3.0, most: 0.25 }
    }
}

impl Effects {
    pub(super) fn validate(&self) -> Result<()> {
        within("effects.positive", self.positive, 0.0, 1.0)?;
        within("effects.negative", self.negative, 0.0, 1.0)?;
        if self.positive + self.negative > 1.0 {
            let sum = self.positive + self.negative;
            return Err(Error::config("effects.positive + effects.negative", sum, "0 to 1"));
        }
        within("effects.scale", self.scale, 0.0, 0.2)?;
        within("effects.df", self.df, 1.0, 100.0)?;
        within("effects.most", self.most, 0.01, 0.5)
    }

    /// Draws the effect of an idea.
    pub(super) fn draw(&self, rng: &mut Stream) -> f64 {
        let which = uniform(rng);
        let size = StudentT::new(self.df).map_or(0.0, |t| t.sample(rng).abs()) * self.scale;
        let size = size.min(self.most);
        match which {
            it if it < self.positive => size,
            it if it < self.positive + self.negative => -size,
            _ => 0.0,
        }
    }
}
