//! A metric and what is claimed of it.

use casebook::Result;
use casebook::metrics::clv::{BetaBinomial, BgNbd, GammaGamma};
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
    /// Times in a zone other than UTC may be refused.
    pub may_refuse_zones: bool,
    /// Which counts of the first frame add up over halves of the users, by which keys; none if the metric does not add up.
    pub sums: Option<Sums>,
    /// Properties that are known not to hold yet, and what happens instead.
    pub faults: Vec<(&'static str, &'static str)>,
}

impl Entry {
    pub fn new(name: &str, call: fn(&Given) -> Result<Vec<DataFrame>>) -> Entry {
        let name = name.replace(char::is_whitespace, "");
        Entry {
            name,
            call,
            in_given_order: false,
            may_refuse_zones: false,
            sums: None,
            faults: vec![],
        }
    }

    pub fn in_given_order(self) -> Entry {
        Entry { in_given_order: true, ..self }
    }

    pub fn may_refuse_zones(self) -> Entry {
        Entry { may_refuse_zones: true, ..self }
    }

    /// Says of a property that it does not hold yet. The test tells when it does, so that this can go.
    pub fn fault(mut self, property: &'static str, instead: &'static str) -> Entry {
        self.faults.push((property, instead));
        self
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
