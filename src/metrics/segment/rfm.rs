//! RFM: buyers scored by recency, frequency and monetary value.

use chrono::NaiveDateTime;
use polars::prelude::*;

use crate::error::Result;
use crate::metrics::timeline::{DAY, Grouped, Moments, NOBODY, Numbered, TIME, USER, fetch, full};
use crate::metrics::{Source, finite};

/// Scores every buyer's recency, frequency and monetary value by quintiles: 5 is best on all three.
///
/// Recency is the time from the last *purchase* to `as_of`, frequency counts distinct orders, monetary value is
/// their sum. Scores come from mid-ranks: users with equal values get equal scores, and if all values are equal
/// everybody scores 3.
///
/// Reads `orders`, one row per order or order line, purchases only: `user_id`, `order_id`, `timestamp`,
/// `amount`. `as_of` is the end of the data, not today; rows from then on do not count. Returns one row per
/// buyer, by user: `user_id`, `recency_days` (f64), `frequency` (i64), `monetary` (f64, in the unit of
/// `amount`), `r`, `f`, `m` (i64, 1 to 5), `segment` (text):
///
/// | segment | r | mean of f and m |
/// | --- | --- | --- |
/// | champions | 4 to 5 | 4 and more |
/// | loyal | 3 | 4 and more |
/// | promising | 4 to 5 | 2 to under 4 |
/// | new | 4 to 5 | under 2 |
/// | needs attention | 3 | 2 to under 4 |
/// | about to sleep | 3 | under 2 |
/// | at risk | 1 to 2 | 3 and more |
/// | hibernating | 1 to 2 | 2 to under 3 |
/// | lost | 1 to 2 | under 2 |
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty values, a `timestamp` that is neither
/// date nor datetime, and amounts that are not finite numbers.
///
/// ```
/// use casebook::prelude::*;
///
/// let orders = warehouse::files::read("data/samples/orders.csv")?;
/// let end = chrono::NaiveDate::from_ymd_opt(2024, 5, 1).unwrap().and_hms_opt(0, 0, 0).unwrap();
/// let scores = segment::rfm(&orders, end)?;
/// assert_eq!(scores.column("f")?.i64()?.max(), Some(5));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn rfm(orders: &dyn Source, as_of: NaiveDateTime) -> Result<DataFrame> {
    let frame = fetch(orders, "orders", &[USER, "order_id", TIME, "amount"])?;
    let moments = Moments::new(&frame, "orders", TIME)?;
    let amount = finite(&frame, "orders", "amount")?;
    let users = Numbered::new(full(&frame, "orders", USER)?)?;
    let order_codes = Numbered::new(full(&frame, "orders", "order_id")?)?.codes;
    let end = moments.at(as_of);
    let codes: Vec<u32> = users
        .codes
        .iter()
        .zip(moments.micros.iter())
        .map(|(code, at)| if *at < end { *code } else { NOBODY })
        .collect();
    let mut grouped = Grouped::new(&codes, users.count(), |row| row);
    let mut rows = vec![];
    let (mut recency, mut frequency, mut monetary) = (vec![], vec![], vec![]);
    let mut distinct: Vec<u32> = vec![];
    for mut part in grouped.parts() {
        for n in 0..part.users() {
            let mine = part.of(n);
            let Some(first) = mine.first().copied() else { continue };
            // Sums are made in an order that does not depend on that of the rows.
            mine.sort_unstable_by(|a, b| amount[*a].total_cmp(&amount[*b]));
            rows.push(users.firsts()[users.codes[first] as usize]);
            let last = mine.iter().map(|row| moments.micros[*row]).max().unwrap_or(end);
            recency.push((end - last) as f64 / DAY as f64);
            distinct.clear();
            distinct.extend(mine.iter().map(|row| order_codes[*row]));
            distinct.sort_unstable();
            distinct.dedup();
            frequency.push(distinct.len() as i64);
            monetary.push(mine.iter().map(|row| amount[*row]).sum::<f64>());
        }
    }
    let r = quintiles(&recency.iter().map(|days: &f64| -days).collect::<Vec<_>>());
    let f = quintiles(&frequency.iter().map(|n| *n as f64).collect::<Vec<_>>());
    let m = quintiles(&monetary);
    let names: Vec<&str> = (0..r.len()).map(|at| name_of(r[at], f[at] + m[at])).collect();
    let ids = frame.column(USER)?.take(&IdxCa::from_vec("row".into(), rows))?;
    let mut table = df!(
        "recency_days" => recency, "frequency" => frequency, "monetary" => monetary,
        "r" => r, "f" => f, "m" => m, "segment" => names,
    )?;
    table.insert_column(0, ids)?;
    Ok(table.sort([USER], SortMultipleOptions::default())?)
}

/// The quintile of each value, by its mid-rank: 1 for the lowest.
fn quintiles(values: &[f64]) -> Vec<i64> {
    let n = values.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut scores = vec![0; n];
    let mut below = 0;
    for same in order.chunk_by(|a, b| values[*a] == values[*b]) {
        // The mid-rank less a half, in halves: 2 × below + same. Whole numbers: no rounding at the edges.
        let doubled = 2 * below + same.len();
        let score = (5 * doubled).div_ceil(2 * n) as i64;
        for row in same {
            scores[*row] = score;
        }
        below += same.len();
    }
    scores
}

fn name_of(r: i64, f_and_m: i64) -> &'static str {
    match (r, f_and_m) {
        (4.., 8..) => "champions",
        (4.., 4..) => "promising",
        (4.., _) => "new",
        (3, 8..) => "loyal",
        (3, 4..) => "needs attention",
        (3, _) => "about to sleep",
        (_, 6..) => "at risk",
        (_, 4..) => "hibernating",
        _ => "lost",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quintiles_of_equals_are_the_middle() {
        assert_eq!(quintiles(&[7.0; 4]), [3; 4]);
        assert_eq!(quintiles(&[5.0, 1.0, 4.0, 2.0, 3.0]), [5, 1, 4, 2, 3]);
        assert_eq!(quintiles(&[]), [0; 0]);
    }
}
