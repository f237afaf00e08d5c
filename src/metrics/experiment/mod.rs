//! Experiments: what a change did, how sure we are, and how many users it takes to detect it.
//!
//! Reads one row per user: `arm` columns are text, outcomes are numbers (0 and 1 for a conversion). Arms
//! are compared with the one named as control, as assigned ("intention to treat"). The order of rows does not
//! matter, down to the last digit.
//!
//! ```
//! use casebook::metrics::experiment::{self, PowerAnalysis};
//! use casebook::polars::prelude::*;
//!
//! let arm: Vec<&str> = (0..200).map(|user| if user < 100 { "control" } else { "offer" }).collect();
//! let paid: Vec<i32> = (0..200).map(|user| i32::from(user % 100 < if user < 100 { 30 } else { 45 })).collect();
//! let users = df!("arm" => arm, "paid" => paid)?;
//! let found = experiment::proportions(&users, "arm", "paid", "control")?;
//! assert!((found.column("difference")?.f64()?.get(0).unwrap() - 0.15).abs() < 1e-12);
//!
//! // Planned before it is run: 5 points more than 30% take 1,377 users an arm.
//! assert_eq!(PowerAnalysis::default().users_for_proportions(0.30, 0.05)?, 1_377);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! Two-proportion z test with Newcombe's interval (R. G. Newcombe, 1998, method 10, Statistics in Medicine
//! 17); B. L. Welch (1947); sample-ratio mismatch as in A. Fabijan et al. (2019); CUPED: A. Deng et al.
//! (2013), "Improving the sensitivity of online controlled experiments by utilizing pre-experiment data";
//! the complier average causal effect: J. D. Angrist, G. W. Imbens and D. B. Rubin (1996); Y. Benjamini and
//! Y. Hochberg (1995). The other functions name theirs.

mod arms;
mod bandit;
mod bayes;
mod builder;
mod by_day;
mod cluster_bootstrap;
mod complier;
mod confidence_sequence;
mod cuped;
mod guardrail;
mod honest;
mod looks;
mod means;
mod multiple;
mod post_stratified;
mod proportions;
mod quantiles;
mod ratio;
mod regression;
mod resampling;
mod sample_ratio;
mod segments;
mod self_check;
mod shrinkage;
mod uplift;

#[cfg(test)]
mod tests;

pub use crate::stats::exaggeration::{Exaggeration, exaggeration};
pub use crate::stats::group_sequential::{GroupSequential, Spending};
pub use crate::stats::non_inferiority::{Harm, NonInferiority};
pub use crate::stats::power::PowerAnalysis;
pub use crate::stats::two_sample::{Difference, Proportion, compare_means, compare_proportions};
pub use bandit::{Bandits, thompson};
pub use bayes::{BetaPrior, NormalPrior, bayes_means, bayes_proportions};
pub use builder::{Effect, Effects, Experiment};
pub use by_day::{effect_by_day, effect_trend};
pub use cluster_bootstrap::cluster_bootstrap;
pub use complier::complier_effect;
pub use confidence_sequence::confidence_sequence;
pub use cuped::{cuped, cuped_with};
pub use guardrail::non_inferiority;
pub use honest::honest_segment;
pub use looks::{peeking, planned_looks};
pub use means::means;
pub use multiple::{benjamini_hochberg, holm};
pub use post_stratified::post_stratified;
pub use proportions::proportions;
pub use quantiles::{quantile_effects, winsorised_means};
pub use ratio::ratio;
pub use regression::regression_adjusted;
pub use resampling::Bootstrap;
pub use sample_ratio::{MISMATCH_ALPHA, sample_ratio};
pub use segments::{interaction, segment_effects};
pub use self_check::{SelfCheck, self_check};
pub use shrinkage::{PriorFit, Shrinkage, shrink};
pub use uplift::{qini, uplift_curve};
