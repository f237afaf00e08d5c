//! A company's months, drawn one after the other.

use rand::RngExt;
use rand_distr::{Bernoulli, Distribution, Uniform};

use super::config::{Config, SessionRule, Size};
use crate::error::{Error, Result};
use crate::stream::{Stream, stream};

/// A checked config with its distributions.
pub(super) struct Checked<'c> {
    pub config: &'c Config,
    small: Bernoulli,
    deviations: [Deviation; 2],
}

/// The deviation of a month's sessions from the plan.
#[derive(Clone, Copy)]
pub(super) struct Deviation {
    rule: SessionRule,
    /// From −spread to spread, or from 0 to spread, as the rule needs.
    uniform: Uniform<i32>,
}

impl Deviation {
    fn new(rule: SessionRule, spread: u32) -> Result<Self> {
        let spread = spread as i32; // at most 500
        let low = match rule {
            SessionRule::UniformDeviation => -spread,
            SessionRule::SignTimesUniform => 0,
        };
        let uniform = Uniform::new_inclusive(low, spread)
            .map_err(|error| Error::config("spread", spread, error.to_string()))?;
        Ok(Deviation { rule, uniform })
    }

    fn draw(self, rng: &mut Stream) -> i32 {
        let drawn = self.uniform.sample(rng);
        match self.rule {
            SessionRule::UniformDeviation => drawn,
            SessionRule::SignTimesUniform if rng.random::<bool>() => drawn,
            SessionRule::SignTimesUniform => -drawn,
        }
    }
}

/// A company's months, drawn one after the other.
#[derive(Clone)]
pub(super) struct Life {
    pub size: Size,
    sessions: i32,
    deviation: Deviation,
    rng: Stream,
}

impl Life {
    /// Draws the sessions of a month that has any, from another stream.
    pub fn another_month(&self, rng: &mut Stream) -> u32 {
        loop {
            // A company has sessions more often than not.
            let drawn = self.sessions.saturating_add(self.deviation.draw(rng));
            if drawn > 0 {
                return drawn.unsigned_abs();
            }
        }
    }

    /// Takes the months from here on out of another stream.
    pub fn turn_to(&mut self, rng: Stream) {
        self.rng = rng;
    }

    /// Draws the sessions in the next month.
    pub fn next_month(&mut self) -> u32 {
        // `spread` is at most `sessions`, so this is never negative.
        self.sessions.saturating_add(self.deviation.draw(&mut self.rng)).max(0).unsigned_abs()
    }
}

impl<'c> Checked<'c> {
    pub fn new(config: &'c Config) -> Result<Self> {
        config.validate()?;
        Ok(Checked {
            config,
            small: Bernoulli::new(config.share_small).map_err(|error| {
                Error::config("share_small", config.share_small, error.to_string())
            })?,
            deviations: [
                Deviation::new(config.session_rule, config.small.spread)?,
                Deviation::new(config.session_rule, config.large.spread)?,
            ],
        })
    }

    pub fn life(&self, id: u32) -> Life {
        let mut rng = stream(self.config.seed, "saas company", u64::from(id));
        let size = if self.small.sample(&mut rng) { Size::Small } else { Size::Large };
        Life {
            size,
            sessions: self.config.plan(size).sessions as i32, // at most 500
            deviation: self.deviations[size as usize],
            rng,
        }
    }
}
