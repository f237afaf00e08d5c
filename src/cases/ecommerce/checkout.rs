//! What goes wrong at the checkout: intended purchases that fail, and why.
//!
//! Whether a visit ends in an order is drawn before there is a cart. That probability is the product of two: the visitor intends to
//! buy, and the checkout does not fail. So some of the visits that left a cart behind intended to buy. Which ones is drawn afterwards,
//! from a stream of the session's own, with the probability that makes the shares right: intended orders lost per visit, over visits
//! with a cart and no order. No table changes by it.

use super::checked::{Checked, dollars};
use super::config::{Config, Segment};
use super::rows::{Event, Session};
use super::shop::{Kind, Shop};
use crate::cases::draw::{chance, place, sums, uniform};
use crate::error::{Error, Result};
use crate::stream::stream;

/// The mean quantity put into a cart: 1, and up to four times one more with probability 0.2.
const QUANTITY: f64 = 1.249_6;

/// How a visit meets the checkout.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Intent {
    /// No attempt.
    Browsing,
    /// An order, perhaps after one failure with this code.
    Paid(Option<usize>),
    /// As many failed attempts with this code, and no order.
    Lost(usize, u32),
}

/// Probabilities that follow from a config.
pub(super) struct Rates {
    /// For each segment, the probability that a visit with a cart and no order intended to buy.
    lost: [f64; 4],
    /// The probability that an order was preceded by a failed attempt.
    recovered: f64,
    codes: Vec<f64>,
    again: f64,
    /// For each segment, the mean value in US dollars of a cart that is left behind.
    pub cart: [f64; 4],
}

impl Rates {
    /// Computes them exactly.
    pub fn new(checked: &Checked) -> Result<Rates> {
        let rules = &checked.config.checkout;
        let (mut lost, mut cart) = ([0.0; 4], [0.0; 4]);
        for (which, segment) in checked.config.segments.iter().enumerate() {
            let (filled, value) = carts(checked.config, &checked.shop, segment);
            cart[which] = if filled > 0.0 { value / filled } else { 0.0 };
            let (needed, there) =
                (segment.buys * rules.lost_per_order(), (1.0 - segment.buys) * filled);
            if needed > there && segment.share > 0.0 {
                let most = there / (segment.buys + there);
                let accepted = format!(
                    "0 to {most:.4}: segment \"{}\" leaves no more carts",
                    Segment::name(which)
                );
                return Err(Error::config("failure", rules.failure, accepted).within("checkout"));
            }
            lost[which] = if needed > 0.0 { (needed / there).min(1.0) } else { 0.0 };
        }
        let recovered = rules.lost_per_order() * rules.retried / (1.0 - rules.retried);
        let codes = sums(rules.codes.iter().copied());
        Ok(Rates { lost, recovered, codes, again: rules.again, cart })
    }

    /// Draws how a visit meets the checkout, from a stream of its own.
    pub fn intent(&self, seed: u64, name: &str, segment: usize, visit: &Visit) -> Intent {
        let has = |kind| visit.events.iter().any(|event| event.step.kind == kind);
        let ordered = has(Kind::Purchase);
        if !ordered && !has(Kind::Cart) {
            return Intent::Browsing;
        }
        let mut rng = stream(seed, name, visit.session.id as u64);
        let (drawn, code) = (uniform(&mut rng), place(&self.codes, &mut rng));
        if ordered {
            return Intent::Paid((drawn < self.recovered).then_some(code));
        }
        if drawn >= self.lost[segment] {
            return Intent::Browsing;
        }
        let more = (0..2).take_while(|_| chance(&mut rng, self.again)).count() as u32;
        Intent::Lost(code, 1 + more)
    }
}

/// A session with its events.
pub(super) struct Visit<'r> {
    pub session: &'r Session,
    pub events: &'r [Event],
}

impl Visit<'_> {
    /// Returns what is in the cart, or in the order: products with quantities, in order of time. What was recorded twice counts once.
    pub fn lines(&self, kind: Kind) -> Vec<(usize, u32)> {
        let (mut lines, mut before): (Vec<(usize, u32)>, i64) = (vec![], -1);
        for event in self.events.iter().filter(|event| event.step.kind == kind) {
            let (Some(product), Some(quantity)) = (event.step.product, event.step.quantity) else {
                continue;
            };
            if event.id == before {
                continue;
            }
            before = event.id;
            match lines.iter_mut().find(|line| line.0 == product) {
                Some(line) => line.1 += quantity,
                None => lines.push((product, quantity)),
            }
        }
        lines
    }

    /// Returns when the last product was viewed, put into the cart or bought.
    pub fn last_step(&self) -> i64 {
        let steps = self.events.iter().filter(|event| event.step.kind != Kind::End);
        steps.map(|event| event.at).max().unwrap_or(self.session.from)
    }

    /// Returns when the first product was bought, if any was.
    pub fn bought_at(&self) -> Option<i64> {
        self.events.iter().find(|event| event.step.kind == Kind::Purchase).map(|event| event.at)
    }
}

/// Computes, for a visit of a segment without an order, the probability that something is in the cart, and the mean value of the
/// cart in US dollars (0 if it's empty).
fn carts(config: &Config, shop: &Shop, segment: &Segment) -> (f64, f64) {
    let popular = shop.shares();
    let wanted: Vec<f64> =
        shop.products.iter().map(|one| (config.shop.cart * one.response).min(0.95)).collect();
    let follows = config.shop.companion;
    let step = |from: &[f64]| -> Vec<f64> {
        let anew = (1.0 - follows) * from.iter().sum::<f64>();
        let mut to: Vec<f64> = popular.iter().map(|share| anew * share).collect();
        for (product, weight) in from.iter().enumerate() {
            to[shop.products[product].companion] += follows * weight;
        }
        to
    };
    // The product viewed: at all, and with the cart empty before.
    let (mut viewed, mut empty) = (popular.clone(), popular.clone());
    let (mut filled, mut value) = (0.0, 0.0);
    let (low, high) = segment.views;
    let each = 1.0 / f64::from(high - low + 1);
    let mut worth = 0.0;
    for views in 1..=high {
        for (product, wanted) in wanted.iter().enumerate() {
            worth +=
                viewed[product] * wanted * QUANTITY * dollars(shop.products[product].price_cents);
            empty[product] *= 1.0 - wanted;
        }
        if views >= low {
            filled += each * (1.0 - empty.iter().sum::<f64>());
            value += each * worth;
        }
        (viewed, empty) = (step(&viewed), step(&empty));
    }
    (filled, value)
}
