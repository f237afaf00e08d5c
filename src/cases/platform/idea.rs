//! The ideas of a year: who tests what, when, and what is true of it.

use super::config::Config;
use super::flaw::Flaw;
use super::metric::Metric;
use crate::cases::draw::uniform;
use crate::stream::stream;

/// Days of the year.
pub(super) const YEAR: u32 = 365;

/// What is true of an experiment before its first user comes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Idea {
    /// From 1.
    pub id: u32,
    /// Its place among the config's teams.
    pub team: usize,
    /// The first day, from 0.
    pub start: u32,
    pub metric: Metric,
    pub flaw: Flaw,
    /// The relative effect of the idea on all users' primary metric.
    pub base: f64,
    /// Which of two arms, or directions, a flaw takes.
    pub side: bool,
    /// The day on which an outage begins, from 0.
    pub outage_from: u32,
}

impl Idea {
    /// Draws an idea of a year; 0 is the one that the team has seen.
    pub fn draw(config: &Config, year: u64, id: u32) -> Idea {
        let mut rng = stream(config.seed, &name("platform idea", year), u64::from(id));
        let team = (uniform(&mut rng) * config.teams.len() as f64) as usize;
        let slot = f64::from(id - 1) + uniform(&mut rng);
        let start = (slot * f64::from(YEAR) / f64::from(config.experiments)) as u32;
        let place = uniform(&mut rng);
        let flaw = config.planted.at(uniform(&mut rng));
        let metric = match flaw {
            // Flaws are planted where a share of users is measured.
            Flaw::Clean if place < config.metrics.revenue => Metric::Revenue,
            Flaw::Clean if place < config.metrics.revenue + config.metrics.clicks => Metric::Clicks,
            _ => Metric::Conversion,
        };
        let side = uniform(&mut rng) < 0.5;
        let free = config.days.saturating_sub(config.planted.outage_days) + 1;
        let outage_from = (uniform(&mut rng) * f64::from(free)) as u32;
        let drawn = config.effects.draw(&mut rng);
        let base = if [Flaw::OneSegment, Flaw::Liked].contains(&flaw) { 0.0 } else { drawn };
        Idea { id, team, start, metric, flaw, base, side, outage_from }
    }

    /// Draws all ideas of a year.
    pub fn year(config: &Config, year: u64) -> Vec<Idea> {
        (1..=config.experiments).map(|id| Idea::draw(config, year, id)).collect()
    }

    /// Returns the relative effect on the primary metric that users have for good, if the change is shipped as it was tested.
    pub fn lasting(&self, config: &Config, fixed: bool) -> f64 {
        let planted = &config.planted;
        match self.flaw {
            Flaw::OneSegment => config.metrics.new * planted.segment,
            Flaw::Liked => planted.liked,
            Flaw::Redirect if !fixed => {
                let loses = planted.redirect_loses * planted.lost_convert;
                (1.0 + self.base) * (1.0 - loses) - 1.0
            }
            _ => self.base,
        }
    }

    /// Returns the relative effect on users who return.
    pub fn returning(&self, config: &Config) -> f64 {
        if self.flaw == Flaw::Liked { -config.planted.harm } else { 0.0 }
    }

    /// Returns what it is worth in a year, in US dollars.
    pub fn value(&self, config: &Config, fixed: bool) -> f64 {
        config.dollars(self.lasting(config, fixed), self.returning(config))
    }
}

/// The name of a stream in a year.
pub(super) fn name(what: &str, year: u64) -> String {
    match year {
        0 => what.into(),
        _ => format!("{what}, year {year}"),
    }
}
