//! Customers' histories, as the models read them.

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::events::{DAY, Index, OrderSource, USER, Window};
use crate::frame::{fetch, full};
use crate::metrics::{Source, finite};
use crate::stats::sample::total;

/// Sums up each customer's orders for the models.
///
/// Reads `orders`, one row per order or order line, in any order: `user_id`, `order_id`, `timestamp`, `amount`.
/// Counts customers who first ordered in the window, and their orders up to its end: of others, not all orders are
/// known. Returns one row per customer, by user: `user_id`, `repeats` (i64: orders after the first), `recency_days`
/// (f64: from the first order to the last, in days on the orders' time zone), `age_days` (f64: from the first order to
/// the end of the window), `mean_amount` (f64: of the repeats, in the unit of `amount`; null without any),
/// `first_amount` (f64: of the first order).
///
/// The first order is left out of `mean_amount`, as in the model's source: it may be unlike the others.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty values, values that are not times, or
/// amounts that are not finite numbers.
///
/// ```
/// use casebook::prelude::*;
///
/// let orders = warehouse::files::read("data/samples/orders.csv")?;
/// let customers = clv::customers(&orders, Window::until(Month { year: 2024, month: 5 }.midnight()))?;
/// assert!(customers.column("recency_days")?.f64()?.min() >= Some(0.0));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn customers(orders: &dyn OrderSource, window: Window) -> Result<DataFrame> {
    on_clock(orders, window, |time| Some(time as f64 / DAY as f64))
}

/// [`customers`] with times as a clock reads them from calendar time.
pub(super) fn on_clock(
    orders: &dyn OrderSource,
    window: Window,
    clock: impl Fn(i64) -> Option<f64>,
) -> Result<DataFrame> {
    let orders = orders.orders()?;
    let events = orders.events();
    let (all, range) = orders.merged(window);
    let now = match all.is_empty() {
        true => 0.0,
        false => clock(range.end)
            .ok_or_else(|| Error::config("window", window, "an end on the clock's days"))?,
    };
    let read = |micros: i64| {
        clock(micros).ok_or_else(|| {
            Error::column("orders", events.time_column(), "holds moments outside the clock's days")
        })
    };
    let (mut rows, mut repeats, mut recency, mut age) = (vec![], vec![], vec![], vec![]);
    let (mut mean, mut first_amount) = (vec![], vec![]);
    for mine in all.chunk_by(|a, b| a.user == b.user) {
        let (first, again) = (mine[0], &mine[1..]);
        if first.at < range.start {
            continue;
        }
        let began = read(first.at)?;
        rows.push(events.numbered().firsts()[first.user as usize]);
        repeats.push(again.len() as i64);
        recency.push(read(mine[mine.len() - 1].at)? - began);
        age.push(now - began);
        let sum = total(again.iter().map(|order| order.amount));
        mean.push((!again.is_empty()).then(|| sum / again.len() as f64));
        first_amount.push(first.amount);
    }
    let mut table = df!(
        "repeats" => repeats, "recency_days" => recency, "age_days" => age,
        "mean_amount" => mean, "first_amount" => first_amount,
    )?;
    let user = events.user_column();
    let ids = events.frame().column(user)?.take(&IdxCa::from_vec("row".into(), rows))?;
    table.insert_column(0, ids)?;
    Ok(table.sort([user], SortMultipleOptions::default())?)
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

    #[test]
    fn who_ordered_before_the_window_is_left_out() {
        let day = |day| chrono::NaiveDate::from_ymd_opt(2024, 1, day).unwrap();
        let orders = df!(
            "user_id" => ["a", "a", "b", "b", "c"], "order_id" => [1, 2, 3, 4, 5],
            "timestamp" => [day(1), day(12), day(11), day(14), day(21)], "amount" => [1.0; 5],
        );
        let window = Window::new(day(10), day(20)).unwrap();
        let found = customers(&orders.unwrap(), window).unwrap();
        let expected = df!(
            "user_id" => ["b"], "repeats" => [1_i64], "recency_days" => [3.0], "age_days" => [9.0],
            "mean_amount" => [1.0], "first_amount" => [1.0],
        );
        assert!(found.equals(&expected.unwrap()), "{found}");
    }

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
            let until = Window::until(until);
            let (a, b) = (frame(&lines.0), frame(&lines.1));
            let (a, b) = (customers(&a, until).unwrap(), customers(&b, until).unwrap());
            prop_assert!(a.equals_missing(&b), "{} {}", a, b);
        }
    }
}
