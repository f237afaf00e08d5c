//! Market basket analysis: which items are bought together.
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
//! databases" (support and confidence); R. Agrawal and R. Srikant (1994), "Fast algorithms for mining association
//! rules" (leaving out rare items); S. Brin et al. (1997), "Dynamic itemset counting" (lift). The interval
//! is the delta method's, on the logarithm of lift.

use polars::prelude::*;

use super::interval::Z95;
use super::{Source, texts};
use crate::error::{Error, Result};
use crate::events::{Grouped, Numbered};
use crate::frame::{fetch, full};

/// Above this, counting pairs of items takes too long.
const MOST_PAIRS: u64 = 1_000_000_000;
/// Above this, a table of pairs takes too much memory.
const MOST_ROWS: usize = 10_000_000;

/// Counts how often each pair of items is bought in the same order, and how far that exceeds chance.
///
/// Reads `lines`: `order_id`, `item` (of any type); repeated items in an order count once. Returns one row per pair
/// with at least `least` orders in common: `left`, `right` (text, `left` first in the alphabet), `orders` (i64: all),
/// `left_orders`, `right_orders`, `together` (i64), `support` (f64: together / orders), `left_to_right`,
/// `right_to_left` (f64: the confidences, together / left_orders and together / right_orders), `lift` (f64: how many
/// times as often together as if the two were independent), `low`, `high` (f64: its 95% interval, of each pair alone),
/// sorted by lift (descending), then by name.
///
/// An order of n items has n (n − 1) / 2 pairs. Items in fewer than `least` orders are left out first, because no
/// returned pair can contain them; the others may make up to a billion pairs over all orders, and up to ten million
/// rows. Memory grows with the lines and the rows only.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), or
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty values, and for orders with so many items that they
/// make more pairs than that, naming the largest; [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a
/// `least` of 0, or one that leaves more rows than that.
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
    lines.iter().for_each(|(_, item)| alone[*item as usize] += 1);
    // A pair is in no more orders than either of its items (Agrawal and Srikant, 1994).
    lines.retain(|(_, item)| alone[*item as usize] >= i64::from(least));
    let sizes = lines.chunk_by(|a, b| a.0 == b.0).map(|order| (order.len() as u64, order[0].0));
    let (all, largest) = sizes.fold((0_u64, (0_u64, 0_u32)), |(all, largest), order| {
        (all.saturating_add(order.0 * (order.0 - 1) / 2), largest.max(order))
    });
    if all > MOST_PAIRS {
        let name = texts(&orders.pick(frame.column("order_id")?)?)?.swap_remove(largest.1 as usize);
        let problem = format!(
            "makes {all} pairs of items, {} items in \"{}\" alone; the most is {MOST_PAIRS}: leave out the \
             largest orders, or raise `least`",
            largest.0,
            name.unwrap_or_default(),
        );
        return Err(Error::column("lines", "order_id", problem));
    }
    let n = orders.count() as f64;
    let mut found: Vec<Pair> = vec![];
    let rows = lines.len();
    // Item by item, so that no more is counted at a time than there are items.
    let by_item =
        Grouped::new(&lines.iter().map(|line| line.1).collect::<Vec<_>>(), names.len(), |row| row);
    let mut ends = vec![0_usize; rows];
    let mut end = rows;
    for row in (0..rows).rev() {
        if row + 1 < rows && lines[row].0 != lines[row + 1].0 {
            end = row + 1;
        }
        ends[row] = end;
    }
    let (mut together, mut met) = (vec![0_i64; names.len()], vec![]);
    for (one, span) in by_item.starts.windows(2).enumerate() {
        for row in &by_item.items[span[0]..span[1]] {
            for (_, other) in &lines[row + 1..ends[*row]] {
                if together[*other as usize] == 0 {
                    met.push(*other as usize);
                }
                together[*other as usize] += 1;
            }
        }
        for other in met.drain(..) {
            let both = std::mem::take(&mut together[other]);
            if both >= i64::from(least) {
                let mut items = [one, other];
                items.sort_unstable_by_key(|item| &names[*item]);
                let lift = both as f64 * n / (alone[one] as f64 * alone[other] as f64);
                found.push(Pair { items, both, lift });
            }
        }
        if found.len() > MOST_ROWS {
            let accepted = format!("a number that leaves at most {MOST_ROWS} pairs");
            return Err(Error::config("least", least, accepted));
        }
    }
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

    /// Orders of any size, counted pair by pair.
    #[test]
    fn equals_a_look_at_every_pair() {
        let mut rng = stream(5, "baskets", 1);
        let (mut orders, mut items) = (vec![], vec![]);
        for order in 0..60_i64 {
            for _ in 0..rng.random_range(1..12) {
                orders.push(order);
                items.push(rng.random_range(0..15_i64));
            }
        }
        let of = |item: i64| -> std::collections::BTreeSet<i64> {
            orders.iter().zip(&items).filter(|line| *line.1 == item).map(|line| *line.0).collect()
        };
        for least in [1, 4, 9] {
            let mut wanted: Vec<(String, String, i64)> = vec![];
            for (one, other) in (0..15).flat_map(|one| (one + 1..15).map(move |other| (one, other)))
            {
                let both = of(one).intersection(&of(other)).count() as i64;
                if both >= i64::from(least) {
                    let mut names = [one.to_string(), other.to_string()];
                    names.sort();
                    let [left, right] = names;
                    wanted.push((left, right, both));
                }
            }
            wanted.sort();
            let lines = df!("order_id" => &orders, "item" => &items).unwrap();
            let found = pairs(&lines, least).unwrap();
            assert!(found.equals(&pairs(&lines.reverse(), least).unwrap()));
            let text = |name: &str| texts(found.column(name).unwrap()).unwrap();
            let counts = found.column("together").unwrap().i64().unwrap();
            let mut ours: Vec<(String, String, i64)> = text("left")
                .into_iter()
                .zip(text("right"))
                .zip(counts.iter())
                .map(|((left, right), both)| (left.unwrap(), right.unwrap(), both.unwrap()))
                .collect();
            ours.sort();
            assert_eq!(ours, wanted);
        }
    }

    /// Five billion pairs are refused, unless few of the items can be in a pair that is returned.
    #[test]
    fn a_wholesale_order_takes_no_memory() {
        let n = 100_000_i64;
        let mut orders = vec![7_i64; n as usize];
        let mut items: Vec<i64> = (0..n).collect();
        orders.extend([8, 8]);
        items.extend([3, 4]);
        let lines = df!("order_id" => orders, "item" => items).unwrap();
        let error = pairs(&lines, 1).unwrap_err().to_string();
        assert!(error.contains("`order_id`") && error.contains("100000 items in \"7\""), "{error}");
        let found = pairs(&lines, 2).unwrap();
        assert_eq!(found.height(), 1);
        assert_eq!(found.column("together").unwrap().i64().unwrap().get(0), Some(2));
    }

    /// Two items with a known lift, in 2,000 samples: the interval covers it 95 times in 100.
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
