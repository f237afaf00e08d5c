//! Was the recommendation right? Options carried out in twin worlds, and what it costs to have chosen another.
//!
//! A case's world is simulated, so it can be run again with a decision carried out: the same customers with the same random
//! streams, so that the difference between the two worlds is what the decision did and nothing else. A case says what its world
//! is by implementing [`World`]. [`compare()`] carries each option out in many futures and ranks them; [`regret()`] lets rules choose
//! on many worlds, and counts how often they find the best option and what they lose when they don't; [`expected_regret()`] does so
//! where the mean over all futures is [known](Exact).
//!
//! ```
//! use casebook::decision::{self, Choice, Outcome, World};
//!
//! /// A coin pays a dollar, and more if somebody polishes it.
//! struct Coin;
//! impl World for Coin {
//!     type Intervention = f64;
//!     fn outcome(&self, done: &[f64], future: u64) -> casebook::Result<Outcome> {
//!         let heads = f64::from(future.count_ones() % 2);
//!         Ok(Outcome { contribution: heads + done.iter().sum::<f64>(), cost: 0.1 * done.len() as f64 })
//!     }
//! }
//!
//! let options = [Choice::nothing(), Choice::new("polish", [0.3])];
//! let found = decision::compare(&Coin, &options, 20)?;
//! assert_eq!(found.best().name, "polish");
//! assert!((found.option("polish")?.gain - 0.2).abs() < 1e-12);
//! # Ok::<(), casebook::Error>(())
//! ```

mod compare;
mod regret;
mod world;

pub use compare::{Comparison, OptionResult, compare};
pub use regret::{Regret, Rule, RuleResult, expected_regret, regret};
pub use world::{Choice, Exact, Outcome, Prediction, World, predictions, recommended};
