//! Customers' histories, as the models read them.

use chrono::NaiveDateTime;
use polars::prelude::*;

use crate::error::{Error, Result};
use crate::metrics::timeline::{DAY, Index, Moments, Numbered, TIME, USER, fetch, full};
use crate::metrics::{Source, finite};
use crate::stats::sample::total;

/// Sums up each customer's orders for the models.
///
/// Reads `orders`, one row per order or order line, in any order: `user_id`, `order_id`, `timestamp`, `amount`.
/// Rows from `until` (on the clock of the orders' time zone) on do not count. Returns one row per customer, by
/// user: `user_id`, `repeats` (i64: orders after the first), `recency_days` (f64: from the first order to the
/// last), `age_days` (f64: from the first order to `until`), `mean_amount` (f64: of the repeats, in the unit of
/// `amount`; null without any), `first_amount` (f64: of the first order).
///
/// The first order is left out of `mean_amount`, as in the model's source: it may be unlike the others.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty values, times that are none, or amounts
/// that are no finite numbers.
///
/// ```
/// use casebook::prelude::*;
///
/// let orders = warehouse::files::read("data/samples/orders.csv")?;
/// let end = chrono::NaiveDate::from_ymd_opt(2024, 5, 1).unwrap().and_hms_opt(0, 0, 0).unwrap();
/// let customers = clv::customers(&orders, end)?;
/// assert!(customers.column("recency_days")?.f64()?.min() >= Some(0.0));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn customers(orders: &dyn Source, until: NaiveDateTime) -> Result<DataFrame> {
    on_clock(orders, until, |_| |micros: i64| Some(micros as f64 / DAY as f64))
}

/// [`customers`] with times as a clock reads them; `clock` makes one for the calendar of the orders' moments.
pub(super) fn on_clock<F: Fn(i64) -> Option<f64>>(
    orders: &dyn Source,
    until: NaiveDateTime,
    clock: impl FnOnce(&Moments) -> F,
) -> Result<DataFrame> {
    let frame = fetch(orders, "orders", &[USER, "order_id", TIME, "amount"])?;
    let moments = Moments::new(&frame, "orders", TIME)?;
    let amounts = finite(&frame, "orders", "amount")?;
    let users = Numbered::new(full(&frame, "orders", USER)?)?;
    let ids = Numbered::new(full(&frame, "orders", "order_id")?)?;
    let end = moments.at(until);
    // Sorted down to the amount, so that sums do not depend on the order of rows.
    let mut lines: Vec<(u32, u32, i64, f64)> = (0..frame.height())
        .map(|row| (users.codes[row], ids.codes[row], moments.micros[row], amounts[row]))
        .filter(|line| line.2 < end)
        .collect();
    lines.sort_unstable_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)).then(a.3.total_cmp(&b.3)));
    // An order's lines may lie moments apart: it happened at the first.
    let orders: Vec<(u32, i64, f64)> = lines
        .chunk_by(|a, b| (a.0, a.1) == (b.0, b.1))
        .map(|lines| (lines[0].0, lines[0].2, total(lines.iter().map(|line| line.3))))
        .collect();
    let clock = clock(&moments);
    let now =
        clock(end).ok_or_else(|| Error::config("until", until, "a moment on the clock's days"))?;
    let read = |micros: i64| {
        clock(micros)
            .ok_or_else(|| Error::column("orders", TIME, "holds moments outside the clock's days"))
    };
    let (mut rows, mut repeats, mut recency, mut age) = (vec![], vec![], vec![], vec![]);
    let (mut mean, mut first_amount) = (vec![], vec![]);
    for mine in orders.chunk_by(|a, b| a.0 == b.0) {
        let mut mine = mine.to_vec();
        mine.sort_unstable_by(|a, b| a.1.cmp(&b.1).then(a.2.total_cmp(&b.2)));
        let (first, again) = (mine[0], &mine[1..]);
        let began = read(first.1)?;
        rows.push(users.firsts()[first.0 as usize]);
        repeats.push(again.len() as i64);
        recency.push(read(mine[mine.len() - 1].1)? - began);
        age.push(now - began);
        let sum = total(again.iter().map(|order| order.2));
        mean.push((!again.is_empty()).then(|| sum / again.len() as f64));
        first_amount.push(first.2);
    }
    let mut table = df!(
        "repeats" => repeats, "recency_days" => recency, "age_days" => age,
        "mean_amount" => mean, "first_amount" => first_amount,
    )?;
    table.insert_column(0, frame.column(USER)?.take(&IdxCa::from_vec("row".into(), rows))?)?;
    Ok(table.sort([USER], SortMultipleOptions::default())?)
}

/// The columns asked for and `user_id`, each user once.
pub(super) fn unique(
    source: &dyn Source,
    name: &'static str,
    columns: &[&str],
) -> Result<DataFrame> {
    let frame = fetch(source, name, &[&[USER][..], columns].concat())?;
    Index::new(name, full(&frame, name, USER)?)?;
    Ok(frame)
}

/// A column of counts: whole numbers, 0 or more.
pub(super) fn counts(frame: &DataFrame, name: &'static str, column: &str) -> Result<Vec<f64>> {
    let values = finite(frame, name, column)?;
    match values.iter().position(|value| *value < 0.0 || value.fract() != 0.0) {
        None => Ok(values),
        Some(row) => {
            let problem = format!("is {} in row {}; it must be a count", values[row], row + 1);
            Err(Error::column(name, column, problem))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Lines of an order add up to the same bits in any order of rows.
        #[test]
        fn the_order_of_rows_does_not_matter(
            lines in prop::collection::vec((0..3_i64, 0..4_i64, 0..40_i64, -10.0..10.0_f64), 1..40)
                .prop_flat_map(|lines| (Just(lines.clone()), Just(lines).prop_shuffle())),
        ) {
            let frame = |lines: &[(i64, i64, i64, f64)]| {
                let moment = DataType::Datetime(TimeUnit::Microseconds, None);
                df!(
                    "user_id" => lines.iter().map(|line| line.0).collect::<Vec<_>>(),
                    "order_id" => lines.iter().map(|line| line.1).collect::<Vec<_>>(),
                    "timestamp" => lines.iter().map(|line| line.2 * DAY / 3).collect::<Vec<_>>(),
                    "amount" => lines.iter().map(|line| line.3 / 3.0).collect::<Vec<_>>(),
                ).unwrap().lazy().with_column(col("timestamp").cast(moment)).collect().unwrap()
            };
            let until = chrono::DateTime::from_timestamp_micros(20 * DAY).unwrap().naive_utc();
            let (a, b) = (frame(&lines.0), frame(&lines.1));
            let (a, b) = (customers(&a, until).unwrap(), customers(&b, until).unwrap());
            prop_assert!(a.equals_missing(&b), "{} {}", a, b);
        }
    }
}
