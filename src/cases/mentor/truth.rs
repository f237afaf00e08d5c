//! What an analyst should be able to recover.
//!
//! Individual drive is unknown, but its distribution is known: population values are integrals over drive, the twelve
//! paths, the format, the moment of the match and that of a question to support.

use std::collections::BTreeMap;

use polars::prelude::*;

use super::checked::Checked;
use super::config::Config;
use super::population::{PATHS, STEPS, drives, paths};
use super::stay::Stay;
use crate::error::{Error, Result};

/// The truth behind [`generate`](super::generate), if nobody has to wait for a mentor.
///
/// Shares are of everyone in the experiment, including inactive users. "Retained" means a session on
/// [`outcome_day`](super::Offer::outcome_day) after sign-up, or later.
///
/// If there are so few mentors that requests wait, the effect of the offer is smaller and depends on how many people
/// are offered one; the effect of a mentor who is available at once stays the same.
///
/// Mentors help some more than others ([`Gains`](super::Gains)), and whoever waits for an answer to a question about the path
/// leaves sooner ([`Support::unanswered`](super::Support::unanswered)): both are in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// The effect of a match on the hazard, as configured: of average drive, on a silver path.
    pub hazard_ratio: f64,
    /// Share retained among those not offered a mentor.
    pub control: f64,
    /// Share retained among those offered one.
    pub offered: f64,
    /// The effect of the offer: `offered` − `control`.
    pub intention_to_treat: f64,
    /// Share of those offered a mentor who are matched with one.
    pub compliance: f64,
    /// The effect of a mentor on those who take one: `intention_to_treat` / `compliance`.
    pub complier_effect: f64,
    /// What a comparison of everyone with a mentor to everyone without one converges to.
    pub naive: f64,
    /// The bias of that comparison: `naive` − `complier_effect`.
    pub bias: f64,
    /// `day` (i32: 0, 7, 14 … 364), `control`, `offered` (f64): share of those ever active who are still
    /// there on that day after sign-up.
    pub survival: DataFrame,
}

/// Returns the days from the midnight before sign-up to the match, with their probabilities: the day of the request,
/// the hour of the day, and the time it takes to arrange. One point covers six hours.
fn matches(config: &Config) -> Vec<(f64, f64)> {
    const HOURS: u32 = 48;
    const ARRANGING: u32 = 8;
    let middle = |step: u32, steps: u32| (f64::from(step) + 0.5) / f64::from(steps);
    let (shortest, longest) = config.market.processing_hours;
    let mut points: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    let mut total = 0.0;
    for hour in (0..HOURS).map(|step| 24.0 * middle(step, HOURS)) {
        let weight = config.clock.density(hour);
        for arranging in (0..ARRANGING).map(|step| middle(step, ARRANGING)) {
            let wait = f64::from(shortest) + f64::from(longest - shortest) * arranging;
            for day in 1..=config.offer.days {
                let at = f64::from(day) + (hour + wait) / 24.0;
                let point = points.entry((4.0 * at) as u64).or_default();
                point.0 += at * weight;
                point.1 += weight;
                total += weight;
            }
        }
    }
    let points = points.into_values().filter(|(_, weight)| *weight > 0.0);
    points.map(|(at, weight)| (at / weight, weight / total)).collect()
}

/// Computes the truth: see [`Truth`].
///
/// # Errors
/// Those of [`Config::validate`]. Who gets which mentor has no closed form, so that
/// [`Market::vetting_helps`](super::Market::vetting_helps) has to be 0; for other values twin worlds tell.
pub fn truth(config: &Config) -> Result<Truth> {
    let checked = Checked::new(config)?;
    if config.market.vetting_helps != 0.0 {
        let accepted = "0 where the truth is computed; twin worlds tell it for other values";
        return Err(Error::config("market.vetting_helps", config.market.vetting_helps, accepted));
    }
    let (offer, law) = (&config.offer, &config.drop_off);
    let days: Vec<u32> = (0..=364).step_by(7).collect();
    let outcome = f64::from(offer.outcome_day);
    let mut matches = matches(config);
    matches.sort_by(|one, other| one.0.total_cmp(&other.0));
    let formats = [(true, config.market.calls), (false, 1.0 - config.market.calls)];

    // Of those ever active: retained without a mentor, matched if offered, retained and matched if offered,
    // retained without a mentor among those matched.
    let (mut control, mut matched, mut kept, mut anyway) = (0.0, 0.0, 0.0, 0.0);
    let mut curves = vec![[0.0; 2]; days.len()];
    for (drive, probability) in drives(STEPS) {
        let wants = offer.wants(drive);
        for (path, tier) in paths(config) {
            let factor = path * (-law.drive * drive).exp();
            let weight = probability / PATHS;
            let without = Stay::new(&checked, factor);
            let stays = without.clone().at(outcome);
            control += weight * stays;
            let alone: Vec<f64> = without.clone().on(&days).collect();
            for (curve, share) in curves.iter_mut().zip(&alone) {
                curve[0] += weight * share;
                curve[1] += weight * share * (1.0 - wants);
            }
            let mut before = without;
            for (at, chance) in &matches {
                let there = before.at(*at);
                let weight = weight * wants * chance;
                matched += weight * there;
                // A match after the outcome's day changes nothing about the outcome, and those matched are then retained.
                let late = *at >= outcome;
                anyway += weight * if late { there } else { stays };
                let later = days.partition_point(|day| f64::from(*day) <= *at);
                for (curve, share) in curves[..later].iter_mut().zip(&alone) {
                    curve[1] += weight * share;
                }
                for (calls, share) in formats {
                    let weight = weight * share;
                    let ratio = offer.hazard_ratio.powf(offer.gains.factor(drive, tier, calls));
                    let with = before.clone().times(ratio);
                    kept += weight * if late { there } else { with.clone().at(outcome) };
                    for (curve, share) in curves[later..].iter_mut().zip(with.on(&days[later..])) {
                        curve[1] += weight * share;
                    }
                }
            }
        }
    }
    let active = 1.0 - config.activity.inactive;
    let [control, matched, kept, anyway] =
        [control, matched, kept, anyway].map(|share| active * share);
    let effect = kept - anyway;
    // Of everybody observed, the experiment's sign-ups that are offered a mentor.
    let from = config.start.first_day();
    let days_offered =
        (checked.experiment.0 - from) as usize..(checked.experiment.1 - from) as usize;
    let part: f64 = checked.sign_ups().skip(days_offered.start).take(days_offered.len()).sum();
    let share = offer.share * part;
    let without = (control + share * effect - share * kept) / (1.0 - share * matched);
    let complier_effect = effect / matched;
    let naive = kept / matched - without;
    Ok(Truth {
        hazard_ratio: offer.hazard_ratio,
        control,
        offered: control + effect,
        intention_to_treat: effect,
        compliance: matched,
        complier_effect,
        naive,
        bias: naive - complier_effect,
        survival: df!(
            "day" => days.iter().map(|day| *day as i32).collect::<Vec<_>>(),
            "control" => curves.iter().map(|curve| curve[0]).collect::<Vec<_>>(),
            "offered" => curves.iter().map(|curve| curve[1]).collect::<Vec<_>>(),
        )?,
    })
}

/// Returns about how many sessions a user has within the time observed, without mentors.
pub(super) fn sessions_each(checked: &Checked) -> f64 {
    let config = checked.config;
    let law = &config.drop_off;
    // By week since sign-up, the share of those ever active who are still there.
    let weeks = checked.days.div_ceil(7);
    let mut there = vec![0.0; weeks];
    for (drive, probability) in drives(STEPS) {
        for (path, _) in paths(config) {
            let factor = path * (-law.drive * drive).exp();
            for (week, share) in there.iter_mut().enumerate() {
                let sum = law.cumulative(7.0 * week as f64);
                *share += probability / PATHS * (-factor * sum).exp();
            }
        }
    }
    // By day of sign-up, the days that are left.
    let days: f64 = checked
        .sign_ups()
        .enumerate()
        .map(|(day, share)| share * there[..(checked.days - day).div_ceil(7)].iter().sum::<f64>())
        .sum();
    let active = 1.0 - config.activity.inactive;
    active * config.activity.sessions * (2.0 + 7.0 * days * config.activity.days)
}
