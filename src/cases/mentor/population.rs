//! Who there is, as distributions: drive and paths. Population values are sums over both.

use super::config::{Config, TIERS, TYPES};

/// Points at which the density of drive is summed up, from −6 to 6. For a smooth function of a normal variable
/// the sum over even steps is exact to many digits.
pub(super) const STEPS: u32 = 36;

/// Returns so many values of drive and their probabilities.
pub(super) fn drives(steps: u32) -> impl Iterator<Item = (f64, f64)> {
    let points = (0..=steps).map(move |step| -6.0 + 12.0 * f64::from(step) / f64::from(steps));
    let density = |drive: f64| (-drive * drive / 2.0).exp();
    let total: f64 = points.clone().map(density).sum();
    points.map(move |drive| (drive, density(drive) / total))
}

/// Returns the paths' multipliers of the hazard and their tiers, each path equally likely.
pub(super) fn paths(config: &Config) -> impl Iterator<Item = (f64, usize)> {
    let law = &config.drop_off;
    let tiers = || law.tiers.iter().enumerate();
    law.types.iter().flat_map(move |kind| tiers().map(move |(tier, factor)| (kind * factor, tier)))
}

pub(super) const PATHS: f64 = (TYPES.len() * TIERS.len()) as f64;
