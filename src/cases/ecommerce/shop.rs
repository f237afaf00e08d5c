//! What the shop sells, and what a visit looks like.

use fake::Fake;
use fake::faker::address::en::CityName;
use rand::RngExt;

use super::config::Config;
use crate::cases::draw::{chance, place, sums};
use crate::stream::{Stream, stream};

/// Categories, and what is sold in each.
pub(super) const CATEGORIES: [(&str, [&str; 4]); 7] = [
    ("Electronics", ["Headphones", "Speaker", "Keyboard", "Camera"]),
    ("Clothing", ["Jacket", "Shirt", "Jeans", "Scarf"]),
    ("Home & Garden", ["Lamp", "Chair", "Planter", "Blanket"]),
    ("Sports", ["Ball", "Mat", "Racket", "Bottle"]),
    ("Books", ["Novel", "Atlas", "Cookbook", "Guide"]),
    ("Beauty", ["Cream", "Perfume", "Brush", "Soap"]),
    ("Toys", ["Puzzle", "Robot", "Kite", "Blocks"]),
];
const KINDS: [&str; 9] =
    ["Compact", "Classic", "Light", "Large", "Plain", "Bright", "Soft", "Sturdy", "Foldable"];
/// Names that break programs which don't quote, escape or count bytes.
const AWKWARD: [&str; 5] = [
    " \"Deluxe\", large",
    " <script>alert(1)</script>",
    " 🎧",
    "; DROP TABLE products",
    " d'été, 5'' & more",
];
const CITIES: usize = 60;

pub(super) struct Product {
    pub name: String,
    /// The index of the category.
    pub category: usize,
    pub price_cents: u32,
    /// The product that people look at after this one.
    pub companion: usize,
    /// The factor for the probability of putting it into the cart: the response to its price.
    pub response: f64,
}

pub(super) struct Shop {
    pub products: Vec<Product>,
    /// Cumulative shares of views.
    popularity: Vec<f64>,
    pub cities: Vec<String>,
}

impl Shop {
    pub fn new(config: &Config) -> Shop {
        let shop = &config.shop;
        let mut rng = stream(config.seed, "ecommerce shop", 0);
        let rng = &mut rng;
        let n = shop.products as usize;
        // Ranks in popularity, and pairs of companions, have nothing to do with ids or with each other.
        let (ranks, pairs) = (shuffled(n, rng), shuffled(n, rng));
        let mut companion = vec![0; n];
        for (place, product) in pairs.iter().enumerate() {
            // The last of an odd number follows the first.
            companion[*product] = pairs.get(place ^ 1).copied().unwrap_or(pairs[0]);
        }
        let (low, high) = (f64::from(shop.price_cents.0), f64::from(shop.price_cents.1));
        let middle = (low * high).sqrt();
        let products = (0..n)
            .map(|id| {
                let category = id % CATEGORIES.len();
                let (_, nouns) = CATEGORIES[category];
                let turn = id / CATEGORIES.len();
                let mut name =
                    format!("{} {}", KINDS[turn % KINDS.len()], nouns[turn % nouns.len()]);
                if turn >= KINDS.len() * nouns.len() {
                    name = format!("{name} {}", turn / (KINDS.len() * nouns.len()) + 1);
                }
                if chance(rng, shop.awkward_names) {
                    name += AWKWARD[rng.random_range(0..AWKWARD.len())];
                }
                // As many cheap ones as expensive ones, on a scale of ratios.
                let price = low * (high / low).powf(rng.random_range(0.0..1.0));
                let price_cents =
                    (price.round() as u32).clamp(shop.price_cents.0, shop.price_cents.1);
                let response = (f64::from(price_cents) / middle).powf(-shop.elasticity);
                Product { name, category, price_cents, companion: companion[id], response }
            })
            .collect();
        let weights: Vec<f64> =
            ranks.iter().map(|rank| (*rank as f64 + 1.0).powf(-shop.heavy_tail)).collect();
        let total: f64 = weights.iter().sum();
        Shop {
            products,
            popularity: sums(weights.iter().map(|weight| weight / total)),
            cities: (0..CITIES).map(|_| CityName().fake_with_rng(rng)).collect(),
        }
    }

    /// Returns each product's share of views.
    pub fn shares(&self) -> Vec<f64> {
        let before = std::iter::once(&0.0).chain(&self.popularity);
        self.popularity.iter().zip(before).map(|(sum, before)| sum - before).collect()
    }

    fn popular(&self, rng: &mut Stream) -> usize {
        place(&self.popularity, rng)
    }
}

fn shuffled(n: usize, rng: &mut Stream) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for place in (1..n).rev() {
        order.swap(place, rng.random_range(0..=place));
    }
    order
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Start,
    View,
    Cart,
    Purchase,
    End,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Start => "session_start",
            Kind::View => "product_view",
            Kind::Cart => "add_to_cart",
            Kind::Purchase => "purchase",
            Kind::End => "session_end",
        }
    }
}

/// An event in a session.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// Seconds since its start.
    pub at: i64,
    pub kind: Kind,
    /// The index of the product, for kinds of events that have one.
    pub product: Option<usize>,
    /// The quantity, for carts and purchases.
    pub quantity: Option<u32>,
}

/// Simulates one session, from start to end. An order contains only what is in the cart.
pub(super) fn visit(config: &Config, shop: &Shop, segment: usize, rng: &mut Stream) -> Vec<Step> {
    let rules = &config.segments[segment];
    let buys = chance(rng, rules.buys);
    let mut steps = vec![Step { at: 0, kind: Kind::Start, product: None, quantity: None }];
    let mut at = 0;
    let mut cart: Vec<(usize, u32)> = vec![];
    let mut seen: Option<usize> = None;
    // Who has come to buy puts things into the cart more readily.
    let readily = if buys { 3.0 } else { 1.0 };
    let views = rng.random_range(rules.views.0..=rules.views.1);
    for view in 0..views {
        let follows = chance(rng, config.shop.companion);
        let product = match seen {
            Some(before) if follows => shop.products[before].companion,
            _ => shop.popular(rng),
        };
        seen = Some(product);
        at += rng.random_range(5..90);
        steps.push(Step { at, kind: Kind::View, product: seen, quantity: None });
        let wanted = (config.shop.cart * readily * shop.products[product].response).min(0.95);
        let needed = buys && cart.is_empty() && view + 1 == views;
        if chance(rng, wanted) || needed {
            let quantity = 1 + (0..4).take_while(|_| chance(rng, 0.2)).count() as u32;
            at += rng.random_range(2..30);
            steps.push(Step { at, kind: Kind::Cart, product: seen, quantity: Some(quantity) });
            match cart.iter_mut().find(|line| line.0 == product) {
                Some(line) => line.1 += quantity,
                None => cart.push((product, quantity)),
            }
        }
    }
    if buys {
        at += rng.random_range(20..180);
        for (place, (product, in_cart)) in cart.iter().enumerate() {
            let left_out = chance(rng, config.shop.left_out);
            let fewer = chance(rng, 0.1);
            if left_out && place > 0 {
                continue;
            }
            let quantity = if fewer { 1 } else { *in_cart };
            at += 1;
            let (kind, product) = (Kind::Purchase, Some(*product));
            steps.push(Step { at, kind, product, quantity: Some(quantity) });
        }
    }
    at += rng.random_range(1..30);
    steps.push(Step { at, kind: Kind::End, product: None, quantity: None });
    steps
}
