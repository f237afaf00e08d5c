//! Orders, prepared.

use std::ops::Range;
use std::sync::Arc;

use polars::prelude::*;

use super::{Events, Numbered, TIME, USER, Window};
use crate::error::Result;
use crate::frame::{Source, fetch, finite, full, require};

/// What a frame of orders is called in errors.
const ORDERS: &str = "orders";

/// Orders: who paid, when, and how much. An order may have several rows, its lines.
///
/// ```
/// use casebook::prelude::*;
///
/// let frame = df!("client" => ["ann", "bob"], "paid_on" => [3, 40], "net" => [20.0, 5.5])?
///     .lazy()
///     .with_column(col("paid_on").cast(DataType::Date));
/// let orders = Orders::new(&frame, "client", "paid_on", "net")?;
/// assert_eq!(orders.events().users(), 2);
/// # Ok::<(), casebook::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Orders {
    events: Events,
    amounts: Arc<Vec<f64>>,
    /// Each row's order, if orders have several rows.
    lines: Option<Arc<Vec<u32>>>,
}

/// An order, the sum of its lines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Order {
    /// Its user's number.
    pub user: u32,
    /// When it happened, in calendar time: at its first line, because lines may be moments apart.
    pub at: i64,
    pub amount: f64,
}

impl Orders {
    /// Prepares orders, one per row, with users, times and amounts in the named columns.
    ///
    /// # Errors
    /// As [`Events::new`]; [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for an amount that is empty, not a number
    /// or not finite.
    pub fn new(frame: &dyn Source, user: &str, time: &str, amount: &str) -> Result<Orders> {
        Orders::of(frame.scan().collect()?, user, time, amount)
    }

    fn of(frame: DataFrame, user: &str, time: &str, amount: &str) -> Result<Orders> {
        require(&frame, ORDERS, &[user, time, amount])?;
        full(&frame, ORDERS, user)?;
        let amounts = Arc::new(finite(&frame, ORDERS, amount)?);
        Ok(Orders { events: Events::of(frame, ORDERS, user, time)?, amounts, lines: None })
    }

    /// Names the column that identifies orders: rows of one user with the same value are lines of one order.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for an empty name.
    pub fn per(mut self, order: &str) -> Result<Orders> {
        require(self.events.frame(), ORDERS, &[order])?;
        let numbered = Numbered::new(full(self.events.frame(), ORDERS, order)?)?;
        self.lines = Some(Arc::new(numbered.codes));
        Ok(self)
    }

    /// Returns the rows as events.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Returns the amount of each row, in the original order.
    pub fn amounts(&self) -> &[f64] {
        &self.amounts
    }

    /// Returns each user's orders before the end of a window, by user, time and amount, and the window in calendar
    /// time. The order of rows does not matter, to the last digit.
    pub(crate) fn merged(&self, window: Window) -> (Vec<Order>, Range<i64>) {
        let (users, at) = (&self.events.numbered().codes, self.events.moments().calendar_time());
        let range = window.calendar_range(self.events.moments(), self.events.day_range());
        let range = range.unwrap_or_default();
        let order = |row: usize| self.lines.as_ref().map_or(row as u32, |lines| lines[row]);
        let mut rows: Vec<usize> = (0..at.len()).filter(|row| at[*row] < range.end).collect();
        rows.sort_unstable_by(|a, b| {
            (users[*a], order(*a))
                .cmp(&(users[*b], order(*b)))
                .then(self.amounts[*a].total_cmp(&self.amounts[*b]))
        });
        let mut orders: Vec<Order> = rows
            .chunk_by(|a, b| (users[*a], order(*a)) == (users[*b], order(*b)))
            .map(|lines| Order {
                user: users[lines[0]],
                at: lines.iter().map(|row| at[*row]).min().unwrap_or_default(),
                amount: lines.iter().map(|row| self.amounts[*row]).sum(),
            })
            .collect();
        orders.sort_by(|a, b| {
            (a.user, a.at).cmp(&(b.user, b.at)).then(a.amount.total_cmp(&b.amount))
        });
        (orders, range)
    }
}

/// What a metric takes as orders: [`Orders`], or a frame with the columns `user_id`, `order_id`, `timestamp` and `amount`,
/// collected or lazy, which is prepared for that one call.
pub trait OrderSource {
    /// Returns the orders.
    ///
    /// # Errors
    /// As [`Orders::new`] and [`Orders::per`].
    fn orders(&self) -> Result<Orders>;
}

impl OrderSource for Orders {
    fn orders(&self) -> Result<Orders> {
        Ok(self.clone())
    }
}

impl<S: Source> OrderSource for S {
    fn orders(&self) -> Result<Orders> {
        const ORDER: &str = "order_id";
        const AMOUNT: &str = "amount";
        let frame = fetch(self, ORDERS, &[USER, ORDER, TIME, AMOUNT])?;
        Orders::of(frame, USER, TIME, AMOUNT)?.per(ORDER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_added_up_whatever_the_order_of_rows() {
        let frame = df!(
            "user_id" => [1, 1, 2, 1], "order_id" => ["a", "b", "a", "a"],
            "timestamp" => [5, 9, 1, 4], "amount" => [0.1, 7.0, 3.0, 0.2],
        );
        let frame = frame.unwrap().lazy().with_column(col("timestamp").cast(DataType::Date));
        let (orders, _) = frame.orders().unwrap().merged(Window::default());
        let day = 86_400_000_000;
        let shown: Vec<(u32, i64)> = orders.iter().map(|o| (o.user, o.at / day)).collect();
        assert_eq!(shown, [(0, 4), (0, 9), (1, 1)]);
        let (turned, _) = frame.reverse().orders().unwrap().merged(Window::default());
        let amounts = |orders: &[Order]| {
            let mut all: Vec<f64> = orders.iter().map(|order| order.amount).collect();
            all.sort_by(f64::total_cmp);
            all
        };
        assert_eq!(amounts(&orders), amounts(&turned));
    }
}
