//! What is bought together: association of items in orders ("market basket analysis").
//!
//! ```
//! use casebook::metrics::basket;
//! use casebook::polars::prelude::*;
//!
//! let lines = df!(
//!     "order_id" => [1, 1, 2, 2, 3, 4],
//!     "item" => ["tea", "cup", "tea", "cup", "tea", "pen"],
//! )?;
//! let pairs = basket::pairs(&lines, 1)?;
//! assert_eq!(pairs.column("together")?.i64()?.get(0), Some(2)); // cup and tea
//! assert_eq!(pairs.column("lift")?.f64()?.get(0), Some(2.0 * 4.0 / (2.0 * 3.0)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! R. Agrawal, T. Imieliński and A. Swami (1993), "Mining association rules between sets of items in large
//! databases" (support and confidence); S. Brin et al. (1997), "Dynamic itemset counting" (lift). The interval
//! is the delta method's, on the logarithm of lift.

use std::collections::BTreeMap;

use polars::prelude::*;

use super::interval::Z95;
use super::timeline::{Numbered, fetch, full};
use super::{Source, texts};
use crate::error::{Error, Result};

/// Every pair of items that stand in the same order.
///
/// Reads `lines`: `order_id`, `item` (of any type); an item twice in an order counts once. Returns one row per
/// pair with at least `least` orders in common: `left`, `right` (text, `left` first in the alphabet), `orders`
/// (i64: all), `left_orders`, `right_orders`, `together` (i64), `support` (f64: together / orders),
/// `left_to_right`, `right_to_left` (f64: the confidences, together / left_orders and together /
/// right_orders), `lift` (f64: how many times more often together than if the two had nothing to do with each
/// other), `low`, `high` (f64: its 95 % interval, of each pair alone), by lift, the highest first, then by name.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), or
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty values; `least` of 0.
pub fn pairs(lines: &dyn Source, least: u32) -> Result<DataFrame> {
    if least == 0 {
        return Err(Error::config("least", 0, "1 or more"));
    }
    let frame = fetch(lines, "lines", &["order_id", "item"])?;
    let orders = Numbered::new(full(&frame, "lines", "order_id")?)?;
    let items = Numbered::new(full(&frame, "lines", "item")?)?;
    let names: Vec<String> = texts(&items.pick(frame.column("item")?)?)?
        .into_iter()
        .map(Option::unwrap_or_default)
        .collect();
    let mut lines: Vec<(u32, u32)> =
        orders.codes.iter().copied().zip(items.codes.iter().copied()).collect();
    lines.sort_unstable();
    lines.dedup();

    let mut alone = vec![0_i64; names.len()];
    let mut together: BTreeMap<(u32, u32), i64> = BTreeMap::new();
    for order in lines.chunk_by(|a, b| a.0 == b.0) {
        for (place, (_, one)) in order.iter().enumerate() {
            alone[*one as usize] += 1;
            for (_, other) in &order[place + 1..] {
                *together.entry((*one, *other)).or_default() += 1;
            }
        }
    }
    let n = orders.count() as f64;
    let mut found: Vec<Pair> = together
        .into_iter()
        .filter(|(_, both)| *both >= i64::from(least))
        .map(|((one, other), both)| {
            let mut pair = [one as usize, other as usize];
            pair.sort_unstable_by_key(|item| &names[*item]);
            Pair {
                items: pair,
                both,
                lift: both as f64 * n / (alone[pair[0]] * alone[pair[1]]) as f64,
            }
        })
        .collect();
    let name = |pair: &Pair| pair.items.map(|item| &names[item]);
    found.sort_unstable_by(|a, b| b.lift.total_cmp(&a.lift).then_with(|| name(a).cmp(&name(b))));

    let column = |pick: &dyn Fn(&Pair) -> f64| -> Vec<f64> { found.iter().map(pick).collect() };
    let count =
        |side: usize| -> Vec<i64> { found.iter().map(|pair| alone[pair.items[side]]).collect() };
    let confidence =
        |side: usize| column(&|pair: &Pair| pair.both as f64 / alone[pair.items[side]] as f64);
    let bound = |z: f64| {
        column(&|pair: &Pair| {
            let [left, right] = pair.items.map(|item| alone[item] as f64 / n);
            let variance =
                (n / pair.both as f64 - 1.0 / left - 1.0 / right + 2.0 * pair.lift - 1.0) / n;
            // Two items that are always together, and nowhere else, vary only with their number.
            pair.lift * (z * variance.max(0.0).sqrt()).exp()
        })
    };
    let text =
        |side: usize| -> Vec<&str> { found.iter().map(|pair| name(pair)[side].as_str()).collect() };
    Ok(df!(
        "left" => text(0),
        "right" => text(1),
        "orders" => vec![orders.count() as i64; found.len()],
        "left_orders" => count(0),
        "right_orders" => count(1),
        "together" => found.iter().map(|pair| pair.both).collect::<Vec<_>>(),
        "support" => column(&|pair: &Pair| pair.both as f64 / n),
        "left_to_right" => confidence(0),
        "right_to_left" => confidence(1),
        "lift" => column(&|pair: &Pair| pair.lift),
        "low" => bound(-Z95),
        "high" => bound(Z95),
    )?)
}

struct Pair {
    items: [usize; 2],
    both: i64,
    lift: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::stream;
    use rand::RngExt;

    fn real(frame: &DataFrame, column: &str) -> Vec<f64> {
        frame.column(column).unwrap().f64().unwrap().into_no_null_iter().collect()
    }

    #[test]
    fn counted_by_hand() {
        // Order 1: a b (a twice), 2: a b c, 3: b c, 4: d.
        let lines = df!(
            "order_id" => ["1", "1", "1", "2", "2", "2", "3", "3", "4"],
            "item" => ["b", "a", "a", "c", "a", "b", "c", "b", "d"],
        )
        .unwrap();
        let found = pairs(&lines, 1).unwrap();
        let names: Vec<(String, String)> = texts(found.column("left").unwrap())
            .unwrap()
            .into_iter()
            .zip(texts(found.column("right").unwrap()).unwrap())
            .map(|(left, right)| (left.unwrap(), right.unwrap()))
            .collect();
        let expected = [("a", "b"), ("b", "c"), ("a", "c")];
        assert_eq!(names, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
        assert_eq!(real(&found, "lift"), [4.0 / 3.0, 4.0 / 3.0, 1.0]);
        assert_eq!(real(&found, "left_to_right"), [1.0, 2.0 / 3.0, 0.5]);
        assert_eq!(real(&found, "right_to_left"), [2.0 / 3.0, 1.0, 0.5]);
        assert_eq!(real(&found, "support"), [0.5, 0.5, 0.25]);
        assert_eq!(pairs(&lines, 2).unwrap().height(), 2);
        assert!(pairs(&lines, 0).unwrap_err().to_string().contains("least"));
    }

    /// Two items with a known lift, in 2,000 samples: the interval holds it 95 times in 100.
    #[test]
    fn the_interval_holds_the_true_lift() {
        let mut held = 0;
        for seed in 0..2_000 {
            let mut rng = stream(seed, "baskets", 0);
            let (mut orders, mut items) = (vec![], vec![]);
            for order in 0..1_000_i32 {
                let mut put = |item: &'static str| {
                    orders.push(order);
                    items.push(item);
                };
                put("bag");
                let left = rng.random_range(0.0..1.0) < 0.2;
                if left {
                    put("a");
                }
                if rng.random_range(0.0..1.0) < if left { 0.45 } else { 0.15 } {
                    put("b");
                }
            }
            let found = pairs(&df!("order_id" => orders, "item" => items).unwrap(), 1).unwrap();
            let row = found
                .lazy()
                .filter(col("left").eq(lit("a")).and(col("right").eq(lit("b"))))
                .collect()
                .unwrap();
            let truth = 0.45 / (0.2 * 0.45 + 0.8 * 0.15);
            held += usize::from(real(&row, "low")[0] < truth && truth < real(&row, "high")[0]);
        }
        assert!((1_870..=1_930).contains(&held), "{held} of 2000");
    }
}
