//! RFM: buyers scored by recency, frequency and monetary value.

use polars::prelude::*;

use crate::error::Result;
use crate::events::{DAY, OrderSource, Window};

/// Scores every buyer's recency, frequency and monetary value by quintile; 5 is best on all three.
///
/// Recency is the time from the last *purchase* to the end of the window, frequency counts distinct orders, monetary
/// value is their sum. Scores come from mid-ranks: users with equal values get equal scores, and if all values are
/// equal, everyone scores 3.
///
/// Reads `orders`, one row per order or order line, purchases only: `user_id`, `order_id`, `timestamp`, `amount`.
/// Orders outside the window do not count; an open window ends with the data, not today. Returns one row per buyer, by
/// user: `user_id`, `recency_days` (f64, days on the orders' time zone), `frequency` (i64), `monetary` (f64, in the
/// unit of `amount`), `r`, `f`, `m` (i64, 1 to 5), `segment` (text):
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
/// let scores = segment::rfm(&orders, Window::until(Month { year: 2024, month: 5 }.midnight()))?;
/// assert_eq!(scores.column("f")?.i64()?.max(), Some(5));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn rfm(orders: &dyn OrderSource, window: Window) -> Result<DataFrame> {
    let orders = orders.orders()?;
    let events = orders.events();
    let (mut all, range) = orders.merged(window);
    all.retain(|order| order.at >= range.start);
    let mut rows = vec![];
    let (mut recency, mut frequency, mut monetary) = (vec![], vec![], vec![]);
    for mine in all.chunk_by(|a, b| a.user == b.user) {
        rows.push(events.numbered().firsts()[mine[0].user as usize]);
        recency.push((range.end - mine[mine.len() - 1].at) as f64 / DAY as f64);
        frequency.push(mine.len() as i64);
        // A sum in an order that does not depend on that of the rows.
        let mut amounts: Vec<f64> = mine.iter().map(|order| order.amount).collect();
        amounts.sort_unstable_by(f64::total_cmp);
        monetary.push(amounts.iter().sum::<f64>());
    }
    let r = quintiles(&recency.iter().map(|days: &f64| -days).collect::<Vec<_>>());
    let f = quintiles(&frequency.iter().map(|n| *n as f64).collect::<Vec<_>>());
    let m = quintiles(&monetary);
    let names: Vec<&str> = (0..r.len()).map(|at| name_of(r[at], f[at] + m[at])).collect();
    let user = events.user_column();
    let ids = events.frame().column(user)?.take(&IdxCa::from_vec("row".into(), rows))?;
    let mut table = df!(
        "recency_days" => recency, "frequency" => frequency, "monetary" => monetary,
        "r" => r, "f" => f, "m" => m, "segment" => names,
    )?;
    table.insert_column(0, ids)?;
    Ok(table.sort([user], SortMultipleOptions::default())?)
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

    /// From noon to noon two days later are two days, also where the clock goes an hour ahead in between.
    #[test]
    fn recency_counts_days_on_the_orders_zone() -> Result<()> {
        let noon = |day: i64| (day * 24 - 1) * 3_600_000; // in Berlin's winter
        for (from, to) in [(19_812, 19_814), (20_022, 20_024)] {
            let kind = TimeZone::opt_try_new(Some("Europe/Berlin"))?;
            let kind = DataType::Datetime(TimeUnit::Milliseconds, kind);
            let summer = i64::from(from > 20_000) * 3_600_000;
            let at = noon(from) + 12 * 3_600_000 - summer;
            let orders =
                df!("user_id" => [1], "order_id" => [1], "timestamp" => [at], "amount" => [5.0])?
                    .lazy()
                    .with_column(col("timestamp").cast(kind));
            let end = chrono::DateTime::from_timestamp(to * 86_400 + 43_200, 0).unwrap_or_default();
            let scores = rfm(&orders, Window::until(end.naive_utc()))?;
            assert_eq!(scores.column("recency_days")?.f64()?.get(0), Some(2.0), "{from}");
        }
        Ok(())
    }
}
