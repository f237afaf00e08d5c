//! The BG/NBD model of repeat orders.
//!
//! # Source
//! P. S. Fader, B. G. S. Hardie and K. L. Lee (2005), "Counting your customers the easy way", Marketing Science
//! 24.

use std::cmp::Ordering;

use rand::RngExt;
use rand_distr::{Beta, Distribution, Exp1, Gamma};
use statrs::function::gamma::ln_gamma;

use super::hypergeometric::hypergeometric;
use super::maximum::{maximise, sum_over};
use super::sample::total;
use crate::error::{Error, Result};
use crate::stream::Stream;

/// Describes how often customers order, and when they stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BgNbd {
    /// Shape of the rates' Gamma distribution.
    pub r: f64,
    /// Its rate, in days: the mean of λ is r / α orders a day.
    pub alpha: f64,
    /// First parameter of the Beta distribution of the probability of leaving after an order.
    pub a: f64,
    /// Its second: the mean probability is a / (a + b).
    pub b: f64,
    /// The log-likelihood of the customers it was fitted to.
    pub log_likelihood: f64,
}

/// A customer's history: repeat orders, and the time from the first order to the last one and to now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct History {
    pub repeats: f64,
    pub recency: f64,
    pub age: f64,
}

impl History {
    fn order(&self, other: &History) -> Ordering {
        self.repeats
            .total_cmp(&other.repeats)
            .then(self.recency.total_cmp(&other.recency))
            .then(self.age.total_cmp(&other.age))
    }
}

/// Checks that a model's parameter is valid.
pub(crate) fn positive(name: &str, value: f64) -> Result<()> {
    match value > 0.0 && value.is_finite() {
        true => Ok(()),
        false => Err(Error::config(name, value, "above 0")),
    }
}

impl BgNbd {
    /// Checks every parameter.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for one that is not above 0.
    pub fn validate(&self) -> Result<()> {
        positive("r", self.r)?;
        positive("alpha", self.alpha)?;
        positive("a", self.a)?;
        positive("b", self.b)
    }

    /// Finds the parameters that make the histories most likely, whatever their order. The error is the search's own
    /// message.
    pub(crate) fn most_likely(mut histories: Vec<History>) -> Result<BgNbd, String> {
        histories.sort_unstable_by(History::order);
        // In units of the mean age the four are of one size, and one simplex fits any data.
        let unit = total(histories.iter().map(|one| one.age)) / histories.len() as f64;
        let scaled: Vec<History> = histories
            .iter()
            .map(|one| History { recency: one.recency / unit, age: one.age / unit, ..*one })
            .collect();
        let found = maximise([0.0; 4], |[r, alpha, a, b]| {
            let model = BgNbd { r, alpha, a, b, log_likelihood: 0.0 };
            sum_over(&scaled, |one| model.log_likelihood_of(one))
        })?;
        let [r, alpha, a, b] = found.parameters;
        // The density of a time changes with its unit: each repeat order has one.
        let orders = total(histories.iter().map(|one| one.repeats));
        let log_likelihood = found.value - orders * unit.ln();
        Ok(BgNbd { r, alpha: alpha * unit, a, b, log_likelihood })
    }

    fn log_likelihood_of(&self, one: &History) -> f64 {
        let BgNbd { r, alpha, a, b, .. } = *self;
        let History { repeats: x, recency, age } = *one;
        let common =
            ln_gamma(r + x) - ln_gamma(r) + r * alpha.ln() + ln_gamma(a + b) + ln_gamma(b + x)
                - ln_gamma(b)
                - ln_gamma(a + b + x);
        let stayed = -(r + x) * (alpha + age).ln();
        if x == 0.0 {
            return common + stayed;
        }
        let left = a.ln() - (b + x - 1.0).ln() - (r + x) * (alpha + recency).ln();
        let (more, less) = if stayed > left { (stayed, left) } else { (left, stayed) };
        common + more + (less - more).exp().ln_1p()
    }

    /// Returns the probability that a customer with this history has not left. In this model, customers leave only
    /// after a repeat order, so those who never ordered again have not left.
    pub(crate) fn alive(&self, one: &History) -> f64 {
        if one.repeats == 0.0 {
            return 1.0;
        }
        let ratio = (self.alpha + one.age) / (self.alpha + one.recency);
        let odds = self.a / (self.b + one.repeats - 1.0) * ratio.powf(self.r + one.repeats);
        1.0 / (1.0 + odds)
    }

    /// Returns the orders expected in the next `days` days, given the history. Not a number for a horizon more than
    /// 99,999 times as long as α + age, where the formula's series is too slow.
    pub(crate) fn expected(&self, one: &History, days: f64) -> f64 {
        let BgNbd { r, alpha, a, b, .. } = *self;
        let x = one.repeats;
        // At a = 1, and at a + b + x = 1, numerator and denominator are both 0: beside it, their ratio is smooth.
        let a = if (a - 1.0).abs() < 1e-6 { 1.0 + 1e-6 } else { a };
        let b = if (a + b + x - 1.0).abs() < 1e-6 { b + 2e-6 } else { b };
        let all = a + b + x - 1.0;
        let share = days / (alpha + one.age + days);
        let series = hypergeometric(r + x, (r + x, b + x, all), share);
        all / (a - 1.0) * (1.0 - series) * self.alive(one)
    }

    /// Simulates one future of a customer. If the customer is still there, λ is Gamma(r + x, α + age) and the
    /// probability of leaving is Beta(a, b + x).
    pub(crate) fn future(&self, one: &History, days: f64, rng: &mut Stream) -> f64 {
        if rng.random_range(0.0..1.0) >= self.alive(one) {
            return 0.0;
        }
        let rate = Gamma::new(self.r + one.repeats, 1.0 / (self.alpha + one.age));
        let leaves = Beta::new(self.a, self.b + one.repeats);
        // Parameters that pass `validate` make both.
        let (Ok(rate), Ok(leaves)) = (rate, leaves) else { return 0.0 };
        let (rate, leaves) = (rate.sample(rng), leaves.sample(rng));
        let (mut at, mut orders) = (0.0, 0.0);
        loop {
            let wait: f64 = Exp1.sample(rng);
            at += wait / rate;
            if at > days {
                return orders;
            }
            orders += 1.0;
            if rng.random_range(0.0..1.0) < leaves {
                return orders;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the formula is 0 / 0, the expectation is that of parameters next to it.
    #[test]
    fn the_expectation_has_no_holes() {
        for (a, b, repeats) in [(1.0, 2.0, 3.0), (0.5, 0.5, 0.0), (0.3, 0.7, 0.0)] {
            let one = History { repeats, recency: 3.0 * repeats, age: 40.0 };
            let at = |a: f64, b: f64| {
                BgNbd { r: 0.8, alpha: 12.0, a, b, log_likelihood: 0.0 }.expected(&one, 30.0)
            };
            let (here, near) = (at(a, b), at(a + 1e-4, b + 1e-4));
            assert!((here / near - 1.0).abs() < 1e-3, "a {a}, b {b}: {here}, beside it {near}");
        }
    }

    /// The expectation as an integral over the probability to leave p, by the midpoint rule: given p, a customer still there
    /// is expected to order (1 − ((α + age) / (α + age + p days))^(r + x)) / p times.
    fn integrated(model: &BgNbd, one: &History, days: f64) -> f64 {
        let BgNbd { r, alpha, a, b, .. } = *model;
        let (before, shape) = (alpha + one.age, r + one.repeats);
        let steps = 400_000;
        let sum = total((0..steps).map(|step| {
            // p^(a − 1) dp = du / a, and u = v⁴ puts more points where p is small.
            let v = (f64::from(step) + 0.5) / f64::from(steps);
            let p = v.powi(4).powf(1.0 / a);
            let orders = -(-shape * (p * days / before).ln_1p()).exp_m1() / p;
            (1.0 - p).powf(b + one.repeats - 1.0) * orders * 4.0 * v.powi(3)
        }));
        let beta = ln_gamma(a) + ln_gamma(b + one.repeats) - ln_gamma(a + b + one.repeats);
        model.alive(one) * sum / f64::from(steps) / a / beta.exp()
    }

    #[test]
    fn it_is_the_integral_however_many_orders_and_however_far_out() {
        for (a, b) in [(0.9, 3.5), (2.5, 1.2)] {
            let model = BgNbd { r: 0.8, alpha: 12.0, a, b, log_likelihood: 0.0 };
            for repeats in [0.0, 3.0, 40.0, 700.0] {
                let one = History { repeats, recency: 395.0 * f64::min(repeats, 1.0), age: 400.0 };
                for days in [1.0, 30.0, 3_650.0, 100_000.0] {
                    let (found, expected) =
                        (model.expected(&one, days), integrated(&model, &one, days));
                    let off = (found / expected - 1.0).abs();
                    assert!(off < 1e-4, "{a} {repeats} {days}: {found}, not {expected}");
                }
            }
        }
    }
}
