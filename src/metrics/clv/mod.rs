//! Customer lifetime value where nobody cancels: who is still a customer, how often they will order, and for how
//! much.
//!
//! ```
//! use casebook::prelude::*;
//!
//! let orders = warehouse::files::read("data/samples/orders.csv")?;
//! let customers = clv::customers(&orders, Window::until(Month { year: 2024, month: 5 }.midnight()))?;
//! let model = clv::BgNbd::fit(&customers)?;
//! let next_month = model.forecast(&customers, 30.0)?;
//! assert_eq!(next_month.height(), customers.height());
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! # What is assumed
//! BG/NBD: a customer orders at a constant rate λ (in days) and leaves after each order with probability p;
//! rates vary over customers as Gamma(r, rate α), probabilities as Beta(a, b), independently. Gamma–Gamma: the
//! average amount of an order varies over customers, and is independent of how often they order. Neither knows
//! a season: a forecast over Christmas needs a [`Clock`] on which Christmas is longer.
//!
//! # Source
//! P. S. Fader, B. G. S. Hardie and K. L. Lee (2005), "Counting your customers the easy way", Marketing Science
//! 24; P. S. Fader and B. G. S. Hardie (2013), "The Gamma-Gamma model of monetary value".

mod beta_binomial;
mod bg_nbd;
mod clock;
mod customers;
mod gamma_gamma;

pub use crate::stats::beta_binomial::BetaBinomial;
pub use crate::stats::bg_nbd::BgNbd;
pub use crate::stats::gamma_gamma::GammaGamma;
pub use clock::Clock;
pub use customers::customers;
