//! A metric and what is claimed of it.

use casebook::Result;
use casebook::metrics::clv::{BetaBinomial, BgNbd, GammaGamma};
use casebook::metrics::experiment::{Bandits, SelfCheck, Shrinkage};
use casebook::metrics::panel::SyntheticControl;
use casebook::metrics::segment::Clustering;
use casebook::polars::prelude::*;

use super::given::Given;

/// What a metric returns, as frames.
pub trait Answer {
    fn frames(self) -> Vec<DataFrame>;
}

impl Answer for DataFrame {
    fn frames(self) -> Vec<DataFrame> {
        vec![self]
    }
}

impl Answer for Option<f64> {
    fn frames(self) -> Vec<DataFrame> {
        vec![df!("value" => [self]).unwrap()]
    }
}

impl Answer for f64 {
    fn frames(self) -> Vec<DataFrame> {
        Some(self).frames()
    }
}

impl Answer for Clustering {
    fn frames(self) -> Vec<DataFrame> {
        vec![self.users, self.centroids, self.choice]
    }
}

impl Answer for SyntheticControl {
    fn frames(self) -> Vec<DataFrame> {
        vec![self.summary, self.weights, self.paths]
    }
}

impl Answer for Shrinkage {
    fn frames(self) -> Vec<DataFrame> {
        vec![self.prior, self.experiments, self.winners]
    }
}

impl Answer for SelfCheck {
    fn frames(self) -> Vec<DataFrame> {
        vec![self.summary, self.p_values]
    }
}

impl Answer for Bandits {
    fn frames(self) -> Vec<DataFrame> {
        vec![self.policies, self.arms]
    }
}

impl Answer for BgNbd {
    fn frames(self) -> Vec<DataFrame> {
        vec![df!("value" => [self.r, self.alpha, self.a, self.b, self.log_likelihood]).unwrap()]
    }
}

impl Answer for BetaBinomial {
    fn frames(self) -> Vec<DataFrame> {
        vec![df!("value" => [self.a, self.b, self.log_likelihood]).unwrap()]
    }
}

impl Answer for GammaGamma {
    fn frames(self) -> Vec<DataFrame> {
        vec![df!("value" => [self.p, self.q, self.gamma, self.log_likelihood]).unwrap()]
    }
}

/// How parts of the data make the whole.
pub struct Sums {
    pub keys: &'static [&'static str],
    pub counts: &'static [&'static str],
}

/// A public function of `src/metrics`, called on the common tables.
pub struct Entry {
    /// As from `casebook::metrics`: `retention::Retention::day_n`.
    pub name: String,
    pub call: fn(&Given) -> Result<Vec<DataFrame>>,
    /// The rows of the result are those of the input, in their order, instead of an order of their own.
    pub in_given_order: bool,
    /// Which counts of the first frame add up over halves of the users, by which keys; none if the metric does not add up.
    pub sums: Option<Sums>,
}

impl Entry {
    pub fn new(name: &str, call: fn(&Given) -> Result<Vec<DataFrame>>) -> Entry {
        let name = name.replace(char::is_whitespace, "");
        Entry { name, call, in_given_order: false, sums: None }
    }

    pub fn in_given_order(self) -> Entry {
        Entry { in_given_order: true, ..self }
    }

    pub fn adds_up(self, keys: &'static [&'static str], counts: &'static [&'static str]) -> Entry {
        Entry { sums: Some(Sums { keys, counts }), ..self }
    }
}

/// Makes an [`Entry`]. The function named is the one that the entry calls: it has no other way to it.
macro_rules! metric {
    ($($path:ident)::+, |$metric:ident, $given:ident| $call:expr) => {
        Entry::new(stringify!($($path)::+), |$given: &Given| -> Result<Vec<DataFrame>> {
            let $metric = $($path)::+;
            Ok(Answer::frames($call))
        })
    };
}
pub(super) use metric;
