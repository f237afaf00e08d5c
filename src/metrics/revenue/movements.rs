//! Monthly recurring revenue, and what moved it.

use std::collections::BTreeMap;

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::events::period::Numbers;
use crate::events::{Moments, Numbered};
use crate::frame::{fetch, full};
use crate::metrics::{Period, Source, dates, finite, share_columns, warnings};
use crate::stats::sample::{sum, total};

/// Computes monthly recurring revenue and its movements.
///
/// Reads `subscriptions`: one row per customer and month paid for: `customer_id`, `month` (Date or Datetime: any day of
/// the month), `mrr` (a number, in any currency, 0 or more; several rows for a month are summed, and a sum of 0 is the
/// same as no row).
///
/// Returns one row per month from the first to the last, without gaps: `month` (Date), `mrr_start` (f64: the month
/// before's), `new` (customers never seen before), `reactivated` (customers who were away the month before),
/// `expansion`, `contraction`, `churned` (f64, all 0 or more), `mrr` (f64: start + new + reactivated + expansion −
/// contraction − churned), `customers_start`, `customers_lost`, `customers` (i64), `logo_churn`, `low`, `high` (f64:
/// lost / start, 95% Wilson), `revenue_churn` (f64: (contraction + churned) / start), `grr` (f64: 1 − revenue_churn),
/// `nrr` (f64: what the month before's customers pay now / start), `arpa` (f64: mrr / customers), `warning` (text). In
/// the first month, nothing is known about the month before: values that need it are null, and every customer is new.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty values or a negative `mrr`.
///
/// # Source
/// The movements as subscription tools report them (new, expansion, contraction, churn, reactivation); gross
/// and net revenue retention as in public companies' reports.
pub fn movements(subscriptions: &dyn Source) -> Result<DataFrame> {
    let frame = fetch(subscriptions, "subscriptions", &["customer_id", "month", "mrr"])?;
    let mrr = finite(&frame, "subscriptions", "mrr")?;
    if let Some(row) = mrr.iter().position(|mrr| *mrr < 0.0) {
        let problem = format!("is {} in row {}; it must be 0 or more", mrr[row], row + 1);
        return Err(Error::column("subscriptions", "mrr", problem));
    }
    let days = Moments::new(&frame, "subscriptions", "month")?.days();
    let customers = Numbered::new(full(&frame, "subscriptions", "customer_id")?)?;
    let (first, last) = match (days.iter().min(), days.iter().max()) {
        (Some(first), Some(last)) => (*first, *last),
        _ => (0, -1),
    };
    let numbers = Numbers::new(Period::Month, first, last);
    // What each customer pays in each month, in an order that does not depend on that of the rows.
    let mut rows: Vec<(u32, i32, f64)> = customers
        .codes
        .iter()
        .zip(&days)
        .zip(&mrr)
        .filter(|(_, mrr)| **mrr > 0.0)
        .map(|((code, day), mrr)| (*code, numbers.of(*day), *mrr))
        .collect();
    rows.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
    let mut months: BTreeMap<i32, Month> = BTreeMap::new();
    if last >= first {
        for month in numbers.of(first)..=numbers.of(last) {
            months.insert(month, Month::default());
        }
    }
    for mine in rows.chunk_by(|a, b| a.0 == b.0) {
        let mut before: Option<(i32, f64)> = None;
        for same in mine.chunk_by(|a, b| a.1 == b.1) {
            let (month, paid) = (same[0].1, total(same.iter().map(|row| row.2)));
            if let Some((then, amount)) = before
                && then + 1 < month
            {
                months.entry(then + 1).or_default().lose(amount);
            }
            let row = months.entry(month).or_default();
            row.paid.push(paid);
            match before {
                None => row.new.push(paid),
                Some((then, _)) if then + 1 < month => row.reactivated.push(paid),
                Some((_, amount)) if paid > amount => row.expansion.push(paid - amount),
                Some((_, amount)) => row.contraction.push(amount - paid),
            }
            before = Some((month, paid));
        }
        if let Some((then, amount)) = before
            && let Some(row) = months.get_mut(&(then + 1))
        {
            row.lose(amount);
        }
    }

    let sums: Vec<[f64; 6]> = months.values().map(Month::sums).collect();
    let paying: Vec<i64> = months.values().map(|month| month.paid.len() as i64).collect();
    let n = sums.len();
    let start = |at: usize| at.checked_sub(1).map(|before| sums[before][0]);
    let column = |name: &str, value: &dyn Fn(usize) -> Option<f64>| {
        Column::new(name.into(), (0..n).map(value).collect::<Vec<_>>())
    };
    let flow = |name: &str, which: usize| column(name, &|at| start(at).map(|_| sums[at][which]));
    let over = |part: &dyn Fn(usize) -> f64, at: usize| {
        start(at).filter(|start| *start > 0.0).map(|start| part(at) / start)
    };
    let gone = |at: usize| sums[at][4] + sums[at][5];
    let base: Vec<Option<i64>> =
        (0..n).map(|at| at.checked_sub(1).map(|before| paying[before])).collect();
    let lost: Vec<Option<i64>> = months
        .values()
        .zip(&base)
        .map(|(month, base)| base.map(|_| month.lost.len() as i64))
        .collect();
    let mut columns = vec![
        dates("month", months.keys().map(|month| Period::Month.start(*month)).collect())?,
        column("mrr_start", &start),
        column("new", &|at| Some(sums[at][1])),
        flow("reactivated", 2),
        flow("expansion", 3),
        flow("contraction", 4),
        flow("churned", 5),
        column("mrr", &|at| Some(sums[at][0])),
        Column::new("customers_start".into(), &base),
        Column::new("customers_lost".into(), &lost),
        Column::new("customers".into(), &paying),
    ];
    columns.extend(share_columns(["logo_churn", "low", "high"], &lost, &base));
    columns.extend([
        column("revenue_churn", &|at| over(&gone, at)),
        column("grr", &|at| over(&gone, at).map(|churn| 1.0 - churn)),
        column("nrr", &|at| over(&|at| sums[at][3] - gone(at), at).map(|more| 1.0 + more)),
        column("arpa", &|at| (paying[at] > 0).then(|| sums[at][0] / paying[at] as f64)),
    ]);
    columns.push(warnings(&base, "users"));
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Amounts of one month, kept apart until all are there, so that the order of rows does not matter.
#[derive(Default)]
struct Month {
    paid: Vec<f64>,
    new: Vec<f64>,
    reactivated: Vec<f64>,
    expansion: Vec<f64>,
    contraction: Vec<f64>,
    lost: Vec<f64>,
}

impl Month {
    fn lose(&mut self, amount: f64) {
        self.lost.push(amount);
    }

    fn sums(&self) -> [f64; 6] {
        [&self.paid, &self.new, &self.reactivated, &self.expansion, &self.contraction, &self.lost]
            .map(|amounts| sum(amounts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    #[test]
    fn what_did_not_happen_is_zero_and_not_minus_zero() -> Result<()> {
        let month = |month| NaiveDate::from_ymd_opt(2024, month, 1).unwrap();
        let paid =
            df!("customer_id" => [1, 1], "month" => [month(1), month(3)], "mrr" => [5.0, 5.0])?;
        let moved = movements(&paid)?;
        for column in ["new", "reactivated", "expansion", "contraction", "churned", "mrr"] {
            for value in moved.column(column)?.f64()?.iter().flatten() {
                assert!(value.is_sign_positive(), "{column}: {value}");
            }
        }
        Ok(())
    }
}
