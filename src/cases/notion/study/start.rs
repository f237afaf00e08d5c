//! When users first got value, and who came back.

use polars::prelude::*;

use super::{ACTIVATION_HOURS, FAST_HOURS, activates};
use crate::error::Result;
use crate::events::{EventSource, UserSource, Window};
use crate::frame::require;
use crate::metrics::growth;

/// Finds when each user created a first page: see [`growth::time_to_value`].
///
/// # Errors
/// As [`growth::time_to_value`].
pub fn time_to_value(
    users: &dyn UserSource,
    events: &dyn EventSource,
    window: Window,
) -> Result<DataFrame> {
    growth::time_to_value(users, events, activates(), ACTIVATION_HOURS, window)
}

/// Joins who started fast with who came back: for [`confounding::risk_ratio`](crate::metrics::confounding::risk_ratio)
/// within [`STRATA`](super::STRATA).
///
/// Reads `times` as returned by [`time_to_value`], and `month_after` as returned by
/// [`Retention::by_user`](crate::metrics::retention::Retention::by_user). Returns, for all users who activated and
/// whose month was observed to its end, their columns, `hours` (f64), `fast` (bool: within [`FAST_HOURS`]) and `back`
/// (bool: active in that month), in the order of `users`.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn).
pub fn fast_and_back(
    users: &dyn UserSource,
    times: &DataFrame,
    month_after: &DataFrame,
) -> Result<DataFrame> {
    let users = users.whole()?;
    let user = users.user_column();
    require(times, "times", &[user, "hours"])?;
    require(month_after, "month_after", &[user, "eligible", "active"])?;
    let hours = times.clone().lazy().select([col(user), col("hours")]);
    let back = [col(user), col("eligible"), col("active").alias("back")];
    let month = month_after.clone().lazy().select(back);
    let left = || JoinArgs { maintain_order: MaintainOrderJoin::Left, ..JoinType::Left.into() };
    let all = users.frame().clone().lazy();
    let all = all.join(hours, [col(user)], [col(user)], left());
    let all = all.join(month, [col(user)], [col(user)], left());
    let seen = col("hours").is_not_null().and(col("eligible"));
    let seen = all.filter(seen).with_column(col("hours").lt(lit(FAST_HOURS)).alias("fast"));
    Ok(seen.collect()?.drop("eligible")?)
}
