//! The experiments of a year, decided.

use rayon::prelude::*;

use super::config::Config;
use super::decide::{Decision, Platform};
use super::drawn::{Drawn, kept};
use super::idea::Idea;
use super::intervention::Rule;
use crate::error::Result;

/// The ideas of a year with what became of them.
pub(super) fn judged(
    config: &Config,
    rules: &[Rule],
    year: u64,
) -> Result<(Vec<Idea>, Vec<Decision>)> {
    let platform = Platform::new(config, rules)?;
    let ideas = Idea::year(config, year);
    let kept = if year == 0 { kept(config, &ideas) } else { vec![] };
    let decisions = ideas
        .par_iter()
        .map(|idea| {
            let mut drawn = Drawn::new(config, idea, year, &kept);
            platform.decide(&config.teams[idea.team], idea.metric, &mut drawn)
        })
        .collect();
    Ok((ideas, decisions))
}
