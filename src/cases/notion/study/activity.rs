//! How many users are active, how often, and who works together.

use polars::prelude::*;

use super::collaborates;
use crate::error::Result;
use crate::events::{EventSource, UserSource, Window};
use crate::frame::{Source, fetch};
use crate::metrics::growth;

/// Counts workspaces in which people worked together, by week: see [`growth::north_star`].
///
/// # Errors
/// As [`growth::north_star`].
pub fn north_star(events: &dyn EventSource, window: Window) -> Result<DataFrame> {
    growth::north_star(events, "workspace_id", collaborates(), window)
}

/// Computes the ratio of daily or weekly to monthly active users: `of` is "dau" (stickiness) or "wau".
///
/// Reads `daily` as returned by [`activity::daily`](crate::metrics::activity::daily) and sums over the days that have
/// 30 days before them. NaN without such a day.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn).
pub fn of_monthly(daily: &dyn Source, of: &str) -> Result<f64> {
    let steady = fetch(daily, "daily", &[of, "mau"])?.lazy().filter(col("mau").is_not_null());
    let sum = |column: &str| col(column).cast(DataType::Float64).sum();
    let ratio = steady.select([(sum(of) / sum("mau")).alias("ratio")]).collect()?;
    Ok(ratio.column("ratio")?.f64()?.get(0).unwrap_or(f64::NAN))
}

/// Lists active users by day and window: `date`, `window` ("30 days", "7 days", "1 day"), `users`, by window, then day.
///
/// Reads `daily` as returned by [`activity::daily`](crate::metrics::activity::daily). A window that begins before the
/// observation has no row.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn).
pub fn windows(daily: &dyn Source) -> Result<DataFrame> {
    let daily = fetch(daily, "daily", &["date", "mau", "wau", "dau"])?;
    let window = |column: &str, name: &str| {
        let columns = [col("date"), lit(name).alias("window"), col(column).alias("users")];
        daily.clone().lazy().select(columns)
    };
    let all = [window("mau", "30 days"), window("wau", "7 days"), window("dau", "1 day")];
    let all = concat(all, UnionArgs::default())?;
    Ok(all.filter(col("users").is_not_null()).collect()?)
}

/// Counts each user's events: the column of users, `events` (i64; 0 if there are none), in the order of `users`.
///
/// Events of people who are not in `users` do not count.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn); [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn)
/// for empty users or times, or a user who is in `users` twice.
pub fn events_per_user(users: &dyn UserSource, events: &dyn EventSource) -> Result<DataFrame> {
    let (users, events) = (users.users(&[])?, events.events(&[])?);
    let mut counts = vec![0_i64; users.len()];
    for row in events.rows_in(&users)? {
        counts.get_mut(row as usize).into_iter().for_each(|count| *count += 1);
    }
    let events = Column::new("events".into(), counts);
    Ok(DataFrame::new_infer_height(vec![users.ids()?.clone(), events])?)
}
